"""One run of EM whose sweeps are made elsewhere: where it is, and what a sweep makes of it."""

from dataclasses import dataclass, replace
from typing import Any, Self

from mixtura.components.kernel import Ended
from mixtura.em.degeneracy import Recovery, maximise_or_recover
from mixtura.em.driving import Moving
from mixtura.em.history import History, Step
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.statistics import Statistics
from mixtura.em.stopping import Ending, ending_of
from mixtura.em.sweep import Sweep
from mixtura.errors import LikelihoodDecreased
from mixtura.native.drivers import Driver, Saved
from mixtura.native.library import build_name
from mixtura.native.runs import Rule

__all__ = ["Paused", "Run", "Running"]


@dataclass(frozen=True, slots=True)
class Run:
    """Where one start led.

    Attributes
    ----------
    model : the parameters at the end
    statistics : of the last sweep, those of `model` unless the rule steps past it
    history : all sweeps
    ending : why it stopped
    recovery : what was done about collapsed components, if anything
    gain_left : an estimate of what is left to gain, in nats
    joined : the number of the run that came to the same place and went on for both, or None
    """

    model: Model
    statistics: Statistics
    history: History
    ending: Ending
    recovery: Recovery | None
    gain_left: float = float("inf")
    joined: int | None = None

    @property
    def objective(self) -> float:
        """Return the objective of the last sweep."""
        return self.history[-1].objective

    @property
    def n_iter(self) -> int:
        """Return the number of sweeps."""
        return len(self.history)


@dataclass(frozen=True, slots=True, eq=False)
class Paused:
    """A run between two sweeps, as a value, but for its family, options and prior.

    Attributes
    ----------
    run : its own fields
    driver : the state of its driver, if it has one
    """

    run: "Running"
    driver: Saved | None


@dataclass(slots=True)
class Running:
    """A run under way.

    Attributes
    ----------
    number : its own
    moving : its models
    ahead : an objective that another run has reached
    driver : of its steps so far; None before the first sweep, and after one of another prior
    spent : sweeps that its history knows nothing of
    """

    number: int
    moving: Moving
    ahead: float = float("-inf")
    driver: Driver | None = None
    spent: int = 0
    ending: Ending | None = None
    recovery: Recovery | None = None
    joined: int | None = None

    @classmethod
    def begun(cls, number: int, sweep: Sweep, model: Model, options: FitOptions) -> Self:
        """Return a run that is to begin at a model."""
        recovers = options.fallback is not None
        moving = Moving.begun(sweep.family, options, options.prior, model, can_recover=recovers)
        return cls(number, moving)

    @property
    def model(self) -> Model:
        """Return the model to sweep next."""
        return self.moving.now

    @property
    def statistics(self) -> Statistics | None:
        """Return those of the best model so far."""
        return self.moving.kept

    @property
    def history(self) -> History:
        """Return its steps so far."""
        rejected = 0 if self.driver is None else self.driver.course.n_rejected
        return History(self.moving.steps, self.spent + rejected)

    def finished(self) -> Run:
        """Return the run as a frozen value."""
        assert self.statistics is not None
        assert self.ending is not None
        return Run(
            self.moving.end,
            self.statistics,
            self.history,
            self.ending,
            self.recovery,
            float("inf") if self.driver is None else self.driver.course.gain_left,
            self.joined,
        )

    def state(self) -> Paused:
        """Return the run as it is, for `restored` to go on with."""
        # What the loop has already, of which options hold whom to tell.
        without: Any = {"family": None, "options": None, "prior": None}
        moving = replace(self.moving, steps=list(self.moving.steps), **without)
        return Paused(
            replace(self, moving=moving, driver=None),
            None if self.driver is None else self.driver.state(),
        )

    @staticmethod
    def restored(paused: Paused, sweep: Sweep, options: FitOptions) -> "Running":
        """Return the run that goes on where another was, to the same bits."""
        moving = replace(
            paused.run.moving,
            steps=list(paused.run.moving.steps),
            family=sweep.family,
            options=options,
            prior=options.prior if paused.run.recovery is None else options.fallback,
        )
        run = replace(paused.run, moving=moving)
        if paused.driver is not None:
            assert moving.kept is not None
            run.driver = run._driver(sweep, moving.kept, options, paused.driver)
        return run

    def advance(self, sweep: Sweep, statistics: Statistics, options: FitOptions) -> None:
        """Take one sweep's statistics in, then stop or move on."""
        steps = self.moving.steps
        known = len(steps)
        self.driver = self.driver or self._driver(sweep, statistics, options)
        self.driver.rule.ahead = self.ahead
        self.driver.rule.best = options.rule.limits(0, accelerate=options.accelerate).best
        likelihood, objective = self.moving.take(statistics)
        ended = self.driver.advance(likelihood, objective)
        if self.recovery is not None and len(steps) == 2 and objective < steps[0].objective:
            # It began below the floor that the stronger prior has, and its own did not.
            del steps[0]
            self.spent += 1
            known = 0
        if len(steps) > known:
            options.rule.reached(objective)
            if options.progress is not None:
                options.progress(self.number, self.history.n_sweeps, objective)
        if ended is None:
            return
        if ended == Ended.FELL:
            raise LikelihoodDecreased(
                f"sweep {self.history.n_sweeps + 1}: the objective fell from "
                f"{steps[-1].objective!r} to {objective!r}; EM cannot do that, so this is a "
                f"defect: please report it, with this: {_facts(sweep, self.model, options)}"
            )
        if ended == Ended.FLAT:
            self._recover(sweep, options)
        else:
            self.ending = ending_of(Ended(ended), options.rule)

    def _driver(
        self,
        sweep: Sweep,
        statistics: Statistics,
        options: FitOptions,
        saved: Saved | None = None,
    ) -> Driver:
        left = options.max_iter - self.spent - (self.recovery is not None)
        rule = Rule.of(options.rule.limits(left, accelerate=options.accelerate))
        rule.may_fall, rule.no_bound = not options.monotone, not options.bound
        size = 0
        if options.accelerate:
            total = float(statistics.moments.effective_rows.sum())
            size = len(sweep.family.coordinates(statistics.moments, total))
        earlier = () if self.recovery is not None else options.earlier
        return Driver(self.moving, rule, sweep.total_weight, size, earlier, saved)

    def _recover(self, sweep: Sweep, options: FitOptions) -> None:
        """Go on under the stronger prior, where an M-step is singular under the run's own.

        Objectives under another prior are none to be compared with, so the history begins anew.
        """
        family, best, statistics = sweep.family, self.moving.best, self.statistics
        assert statistics is not None
        parameters, self.recovery = maximise_or_recover(
            family, statistics, best.parameters, options.prior, options.fallback, None
        )
        self.spent = self.history.n_sweeps - 1
        model = Model(options.log_weights(statistics.moments.effective_rows), parameters)
        likelihood = statistics.log_likelihood
        objective = likelihood + options.log_prior(best, options.fallback)
        self.moving = Moving.begun(family, options, options.fallback, model, can_recover=False)
        self.moving.kept = statistics
        self.moving.steps.append(Step(likelihood, objective, likelihood))
        self.driver = None
        if self.history.n_sweeps >= options.max_iter:
            self.ending = Ending.ITERATION_LIMIT


def _facts(sweep: Sweep, model: Model, options: FitOptions) -> str:
    """Return what a fit is of, in words that hold no cell of it."""
    source, family = sweep.source, sweep.family
    code = getattr(getattr(family, "structure", None), "code", "")
    return (
        f"{' '.join(filter(None, [family.name, code]))}, {model.n_components} components, "
        f"{source.n_rows} x {source.n_columns} {source.block(0, 1).rows.dtype.name} of weight "
        f"{sweep.total_weight:.17g}, prior {type(options.prior).__name__}, kernels {build_name()}"
    )
