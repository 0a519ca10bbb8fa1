"""What a page shows of Gaussian components."""

from collections.abc import Sequence

import numpy as np

from mixtura.report.contents import Report
from mixtura.report.pairs import MOST_COLUMNS, pairs_figure
from mixtura.report.panels import Points
from mixtura.report.parts import CRITERION, TRACE, UNCERTAINTY, Drawing, FamilyPage
from mixtura.report.tables import Table, number

__all__ = ["GAUSSIAN"]


def _caption(report: Report) -> str:
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
    text = "Below the diagonal, the rows. " + ellipses + (
        "On the diagonal, bars are rows and the dark curve is the model, the sum of the coloured "
        "components. Above the diagonal, the model alone: grey regions hold 50, 75 and 95 % of it."
    )
    if n_columns > MOST_COLUMNS:
        text += (
            f" Of {n_columns} columns the {MOST_COLUMNS} are shown whose variance lies most "
            "between the components."
        )
    return text


PAIRS = Drawing(
    "pairs",
    "Rows and components",
    lambda report: pairs_figure(
        report.result.mixture,
        Points(report.rows, report.labels, report.uncertainty),
        report.columns,
    ),
    _caption,
)


def _means(report: Report) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    parameters = report.result.mixture.parameters
    deviations = np.sqrt(np.diagonal(parameters.covariance.dense(), axis1=1, axis2=2))
    cells = [
        [f"{number(mean)} ± {number(deviation)}" for mean, deviation in zip(*both, strict=True)]
        for both in zip(parameters.means, deviations, strict=True)
    ]
    return report.columns, cells


def _covariances(report: Report) -> list[Table]:
    """Return the covariances, one table where all components share it."""
    matrices = report.result.mixture.parameters.covariance.dense()
    shared = len(matrices) > 1 and bool(np.allclose(matrices, matrices[0], rtol=1e-9, atol=0))
    return [
        Table(
            ("", *report.columns),
            tuple(
                (name, *map(number, row))
                for name, row in zip(report.columns, matrix, strict=True)
            ),
            "Covariance of every component" if shared else f"Covariance of component {k}",
        )
        for k, matrix in enumerate(matrices[:1] if shared else matrices)
    ]


GAUSSIAN = FamilyPage((PAIRS, CRITERION, UNCERTAINTY, TRACE), _means, _covariances)
