"""The search over kinds of models and numbers of components."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from mixtura.checkpoints import digest, mapped, once, same, stop, told
from mixtura.components.constrained import constraints_of
from mixtura.data import RowSource
from mixtura.data.encoding import AS_IT_COMES, Reading
from mixtura.em.solve import SolveOptions, as_counts
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import facts_of
from mixtura.engines import Engine, Serial
from mixtura.selection.bench import is_interrupted
from mixtura.selection.candidates import Candidate, Selection
from mixtura.selection.cells import Cell
from mixtura.selection.jobs import Job, OfCell, OfKind, OfSize, Work, Workplace
from mixtura.selection.starts import SharedStarts

__all__ = ["search"]

# What every cell may have left to gain, in nats, before the best are fitted to their ends, and
# their components on too few rows are given others.
COARSE = GainLeft(nats=0.05, relative=2e-6)
# How many are fitted to their ends, and how close to the best value others must be.
POLISHED, CLOSE = 3, 10.0
# How close to the best value a cell must be, and how much further for each row, to learn from its
# neighbours: what they bring is less.
HOPE, HOPE_EACH = 40.0, 0.2


def search(
    cells: Iterable[Cell],
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    *,
    criterion: str = "bic",
    columns: tuple[str, ...] | None = None,
    reading: Reading = AS_IT_COMES,
    n_numbers: float | None = None,
    progress: Callable[[Candidate], None] | None = None,
) -> Selection:
    """Fit every cell; an interrupt ends the search and keeps what is there.

    Cells of one K share their starts, and cells of one kind try what their neighbours have to say.
    All are fitted until little is left to gain, and those that may win until nothing is.

    Parameters
    ----------
    cells : the models
    options : how the best are fitted in the end
    columns, reading : their names, or None, and how what is fitted reads tables
    n_numbers : how many the rows have, or None for rows times columns
    progress : called after each cell
    """
    cells, options = list(cells), replace(options, by_size=True)
    same("rows and settings", partial(_about, cells, source, options))
    alone = partial(
        _searched,
        *(cells, source, engine, options, criterion, columns, reading, n_numbers, progress),
    )
    return once("search", alone, keep=lambda found: not found.interrupted)


def _about(cells: Sequence[Cell], source: RowSource, options: SolveOptions) -> dict[str, str]:
    """Return what a search is about, so that it goes on by the same only."""
    listed = [(cell.kind, cell.n_components) for cell in cells]
    families = digest([cell.family for cell in cells])
    return {
        **facts_of(source),
        "the models": digest(listed),
        "what components are": families,
        **told(options),
    }


def _searched(
    cells: Sequence[Cell],
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    criterion: str,
    columns: tuple[str, ...] | None,
    reading: Reading,
    n_numbers: float | None,
    progress: Callable[[Candidate], None] | None,
) -> Selection:
    counted, factor = as_counts(source, options)
    ordered = sorted(cells, key=lambda cell: (cell.n_components, cell.n_free))
    # What leaves the range of numbers is seen where it matters, as in a fit.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), engine.session():
        starts = replace(options.starts, resplits=0)
        rough = replace(options, rule=COARSE, starts=starts, certifies=False)
        starts = SharedStarts.of(ordered, counted, engine, rough)
        starts = starts.for_worker(Serial())
        place = Workplace(tuple(ordered), counted, starts, columns, n_numbers, factor, reading)
        state = Search(place, engine, progress)
        interrupted = _finished_early(state, criterion, options)
    return Selection(state.candidates(), criterion, interrupted=interrupted)


def _finished_early(state: "Search", criterion: str, options: SolveOptions) -> bool:
    """Fit all models and polish the best; return whether an interrupt ended that."""
    try:
        state.fit_all()
        if options.starts.splits_and_merges:
            state.walk_all(criterion)
        state.polish(criterion, options)
    except KeyboardInterrupt:
        stop()
        if not any(candidate.result for candidate in state.candidates()):
            raise
        return True
    return False


class Search:
    """A search under way: cells, and the candidate for each that is fitted.

    Where rows are few, a sweep is too short to be shared out: sizes, and kinds, are.
    """

    def __init__(
        self, place: Workplace, engine: Engine, progress: Callable[[Candidate], None] | None
    ) -> None:
        self._cells = place.cells
        self._found: list[Candidate | None] = [None] * len(place.cells)
        self._progress = progress
        self._n_rows = place.source.n_rows
        self._engine, self._work = engine, Work(place)
        self._bench = place.bench(engine)
        # Engines of one worker, if they say so, have none to give sizes to.
        several = getattr(engine, "n_jobs", 1) > 1
        self._shares_out = several and all(
            self._bench.sweep(cell).kernel is not None for cell in place.cells
        )

    def candidates(self) -> tuple[Candidate, ...]:
        """Return the candidates that there are."""
        return tuple(candidate for candidate in self._found if candidate is not None)

    def _steps(self, jobs: Sequence[Job]) -> Iterator[Candidate]:
        """Yield candidates, of which each is kept, as they are found."""
        for place, candidate in self._placed(jobs):
            self._found[place] = candidate
            yield candidate
            if is_interrupted(candidate):
                raise KeyboardInterrupt

    def _placed(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Candidate]]:
        if self._shares_out:
            for found in mapped("jobs", self._engine.map, self._work, jobs):
                yield from found
        else:
            for job in jobs:
                yield from job.steps(self._cells, self._bench)

    def fit_all(self) -> None:
        """Fit every cell, the smallest first, so that a search ended early has the simple ones."""
        sizes: dict[int, list[int]] = {}
        for place, cell in enumerate(self._cells):
            sizes.setdefault(cell.n_components, []).append(place)
        for candidate in self._steps([OfSize(tuple(sizes[size])) for size in sorted(sizes)]):
            if self._progress is not None:
                self._progress(candidate)

    def walk_all(self, criterion: str) -> None:
        """Let the sizes of every kind learn from each other."""
        kinds: dict[str, dict[int, int]] = {}
        for place, cell in enumerate(self._cells):
            # What a component is bound to says nothing of one more.
            if not cell.family.has_noise and constraints_of(cell.family) is None:
                kinds.setdefault(cell.kind, {})[cell.n_components] = place
        hope = HOPE + HOPE_EACH * self._n_rows
        promising = self._close(self._ranked(criterion), criterion, hope)
        jobs = [
            OfKind(places, self._fits(places), frozenset(promising.intersection(places.values())))
            for places in kinds.values()
        ]
        for _ in self._steps(jobs):
            pass

    def _fits(self, places: Mapping[int, int]) -> dict[int, Candidate]:
        found = ((size, self._found[place]) for size, place in places.items())
        return {size: one for size, one in found if one is not None}

    def polish(self, criterion: str, options: SolveOptions) -> None:
        """Fit the best candidates, and those about as good, to their ends.

        So it goes on until the best is among them: one that is fitted on may turn out unsound.
        """
        done: set[int] = set()
        while chosen := [place for place in self._promising(criterion) if place not in done]:
            fits = self._fits(dict(zip(chosen, chosen, strict=True)))
            for _ in self._steps([OfCell(place, one, options) for place, one in fits.items()]):
                pass
            done.update(chosen)

    def _promising(self, criterion: str) -> list[int]:
        """Return the places of the best candidates and of those that may turn out as good."""
        ranked = self._ranked(criterion)
        close = self._close(ranked, criterion, CLOSE)
        return [place for rank, place in enumerate(ranked) if rank < POLISHED or place in close]

    def _ranked(self, criterion: str) -> list[int]:
        """Return the places of all candidates that have a value, best first."""
        every = (
            (place, candidate.order(criterion))
            for place, candidate in enumerate(self._found)
            if candidate is not None
        )
        orders = {place: order for place, order in every if np.isfinite(order[1])}
        return sorted(orders, key=orders.__getitem__)

    def _close(self, ranked: Sequence[int], criterion: str, distance: float) -> set[int]:
        """Return which places are so close to the first; unsound ones may be mended yet."""
        fits = {place: one for place in ranked if (one := self._found[place]) is not None}
        if not fits:
            return set()
        reach = fits[ranked[0]].value(criterion) + distance
        return {
            place
            for place, one in fits.items()
            if one.value(criterion) < reach and not one.is_outnumbered
        }
