"""Items that are typical of a component: more frequent there than in all rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import whole_number
from mixtura.components.noise import beside_noise, without_noise
from mixtura.errors import ParameterError
from mixtura.mixture.mixture import Mixture
from mixtura.text import Passage, Summary, Tabled

__all__ = ["TopItems", "top_items", "typical_places"]

Float = NDArray[np.float64]

# What an item's frequency is, by family: of draws, of rows, or how many there are.
FREQUENCIES = {
    "multinomial": "probabilities",
    "dirichlet_multinomial": "probabilities",
    "bernoulli": "probabilities",
    "poisson": "rates",
    "negative_binomial": "means",
}


@dataclass(frozen=True, slots=True)
class TopItems(Tabled):
    """Typical items of each component.

    Attributes
    ----------
    components : (K,) what these are called
    items : for each component its items, each with its frequency there and in all rows
    """

    components: tuple[str, ...]
    items: tuple[tuple[tuple[str, float, float], ...], ...]

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each item of each component; `lift` is how many times as frequent."""
        return [
            {
                "component": name,
                "item": item,
                "frequency": own,
                "overall": every,
                "lift": own / every,
            }
            for name, items in zip(self.components, self.items, strict=True)
            for item, own, every in items
        ]

    def summary(self) -> Summary:
        """Return a line for each component as text."""
        lines = [
            f"{name}: " + ", ".join(f"{item} (×{own / every:.3g})" for item, own, every in items)
            for name, items in zip(self.components, self.items, strict=True)
        ]
        heading = "Typical items, and how many times as frequent as in all rows"
        return Summary([Passage(heading, (), "\n".join(lines))], self.table())


def top_items(model: Any, n_items: int = 10, *, by: str = "share") -> TopItems:
    """Return the items that are typical of each component of counts: words, products, answers.

    Parameters
    ----------
    model : a fitted multinomial, Bernoulli, Poisson or negative binomial estimator, or its
        `Mixture`
    n_items : of each component at the most
    by : "share", p log(p / p̄), what an item adds to how far the component is from all rows; or
        "lift", p / p̄, which rare items lead

    Returns
    -------
    TopItems
        With `table()` and `summary()`; items that are less frequent than in all rows are none.

    Raises
    ------
    ParameterError
        If the model has no such columns, or a setting cannot be used.
    """
    mixture = model if isinstance(model, Mixture) else getattr(model, "mixture_", None)
    known = isinstance(mixture, Mixture)
    if not known or without_noise(mixture.family).name not in FREQUENCIES:
        called = mixture.family.name if known else repr(model)
        raise ParameterError(
            f"top items are of mixtures of counts or of yes and no, not of {called}; see summary() "
            "for what other components are"
        )
    if by not in ("share", "lift"):
        raise ParameterError(f"by should be 'share' or 'lift', but got {by!r}")
    most = whole_number("n_items", n_items, 1)
    family, parameters = beside_noise(mixture.family, mixture.parameters)
    values = getattr(parameters, FREQUENCIES[family.name])
    weights = mixture.weights[: len(values)]
    overall = weights @ values / weights.sum()
    names = mixture.column_names
    found = tuple(
        tuple(
            (names[j], float(own[j]), float(overall[j]))
            for j in typical_places(own, overall, by=by)[:most]
        )
        for own in values
    )
    return TopItems(mixture.names[: len(values)], found)


def typical_places(own: Float, overall: Float, *, by: str = "share") -> list[int]:
    """Return the places of items more frequent in a component than in all rows, best first.

    Parameters
    ----------
    own, overall : (D,) frequencies in the component, and in all rows
    """
    lift = np.maximum(own, 1e-300) / np.maximum(overall, 1e-300)
    order = np.argsort(-lift if by == "lift" else -own * np.log(lift), kind="stable")
    # A component without weight is no part of all rows.
    return [int(place) for place in order if lift[place] > 1 and overall[place] > 0]
