"""Hidden classes at several waves: what answers say of each, forward and back (Baum and others).

Work and memory grow with the number of waves; the K^T paths are never formed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Smoothed", "smoothed"]

Float = NDArray[np.float64]

# Of probabilities that are less, and of what they are divided by, digits may be lost.
LEAST = 1e-140


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

    Probabilities are scaled to sum to 1 at each wave; where all of a row's underflow it goes by
    logarithms, which take five times as long.

    Parameters
    ----------
    log_initial : (N, K) of classes at the first wave, or (1, K) for all rows alike
    log_moves : (T - 1, N, K, K) of class k given class j before, at [j, k], or (T - 1, 1, K, K)
    log_emissions : (N, T, K) of the answers at a wave given its class
    """
    n_rows, n_waves, n_classes = log_emissions.shape
    highest = log_emissions.max(axis=2)
    highest = np.where(np.isfinite(highest), highest, 0.0)
    emissions = np.exp(log_emissions - highest[:, :, None])
    moves = np.exp(log_moves)
    forward, back = np.empty_like(emissions), np.ones_like(emissions)
    scales = np.empty((n_rows, n_waves))
    reached = np.exp(log_initial)
    for t in range(n_waves):
        if t:
            reached = _product(forward[:, t - 1], moves[t - 1])
        joint = reached * emissions[:, t]
        scales[:, t] = joint.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            forward[:, t] = joint / scales[:, t, None]
    lost = ~(scales > LEAST).all(axis=1)
    scales[lost], forward[lost] = 1.0, 0.0
    pairs = np.empty((n_rows, n_waves - 1, n_classes, n_classes))
    with np.errstate(invalid="ignore", over="ignore"):
        for t in range(n_waves - 2, -1, -1):
            ahead = emissions[:, t + 1] * back[:, t + 1] / scales[:, t + 1, None]
            back[:, t] = _product(ahead, moves[t].transpose(0, 2, 1))
            pairs[:, t] = forward[:, t, :, None] * moves[t] * ahead[:, None, :]
    # What leads from a class that is all but impossible may be beyond numbers.
    lost |= ~(np.isfinite(pairs).all(axis=(1, 2, 3)) & np.isfinite(back).all(axis=(1, 2)))
    back[lost] = 0.0
    log_density = np.log(scales).sum(axis=1) + highest.sum(axis=1)
    found = Smoothed(log_density, forward * back, pairs)
    if lost.any():
        some = np.flatnonzero(lost)
        own = _by_logarithms(
            log_initial[some if len(log_initial) > 1 else [0]],
            log_moves[:, some if log_moves.shape[1] > 1 else [0]],
            log_emissions[some],
        )
        found.log_density[some], found.classes[some] = own.log_density, own.classes
        found.moves[some] = own.moves
    return found


def _product(rows: Float, moves: Float) -> Float:
    """Return rows (N, K) times the moves (K, K) of each, or of all."""
    return rows @ moves[0] if len(moves) == 1 else np.einsum("nj,njk->nk", rows, moves)


def _by_logarithms(log_initial: Float, log_moves: Float, log_emissions: Float) -> Smoothed:
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
