"""Factor analysers: Gaussians of many columns whose covariances are Λ Λᵀ + Ψ, Ψ diagonal.

Ghahramani and Hinton (1996), McNicholas and Murphy (2008). No array is D x D: a sweep knows of each
component what its scatter makes of the directions of its factors, which is what the M-step asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape, whole_number
from mixtura.components.factor_analyser.beginnings import directions, started
from mixtura.components.factor_analyser.columns import LOG_TWO_PI, FactorColumns
from mixtura.components.factor_analyser.evaluator import (
    FactorEvaluator,
    FactorTile,
    FactorWorkspace,
    SketchingEvaluator,
)
from mixtura.components.factor_analyser.m_step import maximised
from mixtura.components.factor_analyser.merging import merging_losses
from mixtura.components.factor_analyser.parameters import (
    VANISHED,
    FactorMoments,
    FactorParameters,
    FactorPrior,
    FactorSums,
    FactorTotals,
)
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.components.factor_analyser.rotation import rotated
from mixtura.components.factor_analyser.rows import nearest_shares, row_log_density
from mixtura.components.factor_analyser.structures import FactorStructure, factor_structure
from mixtura.components.factor_analyser.words import described, mixture_title, tables_of
from mixtura.components.gaussian.frame import Frame
from mixtura.errors import ParameterError

__all__ = ["FactorAnalyserFamily"]

Float = NDArray[np.float64]

# Where sums about other centres than the means have lost as many digits, they are taken again.
LOST = 1e8
# The range of logarithms of noise variances that an extrapolation may lead to.
FARTHEST = 600.0


@dataclass(frozen=True)
class FactorAnalyserFamily(FactorColumns):
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

    name: ClassVar[str] = "factor_analyser"
    has_noise: ClassVar[bool] = False

    @classmethod
    def of(
        cls, form: FactorStructure, mean: Float, spread: Float, steps: Float | None = None
    ) -> "FactorAnalyserFamily":
        """Return the family for columns of the given means (D,) and standard deviations (D,)."""
        return cls(form, Frame.of(mean, spread, one_scale=form.isotropic), steps)

    @classmethod
    def in_own_units(cls, form: FactorStructure, n_columns: int) -> "FactorAnalyserFamily":
        """Return the family in the user's units, as a `Mixture` holds it."""
        return cls(form, Frame.identity(n_columns))

    def n_features(self) -> int:
        """Return how many numbers a row takes in a tile, beside itself."""
        return 3 * self.n_columns

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
        return SketchingEvaluator(np.zeros((n_components, self.n_columns)), sketch)

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

    def offset(
        self, parameters: FactorParameters, sums: FactorSums, shared: FactorTotals
    ) -> float:
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
        if swept is None:
            projection = np.repeat(self._sketch[None], len(sums.rows), axis=0)
            width = projection.shape[1]
            posterior = np.zeros((len(sums.rows), width, width))
        else:
            factored = Factored.of(swept)
            projection, posterior = factored.projection(), factored.posterior()
        centres = np.zeros_like(sums.first) if previous is None else previous.means
        rows = np.maximum(sums.rows, VANISHED)[:, None]
        shift = sums.first / rows
        # Of one row alone the difference is rounding, of either sign.
        scatter = np.maximum(sums.second - rows * shift**2, 0.0)
        projected = np.einsum("kpd,kd->kp", projection, shift)
        crossed = sums.crossed - sums.first[:, :, None] * projected[:, None, :]
        return FactorMoments(
            sums.rows, centres + shift, scatter, crossed, projection, posterior, swept
        )

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
        entropies = np.linalg.slogdet(moments.posterior)[1] + self.structure.n_factors
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
        raise ParameterError(f"prior should be 'weak' or None for factor analysers, not {name!r}")

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

    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> None:
        """Return None: extrapolated parameters are all that accelerates a run."""

    def centres(
        self, previous: FactorParameters | None, sums: FactorSums, moments: FactorMoments
    ) -> FactorParameters | None:
        """Return the means to take the sums about, where other centres lost too many digits."""
        rows = np.maximum(sums.rows, VANISHED)[:, None]
        lost = sums.first**2 > LOST * rows * np.maximum(moments.scatter, self.floor * rows)
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

    def merging_losses(self, parameters: FactorParameters, moments: FactorMoments) -> Float:
        """Return Runnalls' cost of every pair (K, K)."""
        return merging_losses(parameters, moments.effective_rows)

    def in_user_units(
        self, parameters: FactorParameters
    ) -> tuple["FactorAnalyserFamily", FactorParameters]:
        """Return the family and the parameters out of the frame, loadings turned for readers."""
        own = FactorParameters(
            self.frame.leave(parameters.means),
            parameters.loadings * self.frame.scale[:, None],
            parameters.noise * self.frame.scale**2,
        )
        family = FactorAnalyserFamily.in_own_units(self.structure, self.n_columns)
        return family, rotated(self.structure, own)

    def in_frame(self, parameters: FactorParameters) -> FactorParameters:
        """Return parameters given in the user's units in the frame."""
        return FactorParameters(
            self.frame.enter(parameters.means),
            parameters.loadings / self.frame.scale[:, None],
            parameters.noise / self.frame.scale**2,
        )

    def row_log_density(self, rows: NDArray[Any], parameters: FactorParameters) -> Float:
        """Return log N(x | μ_k, Λ_k Λ_kᵀ + Ψ_k) (n, K) of rows (n, D)."""
        return row_log_density(rows, parameters)

    def compiled_rows(self, parameters: FactorParameters) -> None:
        """Return None: log densities are found first."""

    def far_posterior(self, rows: NDArray[Any], parameters: FactorParameters) -> Float:
        """Return 1 for the components nearest in their own metric, shared where they tie."""
        return nearest_shares(rows, parameters)

    def sample(
        self, parameters: FactorParameters, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row (D,) per label: loadings times factors, and noise."""
        factors = rng.standard_normal((len(labels), parameters.n_factors))
        rows = rng.standard_normal((len(labels), self.n_columns))
        for k in range(parameters.n_components):
            own = labels == k
            rows[own] *= np.sqrt(parameters.noise[k])
            rows[own] += parameters.means[k] + factors[own] @ parameters.loadings[k].T
        return rows

    def title(self, n_components: int) -> str:
        """Return a line such as "Mixture of factor analysers, 2 factors, 3 components"."""
        return mixture_title(self.structure, n_components)

    def tables(self, parameters: FactorParameters, columns: Sequence[str]) -> list[str]:
        """Return means, loadings and noise variances as text tables."""
        return tables_of(self.structure, parameters, columns)

    def describe(self, parameters: FactorParameters, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the structure in words, means, loadings and noise variances."""
        return described(self.structure, parameters, columns)

    def to_arrays(self, parameters: FactorParameters) -> tuple[dict[str, Float], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays = {
            "means": parameters.means,
            "loadings": parameters.loadings,
            "noise_variances": parameters.noise,
        }
        form = self.structure
        told = {"family": self.name, "structure": form.code, "n_factors": form.n_factors}
        return arrays, told

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["FactorAnalyserFamily", FactorParameters]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no parameters of factor analysers.
        """
        count = whole_number("n_factors", document["n_factors"], 1)
        form, means = factor_structure(document["structure"], count), arrays["means"]
        if means.ndim != 2:
            raise ParameterError(f"'means' should have two dimensions, but got {means.ndim}")
        means = as_shape("means", means, means.shape)
        loadings = as_shape("loadings", arrays["loadings"], (*means.shape, count))
        noise = as_shape("noise_variances", arrays["noise_variances"], means.shape)
        if not ((noise > 0) & np.isfinite(noise)).all():
            raise ParameterError("'noise_variances' should be above 0")
        return cls.in_own_units(form, means.shape[1]), FactorParameters(means, loadings, noise)
