"""The compiled sweep: densities, softmax and sums of one pass over rows in memory."""

import ctypes
from collections.abc import Sequence
from ctypes import byref, c_int64, c_void_p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.parts import (
    DensePart,
    LevelPart,
    LevelRows,
    Part,
    SparseRows,
    TileRows,
    Told,
    aligned,
)
from mixtura.native.runs import Rows, address

__all__ = ["MOST_SUMS", "StackedSweep", "is_swept"]

Float = NDArray[np.float64]

# Sums of dense features are kept by the lanes of vectors, which many of them push out of the cache.
# Measured against BLAS of the same width: 1.2 to 3 times as fast up to 68 640 sums, as fast at
# 130 000.
MOST_SUMS = 100_000


class MixedRows(ctypes.Structure):
    """`mx_mixed`."""

    _fields_ = (
        ("rows", Rows),
        ("n_panels", c_int64),
        ("n_levels", c_int64),
        ("n_counts", c_int64),
        ("panels", c_void_p),
        ("levels", c_void_p),
        ("counts", c_void_p),
        ("theta", c_void_p),
    )


def is_swept(parts: Sequence[Part]) -> bool:
    """Return whether log densities of these parts are swept faster here than by NumPy."""
    return sum(part.natural.size for part in parts if isinstance(part, DensePart)) <= MOST_SUMS


class StackedSweep:
    """Mixtures side by side, and workspace for one worker to sweep rows in.

    Parameters
    ----------
    sizes : components of each of M mixtures
    """

    __slots__ = ("_library", "_sizes", "_sums", "_told", "_workspace", "found")

    def __init__(self, sizes: Sequence[int]) -> None:
        self._library = kernels()
        self._sizes = np.array(sizes, dtype=np.int64)
        self._workspace = np.empty(0)

    def begin(self, told: Told) -> None:
        """Begin a unit of rows: all sums are zero."""
        n_components, n_features = told.theta.shape
        self._told = told
        self._sums = {place: aligned(table.values.shape) for place, table in told.tables.items()}
        # Sums (ΣK, ΣP) of dense parts, Σ w r² (ΣK,), and of each mixture Σ w log Σ exp L and
        # Σ w log max r.
        self.found = np.zeros(n_components * (n_features + 1) + 2 * len(self._sizes))

    def add(self, tile: Any, weights: Float | None, excluded: Any = None) -> None:
        """Add a tile, or one for each of several parts, excluded from components as in (K, n)."""
        tiles = tile if isinstance(tile, tuple) else (tile,)
        held: list[Any] = []
        panels: list[TileRows] = []
        levels: list[LevelRows] = []
        counts: list[SparseRows] = []
        for place, (part, own) in enumerate(zip(self._told.parts, tiles, strict=True)):
            if isinstance(part, DensePart):
                panels.append(part.told(own, held))
                continue
            table, sums = self._told.tables[place].values, self._sums[place]
            if isinstance(part, LevelPart):
                levels.append(part.told(own, table, sums, held))
            else:
                counts.append(part.told(own, table, sums, held))
        if weights is not None:
            weights = np.ascontiguousarray(weights)
        if excluded is not None and excluded.strides[1] != 1:
            excluded = np.ascontiguousarray(excluded)
        theta = self._told.theta
        rows = Rows(None, None, tiles[0].n_rows, 0, theta.shape[1])
        for each in (rows, *(panel.rows for panel in panels)):
            each.weights = None if weights is None else address(weights)
            if excluded is not None:
                each.exclude(excluded)
        # Arrays of structures live as long as they have names.
        arrays = (
            (TileRows * len(panels))(*panels),
            (LevelRows * len(levels))(*levels),
            (SparseRows * len(counts))(*counts),
        )
        sizes, places = map(len, arrays), map(ctypes.addressof, arrays)
        self._sweep(MixedRows(rows, *sizes, *places, address(theta)), theta)

    def _sweep(self, mixed: MixedRows, theta: Float) -> None:
        n_components, n_features = theta.shape
        size = max(
            self._library.mx_mixed_workspace(byref(mixed), n_components),
            self._library.mx_sweep_workspace(n_components, n_features),
        )
        if len(self._workspace) < size:
            self._workspace = np.empty(size)
        begin, itemsize = address(self.found), self.found.itemsize
        squared = begin + theta.size * itemsize
        self._library.mx_sweep_mixed(
            byref(mixed),
            len(self._sizes),
            address(self._sizes),
            begin,
            squared,
            squared + n_components * itemsize,
            address(self._workspace),
        )

    def ended(self) -> tuple[list[Float], Float, Float]:
        """Return sums (ΣK, P) of each part, Σ w r² (ΣK,) and values (M, 2)."""
        n_components, _ = self._told.theta.shape
        n_sums = self._told.theta.size
        rest = n_sums + n_components
        dense = self.found[:n_sums].reshape(self._told.theta.shape)
        sums: list[Float] = []
        first = 0
        for place, part in enumerate(self._told.parts):
            if isinstance(part, DensePart):
                sums.append(dense[:, first : first + part.natural.shape[1]])
                first += part.natural.shape[1]
            else:
                sums.append(np.ascontiguousarray(self._sums[place][:, :n_components]).T)
        return sums, self.found[n_sums:rest], self.found[rest:].reshape(-1, 2)
