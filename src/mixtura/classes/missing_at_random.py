"""Little's test that cells of numbers are missing completely at random."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from mixtura.errors import DataError
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.text import probability

__all__ = ["LittleTest", "little_test"]

Float = NDArray[np.float64]

# What the fit may lack, in nats a row: the statistic has its square root of that.
TOLERANCE = 1e-13


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
        If no cell is missing, all rows lack the same ones, or rows cannot be used.
    """
    model = GaussianMixture(1, missing="marginal", prior=None, tol=TOLERANCE, max_iter=10_000)
    mixture = model.fit(X, sample_weight=sample_weight).mixture_
    rows: Float = np.asarray(mixture.encode(X, missing="marginal"), dtype=np.float64)
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
    statistic = 0.0
    means, covariance = model.means_[0], model.covariances_[0]
    for place, mask in enumerate(masks):
        of_it = np.ravel(codes) == place
        own, each = rows[of_it][:, mask], weights[of_it]
        off = each @ own / each.sum() - means[mask]
        inside = covariance[np.ix_(mask, mask)]
        statistic += float(each.sum() * off @ np.linalg.solve(inside, off))
    df = int(masks.sum()) - rows.shape[1]
    p_value = float(chi2.sf(statistic, df)) if df > 0 else 1.0
    return LittleTest(statistic, df, p_value, len(masks), float(weights.sum()))
