"""Probabilities from counts, and their logarithms without log 0."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixtura.errors import ParameterError

__all__ = ["as_probabilities", "floored_log", "hellinger", "normalised"]

Float = NDArray[np.float64]

# log of it is -690.8: what a count costs that its component says is impossible. It is finite, so
# that no count of zero times it is NaN and a row impossible everywhere still has a posterior.
SMALLEST = 1e-300


def floored_log(values: Float) -> Float:
    """Return log max(values, 1e-300)."""
    return np.log(np.maximum(values, SMALLEST))


def normalised(counts: Float, starts: Sequence[int], previous: Float | None) -> Float:
    """Return counts divided by the sum over their item.

    This maximises Σ_j c_j log p_j under Σ_j p_j = 1, by its Lagrange multiplier λ = Σ_j c_j.

    Parameters
    ----------
    counts : (K, M) float64, not negative
    starts : where in M each item begins
    previous : (K, M) what an item without counts keeps; None for equal shares
    """
    sizes = np.diff([*starts, counts.shape[1]])
    totals = np.repeat(np.add.reduceat(counts, starts, axis=1), sizes, axis=1)
    kept = np.broadcast_to(np.repeat(1.0 / sizes, sizes), counts.shape)
    result = np.array(kept if previous is None else previous)
    # Below this a quotient of two counts would be rounding noise.
    np.divide(counts, totals, out=result, where=totals > SMALLEST)
    return result


def hellinger(rows: Float) -> Float:
    """Return square roots of row proportions (n, D): their distance is Hellinger's.

    Parameters
    ----------
    rows : (n, D) not negative; a row of zeros becomes the origin
    """
    totals = rows.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.sqrt(rows / np.where(totals > 0, totals, 1.0))


def as_probabilities(name: str, values: Float) -> Float:
    """Return values (K, M) if they all lie in [0, 1].

    Raises
    ------
    ParameterError
        If one does not, or there are not two dimensions.
    """
    if values.ndim != 2 or not ((values >= 0) & (values <= 1)).all():
        raise ParameterError(f"'{name}' should be (K, M) numbers between 0 and 1")
    return np.array(values, dtype=np.float64)
