"""The path over K: what a size learns from the next larger one, and from the next smaller one.

First downwards, each size starting from the one above with two components merged, then upwards,
each from the one below with one component split. A start is tried on the subsample, and fitted to
all rows only where it ends above what the size has there. A size that cannot win is left as it is,
unless the smaller one is likelier.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from itertools import pairwise

from mixtura.checkpoints import once
from mixtura.em.model import Model
from mixtura.em.neighbours import bettered_by, on_sample
from mixtura.em.running import Run
from mixtura.em.solve import fit_options
from mixtura.errors import NUMERICAL
from mixtura.selection.bench import Bench
from mixtura.selection.candidates import Candidate
from mixtura.selection.cells import Cell

__all__ = ["walk"]


def walk(
    cells: Mapping[int, Cell],
    fits: Mapping[int, Candidate],
    promising: Collection[int],
    bench: Bench,
) -> Iterator[tuple[int, Candidate]]:
    """Go down and up the sizes of one kind, and yield each candidate that is better, by its size.

    Parameters
    ----------
    cells : of one kind, by size
    fits : the candidates as they are
    promising : sizes that may win
    bench : who fits
    """
    now = dict(fits)
    upwards = list(pairwise(sorted(cells)))
    downwards = [(larger, smaller) for smaller, larger in reversed(upwards)]
    known: dict[int, Run | None] = {}
    for source, target in (*downwards, *upwards):
        if abs(source - target) != 1 or target == 1:
            continue
        giving, taking = now[source].result, now[target].result
        if giving is None or taking is None:
            continue
        falls = source < target and giving.log_likelihood > taking.log_likelihood
        if not falls and target not in promising:
            continue
        try:
            alone = partial(_better_start, bench, cells[target], giving.model, taking.model, known)
            better = once("neighbour", alone)
        except NUMERICAL:
            continue
        if better is not None:
            after = bench.refitted(cells[target], now[target], better)
            if after is not now[target]:
                now[target] = after
                known.pop(target, None)
                yield target, after


def _better_start(
    bench: Bench, cell: Cell, giving: Model, taking: Model, known: dict[int, Run | None]
) -> Model | None:
    """Return what a neighbour's model leads to on the subsample, if above what the size has there.

    Parameters
    ----------
    giving : the neighbour's model
    taking : the model that the size has
    known : where that ends on the subsample, by size; what is found is put in
    """
    size, sample = cell.n_components, bench.starts.sweep(cell.family)
    options = fit_options(sample, size, bench.starts.options)
    if size not in known:
        known[size] = on_sample(sample, taking, options)
    now = known[size]
    if now is None:
        return None
    return bettered_by(sample, giving, size, now, options, bench.starts.options.starts)
