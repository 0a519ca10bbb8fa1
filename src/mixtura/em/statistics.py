"""What one sweep brings back for one or several mixtures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.sums import Sums

__all__ = ["StackedStatistics", "Statistics", "counted"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StackedStatistics(Sums):
    """Additive statistics of M mixtures with ΣK components between them.

    Attributes
    ----------
    sums : the family's `Sums` over ΣK components
    squared : (ΣK,) Σ w r²
    log_likelihood : (M,) Σ w log Σ_k exp L, up to the family's offset
    log_largest : (M,) Σ w log max_k r
    """

    sums: Any
    squared: Float
    log_likelihood: Float
    log_largest: Float


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of one mixture after one sweep over all rows.

    Attributes
    ----------
    sums : the family's sums
    moments : the same, as the M-step reads them
    log_likelihood : total, in nats and in the user's units
    log_largest : Σ w log max_k r; ICL = BIC - 2 log_largest
    effective_size : (K,) (Σ w r)² / Σ w r², the rows that a component really rests on
    """

    sums: Any
    moments: Any
    log_likelihood: float
    log_largest: float
    effective_size: Float


def counted(rows: Float, squared: Float) -> Float:
    """Return (Σ w r)² / Σ w r² (K,), of which the square may be beyond the floats."""
    return rows * (rows / np.maximum(squared, 1e-300))
