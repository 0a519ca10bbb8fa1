"""All rows of a source, read once: in memory where they are few enough, and else in files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.arranging import rewritten
from mixtura.data.batches import parts_of
from mixtura.data.blocks import Block
from mixtura.data.clusters import put_by_workers
from mixtura.data.coding import Coder
from mixtura.data.levels import Labels
from mixtura.data.numbering import Numbers
from mixtura.data.parts import Asked, Part
from mixtura.data.paths import called_together, files_of
from mixtura.data.plain import cluster_of
from mixtura.data.spool import Spool, SpooledRows
from mixtura.data.survey import Survey
from mixtura.errors import DataError

__all__ = ["Read", "checked_weights", "read_rows"]


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Rows that were read.

    Attributes
    ----------
    rows : in memory, or what reads them from files
    survey : what one pass found of them
    names : of the columns, or None
    labels : of each column, its levels, none where it holds numbers; None where all do
    places : where the columns stand among all of the source; None where these are all
    """

    rows: Block | SpooledRows
    survey: Survey
    names: tuple[str, ...] | None
    labels: tuple[Labels, ...] | None = None
    places: tuple[int, ...] | None = None


def read_rows(source: Any, asked: Asked, memory: int, cache: Path | None) -> Read:
    """Return all rows of a source.

    Parameters
    ----------
    source, memory, cache : as `mixtura.dataset` takes them
    asked : which columns to read, and for what

    Raises
    ------
    DataError
        Naming file, row group, column and row of what cannot be read.
    """
    if asked.coded is None and cluster_of(source):
        put = put_by_workers(source, asked, memory, cache, checked_weights)
        _check_some_weigh(put.survey, asked)
        return Read(put.rows, put.survey, put.names)
    maker = Numbers() if asked.coded is None else Coder(asked.coded, asked.called)
    with Spool(cache, memory) as spool:
        for part in parts_of(source, asked):
            rows = maker.rows(part)
            if isinstance(maker, Coder) and spool.is_begun:
                maker.check_levels()
            if len(rows):
                spool.add(Block(rows, checked_weights(part, asked), labels=part.labels))
        files = files_of(source)
        found, survey = spool.ended(called_together([*map(str, files)]) if files else None)
    _check_some_weigh(survey, asked)
    if not isinstance(maker, Coder):
        return Read(found, survey, maker.names)
    if isinstance(found, SpooledRows):
        maker.check_levels()
    made = maker.ended()
    if isinstance(found, Block):
        rows = made.rows(found.rows)
        found, survey = found.made(rows), Survey.of(rows, found.weights)
    else:
        found = rewritten(found, made.rows)
        survey = found.survey
    return Read(found, survey, maker.taken, made.labels, maker.places)


def _check_some_weigh(survey: Survey, asked: Asked) -> None:
    if survey.n_weightless == survey.n_rows:
        raise DataError(
            f"column '{asked.weights}' of weights is zero in every row; give some rows a "
            "positive weight"
        )


def checked_weights(part: Part, asked: Asked) -> NDArray[np.float64] | None:
    """Return the weights (n,) of a part, or None where every row counts once.

    Raises
    ------
    DataError
        Naming the first that is no weight.
    """
    weights = part.weights
    if weights is None:
        return None
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{part.place}: column '{asked.weights}' of weights holds {weights[row]} at "
            f"row {row} (counted from 0); weights must be numbers from 0 up"
        )
    return weights
