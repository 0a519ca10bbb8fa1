"""How well a column is told by a line through others, from sums that are known of all."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments"]

Float = NDArray[np.float64]

# Of a column's variance, what is rounding; of its width that of all rows.
NOTHING = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Weighted second moments of all columns, of which any regression is a part.

    Attributes
    ----------
    total : Σ w
    correlations : (D, D)
    log_variances : (D,)
    """

    total: float
    correlations: Float
    log_variances: Float

    @classmethod
    def of(cls, rows: Float, weights: Float) -> Self:
        """Return those of rows (N, D) with weights (N,)."""
        total = float(weights.sum())
        apart = rows - weights @ rows / total
        units = np.abs(apart).max(axis=0)
        apart = apart / units
        covariance = (weights[:, None] * apart).T @ apart / total
        # Of rows that count next to nothing else but one value there is no variance.
        variances = np.maximum(np.diagonal(covariance), NOTHING**2)
        spread = np.sqrt(variances)
        logs = np.log(variances) + 2 * np.log(units)
        return cls(total, covariance / np.outer(spread, spread), logs)

    def bic(self, column: int, given: tuple[int, ...]) -> float:
        """Return the BIC of a normal column on the best of the columns that are given, by BIC.

        The others are left out, so a column that no line tells has a BIC of its own (Maugis, Celeux
        and Martin-Magniette 2009). All subsets are looked at but those that can be no better than
        one that is known, since all that is undecided would have to be in for nothing.

        Parameters
        ----------
        column : its place
        given : places of the others
        """
        each, n = float(np.log(self.total)), self.total

        def value(chosen: tuple[int, ...]) -> float:
            return n * self._log_left(column, chosen) + each * len(chosen)

        def better(kept: tuple[int, ...], open_: tuple[int, ...], best: float) -> float:
            best = min(best, value(kept))
            if not open_ or value(kept + open_) - each * len(open_) + each >= best:
                return best
            # The one without which most is lost first: then bounds rise early.
            everything = kept + open_
            first = max(
                open_, key=lambda j: self._log_left(column, tuple(k for k in everything if k != j))
            )
            rest = tuple(j for j in open_ if j != first)
            best = better((*kept, first), rest, best)
            return better(kept, rest, best)

        # That is n log of the share that is left, which is 0 where no column helps.
        found = better((), given, np.inf)
        return found + self.deviance(column, ()) + 2 * each

    def deviance(self, column: int, given: tuple[int, ...]) -> float:
        """Return -2 log-likelihood of a normal column on all of the columns that are given."""
        alone = np.log(2 * np.pi) + 1 + self.log_variances[column]
        return self.total * float(alone + self._log_left(column, given))

    def _log_left(self, column: int, given: tuple[int, ...]) -> float:
        """Return log of the share of a column's variance that is left beside a line."""
        if not given:
            return 0.0
        chosen = list(given)
        across = self.correlations[chosen, column]
        told = across @ np.linalg.lstsq(self.correlations[np.ix_(chosen, chosen)], across)[0]
        return float(np.log(max(1.0 - told, NOTHING)))
