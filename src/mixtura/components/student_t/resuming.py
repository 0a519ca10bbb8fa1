"""What a fit of t components has seen of its rows, and the family that goes on from it.

Moments are those of Gaussians whose rows count w r u; what u were stays as it was when they came.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.gaussian.resuming import (
    gaussian_arrays,
    gaussian_read,
    gaussian_released,
    gaussian_resumed,
    moments_in_frame,
    totals_of_moments,
)
from mixtura.components.gaussian.structures import unpooled
from mixtura.components.scaled_components import ScaledComponents
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.student_t.parameters import StudentTMoments
from mixtura.components.wildness import RobustTotals
from mixtura.errors import ParameterError

__all__ = [
    "scaled_known",
    "scaled_totals",
    "student_t_arrays",
    "student_t_read",
    "student_t_released",
    "student_t_resumed",
]

Pair = tuple[StudentTFamily, StudentTMoments]


def student_t_released(family: StudentTFamily, moments: StudentTMoments) -> Pair:
    """Return a family and moments in the user's units."""
    inner, weighted = gaussian_released(family.inner, moments.weighted)
    # Scatters are each component's own, whatever the structure shares.
    inner = replace(inner, structure=family.structure)
    return replace(family, inner=inner), replace(moments, weighted=weighted)


def student_t_resumed(family: StudentTFamily, moments: StudentTMoments, rows: Any) -> Pair:
    """Return the family in a frame of the rows seen, and their moments there."""
    inner = gaussian_resumed(family.inner, moments.weighted, rows)
    weighted = moments_in_frame(moments.weighted, family.inner, inner)
    return replace(family, inner=inner), replace(moments, weighted=weighted)


def scaled_totals(family: ScaledComponents, moments: Any) -> RobustTotals:
    """Return the sums over all rows that moments imply."""
    weight = float(moments.effective_rows.sum())
    return RobustTotals(weight, totals_of_moments(family.inner, moments.weighted))


def scaled_known(family: ScaledComponents, shared: RobustTotals) -> float:
    """Return Σ w: no cell is missing."""
    return shared.weight


def student_t_arrays(family: StudentTFamily, moments: StudentTMoments) -> dict[str, NDArray[Any]]:
    """Return moments in the user's units as arrays."""
    counted = {"counted_rows": moments.effective_rows, "gaps": moments.gaps}
    weighted = gaussian_arrays(family.inner, moments.weighted)
    return {**weighted, **counted, "posterior": moments.posterior}


def student_t_read(
    family: StudentTFamily, arrays: Mapping[str, NDArray[Any]], n_components: int
) -> Pair:
    """Return the family and the moments of such arrays.

    Raises
    ------
    ParameterError
        If they are no moments of so many components.
    """
    inner, weighted = gaussian_read(family.inner, arrays, n_components)
    rows, gaps, posterior = (
        as_shape(name, arrays[name], (n_components,))
        for name in ("counted_rows", "gaps", "posterior")
    )
    if (gaps < 0).any() or weighted.pooled or not np.isfinite(posterior).all():
        raise ParameterError("what was seen are no moments of t components")
    inner = replace(inner, structure=unpooled(inner.structure))
    return replace(family, inner=inner), StudentTMoments(rows, weighted, gaps, posterior)
