"""Factor analysers bound to the parameters of one sweep.

A row's distance is d' Ψ⁻¹ d - |y|², y = W d its coordinates along the factors (`posterior.py`); for
all components that is one product of features [x, x²] (2D, n) and one of x. A component so narrow,
or so far from the origin, that terms cancel goes by itself: |Ψ^(-½)(d - Λ z)|² + |z|², with z the
factors' mean, is a sum of squares. Measured at D = 1000, K = q = 5: products take a fifth of that.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.parameters import FactorParameters, FactorSums
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.components.factor_analyser.tiles import FactorTile

__all__ = ["FactorEvaluator", "SketchingEvaluator"]

Float = NDArray[np.float64]

# Terms of distances, and of sums about means, may be so much larger than one, or what they leave.
FAR, OFFSET = 1e6, 1e4


@dataclass(slots=True)
class FactorUnitTotals:
    """Mutable totals of one unit of rows.

    Attributes
    ----------
    rows : (K,) Σ r
    features : (2D, K) Σ r x and Σ r x²
    crossed : (D, K p) Σ r x yᵀ
    projected : (K, p) Σ r y
    first, second, own : (K, D), (K, D), (K, D, p) the same of d, for components by themselves
    """

    rows: Float
    features: Float
    crossed: Float
    projected: Float
    first: Float
    second: Float
    own: Float


class Projecting:
    """What both evaluators share: coordinates y of deviations from centres, and sums of both.

    Parameters
    ----------
    centres : (K, D) about which sums are taken
    directions : (K, p, D)
    alone : (K,) components whose sums lose digits about the origin
    """

    __slots__ = ("_alone", "_centres", "_flat", "_offsets", "_shape")

    def __init__(self, centres: Float, directions: Float, alone: NDArray[np.bool_]) -> None:
        self._shape = directions.shape
        self._flat = directions.reshape(-1, directions.shape[2])
        self._alone = alone
        self._take_about(centres)

    def _take_about(self, centres: Float) -> None:
        self._centres = centres
        directions = self._flat.reshape(self._shape)
        self._offsets = np.einsum("kpd,kd->kp", directions, centres).reshape(-1, 1)

    @property
    def n_components(self) -> int:
        """Return K."""
        return self._shape[0]

    def product(self) -> None:
        """Return None: sums need more than products."""

    def centre_on(self, parameters: Any) -> None:
        """Take the sums of all components about other means, before the first tile."""
        self._take_about(parameters.padded().means)
        self._alone = np.ones(self.n_components, dtype=bool)

    def _projected(self, tile: FactorTile) -> Float:
        """Return y (K, p, n) of a tile, which are found once."""
        workspace = tile.workspace
        if workspace.owner is not self:
            found = workspace.projected(len(self._flat), tile.n_rows)
            np.matmul(self._flat, tile.rows, out=found)
            found -= self._offsets
            workspace.owner = self
        return workspace.projected(len(self._flat), tile.n_rows).reshape(*self._shape[:2], -1)

    def zeros(self) -> FactorUnitTotals:
        """Return fresh totals."""
        n_components, width, n_columns = self._shape
        own = n_components if self._alone.any() else 0
        return FactorUnitTotals(
            np.zeros(n_components),
            np.zeros((2 * n_columns, n_components)),
            np.zeros((n_columns, n_components * width)),
            np.zeros((n_components, width)),
            np.zeros((own, n_columns)),
            np.zeros((own, n_columns)),
            np.zeros((own, n_columns, width)),
        )

    def accumulate(
        self, prepared: FactorTile, responsibilities: NDArray[Any], totals: FactorUnitTotals
    ) -> None:
        """Add a tile's sums to the totals."""
        projected = self._projected(prepared)
        totals.rows += responsibilities.sum(axis=1)
        if not self._alone.all():
            weighted = responsibilities[:, None, :] * projected
            totals.projected += weighted.sum(axis=2)
            totals.features += prepared.features @ responsibilities.T
            totals.crossed += prepared.rows @ weighted.reshape(len(self._flat), -1).T
        deviations, shared = prepared.spare
        for k in np.flatnonzero(self._alone):
            np.subtract(prepared.rows, self._centres[k][:, None], out=deviations)
            np.multiply(deviations, responsibilities[k], out=shared)
            totals.first[k] += shared.sum(axis=1)
            totals.second[k] += np.vecdot(shared, deviations)
            totals.own[k] += shared @ projected[k].T

    def _frozen(self, totals: FactorUnitTotals) -> tuple[Float, Float, Float]:
        """Return Σ r d, Σ r d² (K, D) and Σ r d yᵀ (K, D, p)."""
        n_components, width, n_columns = self._shape
        rows, centres = totals.rows[:, None], self._centres
        plain, squares = totals.features[:n_columns].T, totals.features[n_columns:].T
        first = plain - rows * centres
        second = np.maximum(squares - centres * (2.0 * plain - rows * centres), 0.0)
        crossed = totals.crossed.reshape(n_columns, n_components, width).transpose(1, 0, 2)
        crossed = crossed - centres[:, :, None] * totals.projected[:, None, :]
        if self._alone.any():
            first[self._alone] = totals.first[self._alone]
            second[self._alone] = totals.second[self._alone]
            crossed[self._alone] = totals.own[self._alone]
        return first, second, crossed


class FactorEvaluator(Projecting):
    """See `mixtura.components.family.Evaluator`.

    Parameters
    ----------
    log_weights : (K,)
    products : whether components may go by products; else each goes by itself
    """

    __slots__ = (
        "_at_origin",
        "_constants",
        "_factored",
        "_far",
        "_held",
        "_means",
        "_moved",
        "_natural",
        "_scaled",
    )

    def __init__(
        self, log_weights: Float, parameters: FactorParameters, *, products: bool = True
    ) -> None:
        means, precisions = parameters.means, 1.0 / parameters.noise
        self._factored = factored = Factored.of(parameters)
        variances = parameters.variances()
        # Of rows elsewhere the distance is as large as its terms.
        self._far = ((means**2 + variances) * precisions).sum(axis=1) > (FAR if products else 0.0)
        alone: NDArray[np.bool_] = np.any(
            means**2 > (OFFSET if products else -1.0) * variances, axis=1
        )
        super().__init__(means, factored.directions(), alone)
        self._means = means
        gains = factored.sizes / np.sqrt(1.0 + factored.sizes**2)
        self._scaled = factored.axes * gains[:, None, :]
        self._constants = log_weights + factored.log_determinant()
        self._natural = np.hstack([means * precisions, -0.5 * precisions])
        self._at_origin = self._constants - 0.5 * (means**2 * precisions).sum(axis=1)
        self._held = np.zeros(len(means), dtype=bool)
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
        found = self._projected(prepared)
        along = found if self._moved is None else found - self._moved
        if not self._far.all():
            np.matmul(self._natural, prepared.features, out=out)
            out += self._at_origin[:, None]
            out += 0.5 * np.einsum("kpn,kpn->kn", along, along)
        for k in np.flatnonzero(self._far & ~self._held).tolist():
            out[k] = self._constants[k] - 0.5 * self._distance(prepared, along[k], k)
        out[self._held] = self._constants[self._held][:, None]

    def distances(self, prepared: FactorTile) -> Float:
        """Return (x - μ_k)ᵀ Σ_k⁻¹ (x - μ_k) (K, n), each by itself."""
        found = self._projected(prepared)
        return np.array([self._distance(prepared, own, k) for k, own in enumerate(found)])

    def _distance(self, prepared: FactorTile, along: Float, k: int) -> Float:
        white, explained = prepared.spare
        np.subtract(prepared.rows, self._means[k][:, None], out=white)
        white *= self._factored.roots[k][:, None]
        np.matmul(self._scaled[k], along, out=explained)
        white -= explained
        found = np.einsum("dn,dn->n", white, white)
        shrunk = 1.0 / (1.0 + self._factored.sizes[k] ** 2)
        return found + np.einsum("pn,pn,p->n", along, along, shrunk)

    def sums(self, totals: FactorUnitTotals) -> FactorSums:
        """Freeze the totals, projections told as the factors' means."""
        first, second, crossed = self._frozen(totals)
        crossed = crossed @ self._factored.turned().transpose(0, 2, 1)
        return FactorSums(totals.rows, first, second, crossed, np.zeros(self.n_components))


@final
class SketchingEvaluator(Projecting):
    """Accumulates only, for a start: projections on directions drawn at random."""

    __slots__ = ()

    def log_density(self, prepared: FactorTile, out: NDArray[Any]) -> None:
        """Write nothing but zeros: there are no components yet."""
        out[:] = 0.0

    def sums(self, totals: FactorUnitTotals) -> FactorSums:
        """Freeze the totals."""
        return FactorSums(totals.rows, *self._frozen(totals), np.ones(self.n_components))
