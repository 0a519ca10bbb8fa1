"""Some columns of a source, and their means and spreads, whatever the units of the columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.arrays import ArrayRows
from mixtura.data.blocks import RowSource, blocks_of
from mixtura.data.masks import plain_rows
from mixtura.data.spool import SpooledRows

__all__ = ["column_moments", "robust_columns", "source_of_columns"]

Float = NDArray[np.float64]

# Rows by which columns are judged; how far out cells count, in distances of the quartiles.
JUDGED, FAR_OUT = 10_000, 3.0
QUARTILES = (0.25, 0.5, 0.75)


def source_of_columns(source: RowSource, columns: slice) -> RowSource:
    """Return a source of some columns of dense rows."""
    source = plain_rows(source)
    if isinstance(source, SpooledRows):
        return source.of_columns(columns)
    whole = source.block(0, source.n_rows)
    return ArrayRows(whole.rows[:, columns], whole.weights)


def column_moments(source: RowSource) -> tuple[Float, Float]:
    """Return the weighted mean and standard deviation (D,) of each column's cells but NaN.

    Deviations are taken from the first row and divided by the largest of them, so that neither
    their sum nor their squares can overflow or lose digits to an offset.
    """
    first = np.full(source.n_columns, np.nan)
    largest = np.zeros(len(first))
    for block in blocks_of(source):
        rows = block.rows
        if np.isnan(first).any():
            first = np.where(np.isnan(first), _first_cells(rows), first)
        # Halved, as the difference of two large floats may overflow where each does not.
        deviations = np.abs(rows * 0.5 - first * 0.5)
        np.fmax(largest, np.fmax.reduce(deviations, axis=0), out=largest)
    unit = np.where(largest > 0, largest, 0.5) * 2.0
    total, squares = np.zeros(len(first)), np.zeros(len(first))
    weight = np.full(len(first), source.total_weight)
    for block in blocks_of(source):
        deviations = block.rows / unit - first / unit
        missing = np.isnan(deviations)
        if missing.any():
            deviations[missing] = 0.0
            ones = np.ones(len(missing)) if block.weights is None else block.weights
            weight -= ones @ missing
        if block.weights is None:
            total += deviations.sum(axis=0)
            squares += np.einsum("nd,nd->d", deviations, deviations)
        else:
            total += block.weights @ deviations
            squares += block.weights @ deviations**2
    mean = total / weight
    variance = np.maximum(squares / weight - mean**2, 0.0)
    return first + mean * unit, np.sqrt(variance) * unit


def _first_cells(rows: NDArray[Any]) -> Float:
    """Return the first cell of each column that is not NaN, or NaN."""
    places = np.argmin(np.isnan(rows), axis=0)
    return np.asarray(rows[places, np.arange(rows.shape[1])], dtype=np.float64)


def robust_columns(source: RowSource) -> tuple[Float, Float]:
    """Return the median (D,) of each column, and its spread without what is far out.

    Cells beyond three times the distance of the quartiles from them count as if they were there.
    Where most cells are alike, the spread is the standard deviation of all. They are of a sample by
    contents, and of complete rows.
    """
    rows, weights = source.subsample(JUDGED, 0)
    mass = np.ones(len(rows)) if weights is None else weights
    found = [_robust(np.asarray(column, np.float64), mass) for column in np.asarray(rows).T]
    middle, spread = np.array(found).T
    return middle, np.where(spread > 0, spread, column_moments(source)[1])


def _robust(column: Float, mass: Float) -> tuple[float, float]:
    """Return the median of cells (n,), and the standard deviation of those drawn in."""
    order = np.argsort(column, kind="stable")
    shares = np.cumsum(mass[order]) / mass.sum()
    places = np.minimum(np.searchsorted(shares, QUARTILES), len(order) - 1)
    # Halves, as differences of very large cells may be beyond the floats.
    low, middle, high = column[order[places]] / 2
    reach = FAR_OUT * (high - low)
    near = np.clip(column / 2, low - reach, high + reach) - middle
    unit = max(float(np.abs(near).max()), 1e-300)
    parts = near / unit
    mean = float(mass @ parts / mass.sum())
    variance = float(mass @ (parts - mean) ** 2 / mass.sum())
    return 2 * middle, 2 * unit * np.sqrt(variance)
