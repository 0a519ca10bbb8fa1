"""Little's test that cells of numbers are missing completely at random."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from mixtura.errors import DataError, ParameterError
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.text import probability

__all__ = ["LittleTest", "little_test"]

Float = NDArray[np.float64]

# What the fit may lack, in nats a row: the statistic has its square root of that.
TOLERANCE = 1e-13
# Columns that vary by less, or by more than its inverse, are taken in other units.
SMALL = 1e-70


@dataclass(frozen=True, slots=True)
class LittleTest:
    """The test of Little (1988).

    Attributes
    ----------
    statistic : d², from 0 up
    df : how many means patterns have, less the columns
    p_value : of d², by chi-squared
    n_patterns : of known cells, over the rows that have any
    n : the weight of these rows
    """

    statistic: float
    df: int
    p_value: float
    n_patterns: int
    n: float

    def __str__(self) -> str:
        """Return the test as a sentence."""
        return (
            f"Missing completely at random: Little's d² = {self.statistic:.3f}, df {self.df}, p "
            f"{probability(self.p_value)} ({self.n_patterns} patterns of n = {self.n:g})."
        )


def little_test(X: Any, sample_weight: ArrayLike | None = None) -> LittleTest:
    """Test whether cells of numbers are missing completely at random (Little 1988).

    With μ and Σ of the likeliest normal distribution of all rows, missing cells left out, and n_p
    rows of a pattern whose known cells have the means ȳ_p,

        d² = Σ_p n_p (ȳ_p - μ_p)ᵀ Σ_p⁻¹ (ȳ_p - μ_p)

    has a chi-squared distribution with Σ_p D_p - D degrees of freedom, if whether a cell is missing
    goes with nothing (formula 5 there, with n and not n - 1 in Σ). It holds in large samples, for
    rows that are not normal too. Profiles need less: that cells are missing at random given those
    that are known. Of answers `model_fit` has the test.

    Parameters
    ----------
    X : (N, D) numbers, NaN or None where one is missing
    sample_weight : (N,) row weights from 0 up; weight 2 is the row twice

    Returns
    -------
    LittleTest

    Raises
    ------
    DataError
        If no cell is missing, all rows lack the same ones, no column is known in rows of two
        patterns, some columns follow from others, or rows cannot be used.
    """
    model = _fitted(X, sample_weight)
    rows: Float = np.asarray(model.mixture_.encode(X, missing="marginal"), dtype=np.float64)
    weights = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, float)
    known = ~np.isnan(rows)
    used = known.any(axis=1) & (weights > 0)
    rows, known, weights = rows[used], known[used], weights[used]
    masks, codes = np.unique(known, axis=0, return_inverse=True)
    if len(masks) == 1:
        raise DataError(
            "all rows have the same cells, so there is nothing to tell whether others are missing "
            "completely at random; pass rows of which some lack a cell that others have"
        )
    df = int(masks.sum()) - rows.shape[1]
    if not df:
        raise DataError(
            "no column is known in rows of two patterns, so there is nothing to tell whether cells "
            "are missing completely at random; pass rows of which some lack a cell that others have"
        )
    statistic = 0.0
    units = _units(rows)
    if (units != 1.0).any():
        rows = rows / units
        model = _fitted(rows, weights)
    means, covariance = model.means_[0], model.covariances_[0]
    for place, mask in enumerate(masks):
        of_it = np.ravel(codes) == place
        own, each = rows[of_it][:, mask], weights[of_it]
        off = each @ own / each.sum() - means[mask]
        inside = covariance[np.ix_(mask, mask)]
        statistic += float(each.sum() * off @ np.linalg.solve(inside, off))
    p_value = float(chi2.sf(statistic, df))
    return LittleTest(statistic, df, p_value, len(masks), float(weights.sum()))


def _fitted(X: Any, sample_weight: ArrayLike | None) -> GaussianMixture:
    """Return the likeliest normal distribution of all rows."""
    model = GaussianMixture(1, missing="marginal", prior=None, tol=TOLERANCE, max_iter=10_000)
    try:
        return model.fit(X, sample_weight=sample_weight)
    except ParameterError as error:
        raise DataError(
            "the known cells of all rows have no width in some direction, so there is no normal "
            "distribution of them; leave out columns that follow from others, or pass more rows"
        ) from error


def _units(rows: Float) -> Float:
    """Return powers of two (D,), of columns whose squares may be no numbers, else ones."""
    spans = np.nanmax(rows, axis=0) * 0.5 - np.nanmin(rows, axis=0) * 0.5
    return np.where((spans > SMALL) & (spans < 1.0 / SMALL), 1.0, np.exp2(np.frexp(spans)[1]))
