"""Gaussian moments of rows seen, and the families that go on from them.

They are about the user's origin, in the powers of two that the fit scaled columns by, as squares of
very large or small units are no floats.
"""

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
    "gaussian_arrays",
    "gaussian_read",
    "gaussian_released",
    "gaussian_resumed",
    "moments_in_frame",
    "totals_of_moments",
]

Float = NDArray[np.float64]

# What sums of squares round, as a share of those about the origin; scatters in units of widths; and
# the least square of a width.
SLACK, ROUNDING, SMALLEST = 1e-9, 1e-6, 1e-300


def gaussian_released(
    family: GaussianFamily, moments: GaussianMoments
) -> tuple[GaussianFamily, GaussianMoments]:
    """Return a family about the user's origin, with the steps of rounded columns; its moments."""
    frame = family.frame
    plain = _about_zero(frame.scale)
    means = plain.enter(frame.leave(moments.means))
    own = GaussianFamily(structure(family.structure.code), plain, family.steps)
    return own, GaussianMoments(moments.effective_rows, means, moments.scatter, moments.pooled)


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
    scale = family.frame.scale
    frame = Frame.of(mean * scale, spread * scale, one_scale=family.structure.one_scale)
    if np.isnan(rows).any():
        return IncompleteGaussianFamily(unpooled(family.structure), frame, family.steps)
    return GaussianFamily(family.structure, frame, family.steps)


def moments_in_frame(
    moments: GaussianMoments, seen: GaussianFamily, family: GaussianFamily
) -> GaussianMoments:
    """Return moments of rows seen as a sweep in the frame of another family would have them."""
    frame, rows = family.frame, moments.effective_rows
    scatter = moments.scatter * _squared(seen.frame.scale / frame.scale, moments)
    pooled = family.structure.features == "linear"
    if pooled and not moments.pooled:
        scatter = scatter.sum(axis=0)
    elif moments.pooled and not pooled:
        # Where a structure shares a scatter, no part of it says more of one component.
        parts = rows / max(rows.sum(), VANISHED)
        scatter = parts.reshape(-1, *(1,) * scatter.ndim) * scatter
    found = rows, frame.enter(seen.frame.leave(moments.means)), scatter, pooled
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


def gaussian_arrays(family: GaussianFamily, moments: GaussianMoments) -> dict[str, NDArray[Any]]:
    """Return moments in the user's units, and how the family read their rows, as arrays."""
    steps = {} if family.steps is None else {"steps": family.steps}
    scale = family.frame.scale
    scaled = {"scale": scale} if (scale != 1).any() else {}
    found = {"rows": moments.effective_rows, "means": moments.means, "scatter": _rounded(moments)}
    return {**found, **scaled, **steps}


def gaussian_read(
    family: GaussianFamily, arrays: Mapping[str, NDArray[Any]], n_components: int
) -> tuple[GaussianFamily, GaussianMoments]:
    """Return the family as it read the rows of moments, and the moments, of such arrays.

    Raises
    ------
    ParameterError
        If they are no moments of so many components.
    """
    steps = arrays.get("steps")
    if steps is not None:
        steps = as_shape("steps", steps, (family.n_columns,))
    scale = arrays.get("scale")
    if scale is not None:
        family = _family_of_scale(family, as_shape("scale", scale, (family.n_columns,)))
    return replace(family, steps=steps), _read_moments(family, arrays, n_components)


def _read_moments(
    family: GaussianFamily, arrays: Mapping[str, NDArray[Any]], n_components: int
) -> GaussianMoments:
    """Return the moments of the arrays of a model file."""
    n_columns = family.n_columns
    of_one = (n_columns, n_columns) if family.structure.storage == "full" else (n_columns,)
    pooled = np.ndim(arrays["scatter"]) == len(of_one)
    if pooled and family.structure.features != "linear":
        raise ParameterError("the scatter of what was seen is not one for each component")
    shape = of_one if pooled else (n_components, *of_one)
    scatter = as_shape("scatter", arrays["scatter"], shape)
    rows = as_shape("rows", arrays["rows"], (n_components,))
    if (rows < 0).any():
        raise ParameterError("components have seen fewer rows than none")
    means = as_shape("means", arrays["means"], (n_components, n_columns))
    moments = GaussianMoments(rows, means, scatter, pooled)
    with np.errstate(over="ignore"):
        _check_scatter(moments, full=len(of_one) == 2)
    return moments


def _check_scatter(moments: GaussianMoments, *, full: bool) -> None:
    """Raise `ParameterError` for sums of squares (..., D, D) or (..., D) that no rows have."""
    squares, slack = _squares(moments, full=full)
    if (squares < -slack).any():
        raise ParameterError("sums of squares of what was seen are below 0")
    if not full:
        return
    widths = _widths(squares, slack)
    alike = moments.scatter / widths[..., None] / widths[..., None, :]
    if np.abs(alike - np.swapaxes(alike, -1, -2)).max() > ROUNDING:
        raise ParameterError("the scatter of what was seen is not symmetric")
    if np.linalg.eigvalsh(alike).min() < -ROUNDING:
        raise ParameterError("the scatter of what was seen is not that of any rows")


def _squares(moments: GaussianMoments, *, full: bool) -> tuple[Float, Float]:
    """Return sums of squares (..., D), and what they round, as those about the origin do."""
    scatter = moments.scatter
    squares = np.diagonal(scatter, axis1=-2, axis2=-1) if full else scatter
    about_origin = moments.effective_rows @ moments.means**2
    total = np.abs(squares) if moments.pooled else np.abs(squares).sum(axis=0)
    return squares, SLACK * (about_origin + total)


def _widths(squares: Float, slack: Float) -> Float:
    """Return the units of scatters: what rounding may make of products is a share of these."""
    return np.sqrt(np.maximum(np.maximum(squares, slack / ROUNDING), SMALLEST))


def _rounded(moments: GaussianMoments) -> Float:
    """Return the scatter, or of one that no rows have what is nearest and some have.

    Missing cells that are completed about a mean held far away round by its distance.
    """
    scatter = moments.scatter
    if scatter.ndim == 1 + (not moments.pooled):
        return scatter
    with np.errstate(over="ignore"):
        widths = _widths(*_squares(moments, full=True))
        alike = scatter / widths[..., None] / widths[..., None, :]
    if not np.isfinite(alike).all():
        return scatter
    values, axes = np.linalg.eigh(alike)
    if values.min() >= -ROUNDING:
        return scatter
    nearest = (axes * np.maximum(values, 0.0)[..., None, :]) @ np.swapaxes(axes, -1, -2)
    return nearest * widths[..., None] * widths[..., None, :]


def _family_of_scale(family: GaussianFamily, scale: Float) -> GaussianFamily:
    """Return the family of moments that a model file has in columns of that scale (D,)."""
    if not ((scale > 0) & np.isfinite(scale)).all():
        raise ParameterError("the scale of what was seen is not above 0")
    return replace(family, frame=_about_zero(scale))


def _about_zero(scale: Float) -> Frame:
    return Frame(np.zeros(len(scale)), scale, scale)


def _squared(scale: Float, moments: GaussianMoments) -> Float:
    of_one = moments.scatter.ndim - (not moments.pooled)
    return scale**2 if of_one == 1 else np.outer(scale, scale)
