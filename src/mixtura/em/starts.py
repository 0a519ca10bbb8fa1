"""Where EM starts: greedy k-means++ on a subsample, several short runs, the best to be finished.

Everything here depends on the set of distinct rows, their weights and the seed: not on the order
of the rows, nor on whether a row of weight two is written once or twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.components.kernel import Limits
from mixtura.em.compiled import Tried, compiled_tries, is_compilable
from mixtura.em.failures import Start, attempted, left_out, survivors
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.model import Model
from mixtura.em.ranking import ranked, ranked_by_weight
from mixtura.em.responsibilities import model_from_labels, model_from_source, responsibilities_of
from mixtura.em.sources import (
    MANY,
    Points,
    Source,
    distance_labels,
    many_labels,
    random_responsibilities,
    wider_sources,
)
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep
from mixtura.em.tree import Tree
from mixtura.em.views import has_axes

__all__ = [
    "Labelled",
    "ModelMaker",
    "NeverMet",
    "StartMaker",
    "StartOptions",
    "first_labels",
    "key_of",
    "linked_part",
    "linked_rows",
    "points_of",
    "sample_of",
    "short_options",
    "short_runs",
    "single_labels",
    "sound_models",
    "tried",
    "tried_models",
    "wider_models",
]

Float = NDArray[np.float64]

# Makes models to start from, for a sweep over the rows to be fitted.
StartMaker: TypeAlias = Callable[[Sweep, FitOptions], Sequence[Start]]

# The same where none can fail by itself.
ModelMaker: TypeAlias = Callable[[Sweep, FitOptions], Sequence[Model]]

# A component for each row of a sweep.
Labelled: TypeAlias = tuple[Sweep, NDArray[np.intp]]

# Rows that are clustered by their distances, which takes their number squared.
LINKED_ROWS = 1500
# So many for each component, and at least, are enough: linking takes time by their square.
LINKED_EACH, LINKED_LEAST = 25, 100

# Rows that short runs look at: at least, and for each parameter of a component.
LEAST_SAMPLED, ROWS_PER_PARAMETER = 2000, 0.1

# Sweeps after which random responsibilities are compared: they part slowly.
SOFT_SWEEPS = 30


@dataclass(frozen=True, slots=True)
class StartOptions:
    """How starts are made.

    Attributes
    ----------
    seed : everything random is keyed by it and the start's number
    short : starts tried by a short run
    finish : how many of them are carried on
    sweeps : length of a short run
    rows_per_component : size of the subsample, in rows for each component, at least
    splits_and_merges : whether the best is bettered by merging and splitting before it is carried
        on
    resplits : how often the components of an end that no more rows support than determine them are
        given other rows
    """

    seed: int
    short: int = 6
    finish: int = 1
    sweeps: int = 5
    rows_per_component: int = 500
    splits_and_merges: bool = False
    resplits: int = 3

    def subsample_rows(self, n_components: int, family: Family) -> int:
        """Return how many rows the short runs look at: more where there is more to estimate."""
        each = max(self.rows_per_component, int(ROWS_PER_PARAMETER * family.fewest_rows))
        return max(LEAST_SAMPLED, each * n_components)


def short_runs(
    sweep: Sweep,
    n_components: int,
    options: FitOptions,
    starts: StartOptions,
    tree: Tree | None = None,
    number: int = 0,
) -> tuple[list[Model], Sweep]:
    """Return the best starts, best first, and the sweep over the subsample they were tried on.

    Parameters
    ----------
    sweep : over the rows to be fitted
    tree : a clustering of their `linked_part`; all rows then are few enough to be tried on
    number : of the start that they are for; another has other seeds
    """
    sample = sample_of(sweep, n_components, starts) if tree is None else sweep
    if n_components == 1:
        labels = np.zeros(sample.source.n_rows, dtype=np.intp)
        return [model_from_labels(sample, labels, 1, options)], sample

    def labelled() -> Iterator[Labelled]:
        return first_labels(sample, n_components, starts, tree, number)

    return tried_models(sample, labelled, n_components, options, starts), sample


def sample_of(sweep: Sweep, n_components: int, starts: StartOptions) -> Sweep:
    """Return the sweep over the subsample that starts are tried on."""
    return sweep.part(starts.subsample_rows(n_components, sweep.family), starts.seed)


def key_of(starts: StartOptions, number: int) -> tuple[int, ...]:
    """Return what the randomness of a start is keyed by."""
    return (starts.seed, number) if number else (starts.seed,)


def wider_models(
    sample: Sweep, n_components: int, options: FitOptions, starts: StartOptions, number: int
) -> list[Model]:
    """Return where starts of further kinds lead in short runs, the best of them first.

    They are for densities that have widths; others stay with `short_runs`.

    Parameters
    ----------
    sample : a sweep over distinct rows in memory
    number : of the start that they are for
    """
    if n_components == 1 or n_components > MANY or sample.family.start_softness > 0:
        return []
    given = points_of(sample, starts, number)
    quick = tried(sample, wider_sources(given, n_components), n_components, options, starts.sweeps)
    soft = tried(
        sample, random_responsibilities(given, n_components), n_components, options, SOFT_SWEEPS
    )
    tell("groups in other units, or without lonely rows", quick, options)
    tell("random responsibilities", soft, options)
    return [one.model for one in ranked_by_weight(sample, [*quick, *soft], options)]


def points_of(sample: Sweep, starts: StartOptions, number: int) -> Points:
    """Return the rows of a sample as points, with what randomness is keyed by."""
    return Points(sample.cloud, key_of(starts, number))


def first_labels(
    sample: Sweep, n_components: int, starts: StartOptions, tree: Tree | None, number: int = 0
) -> Iterator[Labelled]:
    """Yield labels to start from: those of clusterings, and the nearest of greedy seeds.

    Parameters
    ----------
    sample : a sweep over rows in memory
    tree : a clustering of their `linked_part`, or None to make one
    number : of the start that they are for; trees, which have no seed, are for the first
    """
    given = points_of(sample, starts, number)
    if n_components > MANY:
        yield from ((sample, labels) for labels in many_labels(given, n_components))
        return
    if number == 0 and has_axes(given.points):
        yield from _linked(sample, n_components, starts, tree)
    for labels in distance_labels(given, n_components, starts.short):
        yield sample, labels


def single_labels(
    sample: Sweep, n_components: int, starts: StartOptions, number: int
) -> NDArray[np.intp]:
    """Return the nearest of greedy seeds, those of a start's number."""
    (labels,) = distance_labels(points_of(sample, starts, number), n_components, 1)
    return labels


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
    if sample.kernel is not None and is_compilable(options):
        sources = _on_sample(sample, labelled(), n_components, options)
        found = tried(sample, sources, n_components, options, starts.sweeps)
        if found:
            tell("groups of rows", found, options)
            order = ranked_by_weight(sample, found, options, starts.finish)
            return [one.model for one in order]
    short = short_options(options, starts.sweeps)
    runs = fit(sample, sound_models(labelled(), n_components, options), short)
    tell("groups of rows", runs, options)
    return [run.model for run in ranked(sample, runs, options)[: starts.finish]]


def tell(source: str, ends: Sequence[Tried | Run], options: FitOptions) -> None:
    """Tell of the short runs of one kind of source."""
    if options.heard is not None:
        for end in ends:
            options.heard(source, end.objective, end.model)


def _on_sample(
    sample: Sweep, labelled: Iterable[Labelled], n_components: int, options: FitOptions
) -> Iterator[Source]:
    """Yield labels or responsibilities for all rows of a sample, which has a kernel."""
    for sweep, labels in labelled:
        if sweep is sample:
            yield labels
            continue
        # Labels of a part of the rows say by their mixture what the others are.
        with left_out(options):
            model = model_from_labels(sweep, labels, n_components, options)
            yield responsibilities_of(sample, model)


def tried(
    sample: Sweep,
    sources: Iterable[Source],
    n_components: int,
    options: FitOptions,
    sweeps: int,
) -> list[Tried]:
    """Return where sources lead in a few sweeps: in compiled code, or where it declines, without.

    Those that fail, as where a covariance is singular, are left out.
    """
    every = [source.astype(np.int64) if source.ndim == 1 else source for source in sources]
    found: list[Tried] = []
    short = short_options(options, sweeps)
    compiled = compiled_tries(sample, every, n_components, options, sweeps)
    for source, one in zip(every, compiled, strict=True):
        if one is not None:
            found.append(one)
            continue
        with left_out(options):
            model = model_from_source(sample, source, n_components, options)
            run = fit(sample, [model], short)[0]
            found.append(Tried(run.objective, run.model))
    return found


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
    made = (
        attempted(partial(model_from_labels, sweep, labels, n_components, options))
        for sweep, labels in labelled
    )
    yield from survivors(made, options)


def linked_rows(n_components: int) -> int:
    """Return how many rows are linked for K components."""
    return min(LINKED_ROWS, max(LINKED_LEAST, LINKED_EACH * n_components))


class NeverMet:
    """The rule of a short run."""

    ending = Ending.SHORT_RUN
    steps_past = True

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        return Limits(sweeps, accelerate, never=True, steps_past=True)

    def reached(self, objective: float) -> None:
        pass
