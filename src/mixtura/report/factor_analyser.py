"""What a page shows of factor analysers: means, loadings and noise variances."""

import numpy as np

from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.noise import beside_noise
from mixtura.estimators.factor_search import heywood_words
from mixtura.report.certainty import note_sentences
from mixtura.report.contents import Report
from mixtura.report.parts import FamilyPage
from mixtura.report.sections import Section
from mixtura.report.tables import Table, component_titles
from mixtura.text import number, with_spread

__all__ = ["FACTOR_ANALYSER"]

# Longer or more tables are folded, and what has more cells is left out.
OPEN_ROWS, OPEN_TABLES = 30, 4
MOST_CELLS = 10_000


def _parameters(report: Report) -> FactorParameters:
    mixture = report.result.mixture
    return beside_noise(mixture.family, mixture.parameters)[1]


def _means(report: Report) -> list[Table]:
    """Return means and standard deviations as a table with a row for each column of the data."""
    parameters = _parameters(report)
    deviations = np.sqrt(parameters.variances())
    rows = tuple(
        (name, *(with_spread(*pair) for pair in zip(means, own, strict=True)))
        for name, means, own in zip(report.columns, parameters.means.T, deviations.T, strict=True)
    )
    header = ("column", *component_titles(report))
    return [Table(header, rows, "Mean ± standard deviation", folded=len(rows) > OPEN_ROWS)]


def _sections(report: Report) -> list[Section]:
    parameters, columns = _parameters(report), report.columns
    if parameters.loadings.size > MOST_CELLS:
        remark = "The loadings are too many for a page; a saved model file has them."
        return [Section("loadings", "Loadings", [remark], [])]
    folded = len(columns) > OPEN_ROWS or parameters.n_components > OPEN_TABLES
    header = ("", *(f"factor {a + 1}" for a in range(parameters.n_factors)), "share explained")
    shares = 1.0 - parameters.noise / parameters.variances()
    tables = [
        Table(
            header,
            tuple(
                (name, *map(number, own), f"{share:.0%}")
                for name, own, share in zip(columns, loadings, of_component, strict=True)
            ),
            f"Loadings of {title}",
            folded,
        )
        for title, loadings, of_component in zip(
            component_titles(report), parameters.loadings, shares, strict=True
        )
    ]
    remark = (
        "A loading says by how much a column moves with a factor, in the column's units, and the "
        "share how much of its variance factors explain. Loadings are determined up to rotations: "
        "factors are those that explain most, in units of the noise, one after the other."
    )
    return [Section("loadings", "Loadings", [remark], tables)]


def _cautions(report: Report) -> list[str]:
    """Return the notes of the fit, Heywood cases among them."""
    said = note_sentences(report)
    cases = (f"{words[0].upper()}{words[1:]}." for words in heywood_words(report.result))
    return [*said, *(words for words in cases if words not in said)]


FACTOR_ANALYSER = FamilyPage(centres=_means, sections=_sections, cautions=_cautions)
