"""What a page shows of components with tails: what tails are, locations and matrices of scales."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixtura.components.gaussian.covariance import deviations_of
from mixtura.components.noise import beside_noise
from mixtura.report.certainty import note_sentences
from mixtura.report.contents import Report
from mixtura.report.parts import FamilyPage
from mixtura.report.sections import Section
from mixtura.report.tables import Table, component_titles
from mixtura.text import number, with_spread

__all__ = ["CONTAMINATED", "STUDENT_T"]

# Longer or more tables are folded, and matrices of more cells left out.
OPEN_ROWS, OPEN_COLUMNS, OPEN_MATRICES = 30, 5, 4
MOST_CELLS = 10_000


def _locations_of(report: Report, parameters: Any, title: str) -> list[Table]:
    """Return locations and scales as a table with a row for each column of the data."""
    scales = deviations_of(parameters.covariance, len(report.columns))
    rows = tuple(
        (name, *(with_spread(*pair) for pair in zip(means, own, strict=True)))
        for name, means, own in zip(report.columns, parameters.means.T, scales.T, strict=True)
    )
    header = ("column", *component_titles(report))
    return [Table(header, rows, title, folded=len(rows) > OPEN_ROWS)]


def _scales_of(report: Report, parameters: Any, called: str, remark: str) -> list[Section]:
    """Return the section of the matrices, one table where all components have one.

    Parameters
    ----------
    called : what one is, such as "Scale matrix"
    remark : what is said above them
    """
    columns, plural = report.columns, f"{called.replace('matrix', 'matrice')}s"
    if called.startswith("Covariance"):
        plural = called.replace("Covariance", "Covariances", 1)
    if parameters.n_components * len(columns) ** 2 > MOST_CELLS:
        large = f"The {plural[0].lower()}{plural[1:]} are too large for a page; a saved model file "
        return [Section("scales", plural, [f"{large}has them."], [])]
    matrices = parameters.covariance.dense()
    shared = len(matrices) > 1 and bool(np.allclose(matrices, matrices[0], rtol=1e-9, atol=0))
    printed = matrices[:1] if shared else matrices
    folded = len(columns) > OPEN_COLUMNS or len(printed) > OPEN_MATRICES
    tables = [
        Table(
            ("", *columns),
            tuple((name, *map(number, row)) for name, row in zip(columns, matrix, strict=True)),
            f"{called} of {'every component' if shared else title}",
            folded,
        )
        for title, matrix in zip(component_titles(report), printed, strict=False)
    ]
    return [Section("scales", plural, [remark], tables)]


def _parameters(report: Report) -> Any:
    mixture = report.result.mixture
    return beside_noise(mixture.family, mixture.parameters)[1]


def _degrees(report: Report) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the degrees of freedom as a column of the table of components."""
    noise = [["–"]] if report.result.mixture.family.has_noise else []
    return ("ν",), [*([number(value)] for value in _parameters(report).degrees), *noise]


def _locations(report: Report) -> list[Table]:
    return _locations_of(report, _parameters(report), "Location ± scale")


def _sections(report: Report) -> list[Section]:
    remark = (
        "The covariance of a component is ν / (ν - 2) times its scale matrix, and infinite where "
        "ν is 2 or less."
    )
    return _scales_of(report, _parameters(report), "Scale matrix", remark)


STUDENT_T = FamilyPage(
    component_columns=_degrees,
    component_note=lambda _: (
        "ν: degrees of freedom; the fewer, the more rows lie far out, and 200 is as good as a "
        "Gaussian."
    ),
    centres=_locations,
    sections=_sections,
    cautions=note_sentences,
)


def _shares(report: Report) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return shares of good rows and inflations as columns of the table of components."""
    parameters = _parameters(report)
    pairs = zip(parameters.shares, parameters.inflations, strict=True)
    noise = [["–", "–"]] if report.result.mixture.family.has_noise else []
    return ("good", "inflation"), [*([f"{a:.1%}", number(b)] for a, b in pairs), *noise]


def _means(report: Report) -> list[Table]:
    return _locations_of(report, _parameters(report), "Mean ± deviation of good rows")


def _covariances(report: Report) -> list[Section]:
    remark = "Those of bad rows are larger by the inflation."
    return _scales_of(report, _parameters(report), "Covariance of good rows", remark)


CONTAMINATED = FamilyPage(
    component_columns=_shares,
    component_note=lambda _: (
        "good: the share of rows that are no bad ones; inflation: how many times larger the "
        "variances of bad rows are."
    ),
    centres=_means,
    sections=_covariances,
    cautions=note_sentences,
)
