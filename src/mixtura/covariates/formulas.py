"""Formulas of covariates: factors, interactions, splines, as formulaic writes them."""

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.covariates.harmless import NO_PYTHON
from mixtura.covariates.variables import RANGES, Variable
from mixtura.errors import DataError, ParameterError

__all__ = [
    "FittedFormula",
    "Formula",
    "Term",
    "check_installed",
    "looks_like_formula",
    "names_in",
]

Float = NDArray[np.float64]

# What no list of names has, unless columns are called so.
SIGNS = re.compile(r"[~+*:(^`]")
QUOTED = re.compile("`([^`]+)`")
# Interactions of more variables than there ever are take for ever.
POWER, HIGHEST = re.compile(r"(?:\*\*|\^)\s*(\d+)"), 20
# What R has in a formula for that, and formulaic has not.
OFFSET = re.compile(r"\boffset\s*\(")
# Levels that are whole numbers are read as floating ones.
WHOLE = re.compile(r"\[((?:\w+\.)?-?\d+)\.0\]")


def looks_like_formula(text: str) -> bool:
    """Return whether a text is a formula, and not names separated by commas."""
    return SIGNS.search(text) is not None


@dataclass(frozen=True, slots=True)
class Term:
    """What a term of a formula is in each row.

    Attributes
    ----------
    name : as the formula has it
    labels : (P,) what its columns are called
    columns : (N, P)
    """

    name: str
    labels: tuple[str, ...]
    columns: Float

    @property
    def are_numbers(self) -> bool:
        """Return whether columns may be of any size."""
        return True


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula such as "age + C(sex)", whose intercept is understood.

    Attributes
    ----------
    text : as it was given
    terms : of formulaic, with the intercept
    names : of the columns that it needs
    """

    text: str
    terms: Any
    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str, *, without_intercept: bool = False) -> "Formula":
        """Return what a text says.

        Parameters
        ----------
        without_intercept : whether it may leave the intercept out

        Raises
        ------
        ParameterError
            If it is no formula of covariates, or formulaic is not installed.
        """
        check_installed(text)
        high = [each for each in POWER.findall(QUOTED.sub("", text)) if int(each) > HIGHEST]
        if high:
            raise ParameterError(
                f"'{text}' asks for a power of {high[0]}, interactions of so many variables; "
                f"write one up to {HIGHEST}"
            )
        import formulaic
        from formulaic.errors import FormulaicError

        try:
            terms = formulaic.Formula.from_spec(text)
        except (FormulaicError, SyntaxError) as error:
            raise ParameterError(
                f"'{text}' is no formula ({_first_line(error)}); write 'age + C(sex)' or the like, "
                "names with spaces or signs in backticks"
            ) from error
        if not isinstance(terms, formulaic.SimpleFormula):
            raise ParameterError(
                f"'{text}' has two sides or parts; give the covariates alone: 'age + C(sex)'"
            )
        if not without_intercept and "1" not in map(str, terms):
            raise ParameterError(
                f"'{text}' leaves the intercept out, which each class has; write it without 0 + "
                "and - 1"
            )
        if OFFSET.search(QUOTED.sub("", text)):
            raise ParameterError(
                f"'{text}' has an offset, which has no coefficient and is no term here; leave it "
                "out, and give it beside the formula, as the offset, or as the exposure whose "
                "logarithm it is"
            )
        return cls(text, terms, tuple(dict.fromkeys(_names_of(text, terms))))

    @property
    def has_intercept(self) -> bool:
        """Return whether it has one."""
        return "1" in map(str, self.terms)

    def fitted(self, variables: Sequence[Variable]) -> tuple["FittedFormula", list[Term]]:
        """Return the formula as it is told by some rows, and its terms there.

        Parameters
        ----------
        variables : its columns, without missing cells

        Raises
        ------
        DataError
            If a term cannot be computed, has one value, or is in a unit out of range.
        """
        matrix = _matrix(self.terms, self.text, variables)
        fitted, terms = FittedFormula(self.text, matrix.model_spec), _parted(matrix)
        if not terms:
            raise ParameterError(f"the formula '{self.text}' names no covariate; name one")
        for one in terms:
            low, high = one.columns.min(axis=0), one.columns.max(axis=0)
            for label, span in zip(one.labels, high - low, strict=True):
                if not RANGES[0] < span < RANGES[1]:
                    said = "has one value" if span == 0 else "is in a unit out of range"
                    raise DataError(
                        f"'{label}' of the formula '{self.text}' {said} in all rows that are used; "
                        "leave it out or write it otherwise"
                    )
        return fitted, terms


@dataclass(frozen=True, slots=True)
class FittedFormula:
    """A formula with the levels, knots and means of the rows of a fit.

    Attributes
    ----------
    text : as it was given
    spec : of formulaic
    """

    text: str
    spec: Any

    def of(self, variables: Sequence[Variable]) -> list[Term]:
        """Return the terms of other rows, of the same columns.

        Raises
        ------
        DataError
            If a term cannot be computed there.
        """
        return _parted(_matrix(self.spec, self.text, variables))


def check_installed(text: str) -> None:
    """Raise `ParameterError` where a formula cannot be read, as formulaic is not installed."""
    if find_spec("formulaic") is None:
        raise ParameterError(
            f"the formula '{text}' needs formulaic; install it: pip install 'mixtura[formula]'"
        )


def _parted(matrix: Any) -> list[Term]:
    """Return the columns of a model matrix by the terms that they are of, but the intercept."""
    names = [WHOLE.sub(r"[\1]", name) for name in matrix.model_spec.column_names]
    cells = np.asarray(matrix, dtype=np.float64)
    return [
        Term(str(term), tuple(names[j] for j in places), cells[:, places])
        for term, places in matrix.model_spec.term_indices.items()
        if str(term) != "1" and places
    ]


def _matrix(source: Any, text: str, variables: Sequence[Variable]) -> Any:
    """Return the model matrix of a formula, or of one that was fitted, all of it finite."""
    import pandas as pd
    from formulaic.errors import DataMismatchWarning

    frame = pd.DataFrame({one.name: _column(one) for one in variables})
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        try:
            matrix = source.get_model_matrix(frame, context={}, na_action="ignore", output="pandas")
        except Exception as error:  # A formula is code of the user's, which may raise anything.
            raise DataError(
                f"the formula '{text}' cannot be computed ({_first_line(error)}); mend it, or the "
                "cells"
            ) from error
    wild = ~np.isfinite(np.asarray(matrix, dtype=np.float64))
    if wild.any():
        row, j = np.argwhere(wild)[0]
        cells = ", ".join(f"{name} = {frame[name].iloc[row]}" for name in frame.columns)
        raise DataError(
            f"'{matrix.columns[j]}' of the formula '{text}' is no finite number where {cells}; "
            "leave such rows out, or write it otherwise"
        )
    return matrix


def _column(variable: Variable) -> Any:
    import pandas as pd

    if not variable.levels:
        return variable.cells
    codes = variable.cells.astype(np.intp)
    return pd.Categorical.from_codes(codes, categories=list(variable.levels))  # pyright: ignore[reportArgumentType]


def _names_of(text: str, terms: Any) -> list[str]:
    """Return the names of the columns that terms need."""
    from formulaic.transforms import TRANSFORMS

    found: list[str] = []
    for factor in (factor for term in terms for factor in term.factors):
        if factor.eval_method.value == "lookup":
            found.append(factor.expr)
        elif factor.eval_method.value == "python":
            found += QUOTED.findall(factor.expr)
            found += [name for name in names_in(text, factor.expr) if name not in TRANSFORMS]
    return found


def names_in(text: str, code: str) -> list[str]:
    """Return the names in Python code but those of functions, in order."""
    try:
        tree = ast.parse(QUOTED.sub("0", code).strip("{} "), mode="eval")
    except NO_PYTHON as error:
        raise ParameterError(
            f"'{code[:80]}' in the formula '{text[:80]}' is no Python ({_first_line(error)}); "
            "mend it"
        ) from error
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return [node.id for node in names if id(node) not in called]


def _first_line(error: BaseException) -> str:
    return (str(error).strip().split("\n")[0] or type(error).__name__).rstrip(".")
