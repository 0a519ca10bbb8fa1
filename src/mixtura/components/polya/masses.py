"""Log masses of draws from Pólya urns, with all their digits.

Counts of negative binomials of sizes p_c / γ, of one and the same success probability, given their
total are the draws of an urn, whatever that probability is (Johnson, Kotz and Balakrishnan 1997,
35.13). With means n p_c no term is larger than what it tells, and where γ is 0 these are Poissons,
and the draws multinomial.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixtura.components.saddle_point import negative_binomial_logs

__all__ = ["Counted", "beta_binomial_logs", "correlations_of", "counted", "feedback_of"]

Float = NDArray[np.float64]

# Of shares and of (1 - ρ) / ρ, so that no product of two vanishes: log f(x) is finite for all x.
LEAST = 1e-150


@dataclass(frozen=True, slots=True)
class Counted:
    """Means and sizes of a negative binomial, infinite for a Poisson."""

    means: Float
    sizes: Float

    def logs(self, counts: Float) -> Float:
        """Return log f(x)."""
        return negative_binomial_logs(counts, self.means, self.sizes)


def feedback_of(correlations: Float) -> Float:
    """Return γ = ρ / (1 - ρ), infinite where ρ is 1."""
    with np.errstate(divide="ignore"):
        return correlations / (1.0 - correlations)


def correlations_of(feedback: Float) -> Float:
    """Return ρ = γ / (1 + γ), by which two draws of a row are alike beyond chance."""
    finite = np.where(np.isinf(feedback), 0.0, feedback)
    return np.where(np.isinf(feedback), 1.0, finite / (1.0 + finite))


def counted(shares: Float, correlations: Float, totals: Float) -> Counted:
    """Return the counts of categories in so many draws of an urn, and those of all for a p of 1."""
    with np.errstate(divide="ignore"):
        odds = np.maximum((1.0 - correlations) / correlations, LEAST)
    some = np.maximum(shares, LEAST)
    return Counted(totals * some, some * odds)


def beta_binomial_logs(counts: Float, trials: Float, shares: Float, correlations: Float) -> Float:
    """Return log f(x) of x successes in n trials."""
    return (
        counted(shares, correlations, trials).logs(counts)
        + counted(1.0 - shares, correlations, trials).logs(trials - counts)
        - counted(np.ones_like(shares), correlations, trials).logs(trials)
    )
