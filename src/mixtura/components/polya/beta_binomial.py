"""Beta-binomial components: counts of successes in so many trials that vary more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.columnwise import Number
from mixtura.components.feature_sums import FeatureMoments
from mixtura.components.polya.likeliest import Urns
from mixtura.components.polya.masses import (
    Counted,
    beta_binomial_logs,
    correlations_of,
    counted,
    feedback_of,
)
from mixtura.components.polya.two_sides import TwoSides
from mixtura.components.saddle_point import careful_sums
from mixtura.components.simplex import SMALLEST
from mixtura.components.stacked import Stacked
from mixtura.components.tabled import TabledFamily
from mixtura.components.trials.known import TRIALS, TrialsFamily
from mixtura.errors import ParameterError

__all__ = ["BetaBinomialFamily", "CorrelatedTrials"]

Float = NDArray[np.float64]

# The square of its inverse is a number.
LEAST_MASS = 1e-150
# Up to so many trials a distribution function is a sum of probabilities.
MOST_LISTED = 1_000_000
# What is said where correlations are at an end.
ENDS = {
    0.0: "vary no more in '{name}' than a binomial's: their correlation there is 0",
    1.0: "are all successes or all failures in '{name}': their correlation there is 1",
}


@dataclass(frozen=True, slots=True)
class CorrelatedTrials(Stacked):
    """Probabilities p and correlations ρ (K, D): variances are n p (1 - p) (1 + (n - 1) ρ)."""

    probabilities: Float
    correlations: Float

    @property
    def urns(self) -> Urns:
        """Return them as shares of successes and of failures, and feedback, column by column."""
        p = self.probabilities
        shares = np.stack([p, 1.0 - p], axis=2).reshape(len(p), -1)
        return Urns(shares, feedback_of(self.correlations))


@final
@dataclass(frozen=True, eq=False)
class BetaBinomialFamily(TrialsFamily, TabledFamily):
    """K products of beta-binomials of probabilities p_kj and correlations ρ_kj = 1/(a + b + 1).

    Attributes
    ----------
    columns, gaps, sparse, keys, unit
        As in `TabledFamily`.
    trials
        As in `TrialsFamily`.
    """

    name: ClassVar[str] = "beta_binomial"
    plural: ClassVar[str] = "beta-binomials"
    about: ClassVar[str] = (
        """Mixture of independent beta-binomial columns, for successes that vary more than chance.

    The probability of a success differs from row to row as a beta's of mean p: any two trials of a
    row have the correlation ρ, and the variance of a count is n p (1 - p) (1 + (n - 1) ρ). Where
    the rows of a component vary no more than a binomial's, ρ is 0 and the component is one; a
    summary says so. Where all trials of a row come out alike, ρ is 1."""
        + TRIALS
    )
    least_keys = 1
    values = CorrelatedTrials
    numbers = (
        Number("probabilities", "Probabilities of a success at each trial", 1.0),
        Number("correlations", "Correlations of two trials of a row", 1.0),
    )

    def log_base_cells(self, cells: Float) -> Float:
        """Return zeros: tables hold all of log f(x)."""
        return np.zeros_like(cells)

    def even_terms(self, log_widths: Float) -> tuple[Float, Float]:
        """Return the constants, and zeros."""
        return -log_widths[None], np.zeros((1, self.n_cells))

    def rounding(self, parameters: Any, moments: FeatureMoments) -> float:
        """Return the rounding of log f(0) and of what is beyond it."""
        sizes = np.abs(self.natural(parameters))
        return float(np.finfo(np.float64).eps * np.vdot(sizes, np.abs(moments.features)))

    def careful_log_density(self, rows: Any, parameters: CorrelatedTrials) -> Float | None:
        """Return log f_k(x) (n, K) cell by cell where a count is large."""

        def logs(cells: Float, share: Float, correlation: Float) -> Float:
            return beta_binomial_logs(cells, self.trials_each, share, correlation)

        return careful_sums(rows, tuple(self.arrays(parameters).values()), logs)

    def terms(self, parameters: CorrelatedTrials) -> tuple[Float, Float]:
        """Return log f(0), and log f(x) - log f(0) of each count."""
        p, correlations = self.arrays(parameters).values()
        none = beta_binomial_logs(np.zeros_like(p), self.trials_each, p, correlations)
        own = self.columns_read
        each = beta_binomial_logs(
            np.broadcast_to(self.counts_read, (len(p), len(own))),
            self.trials_each[own],
            p[:, own],
            correlations[:, own],
        )
        return none, each - none[:, own]

    def sides(self, parameters: CorrelatedTrials) -> tuple[Counted, Counted, Float]:
        """Return successes and failures as counts of any total, and log f (K, D) of their total."""
        p, correlations, n = *self.arrays(parameters).values(), self.trials_each
        both = counted(np.ones_like(p), correlations, n).logs(n)
        return counted(p, correlations, n), counted(1.0 - p, correlations, n), both

    def masses(self, parameters: CorrelatedTrials) -> Float:
        """Return the probabilities (n + 1, K) of 0, 1, ..., n in the first column.

        Raises
        ------
        ParameterError
            If there are more trials than are listed.
        """
        if self.trials_each[0] > MOST_LISTED:
            raise ParameterError(
                f"of {self.trials_each[0]:,.0f} trials no distribution function is told; it is the "
                f"sum of as many probabilities, and told of {MOST_LISTED:,} at the most"
            )
        counts = np.arange(self.trials_each[0] + 1.0)[:, None]
        own = (array[:, 0] for array in self.arrays(parameters).values())
        return np.exp(beta_binomial_logs(counts, self.trials_each[:1], *own))

    @cached_property
    def _urn(self) -> TwoSides:
        return TwoSides.of(self.counts_read, self.bounds_read, self.trials_each)

    def estimate_cells(
        self, rows: Float, sums: Float, previous: CorrelatedTrials | None
    ) -> CorrelatedTrials:
        """Return the likeliest probabilities and correlations of the tables of counts."""
        zeros = np.maximum(rows - self.by_table(sums), 0.0)
        guess = None if previous is None else previous.urns
        found = self._urn.tables(sums, zeros).likeliest(guess)
        probabilities, correlations = found.shares[:, ::2], correlations_of(found.feedback)
        if previous is not None:
            some = rows > SMALLEST
            probabilities = np.where(some, probabilities, previous.probabilities)
            correlations = np.where(some, correlations, previous.correlations)
        return CorrelatedTrials(probabilities, correlations)

    def draw(self, own: CorrelatedTrials, rng: np.random.Generator) -> Float:
        """Return counts (n, D): binomial ones of probabilities that are beta, or the mean."""
        p, correlations = own.probabilities, own.correlations
        varying = (correlations > 0) & (correlations < 1) & (p > 0) & (p < 1)
        both = np.where(varying, (1.0 - correlations) / np.where(varying, correlations, 1.0), 1.0)
        shares = np.where(varying, p, 0.5)
        drawn = rng.beta(shares * both, (1.0 - shares) * both)
        alike = (rng.random(p.shape) < p) * 1.0
        chances = np.where(varying, drawn, np.where(correlations < 1, p, alike))
        return rng.binomial(self.trials_each.astype(np.int64), chances).astype(np.float64)

    def mean_and_variance(self, parameters: CorrelatedTrials) -> tuple[Float, Float]:
        """Return n p and n p (1 - p) (1 + (n - 1) ρ)."""
        p, n = parameters.probabilities, self.trials_each
        return n * p, n * p * (1.0 - p) * self._spread_over_chance(parameters)

    def _spread_over_chance(self, parameters: CorrelatedTrials) -> Float:
        return 1.0 + (self.trials_each - 1.0) * parameters.correlations

    def remarks(self, parameters: CorrelatedTrials, columns: Sequence[str]) -> list[str]:
        """Return where components are binomials, and where all trials of a row are alike."""
        found = []
        for name, correlations in zip(columns, parameters.correlations.T, strict=True):
            for end, words in ENDS.items():
                there = np.flatnonzero(correlations == end)
                if there.size:
                    listed = ", ".join(map(str, there))
                    found.append(f"the rows of component(s) {listed} {words.format(name=name)}")
        return found

    def slopes(self, parameters: CorrelatedTrials) -> Sequence[Float]:
        """Return the derivatives by p, and by ρ, through γ; nothing by a ρ of 1."""
        by_share, by_feedback = self._first(parameters)
        speed, _ = _feedback_bends(parameters.correlations)
        return [self.spread(*by_share), self._scaled(by_feedback, speed)]

    def curvatures(self, parameters: CorrelatedTrials) -> Sequence[Sequence[Float]]:
        """Return the second derivatives of `slopes`."""
        urn, (own, rest) = self._urn, self._masses(parameters)
        i, j = urn.drawn.steps, urn.totals.steps
        speed, more = _feedback_bends(parameters.correlations)
        twice = urn.between(-1.0 / own**2, 1.0)
        across = self._scaled(urn.between(-i / own**2, -1.0), speed)
        bend = urn.between(-((i / own) ** 2), 1.0)
        bend = bend[0] + urn.totals.up_to_counts((j / rest) ** 2), bend[1]
        by_feedback = self._scaled(bend, speed**2) + self._scaled(self._first(parameters)[1], more)
        return [[self.spread(*twice), across], [across, by_feedback]]

    def _first(self, parameters: CorrelatedTrials) -> tuple[Any, Any]:
        """Return the derivatives by p and by γ, of log f(0) (K, D) and counts beyond (K, C)."""
        urn, (own, rest) = self._urn, self._masses(parameters)
        none, above = urn.between(urn.drawn.steps / own, 1.0)
        none = none - urn.totals.up_to_counts(urn.totals.steps / rest)
        return urn.between(1.0 / own, -1.0), (none, above)

    def _masses(self, parameters: CorrelatedTrials) -> tuple[Float, Float]:
        """Return p + iγ, or 1 - p + iγ, at the nodes of counts, and 1 + iγ at those of trials."""
        inner = np.where(parameters.correlations < 1, parameters.correlations, 0.0)
        urns = replace(parameters, correlations=inner).urns
        own, rest = self._urn.masses(urns)
        return np.maximum(own, LEAST_MASS), rest

    def _scaled(self, bends: tuple[Float, Float], times: Float) -> Float:
        """Return derivatives times what columns have (K, D), as (K, D, P)."""
        return self.spread(bends[0] * times, bends[1] * times[:, self.columns_read])

    def support(self, parameters: CorrelatedTrials, effective_rows: Float) -> Sequence[Float]:
        """Return the fewer of successes and failures that count; no row of a ρ at its ends."""
        p, correlations = parameters.probabilities, parameters.correlations
        rows = effective_rows[:, None] * np.ones_like(p)
        trials = self.trials_each / self._spread_over_chance(parameters)
        inside = (correlations > 0) & (correlations < 1)
        return [rows * trials * np.minimum(p, 1.0 - p), np.where(inside, rows, 0.0)]


def _feedback_bends(correlations: Float) -> tuple[Float, Float]:
    """Return the first and second derivatives of γ by ρ, nothing at 1."""
    rest = np.where(correlations < 1, 1.0 - correlations, np.inf)
    return rest**-2.0, 2.0 * rest**-3.0
