"""What the covariance update maximises."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["m_step_objective"]

Float = NDArray[np.float64]


def m_step_objective(covariances: Float, scatter: Float, rows: Float) -> float:
    """Return -½ Σ_k [N_k log|Σ_k| + tr(Σ_k⁻¹ W_k)], the M-step's objective without constants.

    Parameters
    ----------
    covariances : (K, D, D) float64
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64, N_k
    """
    lower = np.linalg.cholesky(covariances)
    log_determinants = 2 * np.log(lower.diagonal(axis1=1, axis2=2)).sum(axis=1)
    # tr(Σ⁻¹ W) = tr(L⁻¹ W L⁻ᵀ)
    half = np.linalg.solve(lower, scatter)
    white = np.linalg.solve(lower, half.transpose(0, 2, 1))
    return -0.5 * float(rows @ log_determinants + np.einsum("kdd->", white))
