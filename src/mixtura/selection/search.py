"""The search over kinds of models and numbers of components."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from threading import Lock, local

import numpy as np
from numpy.typing import NDArray

from mixtura.data import RowSource
from mixtura.em.solve import SolveOptions, as_counts
from mixtura.em.stopping import GainLeft
from mixtura.engines import Engine, Serial
from mixtura.selection.bench import Bench, is_interrupted
from mixtura.selection.candidates import Candidate, Selection
from mixtura.selection.cells import Cell
from mixtura.selection.path import walk
from mixtura.selection.starts import SharedStarts

__all__ = ["search"]

Float = NDArray[np.float64]

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
    n_numbers : how many the rows have, or None for rows times columns
    progress : called after each cell
    """
    counted, factor = as_counts(source, options)
    ordered = sorted(cells, key=lambda cell: (cell.n_components, cell.n_free))
    with engine.session():
        starts = SharedStarts.of(ordered, counted, engine, replace(options, rule=COARSE))
        state = Search(ordered, counted, engine, starts, columns, n_numbers, factor, progress)
        interrupted = _finished_early(state, criterion, options)
    return Selection(state.candidates(), criterion, interrupted=interrupted)


def _finished_early(state: "Search", criterion: str, options: SolveOptions) -> bool:
    """Fit all models and polish the best; return whether an interrupt ended that."""
    try:
        state.fit_all()
        if options.starts.rearranges:
            state.walk_all()
        state.polish(criterion, options)
    except KeyboardInterrupt:
        if not any(candidate.result for candidate in state.candidates()):
            raise
        return True
    return False


class _Left(Exception):
    """A worker left its work because another met an error."""


class Search:
    """A search under way: cells, and the candidate for each that is fitted.

    Where rows are few, a sweep is too short to be shared out: sizes, and kinds, are.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        source: RowSource,
        engine: Engine,
        starts: SharedStarts,
        columns: tuple[str, ...] | None,
        n_numbers: float | None,
        factor: float,
        progress: Callable[[Candidate], None] | None,
    ) -> None:
        self._cells = cells
        self._found: list[Candidate | None] = [None] * len(cells)
        self._progress, self._lock = progress, Lock()
        self._error: BaseException | None = None
        self._own = local()
        self._source, self._starts, self._columns = source, starts, columns
        self._n_numbers, self._factor = n_numbers, factor
        self._outer, self._inner = Serial(), engine
        # Engines of one worker, if they say so, have none to give sizes to.
        several = getattr(engine, "n_jobs", 1) > 1
        if several and all(self._bench.sweep(cell).kernel is not None for cell in cells):
            self._outer, self._inner = engine, Serial()
            self._own = local()

    def candidates(self) -> tuple[Candidate, ...]:
        """Return the candidates that there are."""
        return tuple(candidate for candidate in self._found if candidate is not None)

    @property
    def _bench(self) -> Bench:
        """Return the bench of this thread."""
        if not hasattr(self._own, "bench"):
            starts = self._starts.for_worker(self._inner)
            self._own.bench = Bench(
                self._source, self._inner, starts, self._columns, self._n_numbers, self._factor
            )
        return self._own.bench

    def _each(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Do all jobs, some at once where that pays.

        What ends one of them is raised, whichever worker met it; it ends the others too.
        """

        def done(number: int) -> int:
            try:
                jobs[number]()
            except BaseException as error:
                with self._lock:
                    self._error = self._error or error
                raise
            return 0

        if not jobs:
            return
        try:
            self._outer.map(done, range(len(jobs)))
        except BaseException as error:
            # An engine may raise what another worker left by.
            self._error = self._error or error
            if self._error is error:
                raise
            raise self._error from None

    def fit_all(self) -> None:
        """Fit every cell: in turn, or by several workers the largest first, which take longest."""
        several = not isinstance(self._outer, Serial)
        sizes = sorted({cell.n_components for cell in self._cells}, reverse=several)
        self._each([lambda size=size: self._fit_size(size) for size in sizes])

    def _fit_size(self, size: int) -> None:
        bench = self._bench
        shares: dict[str, Float] = {}
        for place, cell in enumerate(self._cells):
            if cell.n_components == size:
                one = bench.first_fitted(cell, shares)
                self._keep(place, one)
                own = None if one.result is None else bench.shares(cell, one.result.model)
                if own is not None:
                    shares[cell.kind] = own

    def _keep(self, place: int, candidate: Candidate) -> None:
        self._found[place] = candidate
        self._go_on()
        if self._progress is not None:
            with self._lock:
                self._progress(candidate)
        if is_interrupted(candidate):
            raise KeyboardInterrupt

    def _go_on(self) -> None:
        """Leave if another worker met an error."""
        if self._error is not None:
            raise _Left

    def walk_all(self) -> None:
        """Let the sizes of every kind learn from each other."""
        kinds: dict[str, dict[int, int]] = {}
        for place, cell in enumerate(self._cells):
            if not cell.family.has_noise:
                kinds.setdefault(cell.kind, {})[cell.n_components] = place
        self._each([lambda places=places: self._walk_kind(places) for places in kinds.values()])

    def _walk_kind(self, places: dict[int, int]) -> None:
        bench = self._bench
        found = ((size, self._found[place]) for size, place in places.items())
        fits = {size: one for size, one in found if one is not None}
        chain = {size: self._cells[places[size]] for size in fits}

        def keep(size: int, candidate: Candidate) -> None:
            self._found[places[size]] = candidate
            self._go_on()

        walk(chain, fits, bench, keep)

    def polish(self, criterion: str, options: SolveOptions) -> None:
        """Fit the best candidates, and those about as good, to their ends.

        So it goes on until the best is among them: one that is fitted on may turn out unsound.
        """
        done: set[int] = set()
        while chosen := [place for place in self._promising(criterion) if place not in done]:
            self._each([lambda place=place: self._polish_one(place, options) for place in chosen])
            done.update(chosen)

    def _promising(self, criterion: str) -> list[int]:
        """Return the places of the best candidates and of those about as good."""
        orders = {
            place: candidate.order(criterion)
            for place, candidate in enumerate(self._found)
            if candidate is not None and np.isfinite(candidate.value(criterion))
        }
        ranked = sorted(orders, key=orders.__getitem__)
        if not ranked:
            return []
        unsound, lowest = orders[ranked[0]]
        return [
            place
            for rank, place in enumerate(ranked)
            if rank < POLISHED
            or (orders[place][0] == unsound and orders[place][1] < lowest + CLOSE)
        ]

    def _polish_one(self, place: int, options: SolveOptions) -> None:
        self._go_on()
        before = self._found[place]
        assert before is not None
        after = self._bench.polished(self._cells[place], before, options)
        self._found[place] = after
        if is_interrupted(after):
            raise KeyboardInterrupt
