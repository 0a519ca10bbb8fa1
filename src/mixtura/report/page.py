"""The report as one HTML file that needs nothing beside itself."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixtura.em.stopping import Ending
from mixtura.report.contents import Report
from mixtura.report.rendering import rendered
from mixtura.report.sentences import (
    cautions,
    certificate,
    choice,
    ending,
    figures_note,
    reproduction,
)
from mixtura.report.tables import component_table, failure_table, ranking_table
from mixtura.summary import title_of
from mixtura.writing import write_text

__all__ = ["render_report", "write_report"]

# Rankings longer than this are folded after so many rows.
SHOWN_RANKS = 10

# Of an error in place of a drawing.
LONGEST_REASON = 200

# What axes and libraries say of numbers that are hard to draw; others are defects of a drawing.
HARD_TO_DRAW = (ValueError, ArithmeticError, RuntimeError, MemoryError, np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as the page holds it."""

    heading: str
    svg: str
    caption: str
    note: str


def write_report(path: str | os.PathLike[str], report: Report) -> None:
    """Write the page, in place of what stood at `path`.

    Parameters
    ----------
    path : of the HTML file
    report : what to show

    Raises
    ------
    MixturaError
        If matplotlib or jinja2 is not installed.
    OSError
        If the file cannot be written.
    """
    write_text(path, render_report(report))


def render_report(report: Report) -> str:
    """Return the page as text; everything that came from the user is escaped."""
    return rendered("page.html", **_facts(report))


def _facts(report: Report) -> dict[str, Any]:
    from mixtura import __version__
    from mixtura.report.families import has_page, page_of

    result, selection = report.result, report.selection
    searched = selection is not None and len(selection.candidates) > 1
    mixture = result.mixture
    page = page_of(mixture.family.name)
    heading, *details = title_of(mixture).split("\n")
    return {
        "title": report.title,
        "heading": heading,
        "details": details,
        "source": report.source,
        "n_columns": mixture.n_columns,
        "numbers": [*_key_numbers(report), *page.numbers(report)],
        "ending": ending(result),
        "certificate": certificate(result),
        "choice": "" if selection is None else choice(selection),
        "cautions": [*cautions(report), *page.cautions(report)],
        "components": component_table(report, *page.component_columns(report)),
        "component_note": page.component_note(report),
        "centres": page.centres(report),
        "sections": page.sections(report),
        "family_tables": ()
        if has_page(mixture.family.name)
        else mixture.family.tables(mixture.parameters, report.columns, mixture.names),
        "ranking": ranking_table(selection) if searched and selection else None,
        "shown_ranks": SHOWN_RANKS,
        "failures": failure_table(selection) if searched and selection else None,
        "figures": _figures(report),
        "reproduction": reproduction(report, __version__),
    }


def _figures(report: Report) -> dict[str, Shown]:
    from mixtura.report.figures import drawings_of

    sample = report.plotted()
    return {
        drawing.name: _shown(drawing, sample, figures_note(report))
        for drawing in drawings_of(report)
    }


def _shown(drawing: Any, sample: Report, note: str) -> Shown:
    """Return a figure, or what is to be said in its place where it cannot be drawn."""
    from mixtura.report.blank import new_figure
    from mixtura.report.vector import inline_svg

    try:
        svg = inline_svg(lambda: drawing.draw(sample, new_figure), drawing.name, drawing.heading)
        caption = drawing.caption(sample)
    # The rest of the page stands.
    except Exception as error:
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        if not isinstance(error, HARD_TO_DRAW):
            reason = f"a defect of mixtura, please report it ({type(error).__name__}: {reason})"
        return Shown(drawing.heading, "", f"This drawing could not be made: {reason}.", "")
    return Shown(drawing.heading, svg, caption, note if drawing.of_rows else "")


def _key_numbers(report: Report) -> list[tuple[str, str, str]]:
    """Return name, value and meaning of the numbers on top of the page."""
    result = report.result
    n_rows = report.facts.get("n_rows", result.n_rows)
    weighted = result.total_weight != n_rows
    n = f"{result.total_weight:g}" if weighted else f"{n_rows}"
    searched = report.selection is not None and len(report.selection.candidates) > 1
    seconds = [("seconds", f"{result.seconds:.3g}", "to fit this model")]
    if searched:
        assert report.selection is not None
        total = sum(c.result.seconds for c in report.selection.candidates if c.result is not None)
        seconds = [("seconds", f"{total:.3g}", f"whole search; this model {result.seconds:.3g}")]
    starts = [("starts", f"{result.starts_agreeing} of {result.n_starts}", "reached this optimum")]
    if result.ending is Ending.GIVEN:
        starts = seconds = []
    return [
        ("log-likelihood", f"{result.log_likelihood:.4f}", "in nats, all rows"),
        ("n", n, f"total weight of {n_rows} rows" if weighted else "rows"),
        ("df", f"{result.n_parameters}", "free parameters"),
        ("BIC", f"{result.bic:.3f}", "lower is better"),
        ("ICL", f"{result.icl:.3f}", "BIC plus a charge for doubt"),
        ("entropy", f"{result.entropy:.3f}", "nats of doubt, all rows"),
        *starts,
        *seconds,
    ]
