"""`plot`: a figure of the report from Python, which a notebook shows without matplotlib's help."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from matplotlib.figure import Figure

from mixtura.report.figures import drawing_of, report_of
from mixtura.report.vector import inline_svg

__all__ = ["Picture", "plot"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Picture:
    """A figure with its caption, as the page of the report has it.

    Attributes
    ----------
    name : of the figure
    heading, caption : what it shows, and how it is read
    figure : matplotlib's `Figure`, whose `axes` may be changed
    draw : makes the figure anew
    """

    name: str
    heading: str
    caption: str
    figure: Figure
    draw: Callable[[], Figure]

    def __repr__(self) -> str:
        return f"<Picture '{self.name}': {self.heading}>"

    def _repr_html_(self) -> str:
        """Return the figure and its caption for a notebook."""
        width = f"max-width: {self.figure.get_figwidth():.2f}in"
        words = f"<figcaption>{escape(self.caption)}</figcaption>"
        return f'<figure style="{width}; background: white">{self.svg}{words}</figure>'

    @property
    def svg(self) -> str:
        """Return the element `<svg>` of the page, under matplotlib's own defaults."""
        return inline_svg(self.draw, f"plot-{self.name}", escape(self.heading))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure to a file of the kind that its extension says: SVG, PDF, PNG."""
        self.figure.savefig(path)


def plot(model: Any, X: Any, figure: str | None = None) -> Picture:
    """Draw a fitted mixture or a search on rows, as the report does.

    Parameters
    ----------
    model : a fitted mixture, or a search, of which the best is shown
    X : (N, D) rows of the columns that were fitted; frames by name
    figure : which one, by the names of `mixtura.report.figure_names`: "pairs", "density",
        "uncertainty", "criterion", "trace" and so on, as the family has them; None is the first

    Returns
    -------
    Picture
        A notebook shows it; `figure` is matplotlib's, and `save` writes it.

    Raises
    ------
    ParameterError
        If the model is not fitted, or has no figure of that name.
    DataError
        If the rows have other columns.
    """
    report = report_of(model, X)
    drawing, sample = drawing_of(report, figure), report.plotted()
    draw = partial(drawing.draw, sample)
    return Picture(drawing.name, drawing.heading, drawing.caption(sample), draw(), draw)
