"""The search over kinds of models and numbers of components."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from threading import Event, Lock, local

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
    counted, factor = as_counts(source, options)
    found = _searched(cells, counted, engine, options, criterion, columns, progress)
    return found if factor == 1.0 else found.times(1 / factor)


def _searched(
    cells: Iterable[Cell],
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    criterion: str,
    columns: tuple[str, ...] | None,
    progress: Callable[[Candidate], None] | None,
) -> Selection:
    """Return the search over rows whose weights count one on average at least."""
    ordered = sorted(cells, key=lambda cell: (cell.n_components, cell.n_free))
    with engine.session():
        starts = SharedStarts.of(ordered, source, engine, replace(options, rule=COARSE))
        state = Search(ordered, source, engine, starts, columns, progress)
        try:
            state.fit_all()
            if options.starts.rearranges:
                state.walk_all()
            state.polish(criterion, options)
        except KeyboardInterrupt:
            if not any(candidate.result for candidate in state.candidates()):
                raise
            return Selection(state.candidates(), criterion, interrupted=True)
    return Selection(state.candidates(), criterion)


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
        progress: Callable[[Candidate], None] | None,
    ) -> None:
        self._cells = cells
        self._found: list[Candidate | None] = [None] * len(cells)
        self._progress, self._lock = progress, Lock()
        self._stopped = Event()
        self._own = local()
        self._source, self._starts, self._columns = source, starts, columns
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
            self._own.bench = Bench(self._source, self._inner, starts, self._columns)
        return self._own.bench

    def _each(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Do all jobs, some at once where that pays."""

        def done(number: int) -> int:
            try:
                jobs[number]()
            except BaseException:
                self._stopped.set()
                raise
            return 0

        if jobs:
            self._outer.fold(done, len(jobs))

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
                models = bench.starts.maker(cell, shares)
                one = bench.fitted(cell, bench.starts.options, models)
                self._keep(place, one)
                if one.result is not None:
                    shares[cell.kind] = bench.starts.shares(cell, one.result.model)

    def _keep(self, place: int, candidate: Candidate) -> None:
        self._found[place] = candidate
        if self._stopped.is_set():
            raise KeyboardInterrupt
        if self._progress is not None:
            with self._lock:
                self._progress(candidate)
        if is_interrupted(candidate):
            raise KeyboardInterrupt

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

        walk(chain, fits, bench, keep)

    def polish(self, criterion: str, options: SolveOptions) -> None:
        """Fit the best candidates, and those about as good, to their ends."""
        values = [
            np.inf if candidate is None else candidate.value(criterion) for candidate in self._found
        ]
        order = sorted(range(len(values)), key=values.__getitem__)
        chosen = [
            place
            for rank, place in enumerate(order)
            if np.isfinite(values[place])
            and (rank < POLISHED or values[place] < values[order[0]] + CLOSE)
        ]
        self._each([lambda place=place: self._polish_one(place, options) for place in chosen])

    def _polish_one(self, place: int, options: SolveOptions) -> None:
        before = self._found[place]
        assert before is not None
        after = self._bench.polished(self._cells[place], before, options)
        self._found[place] = after
        if is_interrupted(after):
            raise KeyboardInterrupt
