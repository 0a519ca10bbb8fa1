"""Mixtures of Gaussians seen in some of their columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import structure
from mixtura.mixture import Mixture

__all__ = ["marginal", "region_levels", "separation"]

Float = NDArray[np.float64]

# Rows drawn to find the levels of density that hold a share of a mixture.
LEVEL_DRAWS = 4000


def marginal(mixture: Mixture, columns: Sequence[int]) -> Mixture:
    """Return the mixture that the given columns follow.

    Parameters
    ----------
    mixture : of Gaussian components
    columns : numbers of the columns, d of them
    """
    chosen = list(columns)
    covariances = mixture.parameters.covariance.dense()[:, chosen][:, :, chosen]
    parameters = GaussianParameters(
        mixture.parameters.means[:, chosen],
        covariance_from("full", np.ascontiguousarray(covariances), len(chosen)),
    )
    family = GaussianFamily.in_own_units(structure("VVV"), len(chosen))
    return Mixture(mixture.weights, family, parameters)


def region_levels(mixture: Mixture, shares: Sequence[float]) -> Float:
    """Return the log densities above which the given shares of the mixture lie, lowest first."""
    rows, _ = mixture.sample(LEVEL_DRAWS, 0)
    density = mixture.log_density(rows)
    return np.unique(np.quantile(density, [1 - share for share in shares]))


def separation(mixture: Mixture) -> Float:
    """Return for each column the share of its variance that lies between the components, (D,).

    Σ_k π_k (μ_kj - m_j)² / (Σ_k π_k (μ_kj - m_j)² + Σ_k π_k Σ_kjj), with m = Σ_k π_k μ_k.
    """
    weights, means = mixture.weights, mixture.parameters.means
    between = weights @ (means - weights @ means) ** 2
    covariances = mixture.parameters.covariance.dense()
    within = weights @ np.diagonal(covariances, axis1=1, axis2=2)
    return between / (between + within)
