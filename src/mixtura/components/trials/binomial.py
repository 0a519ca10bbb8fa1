"""Binomial components: rows of independent counts of successes in a known number of trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.constraints import Ties, pooled
from mixtura.components.saddle_point import LARGE, binomial_logs
from mixtura.components.stacked import Probabilities
from mixtura.errors import ParameterError
from mixtura.kinds import COUNT, ColumnKind, count_of

__all__ = ["BinomialFamily"]

Float = NDArray[np.float64]

# What trials may be: sums of so many keep their digits.
MOST_TRIALS = 2**40
TINY = np.finfo(np.float64).tiny


@final
@dataclass(frozen=True)
class BinomialFamily(ColumnwiseFamily):
    """K products of binomials: log f_k(x) = Σ_j log C(n_j, x_j) + x_j log p + (n_j - x_j) log(1-p).

    Attributes
    ----------
    columns, gaps
        As in `ColumnwiseFamily`.
    trials : n, of all columns or of each (D,); None before rows are read, whose highest it is then
    """

    trials: int | Sequence[int] | None = None

    name: ClassVar[str] = "binomial"
    plural: ClassVar[str] = "binomials"
    about: ClassVar[
        str
    ] = """Mixture of independent binomial columns, for counts of successes in so many trials.

    A count is how many of n questions were answered rightly, or of n days had rain; its variance is
    m (1 - m/n) for a mean of m.

    Parameters
    ----------
    trials : int, (D,) int or None
        n of all columns, or of each. None is the highest cell of each column, which a summary
        shows: fewer than there were, where nobody succeeded in all.
    """
    kind = COUNT
    reads_sparse = False
    values = Probabilities
    numbers = (Number("probabilities", "Probabilities of a success at each trial", 1.0),)

    def __post_init__(self) -> None:
        """Hold trials as a tuple (D,); raise `ParameterError` where they are none."""
        if self.trials is not None:
            object.__setattr__(self, "trials", trials_of(self.trials, self.columns))

    @cached_property
    def _trials(self) -> Float:
        """Return n (D,)."""
        return np.asarray(self.trials, dtype=np.float64)

    @classmethod
    def kinds_of(cls, columns: int, settings: Mapping[str, Any]) -> list[ColumnKind]:
        """Return counts up to the trials, where these are told."""
        told = settings.get("trials")
        if told is None:
            return super().kinds_of(columns, settings)
        return [count_of(most) for most in trials_of(told, columns)]

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return counts up to the trials."""
        return tuple(self.kinds_of(self.columns, {"trials": self.trials}))

    def reading(self, rows: Any) -> Self:
        """Return the family for rows with cells missing or without, and with trials."""
        family = super().reading(rows)
        if self.trials is not None:
            return family
        highest = np.maximum(np.nanmax(rows, axis=0), 1.0)
        return replace(family, trials=tuple(int(most) for most in highest))

    def settings(self) -> dict[str, Any]:
        """Return the trials."""
        return {"trials": [int(most) for most in self._trials]}

    def described(self, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the trials."""
        return self.settings()

    def title(self, n_components: int) -> str:
        """Return what the components are, with the trials."""
        several = sorted({int(most) for most in self._trials})
        shown = f"{several[0]:,}" if len(several) == 1 else f"{several[0]:,} to {several[-1]:,}"
        return f"{super().title(n_components)}\nsuccesses in {shown} trial(s)"

    def of_columns(self, columns: list[int]) -> Self:
        """Return the family of some columns, with their trials."""
        trials = tuple(int(self._trials[j]) for j in columns)
        return replace(self, columns=len(columns), trials=trials)

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write x."""
        features[:] = cells.T

    def log_base_cells(self, cells: Float) -> Float:
        """Return log C(n, x)."""
        rest = self._trials - cells
        return gammaln(self._trials + 1.0) - gammaln(cells + 1.0) - gammaln(rest + 1.0)

    def careful_log_density(self, rows: Any, parameters: Probabilities) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where there are many trials."""
        if self._trials.max() <= LARGE:
            return None
        shares = parameters.probabilities
        # What a component says is impossible costs a finite number of nats.
        pairs = zip(np.maximum(shares, TINY), np.maximum(1.0 - shares, TINY), strict=True)
        logs = np.array([binomial_logs(rows, self._trials, *own) for own in pairs])
        return np.where(np.isnan(rows), 0.0, logs).sum(axis=2).T

    def terms(self, parameters: Probabilities) -> tuple[Float, Float]:
        """Return n log(1 - p), and the logit of p."""
        shares = parameters.probabilities
        # Of small shares log(1 - p) keeps its digits, and that of none is floored.
        none = Probabilities(1.0 - shares).logs.copy()
        failures = np.log1p(-shares, where=shares < 1, out=none)
        return self._trials * failures, parameters.logs - failures

    def estimate_cells(
        self, rows: Float, sums: Float, previous: Probabilities | None
    ) -> Probabilities:
        """Return p_kj = Σ r x_j / n_j N_kj."""
        kept = np.full(sums.shape, 0.5) if previous is None else previous.probabilities.copy()
        np.divide(sums, self._trials * rows, out=kept, where=rows > 0)
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
        each = pooled(rows * self._trials, equal) / self._trials
        found = self.estimate_cells(each, pooled(sums, equal), previous).probabilities
        return Probabilities(np.where(np.isnan(own), found, own))

    def points(self, cells: Any) -> Float:
        """Return 2 √n arcsin √(x/n), whose deviation is about one wherever its mean is."""
        shares = np.clip(np.asarray(cells, np.float64) / self._trials, 0.0, 1.0)
        return 2.0 * np.sqrt(self._trials) * np.arcsin(np.sqrt(shares))

    def draw(self, own: Probabilities, rng: np.random.Generator) -> Float:
        """Return counts of successes (n, D)."""
        return rng.binomial(self._trials.astype(np.int64), own.probabilities).astype(np.float64)

    def mean_and_variance(self, parameters: Probabilities) -> tuple[Float, Float]:
        """Return n p and n p (1 - p)."""
        shares = parameters.probabilities
        return self._trials * shares, self._trials * shares * (1.0 - shares)

    def slopes(self, parameters: Probabilities) -> Sequence[Float]:
        """Return -n / (1 - p) of a row and 1 / p (1 - p) of a success."""
        shares = parameters.probabilities
        failures = 1.0 - shares
        return [self.by_column(-self._trials / failures, 1.0 / (shares * failures))]

    def curvatures(self, parameters: Probabilities) -> Sequence[Sequence[Float]]:
        """Return -n / (1 - p)² of a row and 1 / (1 - p)² - 1 / p² of a success."""
        shares = parameters.probabilities
        failures = (1.0 - shares) ** 2
        return [[self.by_column(-self._trials / failures, 1.0 / failures - 1.0 / shares**2)]]

    def support(self, parameters: Probabilities, effective_rows: Float) -> Sequence[Float]:
        """Return the successes or the failures expected, whichever are fewer."""
        shares = parameters.probabilities
        return [effective_rows[:, None] * self._trials * np.minimum(shares, 1.0 - shares)]


def trials_of(told: Any, columns: int) -> tuple[int, ...]:
    """Return the trials of each column (D,).

    Raises
    ------
    ParameterError
        If they are no whole numbers from 1 up, or not as many as columns.
    """
    array = np.asarray(told)
    numeric = array.dtype.kind in "iuf" and array.ndim <= 1
    if not numeric or not ((array >= 1) & (array == np.floor(array)) & np.isfinite(array)).all():
        raise ParameterError(
            f"trials should be a whole number from 1 up, or one for each column, but got {told!r}"
        )
    if (array > MOST_TRIALS).any():
        raise ParameterError(
            f"trials may be up to {MOST_TRIALS:,}, but got {array.max():.16g}; fit shares "
            "of the trials by BetaMixture, or counts by PoissonMixture or NegativeBinomialMixture"
        )
    if array.ndim and len(array) != columns:
        raise ParameterError(
            f"trials should be one number, or one for each of the {columns} columns, but got "
            f"{len(array)}"
        )
    return tuple(int(most) for most in np.broadcast_to(array, columns))
