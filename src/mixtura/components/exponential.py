"""The tier of exponential families: log f(x | θ) = <θ, φ(x)> + log h(x).

A family of this tier says what its features, natural parameters and log h are, and which
parameters have given sums of features; the sweep's products, the moments, the objective of the
M-step, the conjugate prior and the density of single rows are written here, once.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.arrays import Pairs, in_parts
from mixtura.components.background import Background, Member, Passes
from mixtura.components.deviations import Deviations
from mixtura.components.evidence import FIRST_COUNT, Cells, evident_strength, smoothed_shares
from mixtura.components.family import Prepared, Product
from mixtura.components.feature_sums import (
    FeatureMoments,
    FeatureSums,
    FeatureTile,
    FeatureTotals,
)
from mixtura.components.joint import JointKernel
from mixtura.components.kernel import Kernel
from mixtura.components.prior import ConjugatePrior, NoPrior, pseudo_rows
from mixtura.components.segments import Block, Segments
from mixtura.components.sparse import SparseEvaluator, SparseTile
from mixtura.components.wording import Wording
from mixtura.errors import ParameterError
from mixtura.kinds import ColumnKind
from mixtura.native.parts import DensePart, LevelPart, Part

__all__ = [
    "ExponentialFamily",
    "NaturalEvaluator",
]

Float = NDArray[np.float64]

# An extrapolation leaves each sum at least this share of what it was.
LEAST_SHARE = 0.1


@final
class NaturalEvaluator:
    """Log densities as one product of natural parameters (K, P) with features (P, n).

    Products go by `np.dot`: `np.matmul` holds the interpreter lock where its result has fewer
    than 500 entries.
    """

    __slots__ = ("_features_first", "_levels", "natural")

    def __init__(self, natural: Float, levels: tuple[int, ...] | None = None) -> None:
        self.natural = natural
        self._levels = levels
        # A narrow result whose width does not fill the kernel's tile is faster the other way up.
        self._features_first = len(natural) % 8 != 0 and len(natural) < 64

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.natural)

    def log_density(self, prepared: Prepared, out: NDArray[Any]) -> None:
        """Write <θ_k, φ(x)> into `out` (K, n)."""
        np.dot(self.natural, prepared.features, out=out)

    def product(self) -> Product:
        """Return the natural parameters: there is nothing else."""
        if self._levels is not None:
            part: Part = LevelPart(self.natural, self._levels)
        else:
            part = DensePart(self.natural)
        return Product((part,), _frozen)

    def centre_on(self, parameters: Any) -> None:
        """Do nothing: features are about the origin."""

    def zeros(self) -> tuple[Float, Float]:
        """Return totals and a scratch array."""
        shape = self.natural.shape[::-1] if self._features_first else self.natural.shape
        return np.zeros(shape), np.empty(shape)

    def accumulate(
        self, prepared: Prepared, responsibilities: NDArray[Any], totals: tuple[Float, NDArray[Any]]
    ) -> None:
        """Add Σ r φ(x) to the totals."""
        total, scratch = totals
        if self._features_first:
            np.dot(prepared.features, responsibilities.T, out=scratch)
        else:
            np.dot(responsibilities, prepared.features.T, out=scratch)
        np.add(total, scratch, out=total)

    def feature_sums(self, totals: tuple[Float, NDArray[Any]]) -> Float:
        """Return the totals as (K, P)."""
        return totals[0].T if self._features_first else totals[0]

    def sums(self, totals: tuple[Float, NDArray[Any]]) -> FeatureSums:
        """Freeze the totals."""
        return FeatureSums(self.feature_sums(totals))


def _frozen(sums: Sequence[Float]) -> FeatureSums:
    return FeatureSums(sums[0])


class ExponentialFamily(ABC):
    """A family whose log density is linear in features, the first of which is the constant 1."""

    name: ClassVar[str]
    has_noise: ClassVar[bool] = False
    # Whether features may be below 0: logarithms, not counts, shares or amounts.
    has_signed_features: ClassVar[bool] = False

    # Measured on the reference data: without it fits end 26 nats below the best known, with it 11.
    @property
    def start_softness(self) -> float:
        """Return a fifth: EM never leaves a probability of 0 or 1."""
        return 0.2

    @property
    def fewest_rows(self) -> float:
        """Return one: probabilities and rates are bounded densities."""
        return 1.0

    @property
    @abstractmethod
    def n_columns(self) -> int:
        """Return D."""

    @property
    @abstractmethod
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return what the cells of each column (D) are."""

    @abstractmethod
    def width(self) -> int:
        """Return P."""

    @abstractmethod
    def fill(self, rows: NDArray[Any], features: Float) -> None:
        """Write φ(x) of rows (n, D) into `features` (P, n), whose first row is 1 already."""

    @abstractmethod
    def log_base(self, rows: Any) -> Float:
        """Return log h(x) (n,), of dense or sparse rows."""

    @abstractmethod
    def natural(self, parameters: Any) -> Float:
        """Return natural parameters (K, P), a fresh array without the mixing weights."""

    @abstractmethod
    def estimate(self, features: Float, previous: Any) -> Any:
        """Return the parameters under which rows have these sums of features (K, P).

        Where a component has no rows, those of `previous`, if there are any.
        """

    def swept_sparse(self) -> bool:
        """Return whether features are swept as sparse ones."""
        return False

    def swept_levels(self) -> tuple[int, ...] | None:
        """Return how many levels each item has, where features are ones at levels, else None."""
        return None

    def cells(self, rows: Any) -> Any:
        """Return the features but the constant as CSR (n, P - 1), of rows swept as sparse ones."""
        return rows

    def reading(self, rows: Any) -> Self:
        """Return the family set to read these rows, where its features depend on what they hold."""
        return self

    @final
    def n_features(self) -> int:
        """Return P, or 1 for sparse features: a tile holds no copy of them."""
        return 1 if self.swept_sparse() else self.width()

    @property
    def wording(self) -> Wording:
        """Return plain words: probabilities and rates have no widths."""
        return Wording()

    def unsupported(self, parameters: Any, support: Float) -> NDArray[np.bool_]:
        """Return False for every component: probabilities and rates are bounded densities."""
        return np.zeros(parameters.n_components, dtype=bool)

    def borrowed(self, moments: Any) -> Any:
        """Return the moments: nothing that such components have needs many rows."""
        return moments

    def widened(self, parameters: Any, which: NDArray[np.bool_], shared: Any) -> Any:
        """Return the parameters: such components have no width."""
        return parameters

    def flat(
        self, parameters: Any, effective_rows: Float, prior: Any
    ) -> Mapping[int, tuple[int, ...]]:
        """Return nothing: such components have no width that could vanish."""
        return {}

    def finer(self, parameters: Any) -> Mapping[int, tuple[int, ...]]:
        """Return nothing: such components have no width."""
        return {}

    def excess(self, parameters: Any, shared: Any) -> Float:
        """Return zeros (K,): these are probabilities."""
        return np.zeros(parameters.n_components)

    def rounding(self, parameters: Any, moments: FeatureMoments) -> float:
        """Return the rounding of Σ w log h, which cancels against <θ, φ> where counts are large."""
        return float(np.finfo(np.float64).eps * np.abs(moments.log_base))

    @final
    def workspace(self, n_rows: int) -> Float:
        """Return a buffer (P, n) for tiles of up to `n_rows` rows."""
        features = np.empty((self.n_features(), n_rows))
        features[0] = 1.0
        return features

    @final
    def prepare(self, rows: Any, workspace: Float) -> FeatureTile | SparseTile:
        """Return the tile, which fills the workspace when it has to."""
        if self.swept_sparse():
            return SparseTile(rows, self.cells)
        return FeatureTile(rows, workspace[:, : len(rows)], self.fill)

    @final
    def bind(self, log_weights: Float, parameters: Any) -> NaturalEvaluator | SparseEvaluator:
        """Return the evaluator of one sweep."""
        natural = self.natural(parameters)
        natural[:, 0] += log_weights
        return self._evaluator(natural)

    @final
    def tempered(
        self, log_weights: Float, parameters: Any, power: float
    ) -> NaturalEvaluator | SparseEvaluator:
        """Return the evaluator of a sweep with densities and weights to a power."""
        natural = self.natural(parameters)
        natural[:, 0] += log_weights
        return self._evaluator(power * natural)

    def deviations(self, rows: Any, weights: Float | None) -> Deviations | None:
        """Return how rows deviate from one component, of counts; None for other columns."""
        return None

    @final
    def unbound(self, n_components: int) -> NaturalEvaluator | SparseEvaluator:
        """Return an evaluator that accumulates only."""
        return self._evaluator(np.zeros((n_components, self.width())))

    def _evaluator(self, natural: Float) -> NaturalEvaluator | SparseEvaluator:
        levels = self.swept_levels()
        if self.swept_sparse():
            return SparseEvaluator(natural, levels)
        return NaturalEvaluator(natural, levels)

    @final
    def shared(
        self, prepared: FeatureTile | SparseTile, row_weights: Float | None
    ) -> FeatureTotals:
        """Return Σ w φ(x) and Σ w log h(x) of a tile."""
        bases = self.log_base(prepared.rows)
        weights = np.ones(len(bases)) if row_weights is None else row_weights
        return FeatureTotals(prepared.sum(weights), float(bases @ weights))

    @final
    def offset(self, parameters: Any, sums: FeatureSums, shared: FeatureTotals) -> float:
        """Return Σ w log h(x)."""
        return shared.log_base

    def segments(self) -> Segments | None:
        """Return how compiled code estimates the parameters, or None where it does not."""
        return None

    def coded(self, rows: Any) -> tuple[Float, NDArray[np.int32]] | None:
        """Return the features (E, n) that no code stands for, and the codes (J, n) of the others.

        It is None where no feature of the family is coded in compiled runs.
        """
        return None

    @final
    def kernel(
        self, rows: Any, row_weights: Float | None, shared: FeatureTotals, distinct_share: float
    ) -> Kernel | None:
        """Return a compiled loop over rows (n, D), or None where there is none."""
        block = self.block(rows, shared)
        if block is None:
            return None
        total = float(shared.features[0])
        return JointKernel.of([block], row_weights, total, self.start_softness)

    @final
    def block(self, rows: Any, shared: FeatureTotals) -> Block | None:
        """Return rows as compiled code reads them, or None where it does not."""
        segments = None if issparse(rows) else self.segments()
        if segments is None:
            return None
        coded = self.coded(rows)
        if coded is not None:
            return Block(segments, coded[0], shared.log_base, coded[1], segments.n_coded)
        if self.swept_sparse():
            return None
        features = np.ones((self.width(), len(rows)))
        self.fill(rows, features)
        return Block(segments, features[1:], shared.log_base)

    @final
    def moments(self, sums: FeatureSums, previous: Any, shared: FeatureTotals) -> FeatureMoments:
        """Return the sums with Σ w log h(x)."""
        # Sums of sparse features are wide: a copy of them in another order would cost more room
        # than it saves time.
        features = sums.features if self.swept_sparse() else np.ascontiguousarray(sums.features)
        return FeatureMoments(features, shared.log_base)

    @final
    def maximise(self, moments: FeatureMoments, previous: Any, prior: Any) -> Any:
        """Return the parameters under which the expected features are those of the moments."""
        return self.estimate(prior.augment(moments).features, previous)

    @final
    def expected_log_density(self, parameters: Any, moments: FeatureMoments) -> float:
        """Return Σ_k <θ_k, S_k> + Σ w log h(x)."""
        return float(np.vdot(self.natural(parameters), moments.features)) + moments.log_base

    # What the words of its background are, where that is a member.
    even_words: ClassVar[str] = "all levels of a column equally probable"

    def even(self) -> Any:
        """Return the parameters of one component that prefers no row to another, or None."""
        return None

    def beside_noise(self) -> Self:
        """Return the family: no moments are pooled."""
        return self

    def background(self, passes: Passes) -> Background:
        """Return the density that is constant over all that rows may be."""
        return Member(self, self.even())

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> Background:
        """Return the background of the arrays of a model file."""
        return Member(self, self.even())

    # Whether the background has a feature of its own, as log h(x) is linear in none of the others.
    adds_feature: ClassVar[bool] = False

    def told_of(self, background: Any) -> Float:
        """Return the natural parameters (P,) of the background."""
        return self.natural(background.parameters)[0]

    def feature_beside(self, rows: Any, background: Any) -> Float | None:
        """Return log f(x) - log h(x) (n,) of the background where that is its feature, or None."""
        return background.log_density(rows) - self.log_base(rows) if self.adds_feature else None

    @final
    def hold(
        self,
        evaluator: NaturalEvaluator | SparseEvaluator,
        places: NDArray[np.intp],
        log_weights: Float,
        background: Any,
    ) -> None:
        """Give some components the log density of the background, and these weights, instead."""
        evaluator.natural[places] = self.told_of(background)
        evaluator.natural[places, 0] += log_weights

    @final
    def expected_of(self, sums: FeatureSums, which: NDArray[np.bool_], background: Any) -> float:
        """Return Σ w r <θ, φ(x)> of the background for the rows of some components."""
        return float(sums.features[which].sum(axis=0) @ self.told_of(background))

    @final
    def kernel_beside(self, kernel: Any, background: Any, beside: Float | None) -> Any | None:
        """Return a compiled loop told of noise and its feature (n,), or None."""
        return kernel.with_noise([self.told_of(background)], beside)

    def cell_counts(self, features: Float) -> Cells | None:
        """Return sums of features (K, P) as counts by cells, of probabilities; None for others."""
        return None

    def pseudo(self, cells: Float, shared: FeatureTotals) -> Float:
        """Return the features (P,) of pseudo-rows with these counts by cells (M,)."""
        raise NotImplementedError

    def prior(self, name: Any, shared: FeatureTotals, n_components: int) -> Any:
        """Return no prior, the penalty given, or pseudo-rows.

        They look like all rows together, by name; have so many counts in each cell, by number; or
        as many as are evident, "evidence", before there is any.
        """
        if name is None:
            return NoPrior()
        if name == "evidence" or (isinstance(name, Real) and not isinstance(name, bool)):
            return self._smoothing(name, shared)
        if not isinstance(name, str):
            return name
        total = float(shared.features[0])
        mean = shared.features / total
        return ConjugatePrior(self, pseudo_rows(name, total, n_components) * mean)

    def _smoothing(self, name: Any, shared: FeatureTotals) -> ConjugatePrior:
        every = self.cell_counts(shared.features[None])
        if every is None:
            raise ParameterError(
                f"pseudo-counts ({name!r}) are for probabilities and counts; {self.name} columns "
                'have a "weak" or "conjugate" prior, or none'
            )
        n_cells = every.counts.shape[1]
        if name == "evidence":
            counts = FIRST_COUNT * n_cells / len(every.starts) * smoothed_shares(every)
        else:
            counts = np.full(n_cells, float(name))
        return ConjugatePrior(self, self.pseudo(counts, shared))

    def evident(self, moments: FeatureMoments, shared: FeatureTotals) -> ConjugatePrior:
        """Return pseudo-counts as strong as the counts of components make most likely."""
        every, own = self.cell_counts(shared.features[None]), self.cell_counts(moments.features)
        assert every is not None
        assert own is not None
        shares = smoothed_shares(every)
        strength = evident_strength(own, shares) * len(shares) / len(every.starts)
        return ConjugatePrior(self, self.pseudo(strength * shares, shared))

    def coordinates(self, moments: FeatureMoments, total: float) -> Float:
        """Return the mean features of all rows, component by component."""
        return moments.features.ravel() / total

    def moments_at(
        self, coordinates: Float, like: FeatureMoments, total: float
    ) -> FeatureMoments | None:
        """Return the moments at a point, no sum less than a tenth of that of `like`."""
        features = np.maximum(
            coordinates.reshape(like.features.shape) * total, LEAST_SHARE * like.features
        )
        moments = replace(like, features=features)
        with np.errstate(invalid="ignore", divide="ignore"):
            natural = self.natural(self.estimate(features, None))
        return moments if np.isfinite(natural).all() else None

    @final
    def merging_losses(self, parameters: Any, moments: FeatureMoments, pairs: Pairs) -> Float:
        """Return <θ_i, S_i> + <θ_j, S_j> - <θ_ij, S_i + S_j> (M,)."""
        features = moments.features
        alone = np.vecdot(self.natural(parameters), features)
        losses = np.empty(len(pairs[0]))
        for part in in_parts(len(pairs[0]), 3 * features.shape[1]):
            i, j = pairs[0][part], pairs[1][part]
            both = features[i] + features[j]
            together = np.vecdot(self.natural(self.estimate(both, None)), both)
            losses[part] = alone[i] + alone[j] - together
        return losses

    @final
    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> None:
        """Return None: probabilities on the edge of their range have no such coordinates."""
        return

    @final
    def centres(self, previous: Any, sums: FeatureSums, moments: FeatureMoments) -> None:
        """Return None: sums of counts lose no digits."""
        return

    @final
    def in_user_units(self, parameters: Any) -> tuple[Self, Any]:
        """Return the family and the parameters as they are."""
        return self, parameters

    @final
    def in_frame(self, parameters: Any) -> Any:
        """Return the parameters as they are."""
        return parameters

    @final
    def row_log_density(self, rows: Any, parameters: Any) -> Float:
        """Return log f_k(x) (n, K), of dense or sparse rows."""
        careful = self.careful_log_density(rows, parameters)
        if careful is not None:
            return careful
        family = self.reading(rows)
        natural = family.natural(parameters)
        densities = np.empty((len(natural), rows.shape[0]))
        if issparse(rows) or family.swept_sparse():
            SparseEvaluator(natural).log_density(SparseTile(rows, family.cells), densities)
        else:
            tile = FeatureTile(rows, np.ones((family.width(), len(rows))), family.fill)
            NaturalEvaluator(natural).log_density(tile, densities)
        return (densities + family.log_base(rows)).T

    def careful_log_density(self, rows: Any, parameters: Any) -> Float | None:
        """Return log f_k(x) (n, K) where the product with features would lose digits, else None."""
        return None

    @final
    def compiled_rows(self, parameters: Any) -> None:
        """Return None: products of features are compiled as they are."""
        return

    @final
    def far_posterior(self, rows: Any, parameters: Any) -> Float:
        """Return equal shares; no density underflows in the logarithm unless a count overflows."""
        n_components = parameters.n_components
        return np.full((rows.shape[0], n_components), 1.0 / n_components)
