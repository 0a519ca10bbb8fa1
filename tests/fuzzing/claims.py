"""What is said where something does not hold."""

from typing import Any

import numpy as np

__all__ = ["Failed", "holds", "is_distribution"]


class Failed(AssertionError):
    """A property that does not hold."""


def holds(true: Any, words: str) -> None:
    """Raise `Failed` with the words unless it is true."""
    if not true:
        raise Failed(words)


def is_distribution(shares: Any, words: str, room: float = 1e-9) -> None:
    """Check that the last axis holds probabilities that sum to one."""
    shares = np.asarray(shares)
    holds(np.isfinite(shares).all() and (shares >= 0).all(), f"{words} are no probabilities")
    holds(np.abs(shares.sum(axis=-1) - 1).max(initial=0.0) < room, f"{words} do not sum to one")
