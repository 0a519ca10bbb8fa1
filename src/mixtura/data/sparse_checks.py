"""Sparse matrices at the door: none goes to compiled code with indices that lead out of it.

SciPy makes a matrix of any arrays without a look at what they hold, and its compiled routines
follow them wherever they lead.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from mixtura.errors import DataError

__all__ = ["checked_sparse", "refuse_sparse"]

REMEDY = "make the matrix again from its cells, and see `check_format(full_check=True)`"

Bounded = tuple[str, Any, int]


def refuse_sparse(data: Any, what: str = "X") -> None:
    """Raise `DataError` for a sparse matrix where rows should be dense."""
    if issparse(data) and what != "X":
        raise DataError(f"{what} is sparse, and should be dense; give an array of its cells")
    if issparse(data):
        raise DataError(
            "X is sparse, and only rows of counts or of zeros and ones may be: multinomial, "
            "Poisson, negative binomial (with zeros of their own too), geometric and Bernoulli "
            "mixtures take it as it is; pass X.toarray() to others"
        )


def checked_sparse(data: Any) -> Any:
    """Return a sparse matrix or array (N, D) of any format as float64 CSR.

    Raises
    ------
    DataError
        If its parts are of different lengths, an index is outside, or its cells are no numbers.
    """
    if len(data.shape) != 2:
        raise DataError(f"X should be a table of rows and columns, but has {len(data.shape)} axes")
    if data.dtype.kind not in "biuf":
        raise DataError(f"X is sparse and holds {data.dtype}, which are not numbers; convert them")
    {
        "csr": _check_compressed,
        "csc": _check_compressed,
        "bsr": _check_blocks,
        "coo": _check_coordinates,
        "dia": _check_diagonals,
        "lil": _check_lists,
    }.get(data.format, _check_nothing)(data)
    rows = data.tocsr()
    _check_compressed(rows)
    return rows.astype(np.float64, copy=False)


def _check_nothing(data: Any) -> None:
    """Let a dictionary of keys through: SciPy turns it into coordinates, which are checked."""


def _check_compressed(data: Any, block: tuple[int, int] = (1, 1)) -> None:
    """Raise unless bounds rise from 0 to no more than is stored, and indices are inside."""
    rows, columns = (size // of for size, of in zip(data.shape, block, strict=True))
    major, minor = (columns, rows) if data.format == "csc" else (rows, columns)
    bounds, indices = data.indptr, data.indices
    if bounds.shape != (major + 1,) or indices.ndim != 1 or len(data.data) != len(indices):
        _refuse("'indptr', 'indices' and 'data' are not of lengths that go together")
    _check_whole(("indptr", bounds), ("indices", indices))
    if bounds[0] != 0 or (np.diff(bounds) < 0).any() or bounds[-1] > len(indices):
        _refuse(f"'indptr' does not rise from 0 to at most the {len(indices)} cells stored")
    _check_inside(("indices", indices[: bounds[-1]], minor))


def _check_blocks(data: Any) -> None:
    tall, wide = data.data.shape[1:] if data.data.ndim == 3 else (0, 0)
    if tall < 1 or wide < 1 or data.shape[0] % tall or data.shape[1] % wide:
        _refuse("the blocks of 'data' do not tile it")
    _check_compressed(data, (tall, wide))


def _check_coordinates(data: Any) -> None:
    if not data.row.shape == data.col.shape == data.data.shape or data.data.ndim != 1:
        _refuse("'row', 'col' and 'data' are of different lengths")
    _check_whole(("row", data.row), ("col", data.col))
    _check_inside(("row", data.row, data.shape[0]), ("col", data.col, data.shape[1]))


def _check_diagonals(data: Any) -> None:
    if data.data.ndim != 2 or data.offsets.shape != (len(data.data),):
        _refuse("'offsets' and 'data' are of different lengths")
    _check_whole(("offsets", data.offsets))


def _check_lists(data: Any) -> None:
    if len(data.rows) != data.shape[0] or list(map(len, data.rows)) != list(map(len, data.data)):
        _refuse("'rows' and 'data' are of different lengths")
    cells = [cell for row in data.rows for cell in row]
    if not all(isinstance(cell, (int, np.integer)) for cell in cells):
        _refuse("'rows' hold what is no whole number")
    _check_inside(("rows", np.array(cells, dtype=np.int64), data.shape[1]))


def _check_whole(*parts: tuple[str, Any]) -> None:
    for name, array in parts:
        if array.dtype.kind not in "iu":
            _refuse(f"'{name}' holds {array.dtype} and not whole numbers")


def _check_inside(*parts: Bounded) -> None:
    for name, array, below in parts:
        if array.size and not 0 <= array.min() <= array.max() < below:
            wrong = int(array[(array < 0) | (array >= below)][0])
            _refuse(f"'{name}' holds {wrong}, which is outside of its {below}")


def _refuse(why: str) -> None:
    raise DataError(f"X is a sparse matrix that is damaged: {why}; {REMEDY}")
