"""A Gaussian family bound to the parameters of one sweep: the feature product, guarded.

Components whose offset is too large for the product are computed centred, on top of it; where
the product is not used at all (wide D, or a shared covariance far from the origin) all are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.exponential import NaturalEvaluator
from mixtura.components.family import Product as FeatureProduct
from mixtura.components.gaussian.centred import (
    accumulate_centred,
    accumulate_hard,
    log_density_centred,
)
from mixtura.components.gaussian.features import FeatureMap, Product, feature_map
from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.parameters import GaussianParameters, GaussianSums
from mixtura.native.parts import Centred, DensePart

__all__ = ["GaussianEvaluator", "GaussianTile", "GaussianWorkspace"]

Float = NDArray[np.float64]

# Columns up to which centred components are swept in compiled code; beyond, BLAS is faster.
MOST_CENTRED = 16
# Components, at least, of which a row has responsibilities for one in as many at the most, where
# only those that are not zero are looked at.
HARD = 16


@final
class GaussianTile:
    """A tile of rows, in the frame and multiplied when that is asked for first.

    Parameters
    ----------
    cells : (n, D) rows as they came
    workspace : of these rows
    fill : brings rows into the frame, and multiplies them, in the workspace
    """

    __slots__ = ("_fill", "_workspace", "cells", "is_made")

    def __init__(
        self,
        cells: NDArray[Any],
        workspace: "GaussianWorkspace",
        fill: "Callable[[NDArray[Any], GaussianWorkspace], None]",
    ) -> None:
        self.cells, self._workspace, self._fill = cells, workspace, fill
        self.is_made = False

    def _made(self) -> "GaussianWorkspace":
        if not self.is_made:
            self._fill(self.cells, self._workspace)
            self.is_made = True
        return self._workspace

    @property
    def n_rows(self) -> int:
        """Return n."""
        return len(self.cells)

    @property
    def features(self) -> NDArray[Any]:
        """Return features (P, n)."""
        return self._made().features

    @property
    def rows(self) -> NDArray[Any]:
        """Return the rows in the frame (D, n)."""
        return self._made().rows


@dataclass(frozen=True, slots=True)
class GaussianWorkspace:
    """Buffers of one worker.

    Attributes
    ----------
    twice : (2, D, n), x twice, one above the other
    rows : (D, n), the upper x
    features : (P, n), which begin with the lower x
    products : what fills the rest of the features
    """

    twice: NDArray[Any]
    rows: NDArray[Any]
    features: NDArray[Any]
    products: list[Product]

    def first(self, n_rows: int) -> "GaussianWorkspace":
        """Return the part for a tile of `n_rows`."""
        if n_rows == self.rows.shape[1]:
            return self
        cut = np.s_[..., :n_rows]
        return GaussianWorkspace(
            self.twice[cut],
            self.rows[cut],
            self.features[cut],
            [(left[cut], right[cut], out[cut]) for left, right, out in self.products],
        )


@dataclass(slots=True)
class GaussianTotals:
    """Mutable totals of one unit of rows."""

    products: Any
    first: Float
    second: Float


class GaussianEvaluator:
    """See `mixtura.components.family.Evaluator`."""

    __slots__ = (
        "_about",
        "_centred",
        "_constants",
        "_far",
        "_frame",
        "_means",
        "_parameters",
        "_product",
        "_second_shape",
        "_uses_product",
    )

    def __init__(
        self,
        natural: Float,
        frame: Frame,
        parameters: GaussianParameters,
        constants: Float,
        centred: NDArray[np.bool_],
        *,
        diagonal: bool,
    ) -> None:
        n_columns = parameters.means.shape[1]
        self._product = NaturalEvaluator(natural)
        self._frame = frame
        self._parameters = parameters
        self._constants = constants
        self._centred = centred
        # Looked up once: a tile has no time for it.
        self._far = self._about = np.flatnonzero(centred).tolist()
        self._means = parameters.means
        self._uses_product = not centred.all()
        self._second_shape = (n_columns,) if diagonal else (n_columns, n_columns)

    def hold_constant(self, components: NDArray[np.intp], values: Float) -> None:
        """Give some components a constant log density instead, before the first tile."""
        natural = self._product.natural
        natural[components] = 0.0
        natural[components, self._parameters.means.shape[1]] = values
        self._centred[components] = False
        self._far = self._about = np.flatnonzero(self._centred).tolist()
        self._uses_product = True

    def centre_on(self, parameters: GaussianParameters) -> None:
        """Take the sums of all components about other means, before the first tile."""
        self._means = parameters.padded().means
        self._about = list(range(len(self._means)))
        self._centred = np.ones(len(self._means), dtype=bool)

    @property
    def n_components(self) -> int:
        """Return K."""
        return self._product.n_components

    def log_density(self, prepared: GaussianTile, out: NDArray[Any]) -> None:
        """Write log π_k + log N(x | μ_k, Σ_k), without D/2 log 2π, into `out` (K, n)."""
        if self._uses_product:
            self._product.log_density(prepared, out)
        for k in self._far:
            out[k] = self._constants[k] + log_density_centred(prepared.rows, self._parameters, k)

    def product(self) -> FeatureProduct | None:
        """Return the natural parameters, or None where components go centred and D is wide."""
        frame = self._frame.origin, 1.0 / self._frame.scale
        if not self._about:
            return FeatureProduct((DensePart(self._product.natural, frame),), self._freeze)
        means = self._parameters.means
        if means.shape[1] > MOST_CENTRED:
            return None
        far = np.zeros(len(means))
        far[self._far] = 1.0
        covariance, summed = self._parameters.covariance, self._centred.astype(np.float64)
        centred = Centred(far, means, covariance.factors, summed, self._means)
        return FeatureProduct((DensePart(self._beside(), frame, centred),), self._freeze)

    def _beside(self) -> Float:
        """Return θ (K, P) with all products: of far components only what they are at the mean.

        Components that share a covariance have none of their own; centred, they sum them too.
        """
        natural, n_columns = self._product.natural, self._parameters.means.shape[1]
        theta = np.zeros((len(natural), self._map.n_features(n_columns)))
        theta[:, : natural.shape[1]] = natural
        theta[self._far] = 0.0
        theta[self._far, n_columns] = self._constants[self._far]
        return theta

    @property
    def _map(self) -> FeatureMap:
        return feature_map("diagonal" if len(self._second_shape) == 1 else "full")

    def _freeze(self, sums: Sequence[Float]) -> GaussianSums:
        totals, features, n_columns = self.zeros(), sums[0], self._parameters.means.shape[1]
        if self._about:
            own = features[self._about]
            totals.first[self._about] = own[:, :n_columns]
            totals.second[self._about] = self._map.second(own[:, n_columns + 1 :], n_columns)
            features = features[:, : self._product.natural.shape[1]]
        return GaussianSums(features, self._centred.astype(np.float64), totals.first, totals.second)

    def zeros(self) -> GaussianTotals:
        """Return fresh totals."""
        rows = self.n_components if self._centred.any() else 0
        shape = self._second_shape
        return GaussianTotals(
            self._product.zeros(), np.zeros((rows, shape[0])), np.zeros((rows, *shape))
        )

    def accumulate(
        self, prepared: GaussianTile, responsibilities: NDArray[Any], totals: GaussianTotals
    ) -> None:
        """Add a tile's sums to the totals."""
        self._product.accumulate(prepared, responsibilities, totals.products)
        if not self._about:
            return
        if self._are_hard(responsibilities):
            accumulate_hard(
                prepared.rows, self._means, responsibilities, totals.first, totals.second
            )
            return
        for k in self._about:
            accumulate_centred(
                prepared.rows,
                self._means[k],
                responsibilities[k],
                totals.first[k],
                totals.second[k],
            )

    def _are_hard(self, responsibilities: NDArray[Any]) -> bool:
        """Return whether most responsibilities are zero, of many components all centred."""
        n_columns, n_components = self._means.shape[1], self.n_components
        if len(self._about) < max(n_components, HARD) or n_columns > MOST_CENTRED:
            return False
        return bool(np.count_nonzero(responsibilities) * HARD < responsibilities.size)

    def sums(self, totals: GaussianTotals) -> GaussianSums:
        """Freeze the totals."""
        features = self._product.feature_sums(totals.products)
        return GaussianSums(features, self._centred.astype(np.float64), totals.first, totals.second)
