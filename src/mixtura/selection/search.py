"""The search over kinds of models and numbers of components."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from mixtura.data import RowSource
from mixtura.em.model import Model
from mixtura.em.solve import SolveOptions, solve
from mixtura.em.starts import StartMaker
from mixtura.em.stopping import Ending, GainLeft
from mixtura.engines import Engine
from mixtura.errors import LikelihoodDecreased, ParameterError
from mixtura.mixture import Mixture
from mixtura.selection.candidates import Candidate, Selection
from mixtura.selection.cells import Cell
from mixtura.selection.path import walk
from mixtura.selection.starts import SharedStarts

__all__ = ["search"]

# What every cell may have left to gain, in nats, before the best are fitted to their ends.
COARSE = GainLeft(nats=0.05, relative=2e-6)
# How many are fitted to their ends, and how close to the best value others must be.
POLISHED, CLOSE = 3, 10.0


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

    Cells of one K share their starts, and cells of one kind try what their neighbours have to say.
    All are fitted until little is left to gain, and those that may win until nothing is.

    Parameters
    ----------
    cells : the models
    options : how the best are fitted in the end
    progress : called after each cell
    """
    by_size: dict[int, list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: (cell.n_components, cell.n_free)):
        by_size.setdefault(cell.n_components, []).append(cell)
    coarse = replace(options, rule=COARSE)
    done: list[Candidate] = []
    fitted: list[Cell] = []
    try:
        with engine.session():
            starts = SharedStarts.of([*chain(*by_size.values())], source, engine, coarse)
            for group in by_size.values():
                mixtures: dict[str, Mixture] = {}
                for cell in group:
                    models = starts.maker(cell, mixtures)
                    one = _fitted(cell, source, engine, coarse, columns, models)
                    done.append(one)
                    fitted.append(cell)
                    if one.result is not None:
                        mixtures[cell.kind] = one.result.mixture
                    if progress is not None:
                        progress(one)
                    if _interrupted(one):
                        return Selection(tuple(done), criterion, interrupted=True)
            if coarse.starts.rearranges:
                walk(
                    fitted,
                    done,
                    starts,
                    lambda place, cell, model: _refitted(
                        done, place, cell, model, source, engine, coarse, columns
                    ),
                )
            for place, cell in _contenders(fitted, done, criterion):
                done[place] = _polished(cell, done[place], source, engine, options, columns)
                if _interrupted(done[place]):
                    return Selection(tuple(done), criterion, interrupted=True)
    except KeyboardInterrupt:
        if not any(candidate.result for candidate in done):
            raise
        return Selection(tuple(done), criterion, interrupted=True)
    return Selection(tuple(done), criterion)


def _interrupted(candidate: Candidate) -> bool:
    return candidate.result is not None and candidate.result.ending is Ending.INTERRUPTED


def _refitted(
    done: list[Candidate],
    place: int,
    cell: Cell,
    model: Model,
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    columns: Sequence[str] | None,
) -> None:
    """Put in the place of a candidate what a start leads to, where that is likelier."""
    before = done[place].result
    after = _fitted(cell, source, engine, options, columns, lambda *_: [model])
    if _interrupted(after):
        raise KeyboardInterrupt
    if before is None or after.result is None:
        return
    if after.result.log_likelihood > before.log_likelihood:
        seconds, n_starts = before.seconds + after.result.seconds, before.n_starts + 1
        result = replace(after.result, seconds=seconds, n_starts=n_starts)
        done[place] = replace(after, result=result)


def _contenders(
    fitted: Sequence[Cell], done: Sequence[Candidate], criterion: str
) -> list[tuple[int, Cell]]:
    """Return the place and cell of the best candidates, and of those about as good."""
    values = [candidate.value(criterion) for candidate in done]
    order = sorted(range(len(values)), key=values.__getitem__)
    order = [place for place in order if np.isfinite(values[place])]
    chosen = [
        place
        for rank, place in enumerate(order)
        if rank < POLISHED or values[place] < values[order[0]] + CLOSE
    ]
    return [(place, fitted[place]) for place in chosen]


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
    models: StartMaker,
) -> Candidate:
    names = None if columns is None else tuple(columns)
    try:
        result = solve(
            cell.family,
            source,
            engine,
            cell.n_components + cell.family.has_noise,
            options,
            models=models,
            columns=names,
        )
    except (ParameterError, LikelihoodDecreased) as error:
        return Candidate(cell.kind, cell.n_components, failure=str(error))
    return Candidate(cell.kind, cell.n_components, result)
