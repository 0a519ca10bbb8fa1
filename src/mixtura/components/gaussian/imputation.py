"""Missing cells of rows under a Gaussian mixture: their means, or draws, given the others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import Conditional, conditional, rows_by_pattern

__all__ = ["draws_of", "expected_cells"]

Float = NDArray[np.float64]

Gap = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], Conditional]


def expected_cells(rows: Float, responsibilities: Float, parameters: GaussianParameters) -> Float:
    """Return rows with Σ_k r_k E[x_m | x_o, k] for missing cells.

    Parameters
    ----------
    rows : (n, D) float64, NaN where a cell is missing
    responsibilities : (n, K) the responsibilities r
    """
    filled = rows.copy()
    for chosen, given, rest, found in _gaps(rows, parameters):
        means = found.means(rows[np.ix_(chosen, given)])
        filled[np.ix_(chosen, rest)] = np.einsum("nk,nkr->nr", responsibilities[chosen], means)
    return filled


def draws_of(
    rows: Float, labels: NDArray[np.intp], parameters: GaussianParameters, rng: np.random.Generator
) -> Float:
    """Return rows with missing cells drawn from N(E[x_m | x_o, k], Cov[x_m | x_o, k]).

    Parameters
    ----------
    rows : (n, D) float64, NaN where a cell is missing
    labels : (n,) the component k of each row
    """
    noise = rng.standard_normal(rows.shape)
    filled = rows.copy()
    for chosen, given, rest, found in _gaps(rows, parameters):
        for k in np.unique(labels[chosen]):
            own = chosen[labels[chosen] == k]
            means = found.means(rows[np.ix_(own, given)])[:, k]
            spread = found.rest.covariance.spread(int(k), noise[np.ix_(own, rest)])
            filled[np.ix_(own, rest)] = means + spread
    return filled


def _gaps(rows: Float, parameters: GaussianParameters) -> Iterator[Gap]:
    """Yield for each pattern its rows, the columns given, the rest, and the latter's law."""
    for observed, chosen in rows_by_pattern(rows):
        given, rest = np.flatnonzero(observed), np.flatnonzero(~observed)
        if rest.size:
            yield chosen, given, rest, conditional(parameters, given.tolist(), rest.tolist())
