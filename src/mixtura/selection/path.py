"""The path over K: what a size learns from the next larger one, and from the next smaller one.

First downwards, each size starting from the one above with two components merged, then upwards,
each from the one below with one component parted. A start is tried on the subsample, and fitted to
all rows only where it ends above what the size has there.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from mixtura.em.model import Model
from mixtura.em.neighbours import Neighbour, bettered, merged, parted_once
from mixtura.em.solve import fit_options
from mixtura.selection.candidates import Candidate
from mixtura.selection.cells import Cell
from mixtura.selection.starts import SharedStarts

__all__ = ["walk"]

# Fits the cell at a place from a start, and keeps the better.
Refit = Callable[[int, Cell, Model], None]


def walk(
    fitted: Sequence[Cell],
    done: Sequence[Candidate],
    starts: SharedStarts,
    refit: Refit,
) -> None:
    """Go down and up the sizes of every kind.

    Parameters
    ----------
    fitted : the cells, in the order of `done`
    done : the candidates as they are; `refit` may replace them
    starts : of the search
    refit : called where a neighbour promises more
    """
    kinds: dict[str, dict[int, int]] = {}
    for place, cell in enumerate(fitted):
        if not cell.family.has_noise:
            kinds.setdefault(cell.kind, {})[cell.n_components] = place
    for places in kinds.values():
        upwards = list(pairwise(sorted(places)))
        downwards = [(larger, smaller) for smaller, larger in reversed(upwards)]
        for sizes, neighbour in ((downwards, merged), (upwards, parted_once)):
            for source, target in sizes:
                if abs(source - target) == 1 and target > 1:
                    _step(places[source], places[target], fitted, done, starts, neighbour, refit)


def _step(
    source: int,
    target: int,
    fitted: Sequence[Cell],
    done: Sequence[Candidate],
    starts: SharedStarts,
    neighbour: Neighbour,
    refit: Refit,
) -> None:
    """Try what the candidate at one place has to say to that at another."""
    cell = fitted[target]
    giving, taking = done[source].result, done[target].result
    if giving is None or taking is None:
        return
    sample = starts.sweep(cell)
    options = fit_options(sample, cell.n_components, starts.options)
    others = neighbour(sample, giving.model, options, starts.options.starts)
    better = bettered(sample, taking.model, others, options)
    if better is not None:
        refit(target, cell, better)
