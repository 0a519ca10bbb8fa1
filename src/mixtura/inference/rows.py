"""Rows at the door of inference: checked, and as a source that a sweep can read."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from mixtura.arrays import order_by_pattern
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.family import Family
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.structures import unpooled
from mixtura.components.noise import without_noise
from mixtura.components.product import ProductFamily
from mixtura.data import ArrayRows, CountRows, RowSource
from mixtura.data.checks import Names, check_finite, name_or_place, row_weights
from mixtura.data.dataset import Dataset
from mixtura.data.encoding import check_cells
from mixtura.data.gaps import ADVICE, has_gaps
from mixtura.errors import ParameterError
from mixtura.inference.counted import rows_of_dataset
from mixtura.kinds import NUMBER
from mixtura.mixture import Mixture

__all__ = ["Rows", "checked"]

Float = NDArray[np.float64]

MISSING = ("error", "marginal")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that a mixture can be held against.

    Attributes
    ----------
    family : the mixture's, set to read rows of this kind
    array : (N, D) array or CSR
    weights : (N,) or None
    """

    lasting: ClassVar[bool] = True

    family: Family
    array: Any
    weights: Float | None

    @property
    def n_rows(self) -> int:
        """Return N."""
        return self.array.shape[0]

    @property
    def total_weight(self) -> float:
        """Return Σ w."""
        return float(self.n_rows if self.weights is None else self.weights.sum())

    @property
    def _has_patterns(self) -> bool:
        return isinstance(without_noise(self.family), IncompleteGaussianFamily)

    def order(self) -> NDArray[np.intp]:
        """Return the order in which rows that lack the same columns stand together."""
        return order_by_pattern(self.array) if self._has_patterns else np.arange(self.n_rows)

    def gathered(self) -> "Rows":
        """Return the rows in that order."""
        if not self._has_patterns:
            return self
        order = self.order()
        weights = None if self.weights is None else self.weights[order]
        return Rows(self.family, self.array[order], weights)

    def source(self) -> RowSource:
        """Return the rows of positive weight as a source."""
        rows, weights = self.array, self.weights
        if weights is not None and not weights.all():
            rows, weights = rows[weights > 0], weights[weights > 0]
        return CountRows(rows, weights) if issparse(rows) else ArrayRows(rows, weights)


def checked(
    mixture: Mixture,
    rows: Any,
    sample_weight: ArrayLike | None = None,
    missing: str = "error",
    *,
    counts: bool = False,
) -> Rows:
    """Return rows and weights that fit the mixture.

    They are read as the fit did: columns of a frame by name, categories by value.

    Parameters
    ----------
    missing : "error", or "marginal" where cells of a Gaussian mixture, of counts and amounts may
        be NaN: each row then counts by its other cells
    counts : whether rows only add up, so that the distinct ones of a dataset beyond memory do,
        with their total weights

    Raises
    ------
    DataError
        If there are other columns, a cell cannot be used, or a weight.
    ParameterError
        If `missing` is neither, or `mixture` is none.
    """
    if missing not in MISSING:
        raise ParameterError(f"missing should be 'error' or 'marginal', but got {missing!r}")
    check_mixture(mixture)
    family: Any = mixture.family
    # Whether a family takes gaps is for inference to say, below.
    array: Any
    if isinstance(rows, Dataset) and mixture.reading is not None:
        array, sample_weight = rows_of_dataset(mixture, rows, sample_weight, counts=counts)
    else:
        array = rows if mixture.reading is None else mixture.encode(rows, missing="marginal")
    if not issparse(array):
        own: Any = without_noise(family)
        plain, gaps = type(own) is GaussianFamily, missing == "marginal"
        if not plain:
            _check_numbers(array, own, mixture.columns)
        check_cells(array, family.kinds, mixture.columns, gaps=gaps, advice=ADVICE)
        if plain and gaps and has_gaps(array):
            own = IncompleteGaussianFamily(unpooled(own.structure), own.frame)
            family = replace(family, inner=own) if family.has_noise else own
    family = family.reading(array)
    return Rows(family, array, row_weights(sample_weight, array.shape[0]))


def check_mixture(mixture: Any) -> None:
    """Raise `ParameterError` for what is no `Mixture`, as an estimator."""
    if not isinstance(mixture, Mixture):
        advice = "give its mixture_" if hasattr(mixture, "mixture_") else "give that of a fit"
        raise ParameterError(f"{type(mixture).__name__} is no Mixture; {advice}")


def _check_numbers(rows: NDArray[Any], family: Any, names: Names) -> None:
    """Raise for Gaussian cells that are missing, beside columns of other kinds."""
    blocks = family.families if isinstance(family, ProductFamily) else (family,)
    # Of those that leave cells out by themselves, angles are numbers too.
    kinds = [
        kind == NUMBER and not isinstance(block, ColumnwiseFamily)
        for block in blocks
        for kind in block.kinds
    ]
    places = np.flatnonzero(kinds).tolist()
    block = rows if len(places) == len(kinds) else rows[:, places]
    check_finite(block, [name_or_place(names, place) for place in places])
