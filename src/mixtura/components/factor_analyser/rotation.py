"""Loadings are determined but for a rotation of the factors: one is chosen, for whoever reads them.

Λᵀ Ψ⁻¹ Λ is diagonal, largest first, and the largest entry of each column of Λ in its size is
positive. Where components have one Λ, the mean of their Ψ⁻¹ is in its place.
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.structures import FactorStructure

__all__ = ["rotated"]

Float = NDArray[np.float64]


def rotated(form: FactorStructure, parameters: FactorParameters) -> FactorParameters:
    """Return the same components with loadings that are turned so."""
    means, loadings, noise = parameters.means, parameters.loadings, parameters.noise
    roots = 1.0 / np.sqrt(noise)
    if form.shares_loadings:
        roots = np.repeat(np.sqrt((roots**2).mean(axis=0))[None], len(noise), axis=0)
    back = _turns(loadings * roots[:, :, None])
    turned = loadings @ back.transpose(0, 2, 1)
    largest = np.abs(turned).argmax(axis=1)[:, None, :]
    signs = np.where(np.take_along_axis(turned, largest, axis=1) < 0, -1.0, 1.0)
    return FactorParameters(means, turned * signs, noise)


def _turns(scaled: Float) -> Float:
    """Return Bᵀ (K, q, q) of a decomposition A S Bᵀ, complete where columns are few."""
    n_factors = scaled.shape[2]
    if scaled.shape[1] < n_factors:
        padding = np.zeros((len(scaled), n_factors - scaled.shape[1], n_factors))
        scaled = np.concatenate([scaled, padding], axis=1)
    return np.linalg.svd(scaled, full_matrices=False)[2]
