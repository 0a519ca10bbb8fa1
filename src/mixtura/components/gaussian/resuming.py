"""Gaussian moments in the user's units, and the families that go on from them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily, IncompleteTotals
from mixtura.components.gaussian.incomplete_sweep import IncompleteMoments
from mixtura.components.gaussian.parameters import VANISHED, GaussianMoments, RowTotals
from mixtura.components.gaussian.structures import structure, unpooled
from mixtura.errors import ParameterError

__all__ = [
    "gaussian_released",
    "gaussian_resumed",
    "moments_in_frame",
    "read_moments",
    "totals_of_moments",
]

Float = NDArray[np.float64]


def gaussian_released(
    family: GaussianFamily, moments: GaussianMoments
) -> tuple[GaussianFamily, GaussianMoments]:
    """Return a family and its moments in the user's units, with the steps of rounded columns."""
    frame = family.frame
    own = GaussianFamily(
        structure(family.structure.code), Frame.identity(family.n_columns), family.steps
    )
    means = frame.leave(moments.means)
    scatter = moments.scatter * _squared(frame.scale, moments)
    return own, GaussianMoments(moments.effective_rows, means, scatter, moments.pooled)


def gaussian_resumed(
    family: GaussianFamily, moments: GaussianMoments, rows: NDArray[Any]
) -> GaussianFamily:
    """Return the family, in a frame of the rows seen, for others with or without missing cells."""
    totals = totals_of_moments(family, moments)
    mean = totals.first / max(totals.weight, VANISHED)
    about = replace(moments, means=moments.means - mean)
    second = totals_of_moments(family, about).second
    variances = second if second.ndim == 1 else np.diagonal(second)
    spread = np.sqrt(np.maximum(variances / max(totals.weight, VANISHED), 0.0))
    frame = Frame.of(mean, spread, one_scale=family.structure.one_scale)
    if np.isnan(rows).any():
        return IncompleteGaussianFamily(unpooled(family.structure), frame, family.steps)
    return GaussianFamily(family.structure, frame, family.steps)


def moments_in_frame(moments: GaussianMoments, family: GaussianFamily) -> GaussianMoments:
    """Return moments in the user's units as a sweep in the family's frame would have them."""
    frame, rows = family.frame, moments.effective_rows
    scatter = moments.scatter / _squared(frame.scale, moments)
    pooled = family.structure.features == "linear"
    if pooled and not moments.pooled:
        scatter = scatter.sum(axis=0)
    elif moments.pooled and not pooled:
        # Where a structure shares a scatter, no part of it says more of one component.
        parts = rows / max(rows.sum(), VANISHED)
        scatter = parts.reshape(-1, *(1,) * scatter.ndim) * scatter
    found = rows, frame.enter(moments.means), scatter, pooled
    if isinstance(family, IncompleteGaussianFamily):
        return IncompleteMoments(*found)
    return GaussianMoments(*found)


def totals_of_moments(family: GaussianFamily, moments: GaussianMoments) -> RowTotals:
    """Return the weight, Σ w x and Σ w x xᵀ (or its diagonal) of all rows."""
    rows, means = moments.effective_rows, moments.means
    within = moments.scatter if moments.pooled else moments.scatter.sum(axis=0)
    weighted = rows[:, None] * means
    between = weighted.T @ means if within.ndim == 2 else (weighted * means).sum(axis=0)
    found = float(rows.sum()), weighted.sum(axis=0), within + between
    if isinstance(family, IncompleteGaussianFamily):
        return IncompleteTotals(*found, np.full(family.n_columns, found[0]))
    return RowTotals(*found)


def read_moments(
    family: GaussianFamily, arrays: Mapping[str, NDArray[Any]], n_components: int
) -> GaussianMoments:
    """Return the moments of the arrays of a model file."""
    n_columns = family.n_columns
    of_one = (n_columns, n_columns) if family.structure.storage == "full" else (n_columns,)
    pooled = np.ndim(arrays["scatter"]) == len(of_one)
    if pooled and family.structure.features != "linear":
        raise ParameterError("the scatter of what was seen is not one for each component")
    shape = of_one if pooled else (n_components, *of_one)
    return GaussianMoments(
        as_shape("rows", arrays["rows"], (n_components,)),
        as_shape("means", arrays["means"], (n_components, n_columns)),
        as_shape("scatter", arrays["scatter"], shape),
        pooled,
    )


def _squared(scale: Float, moments: GaussianMoments) -> Float:
    of_one = moments.scatter.ndim - (not moments.pooled)
    return scale**2 if of_one == 1 else np.outer(scale, scale)
