"""What a page shows of a family: its figures, and tables of its parameters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

from mixtura.report.canvases import Canvas
from mixtura.report.contents import Report
from mixtura.report.criterion import COLOURED, criterion_figure
from mixtura.report.panels import Points
from mixtura.report.projection import has_directions, projection_caption, projection_figure
from mixtura.report.sections import Section
from mixtura.report.tables import Table
from mixtura.report.trace import trace_figure
from mixtura.report.uncertainty import uncertainty_figure

__all__ = ["ASKED_PROJECTION", "COMMON", "Drawing", "FamilyPage"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure of a page.

    Attributes
    ----------
    name : one word, unique in the page
    heading : above the figure
    draw : makes the figure of a report on a canvas
    caption : says in plain words what is to be seen
    applies : whether there is anything to draw
    of_rows : whether it shows rows, of which a page may draw a sample only
    subject : what it is drawn of, where that is not all that a family has
    """

    name: str
    heading: str
    draw: Callable[[Report, Canvas], Figure]
    caption: Callable[[Report], str]
    applies: Callable[[Report], bool] = lambda _: True
    of_rows: bool = True
    subject: str = ""


@dataclass(frozen=True, slots=True)
class FamilyPage:
    """What the page of one family shows beyond what all pages do.

    Attributes
    ----------
    figures : in their order
    component_columns : headings and K rows of cells that join the table of components
    component_note : a sentence that explains them, or nothing
    centres : tables that follow it
    sections : further tables, at the end of the page
    numbers : name, value and meaning of what joins the numbers on top
    cautions : what a reader should know before trusting the fit
    """

    figures: Callable[[Report], Sequence[Drawing]] = lambda _: ()
    component_columns: Callable[[Report], tuple[Sequence[str], Sequence[Sequence[str]]]] = (
        lambda _: ((), ())
    )
    component_note: Callable[[Report], str] = lambda _: ""
    centres: Callable[[Report], Sequence[Table]] = lambda _: ()
    sections: Callable[[Report], Sequence[Section]] = lambda _: ()
    numbers: Callable[[Report], Sequence[tuple[str, str, str]]] = lambda _: ()
    cautions: Callable[[Report], Sequence[str]] = lambda _: ()


ABSENT = (
    "Models that could not be fitted, or that only a prior keeps finite where others need none, "
    "are absent."
)


def _draw_criterion(report: Report, canvas: Canvas) -> Figure:
    assert report.selection is not None
    return criterion_figure(report.selection, canvas)


def _criterion_applies(report: Report) -> bool:
    if report.selection is None:
        return False
    drawn = report.selection.grid(comparable=True).values()
    return sum(np.isfinite(value) for sizes in drawn for value in sizes.values()) > 1


def _criterion_caption(report: Report) -> str:
    assert report.selection is not None
    name = report.selection.criterion.upper()
    if len({candidate.n_components for candidate in report.selection.candidates}) == 1:
        return (
            f"Each mark is one kind of model, the best on top. {name} weighs how well a model fits "
            f"against how many parameters it spends. {ABSENT}"
        )
    kinds = len(report.selection.grid())
    if kinds == 1:
        return (
            f"The ring marks the best. {name} weighs how well a model fits against how many "
            "parameters it spends, so a line that turns up again has begun to pay for components "
            f"the rows do not ask for. {ABSENT}"
        )
    colours = f"The {COLOURED} kinds that come closest are in colour. " if kinds > COLOURED else ""
    return (
        f"Each line is one kind of model; the ring marks the best. {name} weighs how well a model "
        "fits against how many parameters it spends, so a line that turns up again has begun to "
        "pay for components the rows do not ask for. "
        f"{colours}An arrow marks lines that go on above. {ABSENT} With one component several "
        "kinds are the same model and stand once."
    )


def _trace_caption(_: Report) -> str:
    return (
        "Above, the log-likelihood after each iteration of the kept run; it must never fall "
        "(with a prior, its sum with the log prior must not). Below, on a log axis, how far the "
        "bound that EM maximises lay beneath it: a straight descent is steady convergence, a "
        "hump the end of a plateau. The short runs that chose the start come before the first "
        "iteration shown."
    )


def _uncertainty_caption(_: Report) -> str:
    return (
        "Uncertainty is 1 minus the probability of a row's most probable component. Left, all rows "
        "from the surest to the least sure; right, for each component the share of its rows that "
        "are sure (below 0.05), likely (to 0.2), doubtful (to 0.4) or undecided."
    )


CRITERION = Drawing(
    "criterion",
    "How many components, and of which kind",
    _draw_criterion,
    _criterion_caption,
    _criterion_applies,
    of_rows=False,
)

TRACE = Drawing(
    "trace",
    "How the fit went",
    lambda report, canvas: trace_figure(report.result.history, canvas),
    _trace_caption,
    lambda report: len(report.result.history) > 0,
    of_rows=False,
)

UNCERTAINTY = Drawing(
    "uncertainty",
    "How sure the assignment is",
    lambda report, canvas: uncertainty_figure(
        report.uncertainty, report.labels, report.result.mixture, canvas
    ),
    _uncertainty_caption,
    lambda report: report.result.mixture.n_components > 1,
)

ASKED_PROJECTION = Drawing(
    "projection",
    "The directions that show the components",
    lambda report, canvas: projection_figure(
        report.result.mixture, Points(report.rows, report.labels, report.uncertainty), canvas
    ),
    lambda report: projection_caption(report.result.mixture),
    lambda report: has_directions(report.result.mixture),
)

# Pages show the directions of so many columns; those of others are drawn where they are asked for.
FEWEST, MOST = 4, 300

PROJECTION = replace(
    ASKED_PROJECTION,
    applies=lambda report: (
        FEWEST <= len(report.columns) <= MOST and has_directions(report.result.mixture)
    ),
)

# What every page shows, whatever the family.
COMMON = (PROJECTION, CRITERION, UNCERTAINTY, TRACE)
