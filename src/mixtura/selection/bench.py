"""What a worker of a search has at hand: a sweep for each kind of model, and shared starts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from mixtura.checkpoints import once
from mixtura.data import RowSource
from mixtura.data.encoding import AS_IT_COMES, Reading
from mixtura.em.failures import sentence_of
from mixtura.em.model import Model
from mixtura.em.solve import SolveOptions, solve_by
from mixtura.em.starts import StartMaker
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep
from mixtura.engines import Engine
from mixtura.errors import NUMERICAL
from mixtura.selection.candidates import Candidate
from mixtura.selection.cells import Cell
from mixtura.selection.starts import SharedStarts

__all__ = ["Bench", "is_interrupted"]

Float = NDArray[np.float64]


class Bench:
    """One worker's own sweeps, which two threads must not use at once.

    Parameters
    ----------
    source : the rows to be fitted
    engine : who sweeps
    starts : on a subsample
    columns : names, or None
    n_numbers : how many the rows have, or None for rows times columns
    factor : what the user's row weights were multiplied by
    reading : how what is fitted reads tables
    """

    def __init__(
        self,
        source: RowSource,
        engine: Engine,
        starts: SharedStarts,
        columns: Sequence[str] | None,
        n_numbers: float | None = None,
        factor: float = 1.0,
        reading: Reading = AS_IT_COMES,
    ) -> None:
        self.starts = starts
        self._n_numbers, self._factor, self._reading = n_numbers, factor, reading
        self._source, self._engine = source, engine
        self._columns = None if columns is None else tuple(columns)
        self._sweeps: dict[int, Sweep] = {}

    def sweep(self, cell: Cell) -> Sweep:
        """Return the sweep of a cell's family over all rows."""
        # By identity, as families hold arrays; the sweep keeps its family alive.
        if id(cell.family) not in self._sweeps:
            self._sweeps[id(cell.family)] = Sweep(cell.family, self._source, self._engine)
        return self._sweeps[id(cell.family)]

    def first_fitted(self, cell: Cell, responsibilities: Mapping[str, Float]) -> Candidate:
        """Return the cell fitted from the shared starts, beside those of fits nested in it."""
        alone = partial(self._first_fitted, cell, responsibilities)
        return once("first fit", alone, keep=_is_whole)

    def _first_fitted(self, cell: Cell, responsibilities: Mapping[str, Float]) -> Candidate:
        try:
            models = self.starts.maker(cell, responsibilities)
        except NUMERICAL as error:
            return Candidate(cell.kind, cell.n_components, failure=sentence_of(error))
        return self.fitted(cell, self.starts.options, models)

    def responsibilities(self, cell: Cell, model: Model) -> Float | None:
        """Return components' responsibilities for the subsample's rows, None if for none."""
        try:
            return self.starts.responsibilities(cell, model)
        except NUMERICAL:
            return None

    def fitted(self, cell: Cell, options: SolveOptions, models: StartMaker) -> Candidate:
        """Return the cell fitted from some starts."""
        return once("fit", partial(self._fitted, cell, options, models), keep=_is_whole)

    def _fitted(self, cell: Cell, options: SolveOptions, models: StartMaker) -> Candidate:
        began = perf_counter()
        try:
            result = solve_by(
                self.sweep(cell),
                cell.n_components + cell.family.has_noise,
                options,
                models=models,
                columns=self._columns,
                began=began,
            )
        except NUMERICAL as error:
            return Candidate(cell.kind, cell.n_components, failure=sentence_of(error))
        if self._factor != 1.0:
            result = result.times(1 / self._factor)
        result = replace(result, mixture=result.mixture.read_by(self._reading))
        return Candidate(cell.kind, cell.n_components, result, n_numbers=self._n_numbers)

    def refitted(self, cell: Cell, before: Candidate, model: Model) -> Candidate:
        """Return what a start leads to, where that is likelier than what there was, or sound.

        Raises
        ------
        KeyboardInterrupt
            If the fit was interrupted.
        """
        after = self.fitted(cell, self.starts.options, lambda *_: [model])
        if is_interrupted(after):
            raise KeyboardInterrupt
        if before.result is None or after.result is None:
            return before
        if not _standing(after) > _standing(before):
            return before
        seconds = before.result.seconds + after.result.seconds
        outcomes = before.result.history.outcomes.before(after.result.history.outcomes)
        better = replace(
            after.result,
            seconds=seconds,
            n_starts=before.result.n_starts + 1,
            history=replace(after.result.history, outcomes=outcomes),
        )
        return replace(after, result=better)

    def polished(self, cell: Cell, candidate: Candidate, options: SolveOptions) -> Candidate:
        """Return the candidate fitted on from where it ended."""
        before = candidate.result
        assert before is not None
        better = self.fitted(cell, options, lambda *_: [before.model])
        after = better.result
        if after is None or not _standing(better) >= _standing(candidate):
            return candidate
        history = replace(
            after.history.following(before.history),
            passed_over=before.history.passed_over,
            failures=before.history.failures,
            outcomes=before.history.outcomes,
        )
        whole = replace(
            after,
            history=history,
            starts_agreeing=before.starts_agreeing,
            n_starts=before.n_starts,
            seconds=before.seconds + after.seconds,
        )
        return replace(better, result=whole)


def _standing(candidate: Candidate) -> tuple[bool, float]:
    assert candidate.result is not None
    return candidate.is_sound, candidate.result.log_likelihood


def _is_whole(candidate: Candidate) -> bool:
    return not is_interrupted(candidate)


def is_interrupted(candidate: Candidate) -> bool:
    """Return whether a fit was interrupted and kept what it had."""
    return candidate.result is not None and candidate.result.ending is Ending.INTERRUPTED
