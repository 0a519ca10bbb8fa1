"""What a page shows of t components: degrees of freedom, locations and scale matrices."""

from collections.abc import Sequence

import numpy as np

from mixtura.components.gaussian.covariance import deviations_of
from mixtura.components.noise import beside_noise
from mixtura.components.student_t.parameters import StudentTParameters
from mixtura.report.certainty import note_sentences
from mixtura.report.contents import Report
from mixtura.report.parts import FamilyPage
from mixtura.report.sections import Section
from mixtura.report.tables import Table, component_titles
from mixtura.text import number, with_spread

__all__ = ["STUDENT_T"]

# Longer or more tables are folded, and matrices of more cells left out.
OPEN_ROWS, OPEN_COLUMNS, OPEN_MATRICES = 30, 5, 4
MOST_CELLS = 10_000


def _parameters(report: Report) -> StudentTParameters:
    mixture = report.result.mixture
    return beside_noise(mixture.family, mixture.parameters)[1]


def _degrees(report: Report) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the degrees of freedom as a column of the table of components."""
    noise = [["–"]] if report.result.mixture.family.has_noise else []
    return ("ν",), [*([number(value)] for value in _parameters(report).degrees), *noise]


def _locations(report: Report) -> list[Table]:
    """Return locations and scales as a table with a row for each column of the data."""
    parameters = _parameters(report)
    scales = deviations_of(parameters.covariance, len(report.columns))
    rows = tuple(
        (name, *(with_spread(*pair) for pair in zip(means, own, strict=True)))
        for name, means, own in zip(report.columns, parameters.means.T, scales.T, strict=True)
    )
    header = ("column", *component_titles(report))
    return [Table(header, rows, "Location ± scale", folded=len(rows) > OPEN_ROWS)]


def _sections(report: Report) -> list[Section]:
    parameters, columns = _parameters(report), report.columns
    if parameters.n_components * len(columns) ** 2 > MOST_CELLS:
        remark = "The scale matrices are too large for a page; a saved model file has them."
        return [Section("scales", "Scale matrices", [remark], [])]
    matrices = parameters.covariance.dense()
    shared = len(matrices) > 1 and bool(np.allclose(matrices, matrices[0], rtol=1e-9, atol=0))
    printed = matrices[:1] if shared else matrices
    folded = len(columns) > OPEN_COLUMNS or len(printed) > OPEN_MATRICES
    tables = [
        Table(
            ("", *columns),
            tuple((name, *map(number, row)) for name, row in zip(columns, matrix, strict=True)),
            "Scale matrix of every component" if shared else f"Scale matrix of {title}",
            folded,
        )
        for title, matrix in zip(component_titles(report), printed, strict=False)
    ]
    remark = (
        "The covariance of a component is ν / (ν - 2) times its scale matrix, and infinite where "
        "ν is 2 or less."
    )
    return [Section("scales", "Scale matrices", [remark], tables)]


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
