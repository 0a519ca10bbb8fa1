"""Gaussian components: the family that the sweep, the M-step and the mixture see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs, as_shape
from mixtura.components.background import Passes
from mixtura.components.compiled import CompiledRuns
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.centred import far_components
from mixtura.components.gaussian.conjugate import NormalInverseWishart
from mixtura.components.gaussian.coordinates import coordinates_of, moments_at
from mixtura.components.gaussian.covariance import (
    SphericalCovariance,
    covariance_of_factors,
)
from mixtura.components.gaussian.digits import STARTED, SWEPT, lost_digits, rounding_of
from mixtura.components.gaussian.evaluator import (
    GaussianEvaluator,
    GaussianTile,
    GaussianWorkspace,
)
from mixtura.components.gaussian.features import FeatureMap, feature_map
from mixtura.components.gaussian.flatness import flat_columns
from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.kernel import GaussianKernel, is_compiled
from mixtura.components.gaussian.merging import merging_losses
from mixtura.components.gaussian.moments import moments_of
from mixtura.components.gaussian.narrower import has_narrower, narrower
from mixtura.components.gaussian.parameters import (
    VANISHED,
    GaussianMoments,
    GaussianParameters,
    GaussianSums,
    RowTotals,
)
from mixtura.components.gaussian.prior import (
    SHARES,
    GaussianPrior,
    NoPrior,
    ScatterPrior,
    weak_prior,
)
from mixtura.components.gaussian.rows import (
    LOG_TWO_PI,
    component_log_density,
    nearest_components,
    whitened_components,
)
from mixtura.components.gaussian.steps import excess_above_steps, finer_columns
from mixtura.components.gaussian.structures import (
    Structure,
    floored,
    structure,
    unpooled,
    within_floor,
)
from mixtura.components.gaussian.support import borrowed
from mixtura.components.gaussian.whitened import FREE, WhitenedChart
from mixtura.components.gaussian.words import MANY_COLUMNS, WORDING, component_tables, mixture_title
from mixtura.components.remembered import Remembered
from mixtura.components.wording import Wording
from mixtura.errors import ParameterError
from mixtura.kinds import NUMBER, ColumnKind
from mixtura.native.predictions import WhitenedComponents
from mixtura.text import Passage

__all__ = ["GaussianFamily"]

Float = NDArray[np.float64]

# In more columns, matrices that hold nothing but a diagonal are described by it.
MOST_DESCRIBED = 100

FACTOR_DIMENSIONS = {"spherical": 1, "diagonal": 2, "full": 3}

# Columns from which on a few factors say what a covariance does, by fewer numbers.
MANY = 10

# Columns whose spreads differ by more are told of where a covariance turns out singular.
UNLIKE_SCALES = 1e4

# Above this width the feature map (P = D²/2) leaves the cache and the centred path is faster.
WIDEST_PRODUCT = 96


@dataclass(frozen=True)
class GaussianFamily:
    """K Gaussian components of one covariance structure.

    Attributes
    ----------
    structure : the covariance structure
    frame : the units that parameters and sums are in
    steps : (D,) float64, the steps between the values of rounded columns in the user's units, zero
        where a column is not rounded; or None. The weak prior keeps components as wide as they are
    """

    structure: Structure
    frame: Frame
    steps: Float | None = None

    name: ClassVar[str] = "gaussian"
    has_noise: ClassVar[bool] = False

    @property
    def fewest_rows(self) -> float:
        """Return as many as one component has parameters."""
        return float(self.n_free(1))

    @property
    def start_softness(self) -> float:
        """Return nothing: no Gaussian parameter sticks to an edge."""
        return 0.0

    @classmethod
    def of(
        cls,
        structure: Structure,
        mean: Float,
        spread: Float,
        steps: Float | None = None,
    ) -> "GaussianFamily":
        """Return the family for columns of the given means (D,) and standard deviations (D,)."""
        frame = Frame.of(mean, spread, one_scale=structure.one_scale)
        return cls(structure, frame, steps)

    @classmethod
    def in_own_units(cls, structure: Structure, n_columns: int) -> "GaussianFamily":
        """Return the family in the user's units, as a `Mixture` holds it."""
        return cls(structure, Frame.identity(n_columns))

    def narrower(
        self, rows: Float, weights: Float | None, n_components: int
    ) -> "Iterator[tuple[GaussianFamily, Float]]":
        """Yield families of fewer numbers with the rows told by these, see `Narrowing`."""
        if has_narrower(self.structure, self.n_columns):
            for own, told in narrower(self.frame.enter(rows), weights, n_components):
                yield GaussianFamily.of(own, told.mean(axis=0), told.std(axis=0)), told

    @property
    def n_columns(self) -> int:
        """Return D."""
        return len(self.frame.origin)

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return numbers."""
        return (NUMBER,) * self.n_columns

    @property
    def _wide(self) -> bool:
        return self.structure.features == "full" and self.n_columns > WIDEST_PRODUCT

    @property
    def _map(self) -> FeatureMap:
        return feature_map("linear" if self._wide else self.structure.features)

    @property
    def _diagonal(self) -> bool:
        return self.structure.features != "full" and self.structure.storage != "full"

    def reading(self, rows: Any) -> Self:
        """Return the family: its features are the same for all rows."""
        return self

    def n_features(self) -> int:
        """Return P."""
        return self._map.n_features(self.n_columns)

    def workspace(self, n_rows: int) -> Any:
        """Return buffers for tiles of up to `n_rows` rows."""
        n_columns = self.n_columns
        buffer = np.empty((n_columns + self.n_features(), n_rows))
        buffer[2 * n_columns] = 1.0
        twice = buffer[: 2 * n_columns].reshape(2, n_columns, n_rows)
        products = self._map.products(buffer, n_columns)
        return GaussianWorkspace(twice, buffer[:n_columns], buffer[n_columns:], products)

    def prepare(self, rows: NDArray[Any], workspace: Any) -> Any:
        """Return the tile of rows (n, D)."""
        return GaussianTile(rows, workspace.first(len(rows)), self._fill)

    def _fill(self, rows: NDArray[Any], workspace: GaussianWorkspace) -> None:
        """Bring rows (n, D) into the frame, feature-major, and compute their products."""
        np.subtract(rows.T, self._origin_column, out=workspace.twice, casting="same_kind")
        if self._inverse_scale is not None:
            np.multiply(workspace.twice, self._inverse_scale, out=workspace.twice)
        for left, right, product in workspace.products:
            np.multiply(left, right, out=product)

    @cached_property
    def _origin_column(self) -> Float:
        return self.frame.origin[:, None].copy()

    @cached_property
    def _inverse_scale(self) -> NDArray[Any] | None:
        if (self.frame.scale == 1.0).all():
            return None
        return 1.0 / self.frame.scale[:, None]

    def bind(self, log_weights: Float, parameters: GaussianParameters) -> GaussianEvaluator:
        """Return the evaluator of one sweep."""
        covariance, means = parameters.covariance, parameters.means
        centred = far_components(parameters)
        if self._wide or (self.structure.features == "linear" and centred.any()):
            centred = np.ones(len(means), dtype=bool)
        constants = log_weights + covariance.log_determinant()
        return GaussianEvaluator(
            self._natural(constants, parameters),
            self.frame,
            parameters,
            constants,
            centred,
            diagonal=self._diagonal,
        )

    def _natural(self, constants: Float, parameters: GaussianParameters) -> Float:
        """Return θ (K, P) of log densities, `constants` (K,) at the means."""
        means, linear = parameters.means, parameters.covariance.precision_times(parameters.means)
        natural = np.empty((len(means), self.n_features()))
        natural[:, self.n_columns] = constants - 0.5 * np.einsum("kd,kd->k", means, linear)
        natural[:, : self.n_columns] = linear
        natural[:, self.n_columns + 1 :] = self._map.quadratic(self._precisions(parameters))
        return natural

    def _precisions(self, parameters: GaussianParameters) -> Float:
        precisions = parameters.covariance.precisions()
        if precisions.ndim == 1:
            return np.broadcast_to(precisions[:, None], parameters.means.shape)
        return precisions

    def unbound(self, n_components: int) -> GaussianEvaluator:
        """Return an evaluator that accumulates only, about the origin."""
        return GaussianEvaluator(
            np.zeros((n_components, self.n_features())),
            self.frame,
            self._at_origin(n_components),
            np.zeros(n_components),
            np.full(n_components, self._wide),
            diagonal=self._diagonal,
        )

    def _at_origin(self, n_components: int) -> GaussianParameters:
        covariance = SphericalCovariance(np.ones(n_components), self.n_columns)
        return GaussianParameters(np.zeros((n_components, self.n_columns)), covariance)

    def shared(self, prepared: GaussianTile, row_weights: Float | None) -> RowTotals:
        """Return the weight, Σ w x and Σ w x xᵀ (or its diagonal) of a tile."""
        rows = np.asarray(prepared.rows, dtype=np.float64)
        weighted = rows if row_weights is None else rows * row_weights
        weight = rows.shape[1] if row_weights is None else row_weights.sum()
        second = (weighted * rows).sum(axis=1) if self._diagonal else weighted @ rows.T
        return RowTotals(float(weight), weighted.sum(axis=1), second)

    def offset(
        self, parameters: GaussianParameters, sums: GaussianSums, shared: RowTotals
    ) -> float:
        """Return the normalising constant, and the quadratic term that components share."""
        constant = shared.weight * (self.frame.log_jacobian - 0.5 * self.n_columns * LOG_TWO_PI)
        if self.structure.features != "linear" or sums.centred.any():
            return constant
        precision = parameters.covariance.precisions()[0]
        return constant - 0.5 * float((precision * shared.second).sum())

    def kernel(
        self,
        rows: NDArray[Any],
        row_weights: Float | None,
        shared: RowTotals,
        distinct_share: float,
    ) -> CompiledRuns | None:
        """Return a compiled loop over rows (n, D), or None where there is none."""
        known = structure(self.structure.code)
        compiled = is_compiled(known.code, self.n_columns)
        if self.structure not in (known, unpooled(known)) or not compiled:
            return None
        return GaussianKernel(
            self.structure,
            self.n_features(),
            self._products_of(rows),
            None if row_weights is None else np.ascontiguousarray(row_weights),
            np.ascontiguousarray(shared.second),
            np.ascontiguousarray(self._unit),
            self._metric,
            shared.weight,
            self.frame.log_jacobian - 0.5 * self.n_columns * LOG_TWO_PI,
            self.fewest_rows,
            self.structure.least_rows(self.n_columns) / distinct_share,
            self.structure.least_rows(self.n_columns),
            np.ascontiguousarray(shared.factor(self.structure.storage)),
        )

    @property
    def _metric(self) -> Float:
        """Return units (D,) in which distances of rows in the frame mean something."""
        spread = self.frame.spread / self.frame.scale
        if self.structure.storage == "spherical":
            return np.full(len(spread), spread.max())
        return spread

    def _products_of(self, rows: NDArray[Any]) -> Float:
        """Return [x, 1, every product of columns] (Q, n) of complete rows (n, D) in the frame."""
        full = GaussianFamily(structure("VVV"), self.frame)
        return full.prepare(rows, full.workspace(len(rows))).features

    def moments(
        self, sums: GaussianSums, previous: GaussianParameters | None, shared: RowTotals
    ) -> GaussianMoments:
        """Return N_k, the means and the scatter about them."""
        if previous is None:
            previous = self._at_origin(len(sums.centred))
        return moments_of(
            sums, previous.means, shared, self.structure.features, diagonal=self._diagonal
        )

    def maximise(
        self, moments: GaussianMoments, previous: GaussianParameters | None, prior: GaussianPrior
    ) -> GaussianParameters:
        """Return the means and covariances of the next iteration."""
        vanished = moments.effective_rows <= VANISHED
        if previous is not None and vanished.any():
            means = np.where(vanished[:, None], previous.means, moments.means)
            moments = replace(moments, means=means)
        augmented = prior.augment(moments)
        before = previous.covariance.factors if previous else None
        rows, floor = np.maximum(augmented.effective_rows, VANISHED), _floor_of(prior)
        try:
            if floor is None:
                warm = before if self.structure.iterative else None
                factors = self.structure.update(augmented.scatter, rows, warm)
            else:
                factors = floored(self.structure, augmented.scatter, rows, before, floor)
        except ParameterError as error:
            raise ParameterError(f"{error}{self._scale_advice()}") from error
        covariance = covariance_of_factors(self.structure.storage, factors, self.n_columns)
        return GaussianParameters(augmented.means, covariance)

    def _scale_advice(self) -> str:
        """Return what to do about columns that the structure cannot bring to one scale."""
        with np.errstate(over="ignore"):
            ratio = self.frame.spread.max() / self.frame.spread.min()
        if not self.structure.one_scale or ratio < UNLIKE_SCALES:
            return ""
        return (
            f"; the widest column is {ratio:.0e} times as wide as the narrowest, and "
            f"{self.structure.code} depends on their units: standardise the columns"
        )

    def expected_log_density(
        self, parameters: GaussianParameters, moments: GaussianMoments
    ) -> float:
        """Return Σ_k [N_k log|U_k| - ½ tr Σ_k⁻¹(W_k + N_k δδᵀ)] and constants, δ = x̄_k - μ_k."""
        rows = moments.effective_rows
        constant = self.frame.log_jacobian - 0.5 * self.n_columns * LOG_TWO_PI
        shift = moments.means - parameters.means
        distance = (shift * parameters.covariance.precision_times(shift)).sum(axis=1)
        precisions = parameters.covariance.precisions()
        if self.structure.features == "linear":
            precisions = precisions[0]
        elif precisions.ndim == 1:
            precisions = precisions[:, None]
        trace = float((precisions * moments.scatter).sum())
        determinants = parameters.covariance.log_determinant()
        return float(rows @ (determinants + constant - 0.5 * distance)) - 0.5 * trace

    def n_free(self, n_components: int) -> int:
        """Return the number of free means and covariances."""
        covariances = self.structure.n_parameters(n_components, self.n_columns)
        return n_components * self.n_columns + covariances

    def prior(self, name: Any, shared: RowTotals, n_components: int) -> GaussianPrior:
        """Return the penalty of that name for these rows; a penalty is returned as it is.

        Raises
        ------
        ParameterError
            If it is neither such a name nor a penalty.
        """
        if name is None:
            return NoPrior()
        if isinstance(name, str) and name in SHARES:
            floor, share = self._floor, SHARES[name]
            steps = None if floor is None else floor.tobytes()
            return shared.once((name, steps), lambda: weak_prior(shared, share, floor))
        wishart = NormalInverseWishart() if name == "conjugate" else name
        if isinstance(wishart, NormalInverseWishart):
            form = self.structure
            return wishart.resolved(
                form.storage, self.frame, shared, n_components, shared=form.shares_covariance
            )
        if isinstance(name, str) or not (hasattr(name, "augment") and hasattr(name, "log_density")):
            raise ParameterError(f"prior should be weak, None or a penalty, but got {name!r}")
        return name

    @cached_property
    def _floor(self) -> Float | None:
        """Return h² / 12 in the frame's units, the variance within a cell of width h."""
        if self.steps is None or not self.steps.any():
            return None
        return (self.steps / self.frame.scale) ** 2 / 12

    def coordinates(self, moments: GaussianMoments, total: float) -> Float:
        """Return shares, means and covariances in units of the columns' spread, as one vector."""
        spherical = self.structure.storage == "spherical"
        return coordinates_of(moments, total, self._unit, spherical=spherical)

    def moments_at(
        self, coordinates: Float, like: GaussianMoments, total: float
    ) -> GaussianMoments | None:
        """Return the moments at a point, or None where a share is too small."""
        return moments_at(coordinates, like, total, self._unit)

    @cached_property
    def _unit(self) -> Float:
        """Return what columns (D,) are measured in: one unit where a structure may be turned."""
        spread = self.frame.spread / self.frame.scale
        if not self.structure.one_scale:
            return spread
        return np.full(len(spread), spread.max() * np.sqrt(np.mean((spread / spread.max()) ** 2)))

    def chart(
        self, log_weights: Float, parameters: GaussianParameters, rows: Float, prior: GaussianPrior
    ) -> WhitenedChart | None:
        """Return coordinates where covariances are free, and a penalty is on them alone.

        Where a component touches its floor they are not free.
        """
        exact = isinstance(prior, NoPrior | ScatterPrior)
        if self.structure.code not in FREE or not exact or (rows <= VANISHED).any():
            return None
        floor = _floor_of(prior)
        if floor is not None and within_floor(parameters.covariance.factors, floor).any():
            return None
        return WhitenedChart.about(self.structure, log_weights, parameters, rows, floor)

    def centres(
        self,
        previous: GaussianParameters | None,
        sums: GaussianSums,
        moments: GaussianMoments,
    ) -> GaussianParameters | None:
        """Return the means to take the sums about, where the origin lost too many digits."""
        limit = STARTED if previous is None else SWEPT
        centred = sums.centred > 0
        if centred.all():
            return None
        if not lost_digits(moments, self.structure, ~centred, limit):
            return None
        return replace(self._at_origin(len(moments.means)), means=moments.means)

    @property
    def wording(self) -> Wording:
        """Return words of covariances."""
        many = self.structure.storage == "full" and self.n_columns >= MANY
        return MANY_COLUMNS if many else WORDING

    def unsupported(self, parameters: GaussianParameters, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on no more rows than determine a covariance."""
        return support <= self.structure.least_rows(self.n_columns)

    def borrowed(self, moments: GaussianMoments) -> GaussianMoments:
        """Return the moments of a start: each component borrows as many rows as say nothing."""
        return borrowed(moments, self.structure.least_rows(self.n_columns))

    def widened(
        self, parameters: GaussianParameters, which: NDArray[np.bool_], shared: RowTotals
    ) -> GaussianParameters:
        """Return parameters in which the components `which` (K,) have the covariance of all rows.

        Such parameters may leave the structure; they are for comparing fits.
        """
        factors = parameters.covariance.factors.copy()
        factors[which] = shared.factor(self.structure.storage)
        covariance = covariance_of_factors(self.structure.storage, factors, self.n_columns)
        return GaussianParameters(parameters.means, covariance)

    def flat(
        self, parameters: GaussianParameters, effective_rows: Float, prior: GaussianPrior
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components have no width but the default penalty's."""
        if not isinstance(prior, ScatterPrior):
            return {}
        spread = self.frame.spread / self.frame.scale
        rows = effective_rows
        if self.structure.shares_covariance:
            rows = np.full(len(rows), rows.mean())
        return flat_columns(parameters.covariance, rows, prior, spread)

    def finer(self, parameters: GaussianParameters) -> Mapping[int, tuple[int, ...]]:
        """Return the columns whose variance given the others is below that of their steps."""
        if self._floor is None:
            return {}
        return finer_columns(parameters.covariance.precisions(), self._floor)

    def excess(self, parameters: GaussianParameters, shared: RowTotals) -> Float:
        """Return the nats a row (K,) by which densities of rounded columns exceed one a step."""
        if self._floor is None:
            return np.zeros(parameters.n_components)
        known = self._known_shares(shared)
        return excess_above_steps(parameters.covariance.precisions(), self._floor, known)

    def _known_shares(self, shared: RowTotals) -> Float:
        """Return the share of the rows (D,) in which each column was observed."""
        return np.ones(self.n_columns)

    def rounding(self, parameters: GaussianParameters, moments: GaussianMoments) -> float:
        """Return the rounding of deviations, of rows and of the origin, in nats."""
        offset = np.abs(self.frame.origin / self.frame.scale)
        return rounding_of(parameters, moments.effective_rows, offset)

    def merging_losses(
        self, parameters: GaussianParameters, moments: GaussianMoments, pairs: Pairs
    ) -> Float:
        """Return Runnalls' cost of every pair (K, K)."""
        return merging_losses(parameters, moments.effective_rows, pairs)

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return rows (n, D) in units of each column's spread."""
        points = (np.asarray(rows, dtype=np.float64) - self.frame.origin) / self.frame.spread
        return (
            points
            if self.structure.storage != "spherical"
            else points * (self.frame.spread / self.frame.spread.max())
        )

    def in_user_units(
        self, parameters: GaussianParameters
    ) -> tuple["GaussianFamily", GaussianParameters]:
        """Return the family and the parameters out of the frame.

        Raises
        ------
        ParameterError
            If the widths of components are no numbers there.
        """
        family = GaussianFamily.in_own_units(self.structure, self.n_columns)
        covariance = parameters.covariance.scaled(self.frame.scale)
        if not np.isfinite(covariance.factors).all():
            raise ParameterError(
                "components are so narrow that their widths are no numbers in the units of the "
                "columns; take smaller units, a stronger prior or fewer components"
            )
        return family, GaussianParameters(self.frame.leave(parameters.means), covariance)

    def in_frame(self, parameters: GaussianParameters) -> GaussianParameters:
        """Return parameters given in the user's units in the frame."""
        return GaussianParameters(
            self.frame.enter(parameters.means),
            parameters.covariance.scaled(1.0 / self.frame.scale),
        )

    def row_log_density(self, rows: NDArray[Any], parameters: GaussianParameters) -> Float:
        """Return log N(x | μ_k, Σ_k) (n, K) of rows (n, D), by deviations from each mean."""
        return component_log_density(rows, parameters)

    def compiled_rows(self, parameters: GaussianParameters) -> WhitenedComponents:
        """Return the components as compiled code reads them for complete rows."""
        return whitened_components(parameters)

    def far_posterior(self, rows: NDArray[Any], parameters: GaussianParameters) -> Float:
        """Return 1 for the components nearest in their own metric, shared where they tie."""
        return nearest_components(rows, parameters)

    def sample(
        self, parameters: GaussianParameters, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row (D,) per label."""
        rows = rng.standard_normal((len(labels), self.n_columns))
        for k in range(parameters.n_components):
            chosen = labels == k
            rows[chosen] = parameters.means[k] + parameters.covariance.spread(k, rows[chosen])
        return rows

    def beside_noise(self) -> Self:
        """Return the family with a scatter for each component: the noise has rows too."""
        return replace(self, structure=unpooled(self.structure))

    def background(self, passes: Passes, volume: float | None = None) -> BoxBackground:
        """Return one over a volume, that of the smaller box around the rows unless it is given.

        Where cells are missing the box is along the columns: no other has margins that are even.
        """
        return BoxBackground.of(smallest_box(passes), volume)

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> BoxBackground:
        """Return the background of the arrays of a model file."""
        return BoxBackground.from_arrays(arrays, self.n_columns)

    def hold(
        self,
        evaluator: Any,
        places: NDArray[np.intp],
        log_weights: Float,
        background: BoxBackground,
    ) -> None:
        """Give some components the log density of the background, and these weights, instead."""
        constant = self.frame.log_jacobian - 0.5 * self.n_columns * LOG_TWO_PI
        evaluator.hold_constant(places, log_weights + background.log_constant - constant)

    def expected_of(
        self, sums: GaussianSums, which: NDArray[np.bool_], background: BoxBackground
    ) -> float:
        """Return Σ w r log f(x) of the background for the rows of some components."""
        return float(sums.features[which, self.n_columns].sum()) * background.log_constant

    def told_of(self, background: BoxBackground) -> Any:
        """Return what compiled code is told of the background: a constant."""
        return background.log_constant

    adds_feature: ClassVar[bool] = False

    def feature_beside(self, rows: Any, background: BoxBackground) -> None:
        """Return None: a constant is among the features."""
        return

    def kernel_beside(
        self, kernel: Any, background: BoxBackground, beside: Float | None
    ) -> Any | None:
        """Return a compiled loop told of noise, or None where there is none."""
        return kernel.with_noise(self.told_of(background))

    def title(self, n_components: int) -> str:
        """Return a line such as "Gaussian mixture, full covariance, 3 components"."""
        return mixture_title(self.structure, n_components)

    def tables(
        self, parameters: GaussianParameters, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return means and covariances as text tables."""
        return component_tables(parameters, columns, names)

    def describe(self, parameters: GaussianParameters, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the structure in words, means and covariances."""
        return {
            "structure": self.structure.code,
            "words": self.structure.words,
            "columns": list(columns),
            "means": parameters.means.tolist(),
            **_described(parameters),
        }

    def to_arrays(self, parameters: GaussianParameters) -> tuple[dict[str, Float], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays = {"means": parameters.means, "precision_factors": parameters.covariance.factors}
        return arrays, {"family": self.name, "structure": self.structure.code}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["GaussianFamily", GaussianParameters]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no parameters of Gaussian components.
        """
        form = structure(document["structure"])
        means, factors = arrays["means"], arrays["precision_factors"]
        if means.ndim != 2:
            raise ParameterError(f"'means' should have two dimensions, but got {means.ndim}")
        n_components, n_columns = means.shape
        shape = (n_components, n_columns, n_columns)[: FACTOR_DIMENSIONS[form.storage]]
        factors = as_shape("precision_factors", factors, shape)
        diagonal = np.diagonal(factors, axis1=1, axis2=2) if len(shape) == 3 else factors
        # A width is no more than the largest number.
        least = 1.0 / np.finfo(np.float64).max
        if not (diagonal >= least).all() or (len(shape) == 3 and np.tril(factors, -1).any()):
            raise ParameterError("'precision_factors' are no upper triangular Cholesky factors")
        covariance = covariance_of_factors(form.storage, factors, n_columns)
        parameters = GaussianParameters(as_shape("means", means, means.shape), covariance)
        return cls.in_own_units(form, n_columns), parameters


def _described(parameters: GaussianParameters) -> dict[str, Any]:
    """Return covariances (K, D, D), or in many columns the variances that are all they hold."""
    covariance, n_columns = parameters.covariance, parameters.means.shape[1]
    if covariance.factors.ndim == 3 or n_columns <= MOST_DESCRIBED:
        return {"covariances": covariance.dense().tolist()}
    return {"variances": covariance.covariances().tolist()}


def _floor_of(prior: Any) -> Float | None:
    return prior.floor if isinstance(prior, ScatterPrior | Remembered) else None
