"""What a page shows of components beside noise: what it shows of them alone, and what noise is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from mixtura.mixture import Mixture
from mixtura.report.contents import Report
from mixtura.report.parts import Drawing, FamilyPage
from mixtura.report.sections import Section
from mixtura.report.tables import Table

__all__ = ["components_alone", "noisy_page"]

Shown = TypeVar("Shown")


def components_alone(report: Report) -> Report:
    """Return the report of the components without noise, on the rows that are most probably theirs.

    Their weights are those among such rows.
    """
    mixture = report.result.mixture
    family: Any = mixture.family
    weights = mixture.weights[:-1] / mixture.weights[:-1].sum()
    alone = Mixture(
        weights,
        family.inner,
        mixture.parameters.inner,
        report.columns,
        reading=None,
        component_names=mixture.component_names,
    )
    own = report.labels >= 0
    return replace(
        report,
        result=replace(report.result, mixture=alone),
        rows=report.rows[own],
        labels=report.labels[own],
        probabilities=report.probabilities[own],
    )


def noisy_page(page: FamilyPage) -> FamilyPage:
    """Return the page of components beside noise, made of that of the components."""

    def figures(report: Report) -> list[Drawing]:
        return [_of_components(drawing) for drawing in page.figures(components_alone(report))]

    def centres(report: Report) -> list[Table]:
        return list(page.centres(components_alone(report)))

    def sections(report: Report) -> list[Section]:
        return list(page.sections(components_alone(report)))

    def note(report: Report) -> str:
        return f"{page.component_note(report)} {noise_words(report)}".strip()

    return FamilyPage(
        figures=figures,
        component_columns=page.component_columns,
        component_note=lambda report: (
            f"{page.component_note(report)} {noise_words(report)}".strip()
        ),
        centres=centres,
        sections=sections,
        numbers=page.numbers,
        cautions=page.cautions,
    )


def noise_words(report: Report) -> str:
    """Return how many rows are noise, and what it is."""
    family: Any = report.result.mixture.family
    count, n_rows = int(report.sizes[-1]), len(report.rows)
    return (
        f"{count:,} of {n_rows:,} rows {'is' if count == 1 else 'are'} most probably noise: "
        f"{family.background.words()}."
    )


def _of_components(drawing: Drawing) -> Drawing:
    """Return a figure that looks at the components alone."""

    def alone(function: Callable[..., Shown]) -> Callable[..., Shown]:
        return lambda report, *canvas: function(components_alone(report), *canvas)

    def caption(report: Report) -> str:
        text = drawing.caption(components_alone(report))
        return f"{text} Rows that are most probably noise are left out."

    return replace(
        drawing, draw=alone(drawing.draw), caption=caption, applies=alone(drawing.applies)
    )
