"""Formulas of regressions: a response on the left, terms on the right, read from a frame."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.covariates.asked import Covariates, FittedCovariates, covariates_of
from mixtura.covariates.design import Covariate
from mixtura.covariates.formulas import QUOTED, Formula
from mixtura.covariates.kept_formulas import document_of, revived_covariates
from mixtura.data.categories import columns_of
from mixtura.data.checks import row_weights
from mixtura.data.frames import is_frame
from mixtura.errors import DataError, ParameterError
from mixtura.regressions.left_side import (
    harmless_response,
    names_told,
    responses_of,
    rows_of_frame,
    sides_of,
)

__all__ = [
    "INTERCEPT",
    "FormulaTerms",
    "Given",
    "named_in",
    "names_read",
    "terms_by_formula",
    "with_intercept",
]

Float = NDArray[np.float64]

INTERCEPT = "intercept"

# A dot that stands alone.
EVERY = re.compile(r"(?<![\w.)\]`])\.(?![\w.`])")


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
        if not set(names_told(self.response)) <= there:
            return None
        return responses_of(self.response, data)

    def document(self) -> dict[str, Any]:
        """Return it as JSON holds it.

        Raises
        ------
        ParameterError
            If it has code that `revived` would not evaluate.
        """
        return {
            "text": self.text,
            "response": harmless_response(self.response),
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
            harmless_response(str(document["response"])),
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
    formula = _terms_of(right, response, columns_of(data)[1] or ())
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
    return found, design, responses_of(response, data) if response else y


def with_intercept(design: NDArray[Any], has_intercept: bool) -> Float:
    """Return terms (N, p) after ones, where there are to be any."""
    ones = np.ones((len(design), int(has_intercept)))
    return np.hstack([ones, np.asarray(design, dtype=np.float64)])


def named_in(text: str, columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that a formula's terms need, and those of its response.

    Parameters
    ----------
    columns : those there are, for a dot

    Raises
    ------
    ParameterError
        If it is no formula.
    """
    response, right = sides_of(text)
    return _terms_of(right, response, columns).names, names_told(response)


def names_read(model: Any) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the columns that a fitted regressor needs for predictions, and those of its response.

    None where columns have no names.
    """
    weights = () if model.concomitant_ is None else model.concomitant_.names
    if model.formula_ is not None:
        terms = dict.fromkeys((*model.formula_.names, *weights))
        return tuple(terms), names_told(model.formula_.response)
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else (tuple(dict.fromkeys((*names.tolist(), *weights))), ())


def _terms_of(right: str, response: str, columns: Sequence[str]) -> Formula:
    """Return the right side, with all columns but those of the response in place of a dot."""
    if EVERY.search(QUOTED.sub("`", right)):
        told = names_told(response)
        others = " + ".join(f"`{name}`" for name in columns if name not in told)
        right = EVERY.sub(lambda _: f"({others})", right)
    return Formula.of(right, without_intercept=True)


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
