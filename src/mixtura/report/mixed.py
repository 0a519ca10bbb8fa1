"""What a page shows of mixed columns: what the pages of its blocks show of each."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mixtura.mixture import Mixture
from mixtura.report.certainty import certainty, note_sentences, shares_note, shares_of_modes
from mixtura.report.contents import Report
from mixtura.report.parts import Drawing, FamilyPage
from mixtura.report.sections import Section
from mixtura.report.tables import Table, component_titles

__all__ = ["block_report", "mixed_page"]


def block_report(report: Report, number: int) -> Report:
    """Return the report of one block alone: its columns under the mixture's weights."""
    mixture = report.result.mixture
    family: Any = mixture.family
    block = family.blocks[number]
    alone = Mixture(
        mixture.weights,
        family.families[number],
        mixture.parameters.parts[number],
        report.columns[block],
        reading=None,
        component_names=mixture.component_names,
    )
    return replace(
        report,
        result=replace(report.result, mixture=alone),
        rows=report.rows[:, block],
        columns=report.columns[block],
        facts={},
    )


def mixed_page(pages: Mapping[str, FamilyPage]) -> FamilyPage:
    """Return the page of mixed columns, made of the pages of single families."""

    def blocks(report: Report) -> list[tuple[int, FamilyPage]]:
        family: Any = report.result.mixture.family
        return [
            (number, pages[block.name])
            for number, block in enumerate(family.families)
            if block.name in pages
        ]

    def figures(report: Report) -> list[Drawing]:
        return [
            _of_block(drawing, number)
            for number, page in blocks(report)
            for drawing in page.figures(block_report(report, number))
        ]

    def centres(report: Report) -> list[Table]:
        tables = []
        for number, page in blocks(report):
            alone = block_report(report, number)
            headings, cells = page.component_columns(alone)
            if headings:
                rows = tuple(
                    (title, *row) for title, row in zip(component_titles(alone), cells, strict=True)
                )
                tables.append(Table(("", *headings), rows, page.component_note(alone)))
            tables += page.centres(alone)
        return tables

    def sections(report: Report) -> list[Section]:
        return [
            section
            for number, page in blocks(report)
            for section in page.sections(block_report(report, number))
        ]

    return FamilyPage(
        figures=figures,
        component_columns=shares_of_modes,
        component_note=shares_note,
        centres=centres,
        sections=sections,
        numbers=certainty,
        cautions=note_sentences,
    )


def _of_block(drawing: Drawing, number: int) -> Drawing:
    """Return a figure that looks at one block of a report."""

    def alone(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda report, *canvas: function(block_report(report, number), *canvas)

    return replace(
        drawing,
        name=f"{drawing.name}-{number}",
        draw=alone(drawing.draw),
        caption=alone(drawing.caption),
        applies=alone(drawing.applies),
    )
