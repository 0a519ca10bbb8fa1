"""The log-likelihood of an outcome of classes that are known with error, and its derivatives."""

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import log_sum_exp
from mixtura.covariates.maximum import Point

__all__ = ["Categories", "Normal", "Outcome", "OutcomeLikelihood"]

Float = NDArray[np.float64]


class Outcome(Protocol):
    """What an outcome is in one class, as a function of a few numbers."""

    @property
    def n_numbers(self) -> int:
        """Return q, the free numbers of a class."""
        ...

    def of_class(self, numbers: Float) -> tuple[Float, Float, Float]:
        """Return log f (N,) and its first (N, q) and second (N, q, q) derivatives."""
        ...


@final
class Normal:
    """A number with a mean and a log standard deviation in each class.

    Parameters
    ----------
    cells : (N,)
    """

    def __init__(self, cells: Float) -> None:
        self.cells = cells

    @property
    def n_numbers(self) -> int:
        return 2

    def of_class(self, numbers: Float) -> tuple[Float, Float, Float]:
        mean, log_spread = numbers
        precision = np.exp(-2.0 * log_spread)
        deviation = self.cells - mean
        square = precision * deviation**2
        value = -0.5 * (np.log(2.0 * np.pi) + square) - log_spread
        first = np.column_stack([precision * deviation, square - 1.0])
        second = np.empty((len(square), 2, 2))
        second[:, 0, 0] = -precision
        second[:, 0, 1] = second[:, 1, 0] = -2.0 * precision * deviation
        second[:, 1, 1] = -2.0 * square
        return value, first, second


@final
class Categories:
    """One of L levels, with a logit each in each class, of which one at least is to be held.

    Parameters
    ----------
    indicators : (N, L)
    """

    def __init__(self, indicators: Float) -> None:
        self.indicators = indicators

    @property
    def n_numbers(self) -> int:
        return self.indicators.shape[1]

    def of_class(self, numbers: Float) -> tuple[Float, Float, Float]:
        log_p = numbers - log_sum_exp(numbers)
        p = np.exp(log_p)
        second = np.outer(p, p) - np.diag(p)
        first = self.indicators - p
        return self.indicators @ log_p, first, np.broadcast_to(second, (len(first), *second.shape))


@dataclass(frozen=True, slots=True)
class OutcomeLikelihood:
    """Σ w_i Σ_s a_is log Σ_t π_t f_t(y_i) D_ts, by log π_t / π_K and the numbers of each class.

    Bakk, Tekle and Vermunt (2013), for what rows are assigned to as in Vermunt (2010).

    Attributes
    ----------
    outcome : f
    weights : (N,) w
    assigned : (N, K) a, whose rows add up to 1
    errors : (K, K) D
    """

    outcome: Outcome
    weights: Float
    assigned: Float
    errors: Float

    def __call__(self, parameters: Float) -> Point:
        """Return it at K - 1 logits and K q numbers."""
        n_classes, q = self.assigned.shape[1], self.outcome.n_numbers
        logits = np.append(parameters[: n_classes - 1], 0.0)
        log_pi = logits - log_sum_exp(logits)
        parts = [
            self.outcome.of_class(numbers)
            for numbers in parameters[n_classes - 1 :].reshape(n_classes, q)
        ]
        log_f = np.column_stack([part[0] for part in parts])
        gradients = self._gradients(np.exp(log_pi), [part[1] for part in parts])
        value, known, outer = self._known(log_pi + log_f, gradients)
        scores = np.einsum("nk,nkp->np", known, gradients)
        hessian = outer + self._own(np.exp(log_pi), known, [part[2] for part in parts])
        return Point(value, scores, hessian)

    def _gradients(self, pi: Float, first: list[Float]) -> Float:
        """Return the gradients (N, K, P) of log π_t f_t(y)."""
        n_classes, q = len(pi), self.outcome.n_numbers
        result = np.zeros((len(first[0]), n_classes, n_classes - 1 + n_classes * q))
        result[:, :, : n_classes - 1] = (np.eye(n_classes) - pi)[:, :-1]
        for t, own in enumerate(first):
            start = n_classes - 1 + t * q
            result[:, t, start : start + q] = own
        return result

    def _known(self, log_joint: Float, gradients: Float) -> tuple[float, Float, Float]:
        """Return the log-likelihood, posteriors (N, K), and the curvature of the sum over classes.

        The curvature (P, P) is Σ w a (Σ_t q g gᵀ - (Σ_t q g)(Σ_t q g)ᵀ).
        """
        total, known = 0.0, np.zeros_like(log_joint)
        n_parameters = gradients.shape[2]
        curvature = np.zeros((n_parameters, n_parameters))
        with np.errstate(divide="ignore"):
            log_errors = np.log(self.errors)
        for s in np.flatnonzero(self.assigned.any(axis=0)):
            rows = np.flatnonzero(self.assigned[:, s])
            share = self.assigned[rows, s]
            joint = log_joint[rows] + log_errors[:, s]
            density = log_sum_exp(joint)
            q = np.exp(joint - density[:, None])
            total += float((self.weights[rows] * share) @ density)
            known[rows] += share[:, None] * q
            own = gradients[rows]
            mean = np.einsum("nk,nkp->np", q, own)
            counts = self.weights[rows] * share
            flat = own.reshape(-1, n_parameters)
            curvature += flat.T @ (flat * (counts[:, None] * q).reshape(-1, 1))
            curvature -= mean.T @ (mean * counts[:, None])
        return total, known, curvature

    def _own(self, pi: Float, known: Float, second: list[Float]) -> Float:
        """Return Σ w Σ_t q ∇² log π_t f_t(y) (P, P)."""
        n_classes, q = len(pi), self.outcome.n_numbers
        n_parameters = n_classes - 1 + n_classes * q
        result = np.zeros((n_parameters, n_parameters))
        shares = np.outer(pi, pi) - np.diag(pi)
        result[: n_classes - 1, : n_classes - 1] = self.weights.sum() * shares[:-1, :-1]
        for t, own in enumerate(second):
            block = slice(n_classes - 1 + t * q, n_classes - 1 + (t + 1) * q)
            result[block, block] = np.einsum("n,nij->ij", self.weights * known[:, t], own)
        return result
