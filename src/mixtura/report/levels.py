"""The rows of a figure of items with levels: which are shown, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mixtura.goodness import level_counts
from mixtura.mixture import Mixture

__all__ = ["MOST_LEVELS", "LevelRows", "level_rows", "telling"]

Float = NDArray[np.float64]

# More rows than this make a figure longer than a page; an item has so many of them at the most.
MOST_LEVELS, MOST_OF_ITEM = 44, 16


@dataclass(frozen=True, slots=True)
class LevelRows:
    """Probabilities of levels, an item after the other; of two levels the second is shown alone.

    Attributes
    ----------
    items : (M,) the name of each row's item
    labels : (M,) its level
    probabilities : (K, M)
    overall : (M,) Σ_k π_k p_k
    starts : where in M each item begins
    n_items : how many items there are
    cut : how many of the items shown have more levels than shown
    """

    items: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: Float
    overall: Float
    starts: tuple[int, ...]
    n_items: int
    cut: int

    @property
    def shown(self) -> int:
        """Return the number of items shown."""
        return len(self.starts)

    @property
    def all_single(self) -> bool:
        """Return whether every item has one row."""
        return len(self.starts) == len(self.labels)


def level_rows(mixture: Mixture, columns: Sequence[str], most: int = MOST_LEVELS) -> LevelRows:
    """Return the levels of the items that tell the components apart best, at most so many rows.

    Parameters
    ----------
    mixture : of an item family
    columns : the J names
    """
    counts = level_counts(mixture.kinds)
    probabilities = mixture.family.level_probabilities(mixture.parameters)  # pyright: ignore[reportAttributeAccessIssue]
    overall = mixture.weights @ probabilities
    bounds = np.cumsum([0, *counts]).tolist()
    items = [list(range(*pair)) for pair in pairwise(bounds)]
    told = telling(mixture.weights, probabilities, overall)
    worth = [float(told[own].sum()) for own in items]
    rows = [own[1:] if len(own) == 2 else _most_telling(own, told, most) for own in items]
    chosen: list[int] = []
    room = most
    for item in np.argsort(-np.array(worth), kind="stable").tolist():
        if len(rows[item]) <= room or not chosen:
            chosen.append(item)
            room -= len(rows[item])
    chosen.sort()
    places = [place for item in chosen for place in rows[item]]
    labels = [_labels(kind.labels) for kind in mixture.kinds]
    return LevelRows(
        tuple(columns[item] for item in chosen for _ in rows[item]),
        tuple(labels[item][place - bounds[item]] for item in chosen for place in rows[item]),
        probabilities[:, places],
        overall[places],
        tuple(np.cumsum([0, *(len(rows[item]) for item in chosen[:-1])]).tolist()),
        len(counts),
        sum(len(rows[item]) < len(items[item]) - (len(items[item]) == 2) for item in chosen),
    )


def _most_telling(own: list[int], told: Float, most: int) -> list[int]:
    """Return the levels of an item that tell most, in their order, where there are many."""
    kept = np.argsort(-told[own], kind="stable")[: min(MOST_OF_ITEM, most)]
    return [own[place] for place in np.sort(kept).tolist()]


def telling(weights: Float, shares: Float, overall: Float) -> Float:
    """Return Σ_k π_k p_kj log (p_kj / p_j) (M,): what each share says of the component, in nats.

    With one component, of which nothing can tell, the shares themselves.

    Parameters
    ----------
    weights : (K,)
    shares : (K, M) p
    overall : (M,) Σ_k π_k p_k
    """
    ratio = np.maximum(shares, 1e-300) / np.maximum(overall, 1e-300)
    return weights @ (shares * np.log(ratio)) if len(weights) > 1 else overall


def _labels(labels: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(map(str, labels)) if labels else ("0", "1")
