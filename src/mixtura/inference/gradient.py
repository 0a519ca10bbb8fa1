"""The gradient of the observed-data log-likelihood, from one sweep.

∂ℓ/∂ξ_k = Σ_i w_i r_ik ∂ log f_k(x_i)/∂ξ_k (Fisher's identity): responsibilities enter through the
sufficient statistics of a sweep only. Those by weights are N_k / π_k, equal to the multiplier λ of
Σ π_k = 1 at an optimum; multiplied by π_k and summed they give λ = Σ w anywhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.components.derivatives import Chart
from mixtura.components.gaussian.covariance import check_widths, deviations_of
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.noise import beside_noise
from mixtura.em.fit import log_weights_of
from mixtura.em.model import Model
from mixtura.em.sweep import Sweep
from mixtura.engines import engine_named
from mixtura.inference.numbers import Numbers
from mixtura.inference.rows import checked
from mixtura.mixture import Mixture

__all__ = ["Gradient", "gradient"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Gradient(Mapping[str, Float]):
    """The gradient by all parameters, an array by each of their names.

    A gradient by a symmetric matrix is the symmetric G with dℓ = tr(G dΣ): moving the two equal
    entries σ_ij = σ_ji together changes ℓ by 2 G_ij. Probabilities are differentiated as if they
    were free; at an optimum the derivatives of those that sum to one are equal.

    Attributes
    ----------
    arrays : "weights" (K,), and for Gaussian components "means" (K, D) and the covariances'
        "covariances", "precisions", "covariances_cholesky" (lower) and "precisions_cholesky"
        (upper) in the shape of the structure's storage, without the axis of what components
        share; "probabilities" or "rates" for others
    log_likelihood : ℓ, total, in nats
    multiplier : λ = Σ_k π_k ∂ℓ/∂π_k, which is Σ w
    kkt_residual : max_k |∂ℓ/∂π_k - λ| π_k / λ, the largest change the M-step makes to a weight;
        held ones, whose derivatives say what freeing them would do, are left out
    """

    arrays: Mapping[str, Float]
    log_likelihood: float
    multiplier: float
    kkt_residual: float
    _numbers: Numbers = field(repr=False)
    _slopes: Float = field(repr=False)

    def __getitem__(self, name: str) -> Float:
        """Return the array of that name."""
        return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self.arrays)

    def __len__(self) -> int:
        """Return the number of arrays."""
        return len(self.arrays)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the free parameters (M,)."""
        return self._chart.names

    @cached_property
    def free(self) -> Float:
        """The gradient by the free parameters (M,), zero at an optimum inside their range."""
        return self._chart.gradient(self._slopes)

    @cached_property
    def _chart(self) -> Chart:
        return self._numbers.chart()

    @property
    def norm(self) -> float:
        """Return the length of `free`."""
        return float(np.linalg.norm(self.free))


def gradient(
    mixture: Mixture,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    missing: str = "error",
    engine: Any = "threads",
    n_jobs: int | None = None,
) -> Gradient:
    """Return the gradient of the log-likelihood of rows by the mixture's parameters.

    Memory does not grow with the rows: they are swept block by block.

    Parameters
    ----------
    mixture : Mixture
    X : (N, D) array, or CSR for counts
    sample_weight : (N,) row weights from 0 up; weight 2 is the row twice
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN
    engine, n_jobs : who sweeps, as in the estimators

    Raises
    ------
    DataError
        If the rows or weights cannot be used.
    """
    rows = checked(mixture, X, sample_weight, missing, counts=True).gathered()
    own, parameters = beside_noise(rows.family, mixture.parameters)
    if isinstance(own, GaussianFamily):
        # Products of cells are swept in the user's units.
        check_widths(deviations_of(parameters.covariance, mixture.n_columns))
    numbers = Numbers(mixture, rows.family)
    worker = engine_named(engine, n_jobs)
    log_weights = log_weights_of(mixture.weights)
    with worker.session():
        sweep = Sweep(rows.family, rows.source(), worker)
        (statistics,) = sweep([Model(log_weights, mixture.parameters)])
    effective = statistics.moments.effective_rows
    by_weights = effective / np.exp(log_weights)
    multiplier = float(effective.sum())
    residuals = np.abs(effective / multiplier - mixture.weights)
    free = (mixture.labels < 0) | (not mixture.held)
    inner = numbers.components.gradient(statistics.moments)
    return Gradient(
        arrays={"weights": by_weights, **numbers.components.gradients(inner)},
        log_likelihood=statistics.log_likelihood,
        multiplier=multiplier,
        kkt_residual=float(residuals[free].max(initial=0.0)),
        _numbers=numbers,
        _slopes=np.column_stack([by_weights, inner]),
    )
