"""Replicates of a fit: rows weighted anew or drawn anew, each fitted by a worker of an engine."""

from dataclasses import replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.noise import without_noise
from mixtura.data import ArrayRows, CountRows, RowSource
from mixtura.data.gaps import gaps_of
from mixtura.data.resolution import column_steps
from mixtura.inference.rows import Rows
from mixtura.mixture import Mixture

__all__ = ["aligned", "drawn_rows", "drawn_weights", "reweighted", "seeded"]

Float = NDArray[np.float64]

KINDS = ("weighted", "rows", "parametric")

# Rows that components are told apart by.
ALIGNING_ROWS = 5000


def seeded(seed: int, number: int) -> np.random.Generator:
    """Return the stream of one replicate, which no other replicate nor worker changes."""
    return np.random.default_rng([seed, number])


def drawn_weights(rows: Rows, kind: str, rng: np.random.Generator) -> Float:
    """Return row weights (N,) of a replicate, with the sum of those given.

    "weighted": Dirichlet's, of which none is zero (Newton and Raftery 1994); "rows": how often each
    row is drawn with replacement.
    """
    given = np.ones(rows.n_rows) if rows.weights is None else rows.weights
    total = given.sum()
    if kind == "rows":
        return rng.multinomial(max(round(total), 1), given / total).astype(np.float64)
    found = rng.standard_gamma(given)
    return found * (total / found.sum())


def reweighted(rows: Rows, weights: Float) -> RowSource:
    """Return the rows under other weights."""
    return Rows(rows.family, rows.array, weights).source()


def drawn_rows(mixture: Mixture, rows: Rows, rng: np.random.Generator) -> RowSource:
    """Return as many rows drawn from a mixture as there are, by weight, that lack as many cells."""
    drawn, _ = mixture.coded.sample(max(round(rows.total_weight), 1), rng)
    family = without_noise(rows.family)
    if isinstance(family, GaussianFamily):
        # Drawn rows are as coarse as those observed, or their fits would have no floor.
        steps = column_steps(rows.source())
        drawn = np.where(steps > 0, np.round(drawn / np.where(steps > 0, steps, 1)) * steps, drawn)
    if hasattr(family, "sparse"):
        return CountRows(drawn)
    categorical = np.array([kind.name == "category" for kind in family.kinds])
    lacking = gaps_of(rows.array, categorical)
    return ArrayRows(_thinned(drawn, rows, lacking, rng) if lacking.any() else drawn)


def _thinned(
    drawn: NDArray[Any], rows: Rows, lacking: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[Any]:
    """Return drawn rows with the gaps of rows, each row's as often as it weighs."""
    which = np.arange(rows.n_rows)
    if rows.weights is not None:
        shares = rows.weights / rows.total_weight
        which = np.sort(rng.choice(rows.n_rows, len(drawn), p=shares))
    return np.where(lacking[which], rows.array[which], drawn)


def aligned(mixture: Mixture, reference: Mixture, rows: Rows) -> Mixture:
    """Return a mixture with its components in the order of a reference's.

    Components that share most of the rows stand for each other.
    """
    some = rows.array[:ALIGNING_ROWS] if rows.n_rows > ALIGNING_ROWS else rows.array
    shared = reference.coded.responsibilities(some).T @ mixture.coded.responsibilities(some)
    _, order = scipy.optimize.linear_sum_assignment(-shared)
    return permuted(mixture, order)


def permuted(mixture: Mixture, order: NDArray[Any]) -> Mixture:
    """Return a mixture with its components in another order."""
    parameters = mixture.parameters.take([int(k) for k in order])
    found = replace(mixture, weights=mixture.weights[order], parameters=parameters)
    if mixture.component_names is None:
        return found
    own = [k for k in order if mixture.labels[k] >= 0]
    return found.relabel([mixture.names[k] for k in own])
