"""Gaussian components and one of constant density for rows that belong to none of them.

The constant is the reciprocal of the volume that the data take up (Banfield and Raftery 1993).
The noise is the last component of a mixture: it has a weight and no further parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.gaussian.box import Box
from mixtura.components.gaussian.digits import STARTED, SWEPT
from mixtura.components.gaussian.evaluator import (
    GaussianEvaluator,
    GaussianTile,
    GaussianWorkspace,
)
from mixtura.components.gaussian.family import LOG_TWO_PI, GaussianFamily
from mixtura.components.gaussian.kernel import GaussianKernel
from mixtura.components.gaussian.noise_parameters import (
    NoisyMoments,
    NoisyParameters,
    NoisyPrior,
)
from mixtura.components.gaussian.parameters import (
    GaussianSums,
    RowTotals,
)
from mixtura.components.gaussian.structures import Structure, unpooled
from mixtura.components.words import Wording
from mixtura.kinds import ColumnKind

__all__ = ["GaussianNoiseFamily", "NoisyParameters", "NoisyPrior"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class GaussianNoiseFamily:
    """K Gaussian components of one structure, and noise.

    Attributes
    ----------
    inner : the Gaussian family, whose scatter is one for each component
    box : where the noise is drawn from; its volume unless another is given
    log_noise : the log density of the noise, in the user's units
    """

    inner: GaussianFamily
    box: Box
    log_noise: float

    name: ClassVar[str] = "gaussian with noise"
    has_noise: ClassVar[bool] = True

    @property
    def start_softness(self) -> float:
        """Return nothing: no Gaussian parameter sticks to an edge."""
        return 0.0

    @classmethod
    def around(
        cls, family: GaussianFamily, box: Box, volume: float | None = None
    ) -> "GaussianNoiseFamily":
        """Return the family with noise of density 1 / `volume`, by default that of the box."""
        inner = replace(family, structure=unpooled(family.structure))
        return cls(inner, box, -(box.log_volume if volume is None else float(np.log(volume))))

    @property
    def structure(self) -> Structure:
        """Return the covariance structure."""
        return self.inner.structure

    @property
    def fewest_rows(self) -> float:
        """Return what a Gaussian component needs."""
        return self.inner.fewest_rows

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.inner.n_columns

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return numbers."""
        return self.inner.kinds

    def reading(self, rows: Any) -> Self:
        """Return the family: its features are the same for all rows."""
        return self

    def n_features(self) -> int:
        """Return P."""
        return self.inner.n_features()

    def workspace(self, n_rows: int) -> GaussianWorkspace:
        """Return buffers for tiles of up to `n_rows` rows."""
        return self.inner.workspace(n_rows)

    def prepare(self, rows: NDArray[Any], workspace: GaussianWorkspace) -> GaussianTile:
        """Fill the workspace and return the tile."""
        return self.inner.prepare(rows, workspace)

    def bind(self, log_weights: Float, parameters: NoisyParameters) -> GaussianEvaluator:
        """Return the evaluator of one sweep."""
        evaluator = self.inner.bind(log_weights, parameters.padded())
        constants = log_weights[parameters.noise] + self.log_noise - self._constant
        evaluator.hold_constant(np.flatnonzero(parameters.noise), constants)
        return evaluator

    @property
    def _constant(self) -> float:
        """Return what a row's log density has beyond the evaluator's part."""
        return self.inner.frame.log_jacobian - 0.5 * self.n_columns * LOG_TWO_PI

    def unbound(self, n_components: int) -> GaussianEvaluator:
        """Return an evaluator that accumulates only."""
        return self.inner.unbound(n_components)

    def shared(self, prepared: GaussianTile, row_weights: Float | None) -> RowTotals:
        """Return the sums of a tile that involve no component."""
        return self.inner.shared(prepared, row_weights)

    def offset(self, parameters: NoisyParameters, sums: GaussianSums, shared: RowTotals) -> float:
        """Return what the log-likelihood has beyond the evaluator's part."""
        return shared.weight * self._constant

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: Any, distinct_share: float
    ) -> GaussianKernel | None:
        """Return the Gaussian loop with noise, or None where there is none."""
        plain = self.inner.kernel(rows, row_weights, shared, distinct_share)
        return plain.with_noise(self.log_noise) if isinstance(plain, GaussianKernel) else None

    def moments(
        self, sums: GaussianSums, previous: NoisyParameters | None, shared: RowTotals
    ) -> NoisyMoments:
        """Return the moments of the Gaussian components, and N_k of all."""
        before = None if previous is None else previous.padded()
        every = self.inner.moments(sums, before, shared)
        if previous is None:
            noise = np.zeros(len(every.effective_rows), dtype=bool)
            noise[-1] = True
        else:
            noise = previous.noise
        kept = replace(
            every,
            effective_rows=every.effective_rows[~noise],
            means=every.means[~noise],
            scatter=every.scatter[~noise],
        )
        return NoisyMoments(every.effective_rows, kept, noise)

    def maximise(
        self, moments: NoisyMoments, previous: NoisyParameters | None, prior: NoisyPrior
    ) -> NoisyParameters:
        """Return the parameters of the next iteration."""
        before = None if previous is None else previous.gaussians
        gaussians = self.inner.maximise(moments.gaussians, before, prior.gaussians)
        return NoisyParameters(gaussians, moments.noise)

    def expected_log_density(self, parameters: NoisyParameters, moments: NoisyMoments) -> float:
        """Return Σ_k Σ_i w r log f_k(x_i)."""
        noise_rows = float(moments.effective_rows[moments.noise].sum())
        gaussians = self.inner.expected_log_density(parameters.gaussians, moments.gaussians)
        return gaussians + noise_rows * self.log_noise

    def n_free(self, n_components: int) -> int:
        """Return the number of free parameters, the volume of the noise counted as one."""
        return self.inner.n_free(n_components - 1) + 1

    def prior(self, name: Any, shared: RowTotals, n_components: int) -> NoisyPrior:
        """Return the penalty of that name on the Gaussian components."""
        return NoisyPrior(self.inner.prior(name, shared, n_components - 1))

    def coordinates(self, moments: NoisyMoments, total: float) -> Float:
        """Return the share of the noise, and the coordinates of the Gaussian components."""
        share = moments.effective_rows[moments.noise] / total
        return np.append(share, self.inner.coordinates(moments.gaussians, total))

    def moments_at(
        self, coordinates: Float, like: NoisyMoments, total: float
    ) -> NoisyMoments | None:
        """Return the moments at a point, or None where a share is too small."""
        gaussians = self.inner.moments_at(coordinates[1:], like.gaussians, total)
        if gaussians is None or not coordinates[0] > 0:
            return None
        rows = like.effective_rows.copy()
        rows[like.noise] = coordinates[0] * total
        rows[~like.noise] = gaussians.effective_rows
        return replace(like, effective_rows=rows, gaussians=gaussians)

    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> None:
        """Return None: no coordinates are made for a density that does not move."""
        return

    def centres(
        self, previous: NoisyParameters | None, sums: GaussianSums, moments: NoisyMoments
    ) -> NoisyParameters | None:
        """Return the means to take the sums about, where the origin lost too many digits."""
        centred = sums.centred[~moments.noise] > 0
        limit = STARTED if previous is None else SWEPT
        found = self.inner.centres_beside(centred, moments.gaussians, limit)
        return None if found is None else NoisyParameters(found, moments.noise)

    @property
    def wording(self) -> Wording:
        """Return the Gaussians' words."""
        return self.inner.wording

    def unsupported(self, parameters: NoisyParameters, support: Float) -> NDArray[np.bool_]:
        """Return which components, but for noise, have no more rows than their covariance needs."""
        return self.inner.unsupported(parameters.gaussians, support) & ~parameters.noise

    def borrowed(self, moments: NoisyMoments) -> NoisyMoments:
        """Return the moments of a start, whose Gaussian components borrow of all others."""
        return replace(moments, gaussians=self.inner.borrowed(moments.gaussians))

    def widened(
        self, parameters: NoisyParameters, which: NDArray[np.bool_], shared: RowTotals
    ) -> NoisyParameters:
        """Return parameters in which some Gaussian components are as wide as all rows."""
        wide = which[~parameters.noise]
        return replace(parameters, gaussians=self.inner.widened(parameters.gaussians, wide, shared))

    def flat(
        self, parameters: NoisyParameters, effective_rows: Float, prior: NoisyPrior
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which Gaussian components have no width of their own."""
        places = np.flatnonzero(~parameters.noise)
        found = self.inner.flat(parameters.gaussians, effective_rows[places], prior.gaussians)
        return {int(places[component]): columns for component, columns in found.items()}

    def finer(self, parameters: NoisyParameters) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which Gaussian components are narrower than values step."""
        places = np.flatnonzero(~parameters.noise)
        found = self.inner.finer(parameters.gaussians)
        return {int(places[component]): columns for component, columns in found.items()}

    def excess(self, parameters: NoisyParameters, shared: RowTotals) -> Float:
        """Return that of the Gaussian components (K',); noise has none."""
        found = np.zeros(len(parameters.noise))
        found[~parameters.noise] = self.inner.excess(parameters.gaussians, shared)
        return found

    def rounding(self, parameters: NoisyParameters, moments: NoisyMoments) -> float:
        """Return that of the Gaussian components."""
        return self.inner.rounding(parameters.gaussians, moments.gaussians)

    def merging_losses(self, parameters: NoisyParameters, moments: NoisyMoments) -> Float:
        """Return the losses of the Gaussian components (K', K'); noise merges with none."""
        losses = np.full((len(parameters.noise),) * 2, np.inf)
        gaussian = ~parameters.noise
        losses[np.ix_(gaussian, gaussian)] = self.inner.merging_losses(
            parameters.gaussians, moments.gaussians
        )
        return losses

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return rows in units of each column's spread."""
        return self.inner.embed(rows)

    def in_user_units(
        self, parameters: NoisyParameters
    ) -> tuple["GaussianNoiseFamily", NoisyParameters]:
        """Return the family and the parameters out of the frame."""
        inner, gaussians = self.inner.in_user_units(parameters.gaussians)
        return replace(self, inner=inner), replace(parameters, gaussians=gaussians)

    def in_frame(self, parameters: NoisyParameters) -> NoisyParameters:
        """Return parameters given in the user's units in the frame."""
        return replace(parameters, gaussians=self.inner.in_frame(parameters.gaussians))

    def row_log_density(self, rows: NDArray[Any], parameters: NoisyParameters) -> Float:
        """Return log f_k(x) (n, K'), the noise last."""
        densities = self.inner.row_log_density(rows, parameters.gaussians)
        return np.column_stack([densities, np.full(len(rows), self.log_noise)])

    def far_posterior(self, rows: NDArray[Any], parameters: NoisyParameters) -> Float:
        """Return 1 for the noise, which no row is too far from."""
        return np.tile(parameters.noise.astype(np.float64), (len(rows), 1))

    def sample(
        self, parameters: NoisyParameters, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row (D,) per label; noise is uniform over the box."""
        rows = np.empty((len(labels), self.n_columns))
        noisy = labels == len(parameters.noise) - 1
        rows[~noisy] = self.inner.sample(parameters.gaussians, labels[~noisy], rng)
        rows[noisy] = self.box.sample(int(noisy.sum()), rng)
        return rows

    def title(self, n_components: int) -> str:
        """Return the Gaussian title, with the noise named."""
        first, _, rest = self.inner.title(n_components - 1).partition("\n")
        return f"{first} and uniform noise\n{rest}"

    def tables(self, parameters: NoisyParameters, columns: Sequence[str]) -> list[str]:
        """Return means, covariances and the volume of the noise as text."""
        with np.errstate(over="ignore"):
            noise = f"Noise: uniform with density 1 / {np.exp(-self.log_noise):.6g}"
        return [*self.inner.tables(parameters.gaussians, columns), noise]

    def describe(self, parameters: NoisyParameters, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the structure, means, covariances and the log density of the noise."""
        gaussians = self.inner.describe(parameters.gaussians, columns)
        return {**gaussians, "noise_log_density": self.log_noise}

    def to_arrays(self, parameters: NoisyParameters) -> tuple[dict[str, Float], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays, document = self.inner.to_arrays(parameters.gaussians)
        box = {"box_corner": self.box.corner, "box_edges": self.box.edges}
        return {**arrays, **box, "log_noise": np.array([self.log_noise])}, {
            **document,
            "family": self.name,
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["GaussianNoiseFamily", NoisyParameters]:
        """Return what `to_arrays` was given."""
        inner, gaussians = GaussianFamily.from_arrays(arrays, document)
        n_columns = inner.n_columns
        box = Box(
            as_shape("box_corner", arrays["box_corner"], (n_columns,)),
            as_shape("box_edges", arrays["box_edges"], (n_columns, n_columns)),
        )
        log_noise = as_shape("log_noise", arrays["log_noise"], (1,))
        family = cls(replace(inner, structure=unpooled(inner.structure)), box, float(log_noise[0]))
        return family, NoisyParameters.around(gaussians)
