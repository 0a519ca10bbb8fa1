"""What a page shows of counts: multinomial probabilities and Poisson rates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixtura.mixture.typical import typical_places
from mixtura.report.canvases import Canvas
from mixtura.report.certainty import certainty, note_sentences, shares_note, shares_of_modes
from mixtura.report.columnwise import COLUMNS, dispersed
from mixtura.report.contents import Report
from mixtura.report.heat import lift_figure
from mixtura.report.levels import telling
from mixtura.report.parts import Drawing, FamilyPage
from mixtura.report.profile import unnamed_note
from mixtura.report.spread import MOST_ITEMS, spread_figure
from mixtura.report.tables import Table, component_titles
from mixtura.text import number

__all__ = ["MULTINOMIAL", "POISSON"]

Float = NDArray[np.float64]

# Items listed as typical of a component.
TYPICAL = 8

# Longer tables are folded.
OPEN_ROWS = 24


@dataclass(frozen=True, slots=True)
class Items:
    """Values of items by component.

    Attributes
    ----------
    names : (M,)
    values : (K, M) probabilities or rates
    overall : (M,) of the whole mixture
    worth : (M,) what each item tells of the component, in nats
    """

    names: tuple[str, ...]
    values: Float
    overall: Float
    worth: Float

    @property
    def best(self) -> NDArray[np.intp]:
        """Return the places of the most telling items, in the order of the data."""
        return np.sort(np.argsort(-self.worth, kind="stable")[:MOST_ITEMS])


def _of_multinomial(report: Report) -> Items:
    mixture = report.result.mixture
    values = mixture.parameters.probabilities
    overall = mixture.weights @ values
    worth = telling(mixture.weights, values, overall)
    return Items(report.columns, values, overall, worth)


def _of_poisson(report: Report) -> Items:
    mixture = report.result.mixture
    counted = [
        name
        for name, kind in zip(report.columns, mixture.kinds, strict=True)
        if kind.name == "count"
    ]
    values = mixture.parameters.rates
    overall = mixture.weights @ values
    # The mean of λ log (λ / λ̄) - λ + λ̄; the last two cancel in the mean.
    worth = telling(mixture.weights, values, overall)
    return Items(tuple(counted), values, overall, worth)


def _spread(items_of: Callable[[Report], Items], label: str, heading: str, words: str) -> Drawing:
    """Return the figure of the most telling items."""

    def draw(report: Report, canvas: Canvas) -> Figure:
        items = items_of(report)
        best = items.best
        names = [items.names[place] for place in best]
        return spread_figure(
            report.result.mixture, names, items.values[:, best], items.overall[best], label, canvas
        )

    def caption(report: Report) -> str:
        items = items_of(report)
        text = f"{words} Upright marks are the whole mixture."
        text += unnamed_note(report.result.mixture)
        if len(items.names) > MOST_ITEMS:
            text += (
                f" Of {len(items.names):,} items the {MOST_ITEMS} are shown that tell the "
                "components apart best."
            )
        return text

    return Drawing("profile", heading, draw, caption, of_rows=False)


def _lift(items_of: Callable[[Report], Items]) -> Drawing:
    """Return the figure of how much more frequent items are in components than in all rows."""

    def draw(report: Report, canvas: Canvas) -> Figure:
        items = items_of(report)
        best = items.best
        names = [items.names[place] for place in best]
        mixture = report.result.mixture
        return lift_figure(mixture, names, items.values[:, best], items.overall[best], canvas)

    return Drawing(
        "lift",
        "What is typical of the components",
        draw,
        lambda report: (
            "How many times as frequent each item is in a component as in the whole mixture: blue "
            "is more, orange less. The column “all” is the whole mixture; under a component's "
            "number stands its weight."
        ),
        lambda report: report.result.mixture.n_components > 1,
        of_rows=False,
    )


def _typical(items_of: Callable[[Report], Items]) -> Callable[[Report], list[Table]]:
    """Return what lists the items that are more frequent in a component than elsewhere."""

    def tables(report: Report) -> list[Table]:
        items = items_of(report)
        if len(items.values) == 1 or len(items.names) <= TYPICAL:
            return []
        rows = []
        for title, values in zip(component_titles(report), items.values, strict=True):
            listed = [
                f"{items.names[place]} (×{values[place] / items.overall[place]:.3g})"
                for place in typical_places(values, items.overall)[:TYPICAL]
            ]
            rows.append((title, ", ".join(listed)))
        caption = "Typical items: how many times as frequent as in all rows"
        return [Table(("", "items"), tuple(rows), caption, prose=True)]

    return tables


def _values(items_of: Callable[[Report], Items], caption: str) -> Callable[[Report], list[Table]]:
    """Return what prints the values of the most telling items."""

    def tables(report: Report) -> list[Table]:
        items = items_of(report)
        header = ("", "all", *component_titles(report))
        rows = tuple(
            (
                items.names[place],
                number(float(items.overall[place])),
                *map(number, items.values[:, place].tolist()),
            )
            for place in items.best
        )
        title = caption
        if len(items.names) > MOST_ITEMS:
            title += f", the {MOST_ITEMS} of {len(items.names):,} that tell most"
        return [Table(header, rows, title, folded=len(rows) > OPEN_ROWS)]

    return tables


def _both(
    first: Callable[[Report], list[Table]], second: Callable[[Report], list[Table]]
) -> Callable[[Report], Sequence[Table]]:
    return lambda report: [*first(report), *second(report)]


MULTINOMIAL = FamilyPage(
    figures=lambda _: (
        _spread(
            _of_multinomial,
            "probability of a draw",
            "Profiles of the components",
            "How likely a single draw is to be each item, in each component.",
        ),
        _lift(_of_multinomial),
    ),
    component_columns=shares_of_modes,
    component_note=shares_note,
    centres=_both(_typical(_of_multinomial), _values(_of_multinomial, "Probabilities of items")),
    sections=dispersed,
    numbers=certainty,
    cautions=note_sentences,
)

POISSON = FamilyPage(
    figures=lambda _: (
        COLUMNS,
        _spread(
            _of_poisson,
            "rate",
            "Rates of the components",
            "How many are expected in each component, for an exposure of 1.",
        ),
        _lift(_of_poisson),
    ),
    component_columns=shares_of_modes,
    component_note=shares_note,
    centres=_both(_typical(_of_poisson), _values(_of_poisson, "Rates")),
    sections=dispersed,
    numbers=certainty,
    cautions=note_sentences,
)
