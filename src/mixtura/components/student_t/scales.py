"""What t components say of their scale matrices, as Gaussian components of the same matrices do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs
from mixtura.components.background import Passes
from mixtura.components.beside_noise import ConstantBesideNoise
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import Structure, unpooled
from mixtura.components.gaussian.support import borrowed
from mixtura.components.student_t.parameters import (
    StudentTMoments,
    StudentTParameters,
    StudentTPrior,
    StudentTTotals,
)
from mixtura.components.wording import Wording
from mixtura.kinds import ColumnKind

__all__ = ["WILD", "ScaledComponents"]

Float = NDArray[np.float64]

# A row farther out in a column, in units of its spread, is wild by itself.
WILD = 5.0
# Rows beyond those that determine a location, up to which tails are not told.
TAILS = 3.0


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

    def reading(self, rows: Any) -> Self:
        """Return the family: it reads all rows alike."""
        return self

    def n_features(self) -> int:
        """Return P."""
        return self.inner.n_features()

    def unsupported(self, parameters: Any, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on no more rows than determine a scale matrix.

        Tails are there for wild rows: a few alone are no component, whatever scales are shared.
        """
        return self.inner.unsupported(parameters, support) | (support <= self.n_columns + TAILS)

    def borrowed(self, moments: StudentTMoments) -> StudentTMoments:
        """Return the moments of a start: each component borrows as many rows as say nothing."""
        lent = self.structure.least_rows(self.n_columns)
        return replace(moments, weighted=borrowed(moments.weighted, lent))

    def widened(
        self, parameters: StudentTParameters, which: NDArray[np.bool_], shared: StudentTTotals
    ) -> StudentTParameters:
        """Return parameters in which the components `which` (K,) are as wide as all rows.

        They lie in the middle of these too: about a wild row alone, any width would be a gain.
        """
        typical = shared.typical
        wide = self.inner.widened(parameters.gaussian, which, typical)
        means = np.where(which[:, None], typical.first / typical.weight, wide.means)
        return replace(parameters, gaussian=replace(wide, means=means))

    def flat(
        self, parameters: StudentTParameters, effective_rows: Float, prior: StudentTPrior
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components have no width but the default penalty's."""
        return self.inner.flat(parameters.gaussian, effective_rows, prior.inner)

    def finer(self, parameters: StudentTParameters) -> Mapping[int, tuple[int, ...]]:
        """Return the columns whose scale given the others is below that of their steps."""
        return self.inner.finer(parameters.gaussian)

    def excess(self, parameters: StudentTParameters, shared: StudentTTotals) -> Float:
        """Return the nats a row (K,) by which densities of rounded columns exceed one a step."""
        return self.inner.excess(parameters.gaussian, shared.robust)

    def rounding(self, parameters: StudentTParameters, moments: StudentTMoments) -> float:
        """Return the rounding of deviations, in nats."""
        return self.inner.rounding(parameters.gaussian, moments.counted)

    def merging_losses(
        self, parameters: StudentTParameters, moments: StudentTMoments, pairs: Pairs
    ) -> Float:
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
