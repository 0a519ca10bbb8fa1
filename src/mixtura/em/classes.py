"""Starts of classes: many short runs side by side in compiled code, of several kinds.

No distance shows what tells classes of answers apart, so one start in two ends elsewhere; many that
are run longer before they are compared, and of which many go on, find what single ones miss. What
two ends have right in different classes, the best crossed with the other has in one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from mixtura.components.exponential import ExponentialFamily
from mixtura.em.compiled import is_compilable
from mixtura.em.crossing import bettered, crossed
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.model import Model
from mixtura.em.ranking import ranked, ranked_by_weight
from mixtura.em.sources import MANY, Points, Source, random_labels, responsibility_source, seeded
from mixtura.em.starts import StartOptions, points_of, tried
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep

__all__ = ["class_model"]

# Short runs for each component, and at most; sweeps of each; one of so many is carried on.
EACH, MOST, SWEEPS, CARRIED = 10, 80, 20, 4
# What runs that are carried on may have left to gain: ends lie within tenths of a nat.
NEARLY = GainLeft(nats=0.02)
# Of K from 5 to 8 on 14 problems drawn anew (seeds 0 to 13): twice as many runs, twice as many
# carried, or runs twice as long find no more of the best known ends, and take half as long again.
# Ends within so many nats are one.
ONE_END = 0.05
# Others that the best is crossed with in vain, one after another, before no more are tried: where
# so many ends agree, and where they do not. Of K from 5 to 8 on 43 problems of classes and 47 of
# counts, drawn anew, 7.0 and 6.4 % are missed so, 9.3 and 8.5 without, in 0.85 of the time.
CALM, RESTLESS, AGREEING = 2, 12, 3
# Products of features and components that short runs may take in all: about a second.
WORK = 1 << 31
# Short runs below which they are not worth being more than a few.
LEAST = 12


def class_model(
    sample: Sweep,
    models: Sequence[Model],
    n_components: int,
    options: FitOptions,
    starts: StartOptions,
    number: int,
) -> Model | None:
    """Return where the best of many starts of classes leads, others among them.

    It is None where short runs are not compiled, or take too long to be many.

    Parameters
    ----------
    sample : a sweep over distinct rows in memory
    models : the others
    number : of the start that they are for
    """
    family = sample.family
    if not isinstance(family, ExponentialFamily) or n_components == 1:
        return None
    if sample.kernel is None or not is_compilable(options):
        return None
    count = short_runs_for(sample.source.n_rows, family.width(), n_components)
    if count < LEAST:
        return None
    sources = _sources(points_of(sample, starts, number), n_components, count)
    found = tried(sample, sources, n_components, options, SWEEPS)
    order = ranked_by_weight(sample, found, options)
    carried = [*models, *(one.model for one in order[: max(1, count // CARRIED)])]
    nearly = replace(options, rule=NEARLY, bound=False, keep=False, progress=None)
    ends = ranked(
        sample, [run for run in fit(sample, carried, nearly) if run.joined is None], nearly
    )
    if n_components > MANY:
        return ends[0].model
    rest = [one.model for one in order[max(1, count // CARRIED) :][:RESTLESS]]
    return _crossed_on(sample, ends, rest, nearly)


def _crossed_on(
    sample: Sweep, ends: Sequence[Run], others: Sequence[Model], nearly: FitOptions
) -> Model:
    """Return the best of what the first end is crossed to, with others and with further models."""

    def child_of(best: Run, other: Model) -> Run | None:
        (child,) = fit(sample, [crossed(sample, best.model, other, nearly)], nearly)
        return child if child.objective > best.objective + ONE_END else None

    gaps = [one.objective - other.objective for one, other in pairwise(ends)]
    unlike = [end.model for end, gap in zip(ends[1:], gaps, strict=True) if gap > ONE_END]
    agreeing = sum(ends[0].objective - end.objective < ONE_END for end in ends)
    calm = CALM if agreeing >= AGREEING else RESTLESS
    return bettered(ends[0], [*unlike, *others], child_of, (calm, RESTLESS), nearly).model


def short_runs_for(n_rows: int, n_features: int, n_components: int) -> int:
    """Return how many short runs there are: more for more components, as long as they are cheap."""
    affordable = WORK // (SWEEPS * n_rows * n_features * n_components)
    return min(MOST, EACH * n_components, affordable)


def _sources(given: Points, n_components: int, count: int) -> Iterator[Source]:
    """Yield groups about greedy seeds, random responsibilities, or random rows, in turn."""
    kinds = seeded, responsibility_source, random_labels
    for number in range(count):
        yield kinds[number % len(kinds)](given, n_components, number // len(kinds))
