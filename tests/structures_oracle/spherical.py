"""Spherical structures: Σ_k = λ_k I."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures import Structure
from structures_oracle.singular import positive, shared_positive

__all__ = ["SPHERICAL"]

Float = NDArray[np.float64]


def one_variance(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return EII's 1/σ, σ² = tr W / (n D), once for each component.

    Parameters
    ----------
    scatter : (D,) float64, diagonal of the pooled scatter W
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K,) float64
    """
    variance = scatter.sum() / (len(scatter) * rows.sum())
    return 1.0 / np.sqrt(shared_positive(np.full(len(rows), variance)))


def variances(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return VII's 1/σ_k, σ_k² = tr W_k / (N_k D).

    Parameters
    ----------
    scatter : (K, D) float64, diagonals of the scatters W_k
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K,) float64
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1.0 / np.sqrt(positive(scatter.sum(axis=1) / (scatter.shape[1] * rows)))


SPHERICAL = (
    Structure.lettered(
        "EII", "spherical, equal volume", "spherical", "linear", one_variance, one_scale=True
    ),
    Structure.lettered(
        "VII", "spherical, varying volume", "spherical", "diagonal", variances, one_scale=True
    ),
)
