"""Covariates and outcomes of classes, column by column: numbers, or categories by value."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.categories import columns_of
from mixtura.data.checks import column_label
from mixtura.data.frames import declared_categories, is_frame, values_of_series
from mixtura.data.levels import IGNORED, codes_of, levels_and_codes
from mixtura.data.plain import numbers_of_column
from mixtura.errors import DataError

__all__ = ["Variable", "as_fitted", "named_columns", "variable", "variables_of"]

Float = NDArray[np.float64]

# Numbers that span less or more have variances, or errors, beyond floating point.
RANGES = 1e-150, 1e150


@dataclass(frozen=True, slots=True)
class Variable:
    """One column.

    Attributes
    ----------
    name : what it is called
    cells : (N,) its numbers, or the number of each cell's level; NaN where one is missing
    levels : (L,) of categories, in order; none for numbers
    """

    name: str
    cells: Float
    levels: tuple[Any, ...] = ()

    def of(self, rows: NDArray[Any]) -> "Variable":
        """Return the variable in some rows, with the levels that are there.

        Raises
        ------
        DataError
            If it has one value there, or none, or is in a unit out of range.
        """
        cells = self.cells[rows]
        found, codes = np.unique(cells, return_inverse=True)
        if len(found) < 2:
            has = "has one value" if len(found) else "is missing"
            raise DataError(f"column '{self.name}' {has} in all rows that are used; leave it out")
        if not self.levels:
            if not RANGES[0] < float(found[-1]) - float(found[0]) < RANGES[1]:
                raise DataError(
                    f"the numbers of column '{self.name}' span less than {RANGES[0]:g} or more "
                    f"than {RANGES[1]:g} in the rows that are used; give them in another unit"
                )
            return Variable(self.name, cells)
        levels = tuple(self.levels[int(code)] for code in found)
        return Variable(self.name, codes.astype(np.float64), levels)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return what its columns are called in a regression."""
        return tuple(f"{self.name}={level}" for level in self.levels[1:]) or (self.name,)

    @property
    def columns(self) -> Float:
        """Return its columns in a regression: numbers, or indicators of levels but the first."""
        return self.indicators[:, 1:] if self.levels else self.cells[:, None]

    @property
    def are_numbers(self) -> bool:
        """Return whether its columns may be of any size."""
        return not self.levels

    @property
    def indicators(self) -> Float:
        """Return 1 (N, L) for the level of each row, 0 for others."""
        return (self.cells[:, None] == np.arange(len(self.levels))).astype(np.float64)


def variables_of(data: Any, what: str, letter: str, n_rows: int) -> tuple[Variable, ...]:
    """Return the columns of a frame, a series, an array or a list.

    Text, truth values and columns that a frame declares so are categories, others numbers.

    Parameters
    ----------
    what : the argument that holds them, for errors
    letter : columns without names are called by it and their place
    n_rows : how many there should be

    Raises
    ------
    DataError
        Naming the column and row of a cell that cannot be used, or the lengths that differ.
    """
    return tuple(variable(*one) for one in named_columns(data, what, letter, n_rows))


def named_columns(
    data: Any, what: str, letter: str, n_rows: int
) -> list[tuple[str, Sequence[Any], bool]]:
    """Return columns by their names, or by a letter and their places, and which are categories.

    Parameters and errors are those of `variables_of`.
    """
    named = _named(data, what, letter)
    n_given = len(named[0][1])
    if n_given != n_rows:
        raise DataError(f"{what} has {n_given} rows and X has {n_rows}; give one for each")
    return named


def _named(data: Any, what: str, letter: str) -> list[tuple[str, Sequence[Any], bool]]:
    """Return columns by their names, or by a letter and their places, and which are categories."""
    columns, names = _columns(data, what)
    called = names or tuple(f"{letter}{j}" for j in range(len(columns)))
    declared = declared_categories(data) or [False] * len(columns)
    return list(zip(called, columns, declared, strict=True))


def _columns(data: Any, what: str) -> tuple[list[Sequence[Any]], tuple[str, ...] | None]:
    series = None if is_frame(data) else values_of_series(data)
    if series is not None:
        name = getattr(data, "name", None)
        return [series], (name,) if isinstance(name, str) and name else None
    if not is_frame(data):
        array = data if isinstance(data, np.ndarray) else np.array(data, dtype=object)
        data = array[:, None] if array.ndim == 1 else data
    return columns_of(data, what)


def variable(name: str, column: Sequence[Any], declared: bool) -> Variable:
    """Return a column, of categories where that is declared or cells say so, else of numbers.

    Raises
    ------
    DataError
        Naming the row of a cell that cannot be used.
    """
    label = column_label((name,), 0)
    if not declared:
        _check_alike(label, column)
    if declared or any(isinstance(cell, (str, bool, np.bool_)) for cell in column):
        levels, codes = levels_and_codes(column, label)
        return Variable(name, np.where(codes < 0, np.nan, codes), levels)
    cells = numbers_of_column(column, label, "leave it out, or turn it into numbers")
    if np.isinf(cells).any():
        row = int(np.isinf(cells).argmax())
        raise DataError(f"{label} holds infinity at row {row} (counted from 0); mend the cell")
    return Variable(name, cells)


def _check_alike(label: str, column: Sequence[Any]) -> None:
    """Raise `DataError` for text among numbers, which would make a category of each."""
    text = [isinstance(cell, str) for cell in column]
    plain = [isinstance(cell, Real) and not isinstance(cell, bool) for cell in column]
    if any(text) and any(one and cell == cell for one, cell in zip(plain, column, strict=True)):
        row = text.index(True)
        raise DataError(
            f"{label} holds {column[row]!r} at row {row} (counted from 0) and numbers in others; "
            "mend the cell, or turn all into text or a type of categories"
        )


def as_fitted(data: Any, fitted: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Variable]:
    """Return covariates by the names and levels of a fit.

    Parameters
    ----------
    fitted : name and levels of each

    Raises
    ------
    DataError
        If one is not there or of another kind, has a level that the fit had not, or lacks a cell.
    """
    given = {name: (column, declared) for name, column, declared in _named(data, "covariates", "x")}
    found = []
    for name, levels in fitted:
        if name not in given:
            raise DataError(f"there is no covariate '{name}'; those given are {', '.join(given)}")
        one = variable(name, *given[name])
        if bool(levels) != bool(one.levels):
            raise DataError(
                f"covariate '{name}' was {'categories' if levels else 'numbers'} in the fit"
            )
        if levels:
            try:
                codes = codes_of(given[name][0], levels, column_label((name,), 0))
            except DataError as error:
                said = str(error).replace(IGNORED, "Leave such rows out")
                raise DataError(said) from error
            one = Variable(name, np.where(codes < 0, np.nan, codes), levels)
        if np.isnan(one.cells).any():
            row = int(np.isnan(one.cells).argmax())
            raise DataError(f"covariate '{name}' is missing at row {row} (counted from 0)")
        found.append(one)
    return found
