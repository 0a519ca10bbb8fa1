"""Columns of one value, in which no density has a width: refused, or left out with a warning."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data.checks import LISTED, Names, column_label, row_weights
from mixtura.data.dataset import Dataset
from mixtura.data.encoding import Reading
from mixtura.data.spool import SpooledRows
from mixtura.data.survey import Survey
from mixtura.errors import MixturaWarning
from mixtura.estimators.base import MixtureEstimator
from mixtura.estimators.settings import checked_choice
from mixtura.mixture import Mixture

__all__ = ["VaryingColumns", "varying_columns", "varying_columns_beyond"]

Places = tuple[int, ...] | None


class VaryingColumns(MixtureEstimator):
    """What estimators share whose `constant` may leave columns of one value out."""

    constant: str = "error"

    def _varying(
        self, rows: NDArray[Any], names: tuple[str, ...] | None
    ) -> tuple[NDArray[Any], tuple[str, ...] | None]:
        """Return the columns to fit, and their names."""
        places = varying_columns(rows, names, self.constant, self._given_weights)
        kept = self._keep(places, rows.shape[1], names)
        return (rows, names) if places is None else (rows[:, places], kept)

    def _varying_beyond(self, data: Dataset) -> tuple[Places, tuple[str, ...] | None]:
        """Return the places of the columns to fit, None for all, and their names.

        They are told by what one pass over the rows found.
        """
        rows = data.rows
        assert isinstance(rows, SpooledRows)
        places = varying_columns_beyond(rows.survey, data.names, self.constant)
        return places, self._keep(places, data.n_columns, data.names)

    def _keep(
        self, places: Places, n_columns: int, names: tuple[str, ...] | None
    ) -> tuple[str, ...] | None:
        self._places, self._all_columns = places, (n_columns, names)
        return names if names is None or places is None else tuple(names[p] for p in places)

    @property
    def _leaves_out(self) -> bool:
        """Return whether the fit left columns out, so that the mixture itself reads rows."""
        return self.mixture_.reading is not None and self.mixture_.reading.places is not None

    def _reading(self) -> Reading:
        return replace(super()._reading(), places=getattr(self, "_places", None))

    def _take_columns(self, mixture: Mixture) -> None:
        """Set which columns were fitted, and what all are."""
        places = mixture.reading.places if mixture.reading is not None else None
        if places is None:
            self.kept_columns_ = np.arange(mixture.n_columns)
            return
        self._places, self.kept_columns_ = places, np.array(places)
        # A model file knows no more of the columns than those left.
        self.n_features_in_, names = getattr(self, "_all_columns", (max(places) + 1, None))
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)


def varying_columns(
    rows: NDArray[Any], names: Names, constant: str, sample_weight: ArrayLike | None = None
) -> Places:
    """Return the columns to fit, and warn of those left out; None for all.

    Where no column varies all stay, for the error that names them.

    Parameters
    ----------
    rows : (N, D), NaN where a cell is missing
    names : of the columns, for the warning
    constant : "error" to leave none out, or "drop"
    sample_weight : rows of weight zero say nothing
    """
    if checked_choice("constant", constant, ("error", "drop")) == "error":
        return None
    weights = row_weights(sample_weight, len(rows))
    told = rows if weights is None else rows[weights > 0]
    # Comparisons with NaN are false, and a column without any value has no first.
    first = told[np.isfinite(told).argmax(axis=0), np.arange(told.shape[1])]
    return _varying(np.asarray(((told > first) | (told < first)).any(axis=0)), names)


def varying_columns_beyond(survey: Survey, names: Names, constant: str) -> Places:
    """Return what `varying_columns` returns, of rows beyond memory by what one pass found."""
    if checked_choice("constant", constant, ("error", "drop")) == "error":
        return None
    return _varying(survey.spread > 0, names)


def _varying(varies: NDArray[np.bool_], names: Names) -> Places:
    """Return the columns that vary, and warn of the others; None for all."""
    if varies.all() or not varies.any():
        return None
    left = np.flatnonzero(~varies)
    listed = ", ".join(column_label(names, int(column)) for column in left[:LISTED])
    more = f" and {len(left) - LISTED} more" if len(left) > LISTED else ""
    warnings.warn(
        f"{listed}{more}: all rows hold one value, or none, so no density has a width there; left "
        "out",
        MixturaWarning,
        stacklevel=7,
    )
    return tuple(np.flatnonzero(varies).tolist())
