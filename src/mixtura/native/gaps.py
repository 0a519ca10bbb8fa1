"""The compiled sweep of rows with missing cells: densities of what was observed, completed sums."""

import ctypes
from collections.abc import Sequence
from ctypes import byref, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.parts import TileRows
from mixtura.native.runs import Rows, address

__all__ = ["GappyRows", "Gaps"]

Float = NDArray[np.float64]


class Gaps(ctypes.Structure):
    """`mx_gaps`."""

    _fields_ = (("tile", TileRows), ("entropies", c_void_p), ("about", c_void_p))


@dataclass(frozen=True, slots=True)
class GappyRows:
    """Rows with missing cells, and the frame that natural parameters are in.

    Attributes
    ----------
    cells : (n, D) float64 or float32, NaN where missing, whole numbers of cells apart
    origin, scale : (D,) x = (cell - origin) scale
    entropies : (D,) what a missing cell's entropy has beside that of its precision
    """

    cells: NDArray[Any]
    origin: Float
    scale: Float
    entropies: Float

    def sweep(
        self,
        natural: Float,
        sizes: Sequence[int],
        weights: Float | None,
        excluded: NDArray[np.bool_] | None,
        about: Float | None = None,
    ) -> tuple[Float, Float, Float, Float]:
        """Return sums (ΣK, P), Σ w r² (ΣK,), values (M, 2) and entropies (ΣK,) of M mixtures.

        Parameters
        ----------
        natural : (ΣK, P)
        sizes : K of each mixture
        weights : (n,) or None
        excluded : (K, n) components of each mixture that rows cannot belong to, or None
        about : (ΣK, D) what natural parameters and sums are about; None: the origin
        """
        places = np.array(sizes, dtype=np.int64)
        sums, squared = np.empty(natural.shape), np.empty(len(natural))
        values, entropies = np.empty((len(places), 2)), np.empty(len(natural))
        told = self.told(natural.shape[1], weights, excluded, about)
        workspace = _workspace(told, int(places.max()))
        kernels().mx_sweep_gaps_stack(
            byref(told),
            len(places),
            *map(address, (places, natural, sums, squared, values, entropies, workspace)),
        )
        return sums, squared, values, entropies

    def densities(self, natural: Float, about: Float | None = None) -> Float:
        """Return the log densities (K, n) of what was observed.

        Parameters
        ----------
        about : (K, D) what natural parameters are about; None: the origin
        """
        found = np.empty((len(natural), len(self.cells)))
        told = self.told(natural.shape[1], about=about)
        workspace = _workspace(told, len(natural))
        kernels().mx_gaps_densities(
            byref(told), len(natural), *map(address, (natural, found, workspace))
        )
        return found

    def totals(
        self,
        natural: Float,
        responsibilities: Float,
        weights: Float | None = None,
        about: Float | None = None,
    ) -> tuple[Float, Float]:
        """Return completed sums (K, P) and entropies (K,) of responsibilities (K, n) float64 and weights.

        Parameters
        ----------
        about : as for densities
        """
        sums, entropies = np.empty(natural.shape), np.empty(len(natural))
        told = self.told(natural.shape[1], weights, about=about)
        workspace = _workspace(told, len(natural))
        component_stride, row_stride = (
            stride // responsibilities.itemsize for stride in responsibilities.strides
        )
        kernels().mx_gaps_totals(
            byref(told),
            len(natural),
            *map(address, (natural, responsibilities)),
            row_stride,
            component_stride,
            *map(address, (sums, entropies, workspace)),
        )
        return sums, entropies

    def told(
        self,
        n_features: int,
        weights: Float | None = None,
        excluded: NDArray[np.bool_] | None = None,
        about: Float | None = None,
    ) -> Gaps:
        """Return what a kernel is told of the rows.

        Arrays should be contiguous, and outlive the call.
        """
        cells = self.cells
        along, across = (stride // cells.itemsize for stride in cells.strides)
        rows = Rows(n_rows=len(cells), n_features=n_features)
        if weights is not None:
            rows.weights = address(weights)
        if excluded is not None:
            rows.exclude(excluded)
        places = (address(each) for each in (cells, self.origin, self.scale))
        single = cells.dtype == np.float32
        tile = TileRows(rows, *places, cells.shape[1], along, across, single)
        return Gaps(tile, address(self.entropies), None if about is None else address(about))


def _workspace(told: Gaps, n_components: int) -> Float:
    """Return what a kernel needs to work in."""
    return np.empty(kernels().mx_gaps_workspace(byref(told), n_components))
