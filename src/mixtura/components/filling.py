"""Missing cells of rows of a Gaussian mixture, drawn several times."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.imputation import draws_of
from mixtura.components.gaussian.parameters import GaussianParameters

__all__ = ["drawn_fillings"]

Float = NDArray[np.float64]


def drawn_fillings(
    rows: Float,
    responsibilities: Float,
    parameters: GaussianParameters,
    n_fillings: int,
    rng: np.random.Generator,
) -> Float:
    """Return rows (M, N, D) whose missing cells are drawn given the others, M times.

    Parameters
    ----------
    rows : (N, D), NaN where a cell is missing
    responsibilities : (N, K) the rows' responsibilities
    parameters : of the K components
    n_fillings : M
    """
    filled = [
        draws_of(rows, _drawn_components(responsibilities, rng), parameters, rng)
        for _ in range(n_fillings)
    ]
    return np.array(filled)


def _drawn_components(responsibilities: Float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return a component (N,) for each row, by its responsibilities (N, K)."""
    below = np.count_nonzero(
        np.cumsum(responsibilities, axis=1) < rng.random((len(responsibilities), 1)), axis=1
    )
    return np.minimum(below, responsibilities.shape[1] - 1)
