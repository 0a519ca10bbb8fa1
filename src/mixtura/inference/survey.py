"""Survey designs: what rows were drawn with, and how far estimates from them vary.

A row of a sample with unequal chances stands for as many people as its weight says, but is one
answer: Σ w log f is a pseudo-likelihood, whose maximum is consistent and whose curvature says
nothing of its error. That is by linearisation (Binder 1983): with the scores w s summed over each
cluster c of stratum h, A⁻¹ [Σ_h n_h / (n_h - 1) Σ_c (s_hc - s̄_h)(s_hc - s̄_h)ᵀ] A⁻¹.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data.checks import row_weights
from mixtura.data.frames import is_frame, values_of_series
from mixtura.data.levels import Labels, levels_and_codes
from mixtura.errors import DataError, ParameterError

__all__ = ["Sampling", "SurveyDesign", "sampling_of"]

Float = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class SurveyDesign:
    """How the rows of a survey were drawn.

    Parameters
    ----------
    weights : (N,) sampling weights, one over the chance of a row to be drawn, in any unit: they
        are brought to mean 1, so that n is the number of rows
    strata : (N,) values, alike for rows of one stratum
    clusters : (N,) values, alike for rows that were drawn together, within their stratum; without
        it every row was drawn by itself
    """

    weights: Any = None
    strata: Any = None
    clusters: Any = None


@dataclass(frozen=True, eq=False)
class Sampling:
    """Row weights, and what the sum of weighted scores varies by.

    Attributes
    ----------
    weights : (N,)
    clusters : (N,) the number of each row's cluster; None where a weight is so many rows
    strata : (C,) the number of each cluster's stratum, also of those without rows here
    """

    weights: Float
    clusters: Codes | None = None
    strata: Codes | None = None

    def of(self, rows: NDArray[Any]) -> "Sampling":
        """Return that of some rows, by truth values or places: clusters stay those drawn."""
        clusters = None if self.clusters is None else self.clusters[rows]
        return Sampling(self.weights[rows], clusters, self.strata)

    def middle(self, scores: Float) -> Float:
        """Return the variance (M, M) of Σ w s, of the rows' scores (N, M)."""
        weighted = scores * self.weights[:, None]
        if self.clusters is None or self.strata is None:
            return weighted.T @ scores
        totals = np.zeros((len(self.strata), scores.shape[1]))
        np.add.at(totals, self.clusters, weighted)
        sizes = np.bincount(self.strata).astype(np.float64)
        means = np.zeros((len(sizes), scores.shape[1]))
        np.add.at(means, self.strata, totals)
        deviations = totals - (means / sizes[:, None])[self.strata]
        factors = sizes / (sizes - 1.0)
        return (deviations * factors[self.strata, None]).T @ deviations


def sampling_of(
    n_rows: int, sample_weight: ArrayLike | None, survey: SurveyDesign | None
) -> Sampling:
    """Return what rows weigh and how they were drawn.

    Raises
    ------
    ParameterError
        If both weights are given, or `survey` is no design.
    DataError
        If there are other numbers of rows, cells are missing, or a stratum has one cluster.
    """
    if survey is None:
        weights = row_weights(sample_weight, n_rows)
        return Sampling(np.ones(n_rows) if weights is None else weights)
    if not isinstance(survey, SurveyDesign):
        raise ParameterError(f"survey should be a SurveyDesign or None, not {survey!r}")
    if sample_weight is not None:
        raise ParameterError(
            "sample_weight counts rows, and survey says how they were drawn; give the weights as "
            "SurveyDesign(weights=...) alone"
        )
    weights = row_weights(survey.weights, n_rows, "survey.weights")
    weights = np.ones(n_rows) if weights is None else weights / weights.mean()
    named, strata = _codes("strata", survey.strata, n_rows)
    _, clusters = _codes("clusters", survey.clusters, n_rows)
    if survey.clusters is None:
        clusters = np.arange(n_rows)
    # A cluster is one by its own value and its stratum's.
    pairs, codes = np.unique(np.stack([strata, clusters]), axis=1, return_inverse=True)
    of_cluster = pairs[0].astype(np.intp)
    sizes = np.bincount(of_cluster)
    if sizes.min() < 2:
        called = f"stratum '{named[int(sizes.argmin())]!s:.60}'" if named else "the survey"
        raise DataError(
            f"{called} has one cluster, so nothing tells how it varies; "
            + ("join it with a stratum like it" if named else "give clusters of fewer rows")
        )
    return Sampling(weights, codes.reshape(-1).astype(np.intp), of_cluster)


def _codes(name: str, given: Any, n_rows: int) -> tuple[Labels, Codes]:
    """Return the values of rows, and the number of each row's; one, of no name, for nothing."""
    if given is None:
        return (), np.zeros(n_rows, dtype=np.intp)
    column = _column(name, given)
    if len(column) != n_rows:
        raise DataError(f"{name} has {len(column)} values and X has {n_rows} rows")
    # Dates and whatever else tells rows apart will do, as nobody writes it to a file.
    levels, codes = levels_and_codes(column, name, kept=False)
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise DataError(f"{name} lacks a value at row {row} (counted from 0)")
    return levels, codes.astype(np.intp)


def _column(name: str, given: Any) -> list[Any]:
    values = None if is_frame(given) else values_of_series(given)
    if values is None and (is_frame(given) or not isinstance(given, (list, tuple, np.ndarray))):
        raise DataError(
            f"{name} should be one value for each row, in a list, an array or a series, not a "
            f"{type(given).__name__}"
        )
    if isinstance(given, np.ndarray) and given.ndim != 1:
        raise DataError(
            f"{name} should be one value for each row, but has {given.ndim} dimension(s); pass "
            f"{name}.ravel() where they are one column"
        )
    if isinstance(given, np.ma.MaskedArray):
        return [None if cell is np.ma.masked else cell for cell in given]
    return list(given if values is None else values)
