"""The compiled sweep: densities, softmax and sums of one pass over rows in memory."""

import ctypes
from collections.abc import Sequence
from ctypes import byref, c_int64, c_void_p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.runs import Rows, address

__all__ = ["MOST_SUMS", "StackedSweep", "has_strides", "is_swept"]

Float = NDArray[np.float64]

# Sums are kept by the lanes of vectors, which many of them push out of the cache. Measured against
# BLAS of the same width: 1.2 to 3 times as fast up to 68 640 sums, as fast at 130 000.
MOST_SUMS = 100_000


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
    )


def is_swept(natural: NDArray[Any]) -> bool:
    """Return whether parameters (ΣK, P) are swept faster here than by two products of BLAS."""
    return natural.dtype == np.float64 and natural.size <= MOST_SUMS and kernels() is not None


def has_strides(cells: NDArray[Any]) -> bool:
    """Return whether cells (n, D) are float64 or float32, whole numbers of them apart."""
    return cells.dtype in (np.float64, np.float32) and not any(
        stride % cells.itemsize for stride in cells.strides
    )


class StackedSweep:
    """Mixtures one below the other, and room for one worker to sweep rows in.

    Parameters
    ----------
    sizes : components of each of M mixtures
    n_features : P
    """

    __slots__ = ("_library", "_room", "_shape", "_sizes", "found")

    def __init__(self, sizes: Sequence[int], n_features: int) -> None:
        library = kernels()
        assert library is not None
        n_components = sum(sizes)
        self._library = library
        self._sizes = np.array(sizes, dtype=np.int64)
        self._shape = n_components, n_features
        self._room = np.empty(library.mx_sweep_room(n_components, n_features))
        # Sums (ΣK, P), Σ w r² (ΣK,), and of each mixture Σ w log Σ exp L and Σ w log max r.
        self.found = np.empty(n_components * (n_features + 1) + 2 * len(sizes))

    def features(
        self, features: Float, weights: Float | None, natural: Float, barred: Any = None
    ) -> None:
        """Sweep rows given as features (P, n), barred from components as in (K, n)."""
        stride = features.strides[0] // features.itemsize
        rows = Rows(address(features), None, features.shape[1], stride, len(features))
        self._sweep(TileRows(rows), weights, natural, barred)

    def cells(
        self,
        cells: NDArray[Any],
        frame: tuple[Float, Float],
        weights: Float | None,
        natural: Float,
        barred: Any = None,
    ) -> None:
        """Sweep rows (n, D) whose features are made on the way, in a frame."""
        n_rows, n_columns = cells.shape
        along, across = (stride // cells.itemsize for stride in cells.strides)
        rows = Rows(None, None, n_rows, 0, natural.shape[1])
        places = (address(each) for each in (cells, *frame))
        single = cells.dtype == np.float32
        tile = TileRows(rows, *places, n_columns, along, across, single)
        self._sweep(tile, weights, natural, barred)

    def _sweep(self, tile: TileRows, weights: Float | None, natural: Float, barred: Any) -> None:
        if barred is not None:
            barred = barred if barred.strides[1] == 1 else np.ascontiguousarray(barred)
            tile.rows.bar(barred)
        if weights is not None:
            weights = np.ascontiguousarray(weights)
            tile.rows.weights = address(weights)
        begin, itemsize = address(self.found), self.found.itemsize
        n_components, n_features = self._shape
        squared = begin + n_components * n_features * itemsize
        self._library.mx_sweep_stack(
            byref(tile),
            len(self._sizes),
            self._sizes.ctypes.data,
            address(natural),
            begin,
            squared,
            squared + n_components * itemsize,
            address(self._room),
        )

    def parts(self, numbers: Float) -> tuple[Float, Float, Float]:
        """Return sums (ΣK, P), Σ w r² (ΣK,) and values (M, 2) of numbers such as `found`."""
        n_components, n_features = self._shape
        n_sums = n_components * n_features
        rest = n_sums + n_components
        sums, squared, values = numbers[:n_sums], numbers[n_sums:rest], numbers[rest:]
        return sums.reshape(self._shape), squared, values.reshape(-1, 2)
