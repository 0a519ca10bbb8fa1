"""Formulas of regressions: a response on the left, terms on the right, read from a frame."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.covariates.asked import Covariates, FittedCovariates, covariates_of, outcomes_of
from mixtura.covariates.design import Covariate
from mixtura.covariates.formulas import QUOTED, Formula, names_in
from mixtura.covariates.harmless import check_harmless
from mixtura.covariates.kept_formulas import document_of, revived_covariates
from mixtura.covariates.variables import Variable
from mixtura.data.categories import columns_of
from mixtura.data.checks import row_weights
from mixtura.data.frames import is_frame
from mixtura.errors import DataError, ParameterError

__all__ = ["INTERCEPT", "FormulaTerms", "Given", "sides_of", "terms_by_formula", "with_intercept"]

Float = NDArray[np.float64]

INTERCEPT = "intercept"

# Successes and failures, as R has them.
BOUND = re.compile(r"\s*cbind\((.*)\)\s*", re.DOTALL)
# A dot that stands alone.
EVERY = re.compile(r"(?<![\w.)\]`])\.(?![\w.`])")
NAME = re.compile(r"\s*(\w+|`[^`]+`)\s*")


@dataclass(frozen=True, slots=True, eq=False)
class FormulaTerms:
    """How rows are read by a formula, as those of a fit were.

    Attributes
    ----------
    text : the formula
    response : its left side, empty where there is none
    covariates : how its columns are read, None where there are none
    has_intercept : whether the terms begin with one
    labels : what the terms but the intercept are called
    columns : places among the labels that a term of the formula has
    """

    text: str
    response: str
    covariates: FittedCovariates | None
    has_intercept: bool
    labels: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(
        cls,
        text: str,
        response: str,
        covariates: FittedCovariates | None,
        terms: list[tuple[str, tuple[str, ...]]],
        *,
        has_intercept: bool,
    ) -> Self:
        """Return what a formula says whose terms, by name, have these labels."""
        labels: list[str] = []
        columns: dict[str, tuple[int, ...]] = {}
        for name, own in terms:
            columns[name] = tuple(range(len(labels), len(labels) + len(own)))
            labels += own
        return cls(text, response, covariates, has_intercept, tuple(labels), columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns that are read, but those of the response."""
        return () if self.covariates is None else tuple(n for n, _ in self.covariates.columns)

    def design(self, data: Any) -> Float:
        """Return the terms (N, p) of a frame's rows.

        Raises
        ------
        DataError
            If a column is not there, a cell is missing, or a level was not in the fit.
        """
        n_rows = rows_of_frame(data, self.text)
        read = [] if self.covariates is None else list(self.covariates.of(data))
        if tuple(label for one in read for label in one.labels) != self.labels:
            raise DataError(
                f"the formula '{self.text}' has other terms for these rows than in the fit: "
                "formulaic reads it in another way; fit the model again"
            )
        return _joined(read, n_rows, has_intercept=self.has_intercept)

    def responses(self, data: Any) -> Float | None:
        """Return responses (N,), or (N, 2) of successes and failures; None without their columns.

        Raises
        ------
        DataError
            If they cannot be used.
        """
        if not self.response or not is_frame(data):
            return None
        there = set(columns_of(data)[1] or ())
        if not set(Formula.of(_bound(self.response)).names) <= there:
            return None
        return _responses(self.response, data)

    def document(self) -> dict[str, Any]:
        """Return it as JSON holds it.

        Raises
        ------
        ParameterError
            If it has code that `revived` would not evaluate.
        """
        return {
            "text": self.text,
            "response": _harmless(self.response),
            "covariates": None if self.covariates is None else document_of(self.covariates),
            "has_intercept": self.has_intercept,
            "terms": [
                [name, [self.labels[place] for place in places]]
                for name, places in self.columns.items()
            ],
        }

    @classmethod
    def revived(cls, document: Mapping[str, Any]) -> Self:
        """Return what `document` described.

        Raises
        ------
        ParameterError
            If it has code that is not evaluated.
        """
        described = document["covariates"]
        terms = [
            (str(name), tuple(str(label) for label in labels)) for name, labels in document["terms"]
        ]
        return cls.of(
            str(document["text"]),
            _harmless(str(document["response"])),
            None if described is None else revived_covariates(described),
            terms,
            has_intercept=bool(document["has_intercept"]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a fit is given.

    Attributes
    ----------
    design : (N, p) terms, the intercept first where there is one
    labels : what they are called, but the intercept
    names : of the columns that are read, or None where they have none
    y : responses, not checked
    formula : that says so, or None
    """

    design: Float
    labels: tuple[str, ...]
    names: tuple[str, ...] | None
    y: Any
    formula: FormulaTerms | None


def sides_of(text: str) -> tuple[str, str]:
    """Return the response and the terms of a formula, the response empty where there is none."""
    plain = re.sub("`[^`]*`", lambda found: "_" * len(found[0]), text)
    place = plain.find("~")
    return (text[:place].strip(), text[place + 1 :].strip()) if place >= 0 else ("", text.strip())


def terms_by_formula(
    text: Any, data: Any, y: Any, sample_weight: ArrayLike | None
) -> tuple[FormulaTerms, Float, Any]:
    """Return a formula as it is told by rows of weight, the terms (N, p), and the responses.

    Rows without weight have zeros for terms.

    Raises
    ------
    ParameterError
        If it is no formula, or says what y says too.
    DataError
        If columns are not there, or cells cannot be used.
    """
    if not isinstance(text, str):
        raise ParameterError(f"formula should be a text such as 'y ~ x + C(g)', not {text!r}")
    response, right = sides_of(text)
    n_rows = rows_of_frame(data, text)
    if response and y is not None:
        raise ParameterError(
            f"the formula '{text}' says what the response is, and y was given too; leave one out"
        )
    if not response and y is None:
        raise ParameterError(
            f"the formula '{text}' has no left side, and y was not given; write 'y ~ ...' or give y"
        )
    weights = row_weights(sample_weight, n_rows)
    rows = np.arange(n_rows) if weights is None else np.flatnonzero(weights > 0)
    formula = Formula.of(_spelled_out(right, response, data), without_intercept=True)
    read, terms = None, []
    if formula.names:
        asked = covariates_of(formula, data, n_rows)
        _check_complete(asked, rows)
        read, terms = asked.of(rows).fitted()
    elif not formula.has_intercept:
        raise ParameterError(f"the formula '{text}' has no term; name a column")
    found = FormulaTerms.of(
        text,
        response,
        read,
        [(one.name, tuple(one.labels)) for one in terms],
        has_intercept=formula.has_intercept,
    )
    design = np.zeros((n_rows, len(found.labels) + found.has_intercept))
    design[rows] = _joined(list(terms), len(rows), has_intercept=found.has_intercept)
    return found, design, _responses(response, data) if response else y


def with_intercept(design: NDArray[Any], has_intercept: bool) -> Float:
    """Return terms (N, p) after ones, where there are to be any."""
    ones = np.ones((len(design), int(has_intercept)))
    return np.hstack([ones, np.asarray(design, dtype=np.float64)])


def rows_of_frame(data: Any, text: str) -> int:
    """Return how many rows a frame has.

    Raises
    ------
    DataError
        If it is no frame with names.
    """
    if not is_frame(data):
        raise DataError(
            f"the formula '{text}' is about named columns, and X has none; give a data frame"
        )
    return len(columns_of(data)[0][0])


def _spelled_out(right: str, response: str, data: Any) -> str:
    """Return the right side with all columns but those of the response in place of a dot."""
    if not EVERY.search(QUOTED.sub("`", right)):
        return right
    told = Formula.of(_bound(response)).names if response else ()
    others = [f"`{name}`" for name in columns_of(data)[1] or () if name not in told]
    return EVERY.sub(lambda _: f"({' + '.join(others)})", right)


def _joined(terms: list[Covariate], n_rows: int, *, has_intercept: bool) -> Float:
    columns = [one.columns for one in terms]
    return with_intercept(np.column_stack([np.empty((n_rows, 0)), *columns]), has_intercept)


def _check_complete(asked: Covariates, rows: NDArray[np.intp]) -> None:
    for one in asked.variables:
        gaps = np.flatnonzero(np.isnan(one.cells[rows]))
        if len(gaps):
            raise DataError(
                f"column '{one.name}' is missing at row {rows[gaps[0]]} (counted from 0); leave "
                "such rows out"
            )


def _harmless(response: str) -> str:
    """Return a left side of which all that is evaluated may come from a file."""
    for part in _parts(response):
        if not NAME.fullmatch(part):
            code = QUOTED.sub("column", part).strip()
            check_harmless(code, {"column", *names_in(response, code)})
    return response


def _bound(response: str) -> str:
    """Return the left side as formulaic has it: its parts, of two of cbind, added."""
    parts = _parts(response)
    return " + ".join(part if NAME.fullmatch(part) else f"I({part})" for part in parts)


def _parts(response: str) -> list[str]:
    """Return the left side, or of cbind what commas separate that are in no parentheses."""
    both = BOUND.fullmatch(response)
    if both is None:
        return [response] if response else []
    depth, parts = 0, [""]
    for letter in both[1]:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _responses(response: str, data: Any) -> Float:
    found = outcomes_of(_bound(response), data, rows_of_frame(data, response))
    both = BOUND.fullmatch(response) is not None
    if len(found) != 1 + both:
        raise ParameterError(
            f"'{response}' is no response: write a column, a number made of some such as log(y), "
            "or of binomials cbind(successes, failures)"
        )
    columns = [_numbers(one) for one in found]
    return np.column_stack(columns) if both else columns[0]


def _numbers(variable: Variable) -> Float:
    """Return the numbers of a response; of truth values 0 and 1."""
    if not variable.levels:
        return variable.cells
    if not all(isinstance(level, (bool, np.bool_)) for level in variable.levels):
        raise DataError(
            f"response '{variable.name}' holds categories such as {variable.levels[0]!r}; a "
            "response is a number, or of a binomial also a truth value"
        )
    values = np.append(np.array(variable.levels, dtype=np.float64), np.nan)
    codes = np.where(np.isnan(variable.cells), -1, variable.cells).astype(np.intp)
    return values[codes]
