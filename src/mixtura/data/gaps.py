"""Missing cells of rows, NaN or numbers of categories below 0: found, counted, and in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ADVICE",
    "NOTHING_TOLD",
    "Gaps",
    "gaps_of",
    "has_gaps",
    "lack_all",
    "with_one_nan",
    "words_of_empty",
]

# What else may be done about a cell that is refused.
ADVICE = ", or set missing='marginal', which takes each row by its other cells"
# What is said where no row says anything.
NOTHING_TOLD = (
    "no row of weight above zero has a known cell, so there is nothing to fit; look at how missing "
    "cells are written"
)
# Patterns that are counted.
MOST_PATTERNS = 100_000


def has_gaps(rows: NDArray[Any]) -> bool:
    """Return whether a cell is NaN."""
    # One sum decides for complete rows; that of finite rows may be NaN if it overflows.
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = np.isnan(rows.sum(dtype=np.float64))
    return bool(suspect and np.isnan(rows).any())


def gaps_of(rows: NDArray[Any], categorical: NDArray[np.bool_] | bool = False) -> NDArray[np.bool_]:
    """Return which cells (N, D) are missing: NaN, or numbers of categories below 0.

    Parameters
    ----------
    categorical : (D,) which columns have numbers of categories, or one truth value of all
    """
    return np.asarray(np.where(categorical, ~(rows >= 0), np.isnan(rows)))


def lack_all(rows: NDArray[Any], categorical: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Return which rows (N,) have no cell: NaN, or for numbers of categories below 0.

    Parameters
    ----------
    categorical : (D,) which columns have numbers of categories; None for all or none, by their type
    """
    if categorical is not None:
        return np.asarray(gaps_of(rows, categorical).all(axis=1))
    if rows.dtype.kind == "i":
        return np.asarray((rows < 0).all(axis=1))
    return np.asarray(np.isnan(rows).all(axis=1)) if has_gaps(rows) else np.zeros(len(rows), bool)


def words_of_empty(n_rows: int) -> str:
    """Return what a summary says of so many rows without a cell."""
    return (
        f"{n_rows:,} row(s) have no cell at all; their posterior is the mixing weights, and they "
        "do not count in n"
    )


def with_one_nan(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows (N, D) in which all NaN have the same bits, so that they can be compared."""
    return np.where(np.isnan(rows), rows.dtype.type(np.nan), rows)


@dataclass(frozen=True, slots=True)
class Gaps:
    """Counts of the missing cells of some rows, which add up.

    Attributes
    ----------
    n_rows, n_cells : how many there are in all
    n_missing : cells
    n_gappy : rows that lack a cell
    n_empty : rows that lack all
    patterns : what rows lack, packed; one more than `MOST_PATTERNS` at the most
    """

    n_rows: int = 0
    n_cells: int = 0
    n_missing: int = 0
    n_gappy: int = 0
    n_empty: int = 0
    patterns: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, rows: NDArray[Any], categories: bool | Sequence[bool] = False) -> Self:
        """Return those of rows (n, D).

        Parameters
        ----------
        categories : (D,) which columns hold numbers of categories, below 0 where missing; or one
            truth value of all
        """
        missing = gaps_of(rows, np.asarray(categories))
        # Rows may lie column by column.
        packed = np.ascontiguousarray(np.packbits(missing, axis=1))
        patterns = np.unique(packed.view(f"V{packed.shape[1]}"))
        return cls(
            len(rows),
            rows.size,
            int(missing.sum()),
            int(missing.any(axis=1).sum()),
            int(missing.all(axis=1).sum()),
            frozenset(each.tobytes() for each in patterns[: MOST_PATTERNS + 1]),
        )

    @classmethod
    def among(
        cls, blocks: Iterable[NDArray[Any]], categories: bool | Sequence[bool] = False
    ) -> "Gaps":
        """Return those of rows that come block by block."""
        return sum((cls.of(rows, categories) for rows in blocks), cls())

    def __add__(self, other: "Gaps") -> "Gaps":
        """Return the counts of both parts."""
        patterns = self.patterns
        if len(patterns) <= MOST_PATTERNS and not other.patterns <= patterns:
            patterns = frozenset(islice(patterns | other.patterns, MOST_PATTERNS + 1))
        return Gaps(
            self.n_rows + other.n_rows,
            self.n_cells + other.n_cells,
            self.n_missing + other.n_missing,
            self.n_gappy + other.n_gappy,
            self.n_empty + other.n_empty,
            patterns,
        )

    def words(self, block: str = "") -> str:
        """Return what a summary says of them.

        Parameters
        ----------
        block : what kind of cells they are, where rows have others beside them
        """
        called = f"{block} cell" if block else "cell"
        many = len(self.patterns) > MOST_PATTERNS
        n_patterns = f"more than {MOST_PATTERNS:,}" if many else f"{len(self.patterns):,}"
        words = (
            f"{self.n_missing:,} of {self.n_cells:,} {called}s are missing, in {self.n_gappy:,} of "
            f"{self.n_rows:,} rows and {n_patterns} patterns of columns; each row counts by its "
            "other cells, right where cells are missing at random"
        )
        if self.n_empty and block:
            words += (
                f"\n{self.n_empty:,} row(s) have no {called} at all; only their other cells count"
            )
        return words
