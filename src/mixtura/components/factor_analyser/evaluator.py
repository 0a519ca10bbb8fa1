"""Factor analysers bound to the parameters of one sweep.

All components' factors come from one product of a tile of rows (D, n). A distance is then a sum of
squares, |Ψ^(-½)(d - Λ z)|² + |z|² with z the factors' mean given the row, and no difference of two
large numbers; an error of z costs it at second order only.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.parameters import FactorParameters, FactorSums
from mixtura.components.factor_analyser.posterior import Factored

__all__ = ["FactorEvaluator", "FactorTile", "FactorWorkspace", "SketchingEvaluator"]

Float = NDArray[np.float64]


@final
class FactorWorkspace:
    """Buffers of one worker: rows (D, n), twice as much beside, and factors found (Kq, n)."""

    __slots__ = ("owner", "projected", "rows", "spare")

    def __init__(self, n_columns: int, n_rows: int) -> None:
        self.rows = np.empty(n_columns * n_rows)
        self.spare = np.empty(2 * n_columns * n_rows)
        self.projected = np.empty((0, 0))
        self.owner: Any = None


@dataclass(frozen=True, slots=True)
class FactorTile:
    """A tile of rows.

    Attributes
    ----------
    rows : (D, n) in the frame
    spare : (2, D, n) room for deviations
    workspace : holds the factors, and whose they are
    """

    rows: Float
    spare: Float
    workspace: FactorWorkspace

    @property
    def n_rows(self) -> int:
        """Return n."""
        return self.rows.shape[1]

    @property
    def features(self) -> Float:
        """Return the rows (D, n)."""
        return self.rows

    @classmethod
    def of(cls, rows: NDArray[Any], origin: Float, scale: Float, workspace: FactorWorkspace) -> Any:
        """Return the tile of rows (n, D), brought into a frame."""
        n_rows, n_columns = rows.shape
        size = n_rows * n_columns
        within = workspace.rows[:size].reshape(n_columns, n_rows)
        np.subtract(rows.T, origin[:, None], out=within, casting="same_kind")
        if (scale != 1.0).any():
            within /= scale[:, None]
        workspace.owner = None
        spare = workspace.spare[: 2 * size].reshape(2, n_columns, n_rows)
        return cls(within, spare, workspace)


@dataclass(slots=True)
class FactorUnitTotals:
    """Mutable totals of one unit of rows, as in `FactorSums`."""

    rows: Float
    first: Float
    second: Float
    crossed: Float


class Projecting:
    """What both evaluators share: deviations from centres, and their projections.

    Parameters
    ----------
    centres : (K, D) about which sums are taken
    projection : (K, p, D)
    """

    __slots__ = ("_centres", "_flat", "_offsets", "_shape")

    def __init__(self, centres: Float, projection: Float) -> None:
        self._shape = projection.shape
        self._flat = projection.reshape(-1, projection.shape[2])
        self._take_about(centres)

    def _take_about(self, centres: Float) -> None:
        self._centres = centres
        projection = self._flat.reshape(self._shape)
        self._offsets = np.einsum("kpd,kd->kp", projection, centres).reshape(-1, 1)

    @property
    def n_components(self) -> int:
        """Return K."""
        return self._shape[0]

    def product(self) -> None:
        """Return None: sums need more than products."""

    def centre_on(self, parameters: Any) -> None:
        """Take the sums of all components about other means, before the first tile."""
        self._take_about(parameters.padded().means)

    def _projected(self, tile: FactorTile) -> Float:
        """Return the projections (K, p, n) of deviations; those of a tile are found once."""
        workspace = tile.workspace
        if workspace.owner is not self:
            shape = (len(self._flat), tile.n_rows)
            if workspace.projected.shape != shape:
                workspace.projected = np.empty(shape)
            np.matmul(self._flat, tile.rows, out=workspace.projected)
            workspace.projected -= self._offsets
            workspace.owner = self
        return workspace.projected.reshape(*self._shape[:2], tile.n_rows)

    def zeros(self) -> FactorUnitTotals:
        """Return fresh totals."""
        n_components, width, n_columns = self._shape
        flat = np.zeros((2, n_components, n_columns))
        crossed = np.zeros((n_components, n_columns, width))
        return FactorUnitTotals(np.zeros(n_components), flat[0], flat[1], crossed)

    def accumulate(
        self, prepared: FactorTile, responsibilities: NDArray[Any], totals: FactorUnitTotals
    ) -> None:
        """Add a tile's sums to the totals."""
        projected = self._projected(prepared)
        deviations, weighted = prepared.spare
        totals.rows += responsibilities.sum(axis=1)
        for k, own in enumerate(responsibilities):
            np.subtract(prepared.rows, self._centres[k][:, None], out=deviations)
            np.multiply(deviations, own, out=weighted)
            totals.first[k] += weighted.sum(axis=1)
            totals.second[k] += np.vecdot(weighted, deviations)
            totals.crossed[k] += weighted @ projected[k].T


class FactorEvaluator(Projecting):
    """See `mixtura.components.family.Evaluator`."""

    __slots__ = ("_constants", "_held", "_means", "_moved", "_roots", "_scaled")

    def __init__(self, log_weights: Float, parameters: FactorParameters) -> None:
        factored = Factored.of(parameters)
        super().__init__(parameters.means, factored.projection())
        self._means, self._roots = parameters.means, factored.roots
        self._scaled = parameters.loadings * self._roots[:, :, None]
        self._constants = log_weights + factored.log_determinant()
        self._held = np.zeros(len(self._means), dtype=bool)
        self._moved: Float | None = None

    def centre_on(self, parameters: Any) -> None:
        """Take the sums of all components about other means, before the first tile."""
        own = self._offsets
        super().centre_on(parameters)
        self._moved = (own - self._offsets).reshape(*self._shape[:2], 1)

    def hold_constant(self, components: NDArray[np.intp], values: Float) -> None:
        """Give some components a constant log density instead, before the first tile."""
        self._constants[components], self._held[components] = values, True

    def log_density(self, prepared: FactorTile, out: NDArray[Any]) -> None:
        """Write log π_k + log N(x | μ_k, Σ_k), without D/2 log 2π, into `out` (K, n)."""
        projected = self._projected(prepared)
        for k in range(self.n_components):
            if self._held[k]:
                out[k] = self._constants[k]
            else:
                out[k] = self._constants[k] - 0.5 * self._distances(prepared, projected[k], k)

    def distances(self, prepared: FactorTile) -> Float:
        """Return (x - μ_k)ᵀ Σ_k⁻¹ (x - μ_k) (K, n)."""
        projected = self._projected(prepared)
        found = [self._distances(prepared, own, k) for k, own in enumerate(projected)]
        return np.array(found)

    def _distances(self, prepared: FactorTile, projected: Float, k: int) -> Float:
        factors = projected if self._moved is None else projected - self._moved[k]
        white, explained = prepared.spare
        np.subtract(prepared.rows, self._means[k][:, None], out=white)
        white *= self._roots[k][:, None]
        np.matmul(self._scaled[k], factors, out=explained)
        white -= explained
        found = np.einsum("dn,dn->n", white, white)
        return found + np.einsum("pn,pn->n", factors, factors)

    def sums(self, totals: FactorUnitTotals) -> FactorSums:
        """Freeze the totals."""
        plain = np.zeros(self.n_components)
        return FactorSums(totals.rows, totals.first, totals.second, totals.crossed, plain)


@final
class SketchingEvaluator(Projecting):
    """Accumulates only, for a start: deviations from the origin on directions drawn at random."""

    __slots__ = ()

    def sums(self, totals: FactorUnitTotals) -> FactorSums:
        """Freeze the totals."""
        drawn = np.ones(self.n_components)
        return FactorSums(totals.rows, totals.first, totals.second, totals.crossed, drawn)
