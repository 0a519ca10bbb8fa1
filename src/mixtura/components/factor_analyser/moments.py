"""What the M-step of factor analysers reads: means, and of scatters about them what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.parameters import VANISHED, FactorParameters, FactorSums
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.errors import ParameterError

__all__ = ["FactorMoments"]

Float = NDArray[np.float64]

# A column with less than this of the widest column's scatter has none.
SINGULAR = 1e-24


@dataclass(frozen=True, slots=True)
class FactorMoments:
    """What is known of K scatters W_k.

    Attributes
    ----------
    effective_rows : (K,) N_k
    means : (K, D)
    scatter : (K, D) the diagonals of W_k
    crossed : (K, D, p) W_k P_kᵀ
    swept : the parameters of the sweep, by which P_k maps deviations to means of factors; None at a
        start
    sketch : (p, D) the P of all components at a start, drawn at random; else None
    aim : where an extrapolation led, or None
    """

    effective_rows: Float
    means: Float
    scatter: Float
    crossed: Float
    swept: FactorParameters | None
    sketch: Float | None = None
    aim: FactorParameters | None = None

    @classmethod
    def of(
        cls, sums: FactorSums, centres: Float, swept: FactorParameters | None, sketch: Float
    ) -> Self:
        """Return the moments of sums about some centres (K, D)."""
        rows = np.maximum(sums.rows, VANISHED)[:, None]
        shift = sums.first / rows
        # Of one row alone the difference is rounding, of either sign.
        scatter = np.maximum(sums.second - rows * shift**2, 0.0)
        told = None if swept is not None else sketch
        found = cls(sums.rows, centres + shift, scatter, sums.crossed, swept, told)
        crossed = sums.crossed - sums.first[:, :, None] * found.projected(shift)[:, None, :]
        return replace(found, crossed=crossed)

    def projected(self, deviations: Float) -> Float:
        """Return P_k d_k (K, p) of deviations (K, D)."""
        if self.swept is None:
            assert self.sketch is not None
            return deviations @ self.sketch.T
        return np.einsum("kpd,kd->kp", Factored.of(self.swept).projection(), deviations)

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others together, projected alike.

        Raises
        ------
        ParameterError
            If they were projected by other parameters: such sums do not add.
        """
        if self.swept is not other.swept or self.sketch is not other.sketch:
            raise ParameterError("sums of factor analysers add only under the same parameters")
        rows = self.effective_rows + other.effective_rows
        part = other.effective_rows / np.maximum(rows, VANISHED)
        shift = other.means - self.means
        weighted = (self.effective_rows * part)[:, None] * shift
        projected = self.projected(shift)
        return replace(
            self,
            effective_rows=rows,
            means=self.means + part[:, None] * shift,
            scatter=self.scatter + other.scatter + weighted * shift,
            crossed=self.crossed + other.crossed + weighted[:, :, None] * projected[:, None, :],
        )

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        return replace(
            self,
            effective_rows=self.effective_rows * factor,
            scatter=self.scatter * factor,
            crossed=self.crossed * factor,
        )

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components."""
        return replace(
            self,
            effective_rows=self.effective_rows[components],
            means=self.means[components],
            scatter=self.scatter[components],
            crossed=self.crossed[components],
            swept=None if self.swept is None else self.swept.take(components),
            aim=None if self.aim is None else self.aim.take(components),
        )

    def about(self, means: Float) -> Self:
        """Return the moments with scatter about other means (K, D)."""
        shift = self.means - means
        weighted = self.effective_rows[:, None] * shift
        return replace(
            self,
            means=means,
            scatter=self.scatter + weighted * shift,
            crossed=self.crossed + weighted[:, :, None] * self.projected(shift)[:, None, :],
        )

    def factor_scatter(self) -> Float:
        """Return Σ w r E[z zᵀ] (K, q, q), of the factors given rows."""
        assert self.swept is not None
        factored = Factored.of(self.swept)
        found = factored.projection() @ self.crossed
        found = 0.5 * (found + found.transpose(0, 2, 1))
        return found + self.effective_rows[:, None, None] * factored.posterior()

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components (K,) have no spread in some column."""
        return self.scatter.min(axis=1) <= SINGULAR * self.scatter.max(axis=1)
