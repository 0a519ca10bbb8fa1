"""What the distributions of one column are, family by family."""

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import (
    betainc,
    betaincc,
    betaincinv,
    betaln,
    gammainc,
    gammaincc,
    gammaincinv,
    gammaln,
    pdtr,
    pdtrc,
    xlog1py,
    xlogy,
)

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.beta import BetaFamily
from mixtura.components.gamma import GammaFamily
from mixtura.components.gaussian.covariance import deviations_of
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.one_column import gaussian_law
from mixtura.components.geometric import GeometricFamily
from mixtura.components.negative_binomial import NegativeBinomialFamily
from mixtura.components.noise import NoiseFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.polya import BetaBinomialFamily
from mixtura.components.product import ProductFamily
from mixtura.components.scaled import scaled_law
from mixtura.components.trials import BinomialFamily
from mixtura.components.univariate import Law
from mixtura.components.zeros import (
    ZeroAlteredNegativeBinomialFamily,
    ZeroAlteredPoissonFamily,
)
from mixtura.errors import ParameterError

__all__ = ["law_of"]

Float = NDArray[np.float64]


def law_of(family: Any, parameters: Any) -> Law:
    """Return the distributions of components of one column.

    Raises
    ------
    ParameterError
        If there are more columns, or the cells are in no order.
    """
    if family.n_columns != 1:
        raise ParameterError(
            f"a distribution function is of one column, and this mixture has {family.n_columns}; "
            "take one by marginal([column]) first"
        )
    return _law(family, parameters)


@singledispatch
def _law(family: Any, parameters: Any) -> Law:
    raise ParameterError(f"a '{family.name}' mixture has no distribution function here")


@_law.register
def _(family: NoiseFamily, parameters: Any) -> Law:
    raise ParameterError(
        "noise is as dense everywhere, so no probability lies below a point; fit the mixture "
        "without noise for this"
    )


@_law.register
def _(family: ProductFamily, parameters: Any) -> Law:
    return _law(family.families[0], parameters.parts[0])


@_law.register
def _(family: GaussianFamily, parameters: Any) -> Law:
    return gaussian_law(parameters.means[:, 0], deviations_of(parameters.covariance, 1)[:, 0])


_law.register(scaled_law)


@_law.register
def _(family: GammaFamily, parameters: Any) -> Law:
    shapes, rates = parameters.shapes[:, 0], parameters.rates[:, 0]

    def density(points: Float) -> Float:
        x = np.maximum(points * rates, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = rates * np.exp(xlogy(shapes - 1.0, x) - x - gammaln(shapes))
        return np.where(points < 0.0, 0.0, found)

    return Law(
        lambda points: gammainc(shapes, np.maximum(points * rates, 0.0)),
        lambda points: gammaincc(shapes, np.maximum(points * rates, 0.0)),
        density,
        lambda levels: gammaincinv(shapes, levels) / rates,
    )


@_law.register
def _(family: BetaFamily, parameters: Any) -> Law:
    alphas, betas = parameters.alphas[:, 0], parameters.betas[:, 0]

    def density(points: Float) -> Float:
        x = np.clip(points, 0.0, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = xlogy(alphas - 1.0, x) + xlog1py(betas - 1.0, -x) - betaln(alphas, betas)
            found = np.exp(logs)
        return np.where((points < 0.0) | (points > 1.0), 0.0, found)

    return Law(
        lambda points: betainc(alphas, betas, np.clip(points, 0.0, 1.0)),
        lambda points: betaincc(alphas, betas, np.clip(points, 0.0, 1.0)),
        density,
        lambda levels: betaincinv(alphas, betas, levels),
    )


def _counted(cdf: Any, survival: Any, last: float = np.inf) -> Law:
    """Return the law of whole numbers from 0, of functions of such."""
    return Law(
        lambda points: np.where(points < 0.0, 0.0, cdf(np.maximum(np.floor(points), 0.0))),
        lambda points: np.where(points < 0.0, 1.0, survival(np.maximum(np.floor(points), 0.0))),
        last=last,
    )


@_law.register
def _(family: PoissonFamily, parameters: Any) -> Law:
    return _poisson_law(parameters.rates[:, 0])


def _poisson_law(rates: Float) -> Law:
    return _counted(lambda counts: pdtr(counts, rates), lambda counts: pdtrc(counts, rates))


@_law.register
def _(family: GeometricFamily, parameters: Any) -> Law:
    with np.errstate(divide="ignore"):
        stays = np.log1p(-parameters.probabilities[:, 0])
    return _counted(
        lambda counts: -np.expm1((counts + 1.0) * stays),
        lambda counts: np.exp((counts + 1.0) * stays),
    )


@_law.register
def _(family: NegativeBinomialFamily, parameters: Any) -> Law:
    means, sizes = parameters.means[:, 0], parameters.sizes[:, 0]
    varying = np.isfinite(sizes)
    finite = np.where(varying, sizes, 1.0)
    share = means / (finite + means)

    def cdf(counts: Float) -> Float:
        own = betainc(finite, counts + 1.0, finite / (finite + means))
        return np.where(varying, own, pdtr(counts, means))

    def survival(counts: Float) -> Float:
        own = betainc(counts + 1.0, finite, share)
        return np.where(varying, own, pdtrc(counts, means))

    return _counted(cdf, survival)


@_law.register
def _(family: ZeroAlteredPoissonFamily, parameters: Any) -> Law:
    rates, zeros = family.around_zero(parameters)
    return _altered(_poisson_law(rates[:, 0]), zeros)


@_law.register
def _(family: ZeroAlteredNegativeBinomialFamily, parameters: Any) -> Law:
    counts, zeros = family.around_zero(parameters)
    return _altered(_law(NegativeBinomialFamily(1), counts), zeros)


def _altered(plain: Law, zeros: tuple[Float, Float]) -> Law:
    """Return the law of counts of which zeros have a probability of their own."""
    none, scale = (np.exp(each[:, 0]) for each in zeros)
    at_none = plain.cdf(np.zeros((1, 1)))[0]

    def cdf(points: Float) -> Float:
        return np.where(points < 0.0, 0.0, none + scale * (plain.cdf(points) - at_none))

    def survival(points: Float) -> Float:
        return np.where(points < 0.0, 1.0, scale * plain.survival(points))

    return Law(cdf, survival)


@_law.register
def _(family: BinomialFamily, parameters: Any) -> Law:
    shares, most = parameters.probabilities[:, 0], family.kinds[0].most

    def cdf(counts: Float) -> Float:
        below = np.minimum(counts, most - 1.0)
        return np.where(counts < most, betainc(most - below, below + 1.0, 1.0 - shares), 1.0)

    def survival(counts: Float) -> Float:
        below = np.minimum(counts, most - 1.0)
        return np.where(counts < most, betainc(below + 1.0, most - below, shares), 0.0)

    return _counted(cdf, survival, most)


@_law.register
def _(family: BetaBinomialFamily, parameters: Any) -> Law:
    masses = family.masses(parameters)
    most, components = len(masses) - 1, np.arange(masses.shape[1])
    below = np.cumsum(masses, axis=0)
    beyond = np.vstack([np.cumsum(masses[:0:-1], axis=0)[::-1], np.zeros(masses.shape[1])])

    def at(table: Float, counts: Float) -> Float:
        return table[np.minimum(counts, most).astype(np.intp), components]

    return _counted(
        lambda counts: np.where(counts < most, at(below, counts), 1.0),
        lambda counts: at(beyond, counts),
        most,
    )


@_law.register
def _(family: BernoulliFamily, parameters: Any) -> Law:
    ones = parameters.probabilities[:, 0]
    return _counted(
        lambda counts: np.where(counts < 1.0, 1.0 - ones, 1.0),
        lambda counts: np.where(counts < 1.0, ones, 0.0),
        1.0,
    )
