"""What missing cells are worth: margins of the observed columns, and moments of the rest.

With Σ⁻¹ = P, sweeping P on the missing columns m (Dempster 1969) leaves the precision of the
observed margin P_oo - P_om P_mm⁻¹ P_mo, the regression E[x_m | x_o] = μ_m - P_mm⁻¹ P_mo (x_o - μ_o)
and its covariance P_mm⁻¹ in one matrix. All are linear in x_o, so sums over the rows of a pattern
are completed at once (Little and Rubin 2002, chapter 11), not row by row.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import conditional

__all__ = [
    "Completion",
    "DiagonalCompletion",
    "FullCompletion",
    "PatternSums",
    "careful_completion",
    "completion_of",
]

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PatternSums:
    """Sums over the rows of S patterns, zero where a column was not observed.

    Attributes
    ----------
    rows : (S, K) Σ w r
    first : (S, K, D) Σ w r x
    second : (S, K, D) or (S, K, D, D), Σ w r x xᵀ or its diagonal
    """

    rows: Float
    first: Float
    second: Float


class Completion(Protocol):
    """S patterns under the parameters of K components."""

    @property
    def precisions(self) -> Float:
        """Of the observed margins, zero elsewhere, (S, K, D) or (S, G, D, D) of G shared ones."""
        ...

    @property
    def log_pivots(self) -> Float:
        """The (S, K) values of log|P_mm|."""
        ...

    def times(self, means: Float) -> Float:
        """Return the precisions times the means (K, D), (S, K, D)."""
        ...

    def complete(self, sums: PatternSums, shift: Float) -> tuple[Float, Float]:
        """Return Σ w r E[d] (K, D) and Σ w r E[d dᵀ] (K, D, D), or its diagonal, of all patterns.

        Parameters
        ----------
        sums : about some points, one for each component
        shift : (K, D) the means less those points
        """
        ...


@dataclass(frozen=True, slots=True)
class FullCompletion:
    """See `Completion`; G covariances are shared by K / G components each.

    Attributes
    ----------
    swept : (S, G, D, D) the precision of the observed margin; less the regression, in the rows of
        missing columns; less the covariance of the missing columns given the observed ones
    pivots : (S, G) log|P_mm|
    observed : (S, 1, D) float64, 1 for an observed column
    n_sharing : K / G
    """

    swept: Float
    pivots: Float
    observed: Float
    n_sharing: int

    @property
    def log_pivots(self) -> Float:
        """Return log|P_mm| for every component (S, K)."""
        return np.repeat(self.pivots, self.n_sharing, axis=1)

    @property
    def precisions(self) -> Float:
        """Return the precisions (S, G, D, D) of the observed margins, zero elsewhere."""
        return self.swept * (self.observed[..., :, None] * self.observed[..., None, :])

    def times(self, means: Float) -> Float:
        """Return the precisions times the means (K, D), (S, K, D)."""
        seen = (self.observed * means).reshape(*self.swept.shape[:2], self.n_sharing, -1)
        found = (seen @ self.swept).reshape(len(self.swept), *means.shape)
        return found * self.observed

    def complete(self, sums: PatternSums, shift: Float) -> tuple[Float, Float]:
        """Return Σ w r E[d] and Σ w r E[d dᵀ], where E[d] = G d_o + c with c zero if observed."""
        n_patterns, n_components, n_columns = sums.first.shape
        groups, sharing = self.swept.shape[1], self.n_sharing
        missing, each = 1.0 - self.observed, np.arange(n_columns)
        gains = self.swept * (-missing[..., :, None] * self.observed[..., None, :])
        gains[..., each, each] = self.observed
        turned = gains.swapaxes(2, 3)
        apart = n_patterns, groups, sharing, n_columns
        seen = (shift * self.observed).reshape(apart) @ turned
        constants = missing * (shift - seen.reshape(sums.first.shape))
        linear = (sums.first.reshape(apart) @ turned).reshape(sums.first.shape)
        # Matrices of components that share the gains go through them side by side.
        beside = sums.second.reshape(*apart, n_columns).swapaxes(2, 3)
        left = gains @ beside.reshape(n_patterns, groups, n_columns, -1)
        both = left.reshape(n_patterns, groups, n_columns * sharing, n_columns) @ turned
        squares = both.sum(axis=0).reshape(groups, n_columns, sharing, n_columns).swapaxes(1, 2)
        moved = linear + sums.rows[..., None] * constants
        across = np.matmul(linear.transpose(1, 2, 0), constants.swapaxes(0, 1))
        across += np.matmul(constants.transpose(1, 2, 0), moved.swapaxes(0, 1))
        unseen = self.swept * (missing[..., :, None] * missing[..., None, :])
        spreads = np.matmul(
            sums.rows.reshape(n_patterns, groups, sharing).transpose(1, 2, 0),
            unseen.reshape(n_patterns, groups, -1).swapaxes(0, 1),
        )
        second = squares.reshape(n_components, n_columns, n_columns) + across
        return moved.sum(axis=0), second - spreads.reshape(second.shape)


@dataclass(frozen=True, slots=True)
class DiagonalCompletion:
    """See `Completion`.

    Attributes
    ----------
    missing : (S, 1, D)
    variances : (K, D)
    """

    precisions: Float
    log_pivots: Float
    missing: Mask
    variances: Float

    def times(self, means: Float) -> Float:
        """Return the precisions times the means (K, D), (S, K, D)."""
        return self.precisions * means

    def complete(self, sums: PatternSums, shift: Float) -> tuple[Float, Float]:
        """Return Σ w r E[d] and the diagonals of Σ w r E[d dᵀ]."""
        unseen = np.einsum("sk,sd->kd", sums.rows, self.missing[:, 0].astype(np.float64))
        first = sums.first.sum(axis=0) + unseen * shift
        return first, sums.second.sum(axis=0) + unseen * (shift**2 + self.variances)


def completion_of(precisions: Float, observed: Mask, n_sharing: int = 1) -> Completion:
    """Return the completion of patterns (S, D) under precisions (K, D), or (K / `n_sharing`, D, D).

    Parameters
    ----------
    n_sharing : how many components have each of the precisions
    """
    if precisions.ndim == 2:
        missing = ~observed[:, None, :]
        logs = np.where(missing, np.log(precisions), 0.0).sum(axis=2)
        kept = np.where(missing, 0.0, precisions)
        return DiagonalCompletion(kept, logs, missing, 1.0 / precisions)
    swept, log_pivots = _swept(precisions, ~observed)
    return FullCompletion(swept, log_pivots, observed[:, None, :].astype(np.float64), n_sharing)


def _swept(precisions: Float, missing: Mask) -> tuple[Float, Float]:
    """Return precisions (K, D, D) swept on the missing columns (S, D), and log|P_mm| (S, K)."""
    # Those that lack most come first, so that those with a pivot left are always the first ones.
    by_count = np.argsort(-missing.sum(axis=1), kind="stable")
    missing = missing[by_count]
    counts = missing.sum(axis=1)
    swept = np.repeat(precisions[None], len(missing), axis=0)
    log_pivots = np.zeros(swept.shape[:2])
    # Missing columns first, in their order.
    order = np.argsort(~missing, axis=1, kind="stable")
    for turn in range(int(counts.max(initial=0))):
        places = np.arange(np.count_nonzero(counts > turn))
        part, pivot = swept[: len(places)], order[places, turn]
        row = part[places, :, pivot, :]
        value = row[places, :, pivot]
        # Components that are too ill-conditioned for this go by `careful_completion`.
        with np.errstate(divide="ignore", invalid="ignore"):
            log_pivots[places] += np.log(value)
            scaled = row / value[:, :, None]
            part -= row[..., :, None] * scaled[..., None, :]
            part[places, :, pivot, :] = scaled
            part[places, :, :, pivot] = scaled
            part[places, :, pivot, pivot] = -1.0 / value
    back = np.argsort(by_count)
    return swept[back], log_pivots[back]


def careful_completion(parameters: GaussianParameters, observed: Mask) -> Completion:
    """Return the completion of one pattern (D,) from factors, which loses no digits."""
    given, rest = np.flatnonzero(observed), np.flatnonzero(~observed)
    if parameters.covariance.factors.ndim < 3:
        covariance = parameters.covariance
        precisions = np.broadcast_to(
            covariance.precisions().reshape(len(parameters.means), -1), parameters.means.shape
        )
        return completion_of(np.array(precisions), observed[None])
    found = conditional(parameters, given.tolist(), rest.tolist())
    n_components, n_columns = parameters.means.shape
    swept = np.zeros((1, n_components, n_columns, n_columns))
    swept[0][:, rest[:, None], given] = -found.gains
    swept[0][:, rest[:, None], rest] = -found.rest.covariance.covariances()
    pivots = 2.0 * found.rest.covariance.log_determinant()[None]
    return FullCompletion(swept, pivots, observed[None, None].astype(np.float64), 1)
