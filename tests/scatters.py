"""Scatters in the form that each covariance structure asks for."""

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
