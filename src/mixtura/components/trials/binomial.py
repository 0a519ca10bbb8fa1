"""Binomial components: rows of independent counts of successes in a known number of trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mixtura.components.columnwise import Number
from mixtura.components.constraints import Ties, pooled
from mixtura.components.saddle_point import LARGE, binomial_logs
from mixtura.components.stacked import Probabilities
from mixtura.components.trials.known import TRIALS, TrialsFamily

__all__ = ["BinomialFamily"]

Float = NDArray[np.float64]

TINY = np.finfo(np.float64).tiny


@final
@dataclass(frozen=True)
class BinomialFamily(TrialsFamily):
    """K products of binomials: log f_k(x) = Σ_j log C(n_j, x_j) + x_j log p + (n_j - x_j) log(1-p).

    Attributes
    ----------
    columns, gaps, trials
        As in `TrialsFamily`.
    """

    name: ClassVar[str] = "binomial"
    plural: ClassVar[str] = "binomials"
    about: ClassVar[str] = (
        """Mixture of independent binomial columns, for counts of successes in so many trials.

    A count is how many of n questions were answered rightly, or of n days had rain; its variance is
    m (1 - m/n) for a mean of m."""
        + TRIALS
    )
    reads_sparse = False
    values = Probabilities
    numbers = (Number("probabilities", "Probabilities of a success at each trial", 1.0),)

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write x."""
        features[:] = cells.T

    def log_base_cells(self, cells: Float) -> Float:
        """Return log C(n, x)."""
        rest = self.trials_each - cells
        return gammaln(self.trials_each + 1.0) - gammaln(cells + 1.0) - gammaln(rest + 1.0)

    def careful_log_density(self, rows: Any, parameters: Probabilities) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where there are many trials."""
        if self.trials_each.max() <= LARGE:
            return None
        shares = parameters.probabilities
        # What a component says is impossible costs a finite number of nats.
        pairs = zip(np.maximum(shares, TINY), np.maximum(1.0 - shares, TINY), strict=True)
        logs = np.array([binomial_logs(rows, self.trials_each, *own) for own in pairs])
        return np.where(np.isnan(rows), 0.0, logs).sum(axis=2).T

    def terms(self, parameters: Probabilities) -> tuple[Float, Float]:
        """Return n log(1 - p), and the logit of p."""
        shares = parameters.probabilities
        # Of small shares log(1 - p) keeps its digits, and that of none is floored.
        none = Probabilities(1.0 - shares).logs.copy()
        failures = np.log1p(-shares, where=shares < 1, out=none)
        return self.trials_each * failures, parameters.logs - failures

    def estimate_cells(
        self, rows: Float, sums: Float, previous: Probabilities | None
    ) -> Probabilities:
        """Return p_kj = Σ r x_j / n_j N_kj."""
        kept = np.full(sums.shape, 0.5) if previous is None else previous.probabilities.copy()
        np.divide(sums, self.trials_each * rows, out=kept, where=rows > 0)
        return Probabilities(np.clip(kept, 0.0, 1.0))

    def estimate_under(
        self,
        rows: Float,
        sums: Float,
        previous: Probabilities | None,
        values: Sequence[Float],
        ties: Sequence[Ties],
    ) -> Probabilities:
        """Return the estimates, of those that are equal from all their trials."""
        (own,), (equal,) = values, ties
        each = pooled(rows * self.trials_each, equal) / self.trials_each
        found = self.estimate_cells(each, pooled(sums, equal), previous).probabilities
        return Probabilities(np.where(np.isnan(own), found, own))

    def draw(self, own: Probabilities, rng: np.random.Generator) -> Float:
        """Return counts of successes (n, D)."""
        return rng.binomial(self.trials_each.astype(np.int64), own.probabilities).astype(np.float64)

    def mean_and_variance(self, parameters: Probabilities) -> tuple[Float, Float]:
        """Return n p and n p (1 - p)."""
        shares = parameters.probabilities
        return self.trials_each * shares, self.trials_each * shares * (1.0 - shares)

    def slopes(self, parameters: Probabilities) -> Sequence[Float]:
        """Return -n / (1 - p) of a row and 1 / p (1 - p) of a success."""
        shares = parameters.probabilities
        failures = 1.0 - shares
        return [self.by_column(-self.trials_each / failures, 1.0 / (shares * failures))]

    def curvatures(self, parameters: Probabilities) -> Sequence[Sequence[Float]]:
        """Return -n / (1 - p)² of a row and 1 / (1 - p)² - 1 / p² of a success."""
        shares = parameters.probabilities
        failures = (1.0 - shares) ** 2
        return [[self.by_column(-self.trials_each / failures, 1.0 / failures - 1.0 / shares**2)]]

    def support(self, parameters: Probabilities, effective_rows: Float) -> Sequence[Float]:
        """Return the successes or the failures expected, whichever are fewer."""
        shares = parameters.probabilities
        return [effective_rows[:, None] * self.trials_each * np.minimum(shares, 1.0 - shares)]
