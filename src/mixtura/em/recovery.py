"""Components that no more rows support than determine them: given other rows, and tried again.

What cannot be mended is kept and named.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixtura.em.degeneracy import Recovery
from mixtura.em.failures import left_out
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.kmeans import seeded_labels
from mixtura.em.model import Model
from mixtura.em.ranking import is_supportable, ranked, unsupported
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.sources import MANY
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep, source_of

__all__ = ["with_recovered"]


def with_recovered(
    sweep: Sweep, runs: Sequence[Run], options: FitOptions, starts: StartOptions
) -> list[Run]:
    """Return runs, best first, of one objective, with those from other rows where that may help.

    Parameters
    ----------
    runs : finished ones
    options : how they were run
    starts : the size and seed of the subsample that unsupported components are given rows of
    """
    quiet = replace(options, keep=False)
    tried: list[Run] = []
    for run in runs:
        if run.joined is None:
            tried += _recovered(sweep, run, quiet, starts)
    order = ranked(sweep, _of_one_objective(sweep, tried, quiet), options)
    if order[0].ending is Ending.OUTRUN:
        # The run that was ahead has lost its support since.
        under = quiet if order[0].recovery is None else replace(quiet, prior=quiet.fallback)
        with left_out(options):
            after = fit(sweep, [order[0].model], under)[0]
            order[0] = replace(after, recovery=after.recovery or order[0].recovery)
    return order


def _recovered(sweep: Sweep, run: Run, options: FitOptions, starts: StartOptions) -> list[Run]:
    """Return a run and, while the best of them has unsupported components, those from other rows.

    They depend on no other run, so that more starts hold what fewer find.
    """
    tried = [run]
    few = run.model.n_components <= MANY
    if not few or not is_supportable(sweep, run.model, options.prior):
        # Many components were given other rows as starts were made (`relocation.py`).
        return tried
    for attempt in range(starts.resplits):
        best = ranked(sweep, tried, options)[0]
        weak = unsupported(sweep, best, options.prior)
        if not weak.any() or weak.all():
            break
        with left_out(options):
            model = resplit(sweep, best, weak, attempt, options, starts)
            tried += fit(sweep, [model], options)
    return tried


def _of_one_objective(sweep: Sweep, runs: list[Run], options: FitOptions) -> list[Run]:
    """Return runs of which the soundest are under one prior: if some need the fallback, all do."""
    weak = [int(unsupported(sweep, run, options.prior).sum()) for run in runs]
    soundest = [run for run, count in zip(runs, weak, strict=True) if count == min(weak)]
    rescued = [run.recovery is not None for run in soundest]
    if options.fallback is None or all(rescued) or not any(rescued):
        return runs
    under = replace(options, prior=options.fallback)
    found = []
    for run, count in zip(runs, weak, strict=True):
        with left_out(options):
            again = count == min(weak) and run.recovery is None
            found.append(_again(sweep, run, under) if again else run)
    return found


def _again(sweep: Sweep, run: Run, options: FitOptions) -> Run:
    after = fit(sweep, [run.model], options)[0]
    return replace(after, recovery=Recovery((), "another start asked for the stronger prior"))


def resplit(
    sweep: Sweep,
    run: Run,
    weak: NDArray[np.bool_],
    attempt: int,
    options: FitOptions,
    starts: StartOptions,
) -> Model:
    """Return a start in which the components `weak` (K,) take rows of heavy ones.

    Their rows go to the next best; those of the heaviest component (at the second attempt the
    second heaviest, and so on) are split by k-means++.
    """
    family, model = sweep.family, run.model
    collapsed = np.flatnonzero(weak)
    rows, weights = sweep.source.subsample(
        starts.subsample_rows(model.n_components, family), starts.seed + attempt
    )
    sample = Sweep(family, source_of(rows, weights), sweep.engine)
    labels = sample.labels(model, weak)
    points = family.embed(rows)
    mass = np.ones(len(points)) if weights is None else weights
    for turn, component in enumerate(collapsed):
        sizes = np.bincount(labels, weights=mass, minlength=model.n_components)
        heavy = int(np.argsort(-sizes)[(attempt + turn) % max(1, int((sizes > 0).sum()))])
        inside = np.flatnonzero(labels == heavy)
        rng = np.random.default_rng([starts.seed, attempt, turn])
        split = seeded_labels(points[inside], mass[inside], 2, rng)
        labels[inside[split == 1]] = component
    return model_from_labels(sample, labels, model.n_components, options)
