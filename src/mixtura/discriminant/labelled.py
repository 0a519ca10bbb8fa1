"""What is known of rows' classes."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from mixtura.data.checks import row_weights
from mixtura.data.dataset import Dataset
from mixtura.data.plain import is_missing, plain_table
from mixtura.errors import DataError, MixturaWarning
from mixtura.estimators.labels import NamedLabels, by_name

__all__ = ["Labelled", "labelled", "parted"]

Float = NDArray[np.float64]

# Of fewer rows than this a class may well have one.
FEW_ROWS = 20


def parted(X: Any, y: Any) -> tuple[Any, Any]:
    """Return rows and their classes, which `y` may name among the columns of a frame.

    Raises
    ------
    ParameterError
        If rows have no names.
    DataError
        If there is no such column, or rows are read in parts.
    """
    if isinstance(y, str) and isinstance(plain_table(X), Dataset):
        raise DataError(
            f"y={y!r} names a column, and classes of files are not read by name; give a frame of "
            "the rows, such as pandas.read_parquet makes"
        )
    rows, classes = by_name(X, y)
    if not isinstance(classes, NamedLabels):
        return rows, classes
    values = classes.values
    # Text is objects, as in frames.
    has_text = isinstance(values, list) and any(isinstance(value, str) for value in values)
    return rows, np.array(values, dtype=object if has_text else None)


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """What is known of rows' classes.

    Attributes
    ----------
    classes : (C,) labels, in order
    codes : (N,) the place of each row's class among them
    weights : (N,) row weights
    """

    classes: NDArray[Any]
    codes: NDArray[np.intp]
    weights: Float

    def take(self, rows: NDArray[np.intp]) -> "Labelled":
        """Return that of some rows, of the same classes."""
        return Labelled(self.classes, self.codes[rows], self.weights[rows])

    @property
    def shares(self) -> Float:
        """Return the share of each class (C,)."""
        totals = np.bincount(self.codes, self.weights, minlength=len(self.classes))
        return totals / totals.sum()

    def likelihood(self, densities: Float, n_parameters: int) -> tuple[float, float]:
        """Return Σ w log(share of its class · density) and the BIC of so many parameters.

        Parameters
        ----------
        densities : (N, C) log f_c(x)
        n_parameters : shares of the classes included
        """
        own = densities[np.arange(len(self.codes)), self.codes] + np.log(self.shares[self.codes])
        used = self.weights > 0
        total = float(self.weights[used] @ own[used])
        return total, -2 * total + n_parameters * float(np.log(self.weights.sum()))


def labelled(y: Any, sample_weight: ArrayLike | None, n_rows: int) -> Labelled:
    """Return what y says of rows' classes.

    Raises
    ------
    DataError
        If it has not one label for each row, or fewer than two classes, or one without weight.
    """
    if y is None:
        raise DataError("a classifier requires y to be passed, but the target y is None")
    try:
        labels = column_or_1d(y, warn=True)
        _check_present(labels)
        with warnings.catch_warnings():
            # What it says of many classes is said below.
            warnings.simplefilter("ignore", UserWarning)
            check_classification_targets(labels)
    except (TypeError, ValueError) as error:
        raise DataError(str(error)) from error
    if not n_rows:
        raise DataError("X has no rows; give at least one of each class")
    if len(labels) != n_rows:
        raise DataError(f"y has {len(labels)} labels, and X has {n_rows} rows; give one each")
    weights = row_weights(sample_weight, n_rows)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"y holds 1 class, {classes.tolist()[0]!r}; a classifier needs two")
    if 2 * len(classes) > n_rows > FEW_ROWS:
        warnings.warn(
            f"y holds {len(classes):,} classes in {n_rows:,} rows, so most have a row of their "
            "own; is it an identifier, or an amount?",
            MixturaWarning,
            stacklevel=3,
        )
    found = Labelled(classes, codes, np.ones(n_rows) if weights is None else weights)
    empty = np.flatnonzero(found.shares == 0)
    if len(empty):
        label = classes.tolist()[empty[0]]
        raise DataError(f"class {label!r} has no row of weight; leave it out of y")
    return found


def _check_present(labels: NDArray[Any]) -> None:
    """Raise `DataError` for the first row without a label, and for labels of unlike types."""
    # NaN alone is not equal to itself.
    missing = [
        row for row, one in enumerate(labels.tolist()) if is_missing(one) or bool(one != one)
    ]
    if missing:
        raise DataError(
            f"y holds no label at row {missing[0]} (counted from 0), and {len(missing)} row(s) in "
            "all have none; leave them out, or fit all rows as one mixture, by use_y=True"
        )
    types = sorted({type(label).__name__ for label in labels.tolist()})
    if labels.dtype == object and len(types) > 1:
        raise DataError(
            f"y holds labels of several types ({', '.join(types)}); give all of one, such as text"
        )
