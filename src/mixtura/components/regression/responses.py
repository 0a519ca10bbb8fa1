"""What the response of a regression is, given its linear predictor η: four densities.

Each is log f(y | η, τ) = c(τ) - τ l(y, η) + log h(y), with a loss l that is convex in η and whose
third derivative is never above its second. So a step of Newton may be damped by what it says of
itself, and never loses anything (Bach 2010).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln, polygamma

from mixtura.components.gamma_shapes import LARGEST_SHAPE, log_gap, shapes_of
from mixtura.components.saddle_point import stirling

__all__ = ["RESPONSES", "Response"]

Float = NDArray[np.float64]

# η is kept within: beyond, exponentials of it are no numbers.
FARTHEST = 500.0
# Below this exp(d) - 1 is found by itself.
CLOSE = 0.5


class Response(Protocol):
    """One kind of response; η, and what is made of it, are (K, c) for c cells y (c,)."""

    name: ClassVar[str]
    link: ClassVar[str]
    # Whether there is a precision τ to be estimated, without which it is 1.
    has_precision: ClassVar[bool]
    # Whether the loss is a parabola, so that a step of Newton is exact.
    is_quadratic: ClassVar[bool]
    # A response that there may be, for cells that are not there.
    empty: ClassVar[float]

    def curve(self, y: Float, eta: Float) -> Float:
        """Return what loss, slope and curvature are made of (K, c)."""
        ...

    def loss(self, y: Float, size: Float, eta: Float, curve: Float) -> Float:
        """Return l(y, η) (K, c)."""
        ...

    def slope(self, y: Float, size: Float, curve: Float) -> Float:
        """Return -∂l/∂η (K, c)."""
        ...

    def curvature(self, size: Float, curve: Float) -> Float:
        """Return ∂²l/∂η² (K, c)."""
        ...

    def guess(self, y: Float, size: Float) -> tuple[Float, Float]:
        """Return an η (c,) for each cell by itself, and what it counts for (c,)."""
        ...

    def log_base(self, y: Float, size: Float) -> Float:
        """Return log h(y) (c,)."""
        ...

    def constant(self, precisions: Float) -> Float:
        """Return c(τ)."""
        ...

    def constant_slopes(self, precisions: Float) -> tuple[Float, Float]:
        """Return c'(τ) and c''(τ)."""
        ...

    def precision(self, losses: Float) -> Float:
        """Return the τ that is likeliest where the mean loss is so much."""
        ...

    def mean_loss(self, precisions: Float) -> Float:
        """Return the mean loss at which a τ is likeliest."""
        ...

    def mean(self, eta: Float) -> Float:
        """Return E[y | η], for one trial."""
        ...

    def distribution(self, mean: Float, size: Float, precision: Float) -> Any:
        """Return the distribution of y, of SciPy."""
        ...


class Plain:
    """A response without a precision."""

    has_precision: ClassVar[bool] = False
    is_quadratic: ClassVar[bool] = False
    empty: ClassVar[float] = 0.0

    def constant(self, precisions: Float) -> Float:
        """Return zeros."""
        return np.zeros_like(precisions)

    def constant_slopes(self, precisions: Float) -> tuple[Float, Float]:
        """Return zeros."""
        return np.zeros_like(precisions), np.zeros_like(precisions)

    def precision(self, losses: Float) -> Float:
        """Return ones."""
        return np.ones_like(losses)

    def mean_loss(self, precisions: Float) -> Float:
        """Return zeros: losses say nothing."""
        return np.zeros_like(precisions)


@dataclass(frozen=True, slots=True)
class GaussianResponse:
    """y = η + ε, τ = 1/σ², l = (y - η)²/2."""

    name: ClassVar[str] = "gaussian"
    link: ClassVar[str] = "identity"
    has_precision: ClassVar[bool] = True
    is_quadratic: ClassVar[bool] = True
    empty: ClassVar[float] = 0.0

    def curve(self, y: Float, eta: Float) -> Float:
        """Return residuals."""
        return y - eta

    def loss(self, y: Float, size: Float, eta: Float, curve: Float) -> Float:
        """Return half of squared residuals."""
        return 0.5 * curve**2

    def slope(self, y: Float, size: Float, curve: Float) -> Float:
        """Return residuals."""
        return curve

    def curvature(self, size: Float, curve: Float) -> Float:
        """Return ones."""
        return np.ones_like(curve)

    def guess(self, y: Float, size: Float) -> tuple[Float, Float]:
        """Return y itself."""
        return y, np.ones_like(y)

    def log_base(self, y: Float, size: Float) -> Float:
        """Return zeros."""
        return np.zeros_like(y)

    def constant(self, precisions: Float) -> Float:
        """Return log(τ/2π)/2."""
        return 0.5 * np.log(precisions / (2.0 * np.pi))

    def constant_slopes(self, precisions: Float) -> tuple[Float, Float]:
        """Return 1/2τ and its slope."""
        return 0.5 / precisions, -0.5 / precisions**2

    def precision(self, losses: Float) -> Float:
        """Return one over the variance."""
        return 0.5 / losses

    def mean_loss(self, precisions: Float) -> Float:
        """Return half of the variance."""
        return 0.5 / precisions

    def mean(self, eta: Float) -> Float:
        """Return η."""
        return eta

    def distribution(self, mean: Float, size: Float, precision: Float) -> Any:
        """Return the normal distribution."""
        return scipy.stats.norm(mean, 1.0 / np.sqrt(precision))


@dataclass(frozen=True, slots=True)
class PoissonResponse(Plain):
    """Counts of mean exp(η); l = exp(η) - y η."""

    name: ClassVar[str] = "poisson"
    link: ClassVar[str] = "log"

    def curve(self, y: Float, eta: Float) -> Float:
        """Return means."""
        return np.exp(np.clip(eta, -FARTHEST, FARTHEST))

    def loss(self, y: Float, size: Float, eta: Float, curve: Float) -> Float:
        """Return μ - y η."""
        return curve - y * eta

    def slope(self, y: Float, size: Float, curve: Float) -> Float:
        """Return y - μ."""
        return y - curve

    def curvature(self, size: Float, curve: Float) -> Float:
        """Return μ."""
        return curve

    def guess(self, y: Float, size: Float) -> tuple[Float, Float]:
        """Return log(y + 0.1), with its line there."""
        mean = y + 0.1
        return np.log(mean) + (y - mean) / mean, mean

    def log_base(self, y: Float, size: Float) -> Float:
        """Return -log y!."""
        return -gammaln(y + 1.0)

    def mean(self, eta: Float) -> Float:
        """Return exp(η)."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def distribution(self, mean: Float, size: Float, precision: Float) -> Any:
        """Return the Poisson distribution."""
        return scipy.stats.poisson(mean)


@dataclass(frozen=True, slots=True)
class BinomialResponse(Plain):
    """Successes of n trials, of probability 1/(1 + exp(-η)); l = n log(1 + exp(η)) - y η."""

    name: ClassVar[str] = "binomial"
    link: ClassVar[str] = "logit"

    def curve(self, y: Float, eta: Float) -> Float:
        """Return probabilities."""
        return expit(eta)

    def loss(self, y: Float, size: Float, eta: Float, curve: Float) -> Float:
        """Return n log(1 + exp(η)) - y η."""
        return size * np.logaddexp(0.0, eta) - y * eta

    def slope(self, y: Float, size: Float, curve: Float) -> Float:
        """Return y - n p."""
        return y - size * curve

    def curvature(self, size: Float, curve: Float) -> Float:
        """Return n p (1 - p)."""
        return size * curve * (1.0 - curve)

    def guess(self, y: Float, size: Float) -> tuple[Float, Float]:
        """Return the logit of (y + 1/2)/(n + 1), with its line there."""
        share = (y + 0.5) / (size + 1.0)
        weight = size * share * (1.0 - share)
        # Cells that are not there weigh nothing.
        line = (y - size * share) / np.where(weight > 0, weight, 1.0)
        return np.log(share / (1.0 - share)) + line, weight

    def log_base(self, y: Float, size: Float) -> Float:
        """Return the log of n over y."""
        return -betaln(size - y + 1.0, y + 1.0) - np.log(size + 1.0)

    def mean(self, eta: Float) -> Float:
        """Return the probability."""
        return expit(eta)

    def distribution(self, mean: Float, size: Float, precision: Float) -> Any:
        """Return the binomial distribution."""
        return scipy.stats.binom(size, mean)


@dataclass(frozen=True, slots=True)
class GammaResponse:
    """Amounts of mean exp(η) and shape τ; l = y/μ - 1 - log(y/μ)."""

    name: ClassVar[str] = "gamma"
    link: ClassVar[str] = "log"
    has_precision: ClassVar[bool] = True
    is_quadratic: ClassVar[bool] = False
    empty: ClassVar[float] = 1.0

    def curve(self, y: Float, eta: Float) -> Float:
        """Return y/μ."""
        return y * np.exp(-np.clip(eta, -FARTHEST, FARTHEST))

    def loss(self, y: Float, size: Float, eta: Float, curve: Float) -> Float:
        """Return y/μ - 1 - log(y/μ)."""
        gap = np.log(y) - eta
        # Where shapes are large y/μ is all but 1, and what counts are the digits that differ.
        return (
            np.where(np.abs(gap) < CLOSE, np.expm1(np.clip(gap, -CLOSE, CLOSE)), curve - 1.0) - gap
        )

    def slope(self, y: Float, size: Float, curve: Float) -> Float:
        """Return y/μ - 1."""
        return curve - 1.0

    def curvature(self, size: Float, curve: Float) -> Float:
        """Return y/μ."""
        return curve

    def guess(self, y: Float, size: Float) -> tuple[Float, Float]:
        """Return log y."""
        return np.log(y), np.ones_like(y)

    def log_base(self, y: Float, size: Float) -> Float:
        """Return -log y."""
        return -np.log(y)

    def constant(self, precisions: Float) -> Float:
        """Return τ log τ - log Γ(τ) - τ."""
        return -stirling(precisions)

    def constant_slopes(self, precisions: Float) -> tuple[Float, Float]:
        """Return log τ - ψ(τ) and its slope."""
        return log_gap(precisions), 1.0 / precisions - polygamma(1, precisions)

    def precision(self, losses: Float) -> Float:
        """Return the shape, at most that beyond which no digits are left."""
        return np.where(losses > 0, shapes_of(np.maximum(losses, 1e-300)), LARGEST_SHAPE)

    def mean_loss(self, precisions: Float) -> Float:
        """Return log τ - ψ(τ)."""
        return log_gap(precisions)

    def mean(self, eta: Float) -> Float:
        """Return exp(η)."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def distribution(self, mean: Float, size: Float, precision: Float) -> Any:
        """Return the gamma distribution."""
        return scipy.stats.gamma(precision, scale=mean / precision)


RESPONSES: Mapping[str, Response] = {
    one.name: one
    for one in (GaussianResponse(), PoissonResponse(), BinomialResponse(), GammaResponse())
}
