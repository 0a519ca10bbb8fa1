"""What the cells of a column are, for those who turn a table into rows and back."""

from dataclasses import dataclass
from math import inf
from typing import Any, Literal

__all__ = [
    "BINARY",
    "COUNT",
    "DRAWS",
    "EXPOSURE",
    "NUMBER",
    "POSITIVE",
    "SHARE",
    "SMALLEST_AMOUNT",
    "ColumnKind",
    "category",
    "count_of",
]

# Beyond it and its inverse rates, and sums of many amounts, leave the range of numbers.
SMALLEST_AMOUNT = 1e-250

Name = Literal["number", "count", "draws", "binary", "exposure", "positive", "share", "category"]


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """The kind of one column.

    Attributes
    ----------
    name : how the kind is called
    labels : of a category, the values that the numbers 0, 1, 2, ... in the rows stand for
    most : the highest that a count may be
    """

    name: Name
    labels: tuple[Any, ...] = ()
    most: float = inf

    @property
    def may_be_missing(self) -> bool:
        """Return whether a row can do without such a cell: draws are shares of a row's total."""
        return self.name not in ("draws", "exposure")


NUMBER = ColumnKind("number")
COUNT = ColumnKind("count")
DRAWS = ColumnKind("draws")
BINARY = ColumnKind("binary")
EXPOSURE = ColumnKind("exposure")
POSITIVE = ColumnKind("positive")
SHARE = ColumnKind("share")


def count_of(most: float) -> ColumnKind:
    """Return the kind of a column of counts of so many things."""
    return ColumnKind("count", most=float(most))


def category(labels: tuple[Any, ...]) -> ColumnKind:
    """Return the kind of a column of categories."""
    return ColumnKind("category", labels)
