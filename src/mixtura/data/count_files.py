"""Sparse counts with names from files: long tables, svmlight, MatrixMarket and SciPy's npz."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from mixtura.data.draws import Draws
from mixtura.data.files import read_table
from mixtura.data.long import sparse_counts
from mixtura.data.paths import MATRICES, ending_of_matrix
from mixtura.data.sparse_checks import checked_sparse
from mixtura.errors import DataError, ParameterError

__all__ = ["read_counts"]

# A matrix may have so many rows and columns, and so many more for each count.
FEW, SPARSEST = 1 << 24, 64

Names = Sequence[Any] | str | os.PathLike[str] | None


def read_counts(
    path: str | os.PathLike[str],
    columns: Sequence[str] | None = None,
    *,
    items: Names = None,
    groups: Names = None,
    transpose: bool = False,
) -> Draws:
    """Read counts of items by group, of which only those that are there are kept.

    Parameters
    ----------
    path : a matrix, as MatrixMarket (.mtx, .mtx.gz), svmlight (.svmlight, .libsvm) or SciPy's
        `save_npz` (.npz) have it; or a table with one count a line, of any format that
        `mixtura fit` reads
    columns : of a table: the names of its columns of groups, of items and of counts; without the
        last each line counts once
    items, groups : what the columns and rows of a matrix are called, or a text file with a name a
        line; None for their places
    transpose : whether rows of a matrix are items, as files of gene counts have them

    Returns
    -------
    Draws
        What estimators of counts fit, with the names of the items.

    Raises
    ------
    DataError
        If the file is missing, damaged or not what its extension says, or names are not as many.
    ParameterError
        If a table comes without the names of its columns, or a matrix with some.
    """
    path = Path(path)
    read = _MATRICES.get(ending_of_matrix(path))
    if read is None:
        return _of_table(path, columns, items is not None or groups is not None or transpose)
    if columns is not None:
        raise ParameterError(
            f"'{path}' is a matrix without named columns; leave columns out, and say by items what "
            "they are"
        )
    if not path.is_file():
        raise DataError(f"'{path}' does not exist or is no file; check the path")
    try:
        matrix = read(path)
    except DataError:
        raise
    except Exception as error:  # Each library has errors of its own.
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise DataError(
            f"'{path}' is damaged, cut short or not a {path.suffix} file ({reason}); copy or "
            "export it again"
        ) from error
    if sum(matrix.shape) > FEW + SPARSEST * matrix.nnz:
        raise DataError(
            f"'{path}' says that it has {matrix.shape[0]:,} rows and {matrix.shape[1]:,} columns, "
            f"and holds {matrix.nnz:,} counts only; copy or export it again, without empty rows "
            "and columns"
        )
    counts = checked_sparse(matrix.T if transpose else matrix)
    n_groups, n_items = counts.shape
    return Draws(
        sparse.csr_array(counts),
        _named(items, n_items, "items", path),
        _named(groups, n_groups, "groups", path),
    )


def _of_table(path: Path, columns: Sequence[str] | None, of_matrix: bool) -> Draws:
    if columns is None or len(columns) not in (2, 3) or isinstance(columns, str) or of_matrix:
        raise ParameterError(
            f"'{path}' is a table: give three of its columns by name, those of groups, items and "
            "counts, or the first two where each line counts once, and nothing else"
        )
    group, item, count = columns[0], columns[1], columns[2] if len(columns) == 3 else None
    return sparse_counts(read_table(path, list(dict.fromkeys(columns))), group, item, count)[0]


def _named(names: Names, count: int, what: str, path: Path) -> tuple[Any, ...]:
    if names is None:
        return tuple(range(count))
    if isinstance(names, (str, os.PathLike)):
        try:
            found = Path(names).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"'{names}' cannot be read ({error}); check the path") from error
    else:
        found = list(names)
    if len(found) != count:
        raise DataError(
            f"'{path}' has {count} {what}, and {len(found)} names are given; give one for each"
        )
    twice = len(found) - len(set(map(str, found)))
    if twice:
        raise DataError(f"{twice} of the names of {what} stand twice; give each its own")
    return tuple(found)


def _svmlight(path: Path) -> Any:
    from sklearn.datasets import load_svmlight_file

    return load_svmlight_file(os.fspath(path))[0]


def _matrix_market(path: Path) -> Any:
    from scipy.io import mmread

    found: Any = mmread(os.fspath(path))
    return found if sparse.issparse(found) else sparse.csr_array(np.atleast_2d(found))


def _sparse_numpy(path: Path) -> Any:
    with np.load(path) as arrays:
        if "format" not in arrays:
            some = ", ".join(f"'{name}'" for name in arrays.files[:3])
            raise DataError(
                f"'{path}' holds arrays ({some}) and no sparse matrix; write one by "
                "scipy.sparse.save_npz"
            )
    return sparse.load_npz(path)


_MATRICES: dict[str, Callable[[Path], Any]] = dict(
    zip(MATRICES, (_svmlight, _svmlight, _matrix_market, _sparse_numpy), strict=True)
)
