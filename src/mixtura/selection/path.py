"""The path over K: what a size learns from the next larger one, and from the next smaller one.

First downwards, each size starting from the one above with two components merged, then upwards,
each from the one below with one component parted. A start is tried on the subsample, and fitted to
all rows only where it ends above what the size has there.
"""

from collections.abc import Callable
from itertools import pairwise

from mixtura.em.neighbours import Neighbour, bettered, merged, parted_once
from mixtura.em.solve import fit_options
from mixtura.selection.bench import Bench
from mixtura.selection.candidates import Candidate
from mixtura.selection.cells import Cell

__all__ = ["walk"]


def walk(
    cells: dict[int, Cell],
    fits: dict[int, Candidate],
    bench: Bench,
    keep: Callable[[int, Candidate], None],
) -> None:
    """Go down and up the sizes of one kind.

    Parameters
    ----------
    cells : of one kind, by size
    fits : the candidates as they are; what is better takes its place
    bench : who fits
    keep : called with each candidate that is better
    """
    upwards = list(pairwise(sorted(cells)))
    downwards = [(larger, smaller) for smaller, larger in reversed(upwards)]
    for sizes, neighbour in ((downwards, merged), (upwards, parted_once)):
        for source, target in sizes:
            if abs(source - target) == 1 and target > 1:
                before = fits[target]
                after = _step(cells[target], fits[source], before, bench, neighbour)
                if after is not before:
                    fits[target] = after
                    keep(target, after)


def _step(
    cell: Cell, giving: Candidate, taking: Candidate, bench: Bench, neighbour: Neighbour
) -> Candidate:
    """Return what a cell has after trying what another size has to say."""
    if giving.result is None or taking.result is None:
        return taking
    starts = bench.starts
    sample = starts.sweep(cell.family)
    options = fit_options(sample, cell.n_components, starts.options)
    others = neighbour(sample, giving.result.model, options, starts.options.starts)
    better = bettered(sample, taking.result.model, others, options)
    if better is None:
        return taking
    return bench.refitted(cell, taking, starts.options, better)
