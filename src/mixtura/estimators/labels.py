"""What `fit(X, y)` makes of y: known components, those allowed, or nothing.

For scikit-learn a mixture ignores y, and pipelines and cross-validation pass class labels along. So
y counts unasked only where it says by itself that it is about components: whole numbers of which
some are -1, scikit-learn's own mark for rows that are not labelled, or a matrix of truth values.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.data import RowSource
from mixtura.data.blocks import AT_ONCE
from mixtura.data.dataset import Dataset
from mixtura.data.frames import columns_of_frame, in_memory_frame, is_frame, picked, without
from mixtura.data.masks import MaskedRows, SpooledCodes
from mixtura.data.plain import plain_table
from mixtura.data.spool import SpooledRows
from mixtura.errors import DataError, MixturaWarning, ParameterError
from mixtura.estimators.sizes import is_auto

__all__ = [
    "KnownComponents",
    "NamedLabels",
    "by_name",
    "check_labels",
    "check_reached",
    "check_unnumbered",
    "known_beyond",
    "known_components",
]

UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class NamedLabels:
    """What a column says of the rows' components, which is said by naming it.

    Attributes
    ----------
    name : of the column
    values : (N,), or None where they stand beside rows beyond memory
    """

    name: str
    values: Any


def by_name(X: Any, y: Any) -> tuple[Any, Any]:
    """Return rows without the column that y names, and what it holds; as they are if it names none.

    Raises
    ------
    ParameterError
        If rows have no names.
    DataError
        If there is no such column.
    """
    if not isinstance(y, str):
        return X, y
    table = plain_table(X)
    if isinstance(table, Dataset):
        rows = table.labelled(y)
        return rows, NamedLabels(y, None)
    if not is_frame(table):
        raise ParameterError(
            f"y={y!r} names a column, and the rows have no names; give y an entry for each row"
        )
    table = in_memory_frame(table)
    (column,), _ = columns_of_frame(picked(table, [y]))
    return without(table, [y]), NamedLabels(y, column)


@dataclass(frozen=True, slots=True, eq=False)
class KnownComponents:
    """Which components rows cannot belong to.

    Attributes
    ----------
    codes : (N,) the mask of each row
    masks : (M, K) bool, True where a component is excluded
    """

    codes: NDArray[np.intp]
    masks: NDArray[np.bool_]

    def take(self, rows: NDArray[Any]) -> "KnownComponents":
        """Return those of some rows, by their positions or by truth values."""
        return KnownComponents(self.codes[rows], self.masks)

    def with_noise(self) -> "KnownComponents":
        """Return the same with noise as another component: only for rows not excluded from any."""
        noise = self.masks.any(axis=1, keepdims=True)
        return KnownComponents(self.codes, np.hstack([self.masks, noise]))


def known_components(y: Any, use: Any, n_rows: int, n_components: int) -> KnownComponents | None:
    """Return what y says of the components of rows, or None where it says or means nothing.

    Parameters
    ----------
    y : (N,) whole numbers from 0 to K - 1, -1 where a row's component is unknown; or (N, K) truth
        values, True where a component is allowed; or those of a column
    use : True, False, or "auto"
    n_rows : N
    n_components : K

    Raises
    ------
    ParameterError
        If `use` is none of these.
    DataError
        Naming the first row of y that cannot be used.
    """
    if not (isinstance(use, (bool, np.bool_)) or (isinstance(use, str) and use == "auto")):
        raise ParameterError(f'use_y should be True, False or "auto", but got {use!r}')
    if y is None or (not isinstance(use, str) and not use):
        return None
    if isinstance(y, NamedLabels):
        if np.shape(y.values) != (n_rows,):
            raise DataError(f"column '{y.name}' of y has not one entry for each row")
        return _numbered(np.array(y.values, dtype=object), n_components)
    array = y.toarray() if issparse(y) else np.asarray(y)
    if isinstance(use, str) and not _means_components(array, n_components):
        return None
    if array.ndim not in (1, 2) or len(array) != n_rows:
        raise DataError(
            f"y has the shape {array.shape}, and X has {n_rows} rows; they should match"
        )
    if array.ndim == 2 and array.shape[1] > 1:
        return _allowed(array, n_components)
    return _numbered(array.ravel(), n_components)


def known_beyond(rows: SpooledRows, n_components: int, *, noise: bool) -> MaskedRows:
    """Return rows beyond memory with what the labels beside them say, which are checked already."""
    found = KnownComponents(np.empty(0, dtype=np.intp), _masks_of(n_components))
    found = found.with_noise() if noise else found
    return MaskedRows(rows, SpooledCodes(rows, n_components), found.masks)


def check_labels(rows: SpooledRows, n_components: int) -> None:
    """Raise `DataError` for the first label that stands beside a row and is no component."""
    for start in range(0, rows.n_rows, AT_ONCE):
        labels = rows.row_labels(start, min(start + AT_ONCE, rows.n_rows))
        _check_numbers(labels, labels, n_components, start)


def check_reached(source: RowSource, n_components: int) -> None:
    """Raise `DataError` where y leaves one of K components without a row that has weight."""
    found = source.without_rows if isinstance(source, MaskedRows) else []
    if found and found[0] < n_components:
        raise DataError(
            f"y leaves no row of weight for component {found[0]}; leave the component out, or let "
            "some row be of unknown component (-1)"
        )


def check_unnumbered(estimator: Any, y: Any, starts: tuple[str, ...]) -> None:
    """Raise `ParameterError` where something numbers components that are to be searched for."""
    given = [name for name in starts if getattr(estimator, name, None) is not None]
    weights = estimator.mixing_weights
    if is_auto(estimator.n_components) and not isinstance(weights, str | None):
        given.append("mixing_weights")
    setting, question = (
        ("n_components", "how many there are")
        if is_auto(estimator.n_components)
        else ("covariance_type", "which is which")
    )
    if given:
        raise ParameterError(
            f"{given[0]} tells components apart, so {question} is no question; give {setting}"
        )
    named = isinstance(y, NamedLabels)
    array = np.empty(0) if y is None or named else np.asarray(y)
    matrix = array.ndim == 2 and array.dtype == bool
    listed = array.ndim == 1 and array.dtype.kind == "i" and array.size and array.min() == UNKNOWN
    used = estimator.use_y
    if y is not None and (used is True or (used == "auto" and (matrix or listed or named))):
        raise ParameterError(
            f"y says which component rows belong to, so {question} is no question; give {setting}, "
            "or use_y=False to ignore y"
        )


def _means_components(array: NDArray[Any], n_components: int) -> bool:
    """Return whether y is about components by itself; warn where it may be."""
    if array.ndim == 2:
        return array.dtype == bool and array.shape[1] > 1
    if array.ndim != 1 or array.dtype.kind not in "i" or not array.size:
        return False
    if array.min() != UNKNOWN:
        return False
    if set(np.unique(array).tolist()) == {-1, 1} and n_components > 1:
        warnings.warn(
            "y holds -1 and 1 only, which may be two classes, so it is not used; say use_y=True "
            "if it means rows of unknown component and of component 1",
            MixturaWarning,
            stacklevel=5,
        )
        return False
    return True


def _numbered(array: NDArray[Any], n_components: int) -> KnownComponents:
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "y should hold the numbers of components, -1 where unknown; turn names into numbers"
        ) from None
    _check_numbers(numbers, array, n_components, 0)
    # -1 is the last mask, which bars nothing.
    return KnownComponents(numbers.astype(np.intp) % (n_components + 1), _masks_of(n_components))


def _masks_of(n_components: int) -> NDArray[np.bool_]:
    """Return what is excluded (K + 1, K) for a row of each component, and of none."""
    barred = ~np.eye(n_components, dtype=bool)
    return np.vstack([barred, np.zeros((1, n_components), dtype=bool)])


def _check_numbers(
    numbers: NDArray[np.float64], array: NDArray[Any], n_components: int, start: int
) -> None:
    """Raise `DataError` for the first that is no number of a component, of rows from `start` on."""
    wrong = ~((numbers >= UNKNOWN) & (numbers < n_components) & (numbers == np.floor(numbers)))
    if wrong.any():
        row = int(wrong.argmax())
        label = array[row : row + 1].tolist()[0]
        raise DataError(
            f"y holds {label!r} at row {start + row} (counted from 0), and components are called "
            f"0 to {n_components - 1}, -1 where unknown; set n_components, or use_y=False to "
            "ignore y"
        )


def _allowed(array: NDArray[Any], n_components: int) -> KnownComponents:
    if array.shape[1] != n_components:
        raise DataError(
            f"y has {array.shape[1]} columns of allowed components, and n_components is "
            f"{n_components}; give one for each"
        )
    if array.dtype != bool and not np.isin(array, (0, 1)).all():
        raise DataError("y should hold truth values, True where a row may be of a component")
    allowed = array.astype(bool)
    lost = ~allowed.any(axis=1)
    if lost.any():
        row = int(lost.argmax())
        raise DataError(f"y allows no component at row {row} (counted from 0); allow at least one")
    empty = ~allowed.any(axis=0)
    if empty.any():
        raise DataError(
            f"y allows component {int(empty.argmax())} at no row; leave the component out"
        )
    masks, codes = np.unique(~allowed, axis=0, return_inverse=True)
    return KnownComponents(codes.ravel().astype(np.intp), masks)
