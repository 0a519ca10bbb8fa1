"""The modes of a Gaussian mixture's density, and which one each component leads up to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import deviations_of
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.ridgeline import PLACES, Ridgeline
from mixtura.components.noise import beside_noise
from mixtura.errors import ParameterError
from mixtura.inference.rows import check_mixture
from mixtura.mixture import Mixture

__all__ = ["Modes", "gaussians_of", "modes", "passes"]

Float = NDArray[np.float64]

# Steps of the ascent, how little the last goes in units of the components' widths, and how many
# are taken before Newton's are tried.
STEPS, STILL, SLOW = 5000, 1e-11, 20
# Nats by which the density may fall between two ends of ascents that are one mode.
LEVEL = 1e-7
# Places between them.
BETWEEN = np.linspace(0.0, 1.0, 33)


@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    """Where the density of a mixture is highest around.

    Attributes
    ----------
    points : (M, D) the modes, the highest first
    log_density : (M,) there
    components : (K,) the mode that each component's mean leads up to; -1 for noise
    """

    points: Float
    log_density: Float
    components: NDArray[np.intp]


def modes(mixture: Mixture) -> Modes:
    """Return the modes of a Gaussian mixture that the means of its components lead up to.

    From each mean the density is climbed by modal EM, which never goes down (Li, Ray and Lindsay
    2007; mean shift where all covariances are equal), and by Newton's steps where they go higher.
    A constant density of noise moves no mode, and is left out.

    Parameters
    ----------
    mixture : of Gaussian components, with noise or without

    Raises
    ------
    ParameterError
        If it is no such mixture.
    """
    inner, units = gaussians_of(mixture)
    ends = np.array([_climbed(inner, mean) for mean in inner.parameters.means])
    heights = inner.log_density(ends)
    order = np.argsort(-heights, kind="stable")
    found: list[int] = []
    leads = np.full(mixture.n_components, -1, dtype=np.intp)
    for k in order.tolist():
        place = next((m for m, one in enumerate(found) if _level(inner, ends[one], ends[k])), None)
        if place is None:
            place = len(found)
            found.append(k)
        leads[k] = place
    beside = np.log(mixture.weights[mixture.labels >= 0].sum()) - np.log(units).sum()
    return Modes(ends[found] * units, heights[found] + beside, leads)


def passes(mixture: Mixture) -> Float:
    """Return how high the density stays between the modes of each two components (K, K).

    It is the least density on their ridgeline over that at the lower of their modes: one where
    they lead up to the same mode, and where nothing lies between them that is lower.
    """
    inner, units = gaussians_of(mixture)
    found = modes(mixture)
    count = inner.n_components
    means, covariances = inner.parameters.means, inner.parameters.covariance.dense()
    tops = found.log_density[found.components[:count]]
    tops = tops - np.log(mixture.weights[:count].sum()) + np.log(units).sum()
    high = np.ones((count, count))
    for a in range(count):
        for b in range(a):
            if found.components[a] == found.components[b]:
                continue
            line = Ridgeline.between(means[a], means[b], covariances[a], covariances[b])
            lowest = inner.log_density(line.points(PLACES)).min()
            high[a, b] = high[b, a] = np.exp(min(lowest - min(tops[a], tops[b]), 0.0))
    return high


def gaussians_of(mixture: Mixture) -> tuple[Mixture, Float]:
    """Return the Gaussian components of a mixture, without noise, and the units of its rows (D,).

    Columns are in units of their widths, powers of two, so that variances are numbers.

    Raises
    ------
    ParameterError
        If they are of another family.
    """
    check_mixture(mixture)
    family, parameters = beside_noise(mixture.family, mixture.parameters)
    if not isinstance(family, GaussianFamily):
        raise ParameterError(
            f"modes and shapes are found of Gaussian components only, and these are "
            f'{mixture.family.name}; merge by "entropy" or "overlap"'
        )
    weights = mixture.weights[mixture.labels >= 0]
    widths = deviations_of(parameters.covariance, parameters.means.shape[1]).max(axis=0)
    units = 2.0 ** np.round(np.log2(widths))
    own = GaussianParameters(parameters.means / units, parameters.covariance.scaled(1.0 / units))
    return Mixture(weights / weights.sum(), family, own, reading=None), units


def _climbed(mixture: Mixture, start: Float) -> Float:
    """Return the end of an ascent from a point (D,)."""
    means = mixture.parameters.means
    precisions = np.linalg.inv(mixture.parameters.covariance.dense())
    point = start
    for step in range(STEPS):
        height, shares = mixture.density_and_responsibilities(point[None])
        total = np.einsum("k,kij->ij", shares[0], precisions)
        pulls = np.einsum("kij,kj->ki", precisions, means - point)
        slope = shares[0] @ pulls
        moved = point + np.linalg.solve(total, slope)
        if step >= SLOW:
            # -∇² log p = Σ r P - Σ r (p_k - g)(p_k - g)ᵀ, with p_k = P_k (μ_k - x).
            apart = pulls - slope
            curved = total - (shares[0][:, None] * apart).T @ apart
            moved = _higher(mixture, point, slope, curved, moved, float(height[0]))
        way = moved - point
        point = moved
        if way @ total @ way < STILL**2:
            break
    return point


def _higher(
    mixture: Mixture, point: Float, slope: Float, curved: Float, moved: Float, height: float
) -> Float:
    """Return Newton's step where it leads higher than the one of modal EM."""
    if np.linalg.eigvalsh(curved)[0] <= 0:
        return moved
    newton = point + np.linalg.solve(curved, slope)
    two = mixture.log_density(np.array([moved, newton]))
    return newton if two[1] >= max(two[0], height) else moved


def _level(mixture: Mixture, one: Float, other: Float) -> bool:
    """Return whether the density is nowhere lower between two points than at the lower of them."""
    between = one + BETWEEN[:, None] * (other - one)
    heights = mixture.log_density(between)
    return bool(heights.min() >= min(heights[0], heights[-1]) - LEVEL)
