"""What missing cells of one component are worth, from factors, which lose no digits.

All is linear in what was observed: E[x_m | x_o] = μ_m + B (x_o - μ_o), with the covariance of the
rest given x_o the same for all rows. So sums over the rows of a pattern are completed at once
(Little and Rubin 2002, chapter 11), not row by row.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import FullCovariance
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import conditional

__all__ = ["Completion"]

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Completion:
    """One pattern under the parameters of K components.

    Attributes
    ----------
    observed : (D,)
    gains : (K, D, D) G, E[d] = G d_o + c with c zero where observed; None where columns do not
        depend on each other
    spreads : (K, D, D) the covariances of the missing columns given the observed ones, or their
        diagonals (K, D)
    log_pivots : (K,) minus the log determinants of those
    """

    observed: Mask
    gains: Float | None
    spreads: Float
    log_pivots: Float

    @classmethod
    def of(cls, parameters: GaussianParameters, observed: Mask) -> Self:
        """Return the completion of a pattern (D,) under each component."""
        given, rest = np.flatnonzero(observed), np.flatnonzero(~observed)
        covariance, shape = parameters.covariance, parameters.means.shape
        if not isinstance(covariance, FullCovariance):
            factors = np.broadcast_to(covariance.factors.reshape(len(parameters.means), -1), shape)
            spreads = np.where(observed, 0.0, 1.0 / factors**2)
            return cls(observed, None, spreads, 2.0 * np.log(factors[:, rest]).sum(axis=1))
        found, every = conditional(parameters, given.tolist(), rest.tolist()), np.arange(shape[0])
        gains = np.repeat(np.diag(observed.astype(np.float64))[None], shape[0], axis=0)
        gains[np.ix_(every, rest, given)] = found.gains
        spreads = np.zeros((*shape, shape[1]))
        spreads[np.ix_(every, rest, rest)] = found.rest.covariance.covariances()
        return cls(observed, gains, spreads, 2.0 * found.rest.covariance.log_determinant())

    def complete(
        self, rows: Float, first: Float, second: Float, shift: Float
    ) -> tuple[Float, Float]:
        """Return Σ w r E[d] (K, D) and Σ w r E[d dᵀ] (K, D, D), or its diagonal (K, D).

        Parameters
        ----------
        rows, first, second : Σ w r, Σ w r d and Σ w r d dᵀ about some point, zero where missing
        shift : (K, D) the means less that point
        """
        missing, sizes = ~self.observed, rows[:, None]
        if self.gains is None:
            constant = np.where(missing, shift, 0.0)
            return first + sizes * constant, second + sizes * (constant**2 + self.spreads)
        known = np.where(missing, 0.0, shift)
        constant = np.where(missing, shift - _times(self.gains, known), 0.0)
        linear = _times(self.gains, first)
        moved = linear + sizes * constant
        squares = (
            self.gains @ second @ self.gains.transpose(0, 2, 1) + sizes[..., None] * self.spreads
        )
        squares += linear[:, :, None] * constant[:, None, :]
        return moved, squares + constant[:, :, None] * moved[:, None, :]


def _times(matrices: Float, vectors: Float) -> Float:
    """Return A_k v_k for matrices (K, R, C) and vectors (K, C)."""
    return (matrices @ vectors[:, :, None])[:, :, 0]
