"""The search over kinds of models and numbers of components."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.data import RowSource
from mixtura.em.fit import FitOptions
from mixtura.em.model import Model
from mixtura.em.pilots import Partitions, pilot_partitions
from mixtura.em.solve import SolveOptions, fit_options, solve
from mixtura.em.stopping import Ending, GainLeft
from mixtura.em.sweep import Sweep
from mixtura.em.tree import Tree
from mixtura.engines import Engine
from mixtura.errors import LikelihoodDecreased, ParameterError
from mixtura.selection.candidates import Candidate, Selection

__all__ = ["Cell", "search"]

# Kinds that look for starts on behalf of all.
PILOTS = ("VVV", "EEE", "VII")
SAMPLE_ROWS = 2500
# From this many models on, a hierarchical clustering is worth its time.
MANY_CELLS = 10
# What every cell may have left to gain, in nats, before the best are fitted to their ends.
COARSE = GainLeft(nats=0.05, relative=2e-6)
# How many are fitted to their ends, and how close to the best value others must be.
POLISHED, CLOSE = 3, 10.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A model to be fitted.

    Attributes
    ----------
    kind : how tables call it
    family : the component distribution
    n_components : K
    """

    kind: str
    family: Family
    n_components: int


def search(
    cells: Iterable[Cell],
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    *,
    criterion: str = "bic",
    columns: tuple[str, ...] | None = None,
    progress: Callable[[Candidate], None] | None = None,
) -> Selection:
    """Fit every cell; an interrupt ends the search and keeps what is there.

    Cells of one K share their starts. All are fitted until little is left to gain, and those that
    may win until nothing is.

    Parameters
    ----------
    cells : the models
    options : how the best are fitted in the end
    progress : called after each cell
    """
    cells = list(cells)
    by_size: dict[int, list[Cell]] = {}
    for cell in cells:
        by_size.setdefault(cell.n_components, []).append(cell)
    coarse = replace(options, rule=COARSE)
    done: list[Candidate] = []
    fitted: list[tuple[Cell, Candidate]] = []
    try:
        with engine.session():
            sample = source.subsample(SAMPLE_ROWS, options.starts.seed)
            tree = _tree(cells, sample)
            for size, group in by_size.items():
                partitions = _partitions(group, sample, engine, size, coarse, tree)
                found = {}
                for cell in sorted(group, key=lambda cell: cell.family.n_free(size)):
                    nested = [m for kind, m in found.items() if _nested(kind, cell.kind)][-NEAR:]
                    models = partitions.beside(nested).models(options.starts)
                    done.append(_fitted(cell, source, engine, coarse, columns, models))
                    if done[-1].result is not None:
                        found[cell.kind] = done[-1].result.mixture
                    fitted.append((cell, done[-1]))
                    if progress is not None:
                        progress(done[-1])
                    if _interrupted(done[-1]):
                        return Selection(tuple(done), criterion, interrupted=True)
            for place, cell in _contenders(fitted, criterion):
                done[place] = _polished(cell, done[place], source, engine, options, columns)
                if _interrupted(done[place]):
                    return Selection(tuple(done), criterion, interrupted=True)
    except KeyboardInterrupt:
        if not any(candidate.result for candidate in done):
            raise
        return Selection(tuple(done), criterion, interrupted=True)
    return Selection(tuple(done), criterion)


NEAR = 3


def _nested(a: str, b: str) -> bool:
    return all("IEV".index(x) <= "IEV".index(y) for x, y in zip(a, b, strict=True))


def _partitions(
    group: list[Cell],
    sample: tuple[NDArray[Any], NDArray[np.float64] | None],
    engine: Engine,
    size: int,
    options: SolveOptions,
    tree: Tree | None,
) -> Partitions:
    """Return starts for all cells of one K, found by a few of them."""
    pilots = [cell.family for cell in group if cell.kind in PILOTS] or [group[0].family]
    return pilot_partitions(
        pilots,
        sample,
        engine,
        size,
        lambda sweep, n_components: fit_options(sweep, n_components, options),
        replace(options.starts, finish=1 if len(pilots) > 1 else options.starts.finish),
        tree,
        whole=len(sample[0]) < SAMPLE_ROWS,
    )


def _tree(
    cells: Sequence[Cell], sample: tuple[NDArray[Any], NDArray[np.float64] | None]
) -> Tree | None:
    """Return a tree of the subsample where there are many models to use it for."""
    rows = sample[0]
    if len(cells) < MANY_CELLS or len(rows) < 2:
        return None
    return Tree(cells[0].family.embed(rows))


def _interrupted(candidate: Candidate) -> bool:
    return candidate.result is not None and candidate.result.ending is Ending.INTERRUPTED


def _contenders(fitted: Sequence[tuple[Cell, Candidate]], criterion: str) -> list[tuple[int, Cell]]:
    """Return the place and cell of the best candidates, and of those about as good."""
    values = [candidate.value(criterion) for _, candidate in fitted]
    order = sorted(range(len(values)), key=values.__getitem__)
    order = [place for place in order if np.isfinite(values[place])]
    chosen = [
        place
        for rank, place in enumerate(order)
        if rank < POLISHED or values[place] < values[order[0]] + CLOSE
    ]
    return [(place, fitted[place][0]) for place in chosen]


def _polished(
    cell: Cell,
    candidate: Candidate,
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    columns: Sequence[str] | None,
) -> Candidate:
    """Return the candidate fitted on from where it ended."""
    before = candidate.result
    assert before is not None
    better = _fitted(cell, source, engine, options, columns, lambda *_: [before.model])
    after = better.result
    if after is None or not after.log_likelihood >= before.log_likelihood:
        return candidate
    steps = [*before.history.steps, *after.history.steps[1:]]
    whole = replace(
        after,
        history=replace(
            after.history, steps=steps, rejected=before.history.rejected + after.history.rejected
        ),
        starts_agreeing=before.starts_agreeing,
        n_starts=before.n_starts,
        seconds=before.seconds + after.seconds,
    )
    return replace(better, result=whole)


def _fitted(
    cell: Cell,
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    columns: Sequence[str] | None,
    models: Callable[[Sweep, FitOptions], Sequence[Model]],
) -> Candidate:
    names = None if columns is None else tuple(columns)
    try:
        result = solve(
            cell.family,
            source,
            engine,
            cell.n_components,
            options,
            models=models,
            columns=names,
        )
    except (ParameterError, LikelihoodDecreased) as error:
        return Candidate(cell.kind, cell.n_components, failure=str(error))
    return Candidate(cell.kind, cell.n_components, result)
