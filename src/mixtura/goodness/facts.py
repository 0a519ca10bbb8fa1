"""What a summary and a report say of classes, as JSON can hold it."""

from math import prod
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.components.noise import beside_noise, without_noise
from mixtura.data import Block, RowSource, blocks_of
from mixtura.data.distinct import distinct_rows
from mixtura.data.masks import plain_rows
from mixtura.data.spool import SpooledRows
from mixtura.data.streamed_distinct import MOST_PATTERN_CELLS, streamed_distinct
from mixtura.goodness.classes import modal_shares
from mixtura.goodness.pairs import pair_residuals
from mixtura.goodness.patterns import pattern_fit
from mixtura.kinds import ColumnKind
from mixtura.mixture import Mixture

__all__ = ["ItemFamily", "class_facts", "level_counts", "levels_seen"]

Float = NDArray[np.float64]

# Pairs of items listed.
LISTED_PAIRS = 10

# Whole numbers below are exact wherever they are read.
MOST_EXACT = 2**53


# Rows times pairs of items whose tables are counted: about half a second.
PAIR_COST = 1e8


@runtime_checkable
class ItemFamily(Protocol):
    """A family whose columns are items with levels, independent in a component."""

    @property
    def kinds(self) -> tuple[ColumnKind, ...]: ...

    def level_probabilities(self, parameters: Any) -> Float:
        """Return the probabilities (K, ΣL) of the items' levels side by side."""
        ...


def level_counts(kinds: tuple[ColumnKind, ...]) -> list[int]:
    """Return the number of levels (J,) of items: categories, or yes and no."""
    return [len(kind.labels) if kind.name == "category" else 2 for kind in kinds]


def levels_seen(family: ItemFamily) -> list[NDArray[np.intp]]:
    """Return the numbers of the levels of each item (J,) that are cells of a table.

    What no row of weight has is none; of an item without a known cell the first level is.
    """
    counts = level_counts(family.kinds)
    unseen = getattr(family, "unseen", ()) or ((),) * len(counts)
    found = [np.setdiff1d(np.arange(size), own) for size, own in zip(counts, unseen, strict=True)]
    return [own if len(own) else np.zeros(1, dtype=np.intp) for own in found]


def _listed(count: int) -> float:
    """Return a whole number that files hold, or the nearest float, which may be infinite."""
    try:
        return count if count < MOST_EXACT else float(count)
    except OverflowError:
        return float("inf")


def class_facts(mixture: Mixture, source: RowSource) -> dict[str, Any]:
    """Return modal shares, and of items the statistics of their table.

    Parameters
    ----------
    mixture : the fitted value
    source : the rows it was fitted to
    """
    found = None
    if isinstance(without_noise(mixture.family), ItemFamily):
        found = _patterns_of(source)
    if found is None:
        return {"modal_shares": modal_shares(mixture, blocks_of(source)).tolist()}
    patterns, totals = found
    densities = np.empty(len(patterns))
    shares = modal_shares(mixture, [Block(patterns, totals)], densities)
    return {
        "modal_shares": shares.tolist(),
        **_item_facts(mixture, patterns, totals, densities),
    }


def _patterns_of(source: RowSource) -> tuple[NDArray[Any], Float] | None:
    """Return the distinct rows and their weights, None if rows are sparse, or too many for memory.

    Rows that are in memory are never too many.
    """
    source = plain_rows(source)
    if isinstance(source, SpooledRows):
        return streamed_distinct(source.blocks(), MOST_PATTERN_CELLS)
    block = source.block(0, source.n_rows)
    return None if issparse(block.rows) else distinct_rows(block.rows, block.weights)


def _level_probabilities(mixture: Mixture) -> Float:
    """Return the probabilities (K, ΣL) of levels; noise of items is a component like others."""
    family, parameters = beside_noise(mixture.family, mixture.parameters)
    found = family.level_probabilities(parameters)
    if not mixture.family.has_noise:
        return found
    even = family.level_probabilities(family.even())
    return np.concatenate([found, even])


def _item_facts(
    mixture: Mixture, patterns: NDArray[Any], totals: Float, densities: Float
) -> dict[str, Any]:
    """Return the statistics of distinct rows (U, J) with their total weights and log densities."""
    levels = level_counts(mixture.kinds)
    patterns = np.where(np.isnan(patterns), -1, patterns)
    family, _ = beside_noise(mixture.family, mixture.parameters)
    seen = [len(own) for own in levels_seen(family)]
    facts: dict[str, Any] = {"n_patterns": len(patterns), "n_cells": _listed(prod(seen))}
    if not (patterns < 0).any():
        table = pattern_fit(densities, totals, seen, mixture.n_parameters)
        facts["table"] = {
            "g2": table.g2,
            "x2": table.x2,
            "residual_df": table.residual_df,
            "sparse": table.is_sparse,
        }
    if len(levels) > 1 and len(patterns) * len(levels) ** 2 <= 2 * PAIR_COST:
        probabilities = _level_probabilities(mixture)
        pairs = pair_residuals(mixture.weights, probabilities, patterns, totals, levels)
        names = mixture.column_names
        facts["pair_residuals"] = [
            [names[i], names[j], value] for i, j, value in pairs.largest(LISTED_PAIRS)
        ]
    return facts
