"""Doors of rooms: what a package hands on, and rooms above, are loaded when they are asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["Plotted", "opened"]


def opened(package: str, places: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package.

    Parameters
    ----------
    package : its dotted name
    places : the module of it that each public name is found in
    """

    def load(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(import_module(f"{package}.{places[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load


class Plotted:
    """What can be drawn has the door to the room that draws, which stands above it.

    It hands itself over and knows nothing of how it is drawn, so nothing is imported upwards.
    """

    __slots__ = ()

    def plot(self, kind: str | None = None, X: Any = None, *, ax: Any = None) -> Any:
        """Draw a figure of the report.

        Parameters
        ----------
        kind : "pairs", "columns", "items", "profile", "uncertainty", "trace", "criterion" and so
            on, as the family has them (an error says which); of a search also "bic", "icl" and
            "aic"; and what no report has: "qq", of each column of numbers or counts, "density",
            of one amount or two, "boundaries", of two amounts, and "profile" and "projection" (the
            directions that show the components of three columns or more) of Gaussian, t and factor
            ones. None is the first that can be drawn
        X : (N, D) rows of the columns that were fitted; frames by name. None where the figure shows
            no rows
        ax : matplotlib's axes to draw in, or None for a new figure, which a notebook shows

        Returns
        -------
        matplotlib.axes.Axes
            Or an array of them where the figure has several panels.

        Raises
        ------
        ParameterError
            If there is no figure of that kind, it shows rows and there are none, or nothing is
            fitted.
        DataError
            If the rows have other columns.
        """
        return self._drawn(kind, X, ax)

    def _drawn(self, kind: str | None, X: Any, ax: Any, shares: Any = None) -> Any:
        """Draw rows by responsibilities `shares` (N, K), or where there are none by the model's."""
        return import_module("mixtura.report").plot(self, kind, X, ax=ax, shares=shares)


class Reported(Plotted):
    """What a page can be made of: a fit with its history, a search, or a mixture from a file."""

    __slots__ = ()

    def report(self, path: Any, X: Any, *, title: str = "Mixture") -> None:
        """Write the page that `mixtura fit -o` writes, in place of what stood there.

        Parameters
        ----------
        path : of the HTML file, which needs nothing beside itself
        X : (N, D) rows of the columns that were fitted; frames by name
        title : heading of the page

        Raises
        ------
        ParameterError
            If nothing is fitted, or the name of the file ends as that of another kind.
        DataError
            If the rows have other columns, or a cell cannot be used.
        MixturaError
            If matplotlib or jinja2 is not installed.
        OSError
            If the file cannot be written.
        """
        room = import_module("mixtura.report")
        room.check_page_name(path)
        room.write_report(path, room.report_of(self, X, title=title))
