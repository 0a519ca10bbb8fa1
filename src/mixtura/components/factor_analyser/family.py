"""Factor analysers: Gaussians of many columns whose covariances are Λ Λᵀ + Ψ, Ψ diagonal.

Ghahramani and Hinton (1996), McNicholas and Murphy (2008). No array is D x D: a sweep knows of each
component what its scatter makes of the directions of its factors, which is what the M-step asks.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.beginnings import directions, started
from mixtura.components.factor_analyser.columns import LOG_TWO_PI, FactorColumns
from mixtura.components.factor_analyser.evaluator import FactorEvaluator, SketchingEvaluator
from mixtura.components.factor_analyser.m_step import maximised
from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.components.factor_analyser.parameters import (
    VANISHED,
    FactorParameters,
    FactorSums,
    FactorTotals,
)
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.components.factor_analyser.prior import FactorPrior
from mixtura.components.factor_analyser.structures import FactorStructure
from mixtura.components.factor_analyser.tiles import FactorTile, FactorWorkspace
from mixtura.components.factor_analyser.values import FactorValues
from mixtura.components.gaussian.frame import Frame
from mixtura.errors import ParameterError

__all__ = ["FactorAnalyserFamily"]

Float = NDArray[np.float64]

# Where sums about other centres than the means have lost as many digits, they are taken again.
CANCELLED = 1e8
# The range of logarithms of noise variances that an extrapolation may lead to.
FARTHEST = 600.0


@dataclass(frozen=True)
class FactorAnalyserFamily(FactorColumns, FactorValues):
    """K factor analysers of one structure.

    Attributes
    ----------
    structure : what components share, and how many factors there are
    frame : the units that parameters and sums are in
    steps : (D,) float64, the steps between values of rounded columns in the user's units, or None
    """

    structure: FactorStructure
    frame: Frame
    steps: Float | None = None

    has_noise: ClassVar[bool] = False

    @classmethod
    def of(
        cls, form: FactorStructure, mean: Float, spread: Float, steps: Float | None = None
    ) -> "FactorAnalyserFamily":
        """Return the family for columns of the given means (D,) and standard deviations (D,)."""
        return cls(form, Frame.of(mean, spread, one_scale=form.isotropic), steps)

    def n_features(self) -> int:
        """Return how many numbers a row takes in a tile, beside itself."""
        return 4 * self.n_columns

    def workspace(self, n_rows: int) -> FactorWorkspace:
        """Return buffers for tiles of up to `n_rows` rows."""
        return FactorWorkspace(self.n_columns, n_rows)

    def prepare(self, rows: NDArray[Any], workspace: FactorWorkspace) -> FactorTile:
        """Return the tile of rows (n, D)."""
        return FactorTile.of(rows, self.frame.origin, self.frame.scale, workspace)

    def bind(self, log_weights: Float, parameters: FactorParameters) -> FactorEvaluator:
        """Return the evaluator of one sweep."""
        return FactorEvaluator(log_weights, parameters)

    def unbound(self, n_components: int) -> SketchingEvaluator:
        """Return an evaluator that accumulates only, about the origin."""
        sketch = np.repeat(self._sketch[None], n_components, axis=0)
        origin = np.zeros((n_components, self.n_columns))
        return SketchingEvaluator(origin, sketch, np.zeros(n_components, dtype=bool))

    @cached_property
    def _sketch(self) -> Float:
        """Return the directions (p, D) that a start projects deviations on."""
        return directions(self.n_columns, self.structure.n_factors) / self.unit

    def shared(self, prepared: FactorTile, row_weights: Float | None) -> FactorTotals:
        """Return the weight, Σ w x and Σ w x² of a tile."""
        rows = prepared.rows
        weighted = rows if row_weights is None else rows * row_weights
        weight = rows.shape[1] if row_weights is None else row_weights.sum()
        return FactorTotals(float(weight), weighted.sum(axis=1), np.vecdot(weighted, rows))

    def offset(self, parameters: FactorParameters, sums: FactorSums, shared: FactorTotals) -> float:
        """Return the normalising constant."""
        return shared.weight * (self.frame.log_jacobian - 0.5 * self.n_columns * LOG_TWO_PI)

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: FactorTotals, distinct_share: float
    ) -> None:
        """Return None: there is no compiled loop."""

    def moments(
        self, sums: FactorSums, previous: FactorParameters | None, shared: FactorTotals
    ) -> FactorMoments:
        """Return N_k, the means, and of the scatter about them its diagonal and projections."""
        swept = None if sums.sketched.any() else previous
        centres = np.zeros_like(sums.first) if previous is None else previous.means
        return FactorMoments.of(sums, centres, swept, self._sketch)

    def maximise(
        self, moments: FactorMoments, previous: FactorParameters | None, prior: FactorPrior
    ) -> FactorParameters:
        """Return parameters of a higher expected log-likelihood."""
        if moments.aim is not None:
            aim = moments.aim
            return replace(aim, noise=np.maximum(aim.noise, self._floor_of(prior)))
        if moments.swept is None:
            return started(self.structure, moments, self.unit, prior.floor)
        return maximised(self.structure, moments, moments.swept, prior.floor)

    def _floor_of(self, prior: FactorPrior) -> Float:
        floor = prior.floor
        return np.full_like(floor, floor.max()) if self.structure.isotropic else floor

    def expected_log_density(self, parameters: FactorParameters, moments: FactorMoments) -> float:
        """Return Σ_k Σ_i w r E[log f_k(x_i, z)], and the entropy of the factors given x.

        So at the parameters of the sweep it is Σ w r log f_k, and no more elsewhere.
        """
        rows = moments.effective_rows
        counted = moments.about(parameters.means)
        inner, loadings = counted.factor_scatter(), parameters.loadings
        left = counted.scatter - 2.0 * (loadings * counted.crossed).sum(axis=2)
        left += ((loadings @ inner) * loadings).sum(axis=2)
        assert moments.swept is not None
        entropies = self.structure.n_factors - np.log1p(Factored.of(moments.swept).sizes ** 2).sum(
            axis=1
        )
        constant = self.frame.log_jacobian - 0.5 * self.n_columns * LOG_TWO_PI
        found = float(rows @ (constant + 0.5 * entropies))
        found -= 0.5 * float(rows @ np.log(parameters.noise).sum(axis=1))
        found -= 0.5 * float((left / parameters.noise).sum())
        return found - 0.5 * float(np.trace(inner, axis1=1, axis2=2).sum())

    def n_free(self, n_components: int) -> int:
        """Return the number of free means, loadings and noise variances."""
        covariances = self.structure.n_parameters(n_components, self.n_columns)
        return n_components * self.n_columns + covariances

    def prior(self, name: Any, shared: FactorTotals, n_components: int) -> FactorPrior:
        """Return the least noise variances that a prior of that name asks for.

        Raises
        ------
        ParameterError
            If there is no such prior here.
        """
        if isinstance(name, FactorPrior):
            return name
        if name is None:
            return FactorPrior(np.zeros(self.n_columns))
        if name in ("weak", "rescue"):
            return FactorPrior(self.floor)
        raise ParameterError(f"prior should be weak or None for factor analysers, not {name!r}")

    def coordinates(self, moments: FactorMoments, total: float) -> Float:
        """Return shares, means, loadings and logarithms of noise variances that moments lead to."""
        aim = moments.aim or self.maximise(moments, None, FactorPrior(self._least))
        return np.concatenate(
            [
                moments.effective_rows / total,
                (aim.means / self.unit).ravel(),
                (aim.loadings / self.unit[:, None]).ravel(),
                np.log(aim.noise).ravel(),
            ]
        )

    def moments_at(
        self, coordinates: Float, like: FactorMoments, total: float
    ) -> FactorMoments | None:
        """Return moments that lead to a point, or None where a share is too small."""
        n_components, n_columns = like.means.shape
        sizes = [n_components, n_components * n_columns * (1 + self.structure.n_factors)]
        shares, rest = coordinates[: sizes[0]], coordinates[sizes[0] :]
        logs = rest[sizes[1] :].reshape(n_components, n_columns)
        if not ((shares > 0).all() and (np.abs(logs) < FARTHEST).all()):
            return None
        means = rest[: n_components * n_columns].reshape(n_components, n_columns) * self.unit
        loadings = rest[n_components * n_columns : sizes[1]].reshape(*means.shape, -1)
        aim = FactorParameters(means, loadings * self.unit[:, None], np.exp(logs))
        return replace(like, effective_rows=shares * total, aim=aim)

    def centres(
        self, previous: FactorParameters | None, sums: FactorSums, moments: FactorMoments
    ) -> FactorParameters | None:
        """Return the means to take the sums about, where other centres lost too many digits."""
        rows = np.maximum(sums.rows, VANISHED)[:, None]
        lost = sums.first**2 > CANCELLED * rows * np.maximum(moments.scatter, self.floor * rows)
        if not lost.any():
            return None
        if previous is None:
            empty = np.zeros((*moments.means.shape, self.structure.n_factors))
            return FactorParameters(moments.means, empty, np.ones_like(moments.means))
        return replace(previous, means=moments.means)

    def borrowed(self, moments: FactorMoments) -> FactorMoments:
        """Return the moments of a start: each component borrows as many rows as say nothing."""
        lent = self.structure.n_factors + 3.0
        rows = moments.effective_rows
        share = rows / np.maximum(rows + lent, VANISHED)
        total = max(float(rows.sum()), VANISHED)
        scatter = moments.scatter + lent * moments.scatter.sum(axis=0) / total
        crossed = moments.crossed + lent * moments.crossed.sum(axis=0) / total
        return replace(
            moments, scatter=scatter * share[:, None], crossed=crossed * share[:, None, None]
        )
