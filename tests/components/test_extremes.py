"""Log densities of every family against mpmath: condition 1e12, offsets 1e12, counts 1e15."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from columnwise_cases import exact_gamma, exact_negative_binomial
from mpmath import mp, mpf

from mixtura import FactorAnalyserMixture, GaussianMixture
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.gamma import GammaFamily
from mixtura.components.geometric import GeometricFamily, SuccessProbabilities
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.negative_binomial import NegativeBinomialFamily, Overdispersed
from mixtura.components.poisson import PoissonFamily, Rates
from mixtura.components.stacked import GammaParameters, Probabilities

TOLERANCE = 1e-9
DIGITS = 60


def close(found: Any, exact: Any, tolerance: float = TOLERANCE) -> None:
    """Check numbers of doubles against those of mpmath, relative to those or to one nat."""
    for value, truth in zip(np.ravel(found), exact, strict=True):
        room = tolerance * max(1, abs(truth))
        assert abs(mpf(float(value)) - truth) <= room, (value, mp.nstr(truth, 20))


def exact_gaussian(row: Any, mean: Any, covariance: Any) -> Any:
    deviation = mp.matrix([mpf(a) - mpf(b) for a, b in zip(row, mean, strict=True)])
    matrix = mp.matrix(covariance.tolist())
    distance = (deviation.T * mp.lu_solve(matrix, deviation))[0]
    return -(len(row) * mp.log(2 * mp.pi) + mp.log(mp.det(matrix)) + distance) / 2


def test_factor_analysers_keep_their_digits_however_little_noise_there_is() -> None:
    for seed in range(8):
        rng = np.random.default_rng([seed, 3])
        n_columns, offset = int(rng.integers(3, 7)), 10.0 ** rng.choice([0, 9, 12])
        units = 10.0 ** rng.uniform(-6, 6, n_columns)
        common = rng.normal(size=(120, 1)) * rng.normal(size=n_columns)
        noise = 10.0 ** rng.uniform(-6, 0) * rng.normal(size=common.shape)
        rows = (common + noise + offset) * units
        model = FactorAnalyserMixture(1, random_state=seed).fit(rows)
        with mp.workdps(DIGITS):
            loadings = mp.matrix(model.loadings_[0].tolist())
            covariance = loadings * loadings.T + mp.diag(model.noise_variances_[0].tolist())
            exact = [exact_gaussian(row, model.means_[0], covariance) for row in rows[:4]]
            close(model.score_samples(rows[:4]), exact)


def conditioned(rng: np.random.Generator, n_columns: int, condition: float) -> np.ndarray:
    axes, _ = np.linalg.qr(rng.normal(size=(n_columns, n_columns)))
    sizes = np.geomspace(1.0, condition, n_columns)
    matrix = (axes * sizes) @ axes.T
    return (matrix + matrix.T) / 2


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("offset", [0.0, 1e12])
@pytest.mark.parametrize("condition", [1.0, 1e6, 1e12])
def test_gaussian_densities_keep_their_digits(condition: float, offset: float, seed: int) -> None:
    rng = np.random.default_rng([seed, int(np.log10(condition)), offset > 0])
    n_columns = int(rng.integers(2, 6))
    covariance = conditioned(rng, n_columns, condition)
    mean = rng.normal(size=n_columns) + offset
    rows = mean + rng.normal(size=(5, n_columns)) * np.sqrt(np.diag(covariance))
    model = GaussianMixture.from_parameters([1.0], mean[None], covariance[None])
    with mp.workdps(DIGITS):
        exact = [exact_gaussian(row, mean, covariance) for row in rows]
        close(model.score_samples(rows), exact)
        close(model.mixture_.component_log_density(rows), exact)


@pytest.mark.parametrize("seed", range(6))
def test_diagonal_and_spherical_densities_keep_theirs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    variances = 10.0 ** rng.uniform(-6, 6, 4)
    mean = rng.normal(size=4) * 1e12
    rows = mean + rng.normal(size=(5, 4)) * np.sqrt(variances)
    for kind, given in (("diag", variances[None]), ("spherical", variances[:1])):
        own = variances if kind == "diag" else np.full(4, variances[0])
        model = GaussianMixture.from_parameters([1.0], mean[None], given, covariance_type=kind)
        with mp.workdps(DIGITS):
            close(
                model.score_samples(rows), [exact_gaussian(row, mean, np.diag(own)) for row in rows]
            )


def chances(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return probabilities of which some are as small as 1e-12, each row with the sum one."""
    drawn = 10.0 ** rng.uniform(-12, 0, shape)
    return drawn / drawn.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(6))
def test_shares_and_chances_keep_their_digits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts, shares = large_counts(rng), chances(rng, (1, 3))
    if seed % 2:
        counts = rng.multinomial(10**15, shares[0], 6).astype(float)
        counts[0] = 0.0
    multinomial = MultinomialFamily(3)
    answers, chance = (
        rng.integers(0, 2, (6, 3)).astype(float),
        10.0 ** rng.uniform(-12, -0.1, (1, 3)),
    )
    codes = rng.integers(0, 3, (6, 1)).astype(float)
    levels = CategoricalFamily((3,), (("a", "b", "c"),))
    with mp.workdps(DIGITS):
        exact = [
            mp.loggamma(mpf(float(row.sum())) + 1)
            + mp.fsum(
                mpf(float(x)) * mp.log(mpf(float(p))) - mp.loggamma(mpf(float(x)) + 1)
                for x, p in zip(row, shares[0], strict=True)
            )
            for row in counts
        ]
        close(multinomial.row_log_density(counts, Probabilities(shares)), exact)
        exact = [
            mp.fsum(
                mp.log(mpf(float(p)) if x else 1 - mpf(float(p)))
                for x, p in zip(row, chance[0], strict=True)
            )
            for row in answers
        ]
        close(BernoulliFamily(3).row_log_density(answers, Probabilities(chance)), exact)
        exact = [mp.log(mpf(float(shares[0, int(code)]))) for code in codes[:, 0]]
        close(levels.row_log_density(codes, Probabilities(shares)), exact)


def large_counts(rng: np.random.Generator) -> np.ndarray:
    """Return counts (6, 3) of which the largest are 1e15."""
    return np.floor(10.0 ** rng.uniform(0, 15, (6, 3)))


def exact_poisson(x: Any, rate: Any) -> Any:
    return x * mp.log(rate) - rate - mp.loggamma(x + 1)


def exact_geometric(x: Any, chance: Any) -> Any:
    return mp.log(chance) + x * mp.log(1 - chance)


COUNTED: dict[str, tuple[Any, Callable[..., Any], Callable[..., Any]]] = {
    "poisson": (PoissonFamily(3), lambda rows, rng: Rates(near(rows, rng)), exact_poisson),
    "geometric": (
        GeometricFamily(3),
        lambda rows, rng: SuccessProbabilities(1 / (1 + near(rows, rng))),
        exact_geometric,
    ),
    "negative binomial": (
        NegativeBinomialFamily(3),
        lambda rows, rng: Overdispersed(near(rows, rng), 10.0 ** rng.uniform(-2, 12, (1, 3))),
        exact_negative_binomial,
    ),
    "gamma": (
        GammaFamily(3),
        lambda rows, rng: gamma_near(rows, 10.0 ** rng.uniform(-1, 8, (1, 3))),
        exact_gamma,
    ),
}


def near(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return means (1, 3) about as large as the first row."""
    return rows[:1] + rng.normal(size=(1, 3)) * np.sqrt(rows[:1]) * 0.3 + 0.5


def gamma_near(rows: np.ndarray, shapes: np.ndarray) -> GammaParameters:
    return GammaParameters(shapes, shapes / rows[:1])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", COUNTED)
def test_densities_of_very_large_counts_keep_their_digits(name: str, seed: int) -> None:
    family, drawn, exact = COUNTED[name]
    rng = np.random.default_rng([seed, len(name)])
    rows = large_counts(rng)
    if seed % 2:
        # Near the mean, where terms of 1e16 leave a dozen.
        rows = np.floor(rows[:1] + rng.normal(size=rows.shape) * np.sqrt(rows[:1]))
        rows = np.maximum(rows, 1.0)
    parameters = drawn(rows, rng)
    numbers = [getattr(parameters, name)[0] for name in parameters.__dataclass_fields__]
    with mp.workdps(DIGITS):
        truth = [
            mp.fsum(
                exact(*(mpf(float(each)) for each in cell))
                for cell in zip(row, *numbers, strict=True)
            )
            for row in rows
        ]
        close(family.row_log_density(rows, parameters), truth)
