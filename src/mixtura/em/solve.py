"""From rows to a finished mixture: starts, the loop, and what is worth knowing of the end."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.checkpoints import digest, each, once, same, told
from mixtura.components.constrained import constraints_of, freed
from mixtura.components.family import Family
from mixtura.components.resuming import Seen, known_of
from mixtura.components.weighing import Weighing
from mixtura.data import RowSource
from mixtura.data.masks import MaskedRows
from mixtura.em.annealing import is_annealed_alone, wide_models, with_evidence
from mixtura.em.by_size import by_size
from mixtura.em.certainty import entropy_r2, relative_entropy
from mixtura.em.certificate import certified
from mixtura.em.classes import class_model
from mixtura.em.crossing import best_crossed, may_cross
from mixtura.em.failures import Failed, Start, attempted, left_out, reasons, survivors
from mixtura.em.fewer_numbers import best_of_fewer_numbers
from mixtura.em.fit import FitOptions, Run, fit_each
from mixtura.em.held import imposed, searching
from mixtura.em.history import History, PassedOver
from mixtura.em.labelled import first_models
from mixtura.em.model import Model
from mixtura.em.options import FREE
from mixtura.em.outcomes import Outcomes, ShortRun
from mixtura.em.ranking import AS_GOOD, unsupported
from mixtura.em.recovery import with_recovered
from mixtura.em.soundness import (
    Soundness,
    excess_words,
    failure_words,
    lone,
    lone_words,
    passed_over_words,
    soundness_of,
)
from mixtura.em.split_and_merge import CARRIED, SHORT, exchanged, split_and_merged
from mixtura.em.starts import StartMaker, StartOptions, key_of, sample_of, short_runs, wider_models
from mixtura.em.statistics import Statistics
from mixtura.em.stopping import Ending, StoppingRule
from mixtura.em.sweep import Sweep, facts_of
from mixtura.engines import Engine
from mixtura.mixture import Mixture
from mixtura.mixture.shown import overview
from mixtura.text import glance

__all__ = [
    "FitResult",
    "SolveOptions",
    "as_counts",
    "certified_run",
    "fit_options",
    "found_starts",
    "result_of",
    "solve",
    "solve_by",
]

SOUND = Soundness()

# Two runs ended at the same optimum if their objectives are this close, in nats.
SAME_OPTIMUM = 0.05

# Of a log-likelihood, what rounding may cost.
LOST_DIGITS = 1e-10

# Number of the further short runs of the first start, beyond those of all starts.
FURTHER = 1 << 16

# Starts that are made, one by one, where all that were asked for failed.
RETRIES = 12

# What weights may be on average; powers of them are multiplied in M-steps.
HEAVIEST = 2.0**100


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """What a fit is asked for.

    Attributes
    ----------
    rule, max_iter : when to stop
    prior : a name, None or a penalty of the family
    rescue : whether to go on under a stronger prior where a covariance is singular
    monotone : whether the objective must never fall
    starts : how starts are made
    weighing : what the mixing weights are
    by_size : whether the largest component comes first, where nothing numbers them
    certifies : whether it is found how nearly stationary the end is; not of a fit that goes on
    """

    rule: StoppingRule
    max_iter: int
    prior: Any
    rescue: bool
    monotone: bool
    starts: StartOptions
    weighing: Weighing = FREE
    accelerate: bool = False
    earlier: tuple[float, ...] = ()
    progress: Callable[[int, int, float], None] | None = None
    by_size: bool = False
    certifies: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class FitResult:
    """A finished fit.

    Attributes
    ----------
    mixture : the best mixture found, in the user's units
    log_likelihood : its total log-likelihood, in nats
    log_largest : Σ w log max_k r; ICL = BIC - 2 log_largest
    entropy : -Σ w Σ_k r log r, in nats
    effective_rows : (K,) Σ w r
    remaining_gain : an estimate of what is left to gain, in nats; infinite if there is none
    starts_agreeing, n_starts : how many finished starts ended within 0.05 nats of the best
    seen : what is to be known of these rows to take others in
    soundness : whether its density means something without a prior
    excess_each : (K,) nats a row by which densities of rounded columns exceed one a step
    """

    mixture: Mixture
    model: Model
    log_likelihood: float
    log_largest: float
    entropy: float
    effective_rows: NDArray[np.float64]
    history: History
    ending: Ending
    starts_agreeing: int
    n_starts: int
    n_rows: int
    total_weight: float
    seconds: float
    remaining_gain: float
    seen: Seen
    soundness: Soundness = SOUND
    excess_each: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        return (
            f"<FitResult: {self.mixture!r}, log-likelihood {self.log_likelihood:.6g}, "
            f"BIC {self.bic:.6g}, {self.ending.value}>"
        )

    def _repr_html_(self) -> str:
        """Return the components for a notebook."""
        return glance(overview(self.mixture, self.effective_rows.tolist()))

    @property
    def n_parameters(self) -> int:
        """Return the number of free parameters."""
        return self.mixture.n_parameters

    @property
    def excess(self) -> float:
        """Return the nats of ℓ that criteria leave out: Σ_k N_k of the excess of component k."""
        return 0.0 if self.excess_each is None else float(self.effective_rows @ self.excess_each)

    @property
    def bic(self) -> float:
        """Return -2 (ℓ - excess) + df log Σw; lower is better."""
        return -2 * (self.log_likelihood - self.excess) + self.n_parameters * float(
            np.log(self.total_weight)
        )

    @property
    def aic(self) -> float:
        """Return -2 (ℓ - excess) + 2 df; lower is better."""
        return -2 * (self.log_likelihood - self.excess) + 2 * self.n_parameters

    @property
    def icl(self) -> float:
        """Return BIC - 2 Σ w log max_k r; lower is better."""
        return self.bic - 2 * self.log_largest

    @property
    def cautions(self) -> list[str]:
        """Return what is to be said of the components, as sentences, the gravest first."""
        names = self.mixture.column_names
        rows = self.effective_rows.tolist()
        return self.soundness.sentences(rows, names, self.mixture.family.wording)

    @property
    def lone(self) -> list[int]:
        """Return which components are a row or two, of which nothing graver is said.

        What is held or alike in all may rest on any number of rows.
        """
        if self.mixture.constraints is not None:
            return []
        labels, known = self.mixture.labels, self.soundness.unsupported
        found = lone(self.effective_rows.tolist(), self.n_rows)
        return [k for k in found if labels[k] >= 0 and k not in known]

    @property
    def lone_cautions(self) -> list[str]:
        """Return what is to be said of these."""
        return lone_words([self.mixture.names[k] for k in self.lone])

    def times(self, factor: float) -> "FitResult":
        """Return the result of the same fit with every row weight multiplied."""
        return replace(
            self,
            log_likelihood=self.log_likelihood * factor,
            log_largest=self.log_largest * factor,
            entropy=self.entropy * factor,
            effective_rows=self.effective_rows * factor,
            total_weight=self.total_weight * factor,
            remaining_gain=self.remaining_gain * factor,
            seen=self.seen.times(factor),
            history=self.history.times(factor),
        )

    def certainty(self) -> dict[str, float | None]:
        """Return the relative entropy and the entropy R², None where they mean nothing."""
        weights = self.mixture.weights
        return {
            "relative_entropy": relative_entropy(self.entropy, self.total_weight, len(weights)),
            "entropy_r2": entropy_r2(self.entropy, self.total_weight, weights.tolist()),
        }

    def facts(self) -> dict[str, Any]:
        """Return what a summary says of the fit, as JSON can hold it."""
        gain = self.remaining_gain
        return {
            "log_likelihood": self.log_likelihood,
            "n_rows": self.n_rows,
            "total_weight": self.total_weight,
            "n_parameters": self.n_parameters,
            "bic": self.bic,
            "icl": self.icl,
            "aic": self.aic,
            "entropy": self.entropy,
            **self.certainty(),
            "effective_rows": self.effective_rows.tolist(),
            "converged": self.ending.converged,
            "ending": self.ending.value,
            "remaining_gain": gain if np.isfinite(gain) else None,
            "certificate": self.history.facts(),
            "n_iter": self.history.n_sweeps,
            "starts_agreeing": self.starts_agreeing,
            "n_starts": self.n_starts,
            "seconds": self.seconds,
            "cautions": [
                *self.cautions,
                *self.lone_cautions,
                *passed_over_words(self.history.passed_over),
                *filter(None, [self.history.outcomes.caution]),
                *failure_words(self.history.failures, self.n_starts),
                *excess_words(self.excess),
            ],
        }


def fit_options(sweep: Sweep, n_components: int, options: SolveOptions) -> FitOptions:
    """Return the options of the loop, with the priors made for these rows."""
    return FitOptions(
        rule=options.rule,
        max_iter=options.max_iter,
        prior=sweep.prior(options.prior, n_components),
        fallback=sweep.prior("rescue", n_components) if options.rescue else None,
        weighing=replace(options.weighing, has_noise=sweep.family.has_noise),
        monotone=options.monotone,
        accelerate=options.accelerate,
        earlier=options.earlier,
        progress=options.progress,
    )


def solve(
    family: Family,
    source: RowSource,
    engine: Engine,
    n_components: int,
    options: SolveOptions,
    *,
    models: StartMaker | None = None,
    columns: tuple[str, ...] | None = None,
) -> FitResult:
    """Fit one mixture.

    Parameters
    ----------
    models : makes the starts; by default k-means++ and short runs
    """
    same("rows and settings", partial(_about, family, source, n_components, options))
    alone = partial(
        _solved, family, source, engine, n_components, options, models=models, columns=columns
    )
    return once("fit", alone, keep=_is_whole)


def _about(
    family: Family, source: RowSource, n_components: int, options: SolveOptions
) -> dict[str, str]:
    """Return what a fit is about, so that it goes on by the same only."""
    return {
        **facts_of(source),
        "the number of components": str(n_components),
        "what components are": digest(family),
        **told(options),
    }


def _is_whole(found: FitResult) -> bool:
    return found.ending is not Ending.INTERRUPTED


def _solved(
    family: Family,
    source: RowSource,
    engine: Engine,
    n_components: int,
    options: SolveOptions,
    *,
    models: StartMaker | None,
    columns: tuple[str, ...] | None,
) -> FitResult:
    began = perf_counter()
    counted, factor = as_counts(source, options)
    # What leaves the range of numbers is seen where it matters, and named there: NumPy's own words
    # would name no column.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), engine.session():
        sweep = Sweep(family, counted, engine)
        told = options if factor == 1.0 else _told_in_counts(options, factor)
        found = solve_by(sweep, n_components, told, models=models, columns=columns, began=began)
    return found if factor == 1.0 else found.times(1 / factor)


def _told_in_counts(options: SolveOptions, factor: float) -> SolveOptions:
    """Return options of which the nats are those of weights multiplied, told as the user's."""
    progress = options.progress
    earlier = tuple(value * factor for value in options.earlier)
    if progress is None:
        return replace(options, earlier=earlier)
    return replace(
        options,
        earlier=earlier,
        progress=lambda run, sweeps, objective: progress(run, sweeps, objective / factor),
    )


def as_counts(source: RowSource, options: SolveOptions) -> tuple[RowSource, float]:
    """Return rows whose weights count one on average at least, and what they were multiplied by.

    Tolerances are in nats for rows that count; so the parameters are the same for weights of any
    sum. Weights so large that products of them would overflow count one too. A prior of the user's
    own is as strong as so many rows, and leaves weights as they are.
    """
    default = options.prior is None or (isinstance(options.prior, str) and options.prior == "weak")
    plain = default and options.weighing.concentration == 1.0
    factor = source.n_rows / source.total_weight
    if not plain or 1.0 / HEAVIEST <= factor <= 1.0:
        return source, 1.0
    return source.times(factor), factor


def solve_by(
    sweep: Sweep,
    n_components: int,
    options: SolveOptions,
    *,
    models: StartMaker | None = None,
    columns: tuple[str, ...] | None = None,
    began: float,
) -> FitResult:
    """Fit one mixture by a sweep that is there, in a session of its engine."""
    tries: list[Exception] = []
    loop = replace(fit_options(sweep, n_components, options), failed=tries.append)
    short: list[ShortRun] = []
    made = (
        each("starts", models(sweep, loop))
        if models is not None
        else found_starts(sweep, n_components, loop, options.starts, short)
    )
    found = imposed(sweep, made, loop)
    if options.prior == "evidence":
        starts, loop = with_evidence(sweep, list(found), loop)
        found = iter(starts)
    loop = replace(loop, resumable=True)
    if options.max_iter == 0:
        return _as_started(sweep, next(survivors(found, loop)), loop, columns, began)
    attempts = fit_each(sweep, found, loop)
    if models is None:
        attempts += _further(sweep, n_components, attempts, loop, options.starts, short)
    runs = list(survivors(attempts, replace(loop, failed=None)))
    ends = with_recovered(sweep, runs, loop, options.starts)
    best = ends[0]
    statistics = best.statistics
    if best.ending is not Ending.CONVERGED:
        statistics = once("last sweep", lambda: sweep([best.model])[0])
    if options.by_size:
        best, statistics = by_size(sweep, best, statistics, loop.weighing)
    agreeing = sum(abs(_end_of(run, attempts) - best.objective) < SAME_OPTIMUM for run in runs)
    if any(run.ending is Ending.INTERRUPTED for run in runs):
        best = replace(best, ending=Ending.INTERRUPTED)
    if options.certifies:
        best = certified_run(sweep, best, statistics, loop)
    history = replace(
        best.history,
        passed_over=_passed_over(sweep, ends, loop),
        failures=reasons(attempts, tries),
        outcomes=Outcomes(
            tuple(short),
            tuple(run.history.objective[0] for run in runs),
            tuple(_end_of(run, attempts) for run in runs),
            max(agreeing, 1),
        ),
    )
    best = replace(best, history=history)
    agreement = max(agreeing, 1), len(runs)
    found = result_of(sweep, best, statistics, loop, columns, agreement, began)
    return replace(found, soundness=soundness_of(sweep, best, loop))


def found_starts(
    sweep: Sweep,
    n_components: int,
    loop: FitOptions,
    starts: StartOptions,
    short: list[ShortRun],
) -> Iterator[Start]:
    """Yield the models to start from, or why one cannot be made, and add their short runs."""
    if not _are_alone(sweep, n_components, starts):
        yield from each("starts", first_models(sweep, n_components, loop, starts))
        return
    for number in range(starts.finish):
        yield _heard_start(sweep, n_components, loop, starts, number, short)


def _further(
    sweep: Sweep,
    n_components: int,
    attempts: Sequence[Run | Failed],
    loop: FitOptions,
    starts: StartOptions,
    short: list[ShortRun],
) -> list[Run | Failed]:
    """Return where further starts led, up to the first that did not fail, if all before did.

    Without a penalty to fall back on, that a component collapses is what was asked for.
    """
    ends: list[Run | Failed] = []
    fails = all(isinstance(end, Failed) for end in attempts) and loop.fallback is not None
    if not fails or not _are_alone(sweep, n_components, starts):
        return ends
    for number in range(starts.finish, starts.finish + RETRIES):
        start = _heard_start(sweep, n_components, loop, starts, number, short)
        ends += fit_each(sweep, imposed(sweep, [start], loop), loop)
        if isinstance(ends[-1], Run):
            break
    return ends


def _are_alone(sweep: Sweep, n_components: int, starts: StartOptions) -> bool:
    """Return whether each start has a number, by which it can be made without the others."""
    masked = isinstance(sweep.source, MaskedRows)
    return starts.splits_and_merges and n_components > 1 and not masked


def _heard_start(
    sweep: Sweep,
    n_components: int,
    loop: FitOptions,
    starts: StartOptions,
    number: int,
    short: list[ShortRun],
) -> Start:
    """Return the start of that number, and add its short runs.

    Each has short runs of its own by its own number, the best of which are bettered by merging and
    splitting; so more starts hold all that fewer have.
    """
    found = once("start", partial(_tried_start, sweep, n_components, loop, starts, number))
    short += found.short
    if loop.failed is not None:
        for error in found.failed:
            loop.failed(error)
    return found.start


@dataclass(frozen=True, slots=True)
class _Found:
    """A start, the short runs that led there, and what failed on the way."""

    start: Start
    short: tuple[ShortRun, ...]
    failed: tuple[Exception, ...]


def _tried_start(
    sweep: Sweep, n_components: int, loop: FitOptions, starts: StartOptions, number: int
) -> _Found:
    heard: list[tuple[str, float, Model]] = []
    failed: list[Exception] = []
    hearing = replace(loop, heard=lambda *run: heard.append(run), failed=failed.append)
    found = attempted(partial(_found_start, sweep, n_components, hearing, starts, number))
    carried = () if isinstance(found, Failed) else found[1]
    short = tuple(
        ShortRun(number, source, objective, any(model is one for one in carried))
        for source, objective, model in heard
    )
    return _Found(found if isinstance(found, Failed) else found[0], short, tuple(failed))


def _found_start(
    sweep: Sweep, n_components: int, loop: FitOptions, starts: StartOptions, number: int
) -> tuple[Model, list[Model]]:
    """Return the model that a start goes on from, and those of its short runs that led there."""
    several, search = replace(starts, finish=CARRIED, sweeps=SHORT), searching(loop)
    single = number > 0 and sweep.family.start_softness > 0
    if single:
        # Of classes and counts, further starts are single ones.
        several = replace(several, short=1)
    bound, sweep = sample_of(sweep, n_components, starts), sweep.freed
    sample, key = sample_of(sweep, n_components, starts), key_of(starts, number)
    alone = is_annealed_alone(sample)
    wide = wide_models(sample, [], key, n_components, search) if alone else []
    if wide:
        return exchanged(bound, wide, loop), []
    models, sample = short_runs(sweep, n_components, search, several, None, number)
    models = wide_models(sample, models, key, n_components, search) or models
    if single:
        return exchanged(bound, models, loop), models
    best = class_model(sample, models, n_components, search, starts, number)
    if best is not None:
        found = split_and_merged(sample, [best], search, starts)
        return exchanged(bound, [found, *models], loop), models
    wider = wider_models(sample, n_components, search, several, number)
    if sample.kernel is None:
        # Each run takes long: only those that promise most are carried on.
        models, wider = models[: CARRIED - 1], wider[:1]

    def fewer(part: Sweep, size: int, own: FitOptions, given: StartOptions) -> Model | None:
        with left_out(search):
            return _found_start(part, size, own, given, number)[0]
        return None

    models = best_of_fewer_numbers(sample, models, search, starts, fewer)
    raced = [*models, *wider]

    def sets() -> Iterator[list[Model]]:
        yield raced.copy()
        further: list[Model] = []
        with left_out(search):
            further += short_runs(sweep, n_components, search, several, None, number + FURTHER)[0]
            further += wider_models(sample, n_components, search, several, number + FURTHER)
        raced.extend(further)
        yield further

    if may_cross(sample, n_components, search):
        found = best_crossed(sample, sets(), search, starts, number)
    else:
        found = split_and_merged(sample, raced, search, starts)
    carried = [found, *raced]
    return exchanged(bound, carried, loop), carried


def _end_of(run: Run, ends: Sequence[Run | Failed]) -> float:
    """Return the objective that a run came to, or the run that went on for it."""
    while run.joined is not None:
        other = ends[run.joined]
        assert isinstance(other, Run)
        run = other
    return run.objective


def _as_started(
    sweep: Sweep, model: Model, loop: FitOptions, columns: tuple[str, ...] | None, began: float
) -> FitResult:
    statistics = sweep([model])[0]
    run = Run(model, statistics, History(), Ending.ITERATION_LIMIT, None)
    run = certified_run(sweep, run, statistics, loop)
    return result_of(sweep, run, statistics, loop, columns, (1, 1), began)


def _passed_over(sweep: Sweep, ends: Sequence[Run], loop: FitOptions) -> tuple[PassedOver, ...]:
    """Return the ends, likelier than the first, that have more unsupported components."""
    return tuple(
        PassedOver(
            run.statistics.log_likelihood,
            run.objective,
            tuple(int(k) for k in np.flatnonzero(unsupported(sweep, run, loop.prior))),
        )
        for run in ends[1:]
        if run.objective > ends[0].objective + AS_GOOD and unsupported(sweep, run, loop.prior).any()
    )


def certified_run(sweep: Sweep, run: Run, statistics: Statistics, loop: FitOptions) -> Run:
    """Return a run with the certificate of its end in its history."""
    # A run that was recovered went on under the fallback.
    prior = loop.prior if run.recovery is None else loop.fallback
    certificate = certified(sweep.family, run.model, statistics, prior, loop)
    return replace(run, history=replace(run.history, certificate=certificate))


def _with_its_digits(sweep: Sweep, mixture: Mixture, model: Model, statistics: Statistics) -> float:
    """Return the log-likelihood of a sweep, or by more careful densities where it lost digits."""
    swept = statistics.log_likelihood
    lost = sweep.family.rounding(model.parameters, statistics.moments)
    if lost <= LOST_DIGITS * max(1.0, abs(swept)):
        return swept
    careful = sweep.log_likelihood(mixture)
    return careful if np.isfinite(careful) else swept


def result_of(
    sweep: Sweep,
    run: Run,
    statistics: Statistics,
    loop: FitOptions,
    columns: tuple[str, ...] | None,
    agreement: tuple[int, int],
    began: float,
) -> FitResult:
    """Return what a run has come to, in the user's units."""
    family, model = sweep.family, run.model
    user_family, parameters = family.in_user_units(model.parameters)
    weights = np.exp(model.log_weights)
    weights = weights / weights.sum()
    moments = statistics.moments
    expected = float(moments.effective_rows @ model.log_weights)
    expected += family.expected_log_density(model.parameters, moments)
    mixture = Mixture(
        weights,
        user_family,
        parameters,
        columns,
        loop.weighing.is_held,
        constraints=constraints_of(family),
    )
    log_likelihood = _with_its_digits(sweep, mixture, model, statistics)
    return FitResult(
        mixture=mixture,
        model=model,
        log_likelihood=log_likelihood,
        log_largest=statistics.log_largest,
        entropy=max(statistics.log_likelihood - expected, 0.0),
        effective_rows=moments.effective_rows,
        history=run.history,
        ending=run.ending,
        starts_agreeing=agreement[0],
        n_starts=agreement[1],
        n_rows=sweep.source.n_rows,
        total_weight=sweep.total_weight,
        seconds=perf_counter() - began,
        remaining_gain=run.gain_left,
        seen=Seen.of(
            freed(family),
            moments,
            log_likelihood,
            known_of(freed(family), sweep.shared),
            sweep.source.n_rows,
        ),
        excess_each=family.excess(model.parameters, sweep.shared),
    )
