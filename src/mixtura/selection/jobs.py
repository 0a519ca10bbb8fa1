"""What workers of a search are asked to do; each yields candidates by their places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.data import RowSource
from mixtura.data.encoding import Reading
from mixtura.em.solve import SolveOptions
from mixtura.engines import Engine, Serial
from mixtura.engines.own import own
from mixtura.selection.bench import Bench
from mixtura.selection.candidates import Candidate
from mixtura.selection.cells import Cell
from mixtura.selection.path import walk
from mixtura.selection.starts import SharedStarts

__all__ = ["Job", "OfCell", "OfKind", "OfSize", "Work", "Workplace"]

# The place of a cell among all, and the fit of it.
Placed: TypeAlias = tuple[int, Candidate]


class Job(Protocol):
    """A part of a search that depends on no other of its stage."""

    def steps(self, cells: Sequence[Cell], bench: Bench) -> Iterator[Placed]:
        """Yield candidates as they are found."""
        ...


@dataclass(frozen=True, slots=True)
class OfSize:
    """Fit the cells of one size, each beside what is nested in it.

    Attributes
    ----------
    places : of the cells
    """

    places: tuple[int, ...]

    def steps(self, cells: Sequence[Cell], bench: Bench) -> Iterator[Placed]:
        """Yield the candidates."""
        responsibilities: dict[str, NDArray[np.float64]] = {}
        for place in self.places:
            cell = cells[place]
            one = bench.first_fitted(cell, responsibilities)
            yield place, one
            found = None if one.result is None else bench.responsibilities(cell, one.result.model)
            if found is not None:
                responsibilities[cell.kind] = found


@dataclass(frozen=True, slots=True)
class OfKind:
    """Let the sizes of one kind learn from each other.

    Attributes
    ----------
    places : of the cells, by size
    fits : of the cells, by size
    promising : places of those that may win
    """

    places: Mapping[int, int]
    fits: Mapping[int, Candidate]
    promising: frozenset[int]

    def steps(self, cells: Sequence[Cell], bench: Bench) -> Iterator[Placed]:
        """Yield the candidates that are better than those there were."""
        chain = {size: cells[self.places[size]] for size in self.fits}
        promising = [size for size in self.fits if self.places[size] in self.promising]
        for size, candidate in walk(chain, self.fits, promising, bench):
            yield self.places[size], candidate


@dataclass(frozen=True, slots=True)
class OfCell:
    """Fit a cell on to its end."""

    place: int
    before: Candidate
    options: SolveOptions

    def steps(self, cells: Sequence[Cell], bench: Bench) -> Iterator[Placed]:
        """Yield the candidate."""
        yield self.place, bench.polished(cells[self.place], self.before, self.options)


@dataclass(frozen=True, eq=False)
class Workplace:
    """What all jobs of a search have in common.

    Attributes
    ----------
    cells : all of them
    source : the rows
    starts : on a subsample
    columns : names, or None
    n_numbers : how many the rows have, or None for rows times columns
    factor : what the user's row weights were multiplied by
    reading : how what is fitted reads tables
    """

    lasting: ClassVar[bool] = True

    cells: tuple[Cell, ...]
    source: RowSource
    starts: SharedStarts
    columns: tuple[str, ...] | None
    n_numbers: float | None
    factor: float
    reading: Reading

    def bench(self, engine: Engine) -> Bench:
        """Return a bench whose sweeps go by an engine."""
        starts = self.starts.for_worker(engine)
        return Bench(
            self.source,
            engine,
            starts,
            self.columns,
            self.n_numbers,
            self.factor,
            self.reading,
        )


@dataclass(frozen=True, slots=True)
class Work:
    """Does jobs at the bench that each worker has for itself."""

    place: Workplace

    def __call__(self, job: Job) -> list[Placed]:
        """Return the candidates that a job finds."""
        place = self.place
        return list(job.steps(place.cells, own(place, lambda: place.bench(Serial()))))
