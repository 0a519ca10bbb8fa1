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
    """One pattern under the parameters of one component.

    Attributes
    ----------
    observed : (D,)
    gains : (D, D) G, E[d] = G d_o + c with c zero where observed; None where columns do not depend
        on each other
    spreads : (D, D) the covariance of the missing columns given the observed ones, or its diagonal
    log_pivots : minus the log determinant of that
    """

    observed: Mask
    gains: Float | None
    spreads: Float
    log_pivots: float

    @classmethod
    def of(cls, parameters: GaussianParameters, observed: Mask) -> Self:
        """Return the completion of a pattern (D,) under one component."""
        given, rest = np.flatnonzero(observed), np.flatnonzero(~observed)
        covariance, n_columns = parameters.covariance, len(observed)
        if not isinstance(covariance, FullCovariance):
            factors = np.broadcast_to(covariance.factors.reshape(1, -1), (1, n_columns))[0]
            spreads = np.where(observed, 0.0, 1.0 / factors**2)
            return cls(observed, None, spreads, 2.0 * float(np.log(factors[rest]).sum()))
        found = conditional(parameters, given.tolist(), rest.tolist())
        gains = np.diag(observed.astype(np.float64))
        gains[np.ix_(rest, given)] = found.gains[0]
        spreads = np.zeros((n_columns, n_columns))
        spreads[np.ix_(rest, rest)] = found.rest.covariance.covariances()[0]
        log_pivots = 2.0 * float(found.rest.covariance.log_determinant()[0])
        return cls(observed, gains, spreads, log_pivots)

    def complete(
        self, rows: float, first: Float, second: Float, shift: Float
    ) -> tuple[Float, Float]:
        """Return Σ w r E[d] (D,) and Σ w r E[d dᵀ] (D, D), or its diagonal.

        Parameters
        ----------
        rows, first, second : Σ w r, Σ w r d and Σ w r d dᵀ about some point, zero where missing
        shift : (D,) the mean less that point
        """
        missing = ~self.observed
        if self.gains is None:
            constant = np.where(missing, shift, 0.0)
            return first + rows * constant, second + rows * (constant**2 + self.spreads)
        constant = np.where(missing, shift - self.gains @ np.where(missing, 0.0, shift), 0.0)
        linear = self.gains @ first
        moved = linear + rows * constant
        squares = self.gains @ second @ self.gains.T + rows * self.spreads
        return moved, squares + np.outer(linear, constant) + np.outer(constant, moved)
