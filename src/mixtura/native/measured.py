"""The compiled sweep of rows that were measured with errors, each with a covariance of its own."""

import ctypes
from collections.abc import Sequence
from ctypes import byref, c_int64, c_void_p
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.runs import Rows, address

__all__ = ["Measured", "MeasuredRows"]

Float = NDArray[np.float64]


class Measured(ctypes.Structure):
    """`mx_measured`."""

    _fields_ = (
        ("rows", Rows),
        ("cells", c_void_p),
        ("origin", c_void_p),
        ("scale", c_void_p),
        ("n_columns", c_int64),
        ("width", c_int64),
        ("is_diagonal", c_int64),
    )


@dataclass(frozen=True, slots=True)
class MeasuredRows:
    """Rows with the covariances of their errors beside them, and the frame they are read in.

    Attributes
    ----------
    cells : (n, W) float64, contiguous: D cells, then D variances or the lower triangle by rows
    origin, scale : (D,) x = (cell - origin) scale
    is_diagonal : whether neither errors nor components have covariances between columns
    """

    cells: Float
    origin: Float
    scale: Float
    is_diagonal: bool

    @property
    def n_sums(self) -> int:
        """Return how many sums a component has: rows, log densities, first and second moments."""
        d = len(self.origin)
        return 2 + d + (d if self.is_diagonal else d * (d + 1) // 2)

    def sweep(
        self,
        components: Float,
        sizes: Sequence[int],
        weights: Float | None,
        excluded: NDArray[np.bool_] | None,
    ) -> tuple[Float, Float, Float]:
        """Return sums (ΣK, 2 + D + M), Σ w r² (ΣK,) and values (M, 2) of M mixtures.

        Parameters
        ----------
        components : (ΣK, 1 + D + M + M) as `mx_sweep_measured` reads them
        sizes : K of each mixture
        weights : (n,) or None
        excluded : (K, n) components of each mixture that rows cannot belong to, or None
        """
        places = np.array(sizes, dtype=np.int64)
        sums, squared = np.empty((len(components), self.n_sums)), np.empty(len(components))
        values, told = np.empty((len(places), 2)), self._told(weights, excluded)
        workspace = _workspace(told, int(places.max()))
        kernels().mx_sweep_measured(
            byref(told),
            len(places),
            *map(address, (places, components, sums, squared, values, workspace)),
        )
        return sums, squared, values

    def densities(self, components: Float) -> Float:
        """Return log densities (K, n) but for -½ log 2π of each measured cell."""
        found, told = np.empty((len(components), len(self.cells))), self._told()
        workspace = _workspace(told, len(components))
        kernels().mx_measured_densities(
            byref(told), len(components), *map(address, (components, found, workspace))
        )
        return found

    def totals(self, components: Float, responsibilities: Float) -> Float:
        """Return sums (K, 2 + D + M) for responsibilities (K, n), contiguous, weights included."""
        sums, told = np.empty((len(components), self.n_sums)), self._told()
        workspace = _workspace(told, len(components))
        kernels().mx_measured_totals(
            byref(told),
            len(components),
            *map(address, (components, responsibilities, sums, workspace)),
        )
        return sums

    def _told(
        self, weights: Float | None = None, excluded: NDArray[np.bool_] | None = None
    ) -> Measured:
        """Return what a kernel is told; arrays should be contiguous, and outlive the call."""
        rows = Rows(n_rows=len(self.cells))
        if weights is not None:
            rows.weights = address(weights)
        if excluded is not None:
            rows.exclude(excluded)
        places = (address(each) for each in (self.cells, self.origin, self.scale))
        width = self.cells.shape[1]
        return Measured(rows, *places, len(self.origin), width, self.is_diagonal)


def _workspace(told: Measured, n_components: int) -> Float:
    """Return what a kernel needs to work in."""
    return np.empty(kernels().mx_measured_workspace(byref(told), n_components))
