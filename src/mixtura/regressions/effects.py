"""Partial effects: what each regression makes of one column, all others at their middle."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mixtura.arrays import lengths
from mixtura.covariates.variables import Variable, variable
from mixtura.data.categories import columns_of
from mixtura.data.frames import declared_categories, is_frame
from mixtura.doors import Plotted
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture
from mixtura.regressions.standard_errors import RegressionErrors
from mixtura.text import Tabled

__all__ = ["PartialEffects", "bands_of", "check_errors", "varied"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PartialEffects(Plotted, Tabled):
    """Means of responses along one column, with bands of their lines.

    Attributes
    ----------
    column : its name
    values : (G,) numbers from the least to the largest, or the levels
    means, lower, upper : (G, K) of each component, and how surely they are known
    level : of the bands
    names : (K,) what the components are called
    """

    column: str
    values: NDArray[Any]
    means: Float
    lower: Float
    upper: Float
    level: float
    names: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<PartialEffects of '{self.column}' in {len(self.names)} components>"

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each component and value."""
        return [
            {
                "component": name,
                self.column: value,
                "mean": float(self.means[row, k]),
                "lower": float(self.lower[row, k]),
                "upper": float(self.upper[row, k]),
            }
            for k, name in enumerate(self.names)
            for row, value in enumerate(self.values.tolist())
        ]


def varied(
    X: Any, column: Any, read: tuple[str, ...] | None, points: int
) -> tuple[Any, NDArray[Any]]:
    """Return rows in which one column goes from end to end and others stand still, and its values.

    Numbers stand at their mean, categories at the level that most rows have.

    Parameters
    ----------
    X : (N, D) rows of the columns that were fitted
    column : its name, or its place where columns have no names
    read : names of the columns that are read, None for all
    points : how many numbers are taken

    Raises
    ------
    ParameterError
        If there is no such column.
    """
    columns, names = columns_of(X)
    declared = (declared_categories(X) if is_frame(X) else None) or [False] * len(columns)
    labels: list[Any] = list(range(len(columns)) if names is None else names)
    wanted = labels if read is None else list(read)
    if column not in wanted:
        raise ParameterError(
            f"there is no column {column!r}; those that are read are {', '.join(map(str, wanted))}"
        )
    told = {
        label: variable(str(label), cells, is_category)
        for label, cells, is_category in zip(labels, columns, declared, strict=True)
        if label in wanted
    }
    values = _values(told[column], points)
    rows = {
        label: values if label == column else [_middle(one)] * len(values)
        for label, one in told.items()
    }
    if names is None:
        return np.column_stack([np.asarray(rows[label], float) for label in labels]), values
    backend = nw.from_native(X).implementation
    made = nw.from_dict({name: np.array(cells) for name, cells in rows.items()}, backend=backend)
    return made.to_native(), values


def _values(one: Variable, points: int) -> NDArray[Any]:
    if one.levels:
        return np.array(one.levels)
    return np.linspace(np.nanmin(one.cells), np.nanmax(one.cells), points)


def _middle(one: Variable) -> Any:
    if not one.levels:
        return float(np.nanmean(one.cells))
    counts = Counter(one.cells[~np.isnan(one.cells)].astype(int).tolist())
    return one.levels[min(counts, key=lambda place: (-counts[place], place))]


def check_errors(errors: Any, mixture: Mixture) -> None:
    """Raise `ParameterError` where standard errors are not those of the coefficients here."""
    if not isinstance(errors, RegressionErrors):
        raise ParameterError(
            f"errors should be what `errors` returns of the rows that were fitted, not {errors!r}"
        )
    coefficients: Any = mixture.parameters
    if not np.array_equal(errors.coefficients, coefficients.coefficients):
        raise ParameterError(
            "errors are of another fit, as their coefficients are not those of this one; give what "
            "its own `errors` returns"
        )


def bands_of(
    design: Float, coefficients: Float, roots: Float, level: float
) -> tuple[Float, Float, Float]:
    """Return linear predictors (G, K) and the ends of their intervals.

    Parameters
    ----------
    design : (G, p)
    coefficients : (K, p)
    roots : (K p, q) as in `RegressionErrors`
    """
    k, p = coefficients.shape
    eta = design @ coefficients.T
    moved = (design @ roots.reshape(k, p, -1)).reshape(k * len(design), -1)
    spread = lengths(moved).reshape(k, -1).T
    away = float(ndtri(0.5 * (1.0 + level))) * spread
    return eta, eta - away, eta + away
