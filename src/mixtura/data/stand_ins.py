"""Few rows that stand for all where only their cells matter, column by column.

Those of a source in memory are all its rows, which may be sparse.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.data.blocks import RowSource, blocks_of
from mixtura.data.masks import plain_rows
from mixtura.data.spool import SpooledRows

__all__ = ["cells_of", "ends_of", "extremes_of"]


def extremes_of(source: RowSource) -> Any:
    """Return rows with the lowest and highest cell of each column, and a NaN if it has some."""
    source = plain_rows(source)
    if not isinstance(source, SpooledRows):
        return source.block(0, source.n_rows).rows
    survey = source.survey
    gappy = np.where(survey.n_missing > 0, np.nan, survey.lowest)
    # A column without a cell has no lowest one.
    ends = np.stack([survey.lowest, survey.highest, gappy])
    return np.where(np.isinf(ends), np.nan, ends).astype(source.dtype)


def ends_of(source: RowSource) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and the highest cell of each column (D,); NaN where it has none."""
    rows = extremes_of(source)
    if issparse(rows):
        ends = (rows.min(axis=0), rows.max(axis=0))
        low, high = (end.toarray().ravel().astype(np.float64) for end in ends)
        return low, high
    return np.fmin.reduce(rows, axis=0), np.fmax.reduce(rows, axis=0)


def cells_of(source: RowSource) -> Any:
    """Return rows that hold each cell of each column at least once."""
    source = plain_rows(source)
    if not isinstance(source, SpooledRows):
        return source.block(0, source.n_rows).rows
    columns = [np.empty(0, source.dtype) for _ in range(source.n_columns)]
    for block in blocks_of(source):
        pairs = zip(columns, block.rows.T, strict=True)
        columns = [np.unique(np.concatenate(pair)) for pair in pairs]
    rows = np.empty((max(map(len, columns)), len(columns)), source.dtype)
    for place, column in enumerate(columns):
        rows[:, place] = np.resize(column, len(rows))
    return rows
