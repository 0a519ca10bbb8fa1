"""Logarithms for programs that have no infinity: those of databases and of ONNX."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["IMPOSSIBLE", "finite_logs"]

# In place of the logarithm of 0: times 0 it is 0, and no sum of any columns brings it back.
IMPOSSIBLE = -1e290


def finite_logs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logarithms, of which that of 0 is a number."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(values), IMPOSSIBLE)
