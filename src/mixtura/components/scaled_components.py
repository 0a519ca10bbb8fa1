"""What components with tails ask of Gaussian components that have their scale matrices."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs
from mixtura.components.background import Passes
from mixtura.components.beside_noise import ConstantBesideNoise
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import VANISHED, GaussianMoments, GaussianParameters
from mixtura.components.gaussian.prior import NoPrior, ScatterPrior
from mixtura.components.gaussian.structures import Structure, unpooled
from mixtura.components.wildness import WILD, RobustTotals, WildTile
from mixtura.components.wording import Wording
from mixtura.kinds import ColumnKind

__all__ = ["ScaledComponents", "ScaledPrior"]

Float = NDArray[np.float64]

# Rows beyond those that determine a location, up to which tails are not told.
TAILS = 3.0


@dataclass(frozen=True, slots=True)
class ScaledPrior:
    """A penalty on locations and scale matrices; what else components have has none.

    Attributes
    ----------
    inner : of Gaussian components
    """

    inner: Any

    @property
    def supports(self) -> bool:
        """Return whether a component may rest on it alone."""
        return getattr(self.inner, "supports", True)

    @property
    def floor(self) -> Any:
        """Return the least variances of rounded columns, or None."""
        return getattr(self.inner, "floor", None)

    def log_density(self, parameters: Any) -> float:
        """Return the penalty, up to a constant."""
        return self.inner.log_density(parameters.gaussian)


class ScaledComponents(ConstantBesideNoise):
    """The part of a family that is about columns, widths and noise beside components.

    Attributes
    ----------
    inner : Gaussian components of the structure
    """

    inner: GaussianFamily

    @staticmethod
    def framed(form: Structure, middle: Float, spread: Float, steps: Float | None) -> Any:
        """Return Gaussian components for columns of the given middles (D,) and spreads (D,)."""
        return GaussianFamily.of(unpooled(form), middle, spread, steps)

    @staticmethod
    def unframed(form: Structure, n_columns: int) -> Any:
        """Return Gaussian components in the user's units."""
        return GaussianFamily.in_own_units(form, n_columns)

    @staticmethod
    def of_arrays(arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> Any:
        """Return the Gaussian components of a model file, and their parameters."""
        return GaussianFamily.from_arrays(arrays, document)

    @property
    def structure(self) -> Structure:
        """Return the structure of the scale matrices."""
        return self.inner.structure

    @property
    def start_softness(self) -> float:
        """Return nothing: no parameter sticks to an edge."""
        return 0.0

    def narrower(
        self, rows: Float, weights: Float | None, n_components: int
    ) -> "Iterator[tuple[GaussianFamily, Float]]":
        """Yield Gaussian families of fewer numbers with the rows told by these, see `Narrowing`."""
        return self.inner.narrower(rows, weights, n_components)

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.inner.n_columns

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return numbers."""
        return self.inner.kinds

    @property
    def wording(self) -> Wording:
        """Return words of scale matrices."""
        return replace(self.inner.wording, determined=("a scale matrix",), failed=None)

    @property
    def fewest_rows(self) -> float:
        """Return as many as one component has parameters."""
        return float(self.n_free(1))

    @property
    def rows_lent(self) -> float:
        """Return the rows that each component borrows at a start."""
        return self.structure.least_rows(self.n_columns)

    @abstractmethod
    def n_free(self, n_components: int) -> int:
        """Return the number of free parameters."""

    def prepare(self, rows: NDArray[Any], workspace: Any) -> WildTile:
        """Return the tile of rows (n, D)."""
        gaussian, scratch = workspace
        scratch.owner = None
        return WildTile(self.inner.prepare(rows, gaussian), scratch, self._limits)

    @cached_property
    def _limits(self) -> Float:
        """Return the distances (D, 1) from the origin, in the frame, beyond which rows are wild."""
        return (WILD * self.inner.frame.spread / self.inner.frame.scale)[:, None]

    def shared(self, prepared: WildTile, row_weights: Float | None) -> RobustTotals:
        """Return the weight of a tile, and sums in which wild rows count for little."""
        counted = prepared.wildness() if row_weights is None else prepared.wildness() * row_weights
        weight = len(counted) if row_weights is None else row_weights.sum()
        return RobustTotals(float(weight), self.inner.shared(prepared.gaussian, counted))

    def offset(self, parameters: Any, sums: Any, shared: RobustTotals) -> float:
        """Return what the units of the frame are worth."""
        return shared.weight * self.inner.frame.log_jacobian

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: RobustTotals, distinct_share: float
    ) -> None:
        """Return None: there is no compiled loop."""

    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> None:
        """Return None: extrapolated moments are all that accelerates a run."""

    def compiled_rows(self, parameters: Any) -> None:
        """Return None: log densities are found first."""

    def locations_and_scales(
        self,
        counted: GaussianMoments,
        rows: Float,
        previous: GaussianParameters | None,
        prior: Any,
    ) -> GaussianParameters:
        """Return locations and scale matrices of moments among which a penalty's rows are already.

        Parameters
        ----------
        counted : whose scatter is divided by their rows
        rows : (K,) Σ w r; a component without any keeps its location
        prior : whose floor of rounded columns holds
        """
        if previous is not None:
            vanished = rows <= VANISHED
            means = np.where(vanished[:, None], previous.means, counted.means)
            counted = replace(counted, means=means)
        floor = prior.floor
        kept = NoPrior() if floor is None else ScatterPrior(np.zeros(1), 0.0, floor)
        return self.inner.maximise(counted, previous, kept)

    def reading(self, rows: Any) -> Self:
        """Return the family with a scatter for each component, as rows do not count alike."""
        own: Any = self
        return replace(own, inner=self.inner.beside_noise())

    def n_features(self) -> int:
        """Return P."""
        return self.inner.n_features()

    def unsupported(self, parameters: Any, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on no more rows than determine a scale matrix.

        Tails are there for wild rows: a few alone are no component, whatever scales are shared.
        """
        return self.inner.unsupported(parameters, support) | (support <= self.n_columns + TAILS)

    def widened(self, parameters: Any, which: NDArray[np.bool_], shared: RobustTotals) -> Any:
        """Return parameters in which the components `which` (K,) are as wide as all rows.

        They lie in the middle of these too: about a wild row alone, any width would be a gain.
        """
        typical = shared.typical
        wide = self.inner.widened(parameters.gaussian, which, typical)
        means = np.where(which[:, None], typical.first / typical.weight, wide.means)
        return replace(parameters, gaussian=replace(wide, means=means))

    def flat(
        self, parameters: Any, effective_rows: Float, prior: Any
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components have no width but the default penalty's."""
        return self.inner.flat(parameters.gaussian, effective_rows, prior.inner)

    def finer(self, parameters: Any) -> Mapping[int, tuple[int, ...]]:
        """Return the columns whose scale given the others is below that of their steps."""
        return self.inner.finer(parameters.gaussian)

    def excess(self, parameters: Any, shared: RobustTotals) -> Float:
        """Return the nats a row (K,) by which densities of rounded columns exceed one a step."""
        return self.inner.excess(parameters.gaussian, shared.robust)

    def rounding(self, parameters: Any, moments: Any) -> float:
        """Return the rounding of deviations, in nats."""
        return self.inner.rounding(parameters.gaussian, moments.counted)

    def merging_losses(self, parameters: Any, moments: Any, pairs: Pairs) -> Float:
        """Return Runnalls' cost of every pair (K, K), as if they were Gaussians."""
        return self.inner.merging_losses(parameters.gaussian, moments.counted, pairs)

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return rows (n, D) in units of each column's spread, wild cells drawn in.

        What is beyond c goes to c (2 - c/|z|): in order, and never beyond 2c.
        """
        points = self.inner.embed(rows)
        size = np.maximum(np.abs(points), WILD)
        drawn = np.copysign(WILD * (2.0 - WILD / size), points)
        return np.where(size > WILD, drawn, points)

    def beside_noise(self) -> Self:
        """Return the family itself: no moment is one for all rows."""
        return self

    def background(self, passes: Passes, volume: float | None = None) -> BoxBackground:
        """Return one over a volume, that of the smaller box around the rows unless it is given."""
        return self.inner.background(passes, volume)

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> BoxBackground:
        """Return the background of the arrays of a model file."""
        return self.inner.stored_background(arrays)

    def told_of(self, background: BoxBackground) -> float:
        """Return the log density in the units of the frame."""
        return background.log_constant - self.inner.frame.log_jacobian
