"""The numbers of components one by one, each with the column and level that it is of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Measure", "measures_of"]

Float = NDArray[np.float64]

# What is not the plural of what one number is called, by the name of its array.
SINGULAR = {
    "degrees_of_freedom": "degrees_of_freedom",
    "probabilities": "probability",
    "scale_matrices": "scale",
}

# What tells of columns, and is no array of numbers.
TELLING = {"columns", "terms", "items", "structure", "trials", "words"}


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """A number that every component has.

    Attributes
    ----------
    name : what it is called, such as "mean"
    column : what it is of, None for the component as a whole
    level : of categories; the other column of a covariance, or the factor of a loading; else None
    key : the array that it stands in, by the name that inference has for it
    place : where in that array's part of a component
    values : (K,) without noise
    """

    name: str
    column: str | None
    level: Any
    key: str
    place: tuple[int, ...]
    values: Float

    def of(self, arrays: Mapping[str, Float], k: int) -> float:
        """Return what arrays by name have in its place of component k, NaN if they have none."""
        array = arrays.get(self.key)
        return float("nan") if array is None else float(array[k, *self.place])


def measures_of(family: Any, parameters: Any, columns: Sequence[str]) -> list[Measure]:
    """Return the numbers of the components but noise, as `describe` has them, in its order.

    Parameters
    ----------
    columns : names of the D columns
    """
    described = family.describe(parameters, columns)
    blocks = {name: block for name, block in described.items() if isinstance(block, Mapping)}
    if not blocks:
        return list(_of_block(described, ""))
    return [one for name, block in blocks.items() for one in _of_block(block, f"{name}.")]


def _of_block(described: Mapping[str, Any], before: str) -> Iterator[Measure]:
    """Yield the numbers of columns of one kind."""
    place = 0
    for item in described.get("items", ()):
        for level, values in zip(item["levels"], np.transpose(item["probabilities"]), strict=True):
            key = f"{before}probabilities"
            yield Measure("probability", item["column"], level, key, (place,), values)
            place += 1
    names = list(described.get("columns", described.get("terms", ())))
    for key, numbers in described.items():
        if key in TELLING or not isinstance(numbers, list):
            continue
        array = np.array(numbers, dtype=np.float64)
        # Infinite ones stand as None.
        yield from _of_array(key, np.where(np.isnan(array), np.inf, array), names, before)


def _of_array(key: str, array: Float, names: list[str], before: str) -> Iterator[Measure]:
    """Yield the numbers of an array (K,), (K, D), (K, D, D) or (K, D, q)."""
    name = SINGULAR.get(key, key.removesuffix("s"))
    if array.ndim == 1:
        yield Measure(name, None, None, f"{before}{key}", (), array)
        return
    is_square = array.ndim == 3 and key in ("covariances", "scale_matrices")
    for place in np.ndindex(array.shape[1:]):
        values, j, *other = array[(slice(None), *place)], *place
        level = None if not other else names[other[0]] if is_square else f"factor {other[0] + 1}"
        # A matrix is told once, without the zeros that its structure has.
        if is_square and (other[0] < j or (other[0] > j and not values.any())):
            continue
        yield Measure(name, names[j], level, f"{before}{key}", place, values)
