"""One run of EM: what a sweep makes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.em.acceleration import Squarem
from mixtura.em.certificate import expected_log_likelihood
from mixtura.em.degeneracy import Recovery, maximise_or_recover, maximise_strictly
from mixtura.em.finish import Finish
from mixtura.em.history import History, Step
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.statistics import Statistics
from mixtura.em.stopping import Ending, aitken_gain
from mixtura.em.sweep import Sweep
from mixtura.errors import LikelihoodDecreased, ParameterError

__all__ = ["Run", "Running"]

# What leaps leave to quasi-Newton steps, in nats.
NEAR = 10.0
# By how much the objective may fall for rounding, of itself and the rows' weight.
ROUNDING = 1e-9

Float = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class Move:
    """Where an iteration leads.

    Attributes
    ----------
    model : the parameters to be swept next
    expected : Q of them minus Q of those before, under the responsibilities of the last sweep;
        NaN where Jensen's bound is not asked for
    promised : the same with the log prior, which an M-step cannot make negative, or None
    """

    model: Model
    expected: float = float("nan")
    promised: float | None = None


@dataclass(slots=True)
class Running:
    """A run under way: the loop's own state."""

    number: int
    model: Model
    prior: Any
    squarem: Squarem | None = None
    history: History = field(default_factory=History)
    statistics: Statistics | None = None
    last: Move | None = None
    # The EM step to go back to while a leap is swept.
    resort: Move | None = None
    best: tuple[Model, Statistics] | None = None
    # Whether the model now swept only looks for more beyond what seems the end.
    probing: bool = False
    # Quasi-Newton steps in place of leaps, once little is left to gain.
    finish: Finish | None = None
    gain_left: float = float("inf")
    ending: Ending | None = None
    recovery: Recovery | None = None
    joined: int | None = None

    def finished(self) -> Run:
        """Return the run as a frozen value."""
        assert self.statistics is not None
        assert self.ending is not None
        model = self.model if self.resort is None else self.resort.model
        if self.probing and self.best is not None:
            model = self.best[0]
        return Run(
            model,
            self.statistics,
            self.history,
            self.ending,
            self.recovery,
            self.gain_left,
            self.joined,
        )

    def advance(self, sweep: Sweep, statistics: Statistics, options: FitOptions) -> None:
        """Take one sweep's statistics in, then stop or move on."""
        objective = statistics.log_likelihood + options.log_prior(self.model, self.prior)
        if self.probing and not self._found_more(objective, options):
            return
        proposed = self.resort is not None
        if proposed and not self._landed(objective, statistics):
            self._limit(options)
            return
        if options.monotone and not self._risen(sweep, objective, options):
            return
        self._record(statistics, objective, options)
        family, total = sweep.family, float(statistics.moments.effective_rows.sum())
        if self.squarem is not None:
            point = family.coordinates(statistics.moments, total)
            self.squarem.step(point, objective)
        if self.finish is not None:
            self.finish.move(self.model, statistics, proposed=proposed)
        objectives = [*options.earlier, *self.history.objective]
        self.gain_left = self._estimated_gain(objectives)
        met = options.rule.met(objectives, sweep.total_weight, self.gain_left)
        if met and not self._looks_further(family, statistics, options):
            self.ending = options.rule.ending
            if not options.rule.steps_past:
                return
        if self.probing:
            return
        move = self._stepped(family, statistics, options)
        self._limit(options)
        if (
            self.ending is None
            and self.squarem is not None
            and self.squarem.ready(sweep.total_weight)
        ):
            self._leap(family, statistics, move, self.squarem, options)
        else:
            self._go(move)

    def _estimated_gain(self, objectives: Sequence[float]) -> float:
        if self.finish is not None:
            return self.finish.gain_left()
        return aitken_gain(objectives) if self.squarem is None else self.squarem.gain_left()

    def _go(self, move: Move) -> None:
        self.model, self.last = move.model, move

    def _limit(self, options: FitOptions) -> None:
        if self.ending is None and self.history.n_sweeps >= options.max_iter:
            self.ending = Ending.ITERATION_LIMIT

    def _stepped(self, family: Family, statistics: Statistics, options: FitOptions) -> Move:
        """Return the M-step."""
        parameters, recovery = maximise_or_recover(
            family, statistics, self.model.parameters, self.prior, options.fallback, self.recovery
        )
        if recovery is not self.recovery:
            self.recovery, self.prior = recovery, options.fallback
            self.best, self.last = None, None
            # Objectives under another prior are none to be compared with.
            likelihood = statistics.log_likelihood
            objective = likelihood + options.log_prior(self.model, self.prior)
            begun = Step(likelihood, objective, likelihood)
            self.history = History([begun], self.history.n_sweeps - 1)
            self.squarem = None if self.squarem is None else Squarem()
            self.finish = None
        rows = statistics.moments.effective_rows
        model = Model(options.log_weights(rows), parameters)
        return self._move_to(family, statistics, model, options)

    def _move_to(
        self, family: Family, statistics: Statistics, model: Model, options: FitOptions
    ) -> Move:
        if not options.bound:
            return Move(model)
        return Move(model, *self._promised(family, self.model, statistics, model, options))

    def _promised(
        self,
        family: Family,
        before: Model,
        statistics: Statistics,
        after: Model,
        options: FitOptions,
    ) -> tuple[float, float]:
        """Return what moving changes Q by, and Q with the log prior."""
        expected = expected_log_likelihood(family, after, statistics) - expected_log_likelihood(
            family, before, statistics
        )
        penalty = options.log_prior(after, self.prior) - options.log_prior(before, self.prior)
        return expected, expected + penalty

    def _leap(
        self,
        family: Family,
        statistics: Statistics,
        move: Move,
        squarem: Squarem,
        options: FitOptions,
    ) -> None:
        """Move to the longest leap that is a valid mixture, or by the EM step."""
        if self.finish is None and squarem.gain_left() < NEAR:
            self.finish = Finish.begun(family, self.model, statistics, self.prior, options)
        if self.finish is not None:
            model = self.finish.proposal()
            leap = None if model is None else self._move_to(family, statistics, model, options)
        else:
            leap = self._extrapolated(family, statistics, squarem.leaps(), options)
        if leap is not None:
            self.resort = move
            self._go(leap)
            return
        if self.finish is not None and self.finish.ended:
            self.finish = None
        if self.finish is None:
            squarem.reject()
        self._go(move)

    def _extrapolated(
        self,
        family: Family,
        statistics: Statistics,
        points: Iterator[Float],
        options: FitOptions,
    ) -> Move | None:
        """Return the move to the first of the points that is a valid mixture."""
        moments = statistics.moments
        total = float(moments.effective_rows.sum())
        for point in points:
            there = family.moments_at(point, moments, total)
            if there is None:
                continue
            try:
                parameters = maximise_strictly(family, there, self.model.parameters, self.prior)
            except ParameterError:
                continue
            model = Model(options.log_weights(there.effective_rows), parameters)
            return self._move_to(family, statistics, model, options)
        return None

    def _looks_further(self, family: Family, statistics: Statistics, options: FitOptions) -> bool:
        """Move to a probe far along the last step, to tell an optimum from a plateau."""
        squarem = self.squarem
        if squarem is None or options.rule.steps_past or self.n_sweeps_left(options) < 1:
            return False
        if not squarem.ready(np.inf):
            return False
        move = self._extrapolated(family, statistics, squarem.probes(), options)
        if move is None:
            return False
        self.probing = True
        self._go(move)
        return True

    def _found_more(self, objective: float, options: FitOptions) -> bool:
        """Return whether a probe found more than was thought to be left; end the run if not."""
        assert self.best is not None
        self.probing = False
        before = self.history[-1].objective
        if objective > before + options.rule.tolerance(before):
            assert self.squarem is not None
            self.squarem.restart()
            self.finish = None
            return True
        self.history.rejected += 1
        self.model, self.statistics = self.best
        self.ending = options.rule.ending
        return False

    def n_sweeps_left(self, options: FitOptions) -> int:
        """Return how many sweeps the limit allows."""
        return options.max_iter - self.history.n_sweeps

    def _landed(self, objective: float, statistics: Statistics) -> bool:
        """Return whether the leap just swept is taken; go back to the EM step if not."""
        assert self.resort is not None
        assert self.squarem is not None
        move, self.resort = self.resort, None
        taken = objective >= self.history[-1].objective
        if self.finish is None:
            (self.squarem.accept if taken else self.squarem.reject)()
        elif not taken:
            self.finish.reject(self.model, statistics)
        if not taken:
            self.history.rejected += 1
            self._go(move)
        return taken

    def _risen(self, sweep: Sweep, objective: float, options: FitOptions) -> bool:
        """Return whether the objective has not fallen; if by rounding, end the run before it."""
        if self.best is None or self.last is None:
            return True
        rounding = ROUNDING * (abs(objective) + sweep.total_weight)
        before = self.history[-1].objective
        if objective >= before - rounding:
            return True
        rows = self.best[1].moments.effective_rows
        rounding += sweep.family.rounding(self.best[0].parameters, rows)
        is_rounding = objective >= before - rounding
        if not is_rounding:
            promised = self.last.promised
            if promised is None:
                promised = self._promised(sweep.family, *self.best, self.last.model, options)[1]
            # The M-step did raise Q: the difference is lost in the digits of the densities.
            is_rounding = promised >= -rounding
        if is_rounding:
            self.model, self.statistics = self.best
            self.ending = Ending.ROUNDING
            return False
        raise LikelihoodDecreased(
            f"sweep {self.history.n_sweeps + 1}: the objective fell from {before!r} to "
            f"{objective!r}; EM cannot do that, so this is a defect: please report it with the "
            "data's shape"
        )

    def _record(self, statistics: Statistics, objective: float, options: FitOptions) -> None:
        log_likelihood = statistics.log_likelihood
        bound = log_likelihood
        if self.statistics is not None and self.last is not None:
            bound = self.statistics.log_likelihood + self.last.expected
        self.history.steps.append(Step(log_likelihood, objective, bound))
        self.statistics = statistics
        self.best = self.model, statistics
        if options.progress is not None:
            options.progress(self.number, self.history.n_sweeps, objective)
