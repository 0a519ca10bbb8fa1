"""A page of numbers, figures and tables of anything that is no single fit."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixtura.report.rendering import rendered
from mixtura.report.sections import Section
from mixtura.writing import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Picture", "Sheet", "write_sheet"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of a sheet.

    Attributes
    ----------
    name : one word, unique in the page
    heading : above it
    draw : makes it
    caption : says in plain words what is to be seen
    """

    name: str
    heading: str
    draw: "Callable[[], Figure]"
    caption: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page shows.

    Attributes
    ----------
    title, heading, source : on top
    numbers : name, value and meaning of what is to be seen first
    pictures : in their order
    sections : tables after them
    """

    title: str
    heading: str
    source: str
    numbers: Sequence[tuple[str, str, str]]
    pictures: Sequence[Picture]
    sections: Sequence[Section]


def write_sheet(path: str | os.PathLike[str], sheet: Sheet) -> None:
    """Write the page, in place of what stood at `path`.

    Raises
    ------
    MixturaError
        If matplotlib or jinja2 is not installed.
    OSError
        If the file cannot be written.
    """
    from mixtura import __version__
    from mixtura.report.vector import inline_svg

    figures = [
        {
            "name": one.name,
            "heading": one.heading,
            "svg": inline_svg(one.draw, one.name, one.heading),
            "caption": one.caption,
        }
        for one in sheet.pictures
    ]
    page = rendered("sheet.html", sheet=sheet, figures=figures, version=__version__)
    write_text(path, page)
