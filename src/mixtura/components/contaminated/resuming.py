"""What a fit of contaminated normal components has seen of its rows, and what goes on from it.

Moments are those of Gaussians whose rows count by how good, and by how bad they are; what they were
taken for stays as it was when they came.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.contaminated.family import ContaminatedFamily
from mixtura.components.contaminated.parameters import ContaminatedMoments
from mixtura.components.gaussian.resuming import (
    gaussian_arrays,
    gaussian_read,
    gaussian_released,
    gaussian_resumed,
    moments_in_frame,
)
from mixtura.components.gaussian.structures import unpooled
from mixtura.errors import ParameterError

__all__ = [
    "contaminated_arrays",
    "contaminated_read",
    "contaminated_released",
    "contaminated_resumed",
]

Pair = tuple[ContaminatedFamily, ContaminatedMoments]


def contaminated_released(family: ContaminatedFamily, moments: ContaminatedMoments) -> Pair:
    """Return a family and moments in the user's units."""
    inner, good = gaussian_released(family.inner, moments.good)
    _, bad = gaussian_released(family.inner, moments.bad)
    # Scatters are each component's own, whatever the structure shares.
    inner = replace(inner, structure=family.structure)
    return replace(family, inner=inner), replace(moments, good=good, bad=bad)


def contaminated_resumed(
    family: ContaminatedFamily, moments: ContaminatedMoments, rows: Any
) -> Pair:
    """Return the family in a frame of the rows seen, and their moments there."""
    inner = gaussian_resumed(family.inner, moments.weighted, rows)
    good, bad = (moments_in_frame(own, family.inner, inner) for own in (moments.good, moments.bad))
    return replace(family, inner=inner), replace(moments, good=good, bad=bad)


def contaminated_arrays(
    family: ContaminatedFamily, moments: ContaminatedMoments
) -> dict[str, NDArray[Any]]:
    """Return moments in the user's units as arrays."""
    parts = {
        f"{called}.{name}": array
        for called, own in (("good", moments.good), ("bad", moments.bad))
        for name, array in gaussian_arrays(family.inner, own).items()
    }
    return {**parts, "inflations": moments.inflations, "posterior": moments.posterior}


def contaminated_read(
    family: ContaminatedFamily, arrays: Mapping[str, NDArray[Any]], n_components: int
) -> Pair:
    """Return the family and the moments of such arrays.

    Raises
    ------
    ParameterError
        If they are no moments of so many components.
    """
    parts = []
    for called in ("good.", "bad."):
        own = {
            name[len(called) :]: each for name, each in arrays.items() if name.startswith(called)
        }
        inner, found = gaussian_read(family.inner, own, n_components)
        parts.append(found)
    inflations, posterior = (
        as_shape(name, arrays[name], (n_components,)) for name in ("inflations", "posterior")
    )
    finite = np.isfinite(inflations).all() and np.isfinite(posterior).all()
    if any(part.pooled for part in parts) or not finite or (inflations < 1).any():
        raise ParameterError("what was seen are no moments of contaminated normal components")
    inner = replace(family.inner, structure=unpooled(family.structure))
    none = np.zeros(n_components)
    good, bad = parts
    moments = ContaminatedMoments(good, bad, inflations, posterior, none)
    return replace(family, inner=inner), moments
