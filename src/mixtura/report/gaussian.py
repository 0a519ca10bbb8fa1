"""What a page shows of Gaussian components, and of noise beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import deviations_of
from mixtura.report.certainty import note_sentences
from mixtura.report.contents import Report
from mixtura.report.pairs import MOST_COLUMNS, pairs_figure
from mixtura.report.panels import Points
from mixtura.report.parts import Drawing, FamilyPage
from mixtura.report.sections import Section
from mixtura.report.tables import Table, component_titles
from mixtura.text import number, number_of_log, with_spread

__all__ = ["GAUSSIAN"]

Float = NDArray[np.float64]

# With more columns than this the means have a table of their own.
JOINED_COLUMNS = 4

# What the volume of a box in few columns is called.
EXTENTS = {1: "length", 2: "area"}

# Longer or more tables are folded; larger ones are left out.
OPEN_ROWS = 30
OPEN_MATRIX_COLUMNS, OPEN_MATRICES = 5, 4
MOST_CELLS = 10_000


def _noisy(report: Report) -> bool:
    return report.result.mixture.family.has_noise


def _caption(report: Report) -> str:
    text, alone = _geometry(report), report.result.mixture.n_columns == 1
    if np.isnan(report.rows).any():
        text += (
            " Rows whose cell is missing are not drawn."
            if alone
            else " Ticks along an edge are rows of which the other column's cell is missing."
        )
    if _noisy(report):
        marks = "ticks" if alone else "stars"
        text += (
            f" Grey {marks} are rows that are most probably noise, which adds to the density of "
            "the model inside its box only."
        )
    return text


def _geometry(report: Report) -> str:
    ellipses = (
        "Solid ellipses reach one standard deviation from a component's mean (39 % of it), dashed "
        "ones hold 95 % of it. A row is drawn larger the less sure its component is. "
    )
    n_columns = report.result.mixture.n_columns
    if n_columns == 1:
        return (
            "Bars show the rows, coloured curves the components times their weights, the dark "
            "curve their sum. Where bars and dark curve part, the model misses something. Ticks "
            "at the bottom are rows, in the colour of their component."
        )
    if n_columns == 2:
        return ellipses + (
            "Grey regions hold 50, 75 and 95 % of the whole mixture. At the edges each column "
            "alone: bars are rows, the dark curve is the model."
        )
    text = (
        "Below the diagonal, the rows. "
        + ellipses
        + (
            "On the diagonal, bars are rows and the dark curve is the model, the sum of the "
            "coloured components. Above the diagonal, the model alone: grey regions hold 50, 75 "
            "and 95 % of it."
        )
    )
    if n_columns > MOST_COLUMNS:
        text += (
            f" Of {n_columns} columns the {MOST_COLUMNS} are shown in which the components "
            "differ most, leaving aside those that all but repeat another."
        )
    return text


PAIRS = Drawing(
    "pairs",
    "Rows and components",
    lambda report, canvas: pairs_figure(
        report.result.mixture,
        Points(report.rows, report.labels, report.uncertainty),
        report.columns,
        canvas,
    ),
    _caption,
)


def _cells(report: Report) -> list[list[str]]:
    """Return mean and standard deviation of every Gaussian component and column, K rows of D."""
    parameters = report.result.mixture.parameters
    deviations = deviations_of(parameters.covariance, len(report.columns))
    return [
        [with_spread(mean, spread) for mean, spread in zip(*both, strict=True)]
        for both in zip(parameters.means, deviations, strict=True)
    ]


def _joined(report: Report) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the means as columns of the table of components, where it stays narrow."""
    if len(report.columns) > JOINED_COLUMNS:
        return (), ()
    noise = [["–"] * len(report.columns)] if _noisy(report) else []
    return report.columns, [*_cells(report), *noise]


def _note(report: Report) -> str:
    sentences = []
    if len(report.columns) <= JOINED_COLUMNS:
        sentences.append("Columns of the data: mean ± standard deviation within the component.")
    if _noisy(report):
        sentences.append(_noise_words(report))
    return " ".join(sentences)


def _noise_words(report: Report) -> str:
    """Return how many rows are noise, and how dense it is."""
    family: Any = report.result.mixture.family
    background = family.background
    log_density, log_volume = background.log_constant, background.box.log_volume
    count, n_rows = int(report.sizes[-1]), report.n_rows
    own = np.isclose(-log_density, log_volume, rtol=0, atol=1e-9)
    size = EXTENTS.get(len(report.columns), "volume")
    words = f"{size} of a box around the rows" if own else f"{size} that was given"
    return (
        f"{count:,} of {n_rows:,} rows {'is' if count == 1 else 'are'} most probably noise, which "
        f"has the same density everywhere: {number_of_log(log_density)}, one over the "
        f"{words}, {number_of_log(-log_density)}."
    )


def _means(report: Report) -> list[Table]:
    """Return the means as a table with a row for each column of the data, where there are many."""
    if len(report.columns) <= JOINED_COLUMNS:
        return []
    cells = _cells(report)
    header = ("column", *component_titles(report))
    columns = zip(*cells, strict=True)
    rows = tuple((name, *own) for name, own in zip(report.columns, columns, strict=True))
    caption = "Mean ± standard deviation"
    return [Table(header, rows, caption, folded=len(rows) > OPEN_ROWS)]


def _shared(report: Report) -> bool:
    matrices = report.result.mixture.parameters.covariance.covariances()
    return len(matrices) > 1 and bool(np.allclose(matrices, matrices[0], rtol=1e-9, atol=0))


def _printed(report: Report) -> Float:
    """Return the covariances that are printed: one where it is shared, none where too large."""
    covariance = report.result.mixture.parameters.covariance
    covariance = covariance.take([0]) if _shared(report) else covariance
    if len(covariance.factors) * len(report.columns) ** 2 > MOST_CELLS:
        return np.empty((0, 0, 0))
    return covariance.dense()


def _covariances(report: Report) -> list[Table]:
    matrices, shared = _printed(report), _shared(report)
    folded = len(report.columns) > OPEN_MATRIX_COLUMNS or len(matrices) > OPEN_MATRICES
    return [
        Table(
            ("", *report.columns),
            tuple(
                (name, *map(number, row)) for name, row in zip(report.columns, matrix, strict=True)
            ),
            "Covariance of every component" if shared else f"Covariance of {title}",
            folded,
        )
        for title, matrix in zip(component_titles(report), matrices, strict=False)
    ]


def _remark(report: Report) -> str:
    if not len(_printed(report)):
        return "The covariance matrices are too large for a page; a saved model file has them."
    shared = f"All {'Gaussian ' if _noisy(report) else ''}components share one covariance matrix."
    return shared if _shared(report) else ""


def _sections(report: Report) -> list[Section]:
    remarks = [_remark(report)] if _remark(report) else []
    return [Section("covariances", "Covariances", remarks, _covariances(report))]


GAUSSIAN = FamilyPage(
    figures=lambda _: (PAIRS,),
    component_columns=_joined,
    component_note=_note,
    centres=_means,
    sections=_sections,
    cautions=note_sentences,
)
