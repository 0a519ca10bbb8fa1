"""What a fit says of its own likelihood is right to 1e-9, however large the counts are."""

from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from mixtura import (
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
)
from mixtura.errors import ParameterError

pytestmark = pytest.mark.drawn(4)

LABELS = np.random.default_rng(0).integers(0, 2, 40)


def poisson_log(count: int, rate: float) -> Any:
    return count * mpmath.log(mpf(rate)) - mpf(rate) - mpmath.loggamma(count + 1)


def geometric_log(count: int, chance: float) -> Any:
    return mpmath.log(mpf(chance)) + count * mpmath.log(1 - mpf(chance))


def negative_binomial_log(count: int, mean: float, size: float) -> Any:
    mean, size = mpf(mean), mpf(size)
    ways = mpmath.loggamma(count + size) - mpmath.loggamma(size) - mpmath.loggamma(count + 1)
    return ways + size * mpmath.log(size / (size + mean)) + count * mpmath.log(mean / (size + mean))


def as_exactly(model: Any, rows: Any, log_density: Any) -> Any:
    """Return Σ log Σ_k π_k exp(log_density(row, k)) by 60 digits, to compare with."""
    with mpmath.workdps(60):
        weights = [mpf(weight) for weight in model.weights_.tolist()]
        each = [
            mpmath.log(
                sum(w * mpmath.exp(log_density(row, k)) for k, w in enumerate(weights) if w > 0)
            )
            for row in rows.astype(int).tolist()
        ]
        return pytest.approx(float(sum(each)), rel=1e-9)


@pytest.mark.parametrize("size", [1e3, 1e6, 1e10, 1e15])
def test_poisson(size: float) -> None:
    rates = np.where(LABELS[:, None] == 1, [size, 2 * size], [1.3 * size, size])
    rows = np.random.default_rng(1).poisson(rates).astype(float)
    model = PoissonMixture(2, random_state=0).fit(rows)
    rates = model.rates_.tolist()

    def log_density(row: Any, k: int) -> Any:
        return sum(map(poisson_log, row, rates[k]))

    assert model.log_likelihood_ == as_exactly(model, rows, log_density)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e30, 1e200])
def test_counts_beyond_whole_numbers_are_fitted_or_refused_in_a_short_sentence(size: float) -> None:
    rows = size * np.random.default_rng(0).poisson(3, (50, 3))
    model = MultinomialMixture(2, random_state=0).fit(rows)
    assert np.isfinite(model.log_likelihood_)
    assert model.mixture_.sample(5, random_state=0)[0].shape == (5, 3)
    with pytest.raises(ParameterError, match=r"a count of [0-9.]+e\+[0-9]+ is too large"):
        NegativeBinomialMixture(2).fit(rows)


@pytest.mark.parametrize("size", [1e3, 1e6, 1e10, 1e15])
def test_multinomial(size: float) -> None:
    rng = np.random.default_rng(2)
    chances = rng.dirichlet([5, 5, 5], 2)
    rows = np.array([rng.multinomial(int(size), chances[label]) for label in LABELS], float)
    model = MultinomialMixture(2, random_state=0).fit(rows)
    shares = model.probabilities_.tolist()

    def log_density(row: Any, k: int) -> Any:
        ways = mpmath.loggamma(sum(row) + 1) - sum(mpmath.loggamma(each + 1) for each in row)
        logs = (mpmath.log(mpf(share)) for share in shares[k])
        return ways + sum(each * log for each, log in zip(row, logs, strict=True))

    assert model.log_likelihood_ == as_exactly(model, rows, log_density)


@pytest.mark.parametrize("size", [1e3, 1e6, 1e10, 1e15])
def test_geometric(size: float) -> None:
    scales = size * np.where(LABELS[:, None] == 1, [1.0, 1.0], [100.0, 0.01])
    rows = np.floor(np.random.default_rng(3).exponential(scales))
    model = GeometricMixture(2, random_state=0).fit(rows)
    chances = model.probabilities_.tolist()

    def log_density(row: Any, k: int) -> Any:
        return sum(map(geometric_log, row, chances[k]))

    assert model.log_likelihood_ == as_exactly(model, rows, log_density)


@pytest.mark.parametrize("size", [1e3, 1e6, 1e10])
def test_negative_binomial(size: float) -> None:
    shapes = np.where(LABELS[:, None] == 1, [2.0, 2.0], [30.0, 30.0])
    rows = np.floor(np.random.default_rng(4).gamma(shapes, size / shapes))
    model = NegativeBinomialMixture(2, random_state=0).fit(rows)
    means, sizes = model.means_.tolist(), model.sizes_.tolist()

    def log_density(row: Any, k: int) -> Any:
        return sum(map(negative_binomial_log, row, means[k], sizes[k]))

    assert model.log_likelihood_ == as_exactly(model, rows, log_density)


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_labels_and_blocks_count_as_ever(labelled: bool, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    counts = rng.poisson(np.where(LABELS == 1, 1e10, 1.2e10)).astype(float)
    rows = np.column_stack([counts, rng.normal(size=40)])
    weights = rng.integers(1, 4, 40).astype(float) if weighted else np.ones(40)
    known = np.where(np.arange(40) % 3 == 0, LABELS, -1) if labelled else None
    model = MixedMixture(2, {"poisson": [0], "gaussian": [1]}, random_state=0)
    model.fit(rows, known, sample_weight=weights)
    joint = model.mixture_.component_log_density(rows) + np.log(model.weights_)
    if known is not None:
        joint[(known[:, None] >= 0) & (known[:, None] != np.arange(2))] = -np.inf
    expected = weights @ np.logaddexp(*joint.T)
    assert model.log_likelihood_ == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("power", [-600, 600])
@pytest.mark.parametrize("code", ["EII", "VII", "EEI", "EVI", "VVI", "VVV"])
def test_a_conjugate_prior_is_the_same_at_any_scale(code: str, power: int) -> None:
    rows = np.random.default_rng(0).normal(size=(80, 3)) + 4.0 * LABELS.repeat(2)[:, None]
    model = GaussianMixture(2, covariance_type=code, prior="conjugate", random_state=0)
    expected = model.fit(rows).predict_proba(rows)
    scaled = rows * 2.0**power
    np.testing.assert_allclose(model.fit(scaled).predict_proba(scaled), expected, rtol=1e-9)
