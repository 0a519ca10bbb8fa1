"""Mixtures of Gaussians seen in some of their columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import structure
from mixtura.mixture import Mixture

__all__ = ["marginal", "region_levels", "separating_columns"]

Float = NDArray[np.float64]

# Rows drawn to find the levels of density that hold a share of a mixture.
LEVEL_DRAWS = 4000

# Columns correlated more than this tell the same story.
REPEATS = 0.95


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


def separating_columns(mixture: Mixture, count: int) -> list[int]:
    """Return the columns in which the components differ most, in their own order.

    A column counts by the share of its variance that lies between the components. One that all
    but repeats a better one comes after all others.
    """
    weights, means = mixture.weights, mixture.parameters.means
    deviations = means - weights @ means
    between = deviations.T @ (weights[:, None] * deviations)
    total = between + np.einsum("k,kij->ij", weights, mixture.parameters.covariance.dense())
    scale = np.sqrt(np.diagonal(total))
    alike = np.abs(total / scale / scale[:, None]) > REPEATS
    ordered = np.argsort(-np.diagonal(between) / scale**2, kind="stable").tolist()
    chosen: list[int] = []
    for column in ordered:
        if not alike[column, chosen].any():
            chosen.append(column)
    others = [column for column in ordered if column not in chosen]
    return sorted([*chosen, *others][:count])
