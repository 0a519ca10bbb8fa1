"""Contaminated normal components: a share of rows is wider (Punzo and McNicholas 2016).

f(x) = α N(x | μ, Σ) + (1 - α) N(x | μ, η Σ) with α ≥ ½ and η > 1: of each component a share of bad
rows is told from good ones. All that a Gaussian family says of structures, frames and priors is
asked of one; scatters are each component's own.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixtura.components.contaminated.evaluator import (
    ContaminatedEvaluator,
    ContaminatedTile,
    GuessingEvaluator,
    Scratch,
)
from mixtura.components.contaminated.parameters import (
    ContaminatedMoments,
    ContaminatedParameters,
    ContaminatedPrior,
    ContaminatedSums,
)
from mixtura.components.contaminated.values import ContaminatedValues
from mixtura.components.gaussian.prior import NoPrior, ScatterPrior
from mixtura.components.gaussian.structures import Structure
from mixtura.components.gaussian.support import borrowed
from mixtura.components.student_t.parameters import StudentTTotals
from mixtura.components.student_t.scales import WILD

__all__ = ["ContaminatedFamily"]

Float = NDArray[np.float64]

VANISHED = 1e-290
# The range of shares of good rows, which are more than half, and of inflations.
LEAST_GOOD, MOST_GOOD = 0.5, 1.0 - 1e-9
LEAST_WIDER, MOST_WIDER = 1.001, 1e12
# Of a start: some rows of all are bad, and much wider.
GOOD, WIDER = 0.9, 10.0
# Covariances and inflations are maximised in turn until these change by less, so often at the most.
TURNS, CHANGE = 30, 1e-8


@dataclass(frozen=True)
class ContaminatedFamily(ContaminatedValues):
    """K contaminated normal components of one structure of covariances.

    Attributes
    ----------
    inner : Gaussian components of the structure; the origin and the spreads of its frame are to be
        such as wild rows do not bend
    """

    inner: Any

    name: ClassVar[str] = "contaminated"
    has_noise: ClassVar[bool] = False

    @classmethod
    def of(
        cls, form: Structure, middle: Float, spread: Float, steps: Float | None
    ) -> "ContaminatedFamily":
        """Return the family for columns of the given middles (D,) and spreads (D,)."""
        return cls(cls.framed(form, middle, spread, steps))

    @property
    def fewest_rows(self) -> float:
        """Return as many as one component has parameters."""
        return float(self.n_free(1))

    def workspace(self, n_rows: int) -> Any:
        """Return buffers for tiles of up to `n_rows` rows."""
        return self.inner.workspace(n_rows), Scratch()

    def prepare(self, rows: NDArray[Any], workspace: Any) -> ContaminatedTile:
        """Return the tile of rows (n, D)."""
        gaussian, scratch = workspace
        scratch.owner = None
        return ContaminatedTile(self.inner.prepare(rows, gaussian), scratch, self._units)

    @cached_property
    def _units(self) -> Float:
        """Return the distances (D, 1) from the origin, in the frame, beyond which rows are wild."""
        return (WILD * self.inner.frame.spread / self.inner.frame.scale)[:, None]

    def bind(self, log_weights: Float, parameters: ContaminatedParameters) -> ContaminatedEvaluator:
        """Return the evaluator of one sweep."""
        constant = -0.5 * self.n_columns * np.log(2 * np.pi)
        weights = np.tile(log_weights, 2) + parameters.log_shares + constant
        return ContaminatedEvaluator(self.inner.bind(weights, parameters.both))

    def unbound(self, n_components: int) -> GuessingEvaluator:
        """Return an evaluator that accumulates only, rows that are wild as bad ones."""
        return GuessingEvaluator(self.inner.unbound(2 * n_components))

    def shared(self, prepared: ContaminatedTile, row_weights: Float | None) -> StudentTTotals:
        """Return the weight of a tile, and sums in which wild rows count for little."""
        counted = prepared.wildness() if row_weights is None else prepared.wildness() * row_weights
        weight = len(counted) if row_weights is None else row_weights.sum()
        return StudentTTotals(float(weight), self.inner.shared(prepared.gaussian, counted))

    def offset(
        self, parameters: ContaminatedParameters, sums: ContaminatedSums, shared: StudentTTotals
    ) -> float:
        """Return what the units of the frame are worth."""
        return shared.weight * self.inner.frame.log_jacobian

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: StudentTTotals, distinct_share: float
    ) -> None:
        """Return None: there is no compiled loop."""

    def moments(
        self, sums: ContaminatedSums, previous: ContaminatedParameters | None, shared: Any
    ) -> ContaminatedMoments:
        """Return means and scatters of good rows and of bad ones."""
        before = None if previous is None else previous.gaussian
        good, bad = (
            self.inner.moments(own, before, shared.robust) for own in (sums.good, sums.bad)
        )
        inflations = np.full(len(sums.rows), WIDER) if previous is None else previous.inflations
        return ContaminatedMoments(good, bad, inflations, sums.posterior, sums.guessed)

    def maximise(
        self,
        moments: ContaminatedMoments,
        previous: ContaminatedParameters | None,
        prior: ContaminatedPrior,
    ) -> ContaminatedParameters:
        """Return parameters that raise the expected log density of rows and of how good they are.

        Covariances given inflations and these given those have closed forms, taken in turn.
        """
        moments = prior.augment(moments)
        rows, bad = moments.effective_rows, moments.bad.effective_rows
        guessed = moments.guessed > 0
        shares = np.clip(1.0 - bad / np.maximum(rows, VANISHED), LEAST_GOOD, MOST_GOOD)
        wider = moments.inflations if previous is None else previous.inflations
        for _ in range(TURNS):
            gaussian = self._gaussian(moments, wider, previous, prior)
            if guessed.any():
                # How little wild rows count says nothing of a share.
                return ContaminatedParameters(
                    gaussian, np.full(len(rows), GOOD), np.full(len(rows), WIDER)
                )
            before, wider = wider, self._inflations(gaussian, moments)
            if (np.abs(wider - before) <= CHANGE * wider).all():
                break
        gaussian = self._gaussian(moments, wider, previous, prior)
        if previous is not None:
            vanished = rows <= VANISHED
            shares = np.where(vanished, previous.shares, shares)
            wider = np.where(vanished, previous.inflations, wider)
        return ContaminatedParameters(gaussian, shares, wider)

    def _gaussian(
        self,
        moments: ContaminatedMoments,
        inflations: Float,
        previous: ContaminatedParameters | None,
        prior: ContaminatedPrior,
    ) -> Any:
        """Return means and covariances for inflations."""
        weighted = moments.weighted_by(inflations)
        augmented = weighted if moments.penalty is None else moments.penalty.augment(weighted)
        counted = moments.effective_rows + augmented.effective_rows - weighted.effective_rows
        if (moments.guessed > 0).any():
            # All rows count as those that are not wild.
            times = moments.effective_rows / np.maximum(weighted.effective_rows, VANISHED)
            shaped = times.reshape(-1, *(1,) * (augmented.scatter.ndim - 1))
            augmented = replace(augmented, scatter=augmented.scatter * shaped)
        means = augmented.means
        if previous is not None:
            vanished = moments.effective_rows <= VANISHED
            means = np.where(vanished[:, None], previous.means, means)
        every = replace(augmented, effective_rows=counted, means=means)
        floor = prior.floor
        kept = NoPrior() if floor is None else ScatterPrior(np.zeros(1), 0.0, floor)
        return self.inner.maximise(every, None if previous is None else previous.gaussian, kept)

    def _inflations(self, gaussian: Any, moments: ContaminatedMoments) -> Float:
        """Return η = Σ r (1 - v) δ / (D Σ r (1 - v)) for means and covariances."""
        bad = moments.bad
        shift = bad.means - gaussian.means
        distance = (shift * gaussian.covariance.precision_times(shift)).sum(axis=1)
        precisions = gaussian.covariance.precisions()
        if precisions.ndim == 1:
            precisions = precisions[:, None]
        axes = tuple(range(1, bad.scatter.ndim))
        within = (precisions * bad.scatter).sum(axis=axes)
        rows = np.maximum(bad.effective_rows, VANISHED)
        found = (within / rows + distance) / self.n_columns
        return np.clip(found, LEAST_WIDER, MOST_WIDER)

    def expected_log_density(
        self, parameters: ContaminatedParameters, moments: ContaminatedMoments
    ) -> float:
        """Return Σ_k Σ_i w r E[log f_k(x_i, v)], and the entropy of v given x."""
        k, both = moments.good.effective_rows.size, parameters.both
        log_good, log_bad = np.split(parameters.log_shares, 2)
        found = sum(
            self.inner.expected_log_density(both.take(own), part)
            for own, part in ((slice(0, k), moments.good), (slice(k, 2 * k), moments.bad))
        )
        rows = moments.good.effective_rows, moments.bad.effective_rows
        return float(found + rows[0] @ log_good + rows[1] @ log_bad + moments.posterior.sum())

    def n_free(self, n_components: int) -> int:
        """Return the number of free means, covariances, shares and inflations."""
        return self.inner.n_free(n_components) + 2 * n_components

    def prior(self, name: Any, shared: StudentTTotals, n_components: int) -> ContaminatedPrior:
        """Return the penalty of that name, for rows as those that are not wild."""
        if isinstance(name, ContaminatedPrior):
            return name
        return ContaminatedPrior(self.inner.prior(name, shared.typical, n_components))

    def borrowed(self, moments: Any) -> Any:
        """Return the moments of a start: each component borrows as many rows as say nothing."""
        lent = self.structure.least_rows(self.n_columns)
        return replace(moments, good=borrowed(moments.good, lent))

    def coordinates(self, moments: ContaminatedMoments, total: float) -> Float:
        """Return shares, means and covariances of good rows, and of bad ones, as one vector."""
        parts = [self.inner.coordinates(own, total) for own in (moments.good, moments.bad)]
        return np.concatenate(parts)

    def moments_at(
        self, coordinates: Float, like: ContaminatedMoments, total: float
    ) -> ContaminatedMoments | None:
        """Return the moments at a point, or None where a share is too small."""
        halves = np.split(coordinates, 2)
        good, bad = (
            self.inner.moments_at(half, own, total)
            for half, own in zip(halves, (like.good, like.bad), strict=True)
        )
        return None if good is None or bad is None else replace(like, good=good, bad=bad)

    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> None:
        """Return None: extrapolated moments are all that accelerates a run."""

    def centres(
        self, previous: Any, sums: ContaminatedSums, moments: ContaminatedMoments
    ) -> ContaminatedParameters | None:
        """Return the means to take the sums about, where the origin lost too many digits."""
        before = None if previous is None else previous.gaussian
        about = self.inner.centres(before, sums.good, moments.good)
        if about is None:
            return None
        k = len(sums.rows)
        return ContaminatedParameters(about, np.full(k, GOOD), np.full(k, WIDER))
