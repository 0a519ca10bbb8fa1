"""Factor analysers over some of their columns, and the others given those; their moments.

A margin keeps the rows of Λ and Ψ. Given G columns the factors have a normal posterior N(m, V), so
the rest are a factor analyser too: of mean μ_r + Λ_r m, loadings Λ_r V^½ and the same noise.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.family import FactorAnalyserFamily
from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.components.factor_analyser.rotation import rotated
from mixtura.components.gaussian.covariance import SphericalCovariance
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import structure

__all__ = ["factor_conditional", "factor_marginal", "factor_moments"]

Float = NDArray[np.float64]
Pair = tuple[Any, Any]


def factor_marginal(
    family: FactorAnalyserFamily, parameters: FactorParameters, columns: Sequence[int]
) -> Pair:
    """Return the family and parameters of some columns, in the order given; of one, Gaussians."""
    chosen = list(columns)
    own = FactorParameters(
        parameters.means[:, chosen], parameters.loadings[:, chosen], parameters.noise[:, chosen]
    )
    return _told(family.structure, own)


def factor_conditional(
    family: FactorAnalyserFamily,
    parameters: FactorParameters,
    given: Sequence[int],
    rest: Sequence[int],
    values: NDArray[Any],
) -> Pair:
    """Return the family and parameters of the rest given one row (G,) of the others."""
    known, left = list(given), list(rest)
    means, loadings, noise = parameters.means, parameters.loadings, parameters.noise
    factored = Factored.of(FactorParameters(means[:, known], loadings[:, known], noise[:, known]))
    deviations = np.asarray(values, dtype=np.float64) - means[:, known]
    factors = np.einsum("kpd,kd->kp", factored.projection(), deviations)
    narrower = loadings[:, left] @ np.linalg.cholesky(factored.posterior())
    moved = means[:, left] + np.einsum("kdp,kp->kd", loadings[:, left], factors)
    own = FactorParameters(moved, narrower, noise[:, left])
    return _told(family.structure.freed_by_rows(), own)


def _told(form: Any, parameters: FactorParameters) -> Pair:
    n_columns = parameters.means.shape[1]
    if n_columns == 1:
        factors = 1.0 / np.sqrt(parameters.variances()[:, 0])
        plain = GaussianFamily.in_own_units(structure("VII"), 1)
        return plain, GaussianParameters(parameters.means, SphericalCovariance(factors, 1))
    own = FactorAnalyserFamily.in_own_units(form, n_columns)
    return own, rotated(form, parameters)


def factor_moments(
    family: FactorAnalyserFamily, parameters: FactorParameters
) -> tuple[Float, Float]:
    """Return the means (K, D) and the covariances (K, D, D)."""
    return parameters.means, parameters.dense()
