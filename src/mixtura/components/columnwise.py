"""The tier of columns that are independent within a component, each with the same few numbers.

A family of this tier says what its numbers are, the features, terms and estimates of a cell, and
how a row is drawn. Missing cells, words, tables, files, margins, moments and derivatives follow
from that, and so do its estimator, its command, its blocks among mixed columns and its page.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.cellwise import CellwiseFamily
from mixtura.components.constraints import Ties, pooled
from mixtura.components.words import component_count, level_table
from mixtura.errors import ParameterError
from mixtura.kinds import ColumnKind
from mixtura.text import Passage

__all__ = ["ColumnwiseFamily", "Number"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Number:
    """A number that each component has in each column.

    Attributes
    ----------
    name : of the array (K, D) in parameters, files and estimators
    heading : of its table
    highest : the largest it may be; the least is 0
    """

    name: str
    heading: str
    highest: float = np.inf


@dataclass(frozen=True)
class ColumnwiseFamily(CellwiseFamily):
    """K products of D densities of one column: log f_k(x) = Σ_j log f(x_j; the numbers of k, j).

    A missing cell, NaN, is left out of the sum.
    """

    name: ClassVar[str]
    # What a title says the components are, such as "gamma densities".
    plural: ClassVar[str]
    # What the estimator's docstring says, the settings of the family last.
    about: ClassVar[str]
    # What cells are, which says who reads them.
    kind: ClassVar[ColumnKind]
    # Whether its features of a 0 are 0, so that rows may be sparse.
    reads_sparse: ClassVar[bool] = True
    # Whether `reading` goes by all cells, rather than by extremes and whether some are missing.
    reads_every_cell = False
    # A frozen dataclass whose fields are the arrays (K, D) that `numbers` name, in their order.
    values: ClassVar[type[Any]]
    numbers: ClassVar[tuple[Number, ...]]

    @property
    def free(self) -> tuple[Number, ...]:
        """Return the numbers that a fit finds; others are held where the family has them."""
        return self.numbers

    def out_of_reach(self, rows: Any) -> tuple[int, str] | None:
        """Return a column where these densities say nothing, and why, or None if there is none.

        Parameters
        ----------
        rows : (n, D) that a fit is to be of, or those of the least and largest cells
        """
        return None

    @property
    def has_widths(self) -> bool:
        """Return whether densities grow without bound where rows are equal.

        Such a family has the fields `steps` and `floored`, by which it keeps them wide enough.
        """
        return False

    @abstractmethod
    def draw(self, own: Any, rng: np.random.Generator) -> Float:
        """Return one row (n, D) for each row of numbers, arrays (n, D) by name in `own`."""

    @abstractmethod
    def mean_and_variance(self, parameters: Any) -> tuple[Float, Float]:
        """Return the means and variances (K, D) of the columns."""

    @final
    def column_moments(self, parameters: Any) -> tuple[Float, Float]:
        """Return `mean_and_variance`, infinite where a variance is beyond numbers."""
        with np.errstate(all="ignore"):
            return self.mean_and_variance(parameters)

    @abstractmethod
    def slopes(self, parameters: Any) -> Sequence[Float]:
        """Return ∂θ / ∂ξ (K, D, P) of each number ξ: of column j, by its own number."""

    @abstractmethod
    def curvatures(self, parameters: Any) -> Sequence[Sequence[Float]]:
        """Return ∂²θ / ∂ξ ∂η (K, D, P) of each pair of numbers of one column."""

    def check_constraints(self, values: Sequence[Float], ties: Sequence[Ties]) -> None:
        """Raise `ParameterError` for what `estimate_under` does not obey."""
        if len(self.free) > 1:
            raise ParameterError(
                f"{self.name} components have {len(self.free)} numbers a column, of which none can "
                "be held or be equal here; leave fix and equal out"
            )

    def estimate_under(
        self,
        rows: Float,
        sums: Float,
        previous: Any,
        values: Sequence[Float],
        ties: Sequence[Ties],
    ) -> Any:
        """Return the estimates of cells of which some numbers are held, and some equal.

        Parameters
        ----------
        rows, sums, previous : as `estimate_cells` takes them
        values : (K, D) of each free number, NaN where it is free
        ties : (K, D) of each free number, as `Constraints` has them
        """
        (own,), (equal,) = values, ties
        kinds = np.split(sums, sums.shape[1] // self.columns, axis=1)
        rows, *kinds = (pooled(each, equal) for each in (rows, *kinds))
        found = self.estimate_cells(rows, np.hstack(kinds), previous)
        name = self.free[0].name
        array = np.where(np.isnan(own), getattr(found, name), own)
        return replace(found, **{name: array})

    def support(self, parameters: Any, effective_rows: Float) -> Sequence[Float]:
        """Return about how many of the rows N_k (K,) speak of each number, as (K, D) each."""
        each = np.broadcast_to(effective_rows[:, None], (len(effective_rows), self.columns))
        return [each for _ in self.numbers]

    def remarks(self, parameters: Any, columns: Sequence[str]) -> list[str]:
        """Return what a summary should say of a fit's numbers."""
        return []

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.columns

    @classmethod
    def kinds_of(cls, columns: int, settings: Mapping[str, Any]) -> list[ColumnKind]:
        """Return what cells of so many columns are, as far as settings tell."""
        return [cls.kind] * columns

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return the one kind of all columns."""
        return (self.kind,) * self.columns

    @final
    def n_free(self, n_components: int) -> int:
        """Return K D for each number that is free."""
        return n_components * self.columns * len(self.free)

    @final
    def sample(self, parameters: Any, labels: NDArray[np.intp], rng: np.random.Generator) -> Float:
        """Return one row (D,) per label."""
        return self.draw(parameters.take(labels), rng).astype(np.float64, copy=False)

    @final
    def margin(self, parameters: Any, columns: Sequence[int]) -> tuple[Self, Any]:
        """Return the family and parameters of some columns, in the order given."""
        chosen = (array[:, list(columns)] for array in self.arrays(parameters).values())
        return self.of_columns(list(columns)), self.values(*chosen)

    def of_columns(self, columns: list[int]) -> Self:
        """Return the family of some columns alone."""
        return replace(self, columns=len(columns))

    @final
    def arrays(self, parameters: Any) -> dict[str, Float]:
        """Return the numbers (K, D) by name."""
        return {number.name: getattr(parameters, number.name) for number in self.numbers}

    def title(self, n_components: int) -> str:
        """Return a line such as "Mixture of gamma densities, 3 components"."""
        return f"Mixture of {self.plural}, {component_count(n_components)}"

    @final
    def tables(
        self, parameters: Any, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return a text table of each number, and of means where they are none of these."""
        shown = {number.heading: getattr(parameters, number.name) for number in self.numbers}
        means = self.column_moments(parameters)[0]
        if not any(array is means for array in shown.values()):
            shown["Means"] = means
        cells = self.cell_names(columns)
        return [
            level_table(f"{heading} by component", cells, array, names)
            for heading, array in shown.items()
        ]

    def cell_names(self, columns: Sequence[str]) -> list[str]:
        """Return the names of the columns (D,) that have components' numbers."""
        return list(columns)

    def described(self, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return what a summary should say beside columns and numbers, as JSON can hold it."""
        return {}

    @final
    def describe(self, parameters: Any, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return columns and numbers, None where one is infinite, as JSON has no infinity."""
        arrays = self.arrays(parameters)
        return {"columns": self.cell_names(columns), **self.described(columns)} | {
            name: [
                [value if np.isfinite(value) else None for value in row] for row in array.tolist()
            ]
            for name, array in arrays.items()
        }

    @final
    def to_arrays(self, parameters: Any) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        return dict(self.arrays(parameters)), {"family": self.name, **self.settings()}

    def settings(self) -> dict[str, Any]:
        """Return what else the family was made with, as JSON can hold it."""
        return {}

    @classmethod
    @final
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple[Self, Any]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no such numbers.
        """
        given = [np.asarray(arrays[number.name], dtype=np.float64) for number in cls.numbers]
        for number, array in zip(cls.numbers, given, strict=True):
            if array.ndim != 2 or array.shape != given[0].shape:
                raise ParameterError(f"'{number.name}' should be (K, D) numbers")
            if not ((array >= 0) & (array <= number.highest)).all():
                raise ParameterError(f"'{number.name}' should lie between 0 and {number.highest:g}")
        settings = {
            name: value for name, value in document.items() if name not in ("family", "columns")
        }
        return cls(given[0].shape[1], **settings), cls.values(*given)
