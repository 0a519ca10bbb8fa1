"""What a family of factor analysers says of columns, widths and noise beside components."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.background import Passes
from mixtura.components.beside_noise import ConstantBesideNoise
from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.components.factor_analyser.parameters import (
    FactorParameters,
    FactorTotals,
)
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.components.factor_analyser.prior import FactorPrior
from mixtura.components.factor_analyser.structures import FactorStructure
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.steps import excess_above_steps, finer_columns
from mixtura.errors import ParameterError
from mixtura.kinds import NUMBER, ColumnKind

__all__ = ["LEAST_NOISE", "FactorColumns"]

Float = NDArray[np.float64]

LOG_TWO_PI = float(np.log(2 * np.pi))

# Least noise variances, as a share of the variance of all rows in a column.
LEAST_NOISE = 1e-10
# What is at its least, and variances that are nothing else.
TOUCHING, NARROW = 1 + 1e-6, 4.0
# Distances are found in no more columns than these, others are projected on as many.
POINTS = 64
# Rows that are projected at once.
AT_ONCE = 256
SEED = 11
# A box has as many edges as columns, each of as many numbers.
MOST_BESIDE_NOISE = 100


class FactorColumns(ConstantBesideNoise):
    """The part of a family that is about columns, widths and noise beside components.

    Attributes
    ----------
    structure : what components share, and how many factors there are
    frame : the units that parameters and sums are in
    steps : (D,) float64, the steps between values of rounded columns in the user's units, or None
    """

    structure: FactorStructure
    frame: Frame
    steps: Float | None

    @property
    def n_columns(self) -> int:
        """Return D."""
        return len(self.frame.origin)

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return numbers."""
        return (NUMBER,) * self.n_columns

    @property
    def start_softness(self) -> float:
        """Return nothing: no parameter sticks to an edge."""
        return 0.0

    @property
    def fewest_rows(self) -> float:
        """Return one more than what does not determine a component."""
        return self.structure.n_factors + 4.0

    @cached_property
    def unit(self) -> Float:
        """Return what columns (D,) are measured in: one unit where noise is isotropic."""
        spread = self.frame.spread / self.frame.scale
        if not self.structure.isotropic:
            return spread
        return np.full(len(spread), spread.max() * np.sqrt(np.mean((spread / spread.max()) ** 2)))

    @property
    def floor(self) -> Float:
        """Return the least noise variances (D,) in the frame's units.

        A rounded column has that of a cell, h²/12: what is rounded in it is no factor's.
        """
        cells = self._cells
        return self._least if cells is None else np.maximum(self._least, cells)

    @property
    def _least(self) -> Float:
        return LEAST_NOISE * self.unit**2

    @property
    def _cells(self) -> Float | None:
        if self.steps is None or not self.steps.any():
            return None
        return (self.steps / self.frame.scale) ** 2 / 12

    def reading(self, rows: Any) -> Self:
        """Return the family: it reads all rows alike."""
        return self

    def unsupported(self, parameters: FactorParameters, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on no more rows than determine them."""
        return support <= self.structure.least_rows()

    def widened(
        self, parameters: FactorParameters, which: NDArray[np.bool_], shared: FactorTotals
    ) -> FactorParameters:
        """Return parameters in which the components `which` (K,) are as wide as all rows.

        Such parameters may leave the structure; they are for comparing fits.
        """
        mean = shared.first / shared.weight
        wide = np.maximum(shared.second / shared.weight - mean**2, self.floor)
        wide = np.where(wide > 0, wide, self.unit**2)
        return FactorParameters(
            parameters.means,
            np.where(which[:, None, None], 0.0, parameters.loadings),
            np.where(which[:, None], wide, parameters.noise),
        )

    def flat(
        self, parameters: FactorParameters, effective_rows: Float, prior: FactorPrior
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components have no width but the least noise.

        Up to as many as there are factors may be combinations of these (Heywood cases); more lie in
        a plane. The least noise of a rounded column is a width that its values have.
        """
        if not prior.floor.any():
            return {}
        least = parameters.noise <= TOUCHING * self._least
        alone = parameters.variances() <= NARROW * self._least
        many = least.sum(axis=1, keepdims=True) > self.structure.n_factors
        found = alone | (least & many)
        return {
            int(k): tuple(np.flatnonzero(found[k]).tolist())
            for k in np.flatnonzero(found.any(axis=1))
        }

    def finer(self, parameters: FactorParameters) -> Mapping[int, tuple[int, ...]]:
        """Return the columns whose variance given the others is below that of their steps."""
        cells = self._cells
        if cells is None:
            return {}
        return finer_columns(Factored.of(parameters).precisions(), cells)

    def excess(self, parameters: FactorParameters, shared: FactorTotals) -> Float:
        """Return the nats a row (K,) by which densities of rounded columns exceed one a step.

        Noise is what a column has of its own, so they are taken by its variances.
        """
        cells = self._cells
        if cells is None:
            return np.zeros(parameters.n_components)
        return excess_above_steps(1.0 / parameters.noise, cells, np.ones(self.n_columns))

    def rounding(self, parameters: FactorParameters, moments: FactorMoments) -> float:
        """Return the rounding of deviations, of rows and of the origin, and of noise, in nats.

        Noise is what loadings leave of a variance, but where it is at its least.
        """
        noise, floor = parameters.noise, self.floor
        offset = np.abs(parameters.means) + np.abs(self.frame.origin / self.frame.scale)
        left = np.abs(noise - floor) > (TOUCHING - 1) * floor
        each = offset / np.sqrt(noise) + left * (parameters.variances() / noise)
        return float(np.finfo(np.float64).eps * (moments.effective_rows @ each.sum(axis=1)))

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return rows (n, D) in units of each column's spread; of many columns, projected.

        Projections on directions drawn at random keep distances (Johnson and Lindenstrauss 1984).
        """
        unit = self.unit * self.frame.scale
        if self.n_columns <= POINTS:
            return (np.asarray(rows, dtype=np.float64) - self.frame.origin) / unit
        rng = np.random.default_rng([SEED, self.n_columns])
        drawn = rng.standard_normal((self.n_columns, POINTS)) / np.sqrt(POINTS) / unit[:, None]
        found = np.empty((len(rows), POINTS))
        for start in range(0, len(rows), AT_ONCE):
            inside = slice(start, start + AT_ONCE)
            np.matmul(rows[inside] - self.frame.origin, drawn, out=found[inside])
        return found

    def beside_noise(self) -> Self:
        """Return the family itself: no moment is one for all rows.

        Raises
        ------
        ParameterError
            If columns are many, as a box around the rows has D x D numbers.
        """
        if self.n_columns > MOST_BESIDE_NOISE:
            raise ParameterError(
                f"noise is offered in {MOST_BESIDE_NOISE} columns at most, and there are "
                f"{self.n_columns}: its box has as many edges of as many numbers; set noise=None"
            )
        return self

    def background(self, passes: Passes, volume: float | None = None) -> BoxBackground:
        """Return one over a volume, that of the smaller box around the rows unless it is given."""
        self.beside_noise()
        return BoxBackground.of(smallest_box(passes), volume)

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> BoxBackground:
        """Return the background of the arrays of a model file."""
        return BoxBackground.from_arrays(arrays, self.n_columns)

    def told_of(self, background: BoxBackground) -> float:
        """Return the log density in the units of the frame, as evaluators write it."""
        constant = self.frame.log_jacobian - 0.5 * self.n_columns * LOG_TWO_PI
        return background.log_constant - constant
