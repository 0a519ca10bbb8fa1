"""What a mixture says of rows, one by one, in compiled code."""

import ctypes
from collections.abc import Iterator, Sequence
from ctypes import byref, c_int64, c_void_p
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.parts import TileRows, readable
from mixtura.native.runs import Rows, address

__all__ = ["CompiledRows", "Predictions", "WhitenedComponents", "predicted"]

Float = NDArray[np.float64]


class Asked(ctypes.Structure):
    """`mx_predictions`."""

    _fields_ = (
        ("log_density", c_void_p),
        ("responsibilities", c_void_p),
        ("labels", c_void_p),
        ("joint", c_void_p),
    )


class Whitened(ctypes.Structure):
    """`mx_whitened`."""

    _fields_ = (
        ("n_components", c_int64),
        ("n_gaussians", c_int64),
        ("n_columns", c_int64),
        ("width", c_int64),
        ("is_shared", c_int64),
        ("constants", c_void_p),
        ("means", c_void_p),
        ("factors", c_void_p),
    )


@dataclass(frozen=True, slots=True)
class Predictions:
    """Arrays to be filled for n rows, None where that is not asked for.

    Attributes
    ----------
    log_density : (n,) log Σ_k exp of the joint log densities
    responsibilities : (n, K)
    labels : (n,) int64, the first component of most density; -1 for a row that is left open
    joint : (n, K) log densities
    """

    log_density: Float | None = None
    responsibilities: Float | None = None
    labels: NDArray[np.int64] | None = None
    joint: Float | None = None

    @classmethod
    def of(cls, names: Sequence[str], n_rows: int, n_components: int) -> Self:
        """Return new arrays for what is asked for by name."""
        shapes = {"log_density": (n_rows,), "labels": (n_rows,)}
        wide = n_rows, n_components
        types = {"labels": np.int64}
        return cls(**{name: np.empty(shapes.get(name, wide), types.get(name)) for name in names})

    @property
    def _arrays(self) -> tuple[NDArray[Any] | None, ...]:
        return self.log_density, self.responsibilities, self.labels, self.joint

    def part(self, rows: slice) -> "Predictions":
        """Return the places for some of the rows."""
        return Predictions(*(None if each is None else each[rows] for each in self._arrays))

    def like(self, n_rows: int) -> "Predictions":
        """Return new arrays for so many rows, of what is asked for here."""
        return Predictions(
            *(
                None if each is None else np.empty((n_rows, *each.shape[1:]), each.dtype)
                for each in self._arrays
            )
        )

    def put(self, which: NDArray[np.bool_], found: "Predictions") -> None:
        """Set what some rows (n,) have."""
        for own, other in zip(self._arrays, found._arrays, strict=True):
            if own is not None:
                own[which] = other

    def lost(self) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_]]]:
        """Yield what is asked for and has no answer in some rows, and those rows (n,)."""
        if self.responsibilities is not None:
            yield self.responsibilities, np.isnan(self.responsibilities[:, 0])
        if self.labels is not None:
            yield self.labels, self.labels < 0

    def told(self) -> Asked:
        """Return the arrays as compiled code reads them."""
        return Asked(*(None if each is None else address(each) for each in self._arrays))


class CompiledRows(Protocol):
    """Components as compiled code reads them for rows one by one."""

    def with_constant(self, constant: float) -> Self:
        """Return the components, and one more of constant log density."""
        ...

    def predict(self, rows: NDArray[Any], log_weights: Float, asked: Predictions) -> int:
        """Fill what is asked for of rows (n, D), and return how many are left open.

        Those are rows with a missing cell, and rows of which no density is a finite logarithm.
        """
        ...


@dataclass(frozen=True)
class WhitenedComponents:
    """Gaussian components, and after them components of constant density.

    Attributes
    ----------
    constants : (K,) log densities at the means, and those of the others
    means : (G, D)
    factors : (G,), (G, D) or (G, D, D), U_k of the precisions U_k U_kᵀ; one of them where all are
        the same
    origin : (D,) where rows are whitened once, about it; None where each component whitens its own
        deviations
    """

    constants: Float
    means: Float
    factors: Float
    origin: Float | None = None

    def with_constant(self, constant: float) -> Self:
        """Return the components, and one more of constant log density."""
        constants = np.append(self.constants, constant)
        return type(self)(constants, self.means, self.factors, self.origin)

    @cached_property
    def _frame(self) -> tuple[Float, Float]:
        """Return what is taken from cells, and what they are multiplied by (D,)."""
        n_columns = self.means.shape[1]
        origin = np.zeros(n_columns) if self.origin is None else self.origin
        return np.ascontiguousarray(origin), np.ones(n_columns)

    def predict(self, rows: NDArray[Any], log_weights: Float, asked: Predictions) -> int:
        """Fill what is asked for of rows (n, D), and return how many are left open.

        Those are rows with a missing cell, and rows that have no density or one beyond all numbers.
        """
        library, cells = kernels(), readable(rows)
        constants = self.constants + log_weights
        n_gaussians, n_columns = self.means.shape
        means, factors = np.ascontiguousarray(self.means), np.ascontiguousarray(self.factors)
        width = factors.size // len(factors)
        sizes = len(constants), n_gaussians, n_columns, width, self.origin is not None
        told = Whitened(*sizes, address(constants), address(means), address(factors))
        along, across = (stride // cells.itemsize for stride in cells.strides)
        lies = n_columns, along, across, cells.dtype == np.float32
        places = map(address, (cells, *self._frame))
        tile = TileRows(Rows(None, None, len(cells), 0, n_columns), *places, *lies)
        workspace = np.empty(library.mx_predict_workspace(len(constants), n_columns))
        return library.mx_predict_whitened(
            byref(tile), byref(told), byref(asked.told()), address(workspace)
        )


def predicted(densities: Float, log_weights: Float, asked: Predictions) -> int:
    """Fill what is asked for from log densities (n, K), and return how many rows are left open."""
    library, cells = kernels(), readable(np.asarray(densities, dtype=np.float64))
    workspace = np.empty(library.mx_predict_workspace(cells.shape[1], 0))
    strides = (stride // cells.itemsize for stride in cells.strides)
    weights = np.ascontiguousarray(log_weights)
    return library.mx_predict(
        *cells.shape,
        address(cells),
        *strides,
        address(weights),
        byref(asked.told()),
        address(workspace),
    )
