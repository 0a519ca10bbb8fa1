"""A figure as SVG that can stand inside an HTML page, beside others."""

import re
import warnings
from collections.abc import Callable
from io import StringIO
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.style import context

__all__ = ["inline_svg"]

# Text stays text, so that readers can search it and the page's fonts draw it; a fixed salt makes
# the same figure the same file.
SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "mixtura"}
# Dots an inch of what is no lines inside, such as heat maps.
RASTER_DPI = 160

NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def inline_svg(draw: Callable[[], Figure], name: str, description: str) -> str:
    """Return the element `<svg>` of a figure, without anything that points outside the page.

    Parameters
    ----------
    draw : makes the figure; it is called under matplotlib's own defaults
    name : a word that makes the identifiers unique in the page
    description : read aloud in place of the picture; plain words, without markup
    """
    text = StringIO()
    with warnings.catch_warnings(), context("default"), matplotlib.rc_context(SETTINGS):
        # The page's fonts draw the letters that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        # Panels too small for their labels are drawn all the same.
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        _write(draw(), text)
    drawing = text.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(
        r"<style.*?</style>|<!--.*?-->|<metadata.*?</metadata>", "", drawing, flags=re.DOTALL
    )
    drawing = re.sub(r"<[^>]*>", lambda tag: _local(tag.group(), name), drawing)
    head, body = drawing.split(">", 1)
    width = re.search(r'width="([\d.]+)pt"', head)
    view = re.search(r'viewBox="[^"]*"', head)
    assert width is not None
    assert view is not None
    inches = float(width.group(1)) / 72
    return (
        f'<svg class="figure" role="img" aria-label="{description}" {view.group()} '
        f'style="--inches: {inches:.2f}">{body}'
    )


def _write(figure: Figure, text: StringIO) -> None:
    """Write a figure as SVG, drawn once: `savefig` draws it twice to find places."""
    figure.set_dpi(RASTER_DPI)
    FigureCanvasSVG(figure).print_svg(text, metadata=NO_METADATA)


def _local(tag: str, name: str) -> str:
    """Return a tag with identifiers, and what refers to them, under the figure's name.

    Numbers keep two digits after the point: a hundredth of a point cannot be seen.
    """
    tag = re.sub(r"-?\d+\.\d{3,}", _short, tag)
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = tag.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    return re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", tag)


def _short(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")
