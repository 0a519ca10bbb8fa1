"""Mixtures over some of their columns, and given others."""

from functools import partial

import numpy as np
import pytest
from columnwise_cases import COLUMNWISE
from plain import bernoulli, categorical, columnwise, gaussian, mixed, multinomial, noisy, poisson
from scipy import stats

from mixtura import GaussianMixture, Mixture
from mixtura.components.gaussian.structures import CODES
from mixtura.errors import ParameterError

INDEPENDENT = {
    "categorical": categorical,
    "bernoulli": lambda: bernoulli(missing=True),
    "poisson": poisson,
    "mixed": mixed,
    **{name: partial(columnwise, one) for name, one in COLUMNWISE.items()},
}


@pytest.mark.parametrize("code", CODES)
def test_gaussian_margins_are_blocks_of_the_covariance(code):
    plain = gaussian(code, n_columns=4)
    found = plain.mixture.marginal([2, 0])
    covariances = plain.mixture.parameters.covariance.dense()
    expected = sum(
        weight
        * stats.multivariate_normal(mean[[2, 0]], covariance[np.ix_([2, 0], [2, 0])]).pdf(
            plain.rows[:, [2, 0]]
        )
        for weight, mean, covariance in zip(
            plain.mixture.weights, plain.arrays["means"], covariances, strict=True
        )
    )
    np.testing.assert_allclose(np.exp(found.log_density(plain.rows[:, [2, 0]])), expected)
    assert found.n_columns == 2


@pytest.mark.parametrize("code", CODES)
def test_given_columns_leave_the_density_of_the_rest(code):
    plain = gaussian(code, n_columns=4)
    for row in plain.rows[:5]:
        found = plain.mixture.conditional({3: row[3], 1: row[1]})
        joint = plain.mixture.log_density(row[None])
        margin = plain.mixture.marginal([1, 3]).log_density(row[None, [1, 3]])
        density = found.log_density(row[None, [0, 2]])
        assert density[0] == pytest.approx(joint[0] - margin[0], rel=1e-10)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_the_same_of_families_with_independent_columns(name):
    plain = INDEPENDENT[name]()
    n_columns = plain.mixture.n_columns
    given = [0, n_columns - 1]
    rest = [column for column in range(n_columns) if column not in given]
    for row in plain.rows[:5]:
        found = plain.mixture.conditional({column: row[column] for column in given[::-1]})
        joint = plain.mixture.log_density(row[None])
        margin = plain.mixture.marginal(given).log_density(row[None, given])
        density = found.log_density(row[None, rest])
        assert density[0] == pytest.approx(joint[0] - margin[0], rel=1e-10)


def test_a_margin_of_a_margin_is_a_margin():
    plain = gaussian("VVV", n_columns=4)
    one = plain.mixture.marginal([3, 1, 0]).marginal([2, 0])
    other = plain.mixture.marginal([0, 3])
    rows = plain.rows[:, [0, 3]]
    np.testing.assert_allclose(one.log_density(rows), other.log_density(rows), rtol=1e-12)


def test_columns_are_called_by_name_and_keep_it():
    plain = gaussian("VVV")
    mixture = Mixture(
        plain.mixture.weights, plain.mixture.family, plain.mixture.parameters, ("a", "b", "c")
    )
    assert mixture.marginal(["c", "a"]).columns == ("c", "a")
    found = mixture.conditional({"b": 3.0})
    assert found.columns == ("a", "c")
    other = mixture.conditional({1: 3.0})
    np.testing.assert_array_equal(found.weights, other.weights)


def test_nearly_singular_covariances_keep_their_conditionals():
    """Of x and x + noise of 1e-6, the noise is what is left given x."""
    plain = gaussian("VVV", n_columns=2)
    covariance = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-12]])
    lower = np.array([[1.0, 0.0], [1.0, 1e-6]])
    factors = np.repeat(np.linalg.inv(lower).T[None], 2, axis=0)
    kind = type(plain.mixture.parameters.covariance)
    parameters = type(plain.mixture.parameters)(np.zeros((2, 2)), kind(factors))
    mixture = Mixture(np.array([0.5, 0.5]), plain.mixture.family, parameters)
    found = mixture.conditional({0: 0.5})
    assert found.mean()[0] == pytest.approx(0.5, rel=1e-12)
    assert found.covariance()[0, 0] == pytest.approx(1e-12, rel=1e-6)
    back = mixture.conditional({1: 0.5})
    assert back.covariance()[0, 0] == pytest.approx(covariance[0, 0] * 1e-12, rel=1e-3)


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("name", ["gaussian", "bernoulli", "poisson"])
def test_mean_and_covariance_are_those_of_samples(name, beside):
    plain = {"gaussian": lambda: gaussian("VVV"), "bernoulli": bernoulli, "poisson": poisson}[
        name
    ]()
    plain = noisy(plain) if beside else plain
    rows, _ = plain.mixture.sample(200_000, 0)
    np.testing.assert_allclose(plain.mixture.mean(), rows.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(plain.mixture.covariance(), np.cov(rows.T), atol=0.15)


NOISY = {
    "gaussian": lambda: gaussian("EVE", n_columns=4),
    "categorical": categorical,
    "bernoulli": lambda: bernoulli(missing=True),
    "poisson": poisson,
    "mixed": mixed,
    **{name: partial(columnwise, one) for name, one in COLUMNWISE.items()},
}


@pytest.mark.parametrize("name", NOISY)
def test_beside_noise_given_columns_leave_the_density_of_the_rest(name):
    plain = noisy(NOISY[name]())
    n_columns = plain.mixture.n_columns
    given, rest = [n_columns - 1, 0], list(range(1, n_columns - 1))
    for row in plain.rows[:5]:
        found = plain.mixture.conditional({column: row[column] for column in given})
        joint = plain.mixture.log_density(row[None])
        margin = plain.mixture.marginal(sorted(given)).log_density(row[None, sorted(given)])
        density = found.log_density(row[None, rest])
        assert density[0] == pytest.approx(joint[0] - margin[0], rel=1e-10)
        assert found.labels[-1] == -1


def test_beside_noise_a_margin_is_the_density_of_rows_that_lack_the_rest():
    """The rows are aslant, so that the box around them is along no column."""
    rng = np.random.default_rng(4)
    across = np.array([[3.0, 2.9, 0.0], [0.0, 0.3, 0.1], [0.0, 0.0, 5.0]])
    rows = np.vstack([rng.normal(size=(200, 3)), rng.uniform(-3, 3, (40, 3))]) @ across
    mixture = GaussianMixture(1, noise="uniform", random_state=0).fit(rows).mixture_
    lacking = np.where([True, False, True], rows, np.nan)
    expected = mixture.coded.log_density(lacking)
    found = mixture.marginal([2, 0])
    np.testing.assert_allclose(found.log_density(rows[:, [2, 0]]), expected, rtol=1e-12)
    filled = mixture.impute(lacking)
    for place in (0, 230):
        law = mixture.conditional({0: rows[place, 0], 2: rows[place, 2]})
        assert filled[place, 1] == pytest.approx(law.mean()[0], rel=1e-9)
    row = np.array([[rows[230, 0], np.nan, rows[230, 2]]])
    draws = mixture.impute(np.repeat(row, 20_000, axis=0), 1, random_state=0)[0, :, 1]
    law = mixture.conditional({0: row[0, 0], 2: row[0, 2]})
    assert draws.mean() == pytest.approx(law.mean()[0], abs=0.15)
    assert draws.var() == pytest.approx(law.covariance()[0, 0], rel=0.05)


@pytest.mark.parametrize("given", [[0, 1], 0.5, "x"])
def test_what_is_given_is_cells_by_column(given):
    with pytest.raises(ParameterError, match="given should be a dict of cells by column"):
        gaussian("VVV").mixture.conditional(given)


def test_what_has_no_margin_says_so():
    plain = gaussian("VVV")
    with pytest.raises(ParameterError, match="multinomial"):
        multinomial().mixture.marginal([0, 1])
    with pytest.raises(ParameterError, match="multinomial"):
        noisy(multinomial()).mixture.marginal([0, 1])
    with pytest.raises(ParameterError, match="no column 3"):
        plain.mixture.marginal([3])
    with pytest.raises(ParameterError, match="no column 'x'"):
        plain.mixture.marginal(["x"])
    for strange in (True, 1.5, None, (0, "a")):
        with pytest.raises(ParameterError, match="by name or by number, not by"):
            plain.mixture.marginal([strange])
    assert plain.mixture.marginal([np.int64(1)]).n_columns == 1
    with pytest.raises(ParameterError, match="once"):
        plain.mixture.marginal([1, 1])
    with pytest.raises(ParameterError, match="at least"):
        plain.mixture.marginal([])
    with pytest.raises(ParameterError, match="some be left"):
        plain.mixture.conditional({0: 1.0, 1: 1.0, 2: 1.0})
    with pytest.raises(ParameterError, match="exposure"):
        poisson(exposure=True).mixture.marginal([0])
    with pytest.raises(ParameterError, match="no mean"):
        categorical().mixture.mean()
