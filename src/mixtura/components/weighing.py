"""What mixing weights are: free, or held in given proportions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["EQUAL", "Weighing"]

Float = NDArray[np.float64]

# A share below this would make log π_k useless as a number; no row can tell it from zero.
SMALLEST_SHARE = 1e-300
# Shares that differ by less are equal.
ROUNDING = 1e-12

EQUAL: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighing:
    """How mixing weights follow from N_k.

    Attributes
    ----------
    held : None where weights are free; else what components have of all that is not noise:
        `EQUAL` parts, for any number of them, or K shares that sum to one
    concentration : α of a Dirichlet prior on free weights; 1 is none
    has_noise : whether the last component is noise, whose weight is always free
    seen : N_k of rows that a fit saw before and does not read again; none by default
    """

    held: tuple[float, ...] | None = None
    concentration: float = 1.0
    has_noise: bool = False
    seen: tuple[float, ...] = ()

    @classmethod
    def holding(cls, shares: Sequence[float] | Float) -> Self:
        """Return weights held in the proportions of shares (K,)."""
        array = np.asarray(shares, dtype=np.float64)
        array = array / array.sum()
        alike = float(np.ptp(array)) < ROUNDING
        return cls(EQUAL if alike else tuple(array.tolist()))

    @property
    def is_held(self) -> bool:
        """Return whether components have given shares of what is not noise."""
        return self.held is not None

    @property
    def tells_apart(self) -> bool:
        """Return whether components differ by the shares that they hold, and cannot be swapped."""
        return bool(self.held)

    def freed(self) -> Self:
        """Return free weights."""
        return replace(self, held=None)

    def shares(self, n_components: int) -> Float:
        """Return what so many components, noise left out, hold of what is not noise (K,)."""
        return np.array(self.held) if self.held else np.full(n_components, 1.0 / n_components)

    def kept(self, log_weights: Float) -> Float:
        """Return log weights (K,) near what is held with exactly that in its place."""
        if not self.is_held:
            return log_weights
        return self._logs_held(np.exp(log_weights))

    def _beside(self) -> Any:
        """Return what is counted beside the rows of a sweep: α - 1, and rows seen before (K,)."""
        return self.concentration - 1.0 + (np.array(self.seen) if self.seen else 0.0)

    def log_density(self, log_weights: Float) -> float:
        """Return Σ (α - 1 + N_k) log π_k, N_k those of rows seen before."""
        return float(np.sum(self._beside() * log_weights))

    def log_weights(self, effective_rows: Float) -> Float:
        """Return the log π_k (K,) that maximise Σ N_k log π_k + (α - 1) Σ log π_k.

        Free ones are log ((N_k + α - 1) / Σ (N + α - 1)). Of those that are held in proportions
        s_k, with noise of weight π_0, it is π_0 that follows so, and π_k = (1 - π_0) s_k.
        """
        rows = effective_rows + self._beside()
        return self._logs_held(rows / rows.sum())

    def _logs_held(self, shares: Float) -> Float:
        """Return the logarithms of shares (K,), what is held in its proportions."""
        if self.is_held:
            parts = len(shares) - self.has_noise
            rest = float(shares[:parts].sum()) if self.has_noise else 1.0
            shares[:parts] = rest * self.shares(parts)
        return np.log(np.maximum(shares, SMALLEST_SHARE))
