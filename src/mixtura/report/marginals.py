"""Mixtures of Gaussians, and noise, seen in some of their columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_from, dense_within, units_of
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import structure
from mixtura.mixture import Mixture

__all__ = [
    "log_density",
    "marginal",
    "noise_density",
    "region_levels",
    "separating_columns",
]

Float = NDArray[np.float64]

# Rows drawn to find the levels of density that hold a share of a mixture.
LEVEL_DRAWS = 4000

# Of very many columns so many, those that separate best, are looked at for repeats.
COMPARED = 200

# Columns correlated more than this tell the same story.
REPEATS = 0.95


def marginal(mixture: Mixture, columns: Sequence[int]) -> Mixture:
    """Return the mixture that the given columns follow, without noise.

    Parameters
    ----------
    mixture : of Gaussian components, and maybe noise, beside which their weights sum to less than 1
    columns : numbers of the columns, d of them
    """
    chosen = list(columns)
    covariance = mixture.parameters.covariance
    units = units_of(covariance, mixture.n_columns)
    covariances = dense_within(covariance.scaled(1.0 / units), chosen)
    own = covariance_from("full", np.ascontiguousarray(covariances), len(chosen))
    parameters = GaussianParameters(mixture.parameters.means[:, chosen], own.scaled(units[chosen]))
    family = GaussianFamily.in_own_units(structure("VVV"), len(chosen))
    return Mixture(mixture.weights[mixture.labels >= 0], family, parameters, reading=None)


def noise_density(mixture: Mixture, columns: Sequence[int], points: Float) -> Float:
    """Return what noise adds to the density of some columns, nothing outside its box.

    Parameters
    ----------
    columns : numbers of the columns, d of them
    points : (n, d)

    Returns
    -------
    (n,) float64
    """
    family: Any = mixture.family
    if not family.has_noise:
        return np.zeros(len(points))
    share = float(
        mixture.weights[-1]
        * np.exp(family.background.log_constant + family.background.box.log_volume)
    )
    return share * family.background.box.marginal_density(points, columns)


def log_density(mixture: Mixture, columns: Sequence[int], points: Float) -> Float:
    """Return the log density (n,) of some columns at points (n, d), noise included."""
    gaussians = marginal(mixture, columns).log_density(points)
    with np.errstate(divide="ignore"):
        return np.logaddexp(gaussians, np.log(noise_density(mixture, columns, points)))


def region_levels(mixture: Mixture, columns: Sequence[int], shares: Sequence[float]) -> Float:
    """Return the log densities above which the given shares of some columns lie, lowest first."""
    density = log_density(mixture, columns, _drawn(mixture, columns))
    return np.unique(np.quantile(density, [1 - share for share in shares]))


def _drawn(mixture: Mixture, columns: Sequence[int]) -> Float:
    """Return rows drawn from some columns (LEVEL_DRAWS, d)."""
    family: Any = mixture.family
    rng = np.random.default_rng(0)
    labels = rng.choice(mixture.n_components, LEVEL_DRAWS, p=mixture.weights)
    plane = marginal(mixture, columns)
    rows = plane.family.sample(plane.parameters, labels[labels < plane.n_components], rng)
    if not family.has_noise:
        return rows
    noise = family.background.box.sample(LEVEL_DRAWS - len(rows), rng)[:, list(columns)]
    return np.concatenate([rows, noise])


def separating_columns(mixture: Mixture, count: int) -> list[int]:
    """Return the columns in which the components differ most, in their own order.

    A column counts by the share of its variance that lies between the components. One that all
    but repeats a better one comes after all others.
    """
    units = units_of(mixture.parameters.covariance, mixture.n_columns)
    means = mixture.parameters.means / units
    weights = mixture.weights[mixture.labels >= 0]
    weights = weights / weights.sum()
    deviations = means - weights @ means
    covariance = mixture.parameters.covariance.scaled(1.0 / units)
    apart = weights @ deviations**2
    share = apart / (apart + weights @ covariance.variances())
    ordered = np.argsort(-share, kind="stable")[: max(count, COMPARED)]
    between = deviations[:, ordered].T @ (weights[:, None] * deviations[:, ordered])
    total = between + np.einsum("k,kij->ij", weights, dense_within(covariance, ordered.tolist()))
    scale = np.sqrt(np.diagonal(total))
    alike = np.abs(total / scale / scale[:, None]) > REPEATS
    chosen: list[int] = []
    for place in range(len(ordered)):
        if not alike[place, chosen].any():
            chosen.append(place)
    others = [place for place in range(len(ordered)) if place not in chosen]
    return sorted(ordered[[*chosen, *others][:count]].tolist())
