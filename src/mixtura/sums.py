"""Additive statistics: values whose fields add, so that merging blocks is written once."""

from dataclasses import fields
from typing import Self

__all__ = ["Sums"]


class Sums:
    """Base of frozen dataclasses of which the sum over rows is the sum over blocks of rows.

    Every field must support ``+`` (arrays, numbers or other ``Sums``).
    """

    __slots__ = ()

    def __add__(self, other: Self) -> Self:
        """Merge the statistics of two disjoint sets of rows."""
        values = (
            getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)  # pyright: ignore[reportArgumentType]
        )
        return type(self)(*values)
