"""Descriptions of rows of many columns by fewer numbers, which tell where clusters may be.

Where components have more parameters than rows, posteriors are sure from the first sweep on and EM
hardly moves a row from where it starts. As many leading principal components as rows determine the
covariances of, and columns one by one, are few enough for it to find its way, and the rows that it
parts there are a start for all columns.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures import Structure, structure

__all__ = ["has_narrower", "narrower"]

Float = NDArray[np.float64]

# Of no more columns rows are not told by fewer numbers.
FEW_COLUMNS = 5
# How many principal components there are.
LEAST_LEADING, MOST_LEADING = 2, 20
# Structures of which each component has axes of its own.
OWN_AXES = frozenset({"EEV", "VEV", "EVV", "VVV"})


def has_narrower(of: Structure, n_columns: int) -> bool:
    """Return whether rows are told by fewer numbers to find starts of this structure."""
    return of.code in OWN_AXES and n_columns > FEW_COLUMNS


def narrower(
    rows: Float, weights: Float | None, n_components: int
) -> Iterator[tuple[Structure, Float]]:
    """Yield rows (N, q) with the structure that they are parted by.

    Parameters
    ----------
    rows : (N, D), more than five columns
    weights : (N,) or None
    n_components : K that they are to be parted into
    """
    yield structure("VVI"), rows
    counts = np.ones(len(rows)) if weights is None else weights
    deviations = rows - counts @ rows / counts.sum()
    widths = np.sqrt(counts @ deviations**2 / counts.sum())
    deviations /= np.where(widths > 0, widths, 1.0)
    axes = np.linalg.eigh((counts * deviations.T) @ deviations)[1][:, ::-1]
    leading = _determined(counts.sum() / n_components, rows.shape[1] - 1)
    yield structure("VVV"), deviations @ axes[:, :leading]


def _determined(n_rows: float, most: int) -> int:
    """Return of how many columns a mean and a covariance have no more numbers than rows."""
    n_columns = int((np.sqrt(9.0 + 8.0 * n_rows) - 3.0) / 2.0)
    return min(max(n_columns, LEAST_LEADING), MOST_LEADING, most)
