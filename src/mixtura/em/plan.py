"""How rows are cut for a sweep, and what a worker has to sweep them with.

A unit is what a worker is given, a tile what is worked on at once. Their sizes depend on the
problem alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.data import CountRows, RowSource, Unit
from mixtura.data.masks import MaskedRows
from mixtura.em.softmax import runs_of_equal_size
from mixtura.engines.own import own
from mixtura.native.sweeps import StackedSweep

__all__ = [
    "Plan",
    "TileArrays",
    "TileBuffers",
    "TiledUnit",
    "as_swept",
    "is_small",
    "tile_rows",
    "tiled_units",
    "unit_bounds",
]

Float = NDArray[np.float64]

# Where in its unit it is, its rows, as they are or as the family prepared them, their weights, what
# is excluded.
Tile: TypeAlias = tuple[slice, Any, Float | None, NDArray[np.bool_] | None]

TILE_BYTES, ITEM_BYTES = 4 << 20, 8
SMALLEST_TILE, LARGEST_TILE = 128, 16384
SMALLEST_UNIT = 2048
UNIT_COUNT = 8
# Rows that a kernel of the matrix product takes at once.
ROW_MULTIPLE = 8
# Rows fewer than this are not worth waking a second thread for, nor is less work: numbers that
# rows take through the processor, an exponential counted as so many.
SERIAL_ROWS = 4096
SMALLEST_WORK, SOFTMAX_COST = 1 << 20, 24


def is_small(family: Family, source: RowSource) -> bool:
    """Return whether the rows and their features take no more room than one tile may."""
    width = family.n_features() + family.n_columns
    return source.n_rows * width * ITEM_BYTES <= TILE_BYTES


def as_swept(family: Family, source: RowSource) -> tuple[Family, RowSource]:
    """Return few sparse rows as dense ones, which compiled runs read, and the family to read them.

    So a fit is the same whichever way few rows are given; many stay sparse.
    """
    if not (isinstance(source, CountRows | MaskedRows) and source.is_sparse):
        return family, source
    if source.n_rows * (2 * source.n_columns + 1) * ITEM_BYTES > TILE_BYTES:
        return family, source
    dense = source.dense()
    return family.reading(dense.block(0, dense.n_rows).rows), dense


def tile_rows(n_features: int, n_components: int) -> int:
    """Return the power of two of rows whose features and densities fill about `TILE_BYTES`."""
    rows = TILE_BYTES / ((n_features + n_components) * ITEM_BYTES)
    return int(np.clip(2 ** round(np.log2(rows)), SMALLEST_TILE, LARGEST_TILE))


def unit_bounds(n_rows: int, tile: int, row_cost: int) -> list[int]:
    """Return where units begin, and N: equal ones, 1, 2, 4 or a multiple of `UNIT_COUNT`.

    So 2, 4 or 8 workers that are equally fast finish together.

    Parameters
    ----------
    n_rows : N
    tile : rows of a tile, at most
    row_cost : numbers that a row takes through the processor
    """
    if n_rows <= SERIAL_ROWS:
        return [0, n_rows]
    count = max(UNIT_COUNT, -(-n_rows // max(tile, SMALLEST_UNIT)))
    count = max(1, min(count, n_rows * row_cost // SMALLEST_WORK))
    if count < UNIT_COUNT:
        count = 1 << (count - 1).bit_length()
    else:
        count = -(-count // UNIT_COUNT) * UNIT_COUNT
    step = -(-n_rows // (count * ROW_MULTIPLE)) * ROW_MULTIPLE
    return [*range(0, n_rows, step), n_rows]


def tile_of(step: int, tile: int) -> int:
    """Return the rows of equal tiles, at most `tile` each, that a unit of `step` rows makes."""
    count = -(-step // tile)
    return min(step, -(-step // (count * ROW_MULTIPLE)) * ROW_MULTIPLE)


@dataclass(frozen=True, slots=True)
class TileArrays:
    """Views of a worker's buffers for tiles of one number of rows.

    Attributes
    ----------
    responsibilities : (ΣK, n) log densities, then responsibilities
    row_values : (2, M, n) largest log density and log of the largest responsibility
    mixtures : for each run of mixtures of one size, responsibilities (M', K, n) and the two row values
    """

    responsibilities: NDArray[Any]
    row_values: NDArray[Any]
    mixtures: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]


class TileBuffers:
    """Scratch space of one worker for one plan."""

    def __init__(self, family: Family, n_rows: int, sizes: list[int]) -> None:
        self._family, self._n_rows = family, n_rows
        self._densities = np.empty(sum(sizes) * n_rows)
        self._rows = np.empty(2 * len(sizes) * n_rows)
        self._sizes = sizes
        self._stacked: StackedSweep | None = None
        self._views: dict[int, TileArrays] = {}

    @cached_property
    def workspace(self) -> Any:
        """Return what the family prepares tiles in."""
        return self._family.workspace(self._n_rows)

    def stacked(self) -> StackedSweep:
        """Return the compiled sweep; made once."""
        if self._stacked is None:
            self._stacked = StackedSweep(self._sizes)
        return self._stacked

    def arrays(self, n_rows: int) -> TileArrays:
        """Return contiguous arrays for a tile; made once for each number of rows."""
        if n_rows not in self._views:
            self._views[n_rows] = self._made(n_rows)
        return self._views[n_rows]

    def _made(self, n_rows: int) -> TileArrays:
        n_components, n_mixtures = sum(self._sizes), len(self._sizes)
        responsibilities = self._densities[: n_components * n_rows].reshape(n_components, n_rows)
        row_values = self._rows[: 2 * n_mixtures * n_rows].reshape(2, n_mixtures, n_rows)
        mixtures, mixture = [], 0
        for first, many, size in runs_of_equal_size(self._sizes):
            part = responsibilities[first : first + many * size].reshape(many, size, n_rows)
            mixtures.append((part, *row_values[:, mixture : mixture + many]))
            mixture += many
        return TileArrays(responsibilities, row_values, mixtures)


@dataclass(frozen=True, eq=False)
class Plan:
    """What all passes have in common that are made for mixtures of the given sizes.

    Attributes
    ----------
    family : of the mixtures
    sizes : components of each
    tile : rows of a tile, at most
    """

    lasting: ClassVar[bool] = True

    family: Family
    sizes: list[int]
    tile: int

    @classmethod
    def of(cls, family: Family, source: RowSource, sizes: list[int]) -> "tuple[Plan, list[int]]":
        """Return the plan for mixtures of these numbers of components, and where units begin."""
        tile = tile_rows(family.n_features(), sum(sizes))
        row_cost = (family.n_features() + SOFTMAX_COST) * sum(sizes)
        bounds = unit_bounds(source.n_rows, tile, row_cost)
        return cls(family, sizes, tile_of(bounds[1], tile)), bounds

    def buffers(self) -> TileBuffers:
        """Return the scratch space that this worker has as long as the plan is there."""
        return own(self, lambda: TileBuffers(self.family, self.tile, self.sizes))


class TiledUnit:
    """A unit of rows that cuts itself into tiles, and may keep those that a family prepared.

    Parameters
    ----------
    unit : the rows
    tile : rows of a tile, at most
    keeps : whether they are so few that their tiles are prepared once
    """

    __slots__ = ("_kept", "keeps", "tile", "unit")

    def __init__(self, unit: Unit, tile: int, *, keeps: bool) -> None:
        self.unit, self.tile, self.keeps = unit, tile, keeps
        self._kept: list[Tile] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave tiles behind, which whoever gets the unit makes again."""
        return partial(TiledUnit, keeps=self.keeps), (self.unit, self.tile)

    def cut(self) -> Iterator[Tile]:
        """Yield the tiles, of rows as they are."""
        block = self.unit.load()
        n_rows = block.rows.shape[0]
        for start in range(0, n_rows, self.tile):
            inside = slice(start, min(start + self.tile, n_rows))
            row_weights = None if block.weights is None else block.weights[inside]
            excluded = None if block.excluded is None else block.excluded[:, inside]
            yield inside, block.rows[inside], row_weights, excluded

    def prepared(self, family: Family, buffers: TileBuffers) -> Iterable[Tile]:
        """Return the tiles as the family prepares them."""
        if not self.keeps:
            return self._made(family, lambda _: buffers.workspace)
        if self._kept is None:
            self._kept = list(self._made(family, family.workspace))
        return self._kept

    def _made(self, family: Family, workspace: Callable[[int], Any]) -> Iterator[Tile]:
        for inside, rows, row_weights, excluded in self.cut():
            tile = family.prepare(rows, workspace(inside.stop - inside.start))
            yield inside, tile, row_weights, excluded


def tiled_units(
    source: RowSource, bounds: list[int], tile: int, *, keeps: bool
) -> tuple[TiledUnit, ...]:
    """Return the units of a source that begin at the given rows, and the last ends there."""
    return tuple(
        TiledUnit(Unit(source, start, stop), tile, keeps=keeps) for start, stop in pairwise(bounds)
    )
