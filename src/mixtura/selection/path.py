"""The path over K: what a size learns from the next larger one, and from the next smaller one.

First downwards, each size starting from the one above with two components merged, then upwards,
each from the one below with one component parted. A start is tried on the subsample, and fitted to
all rows only where it ends above what the size has there.
"""

from collections.abc import Callable
from itertools import pairwise

from mixtura.em.neighbours import bettered_by, on_sample
from mixtura.em.running import Run
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
    known: dict[int, Run | None] = {}
    for source, target in (*downwards, *upwards):
        if abs(source - target) != 1 or target == 1:
            continue
        giving, taking = fits[source].result, fits[target].result
        if giving is None or taking is None:
            continue
        sample = bench.starts.sweep(cells[target].family)
        options = fit_options(sample, target, bench.starts.options)
        if target not in known:
            known[target] = on_sample(sample, taking.model, options)
        now = known[target]
        if now is None:
            continue
        better = bettered_by(
            sample, giving.model, target, now, options, bench.starts.options.starts
        )
        if better is not None:
            after = bench.refitted(cells[target], fits[target], better)
            if after is not fits[target]:
                fits[target] = after
                known.pop(target)
                keep(target, after)
