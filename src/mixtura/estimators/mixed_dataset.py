"""Blocks of mixed columns in a dataset, whether its rows are in memory or beyond it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.catalogue import ROWS
from mixtura.data.arranging import arranged
from mixtura.data.checks import column_label
from mixtura.data.dataset import Dataset
from mixtura.data.levels import Labels, recoded
from mixtura.data.parts import Coded
from mixtura.data.spool import SpooledRows
from mixtura.errors import DataError
from mixtura.estimators.blocks import checked_blocks, placed
from mixtura.estimators.constant import varying_columns_beyond
from mixtura.estimators.spooled import labels_of, spooled_rows

__all__ = [
    "coded_as_fitted",
    "coded_by_blocks",
    "coding_of",
    "fitted_mixed",
    "places_in",
    "recoded_rows",
    "varying_of_dataset",
]

Float = NDArray[np.float64]


def coded_by_blocks(data: Dataset, blocks: Any) -> Dataset:
    """Return the columns of a dataset that blocks name, one block after the other."""
    asked = coding_of(blocks)
    return data.coded(asked.columns, asked.categories)


def coding_of(blocks: Any) -> Coded:
    """Return which columns blocks name, one block after the other, and which hold categories."""
    found = checked_blocks(blocks)
    columns = tuple(column for own in found.values() for column in own)
    return Coded(columns, tuple(_categorical(found)))


def coded_as_fitted(
    data: Dataset, blocks: Any, used: Mapping[str, Sequence[int]], names: tuple[str, ...] | None
) -> Dataset:
    """Return the same of a dataset whose columns may stand elsewhere than those of the fit.

    Parameters
    ----------
    used : the positions of the columns that were fitted, by block
    names : of these, one block after the other, or None
    """
    found = coded_by_blocks(data, blocks)
    if names is None or found.names is None or set(names) <= set(found.names):
        return found
    return data.coded(names, _categorical(used))


def _categorical(blocks: Mapping[str, Sequence[Any]]) -> list[bool]:
    return [kind == "categorical" for kind, own in blocks.items() for _ in own]


def varying_of_dataset(data: Dataset, blocks: Any, constant: str) -> dict[str, list[int]]:
    """Return the positions of each block's columns, as `varying` does of a table."""
    used, names = placed(blocks, data.places), data.names or data.places
    for kind, own in used.items():
        if ROWS[kind].has_widths:
            at = [data.places.index(place) for place in own]
            survey, own_names = data.survey.of_columns(at), tuple(names[each] for each in at)
            kept = varying_columns_beyond(survey, own_names, constant)
            if kept is not None:
                used[kind] = [own[place] for place in kept]
    return used


def places_in(data: Dataset, names: tuple[str, ...] | None, places: Sequence[int]) -> list[int]:
    """Return where columns that were fitted stand among those of a dataset.

    Parameters
    ----------
    data : read for categories
    names, places : of the columns among those of the fit
    """
    if names is None or data.names is None:
        lacking = [place for place in places if place not in data.places]
        if lacking:
            raise DataError(f"X lacks column {lacking[0]}, and the fit used it")
        return [data.places.index(place) for place in places]
    lacking = [name for name in names if name not in data.names]
    if lacking:
        raise DataError(f"X lacks the column '{lacking[0]}', on which the fit was made")
    return [data.names.index(name) for name in names]


def recoded_rows(
    data: Dataset, at: Sequence[int], labels: Sequence[Labels], *, ignore: bool
) -> Float:
    """Return the rows (N, D) of some columns, categories as numbers of the levels of a fit.

    Parameters
    ----------
    data : read for categories, in memory
    at : places of the columns
    labels : of each of them its levels in the fit, none where it holds numbers
    ignore : count a category that is no level as missing
    """
    # Row after row, as those of a table are.
    rows = np.ascontiguousarray(data.array()[:, at], dtype=np.float64)
    for place, (column, known) in enumerate(zip(at, labels, strict=True)):
        if known:
            codes, own = rows[:, place].astype(np.int32), labels_of(data)[column]
            label = column_label(data.names or data.places, column)
            rows[:, place] = recoded(codes, own, known, label, ignore=ignore)
    return rows


def fitted_mixed(
    data: Dataset,
    at: list[int],
    gaussian: slice,
    silent: Callable[[NDArray[Any]], NDArray[np.bool_]],
) -> SpooledRows:
    """Return rows beyond memory as a fit takes them: some columns, categories as numbers too.

    Parameters
    ----------
    at : places of the columns
    gaussian : which of these are Gaussian, by whose missing cells rows are sorted
    silent : which rows (n,) have no cell
    """
    rows = spooled_rows(data)
    gappy = bool(rows.survey.n_missing[at][gaussian].any())
    whole = at == list(range(rows.n_columns)) and rows.dtype == np.float64
    made = lambda cells: cells[:, at].astype(np.float64)  # noqa: E731
    whole = whole and not (gappy or rows.survey.n_weightless)
    if whole and not any(silent(block.rows).any() for block in rows.blocks()):
        return rows
    return arranged(rows, made, gaussian if gappy else None, silent)
