"""Points as compiled k-means reads them: column by column, padded to whole vectors."""

import ctypes
from ctypes import c_int64, c_void_p
from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.runs import address

__all__ = ["KMeans"]

Float = NDArray[np.float64]

# `MX_PADDED`.
PADDED = 8


class CloudOfPoints(ctypes.Structure):
    """`mx_cloud`."""

    _fields_ = (
        ("n_points", c_int64),
        ("n_columns", c_int64),
        ("stride", c_int64),
        ("columns", c_void_p),
        ("mass", c_void_p),
    )


@final
@dataclass(frozen=True, slots=True)
class KMeans:
    """Points, and the group of each so far.

    Attributes
    ----------
    columns : (D + 1, stride) the points, and what they weigh
    groups : (stride,)
    nearest : (stride,) squared distances to the nearest seed
    n_points : M
    """

    columns: Float
    groups: NDArray[np.int64]
    nearest: Float
    n_points: int

    @classmethod
    def of(cls, points: Float, weights: Float | None) -> Self:
        """Return points (M, D) by weight (M,), all in group 0."""
        n_points, n_columns = points.shape
        stride = -(-n_points // PADDED) * PADDED
        columns = np.zeros((n_columns + 1, stride))
        columns[:-1, :n_points] = points.T
        columns[-1, :n_points] = 1.0 if weights is None else weights
        groups = np.zeros(stride, dtype=np.int64)
        return cls(columns, groups, np.full(stride, np.inf), n_points)

    @property
    def labels(self) -> NDArray[np.intp]:
        """Return the group of each point (M,)."""
        return self.groups[: self.n_points].astype(np.intp)

    def _struct(self) -> CloudOfPoints:
        rows, stride = self.columns.shape
        columns, mass = address(self.columns), address(self.columns[-1])
        return CloudOfPoints(self.n_points, rows - 1, stride, columns, mass)

    def seed(self, number: int, draws: Float) -> bool:
        """Put the seed of a group on the best of points drawn; return whether there is one apart.

        Parameters
        ----------
        number : of the group, from 0 on
        draws : (C,) even between 0 and 1, a point each
        """
        workspace = np.empty(3 * len(self.nearest) + len(self.columns))
        arrays = map(address, (self.nearest, self.groups, workspace))
        return bool(
            kernels().mx_seed(
                ctypes.byref(self._struct()), len(draws), address(draws), number, *arrays
            )
        )

    def turn(self, n_groups: int) -> bool:
        """Put points in the group whose mean is nearest; return whether any goes elsewhere."""
        workspace = np.empty(n_groups * len(self.columns))
        arrays = map(address, (self.groups, workspace))
        return bool(kernels().mx_lloyd(ctypes.byref(self._struct()), n_groups, *arrays))
