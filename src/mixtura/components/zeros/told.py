"""What a component says of zeros beside a distribution of counts: that there are more, or how many.

With f of the counts alone, f(0) = exp(l₀), a component has

    zero inflation π (Lambert 1992)   log q = log(π + (1 - π) f(0)),  log(1 - π) + log f(x)
    a hurdle q (Mullahy 1986)         log q,            log(1 - q) + log f(x) - log(1 - f(0))

for 0 and for a count above it. Where π may be below 0 the two are one model in other numbers.
"""

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.columnwise import Number
from mixtura.components.simplex import SMALLEST, floored_log

__all__ = ["Bend", "Hurdle", "Inflation", "Zeros"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bend:
    """How a term (K, D) bends, with g and G the derivatives of l₀ by numbers of the counts.

    Its derivative by such a number is `by_log` g, by two `by_log` G + `twice` g gᵀ, by one and the
    share `across` g, by the share `by_share`, and twice by the share `by_shares`.
    """

    by_log: Float
    twice: Float
    across: Float
    by_share: Float
    by_shares: Float


class Zeros(Protocol):
    """What a component says of zeros, by one number z (K, D) from 0 to 1 and l₀ (K, D)."""

    # Whether z = 0 leaves the counts as they are.
    nests_counts: bool

    @property
    def number(self) -> Number:
        """Return what the number is called."""
        ...

    def terms(self, log_none: Float, shares: Float) -> tuple[Float, Float]:
        """Return log q, and what log f(x) of a count above 0 has beside that of the counts."""
        ...

    def bends(self, log_none: Float, shares: Float) -> tuple[Bend, Bend]:
        """Return how the two of `terms` bend."""
        ...

    def shares_of(self, zeros: Float, log_none: Float) -> Float:
        """Return z where a share (K, D) of counts is 0; NaN where no z says that."""
        ...

    def moments(
        self, means: Float, variances: Float, log_none: Float, shares: Float
    ) -> tuple[Float, Float]:
        """Return means and variances, of those of the counts alone."""
        ...

    def draw(self, counts: Float, above: Float, shares: Float, rng: np.random.Generator) -> Float:
        """Return rows (n, D) of counts, and of counts above 0, drawn by the distribution alone."""
        ...


def _above(log_none: Float) -> Float:
    """Return 1 - f(0), above 0."""
    return np.maximum(-np.expm1(log_none), SMALLEST)


@final
class Inflation:
    """Zeros beyond those that the counts have: a share π of rows has nothing to count."""

    number = Number("zero_inflations", "Zero inflation", 1.0)
    nests_counts = True

    def terms(self, log_none: Float, shares: Float) -> tuple[Float, Float]:
        """Return log(π + (1 - π) f(0)) and log(1 - π)."""
        stays = floored_log(1.0 - shares)
        with np.errstate(divide="ignore"):
            return np.logaddexp(np.log(shares), stays + log_none), stays

    def bends(self, log_none: Float, shares: Float) -> tuple[Bend, Bend]:
        """Return them with u = (1 - π) f(0) / q, the share of zeros that are counts."""
        log_all, stays = self.terms(log_none, shares)
        counted = np.exp(stays + log_none - log_all)
        with np.errstate(over="ignore"):
            beyond = _above(log_none) * np.exp(-np.maximum(log_all, -700.0))
            across = -np.exp(np.minimum(log_none - 2.0 * log_all, 700.0))
        none, rest = np.zeros_like(shares), np.exp(-stays)
        return (
            Bend(counted, counted * (1.0 - counted), across, beyond, -(beyond**2)),
            Bend(none, none, none, -rest, -(rest**2)),
        )

    def shares_of(self, zeros: Float, log_none: Float) -> Float:
        """Return (q - f(0)) / (1 - f(0)), NaN below 0."""
        found = (zeros - np.exp(log_none)) / _above(log_none)
        return np.where(found >= 0, np.minimum(found, 1.0), np.nan)

    def moments(
        self, means: Float, variances: Float, log_none: Float, shares: Float
    ) -> tuple[Float, Float]:
        """Return (1 - π) m and (1 - π) (v + π m²)."""
        stays = 1.0 - shares
        return stays * means, stays * (variances + shares * means**2)

    def draw(self, counts: Float, above: Float, shares: Float, rng: np.random.Generator) -> Float:
        """Return counts, or 0."""
        return np.where(rng.random(shares.shape) < shares, 0.0, counts)


@final
class Hurdle:
    """Zeros by a probability of their own, counts above 0 by the distribution without its zeros."""

    number = Number("zero_probabilities", "Probabilities of 0", 1.0)
    nests_counts = False

    def terms(self, log_none: Float, shares: Float) -> tuple[Float, Float]:
        """Return log q and log(1 - q) - log(1 - f(0))."""
        return floored_log(shares), floored_log(1.0 - shares) - np.log(_above(log_none))

    def bends(self, log_none: Float, shares: Float) -> tuple[Bend, Bend]:
        """Return them with a = f(0) / (1 - f(0))."""
        none, odds = np.zeros_like(shares), np.exp(log_none) / _above(log_none)
        q, rest = np.maximum(shares, SMALLEST), np.maximum(1.0 - shares, SMALLEST)
        with np.errstate(over="ignore"):
            return (
                Bend(none, none, none, 1.0 / q, -1.0 / q / q),
                Bend(odds, odds * (1.0 + odds), none, -1.0 / rest, -1.0 / rest / rest),
            )

    def shares_of(self, zeros: Float, log_none: Float) -> Float:
        """Return q."""
        return zeros

    def moments(
        self, means: Float, variances: Float, log_none: Float, shares: Float
    ) -> tuple[Float, Float]:
        """Return those of counts above 0, and of zeros beside them."""
        scale = (1.0 - shares) / _above(log_none)
        return scale * means, scale * (variances + means**2) - (scale * means) ** 2

    def draw(self, counts: Float, above: Float, shares: Float, rng: np.random.Generator) -> Float:
        """Return counts above 0, or 0."""
        return np.where(rng.random(shares.shape) < shares, 0.0, above)
