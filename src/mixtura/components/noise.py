"""Components of any family and one of constant density, for rows that belong to none of them.

The noise is the last component of a mixture: it has a weight and no further parameters (Banfield
and Raftery 1993). What the constant is, and what rows it is for, a `Background` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs
from mixtura.components.background import Background
from mixtura.components.constrained.family import freed
from mixtura.components.family import Evaluator
from mixtura.components.kernel import Kernel
from mixtura.components.noise_feature import NoiseFeature
from mixtura.components.noise_kernel import NoisyKernel
from mixtura.components.noise_parameters import NoisyMoments, NoisyParameters, NoisyPrior, last_of
from mixtura.components.wording import Wording
from mixtura.kinds import ColumnKind
from mixtura.text import Passage

__all__ = ["BESIDE_NOISE", "NOISE", "NoiseFamily", "beside_noise", "without_noise"]

Float = NDArray[np.float64]

# What a model file calls the family, and what is added to the name of that of the components.
NOISE, BESIDE_NOISE = "noise", " with noise"


def without_noise(family: Any) -> Any:
    """Return the family of the components beside noise, or the family where there is none."""
    return family.inner if family.has_noise else family


def beside_noise(family: Any, parameters: Any) -> tuple[Any, Any]:
    """Return the family and the parameters of the components that are not noise."""
    return (family.inner, parameters.inner) if family.has_noise else (family, parameters)


@dataclass(frozen=True, eq=False)
class NoiseFamily:
    """K components of a family, and noise.

    Attributes
    ----------
    inner : the family of the components, bound or not, no moment of which is pooled
    background : what rows that are noise look like
    """

    inner: Any
    background: Background

    has_noise = True

    @classmethod
    def around(cls, family: Any, background: Background) -> Self:
        """Return the family with noise."""
        return cls(family.beside_noise(), background)

    @property
    def name(self) -> str:
        """Return the name of the components' family, and what is beside them."""
        return f"{self.inner.name}{BESIDE_NOISE}"

    @property
    def start_softness(self) -> float:
        """Return that of the components."""
        return self.inner.start_softness

    @property
    def structure(self) -> Any:
        """Return the covariance structure of Gaussian components."""
        return self.inner.structure

    @property
    def fewest_rows(self) -> float:
        """Return what a component needs."""
        return self.inner.fewest_rows

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.inner.n_columns

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return what the cells of each column are."""
        return self.inner.kinds

    def reading(self, rows: Any) -> Self:
        """Return the family set to read these rows."""
        return replace(self, inner=self.inner.reading(rows))

    def n_features(self) -> int:
        """Return P."""
        return self.inner.n_features() + self.inner.adds_feature

    def workspace(self, n_rows: int) -> Any:
        """Return buffers for tiles of up to `n_rows` rows."""
        return self._feature.workspace(n_rows)

    def prepare(self, rows: Any, workspace: Any) -> Any:
        """Fill the workspace and return the tile."""
        return self._feature.prepare(rows, workspace)

    def feature_beside(self, rows: Any) -> Float | None:
        """Return the feature (n,) that only noise reads, or None where it needs none."""
        return self.inner.feature_beside(rows, self.background)

    def joined(self, tile: Any, feature: Float) -> Any:
        """Return a tile of rows with the feature (n,) that only noise reads."""
        return self._feature.joined(tile, feature)

    @property
    def _feature(self) -> NoiseFeature:
        return NoiseFeature(freed(self.inner))

    def bind(self, log_weights: Float, parameters: NoisyParameters) -> Evaluator:
        """Return the evaluator of one sweep."""
        evaluator = self.inner.bind(log_weights, parameters.padded())
        places = np.flatnonzero(parameters.noise)
        self.inner.hold(evaluator, places, log_weights[places], self.background)
        return self._feature.beside(evaluator, parameters.noise)

    def unbound(self, n_components: int) -> Evaluator:
        """Return an evaluator that accumulates only."""
        evaluator = self.inner.unbound(n_components)
        return self._feature.beside(evaluator, last_of(n_components))

    def shared(self, prepared: Any, row_weights: Float | None) -> Any:
        """Return the sums of a tile that involve no component."""
        return self._feature.shared(prepared, row_weights)

    def offset(self, parameters: NoisyParameters, sums: Any, shared: Any) -> float:
        """Return what the log-likelihood has beyond the evaluator's part."""
        return self.inner.offset(parameters.padded(), self._feature.without(sums), shared)

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: Any, distinct_share: float
    ) -> Kernel | None:
        """Return the components' compiled loop told of the noise, or None where there is none."""
        plain = self.inner.kernel(rows, row_weights, shared, distinct_share)
        if plain is None:
            return None
        told = self.inner.kernel_beside(plain, self.background, self.feature_beside(rows))
        return None if told is None else NoisyKernel(told, self._of_noise, self._feature.with_sums)

    def _of_noise(self, sums: Any, noise: NDArray[np.bool_]) -> float:
        """Return Σ w r log f(x) of the noise, which of the components (K',) that is being given."""
        found = self.inner.expected_of(self._feature.without(sums), noise, self.background)
        return found + self._feature.total(sums, noise)

    def moments(self, sums: Any, previous: NoisyParameters | None, shared: Any) -> NoisyMoments:
        """Return the moments of the components, and N_k of all."""
        before = None if previous is None else previous.padded()
        every = self.inner.moments(self._feature.without(sums), before, shared)
        noise = last_of(len(every.effective_rows)) if previous is None else previous.noise
        rows, kept = every.effective_rows, every.take(~noise)
        return NoisyMoments(rows, kept, noise, self._of_noise(sums, noise))

    def maximise(
        self, moments: NoisyMoments, previous: NoisyParameters | None, prior: NoisyPrior
    ) -> NoisyParameters:
        """Return the parameters of the next iteration."""
        inner = self.inner.maximise(moments.inner, previous and previous.inner, prior.inner)
        return NoisyParameters(inner, moments.noise)

    def expected_log_density(self, parameters: NoisyParameters, moments: NoisyMoments) -> float:
        """Return Σ_k Σ_i w r log f_k(x_i)."""
        inner = self.inner.expected_log_density(parameters.inner, moments.inner)
        return inner + moments.of_noise

    def n_free(self, n_components: int) -> int:
        """Return the number of free parameters, what rows take up counted as one."""
        return self.inner.n_free(n_components - 1) + self.background.n_free

    def prior(self, name: Any, shared: Any, n_components: int) -> NoisyPrior:
        """Return the penalty of that name on the components."""
        if isinstance(name, NoisyPrior):
            return name
        return NoisyPrior(self.inner.prior(name, shared, n_components - 1))

    def evident(self, moments: NoisyMoments, shared: Any) -> NoisyPrior:
        """Return the pseudo-counts that the components of counts make most likely."""
        return NoisyPrior(self.inner.evident(moments.inner, shared))

    def coordinates(self, moments: NoisyMoments, total: float) -> Float:
        """Return the share of the noise, and the coordinates of the components."""
        share = moments.effective_rows[moments.noise] / total
        return np.append(share, self.inner.coordinates(moments.inner, total))

    def moments_at(
        self, coordinates: Float, like: NoisyMoments, total: float
    ) -> NoisyMoments | None:
        """Return the moments at a point, or None where a share is too small."""
        inner = self.inner.moments_at(coordinates[1:], like.inner, total)
        if inner is None or not coordinates[0] > 0:
            return None
        rows = like.effective_rows.copy()
        rows[like.noise] = coordinates[0] * total
        rows[~like.noise] = inner.effective_rows
        return replace(like, effective_rows=rows, inner=inner)

    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> None:
        """Return None: no coordinates are made for a density that does not move."""
        return

    def centres(
        self, previous: NoisyParameters | None, sums: Any, moments: NoisyMoments
    ) -> NoisyParameters | None:
        """Return the means to take the sums about, where the origin lost too many digits."""
        before = None if previous is None else previous.inner
        found = self.inner.centres(
            before, self._feature.without(sums).take(~moments.noise), moments.inner
        )
        return None if found is None else NoisyParameters(found, moments.noise)

    @property
    def wording(self) -> Wording:
        """Return the components' words."""
        return self.inner.wording

    def unsupported(self, parameters: NoisyParameters, support: Float) -> NDArray[np.bool_]:
        """Return which components, but for noise, rest on no more rows than determine them."""
        found = ~parameters.noise
        found[found] = self.inner.unsupported(parameters.inner, support[found])
        return found

    def borrowed(self, moments: NoisyMoments) -> NoisyMoments:
        """Return the moments of a start, whose components borrow of all others."""
        return replace(moments, inner=self.inner.borrowed(moments.inner))

    def widened(
        self, parameters: NoisyParameters, which: NDArray[np.bool_], shared: Any
    ) -> NoisyParameters:
        """Return parameters in which some components are as wide as all rows."""
        wide = which[~parameters.noise]
        return replace(parameters, inner=self.inner.widened(parameters.inner, wide, shared))

    def flat(
        self, parameters: NoisyParameters, effective_rows: Float, prior: NoisyPrior
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components have no width of their own."""
        found = self.inner.flat(parameters.inner, effective_rows[~parameters.noise], prior.inner)
        return parameters.placed(found)

    def finer(self, parameters: NoisyParameters) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components are narrower than values step."""
        return parameters.placed(self.inner.finer(parameters.inner))

    def excess(self, parameters: NoisyParameters, shared: Any) -> Float:
        """Return that of the components (K',); noise has none."""
        found = np.zeros(len(parameters.noise))
        found[~parameters.noise] = self.inner.excess(parameters.inner, shared)
        return found

    def rounding(self, parameters: NoisyParameters, moments: NoisyMoments) -> float:
        """Return that of the components."""
        return self.inner.rounding(parameters.inner, moments.inner)

    def merging_losses(self, parameters: Any, moments: Any, pairs: Pairs) -> Float:
        """Return the losses (M,) of pairs of components; noise merges with none."""
        several, place = np.stack(pairs), np.cumsum(~parameters.noise) - 1
        kept = parameters.noise[several].sum(axis=0) == 0
        losses, (first, other) = np.full(len(kept), np.inf), place[several[:, kept]]
        losses[kept] = self.inner.merging_losses(parameters.inner, moments.inner, (first, other))
        return losses

    def embed(self, rows: Any) -> Float:
        """Return rows as points in which Euclidean distance is meaningful."""
        return self.inner.embed(rows)

    def in_user_units(self, parameters: NoisyParameters) -> tuple["NoiseFamily", NoisyParameters]:
        """Return the family and the parameters out of the frame."""
        inner, own = self.inner.in_user_units(parameters.inner)
        return replace(self, inner=inner), replace(parameters, inner=own)

    def in_frame(self, parameters: NoisyParameters) -> NoisyParameters:
        """Return parameters given in the user's units in the frame of the components."""
        return replace(parameters, inner=self.inner.in_frame(parameters.inner))

    def row_log_density(self, rows: Any, parameters: NoisyParameters) -> Float:
        """Return log f_k(x) (n, K'), the noise last."""
        densities = self.inner.row_log_density(rows, parameters.inner)
        return np.column_stack([densities, self.background.log_density(rows)])

    def compiled_rows(self, parameters: NoisyParameters) -> Any | None:
        """Return what compiled code reads of the components and the noise, or None."""
        inner = self.inner.compiled_rows(parameters.inner)
        return inner and inner.with_constant(self.background.log_constant)

    def far_posterior(self, rows: Any, parameters: NoisyParameters) -> Float:
        """Return 1 for the noise, which no row is too far from."""
        return np.tile(parameters.noise.astype(np.float64), (rows.shape[0], 1))

    def sample(
        self, parameters: NoisyParameters, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> NDArray[Any]:
        """Return one row (D,) per label; noise is drawn from the background."""
        noisy = labels == len(parameters.noise) - 1
        drawn = self.inner.sample(parameters.inner, labels[~noisy], rng)
        rows = np.empty((len(labels), self.n_columns), dtype=drawn.dtype)
        rows[~noisy] = drawn
        rows[noisy] = self.background.sample(int(noisy.sum()), rng)
        return rows

    def title(self, n_components: int) -> str:
        """Return the components' title, with the noise named."""
        first, *rest = self.inner.title(n_components - 1).split("\n", 1)
        return "\n".join([f"{first} and uniform noise", *rest])

    def tables(self, parameters: Any, columns: Any, names: Sequence[str]) -> list[Passage]:
        """Return the components' tables, and what the noise is."""
        own = self.inner.tables(parameters.inner, columns, names[:-1])
        return [*own, Passage(said=f"Noise: {self.background.words()}")]

    def describe(self, parameters: NoisyParameters, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the components as plain tables, and the log density of noise."""
        inner = self.inner.describe(parameters.inner, columns)
        return {**inner, "noise_log_density": self.background.log_constant}

    def to_arrays(
        self, parameters: NoisyParameters
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays, document = self.inner.to_arrays(parameters.inner)
        return {**arrays, **self.background.to_arrays()}, {"family": NOISE, "beside": document}

    @classmethod
    def read_by(
        cls, reader: Any, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple[Self, NoisyParameters]:
        """Return what `to_arrays` was given.

        Parameters
        ----------
        reader : the class of the components' family

        Raises
        ------
        ParameterError
            If there is no room for noise in what the file holds.
        """
        inner, own = reader.from_arrays(arrays, document["beside"])
        return cls.around(inner, inner.stored_background(arrays)), NoisyParameters.around(own)
