"""What log densities are made of, part by part, and how compiled code reads tiles of each."""

import ctypes
from collections.abc import Sequence
from ctypes import c_int64, c_void_p
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.errors import DataError
from mixtura.native.library import kernels
from mixtura.native.runs import Rows, address

__all__ = [
    "Centred",
    "CountPart",
    "DensePart",
    "LevelPart",
    "Part",
    "Table",
    "TileRows",
    "Told",
    "aligned",
    "readable",
]

Float = NDArray[np.float64]

# Bytes of a line of the cache, on which rows of tables begin.
LINE = 64
# `mx_cell`.
CELLS = {np.dtype(np.int32): 0, np.dtype(np.int64): 1, np.dtype(np.float64): 2}


class CentredRows(ctypes.Structure):
    """`mx_centred`."""

    _fields_ = (
        ("flags", c_void_p),
        ("means", c_void_p),
        ("factors", c_void_p),
        ("summed", c_void_p),
        ("points", c_void_p),
        ("n_columns", c_int64),
        ("n_pairs", c_int64),
        ("width", c_int64),
    )


class TileRows(ctypes.Structure):
    """`mx_tile`."""

    _fields_ = (
        ("rows", Rows),
        ("cells", c_void_p),
        ("origin", c_void_p),
        ("scale", c_void_p),
        ("n_columns", c_int64),
        ("row_stride", c_int64),
        ("column_stride", c_int64),
        ("is_single", c_int64),
        ("centred", c_void_p),
    )


class LevelRows(ctypes.Structure):
    """`mx_levels`."""

    _fields_ = (
        ("cells", c_void_p),
        ("cell", c_int64),
        ("n_items", c_int64),
        ("row_stride", c_int64),
        ("column_stride", c_int64),
        ("levels", c_void_p),
        ("table", c_void_p),
        ("sums", c_void_p),
    )


class SparseRows(ctypes.Structure):
    """`mx_counts`."""

    _fields_ = (
        ("bounds", c_void_p),
        ("indices", c_void_p),
        ("values", c_void_p),
        ("index_bytes", c_int64),
        ("table", c_void_p),
        ("sums", c_void_p),
    )


@final
@dataclass(frozen=True, slots=True)
class Centred:
    """Components whose densities are about their means, or sums about points.

    Attributes
    ----------
    flags : (K,) one for such densities, of which θ is a constant only, zero for the others
    means : (K, D)
    factors : (K,), (K, D) or (K, D, D) of the precisions, upper triangular
    summed : (K,) one for such sums, zero for the others
    points : (K, D)
    """

    flags: Float
    means: Float
    factors: Float
    summed: Float
    points: Float

    def told(self, n_features: int, held: list[Any]) -> int:
        """Return where compiled code reads it, for so many features, and hold what is there."""
        n_components, n_columns = self.means.shape
        given = self.flags, self.means, self.factors, self.summed, self.points
        arrays = [np.ascontiguousarray(each, dtype=np.float64) for each in given]
        width = self.factors.size // n_components
        n_pairs = n_features - n_columns - 1
        rows = CentredRows(*map(address, arrays), n_columns, n_pairs, width)
        held += (*arrays, rows)
        return ctypes.addressof(rows)


@final
@dataclass(frozen=True, slots=True)
class DensePart:
    """One product of natural parameters with features.

    Its tiles have ``features`` (P, n); ``is_made`` says whether they are there already, and where
    they are not and there is a frame they are made on the way from the ``cells`` (n, D).

    Attributes
    ----------
    natural : (K, P) θ
    frame : where φ is [x, 1, x_i x_(i+s) for s = 0, 1, ...] of x = (cell - origin) scale, those two
        (D,), else None
    centred : components that are; where there are any, the part is alone and has a frame
    """

    natural: NDArray[Any]
    frame: tuple[Float, Float] | None = None
    centred: Centred | None = None

    def told(self, tile: Any, held: list[Any]) -> TileRows:
        """Return a tile as compiled code reads it, and hold what it points to."""
        n_features = self.natural.shape[1]
        if self.frame is None or (tile.is_made and len(tile.features) == n_features):
            features = tile.features
            held.append(features)
            stride = features.strides[0] // features.itemsize
            tile = TileRows(Rows(address(features), None, features.shape[1], stride, n_features))
            tile.centred = self.centred and self.centred.told(n_features, held)
            return tile
        cells = readable(tile.cells)
        origin, scale = (np.ascontiguousarray(each) for each in self.frame)
        held += (cells, origin, scale)
        along, across = (stride // cells.itemsize for stride in cells.strides)
        rows = Rows(None, None, len(cells), 0, n_features)
        places = map(address, (cells, origin, scale))
        single = cells.dtype == np.float32
        about = self.centred and self.centred.told(n_features, held)
        return TileRows(rows, *places, cells.shape[1], along, across, single, about)


@final
@dataclass(frozen=True, slots=True)
class LevelPart:
    """A constant, and one natural parameter for each level of each item.

    The ``rows`` (n, J) of its tiles hold the numbers of levels; what is none is left out.

    Attributes
    ----------
    natural : (K, 1 + ΣL) θ
    levels : number of levels of each item
    """

    natural: Float
    levels: tuple[int, ...]

    def told(self, tile: Any, table: Float, sums: Float, held: list[Any]) -> LevelRows:
        """Return a tile as compiled code reads it, and hold what it points to."""
        codes = tile.rows
        if codes.dtype not in CELLS or not has_strides(codes):
            codes = np.ascontiguousarray(codes, dtype=np.float64)
        levels = np.array(self.levels, dtype=np.int64)
        held += (codes, levels)
        along, across = (stride // codes.itemsize for stride in codes.strides)
        return LevelRows(
            address(codes),
            CELLS[codes.dtype],
            codes.shape[1],
            along,
            across,
            *map(address, (levels, table, sums)),
        )


@final
@dataclass(frozen=True, slots=True)
class CountPart:
    """A constant, and one product of natural parameters with sparse features.

    Attributes
    ----------
    natural : (K, 1 + P) θ
    """

    natural: Float

    def told(self, tile: Any, table: Float, sums: Float, held: list[Any]) -> SparseRows:
        """Return a tile as compiled code reads it, and hold what it points to.

        Raises
        ------
        DataError
            If the matrix points to what is not there, which compiled code does not look for.
        """
        cells = tile.cells
        indices = np.ascontiguousarray(cells.indices)
        if indices.dtype not in (np.int32, np.int64):
            indices = indices.astype(np.int64)
        bounds = np.ascontiguousarray(cells.indptr, dtype=indices.dtype)
        values = np.ascontiguousarray(cells.data, dtype=np.float64)
        check_stored(cells.shape[0], self.natural.shape[1] - 1, bounds, indices, values)
        held += (bounds, indices, values)
        places = map(address, (bounds, indices, values))
        return SparseRows(*places, indices.itemsize, address(table), address(sums))


Part = DensePart | LevelPart | CountPart


def check_stored(
    n_rows: int,
    n_columns: int,
    bounds: NDArray[Any],
    indices: NDArray[Any],
    values: NDArray[Any],
) -> None:
    """Raise `DataError` unless CSR's arrays are those of a matrix of that shape."""
    stored = min(len(indices), len(values))
    whole = len(bounds) == n_rows + 1 and bounds[0] >= 0 and bounds[-1] <= stored
    if not whole or (bounds[1:] < bounds[:-1]).any():
        raise DataError("the sparse rows have an 'indptr' that is not one of their stored entries")
    # Numbers below zero are large ones without a sign.
    unsigned = indices.view(f"u{indices.itemsize}")
    if len(indices) and unsigned.max() >= n_columns:
        raise DataError(f"the sparse rows have 'indices' outside of their {n_columns} columns")


def has_strides(cells: NDArray[Any]) -> bool:
    """Return whether cells lie whole numbers of them apart, in this machine's order of bytes."""
    return cells.dtype.isnative and not any(stride % cells.itemsize for stride in cells.strides)


def readable(cells: NDArray[Any]) -> NDArray[Any]:
    """Return cells (n, D) as float64 or float32, whole numbers of them apart."""
    if cells.dtype not in (np.float64, np.float32):
        return np.ascontiguousarray(cells, dtype=np.float64)
    return cells if has_strides(cells) else np.ascontiguousarray(cells)


def aligned(shape: tuple[int, int]) -> Float:
    """Return zeros that begin on a line of the cache."""
    size = shape[0] * shape[1]
    workspace = np.zeros(size + LINE // 8)
    start = -address(workspace) % LINE // workspace.itemsize
    return workspace[start : start + size].reshape(shape)


@final
class Table:
    """The natural parameters of a part, components side by side in whole vectors."""

    __slots__ = ("part", "values")

    def __init__(self, part: LevelPart | CountPart) -> None:
        n_components, n_features = part.natural.shape
        self.part = part
        self.values = aligned((n_features, kernels().mx_table_width(n_components)))
        self.values[:, :n_components] = part.natural.T


@final
@dataclass(frozen=True, slots=True)
class Told:
    """The parts of log densities as compiled code reads them, for one sweep.

    Attributes
    ----------
    parts : as the evaluator says
    theta : (ΣK, ΣP) of dense parts, one after the other
    tables : of the others, by their place among the parts
    """

    parts: Sequence[Part]
    theta: Float = field(init=False)
    tables: dict[int, Table] = field(init=False)

    def __post_init__(self) -> None:
        dense = [part.natural for part in self.parts if isinstance(part, DensePart)]
        n_components = len(self.parts[0].natural)
        theta = np.hstack(dense) if dense else np.empty((n_components, 0))
        object.__setattr__(self, "theta", np.ascontiguousarray(theta))
        tables = {
            place: Table(part)
            for place, part in enumerate(self.parts)
            if not isinstance(part, DensePart)
        }
        object.__setattr__(self, "tables", tables)
