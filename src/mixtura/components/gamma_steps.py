"""Gamma densities against the steps of rounded columns."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.saddle_point import stirling

__all__ = ["excess_over_steps", "narrower_than_steps"]

Float = NDArray[np.float64]


def narrower_than_steps(
    shapes: Float, rates: Float, steps: Float, factor: float
) -> NDArray[np.bool_]:
    """Return where (K, D) deviations are below those of rounding to steps (D,), times a factor."""
    return np.sqrt(shapes) / rates < factor * steps / np.sqrt(12.0)


def excess_over_steps(shapes: Float, rates: Float, steps: Float) -> Float:
    """Return the nats a row (K,) by which densities (K, D) at means exceed one a step (D,)."""
    logs = -stirling(shapes) + np.log(rates / shapes) + np.log(np.where(steps > 0, steps, 1.0))
    return np.where(steps > 0, np.maximum(logs, 0.0), 0.0).sum(axis=1)
