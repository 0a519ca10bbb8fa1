"""The table of all patterns of answers: how often each was seen, and how often it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

__all__ = ["PatternFit", "outnumbered", "pattern_fit"]

Float = NDArray[np.float64]

# With fewer rows than this for each cell, chi-squared says nothing of the statistics (Agresti and
# Yang 1987, Computational Statistics & Data Analysis 5, 9-21).
ROWS_PER_CELL = 5

# Of the power divergence that Cressie and Read recommend (1984, Journal of the Royal Statistical
# Society B 46, 440-464).
POWER = 2.0 / 3.0


@dataclass(frozen=True, slots=True)
class PatternFit:
    """The observed table against the fitted one.

    Of rows with missing cells the observed one is what an unrestricted table makes of them.

    Attributes
    ----------
    observed : (U,) how often each pattern that was seen was seen
    log_expected : (U,) the log of how often it should be
    total : the weight of all rows
    n_cells : number of patterns that are possible
    n_parameters : of the mixture
    """

    observed: Float
    log_expected: Float
    total: float
    n_cells: int
    n_parameters: int

    @property
    def g2(self) -> float:
        """Return the deviance G² = 2 Σ O log (O / E)."""
        return float(2.0 * self.observed @ (np.log(self.observed) - self.log_expected))

    @property
    def x2(self) -> float:
        """Return Pearson's X² = Σ (O - E)² / E, cells that were not seen included.

        It is infinite where it is beyond the range of numbers.
        """
        with np.errstate(over="ignore"):
            # O² / E in logs: a pattern of many items may be expected 1e-400 times.
            squares = np.exp(2.0 * np.log(self.observed) - self.log_expected)
            seen = float((squares - 2.0 * self.observed + self._expected).sum())
        return seen + self._expected_unseen

    @property
    def cressie_read(self) -> float:
        """Return the power divergence 2 / (λ (λ + 1)) Σ O ((O / E)^λ - 1) of λ = 2/3."""
        with np.errstate(over="ignore"):
            powers = np.expm1(POWER * (np.log(self.observed) - self.log_expected))
        return float(2.0 / (POWER * (POWER + 1.0)) * (self.observed * powers).sum())

    @property
    def dissimilarity(self) -> float:
        """Return Σ |O - E| / 2n, the share of rows that would have to answer otherwise."""
        apart = float(np.abs(self.observed - self._expected).sum())
        return (apart + self._expected_unseen) / (2.0 * self.total)

    @property
    def _expected(self) -> Float:
        return np.exp(self.log_expected)

    @property
    def _expected_unseen(self) -> float:
        """Return how often patterns that were not seen should be."""
        return max(self.total - float(self._expected.sum()), 0.0)

    @property
    def residual_df(self) -> int:
        """Return min(n, cells - 1) - parameters (Linzer and Lewis 2011).

        It is negative where the table has fewer cells than the mixture has parameters.
        """
        return min(int(self.total), self.n_cells - 1) - self.n_parameters

    @property
    def is_sparse(self) -> bool:
        """Return whether there are too few rows for G² and X² to be chi-squared."""
        return self.total < ROWS_PER_CELL * self.n_cells


def outnumbered(n_parameters: int, n_patterns: int, n_cells: int) -> str | None:
    """Return an alert where parameters outnumber patterns, that are possible or that were seen.

    Parameters
    ----------
    n_parameters : of the mixture
    n_patterns : different rows
    n_cells : different rows that are possible
    """
    if n_parameters > n_cells - 1:
        return (
            f"{n_parameters} free parameters and {n_cells} possible patterns: the components are "
            "not identified, as other parameters fit as well; take fewer"
        )
    if n_parameters > n_patterns - 1:
        return (
            f"{n_parameters} free parameters and {n_patterns} different rows: these rows may not "
            "determine all parameters; take fewer components, or see how many starts agree"
        )
    return None


def pattern_fit(
    densities: Float, totals: Float, levels: Sequence[int], n_parameters: int
) -> PatternFit:
    """Return the table of patterns under a mixture.

    Parameters
    ----------
    densities : (U,) log densities of the distinct rows, no cell of which is missing
    totals : (U,) the weight of each
    levels : (J,) number of levels of each item
    n_parameters : of the mixture
    """
    total = float(totals.sum())
    return PatternFit(
        totals, np.log(total) + densities, total, prod(map(int, levels)), n_parameters
    )
