"""Covariates and outcomes as they are asked for: as columns, by names in a frame, or by formula."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.covariates.design import Covariate
from mixtura.covariates.formulas import FittedFormula, Formula, Term
from mixtura.covariates.variables import Variable, as_fitted, named_columns, variable, variables_of
from mixtura.errors import DataError, ParameterError

__all__ = ["Covariates", "FittedCovariates", "covariates_of", "outcomes_of"]


@dataclass(frozen=True, slots=True)
class FittedCovariates:
    """How the covariates of other rows are read, as those of a fit were.

    Attributes
    ----------
    columns : name and levels of each
    formula : whose terms they make, or None where each is one
    """

    columns: tuple[tuple[str, tuple[Any, ...]], ...]
    formula: FittedFormula | None

    def of(self, data: Any) -> Sequence[Covariate]:
        """Return the covariates of rows.

        Raises
        ------
        DataError
            If one is not there, a cell is missing, or a level was not in the fit.
        """
        variables = as_fitted(data, self.columns)
        return variables if self.formula is None else self.formula.of(variables)


@dataclass(frozen=True, slots=True)
class Covariates:
    """Columns of covariates.

    Attributes
    ----------
    variables : the columns
    formula : whose terms they make, or None where each is one
    """

    variables: tuple[Variable, ...]
    formula: Formula | None

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Return which rows (N,) have all of them."""
        return np.logical_and.reduce([~np.isnan(one.cells) for one in self.variables])

    def of(self, rows: NDArray[Any]) -> "Covariates":
        """Return those of some rows, with the levels that are there.

        Raises
        ------
        DataError
            If one has one value there, or none, or is in a unit out of range.
        """
        return replace(self, variables=tuple(one.of(rows) for one in self.variables))

    def fitted(self) -> tuple[FittedCovariates, Sequence[Covariate]]:
        """Return how those of other rows are read, and what stands in the regression.

        Raises
        ------
        DataError
            If a term of the formula cannot be computed, or has one value.
        """
        columns = tuple((one.name, one.levels) for one in self.variables)
        if self.formula is None:
            return FittedCovariates(columns, None), self.variables
        fitted, terms = self.formula.fitted(self.variables)
        return FittedCovariates(columns, fitted), terms


def covariates_of(asked: Any, data: Any, n_rows: int) -> Covariates:
    """Return covariates as they are asked for.

    Parameters
    ----------
    asked : columns; or, with data, a formula, as text or read already, or names
    data : the frame that has them, or None
    n_rows : how many there should be

    Raises
    ------
    ParameterError
        If it is no formula, or of a formula and its frame one is not given.
    DataError
        Naming what the frame lacks, or the column and row of a cell that cannot be used.
    """
    if data is None:
        _check_given(asked, "covariates")
        return Covariates(variables_of(asked, "covariates", "x", n_rows), None)
    formula = Formula.of(asked) if isinstance(asked, str) else asked
    if not isinstance(formula, Formula):
        columns = _columns(data, _names(asked, "covariates"), n_rows, asked)
        return Covariates(tuple(variable(*one) for one in columns), None)
    columns = _columns(data, formula.names, n_rows, formula.text)
    return Covariates(tuple(variable(*one) for one in columns), formula)


def outcomes_of(asked: Any, data: Any, n_rows: int) -> tuple[Variable, ...]:
    """Return outcomes as they are asked for; of a formula each term is one.

    Parameters and errors are those of `covariates_of`.
    """
    if data is None:
        _check_given(asked, "distal")
        return variables_of(asked, "distal", "y", n_rows)
    if not isinstance(asked, str):
        columns = _columns(data, _names(asked, "distal"), n_rows, asked)
        return tuple(variable(*one) for one in columns)
    terms = [term for term in Formula.of(asked).terms if str(term) != "1"]
    return tuple(_outcome(term, data, n_rows, asked) for term in terms)


def _outcome(term: Any, data: Any, n_rows: int, text: str) -> Variable:
    """Return what a term is, missing where one of its columns is."""
    code = ":".join(factor.expr for factor in term.factors)
    if len(term.factors) == 1 and term.factors[0].eval_method.value == "lookup":
        return variable(*_columns(data, (code,), n_rows, text)[0])
    formula = Formula.of(code)
    columns = _columns(data, formula.names, n_rows, text)
    if code in (f"C({columns[0][0]})", f"C(`{columns[0][0]}`)"):
        name, cells, _ = columns[0]
        return variable(name, cells, True)
    used = Covariates(tuple(variable(*one) for one in columns), formula)
    present = used.complete
    _, (found, *_) = formula.fitted(used.of(present).variables)
    if len(term.factors) != 1 or found.columns.shape[1] != 1:
        raise ParameterError(
            f"'{code}' in the outcomes '{text}' is not one number; an outcome is a column, a "
            "number made of some, or C(column) for categories"
        )
    return Variable(code, _spread(found, present))


def _spread(term: Term, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    cells = np.full(len(rows), np.nan)
    cells[rows] = term.columns[:, 0]
    return cells


def _columns(
    data: Any, names: Sequence[str], n_rows: int, asked: Any
) -> list[tuple[str, Sequence[Any], bool]]:
    """Return the columns of a frame that are named, in its order.

    Raises
    ------
    DataError
        Naming the first that is not there.
    """
    given = named_columns(data, "data", "x", n_rows)
    called = [name for name, *_ in given]
    for name in names:
        if name not in called:
            said = f"the formula '{asked}' names" if isinstance(asked, str) else "there is named"
            raise DataError(
                f"{said} '{name}', which is no column of data; those are {', '.join(called)}"
            )
    if not names:
        raise ParameterError(f"the formula '{asked}' names no column; name one")
    return [one for one in given if one[0] in names]


def _names(asked: Any, what: str) -> Sequence[str]:
    if isinstance(asked, (list, tuple)) and asked and all(isinstance(one, str) for one in asked):
        return asked
    raise ParameterError(
        f"data has the columns of a formula or of a list of names, and {what} is neither; give one "
        "of these, or leave data out"
    )


def _check_given(asked: Any, what: str) -> None:
    if isinstance(asked, str):
        raise ParameterError(
            f"{what}='{asked}' is a formula, whose columns are in a frame; give it as data"
        )
