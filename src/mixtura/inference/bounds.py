"""Jensen's bound: ℓ(θ) = F(q, θ) + Σ_i KL(q_i ‖ posterior), for any responsibilities q.

F(q, θ) = Σ_i w_i Σ_k q_ik log(π_k f_k(x_i) / q_ik) is the evidence lower bound, which an E-step
makes equal to ℓ and an M-step raises (Neal and Hinton 1998).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.errors import DataError, ParameterError
from mixtura.inference.alike import check_alike
from mixtura.inference.rows import Rows, checked
from mixtura.mixture.mixture import CHUNK_ROWS, Mixture

__all__ = ["Bound", "elbo", "q_function"]

Float = NDArray[np.float64]

# A share of zero counts nothing; this keeps its logarithm finite.
TINY = float(np.finfo(np.float64).tiny)

# How far the responsibilities of a row may be from summing to one.
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Bound:
    """A lower bound of a log-likelihood.

    Attributes
    ----------
    value : F(q, θ), in nats
    gap : Σ w KL(q ‖ posterior) from 0 up, summed by itself and not as a difference
    """

    value: float
    gap: float

    @property
    def log_likelihood(self) -> float:
        """Return ℓ = value + gap."""
        return self.value + self.gap


def q_function(
    mixture: Mixture,
    X: Any,
    other: Mixture | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    missing: str = "error",
) -> float:
    """Return Q(θ' | θ) = Σ_i w_i Σ_k r_ik log π'_k f'_k(x_i), in nats.

    The expected complete-data log-likelihood of `other` under the posterior of `mixture`; an M-step
    is the `other` that maximises it, and ℓ(θ') - ℓ(θ) >= Q(θ' | θ) - Q(θ | θ).

    Parameters
    ----------
    mixture : gives the responsibilities r
    X : (N, D)
    other : whose log densities are averaged, with as many components; `mixture` itself by default
    sample_weight : (N,) row weights
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN

    Raises
    ------
    ParameterError
        If the mixtures have different numbers of components, or other columns.
    """
    other = mixture if other is None else other
    if other.n_components != mixture.n_components:
        raise ParameterError(
            f"the other mixture has {other.n_components} components, and this one "
            f"{mixture.n_components}"
        )
    check_alike(mixture, other)
    total = 0.0
    for _, chunk, weights in _chunks(checked(mixture, X, sample_weight, missing, counts=True)):
        responsibilities = mixture.coded.responsibilities(chunk)
        total += float(weights @ _average(responsibilities, _log_joint(other, chunk)))
    return total


def elbo(
    mixture: Mixture,
    X: Any,
    responsibilities: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    missing: str = "error",
) -> Bound:
    """Return the evidence lower bound of the log-likelihood and its gap.

    Parameters
    ----------
    mixture : Mixture
    X : (N, D)
    responsibilities : (N, K) from 0 up, each row with the sum 1
    sample_weight : (N,) row weights
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN

    Raises
    ------
    DataError
        If the responsibilities are not such an array.
    """
    rows = checked(mixture, X, sample_weight, missing)
    given = _checked_responsibilities(responsibilities, (rows.n_rows, mixture.n_components))
    value = gap = 0.0
    for part, chunk, weights in _chunks(rows):
        responsibilities = given[part]
        joint, logs = _log_joint(mixture, chunk), _log(np.maximum(responsibilities, TINY))
        posterior = joint - mixture.coded.log_density(chunk)[:, None]
        value += float(weights @ _average(responsibilities, joint - logs))
        gap += float(weights @ np.maximum(_average(responsibilities, logs - posterior), 0.0))
    return Bound(value, gap)


def _checked_responsibilities(values: ArrayLike, shape: tuple[int, int]) -> Float:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise DataError(f"responsibilities should have the shape {shape}, but got {array.shape}")
    if not (array >= 0).all() or np.abs(array.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise DataError("responsibilities should be from 0 up, and those of a row sum to 1")
    return array


def _chunks(rows: Rows) -> Iterator[tuple[slice, Any, Float]]:
    """Return ranges of rows, the rows and their weights."""
    for start in range(0, rows.n_rows, CHUNK_ROWS):
        part = slice(start, min(start + CHUNK_ROWS, rows.n_rows))
        chunk = rows.array[part]
        yield part, chunk, np.ones(chunk.shape[0]) if rows.weights is None else rows.weights[part]


def _log_joint(mixture: Mixture, rows: Any) -> Float:
    return mixture.coded.component_log_density(rows) + _log(mixture.weights)


def _log(values: Float) -> Float:
    with np.errstate(divide="ignore"):
        return np.log(values)


def _average(responsibilities: Float, values: Float) -> Float:
    """Return Σ_k r_k v_k (n,), a share of zero counting nothing whatever its value."""
    return (responsibilities * np.where(responsibilities > 0, values, 0.0)).sum(axis=1)
