"""Scatters as each covariance structure asks for them, and covariances of each in the plane."""

import numpy as np

from mixtura.components.gaussian.structures import STRUCTURES


def scatter_for(code, scatter):
    """Return what a structure asks for of full scatters (K, D, D)."""
    features, storage = STRUCTURES[code].features, STRUCTURES[code].storage
    if features == "full":
        return scatter
    diagonals = np.einsum("kdd->kd", scatter).copy()
    if features == "diagonal":
        return diagonals
    return scatter.sum(axis=0) if storage == "full" else diagonals.sum(axis=0)


def plane_covariances(code, parameters, n_components):
    """Return Σ_k = λ_k R(t_k) diag(a_k, 1 / a_k) R(t_k)ᵀ from free numbers, by the letters."""
    numbers = iter(parameters)
    values = []
    for letter in code:
        if letter == "V":
            values.append(np.array([next(numbers) for _ in range(n_components)]))
        else:
            values.append(np.full(n_components, next(numbers) if letter == "E" else 0.0))
    volumes, shapes, angles = values
    cosines, sines = np.cos(angles), np.sin(angles)
    axes = np.array([[cosines, -sines], [sines, cosines]]).transpose(2, 0, 1)
    variances = np.exp(np.stack([volumes + shapes, volumes - shapes], axis=1))
    return (axes * variances[:, None, :]) @ axes.transpose(0, 2, 1)
