"""Hidden classes at several waves: what answers say of each, forward and back (Baum and others).

Work and memory grow with the number of waves; the K^T paths are never formed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Smoothed", "smoothed"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Smoothed:
    """Classes given all waves of a row.

    Attributes
    ----------
    log_density : (N,) of all waves of each row
    classes : (N, T, K) the probability of each class at each wave
    moves : (N, T - 1, K, K) of class j at a wave and k at the next, at [j, k]
    """

    log_density: Float
    classes: Float
    moves: Float


def smoothed(log_initial: Float, log_moves: Float, log_emissions: Float) -> Smoothed:
    """Return what all waves say of classes at each.

    Parameters
    ----------
    log_initial : (N, K) of classes at the first wave
    log_moves : (T - 1, N, K, K) of class k given class j before, at [j, k]
    log_emissions : (N, T, K) of the answers at a wave given its class
    """
    n_rows, n_waves, n_classes = log_emissions.shape
    forward, back = np.empty_like(log_emissions), np.zeros_like(log_emissions)
    forward[:, 0] = log_initial + log_emissions[:, 0]
    for t in range(1, n_waves):
        reached = np.logaddexp.reduce(forward[:, t - 1, :, None] + log_moves[t - 1], axis=1)
        forward[:, t] = reached + log_emissions[:, t]
    for t in range(n_waves - 2, -1, -1):
        ahead = (log_emissions[:, t + 1] + back[:, t + 1])[:, None, :]
        back[:, t] = np.logaddexp.reduce(log_moves[t] + ahead, axis=2)
    log_density = np.logaddexp.reduce(forward[:, -1], axis=1)
    moves = np.empty((n_rows, n_waves - 1, n_classes, n_classes))
    for t in range(n_waves - 1):
        ahead = (log_emissions[:, t + 1] + back[:, t + 1])[:, None, :]
        joint = forward[:, t, :, None] + log_moves[t] + ahead
        moves[:, t] = np.exp(joint - log_density[:, None, None])
    return Smoothed(log_density, np.exp(forward + back - log_density[:, None, None]), moves)
