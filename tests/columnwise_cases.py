"""The table of families of the columnwise tier: a row gives a family all laws and checks."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from mpmath import mp
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import quad
from scipy.special import loggamma
from urn_cases import BetaBinomial, beta_binomial_logs, exact_beta_binomial
from zero_cases import (
    exact_hurdle,
    exact_inflated,
    hurdle,
    hurdle_logs,
    inflated,
    inflated_logs,
    negative_binomial,
)

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.beta import BetaFamily, BetaParameters
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.gamma import GammaFamily
from mixtura.components.geometric import GeometricFamily, SuccessProbabilities
from mixtura.components.negative_binomial import NegativeBinomialFamily, Overdispersed
from mixtura.components.poisson import PoissonFamily
from mixtura.components.polya.beta_binomial import BetaBinomialFamily, CorrelatedTrials
from mixtura.components.stacked import GammaParameters, Probabilities, Rates
from mixtura.components.trials.binomial import BinomialFamily
from mixtura.components.von_mises import Directions, VonMisesFamily
from mixtura.components.zeros.negative_binomials import (
    HurdleCounts,
    HurdleNegativeBinomialFamily,
    InflatedCounts,
    ZeroInflatedNegativeBinomialFamily,
)
from mixtura.components.zeros.poissons import (
    HurdlePoissonFamily,
    HurdleRates,
    InflatedRates,
    ZeroInflatedPoissonFamily,
)
from mixtura.estimators.named import estimator_of

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Columnwise:
    """What other systems know of a family.

    Attributes
    ----------
    family : of three columns
    truth : the numbers (2, 3) of two components, well apart
    distribution : SciPy's of one component, by arrays (D,) of its numbers
    logs : log f_k(x) (n, K) up to log h(x), for complex numbers too, by arrays (K, D)
    exact : log f(x) of one cell by mpmath
    cells : of which the density is looked at
    begins : where a search of the likeliest numbers begins, times those given
    settings : what the estimator is told of the family
    """

    family: ColumnwiseFamily
    truth: Any
    distribution: Callable[..., Any]
    logs: Callable[..., NDArray[Any]]
    exact: Callable[..., Any]
    cells: tuple[float, ...]
    begins: tuple[float, ...] = (1.0,)
    settings: dict[str, Any] = field(default_factory=dict)

    def estimator(self, n_components: int = 1, **settings: Any) -> Any:
        """Return the estimator, with what the row of the catalogue fixes."""
        (name,) = (name for name, one in COLUMNWISE.items() if one is self)
        return estimator_of(name)(n_components, **self.settings, **settings)

    def numbers(self, parameters: Any) -> list[Float]:
        """Return the arrays (K, D) of a value, in their order."""
        return [getattr(parameters, field.name) for field in fields(parameters)]

    def drawn(self, rng: np.random.Generator, labels: NDArray[np.intp]) -> Float:
        """Return a row of the truth for each label, drawn by SciPy."""
        numbers = [array[labels] for array in self.numbers(self.truth)]
        return self.distribution(*numbers).rvs(random_state=rng) * 1.0

    def rows(self, rng: np.random.Generator, n_rows: int) -> Float:
        """Return rows of both components."""
        return self.drawn(rng, rng.integers(0, 2, n_rows))

    def log_density(self, rows: Float, parameters: Any, k: int) -> Float:
        """Return log f_k(x) (n,) by SciPy."""
        law = self.distribution(*(array[k] for array in self.numbers(parameters)))
        found = law.logpmf(rows) if hasattr(law, "logpmf") else law.logpdf(rows)
        return found.sum(axis=1)


def poisson_logs(rows: Float, rates: NDArray[Any]) -> NDArray[Any]:
    return (rows[:, None] * np.log(rates) - rates).sum(axis=2)


def bernoulli_logs(rows: Float, probabilities: NDArray[Any]) -> NDArray[Any]:
    p = probabilities
    return (rows[:, None] * np.log(p) + (1 - rows[:, None]) * np.log(1 - p)).sum(axis=2)


def binomial_logs(rows: Float, probabilities: NDArray[Any]) -> NDArray[Any]:
    p, x = probabilities, rows[:, None]
    return (x * np.log(p) + (6 - x) * np.log(1 - p)).sum(axis=2)


def geometric_logs(rows: Float, probabilities: NDArray[Any]) -> NDArray[Any]:
    p = probabilities
    return (np.log(p) + rows[:, None] * np.log(1 - p)).sum(axis=2)


def gamma_logs(rows: Float, shapes: NDArray[Any], rates: NDArray[Any]) -> NDArray[Any]:
    x = rows[:, None]
    each = shapes * np.log(rates) - loggamma(shapes) + shapes * np.log(x) - rates * x
    return each.sum(axis=2)


def exact_gamma(x: Any, shape: Any, rate: Any) -> Any:
    return shape * mp.log(rate) - mp.loggamma(shape) + (shape - 1) * mp.log(x) - rate * x


def beta_log_densities(rows: Float, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    x = rows[:, None]
    each = loggamma(a + b) - loggamma(a) - loggamma(b) + a * np.log(x) + b * np.log1p(-x)
    return each.sum(axis=2)


def exact_beta(x: Any, a: Any, b: Any) -> Any:
    heights = mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    return heights + (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - mp.mpf(x))


RATES = np.array([[0.5, 1.0, 40.0], [0.02, 4.0, 9.0]])


def spread_cells(x: Float, means: NDArray[Any], sizes: NDArray[Any]) -> NDArray[Any]:
    rest = x * np.log(means) + sizes * np.log(sizes) - (x + sizes) * np.log(sizes + means)
    return loggamma(x + sizes) - loggamma(sizes + 0j) + rest


def negative_binomial_logs(rows: Float, means: NDArray[Any], sizes: NDArray[Any]) -> NDArray[Any]:
    return spread_cells(rows[:, None] + 0j, means, sizes).sum(axis=2)


def poisson_cells(x: Float, rates: NDArray[Any]) -> NDArray[Any]:
    return x * np.log(rates) - rates


def exact_poisson(x: Any, rate: Any) -> Any:
    return x * mp.log(rate) - rate - mp.loggamma(x + 1)


def exact_negative_binomial(x: Any, mean: Any, size: Any) -> Any:
    ways = mp.loggamma(x + size) - mp.loggamma(size) - mp.loggamma(x + 1)
    return ways + size * mp.log(size / (size + mean)) + x * mp.log(mean / (size + mean))


class Circular:
    """SciPy's von Mises, whose moments are about its mean."""

    def __init__(self, means: Float, concentrations: Float) -> None:
        self._law = stats.vonmises(concentrations, loc=means)
        self._means, self._concentrations = means, concentrations

    def logpdf(self, rows: Float) -> Float:
        inside = (self._means >= 0).all() and (self._means < 2 * np.pi).all()
        return self._law.logpdf(rows) if inside else np.full(rows.shape, -1e9)

    def rvs(self, random_state: np.random.Generator) -> Float:
        return self._law.rvs(random_state=random_state)

    def mean(self) -> Float:
        return self._means

    def var(self) -> Float:
        found = [
            quad(lambda t, k=k: t * t * stats.vonmises.pdf(t, k), -np.pi, np.pi, epsabs=1e-14)[0]
            for k in self._concentrations.ravel()
        ]
        return np.reshape(found, self._concentrations.shape)


def von_mises_logs(rows: Float, means: NDArray[Any], concentrations: NDArray[Any]) -> NDArray[Any]:
    # By its power series, as SciPy's has no digits for imaginary parts that are next to nothing.
    term = total = np.ones_like(concentrations)
    for m in range(1, 150):
        term = term * (0.5 * concentrations / m) ** 2
        total = total + term
    heights = np.log(total)
    return (concentrations * np.cos(rows[:, None] - means) - heights).sum(axis=2)


COUNTED = np.array([[4.0, 1.2, 3.0], [11.0, 3.0, 8.0]])
SHARES = np.array([[0.3, 0.6, 0.2], [0.15, 0.4, 0.45]])
SPREAD = (
    np.array([[4.0, 20.0, 3.0], [18.0, 5.0, 12.0]]),
    np.array([[3.0, 6.0, 4.0], [8.0, 3.0, 5.0]]),
)

COLUMNWISE: dict[str, Columnwise] = {
    "zero_inflated_poisson": Columnwise(
        ZeroInflatedPoissonFamily(3),
        InflatedRates(COUNTED, SHARES),
        inflated(stats.poisson),
        inflated_logs(poisson_cells),
        exact_inflated(exact_poisson),
        (0.0, 1.0, 19.0, 300.0, 1e7),
    ),
    "hurdle_poisson": Columnwise(
        HurdlePoissonFamily(3),
        HurdleRates(COUNTED, SHARES),
        hurdle(stats.poisson),
        hurdle_logs(poisson_cells),
        exact_hurdle(exact_poisson),
        (0.0, 1.0, 19.0, 300.0, 1e7),
    ),
    "zero_inflated_negative_binomial": Columnwise(
        ZeroInflatedNegativeBinomialFamily(3),
        InflatedCounts(*SPREAD, SHARES),
        inflated(negative_binomial),
        inflated_logs(spread_cells),
        exact_inflated(exact_negative_binomial),
        (0.0, 1.0, 19.0, 300.0, 1e7),
    ),
    "hurdle_negative_binomial": Columnwise(
        HurdleNegativeBinomialFamily(3),
        HurdleCounts(*SPREAD, SHARES),
        hurdle(negative_binomial),
        hurdle_logs(spread_cells),
        exact_hurdle(exact_negative_binomial),
        (0.0, 1.0, 19.0, 300.0, 1e7),
    ),
    "poisson": Columnwise(
        PoissonFamily(3),
        Rates(np.array([[4.0, 0.7, 30.0], [11.0, 3.0, 18.0]])),
        stats.poisson,
        poisson_logs,
        exact_poisson,
        (0.0, 1.0, 19.0, 300.0, 1e7),
    ),
    "bernoulli": Columnwise(
        BernoulliFamily(3),
        Probabilities(np.array([[0.95, 0.1, 0.9], [0.05, 0.85, 0.1]])),
        stats.bernoulli,
        bernoulli_logs,
        lambda x, p: mp.log(p if x else 1 - p),
        (0.0, 1.0),
    ),
    "binomial": Columnwise(
        BinomialFamily(3, trials=6),
        Probabilities(np.array([[0.85, 0.3, 0.75], [0.25, 0.8, 0.15]])),
        lambda p, trials=6: stats.binom(trials, p),
        binomial_logs,
        lambda x, p: mp.log(mp.binomial(6, x)) + x * mp.log(p) + (6 - x) * mp.log(1 - p),
        (0.0, 1.0, 4.0, 6.0),
        settings={"trials": 6},
    ),
    "beta_binomial": Columnwise(
        BetaBinomialFamily(3, trials=12),
        CorrelatedTrials(
            np.array([[0.85, 0.3, 0.75], [0.25, 0.8, 0.15]]),
            np.array([[0.1, 0.2, 0.05], [0.15, 0.08, 0.3]]),
        ),
        BetaBinomial,
        beta_binomial_logs,
        exact_beta_binomial,
        (0.0, 1.0, 7.0, 12.0),
        settings={"trials": 12},
    ),
    "geometric": Columnwise(
        GeometricFamily(3),
        SuccessProbabilities(np.array([[0.6, 0.08, 0.3], [0.1, 0.5, 0.04]])),
        lambda p: stats.geom(p, loc=-1),
        geometric_logs,
        lambda x, p: mp.log(p) + x * mp.log(1 - p),
        (0.0, 1.0, 7.0, 1e3, 1e7),
    ),
    "gamma": Columnwise(
        GammaFamily(3),
        GammaParameters(np.array([[3.0, 0.7, 20.0], [2.0, 5.0, 12.0]]), RATES),
        lambda shapes, rates: stats.gamma(shapes, scale=1 / rates),
        gamma_logs,
        exact_gamma,
        (1e-200, 1e-3, 1.0, 50.0, 1e6),
    ),
    "exponential": Columnwise(
        GammaFamily(3, shape=1.0),
        GammaParameters(np.ones((2, 3)), RATES),
        lambda shapes, rates: stats.expon(scale=1 / rates),
        gamma_logs,
        exact_gamma,
        (1e-200, 1e-3, 1.0, 50.0, 1e6),
    ),
    "negative_binomial": Columnwise(
        NegativeBinomialFamily(3),
        Overdispersed(
            np.array([[4.0, 30.0, 1.0], [20.0, 3.0, 6.0]]),
            np.array([[1.5, 4.0, 0.5], [3.0, 1.0, 2.0]]),
        ),
        negative_binomial,
        negative_binomial_logs,
        exact_negative_binomial,
        (0.0, 1.0, 19.0, 300.0, 1e7),
    ),
    "beta": Columnwise(
        BetaFamily(3),
        BetaParameters(
            np.array([[3.0, 0.7, 20.0], [9.0, 5.0, 12.0]]),
            np.array([[9.0, 4.0, 12.0], [2.0, 1.5, 20.0]]),
        ),
        stats.beta,
        beta_log_densities,
        exact_beta,
        (1e-200, 1e-3, 0.2, 0.6, 0.999),
    ),
    "von_mises": Columnwise(
        VonMisesFamily(3),
        Directions(
            np.array([[1.0, 3.0, 6.0], [4.0, 1.5, 2.5]]),
            np.array([[4.0, 0.8, 30.0], [7.0, 3.0, 5.0]]),
        ),
        Circular,
        von_mises_logs,
        lambda x, mean, k: k * mp.cos(x - mean) - mp.log(2 * mp.pi * mp.besseli(0, k)),
        (-3.0, 0.0, 1.0, 5.9, 6.1),
        # Half a turn from its mean the likelihood rises with a concentration that vanishes.
        (0.3, 1.0, 2.0),
    ),
}
