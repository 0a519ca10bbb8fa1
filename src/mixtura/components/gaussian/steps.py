"""Densities in rounded columns against the steps between their values."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.digits import diagonals_of
from mixtura.components.gaussian.structures.floor import TOUCHING

__all__ = ["excess_above_steps", "finer_columns"]

Float = NDArray[np.float64]


def excess_above_steps(precisions: Float, floor: Float, known: Float) -> Float:
    """Return the nats a row (K,) by which densities exceed one over the step at their means.

    A cell holds a probability of at most one, but a density of standard deviation σ is
    1 / (σ √2π) at its mean, more than 1/h for σ < h / √2π. Along the axes of F^½ P F^½ over the
    rounded columns, with eigenvalues g, that is Σ max(0, ½ log(6 g / π)), as F holds h²/12.

    Parameters
    ----------
    precisions : (K,), (K, D) or (K, D, D), as covariances are stored
    floor : (D,) h²/12, 0 where a column has no step
    known : (D,) the share of the rows in which a column was observed; along axes that are no
        columns their mean counts
    """
    rounded = floor > 0
    shares = known[rounded]
    if precisions.ndim == 3:
        root = np.sqrt(floor[rounded])
        inside = precisions[:, rounded][:, :, rounded] * root[:, None] * root
        if (np.trace(inside, axis1=1, axis2=2) <= np.pi / 6).all():
            # No eigenvalue is above their sum.
            return np.zeros(len(inside))
        values, shares = np.linalg.eigvalsh(inside), shares.mean()
    else:
        every = precisions if precisions.ndim == 2 else precisions[:, None]
        values = np.broadcast_to(every, (len(every), len(floor)))[:, rounded] * floor[rounded]
    each = np.maximum(0.5 * np.log(np.maximum(6 * values / np.pi, 1e-300)), 0.0)
    return (each * shares).sum(axis=1)


def finer_columns(precisions: Float, floor: Float) -> dict[int, tuple[int, ...]]:
    """Return, by component, the columns whose variance given the others is below the floor.

    Parameters
    ----------
    precisions : (K,), (K, D) or (K, D, D), as covariances are stored
    floor : (D,) h²/12, 0 where a column has no step
    """
    below = diagonals_of(precisions) * floor > 1 + TOUCHING
    return {k: tuple(np.flatnonzero(own).tolist()) for k, own in enumerate(below) if own.any()}
