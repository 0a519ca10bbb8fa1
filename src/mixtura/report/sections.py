"""Tables with a heading of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from mixtura.report.tables import Table

__all__ = ["Section"]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    name : one word, unique in the page
    heading : above it
    remarks : sentences before the tables
    tables : side by side where there is room
    """

    name: str
    heading: str
    remarks: Sequence[str]
    tables: Sequence[Table]
