"""Rows of a dataset for inference: all, or the distinct ones with how often each is there."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from numpy.typing import ArrayLike, NDArray

from mixtura.data.blocks import Block
from mixtura.data.dataset import Dataset
from mixtura.data.streamed_distinct import BYTES_OF_CELL, MOST_PATTERN_CELLS, streamed_distinct
from mixtura.errors import DataError, ParameterError
from mixtura.mixture import Mixture
from mixtura.mixture.parts import encoded_parts

__all__ = ["rows_of_dataset"]

ADVICE = "let the dataset's memory= be more than the rows take, or take a sample"


def rows_of_dataset(
    mixture: Mixture, data: Dataset, sample_weight: ArrayLike | None, *, counts: bool
) -> tuple[NDArray[Any], ArrayLike | None]:
    """Return rows (N, D), encoded, and their weights, or None where every row counts once.

    Parameters
    ----------
    mixture : which reads them
    sample_weight : of the rows, or None
    counts : whether the rows only add up, so that beyond memory the distinct ones do with their
        total weights

    Raises
    ------
    DataError
        If they are more than memory may hold, or a cell cannot be used.
    ParameterError
        If weights come beside those of a column, or beside rows beyond memory.
    """
    if data.has_weights and sample_weight is not None:
        raise ParameterError(
            "the dataset has a column of weights, and there is sample_weight too; leave one out"
        )
    held: list[Block] = []
    blocks, size = _blocks(mixture, data), 0
    for block in blocks:
        held.append(block)
        size += block.rows.nbytes
        if size > data.memory:
            if not counts:
                raise DataError(f"this takes all rows at once, row by row; {ADVICE}")
            if sample_weight is not None:
                raise ParameterError(
                    "sample_weight is not taken with rows beyond memory; name the column that "
                    "holds them when the dataset is made, or let the dataset's memory= be more "
                    "than the rows take"
                )
            return _distinct(chain(held, blocks), data)
    whole = Block.joined(held)
    return whole.rows, whole.weights if data.has_weights else sample_weight


def _blocks(mixture: Mixture, data: Dataset) -> Iterator[Block]:
    """Yield the encoded rows of a dataset, some at a time, with their weights."""
    found = False
    for rows, part in encoded_parts(mixture, data, missing="marginal"):
        if len(rows):
            found = True
            yield Block(rows, part.weights)
    if not found:
        raise DataError("there are no rows; give at least one")


def _distinct(blocks: Iterable[Block], data: Dataset) -> tuple[NDArray[Any], ArrayLike]:
    found = streamed_distinct(blocks, max(MOST_PATTERN_CELLS, data.memory // BYTES_OF_CELL))
    if found is None:
        raise DataError(
            f"this takes all rows that differ at once, and they are more than memory may hold; "
            f"{ADVICE}"
        )
    return found
