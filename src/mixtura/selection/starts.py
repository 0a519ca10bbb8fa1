"""Starts that the cells of a search share, and what each takes over from those before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constrained import constraints_of, freed
from mixtura.components.family import Family
from mixtura.components.noise import without_noise
from mixtura.data import RowSource
from mixtura.em.failures import left_out
from mixtura.em.fit import FitOptions
from mixtura.em.held import are_bound, are_told_apart, placed, searching
from mixtura.em.model import Model
from mixtura.em.noise_starts import with_noise
from mixtura.em.responsibilities import responsibilities_of
from mixtura.em.screening import Partitions, screened_partitions
from mixtura.em.solve import SolveOptions, fit_options
from mixtura.em.split_and_merge import exchanged
from mixtura.em.starts import ModelMaker, StartMaker, linked_part
from mixtura.em.sweep import Sweep, source_of
from mixtura.em.tree import Tree
from mixtura.engines import Engine
from mixtura.selection.cells import Cell, is_nested

__all__ = ["SharedStarts"]

Float = NDArray[np.float64]

# Kinds that look for starts on behalf of all.
SCREENED = ("VVV", "EEE", "VII")
# Kinds whose axes are given, the freest first.
AXES_GIVEN = ("VVI", "VEI", "EVI", "EEI", "VII", "EII")
SAMPLE_ROWS = 2500
# From this many models on, a hierarchical clustering is worth its time.
MANY_CELLS = 10
# Starts of which the best is looked for where what is held tells components apart.
EXCHANGING = 8
# How many of the models nested in one, the largest, it starts from.
TAKEN_OVER = 3


@dataclass(slots=True)
class SharedStarts:
    """Partitions of one subsample, found once for each number of components.

    Attributes
    ----------
    screens : families that look for them
    sample : the subsample
    whole : whether it has every distinct row
    tree : a clustering of its `linked_part`, or None
    engine, options : of the search
    """

    screens: Sequence[Family]
    sample: RowSource
    whole: bool
    tree: Tree | None
    engine: Engine
    options: SolveOptions
    _found: dict[int, Partitions] = field(default_factory=dict)
    _sweeps: dict[int, Sweep] = field(default_factory=dict)

    @classmethod
    def of(
        cls, cells: Sequence[Cell], source: RowSource, engine: Engine, options: SolveOptions
    ) -> "SharedStarts":
        """Return the starts of these cells, none of them looked for yet."""
        rows, weights = source.subsample(SAMPLE_ROWS, options.starts.seed)
        plain = {cell.kind: without_noise(freed(cell.family)) for cell in cells}
        screens = [plain[kind] for kind in (*SCREENED, *_without_axes(plain)) if kind in plain]
        screens = screens or list(plain.values())[:1]
        linked = len(cells) >= MANY_CELLS and rows.shape[0] > 1
        whole = rows.shape[0] < SAMPLE_ROWS
        found = cls(screens, source_of(rows, weights), whole, None, engine, options)
        if linked:
            part = linked_part(found.sweep(screens[0]), options.starts.seed)
            found.tree = Tree(screens[0].embed(part.source.block(0, part.source.n_rows).rows))
        return found

    def maker(self, cell: Cell, fitted: Mapping[str, Float]) -> StartMaker:
        """Return what makes the starts of a cell.

        Parameters
        ----------
        fitted : responsibilities (M, K) that mixtures of as many components have of the subsample's
            rows, those of noise last, by kind, in the order they were fitted; a start from one that
            is nested in the cell ends no lower
        """
        nested = [
            responsibilities
            for kind, responsibilities in fitted.items()
            if is_nested(kind, cell.kind)
        ]
        nested = nested[-TAKEN_OVER:]
        size, starts = cell.n_components, self.options.starts
        bound = constraints_of(cell.family)
        if self.options.weighing.tells_apart or (bound is not None and bound.tells_apart):
            starts = replace(starts, finish=max(starts.finish, EXCHANGING))
        found = self.partitions(size)
        makes = self._exchanging(found.beside(nested).models(starts, self.sweep))
        if not cell.family.has_noise:
            return makes
        noisy = self.partitions(size + 1).each_last().beside(nested)
        noisy_makes = noisy.models(replace(starts, splits_and_merges=False), self.sweep)
        return with_noise(makes, size, starts, self._exchanging(noisy_makes))

    def _exchanging(self, make: ModelMaker) -> ModelMaker:
        """Return what makes starts where weights or numbers may be held of each component."""

        def make_held(sweep: Sweep, options: FitOptions) -> Sequence[Model]:
            models = make(sweep.freed, searching(options))
            if not are_bound(sweep, options):
                return models
            own = self.sweep(sweep.family)
            if are_told_apart(own, options):
                return [exchanged(own, models, options)]
            # Nothing to exchange: every start goes on, as it would be free.
            found: list[Model] = []
            for model in models:
                with left_out(options):
                    found.append(placed(own, model, options))
            return found or [exchanged(own, models, options)]

        return make_held

    def responsibilities(self, cell: Cell, model: Model) -> Float:
        """Return components' responsibilities (M, K) for the subsample's rows, noise last."""
        return responsibilities_of(self.sweep(cell.family), model)

    def for_worker(self, engine: Engine) -> "SharedStarts":
        """Return the same with sweeps of its own."""
        return replace(self, engine=engine, _found={}, _sweeps={})

    def sweep(self, family: Family) -> Sweep:
        """Return a sweep of a family over the subsample."""
        # By identity, as families hold arrays; the sweep keeps its family alive.
        if id(family) not in self._sweeps:
            self._sweeps[id(family)] = Sweep(family, self.sample, self.engine)
        return self._sweeps[id(family)]

    def partitions(self, size: int) -> Partitions:
        """Return the partitions into so many groups."""
        if size not in self._found:
            several = len(self.screens) > 1
            starts = self.options.starts
            self._found[size] = screened_partitions(
                [self.sweep(family) for family in self.screens],
                size,
                lambda sweep, groups: searching(fit_options(sweep, groups, self.options)),
                replace(starts, finish=1 if several else starts.finish),
                self.tree,
                whole=self.whole,
            )
        return self._found[size]


def _without_axes(kinds: Iterable[str]) -> list[str]:
    """Return the freest of the kinds without axes, unless a screen is one.

    Where columns are combinations of others, screens with axes see nothing but those.
    """
    found = [kind for kind in AXES_GIVEN if kind in kinds]
    return [] if set(found) & set(SCREENED) else found[:1]
