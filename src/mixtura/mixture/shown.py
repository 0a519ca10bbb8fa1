"""What a mixture shows of itself: rows of its numbers, and a table for a notebook."""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any

from mixtura.components.measures import Measure, measures_of
from mixtura.components.noise import without_noise
from mixtura.doors import Reported
from mixtura.text import Passage, Table, Tabled, glance, number, row_words, with_spread

__all__ = ["Shown", "overview"]

# Where a component is, and how far it reaches from there, by names of measures.
PLACES = {"mean": "standard deviation", "location": "scale"}
SPREADS = ("covariance", "variance", "scale")


class Shown(Tabled, Reported):
    """The part of `Mixture` that shows it."""

    def measures(self) -> list[Measure]:
        """Return the weights, and the numbers of components one by one, without those of noise."""
        mixture: Any = self
        columns = mixture.column_names
        family, parameters = without_noise(mixture.family), mixture.parameters
        if mixture.family.has_noise:
            parameters = parameters.inner
        weights = Measure("weight", None, None, "weights", (), mixture.weights)
        return [weights, *measures_of(family, parameters, columns)]

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each number of each component, by component, parameter, column, level.

        The `level` is that of a category, the other column of a covariance, or the factor of a
        loading.
        """
        mixture: Any = self
        return [
            {
                "component": mixture.names[k],
                "parameter": one.name,
                "column": one.column,
                "level": one.level,
                "value": float(value),
            }
            for one in self.measures()
            for k, value in enumerate(one.values)
        ]

    def _repr_html_(self) -> str:
        """Return the components for a notebook."""
        return glance(overview(self))


def overview(mixture: Any, effective_rows: Sequence[float] | None = None) -> list[Passage]:
    """Return the components in one table: weights and where they are, column by column.

    Parameters
    ----------
    mixture : Mixture
    effective_rows : (K,) Σ w r, where it is known
    """
    _, *measures = mixture.measures()
    weights = mixture.weights
    lines = [[name, f"{weight:.4f}"] for name, weight in zip(mixture.names, weights, strict=True)]
    header = ["component", "weight"]
    if effective_rows is not None:
        header.append("effective rows")
        for line, count in zip(lines, effective_rows, strict=True):
            line.append(row_words(count))
    for column, own in _by_column(measures):
        header.append(column)
        for k, line in enumerate(lines):
            line.append(_cell(own, k) if k < len(own[0].values) else "")
    heading, *rest = mixture.family.title(mixture.n_components).split("\n")
    said = [*rest, *_notes(measures)]
    return [Passage(heading, (Table.of(header, lines),), "\n".join(said))]


def _by_column(measures: Iterable[Measure]) -> list[tuple[str, list[Measure]]]:
    """Return measures by what they stand below: their column, or what they are called."""
    found: dict[str, list[Measure]] = {}
    for one in measures:
        heading = one.name.replace("_", " ") if one.column is None else one.column
        found.setdefault(heading, []).append(one)
    return list(found.items())


def _cell(own: Sequence[Measure], k: int) -> str:
    """Return the most telling numbers of a column in a component."""
    levels = [one for one in own if one.name == "probability" and one.level is not None]
    if levels:
        first = max(levels, key=lambda one: one.values[k])
        return f"{first.level} {first.values[k]:.2f}"
    place = next((one for one in own if one.name in PLACES), None)
    if place is None:
        alone = own[0].column is None or len(own) == 1
        return ", ".join(
            number(one.values[k]) if alone else f"{one.name} {number(one.values[k])}" for one in own
        )
    spread = _spread(own)
    value = float(place.values[k])
    return number(value) if spread is None else with_spread(value, sqrt(spread.values[k]))


def _spread(own: Iterable[Measure]) -> Measure | None:
    """Return the variance of a column."""
    return next(
        (one for one in own if one.name in SPREADS and one.level in (None, one.column)), None
    )


def _notes(measures: Sequence[Measure]) -> list[str]:
    """Return how cells are read."""
    notes = []
    if any(one.name == "probability" and one.level is not None for one in measures):
        notes.append("Categories: the likeliest and its probability.")
    for name, spread in PLACES.items():
        own = [one for one in measures if one.name == name]
        if own and _spread(one for one in measures if one.column == own[0].column) is not None:
            notes.append(f"{name.capitalize()} ± {spread}.")
    return notes
