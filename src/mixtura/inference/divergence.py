"""How far two mixtures are apart, and how wide one is: estimates, bounds and distances."""

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import log_sum_exp
from mixtura.components.gaussian.covariance import check_widths, deviations_of
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.pairwise import (
    bhattacharyya,
    entropies,
    kullback_leibler,
    log_overlap,
)
from mixtura.errors import ParameterError
from mixtura.inference.alike import check_alike
from mixtura.mixture import Mixture

__all__ = [
    "Bounds",
    "Estimate",
    "entropy",
    "entropy_bounds",
    "kl_bounds",
    "kl_divergence",
    "l2_distance",
]

Float = NDArray[np.float64]

LOG_TWO_PI_E = float(np.log(2 * np.pi) + 1)
MOST_ROUNDS = 1000
SAMPLES = 100_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A Monte Carlo estimate and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number lies between."""

    lower: float
    upper: float


def kl_divergence(
    one: Mixture, other: Mixture, n_samples: int = SAMPLES, random_state: Any = None
) -> Estimate:
    """Return KL(p ‖ q) = E_p[log p - log q] in nats, by rows drawn from p, with its error.

    Parameters
    ----------
    one, other : p and q, mixtures of any family over the same columns
    n_samples : rows drawn
    random_state : a seed or a numpy Generator
    """
    check_alike(one, other)
    one, other = one.coded, other.coded
    rows, _ = one.sample(n_samples, random_state)
    return _mean_of(rows, lambda chunk: one.log_density(chunk) - other.log_density(chunk))


def entropy(mixture: Mixture, n_samples: int = SAMPLES, random_state: Any = None) -> Estimate:
    """Return H(p) = -E_p[log p] in nats, by rows drawn from p, with its error.

    Parameters
    ----------
    mixture : p, of any family
    n_samples : rows drawn
    random_state : a seed or a numpy Generator
    """
    rows, _ = mixture.coded.sample(n_samples, random_state)
    return _mean_of(rows, lambda chunk: -mixture.coded.log_density(chunk))


def _mean_of(rows: NDArray[Any], function: Callable[[NDArray[Any]], Float]) -> Estimate:
    values = function(rows)
    if len(values) < 2:
        raise ParameterError("n_samples should be 2 at least")
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))


def kl_bounds(one: Mixture, other: Mixture) -> Bounds:
    """Return bounds of KL(p ‖ q) of Gaussian mixtures, in closed form.

    With log Σ_a' π_a' exp(-KL(f_a ‖ f_a')) - H(f_a) <= E_a[log p] <= log Σ_a' π_a' ∫ f_a f_a' and
    the same for q (Durrieu, Thiran and Kelly 2012); and the variational upper bound of Hershey and
    Olsen (2007), which is tight where the components of p and q are pairs.

    Parameters
    ----------
    one, other : p and q, Gaussian mixtures over the same columns

    Raises
    ------
    ParameterError
        If they are not.
    """
    check_alike(one, other)
    low, high = _expected_logs(one, one)
    other_low, other_high = _expected_logs(one, other)
    lower = float(one.weights @ (low - other_high))
    upper = float(one.weights @ (high - other_low))
    return Bounds(max(lower, 0.0), max(min(upper, _matched(one, other)), 0.0))


def entropy_bounds(mixture: Mixture) -> Bounds:
    """Return bounds of the entropy of a Gaussian mixture in nats, in closed form.

    Below: -Σ_a π_a log Σ_b π_b ∫ f_a f_b by Jensen's inequality, and Kolchinsky and Tracey's (2017)
    Σ_a π_a H(f_a) - Σ_a π_a log Σ_b π_b exp(-C_ab), C Bhattacharyya's distances. Above: theirs with
    Kullback-Leibler divergences, and the entropy of one Gaussian of the same covariance.
    """
    parameters, logs = _gaussian(mixture), _log_weights(mixture)
    own = entropies(parameters)
    low, high = _expected_logs(mixture, mixture)
    near = log_sum_exp(logs - bhattacharyya(parameters, parameters))
    _, determinant = np.linalg.slogdet(mixture.covariance())
    single = 0.5 * (mixture.n_columns * LOG_TWO_PI_E + determinant)
    lower = max(float(-mixture.weights @ high), float(mixture.weights @ (own - near)))
    upper = min(float(-mixture.weights @ low), float(single))
    return Bounds(min(lower, upper), upper)


def l2_distance(one: Mixture, other: Mixture) -> float:
    """Return (∫ (p - q)²)^½ of Gaussian mixtures, from ∫ f_a g_b = N(μ_a | μ_b, Σ_a + Σ_b).

    Differences between mixtures closer than 1e-8 of their size are lost to rounding.

    Parameters
    ----------
    one, other : p and q, Gaussian mixtures over the same columns

    Raises
    ------
    ParameterError
        If they are not.
    """
    check_alike(one, other)
    signed = (
        (one, one, 1.0),
        (one, other, -2.0),
        (other, other, 1.0),
    )
    terms = [
        (_log_weights(a)[:, None] + _log_weights(b) + log_overlap(_gaussian(a), _gaussian(b)), sign)
        for a, b, sign in signed
    ]
    largest = max(float(logs.max()) for logs, _ in terms)
    total = fsum((sign * np.exp(logs - largest)).sum() for logs, sign in terms)
    return float(np.sqrt(max(total, 0.0)) * np.exp(0.5 * largest))


def _expected_logs(one: Mixture, other: Mixture) -> tuple[Float, Float]:
    """Return bounds (K,) from below and above of E_a[log q] for each component a of p."""
    parameters, others = _gaussian(one), _gaussian(other)
    logs = _log_weights(other)
    low = log_sum_exp(logs - kullback_leibler(parameters, others)) - entropies(parameters)
    return low, log_sum_exp(logs + log_overlap(parameters, others))


def _matched(one: Mixture, other: Mixture) -> float:
    """Return the least of KL(φ ‖ ψ) + Σ φ_ab KL(f_a ‖ g_b), φ with p's margins and ψ with q's.

    φ_ab ∝ ψ_ab exp(-KL_ab) within a and ψ_ab ∝ φ_ab within b, in turn.
    """
    divergences = kullback_leibler(_gaussian(one), _gaussian(other))
    own, across = _log_weights(one)[:, None], _log_weights(other)[None]
    matched = own + across
    value = np.inf
    for _ in range(MOST_ROUNDS):
        shared = across + matched - log_sum_exp(matched.T)
        matched = shared - divergences
        matched = matched - log_sum_exp(matched)[:, None] + own
        with np.errstate(invalid="ignore"):
            terms = np.exp(matched) * (matched - shared + divergences)
        before, value = value, float(np.nansum(terms))
        if before - value <= 1e-12 * (1.0 + abs(value)):
            break
    return value


def _gaussian(mixture: Mixture) -> Any:
    if not isinstance(mixture.family, GaussianFamily):
        raise ParameterError("closed forms are for Gaussian mixtures; kl_divergence is for all")
    check_widths(deviations_of(mixture.parameters.covariance, mixture.n_columns))
    return mixture.parameters


def _log_weights(mixture: Mixture) -> Float:
    with np.errstate(divide="ignore"):
        return np.log(mixture.weights)
