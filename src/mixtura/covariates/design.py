"""Covariates as the columns of a regression, of unit size inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.errors import DataError

__all__ = ["INTERCEPT", "Covariate", "Design", "design_of", "intercept_alone", "raw_columns"]

Float = NDArray[np.float64]

INTERCEPT = "intercept"

# A column whose part that others do not explain is smaller than this, of its own size.
COLLINEAR = 1e-7


class Covariate(Protocol):
    """A covariate as columns (N, P) of a regression, and what they are called."""

    @property
    def name(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def columns(self) -> Float: ...

    @property
    def are_numbers(self) -> bool:
        """Return whether columns may be of any size."""
        ...


@dataclass(frozen=True, slots=True)
class Design:
    """The columns of a regression.

    Attributes
    ----------
    terms : (P,) the intercept, numbers by name, and the levels of categories but the first
    owners : (P,) which covariate each is of; -1 for the intercept
    columns : (N, P) with numbers at mean 0 and size 1
    back : (P, P) takes coefficients of these to those of the user's
    """

    terms: tuple[str, ...]
    owners: NDArray[np.intp]
    columns: Float
    back: Float


def raw_columns(covariates: Sequence[Covariate]) -> Float:
    """Return ones, numbers as they are, and indicators of levels but the first (N, P)."""
    columns = [one.columns for one in covariates]
    return np.column_stack([np.ones(len(columns[0])), *columns])


def design_of(covariates: Sequence[Covariate], weights: Float) -> Design:
    """Return the design of covariates without missing cells.

    Raises
    ------
    DataError
        Naming a column that the columns before it determine.
    """
    terms, owners = [INTERCEPT], [-1]
    for place, one in enumerate(covariates):
        terms, owners = [*terms, *one.labels], owners + [place] * len(one.labels)
    raw = raw_columns(covariates)
    means = np.average(raw, axis=0, weights=weights)
    spreads = np.sqrt(np.average((raw - means) ** 2, axis=0, weights=weights))
    numbers = np.array([owner >= 0 and covariates[owner].are_numbers for owner in owners])
    shift, scale = np.where(numbers, means, 0.0), np.where(numbers, spreads, 1.0)
    back = np.diag(1.0 / scale)
    back[0, 1:] = -shift[1:] / scale[1:]
    design = Design(tuple(terms), np.array(owners), (raw - shift) / scale, back)
    _check_independent(design)
    return design


def intercept_alone(n_rows: int) -> Design:
    """Return the design of no covariates."""
    return Design((INTERCEPT,), np.array([-1]), np.ones((n_rows, 1)), np.eye(1))


def _check_independent(design: Design) -> None:
    columns = design.columns / np.linalg.norm(design.columns, axis=0)
    own = np.abs(np.diag(np.linalg.qr(columns, mode="r")))
    fewer = len(columns) < len(design.terms)
    if fewer or own.min() < COLLINEAR:
        name = design.terms[len(columns) if fewer else int(own.argmin())]
        raise DataError(
            f"covariate '{name}' is determined by those before it, in the rows that are used; "
            "leave one of them out"
        )
