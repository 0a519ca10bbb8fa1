"""Contaminated normal components: a share of rows is wider (Punzo and McNicholas 2016).

f(x) = α N(x | μ, Σ) + (1 - α) N(x | μ, η Σ) with α ≥ ½ and η > 1: of each component a share of bad
rows is told from good ones. All that a Gaussian family says of structures, frames and priors is
asked of one; scatters are each component's own.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixtura.components.contaminated.evaluator import (
    ContaminatedEvaluator,
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
from mixtura.components.gaussian.parameters import VANISHED
from mixtura.components.gaussian.structures import Structure
from mixtura.components.gaussian.support import borrowed
from mixtura.components.wildness import RobustTotals

__all__ = ["ContaminatedFamily"]

Float = NDArray[np.float64]

# The range of shares of good rows, which are more than half, and of inflations.
LEAST_GOOD, MOST_GOOD = 0.5, 1.0 - 1e-9
LEAST_WIDER, MOST_WIDER = 1.001, 1e30
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

    def workspace(self, n_rows: int) -> Any:
        """Return buffers for tiles of up to `n_rows` rows."""
        return self.inner.workspace(n_rows), Scratch()

    def bind(self, log_weights: Float, parameters: ContaminatedParameters) -> ContaminatedEvaluator:
        """Return the evaluator of one sweep."""
        constant = -0.5 * self.n_columns * np.log(2 * np.pi)
        weights = np.tile(log_weights, 2) + parameters.log_shares + constant
        return ContaminatedEvaluator(self.inner.bind(weights, parameters.both))

    def unbound(self, n_components: int) -> GuessingEvaluator:
        """Return an evaluator that accumulates only, rows that are wild as bad ones."""
        return GuessingEvaluator(self.inner.unbound(2 * n_components))

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
        if (moments.guessed > 0).any():
            # How little wild rows count says nothing of a share, and nothing of how wide they are.
            gaussian = self._gaussian(moments, np.full(len(rows), MOST_WIDER), previous, prior)
            of_all = np.ones(len(rows))
            return ContaminatedParameters(gaussian, GOOD * of_all, WIDER * of_all)
        shares = np.clip(1.0 - bad / np.maximum(rows, VANISHED), LEAST_GOOD, MOST_GOOD)
        # Inflations come first: by those of before, a row far out would be all of a covariance.
        wider = moments.inflations
        if previous is not None:
            wider = self._inflations(previous.gaussian, moments)
        for _ in range(TURNS):
            gaussian = self._gaussian(moments, wider, previous, prior)
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
        every = replace(augmented, effective_rows=counted)
        before = None if previous is None else previous.gaussian
        return self.locations_and_scales(every, moments.effective_rows, before, prior)

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

    def prior(self, name: Any, shared: RobustTotals, n_components: int) -> ContaminatedPrior:
        """Return the penalty of that name, for rows as those that are not wild."""
        if isinstance(name, ContaminatedPrior):
            return name
        return ContaminatedPrior(self.inner.prior(name, shared.typical, n_components))

    def borrowed(self, moments: Any) -> Any:
        """Return the moments of a start: each component borrows as many rows as say nothing."""
        return replace(moments, good=borrowed(moments.good, self.rows_lent))

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
