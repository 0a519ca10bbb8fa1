"""Negative binomial masses, and the size r that is likeliest, in terms of α = 1/r.

In α the Poisson is the point 0 and no formula is singular there. With sums over i < x,

    log f(x) + log x! = x log m + Σ log(1 + αi) - x log(1 + αm) - log(1 + αm) / α

and the likelihood has one maximum in α (Simonsen 1976), at 0 if and only if the variance about the
mean is no more than that of the rows themselves. `native/negative_binomials.c` takes these sums.
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.native import kernels
from mixtura.native.runs import address

__all__ = ["dispersions", "log_masses"]

Float = NDArray[np.float64]
Bounds = NDArray[np.int64]


def log_masses(counts: Float, bounds: Bounds, means: Float, inverse: Float) -> tuple[Float, Float]:
    """Return log f(0) (K, D), and log f(x) - log f(0) + log x! (K, M) of counts.

    Parameters
    ----------
    counts : (M,) rising in each column
    bounds : (D + 1,) where those of a column begin, and M
    means, inverse : (K, D) of the columns, and 1/r
    """
    n_components, n_columns = means.shape
    none, own = np.empty(means.shape), np.empty((n_components, len(counts)))
    told = [np.ascontiguousarray(each, dtype=np.float64) for each in (counts, means, inverse)]
    kernels().mx_masses(
        n_components, n_columns, address(bounds), *map(address, told), address(none), address(own)
    )
    return none, own


def dispersions(
    tables: Float,
    counts: Float,
    bounds: Bounds,
    rows: Float,
    means: Float,
    beyond: Float,
    guess: Float | None,
) -> Float:
    """Return the likeliest α = 1/r of each component and column (K, D), 0 for a Poisson.

    It is at most 1e9, and a size beyond 1e9 counts as a Poisson: that is one to ten digits.

    Parameters
    ----------
    tables : (K, M) how often each count above 0 occurs
    counts, bounds : as `log_masses` takes them
    rows : (K, D) N_k
    means : (K, D) of the counts
    beyond : (K, D) totals of the counts beyond N_k times their means
    guess : (K, D) where to look first; None for what the variances say
    """
    guess = np.zeros(means.shape) if guess is None else guess
    given = counts, tables, rows, means, beyond, guess
    told = [np.ascontiguousarray(each, dtype=np.float64) for each in given]
    found = np.empty(means.shape)
    kernels().mx_dispersions(*means.shape, address(bounds), *map(address, told), address(found))
    return found
