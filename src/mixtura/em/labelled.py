"""Where EM starts if the components of some rows are known, or narrowed down.

A component that has rows of its own begins about them, so it keeps its number; for the others
seeds are drawn among the rows that may be theirs, by greedy k-means++.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray

from mixtura.data.masks import MaskedRows
from mixtura.em.failures import left_out
from mixtura.em.fit import FitOptions, fit
from mixtura.em.held import in_order, searching
from mixtura.em.model import Model
from mixtura.em.ranking import ranked
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.starts import Labelled, StartOptions, short_options, short_runs, sound_models
from mixtura.em.sweep import Sweep
from mixtura.em.views import views_of

__all__ = ["first_models"]

Float = NDArray[np.float64]
Labels = NDArray[np.intp]

# Turns of Lloyd's algorithm after the seeds.
TURNS = 3


def first_models(
    sweep: Sweep, n_components: int, options: FitOptions, starts: StartOptions
) -> Sequence[Model]:
    """Return the best starts, best first, in which each component has the rows known to be its."""
    source = sweep.source
    if not isinstance(source, MaskedRows):
        models = short_runs(sweep, n_components, searching(options), starts)[0]
        return [in_order(model, options.weighing) for model in models]
    size = starts.subsample_rows(n_components, sweep.family)
    sample = Sweep(
        sweep.family, source.masked_subsample(size, starts.seed, n_components), sweep.engine
    )
    models = list(_models(sample, n_components, options, starts))
    if len(models) == 1:
        return models
    short = short_options(options, starts.sweeps)
    runs = []
    with left_out(options):
        runs = fit(sample, models, short)
    order = ranked(sample, runs, options)
    return [run.model for run in order[: starts.finish]] or models[: starts.finish]


def _models(
    sample: Sweep, n_components: int, options: FitOptions, starts: StartOptions
) -> Iterator[Model]:
    """Yield the M-steps from known rows alone and from all rows by their nearest seeds.

    Raises
    ------
    ParameterError
        If none has a covariance for every component.
    """
    block = sample.source.block(0, sample.source.n_rows)
    excluded = block.excluded
    assert excluded is not None
    known = known_rows(excluded)
    sound = False
    if known.any(axis=1).all():
        with left_out(options):
            yield model_from_responsibilities(sample, known.T.astype(np.float64), options)
            sound = True
    if sound and known.any(axis=0).all():
        return
    views = views_of(sample.family.embed(block.rows))

    def nearest(number: int) -> Labelled:
        rng = np.random.default_rng([starts.seed, number])
        points = views[number % len(views)]
        return sample, masked_labels(points, block.weights, excluded, rng)

    tried = map(nearest, range(max(starts.short, starts.finish)))
    with left_out(options) if sound else nullcontext():
        yield from sound_models(tried, n_components, options)


def known_rows(excluded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where (K, n) a row can belong to that component only."""
    return ~excluded & ((~excluded).sum(axis=0) == 1)


def masked_labels(
    points: Float, weights: Float | None, excluded: NDArray[np.bool_], rng: np.random.Generator
) -> Labels:
    """Return for each point the nearest centre of those that are not excluded for it.

    Parameters
    ----------
    points : (n, E) float64
    weights : (n,) float64 or None
    excluded : (K, n)
    """
    mass = np.ones(len(points)) if weights is None else weights
    known = known_rows(excluded)
    distances = np.full(excluded.shape, np.inf)
    seeded = np.flatnonzero(known.any(axis=1))
    centres = _centres(points, mass, known[seeded])
    distances[seeded] = _distances(points, centres, excluded[seeded])
    others = np.flatnonzero(~known.any(axis=1))
    # Those with the fewest rows to choose from choose first.
    for component in others[np.argsort(-excluded[others].sum(axis=1), kind="stable")]:
        seed = _seed(points, mass, distances.min(axis=0), excluded[component], rng)
        distances[component] = _distances(points, points[[seed]], excluded[[component]])[0]
    labels = distances.argmin(axis=0)
    for _ in range(TURNS):
        members = labels == np.arange(len(excluded))[:, None]
        filled = np.flatnonzero(members.any(axis=1))
        centres = _centres(points, mass, members[filled])
        distances[filled] = _distances(points, centres, excluded[filled])
        labels = distances.argmin(axis=0)
    return labels


def _centres(points: Float, mass: Float, members: NDArray[np.bool_]) -> Float:
    """Return the weighted means (C, E) of the members (C, n)."""
    shares = members * mass
    return (shares @ points) / shares.sum(axis=1, keepdims=True)


def _distances(points: Float, centres: Float, excluded: NDArray[np.bool_]) -> Float:
    """Return squared distances (C, n), infinite where a centre is excluded."""
    squares = np.einsum("ne,ne->n", points, points)
    found = np.einsum("ce,ce->c", centres, centres)[:, None] - 2.0 * centres @ points.T + squares
    return np.where(excluded, np.inf, np.maximum(found, 0.0))


def _seed(
    points: Float,
    mass: Float,
    nearest: Float,
    excluded: NDArray[np.bool_],
    rng: np.random.Generator,
) -> int:
    """Return the point, of those not excluded, by which the points come nearest to a centre.

    The best of 2 + log n candidates, drawn by weight times squared distance to the nearest centre.
    """
    reached = np.isfinite(nearest)
    spread = float(np.square(points - points.mean(axis=0)).sum(axis=1).max())
    nearest = np.where(reached, nearest, max(spread, 1e-300))
    potential = np.where(excluded, 0.0, nearest * mass)
    if not potential.any():
        potential = np.where(excluded, 0.0, mass)
    cumulative = np.cumsum(potential)
    count = 2 + int(np.log(len(points)))
    drawn = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    drawn = np.minimum(drawn, np.flatnonzero(~excluded)[-1])
    columns = np.repeat(excluded[None], count, axis=0)
    distances = np.minimum(_distances(points, points[drawn], columns), nearest)
    return int(drawn[np.argmin(distances @ mass)])
