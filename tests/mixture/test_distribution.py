"""A mixture answers as a distribution of scipy.stats does."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from columnwise_cases import COLUMNWISE
from nightly import first
from scipy import integrate, stats

from mixtura import (
    CategoricalMixture,
    DataError,
    FactorAnalyserMixture,
    GaussianMixture,
    MixedMixture,
    Mixture,
    ParameterError,
    StudentTMixture,
)

pytestmark = pytest.mark.drawn(3, among="file")

LEVELS = np.array([1e-9, 1e-3, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1 - 1e-9])


def amounts(seed: int, n_columns: int = 1) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    return np.vstack([rng.normal(0, 1, (90, n_columns)), rng.normal(5, 0.3, (60, n_columns))])


def parts(kind: str, seed: int, n_components: int) -> tuple[Mixture, list[Any]]:
    """Return a mixture of one column, and SciPy's distribution of each component."""
    if kind == "gaussian":
        model = GaussianMixture(n_components, random_state=0).fit(amounts(seed))
        scales = np.sqrt(model.covariances_[:, 0, 0])
        laws = [stats.norm(*pair) for pair in zip(model.means_[:, 0], scales, strict=True)]
        return model.mixture_, laws
    if kind == "t":
        model = StudentTMixture(n_components, random_state=0).fit(amounts(seed) ** 3)
        own = model.mixture_.parameters
        numbers = zip(
            own.degrees,
            own.gaussian.means[:, 0],
            own.gaussian.covariance.dense()[:, 0, 0],
            strict=True,
        )
        return model.mixture_, [stats.t(df, mean, np.sqrt(scale)) for df, mean, scale in numbers]
    if kind == "factors":
        model = FactorAnalyserMixture(n_components, n_factors=1, random_state=0)
        own = model.fit(amounts(seed, 3)).mixture_.parameters
        spread = np.sqrt(own.loadings[:, 1, 0] ** 2 + own.noise[:, 1])
        laws = [stats.norm(*pair) for pair in zip(own.means[:, 1], spread, strict=True)]
        return model.mixture_.marginal([1]), laws
    case = COLUMNWISE[kind]
    rng = np.random.default_rng(seed)
    rows = case.rows(rng, 150) if n_components > 1 else case.drawn(rng, np.zeros(150, dtype=int))
    margin = case.estimator(n_components, random_state=0).fit(rows).mixture_.marginal([0])
    numbers = [array[:, 0] for array in case.numbers(margin.parameters)]
    return margin, [case.distribution(*each) for each in zip(*numbers, strict=True)]


# A circle has no beginning to count from.
KINDS = ["gaussian", "t", "factors", *(name for name in COLUMNWISE if name != "von_mises")]


@pytest.mark.parametrize("kind", KINDS)
def test_one_component_is_scipys_distribution(kind: str, fresh_seed: int) -> None:
    mixture, (law,) = parts(kind, fresh_seed, 1)
    points = law.ppf(LEVELS[1:-1])
    counted = hasattr(law, "logpmf")
    np.testing.assert_allclose(mixture.cdf(points), law.cdf(points), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(mixture.sf(points), law.sf(points), rtol=1e-9, atol=1e-300)
    logs = (law.logpmf if counted else law.logpdf)(points)
    np.testing.assert_allclose(mixture.logpdf(points), logs, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(mixture.pdf(points[:, None]), np.exp(logs)[:, None], rtol=1e-8)
    np.testing.assert_allclose(mixture.ppf(LEVELS), law.ppf(LEVELS), rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(mixture.median(), [law.median()], rtol=1e-9)
    np.testing.assert_allclose(np.ravel(mixture.interval(0.8)), law.interval(0.8), rtol=1e-9)
    assert mixture.entropy() == pytest.approx(float(law.entropy()), rel=1e-8, abs=1e-8)
    if np.isfinite(law.var()):
        np.testing.assert_allclose(mixture.mean(), [law.mean()], rtol=1e-9)
        np.testing.assert_allclose(mixture.var(), [law.var()], rtol=1e-9)
        np.testing.assert_allclose(mixture.std(), [law.std()], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_several_components_add_by_their_weights(kind: str, fresh_seed: int) -> None:
    mixture, laws = parts(kind, fresh_seed, 2)
    points = np.concatenate([law.ppf(LEVELS[1:-1]) for law in laws])
    for name in ("cdf", "sf"):
        each = np.array([getattr(law, name)(points) for law in laws])
        found = getattr(mixture, name)(points)
        np.testing.assert_allclose(found, mixture.weights @ each, rtol=1e-8, atol=1e-300)


@pytest.mark.parametrize("kind", KINDS)
def test_a_quantile_is_the_least_point_that_the_level_is_reached_at(
    kind: str, fresh_seed: int
) -> None:
    mixture, laws = parts(kind, fresh_seed, 2)
    found = mixture.ppf(LEVELS)
    assert (np.diff(found) >= 0).all()
    below = found - 1 if hasattr(laws[0], "logpmf") else found - 1e-7 * np.abs(found) - 1e-12
    slack = 1e-8 * np.minimum(LEVELS, 1 - LEVELS) + 1e-15
    assert (mixture.cdf(found) >= LEVELS - slack).all()
    assert (mixture.cdf(below) <= LEVELS + slack).all()
    np.testing.assert_array_equal(mixture.quantile(LEVELS), found)


@pytest.mark.parametrize("kind", first(3, ["gaussian", "factors", "gamma", "t"]))
def test_densities_and_entropies_of_amounts_are_those_of_quadrature(
    kind: str, fresh_seed: int
) -> None:
    mixture, laws = parts(kind, fresh_seed, 2)
    tails = 10.0 ** -np.arange(0.5, 13.5, 0.5)
    levels = [*tails, 0.5]
    ends = np.unique(np.concatenate([[law.ppf(levels), law.isf(levels)] for law in laws]))

    def integral(function: Any) -> float:
        return sum(
            integrate.quad(function, low, high, epsabs=1e-11, limit=200)[0]
            for low, high in pairwise(ends)
        )

    assert integral(mixture.pdf) == pytest.approx(1.0, abs=1e-7)
    entropy = integral(lambda x: -mixture.pdf(x) * mixture.logpdf(x))
    assert mixture.entropy() == pytest.approx(entropy, rel=1e-6, abs=1e-6)


def test_a_narrow_component_within_a_wide_one_is_not_missed() -> None:
    """H = -Σ ∫ f log f, on a grid that is fine where the narrow one is."""
    rng = np.random.default_rng(2)
    rows = np.concatenate([rng.normal(0, 100, 3000), rng.normal(31.7, 1e-3, 2000)])[:, None]
    mixture = GaussianMixture(2, random_state=0).fit(rows).mixture_
    wide = np.linspace(-1500, 1500, 2_000_001)
    near = 31.7 + np.linspace(-0.02, 0.02, 400_001)
    grid = np.unique(np.concatenate([wide, near]))
    values = -mixture.pdf(grid) * mixture.logpdf(grid)
    assert mixture.entropy() == pytest.approx(np.trapezoid(values, grid), abs=1e-4)


def test_rows_of_several_columns_have_densities_of_scipys_shape() -> None:
    model = GaussianMixture(1).fit(amounts(3, 2))
    law = stats.multivariate_normal(model.means_[0], model.covariances_[0])
    rows = np.random.default_rng(0).normal(size=(4, 3, 2))
    for x in (rows, rows[0], rows[0, 0]):
        np.testing.assert_allclose(model.mixture_.logpdf(x), law.logpdf(x), rtol=1e-10)
        np.testing.assert_allclose(model.mixture_.pdf(x), law.pdf(x), rtol=1e-10)
    named = pd.DataFrame(rows[0], columns=["a", "b"])
    again = GaussianMixture(1).fit(pd.DataFrame(amounts(3, 2), columns=["a", "b"])).mixture_
    np.testing.assert_array_equal(again.pdf(named[["b", "a"]]), again.pdf(rows[0]))


def test_several_columns_have_medians_and_intervals_of_their_own() -> None:
    frame = pd.DataFrame(amounts(4, 2), columns=["a", "b"])
    mixture = GaussianMixture(2, random_state=0).fit(frame).mixture_
    low, high = mixture.interval(0.9)
    for j, name in enumerate("ab"):
        alone = mixture.marginal([name])
        assert mixture.median()[j] == alone.ppf(0.5)
        np.testing.assert_allclose(alone.cdf([low[j], high[j]]), [0.05, 0.95], rtol=1e-9)
    np.testing.assert_array_equal(mixture.var(), np.diagonal(mixture.covariance()))


def test_intervals_of_several_confidences_are_those_of_each() -> None:
    mixture = GaussianMixture(2, random_state=0).fit(amounts(4, 2)).mixture_
    low, high = mixture.interval([[0.5], [0.9]])
    assert low.shape == high.shape == (2, 1, 2)
    for found, level in zip(zip(low[:, 0], high[:, 0], strict=True), (0.5, 0.9), strict=True):
        np.testing.assert_allclose(found, mixture.interval(level), rtol=1e-12)
    alone = GaussianMixture(1).fit(amounts(4)).mixture_
    law = stats.norm(alone.mean()[0], alone.std()[0])
    np.testing.assert_allclose(
        np.stack(alone.interval([0.5, 0.9]))[..., 0], law.interval([0.5, 0.9]), rtol=1e-9
    )
    with pytest.raises(ParameterError, match="confidence should be probabilities"):
        mixture.interval([0.5, 1.5])


def test_lists_keep_the_types_of_their_cells() -> None:
    frame = pd.DataFrame(amounts(7), columns=["size"])
    frame["kind"] = np.where(np.random.default_rng(0).random(150) < 0.5, "p", "q")
    kinds = {"gaussian": ["size"], "categorical": ["kind"]}
    mixture = MixedMixture(2, kinds, random_state=0).fit(frame).mixture_
    rows = [[0.5, "p"], (5.0, "q")]
    expected = mixture.log_density(pd.DataFrame(rows, columns=["size", "kind"]))
    np.testing.assert_array_equal(mixture.logpdf(rows), expected)
    np.testing.assert_array_equal(mixture.logpdf([rows, rows]), [expected, expected])
    assert mixture.logpdf([0.5, "p"]) == expected[0]
    np.testing.assert_array_equal(mixture.pdf(rows), np.exp(expected))
    whole = CategoricalMixture(1).fit(pd.DataFrame({"a": [1, 2, "x"] * 9})).mixture_
    assert whole.pdf([1, "x"]).shape == (2,)
    np.testing.assert_array_equal(whole.logpdf([1, "x"]), whole.log_density([[1], ["x"]]))


@pytest.mark.parametrize("rows", [[[1.0, 2.0, 3.0]], [[1.0, 2.0], [3.0]], []])
def test_rows_of_another_width_are_refused_in_words(rows: Any) -> None:
    mixture = GaussianMixture(1).fit(amounts(3, 2)).mixture_
    with pytest.raises(DataError):
        mixture.logpdf(rows)


def test_draws_have_the_shape_that_is_asked_for() -> None:
    line = GaussianMixture(2, random_state=0).fit(amounts(5)).mixture_
    plane = GaussianMixture(2, random_state=0).fit(amounts(5, 2)).mixture_
    assert line.rvs(5, 0).shape == (5,)
    assert line.rvs((2, 3), 0).shape == (2, 3)
    assert plane.rvs((2, 3), 0).shape == (2, 3, 2)
    np.testing.assert_array_equal(plane.rvs(7, 1), plane.sample(7, 1)[0])
    drawn = line.rvs(20_000, 3)
    assert stats.kstest(drawn, line.cdf).pvalue > 1e-4


def test_a_column_of_categories_has_an_entropy_and_no_order() -> None:
    rows = np.random.default_rng(0).choice(["x", "y", "z"], (200, 2))
    margin = CategoricalMixture(2, random_state=0).fit(rows).mixture_.marginal([0])
    shares = np.array([(rows[:, 0] == level).mean() for level in "xyz"])
    assert margin.entropy() == pytest.approx(stats.entropy(shares), abs=1e-5)
    np.testing.assert_allclose(margin.pdf(["x", "y", "z"]), shares, atol=1e-5)
    with pytest.raises(ParameterError, match="'categorical' mixture has no distribution function"):
        margin.cdf(1.0)


def test_what_cannot_be_asked_says_what_to_do() -> None:
    plane = GaussianMixture(2, random_state=0).fit(amounts(6, 2)).mixture_
    with pytest.raises(ParameterError, match=r"this mixture has 2; take one by marginal"):
        plane.cdf(0.0)
    with pytest.raises(ParameterError, match=r"mixtura.inference.entropy, which draws rows"):
        plane.entropy()
    noisy = GaussianMixture(1, noise="uniform").fit(amounts(6)).mixture_
    with pytest.raises(ParameterError, match="without noise"):
        noisy.ppf(0.5)
    with pytest.raises(ParameterError, match="levels"):
        plane.marginal([0]).ppf(1.5)


def test_one_column_of_mixed_ones_is_that_of_its_block() -> None:
    frame = pd.DataFrame(amounts(7), columns=["size"])
    frame["kind"] = np.where(np.random.default_rng(0).random(150) < 0.5, "p", "q")
    model = MixedMixture(2, {"gaussian": ["size"], "categorical": ["kind"]}, random_state=0)
    margin = model.fit(frame).mixture_.marginal(["size"])
    drawn = margin.rvs(20_000, 1).astype(float)
    assert stats.kstest(drawn, margin.cdf).pvalue > 1e-4
