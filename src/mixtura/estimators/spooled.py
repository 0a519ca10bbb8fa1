"""Rows beyond memory: what is fitted of them, and what is found of them part by part."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data.arranging import arranged
from mixtura.data.checks import column_label
from mixtura.data.dataset import Dataset
from mixtura.data.gaps import ADVICE, lack_all, words_of_empty
from mixtura.data.levels import Labels
from mixtura.data.spool import SpooledRows
from mixtura.errors import DataError, ParameterError
from mixtura.estimators.labels import NamedLabels
from mixtura.estimators.settings import checked_choice

__all__ = [
    "by_parts",
    "check_alone",
    "check_parts",
    "counts_beyond",
    "fitted_beyond",
    "is_spooled",
    "labels_of",
    "numbers_beyond",
    "spooled_rows",
    "telling",
    "words_of_left_out",
]


def is_spooled(data: Any) -> bool:
    """Return whether rows are a dataset that is not in memory."""
    return isinstance(data, Dataset) and not data.is_in_memory


def spooled_rows(data: Dataset) -> SpooledRows:
    """Return the rows of a dataset that is not in memory."""
    rows = data.rows
    assert isinstance(rows, SpooledRows)
    return rows


def labels_of(data: Dataset) -> tuple[Labels, ...]:
    """Return the levels of the columns of a dataset that is read for categories."""
    labels = data.labels
    assert labels is not None
    return labels


def telling(rows: SpooledRows) -> SpooledRows:
    """Return rows of categories in their order, without those that weigh or say nothing."""
    if not (rows.survey.n_weightless or any(lack_all(own.rows).any() for own in rows.blocks())):
        return rows
    return arranged(rows, lambda cells: cells.astype(rows.dtype), None)


def words_of_left_out(rows: SpooledRows, fitted: SpooledRows) -> tuple[str, ...]:
    """Return what a summary says of the rows that a fit leaves out as they have no cell."""
    n_empty = rows.n_rows - rows.survey.n_weightless - fitted.n_rows
    return (words_of_empty(n_empty),) if n_empty > 0 else ()


def check_alone(y: Any, sample_weight: ArrayLike | None) -> None:
    """Raise `ParameterError` if arrays come with rows beyond memory, which has no room for them."""
    advice = "let the dataset's memory= be more than the rows take"
    if y is not None and not isinstance(y, NamedLabels):
        raise ParameterError(
            "y for rows beyond memory is the name of the column that holds it, and no array; name "
            f"that, or {advice}"
        )
    if sample_weight is not None:
        raise ParameterError(
            "sample_weight is not taken with rows beyond memory; name the column that "
            f"holds them when the dataset is made, or {advice}"
        )


def numbers_beyond(data: Dataset, missing: str) -> SpooledRows:
    """Return rows of a dataset, whose missing cells may be there.

    Raises
    ------
    DataError
        Naming the first column with missing cells if there may be none.
    """
    rows = spooled_rows(data)
    gaps = rows.survey.n_missing
    if checked_choice("missing", missing, ("error", "marginal")) == "error" and gaps.any():
        column = int(np.flatnonzero(gaps)[0])
        count = int(gaps[column])
        raise DataError(
            f"{column_label(data.names, column)} holds {count:,} missing "
            f"cell{'s' if count > 1 else ''}. Drop those rows, or fill the cells{ADVICE}"
        )
    return rows


def fitted_beyond(rows: SpooledRows, places: Sequence[int] | None) -> SpooledRows:
    """Return rows of numbers as a fit takes them: the columns at some places, all when None.

    Those that weigh or say nothing are left out, and missing cells stand together, as in memory.
    """
    gaps = rows.survey.n_missing if places is None else rows.survey.n_missing[list(places)]
    if not (gaps.any() or rows.survey.n_weightless or places):
        return rows
    made = (lambda cells: cells) if places is None else (lambda cells: cells[:, places])
    return arranged(rows, made, slice(None) if gaps.any() else None)


def counts_beyond(
    data: Dataset,
    places: Sequence[int] | None,
    silent: Callable[[NDArray[Any]], NDArray[np.bool_]],
) -> SpooledRows:
    """Return rows of counts, or of cells like them, as a fit takes them: `fitted_beyond`.

    Parameters
    ----------
    silent : which of them (n,) have no cell
    """
    rows = spooled_rows(data)
    whole = not (rows.survey.n_weightless or rows.survey.has_gaps)
    if rows.dtype == np.float64 and whole and places is None:
        return rows.as_counts()
    kept: Any = slice(None) if places is None else list(places)
    made = lambda cells: cells[:, kept].astype(np.float64)  # noqa: E731
    return arranged(rows, made, None, silent).as_counts()


def check_parts(data: Dataset, check: Callable[[Any], object]) -> None:
    """Check rows part by part.

    Raises
    ------
    DataError
        As the check does, and where the part begins.
    """
    start = 0
    for part in data.parts():
        try:
            check(part)
        except DataError as error:
            raise DataError(f"of the part from row {start} on: {error}") from error
        start += part.n_rows


def by_parts(data: Any, found: Callable[[Any], NDArray[Any]]) -> NDArray[Any]:
    """Return what is found of each row, part by part where rows are beyond memory."""
    if not is_spooled(data):
        return found(data)
    values: list[NDArray[Any]] = []
    check_parts(data, lambda part: values.append(found(part)))
    return np.concatenate(values)
