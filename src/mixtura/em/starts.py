"""Where EM starts: greedy k-means++ on a subsample, several short runs, the best to be finished.

Everything here depends on the set of distinct rows, their weights and the seed: not on the order
of the rows, nor on whether a row of weight two is written once or twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.kernel import Limits
from mixtura.em.compiled import compiled_tries, is_compilable, terms_of
from mixtura.em.degeneracy import maximise_strictly
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.model import Model
from mixtura.em.ranking import ranked, ranked_by_weight
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep
from mixtura.em.tree import Tree, views_of
from mixtura.errors import ParameterError

__all__ = [
    "SOFTENING",
    "Labelled",
    "NeverMet",
    "StartMaker",
    "StartOptions",
    "first_labels",
    "linked_part",
    "linked_rows",
    "model_from_responsibilities",
    "short_options",
    "short_runs",
    "sound_models",
    "tried_models",
]

Float = NDArray[np.float64]

# Makes models to start from, for a sweep over the rows to be fitted.
StartMaker: TypeAlias = Callable[[Sweep, FitOptions], Sequence[Model]]

# A component for each row of a sweep.
Labelled: TypeAlias = tuple[Sweep, NDArray[np.intp]]

# Rows that are clustered by their distances, which takes their number squared.
LINKED_ROWS = 1500
# So many for each component, and at least, are enough: linking takes time by their square.
LINKED_EACH, LINKED_LEAST = 100, 400

# What an empty component is given of every row, so that it has a mean and a covariance at all.
SOFTENING = 1e-3


@dataclass(frozen=True, slots=True)
class StartOptions:
    """How starts are made.

    Attributes
    ----------
    seed : everything random is keyed by it and the start's number
    short : starts tried by a short run
    finish : how many of them are carried on
    sweeps : length of a short run
    rows_per_component : size of the subsample, in rows for each component
    rearranges : whether the best is bettered by merging and splitting before it is carried on
    """

    seed: int
    short: int = 8
    finish: int = 1
    sweeps: int = 5
    rows_per_component: int = 500
    rearranges: bool = False

    def subsample_rows(self, n_components: int) -> int:
        """Return how many rows the short runs look at."""
        return max(2000, self.rows_per_component * n_components)


def short_runs(
    sweep: Sweep,
    n_components: int,
    options: FitOptions,
    starts: StartOptions,
    tree: Tree | None = None,
) -> tuple[list[Model], Sweep]:
    """Return the best starts, best first, and the sweep over the subsample they were tried on.

    Parameters
    ----------
    sweep : over the rows to be fitted
    tree : a clustering of their `linked_part`; all rows then are few enough to be tried on
    """
    size = starts.subsample_rows(n_components)
    sample = sweep.part(size, starts.seed) if tree is None else sweep
    if n_components == 1:
        labels = np.zeros(sample.source.n_rows, dtype=np.intp)
        return [model_from_labels(sample, labels, 1, options)], sample
    return tried_models(
        sample,
        lambda: first_labels(sample, n_components, starts, tree),
        n_components,
        options,
        starts,
    ), sample


def first_labels(
    sample: Sweep, n_components: int, starts: StartOptions, tree: Tree | None
) -> Iterator[Labelled]:
    """Yield labels to start from: those of clusterings, and the nearest of greedy seeds.

    Parameters
    ----------
    sample : a sweep over rows in memory
    tree : a clustering of their `linked_part`, or None to make one
    """
    rows, weights = _all_rows(sample)
    views = views_of(sample.family.embed(rows))
    if len(views) > 1:
        yield from _linked(sample, n_components, starts, tree)
    for number in range(max(starts.short, starts.finish)):
        rng = np.random.default_rng([starts.seed, number])
        view = views[number % len(views)]
        yield sample, seeded_labels(view, weights, n_components, rng)


def tried_models(
    sample: Sweep,
    labelled: Callable[[], Iterable[Labelled]],
    n_components: int,
    options: FitOptions,
    starts: StartOptions,
) -> list[Model]:
    """Return where the best starts lead in a few sweeps, best first.

    Parameters
    ----------
    labelled : makes labels for rows of the sample; called anew for another go, as a list would
        keep all first models until the end
    """
    tried = _tried_at_once(sample, labelled(), n_components, options, starts.sweeps)
    if tried:
        return tried[: starts.finish]
    short = short_options(options, starts.sweeps)
    try:
        runs = fit(sample, sound_models(labelled(), n_components, options), short)
    except ParameterError as error:
        # A component collapsed on the way, which need not be so from every start.
        runs = list(_unbroken(sample, sound_models(labelled(), n_components, options), short))
        if not runs:
            raise error from None
    return [run.model for run in ranked(sample, runs, options)[: starts.finish]]


def _tried_at_once(
    sample: Sweep,
    labelled: Iterable[Labelled],
    n_components: int,
    options: FitOptions,
    sweeps: int,
) -> list[Model]:
    """Return where starts lead in a few sweeps of compiled code, best first."""
    if sample.kernel is None or not is_compilable(options):
        return []
    sources: list[NDArray[Any]] = []
    for sweep, labels in labelled:
        if sweep is sample:
            sources.append(labels.astype(np.int64, copy=False))
            continue
        # Labels of a part of the rows say by their mixture what the others are.
        with suppress(ParameterError):
            model = model_from_labels(sweep, labels, n_components, options)
            shares = sample.kernel.responsibilities(model.log_weights, model.parameters)
            if shares is not None:
                sources.append(shares.T)
    tried = compiled_tries(sample, sources, n_components, options, sweeps)
    return [one.model for one in ranked_by_weight(sample, tried, options)]


def short_options(options: FitOptions, sweeps: int) -> FitOptions:
    """Return the options of a run of so many sweeps, of which only the end is looked at."""
    return replace(
        options,
        rule=NeverMet(),
        max_iter=sweeps,
        accelerate=False,
        bound=False,
        keep=False,
        progress=None,
    )


def _unbroken(sample: Sweep, models: Iterable[Model], options: FitOptions) -> Iterator[Run]:
    """Yield the short runs, one by one, in which no component collapses."""
    for model in models:
        with suppress(ParameterError):
            yield fit(sample, [model], options)[0]


def _all_rows(sample: Sweep) -> tuple[Any, Float | None]:
    block = sample.source.block(0, sample.source.n_rows)
    return block.rows, block.weights


def _linked(
    sample: Sweep, n_components: int, starts: StartOptions, tree: Tree | None
) -> Iterator[Labelled]:
    """Yield the labels that Ward's clustering gives the subsample, or a part of it."""
    if tree is None:
        part = sample.part(linked_rows(n_components), starts.seed)
        tree = Tree(part.family.embed(_all_rows(part)[0]))
    else:
        part = linked_part(sample, starts.seed)
    for labels in tree.labels(n_components):
        yield part, labels


def linked_part(sample: Sweep, seed: int) -> Sweep:
    """Return the sweep over the rows of a subsample that are clustered by their distances."""
    return sample if sample.source.n_rows <= LINKED_ROWS else sample.part(LINKED_ROWS, seed)


def sound_models(
    labelled: Iterable[Labelled], n_components: int, options: FitOptions
) -> Iterator[Model]:
    """Yield the starts from labels, but for those with a singular covariance.

    Raises
    ------
    ParameterError
        If there is no other.
    """
    failure, count = None, 0
    for sweep, labels in labelled:
        try:
            model = model_from_labels(sweep, labels, n_components, options)
        except ParameterError as error:
            failure = error
            continue
        count += 1
        yield model
    if failure is not None and count == 0:
        raise failure


def linked_rows(n_components: int) -> int:
    """Return how many rows are linked for K components."""
    return min(LINKED_ROWS, max(LINKED_LEAST, LINKED_EACH * n_components))


class NeverMet:
    """The rule of a short run."""

    ending = Ending.SHORT_RUN
    steps_past = True

    def met(self, objectives: Sequence[float], total_weight: float, gain_left: float) -> bool:
        return False

    def tolerance(self, objective: float) -> float:
        return float("inf")

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        return Limits(sweeps, accelerate, never=True, steps_past=True)


def seeded_labels(
    points: Float, weights: Float | None, n_components: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return the nearest of K seeds for each point, seeds chosen by greedy k-means++.

    Each seed is the best of 2 + log K candidates drawn by weight times squared distance to the
    nearest seed so far (Arthur and Vassilvitskii 2007).

    Parameters
    ----------
    points : (M, E) float64
    weights : (M,) float64 or None
    """
    mass = np.ones(len(points)) if weights is None else weights
    n_candidates = 2 + int(np.log(n_components))
    squares = np.einsum("me,me->m", points, points)
    first = _draw(mass, 1, rng)
    labels = np.zeros(len(points), dtype=np.intp)
    nearest = _squared_distances(points, squares, first)[0]
    for component in range(1, n_components):
        potential = nearest * mass
        if not potential.any():
            break
        candidates = _draw(potential, n_candidates, rng)
        distances = np.minimum(_squared_distances(points, squares, candidates), nearest)
        best = distances[int(np.argmin(distances @ mass))]
        labels[best < nearest] = component
        nearest = best
    return labels


def _draw(mass: Float, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    cumulative = np.cumsum(mass)
    drawn = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return np.minimum(drawn, len(mass) - 1)


def _squared_distances(points: Float, squares: Float, chosen: NDArray[np.intp]) -> Float:
    """Return (C, M) squared distances from the chosen points."""
    distances = squares[chosen, None] + squares - 2.0 * (points[chosen] @ points.T)
    distances[np.arange(len(chosen)), chosen] = 0.0
    return np.maximum(distances, 0.0)


def model_from_labels(
    sweep: Sweep, labels: NDArray[np.intp], n_components: int, options: FitOptions
) -> Model:
    """Return the M-step from labels (M,), softened as the family asks and for empty components."""
    softness = sweep.family.start_softness
    responsibilities = np.full((len(labels), n_components), softness / n_components)
    responsibilities[np.arange(len(labels)), labels] += 1.0 - softness
    if not responsibilities.any(axis=0).all():
        responsibilities += SOFTENING
        responsibilities /= responsibilities.sum(axis=1, keepdims=True)
    return model_from_responsibilities(sweep, responsibilities, options)


def model_from_responsibilities(
    sweep: Sweep, responsibilities: NDArray[np.float64], options: FitOptions
) -> Model:
    """Return the M-step from responsibilities (N, K)."""
    if sweep.kernel is not None and is_compilable(options):
        found = sweep.kernel.start(responsibilities, terms_of(options))
        if found is not None:
            return Model(*found)
    n_components = responsibilities.shape[1]

    def of_rows(start: int, stop: int) -> Float:
        return responsibilities[start:stop]

    moments = sweep.from_responsibilities(of_rows, n_components)
    parameters = _maximise(sweep, moments, options)
    return Model(options.log_weights(moments.effective_rows), parameters)


def _maximise(sweep: Sweep, moments: Any, options: FitOptions) -> Any:
    try:
        return maximise_strictly(sweep.family, moments, None, options.prior)
    except ParameterError:
        if options.fallback is None:
            raise
        return maximise_strictly(sweep.family, moments, None, options.fallback)
