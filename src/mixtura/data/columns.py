"""Some columns of a source, and their means and spreads, whatever the units of the columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.arrays import ArrayRows
from mixtura.data.blocks import RowSource, blocks_of
from mixtura.data.spool import SpooledRows

__all__ = ["column_moments", "source_of_columns"]

Float = NDArray[np.float64]


def source_of_columns(source: RowSource, columns: slice) -> RowSource:
    """Return a source of some columns of dense rows."""
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
