"""Families of the columnwise tier against other systems, by the tests' table of them."""

import numpy as np
import pytest
from columnwise_cases import COLUMNWISE
from mpmath import mp, mpf
from nightly import first
from scipy.optimize import minimize
from scipy.special import expit, logit

from mixtura import Mixture
from mixtura.data import ArrayRows
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.inference import standard_errors

pytestmark = pytest.mark.drawn(9, among="file")

every_family = pytest.mark.parametrize("name", COLUMNWISE)


def sums_of(one, rows, shares):
    """Return the family set to read rows, and the moments of given responsibilities."""
    family = one.family.reading(rows)
    sweep = Sweep(family, ArrayRows(rows), Serial())
    return family, sweep.from_responsibilities(shares)


def likeliest(one, column, weights, start):
    """Return the numbers of one column that maximise a weighted likelihood, by SciPy.

    Those that are not free stay as they are at the start.
    """
    free = np.array([number in one.family.free for number in one.family.numbers])
    shares = np.array([number.highest == 1 for number in one.family.free])

    def numbers_at(point):
        numbers = start.copy()
        numbers[free] = np.where(shares, expit(point), np.exp(point))
        return numbers

    def loss(point):
        law = one.distribution(*numbers_at(point))
        logs = law.logpmf(column) if hasattr(law, "logpmf") else law.logpdf(column)
        return -(weights @ logs) / weights.sum()

    ends = []
    for factor in one.begins:
        inside = factor * start[free]
        point = np.where(shares, logit(np.where(shares, inside, 0.5)), np.log(inside))
        for _ in range(2):
            options = {"xatol": 1e-11, "fatol": 1e-15}
            point = minimize(loss, point, method="Nelder-Mead", options=options).x
        ends.append(point)
    return numbers_at(min(ends, key=loss))


def plain_step(one, rows, shares, numbers):
    """Return the numbers (L, K, D) that maximise the expected log-likelihood."""
    found = numbers.copy()
    for k, j in np.ndindex(numbers.shape[1:]):
        found[:, k, j] = likeliest(one, rows[:, j], shares[:, k], numbers[:, k, j])
    return found


@every_family
def test_densities_have_all_digits_also_far_out(name):
    one = COLUMNWISE[name]
    rows = np.repeat(np.array(one.cells)[:, None], 3, axis=1)
    found = one.family.row_log_density(rows, one.truth)
    with mp.workdps(40):
        for place, k in np.ndindex(found.shape):
            terms = [
                one.exact(mpf(cell), *(mpf(float(array[k, j])) for array in one.numbers(one.truth)))
                for j, cell in enumerate(rows[place])
            ]
            assert found[place, k] == pytest.approx(float(sum(terms)), rel=1e-12)


@every_family
def test_one_component_is_the_likeliest_that_a_search_finds(name):
    one = COLUMNWISE[name]
    rows = one.drawn(np.random.default_rng(3), np.zeros(300, dtype=int))
    fit = one.estimator(prior=None).fit(rows)
    numbers = np.stack(one.numbers(one.truth))[:, :1]
    best = plain_step(one, rows, np.ones((300, 1)), numbers)
    np.testing.assert_allclose(np.stack(one.numbers(fit.mixture_.parameters)), best, rtol=2e-4)
    other = one.log_density(rows, type(one.truth)(*best), 0).sum()
    assert fit.log_likelihood_ >= other - 1e-7


@every_family
@pytest.mark.parametrize("n_steps", first(1, [2, 4]))
def test_a_mixture_is_what_em_written_plainly_makes_of_it(n_steps, name):
    one = COLUMNWISE[name]
    rng = np.random.default_rng(4)
    rows, shares = one.rows(rng, 120), rng.dirichlet(np.ones(2), 120)
    with pytest.warns(match="did not converge"):
        fit = one.estimator(
            2, prior=None, tol=0.0, max_iter=n_steps, algorithm="em", responsibilities_init=shares
        ).fit(rows)
    numbers, expected = np.stack(one.numbers(one.truth)), []
    for _ in range(n_steps):
        weights = shares.mean(axis=0)
        numbers = plain_step(one, rows, shares, numbers)
        parameters = type(one.truth)(*numbers)
        joint = np.log(weights) + np.stack(
            [one.log_density(rows, parameters, k) for k in range(2)], axis=1
        )
        expected.append(np.logaddexp(joint[:, 0], joint[:, 1]).sum())
        shares = np.exp(joint - np.logaddexp(joint[:, :1], joint[:, 1:]))
    np.testing.assert_allclose(fit.history_.log_likelihood, expected, rtol=1e-7)


@every_family
def test_numbers_drawn_from_are_found_within_their_standard_errors(name):
    one = COLUMNWISE[name]
    rows = one.rows(np.random.default_rng(5), 3000)
    fit = one.estimator(2, random_state=0).fit(rows)
    errors = standard_errors(fit.mixture_, rows)
    truth = {number.name: getattr(one.truth, number.name) for number in one.family.free}
    found = {name: getattr(fit.mixture_.parameters, name) for name in truth}

    def off(order):
        """Return the largest difference in standard errors, of components in some order."""
        return max(
            np.abs((found[each][order] - truth[each]) / errors[each][order]).max() for each in truth
        )

    assert 0.5 < min(off([0, 1]), off([1, 0])) < 4.5


@every_family
def test_the_m_step_is_stationary_in_every_free_number(name):
    one = COLUMNWISE[name]
    rng = np.random.default_rng(6)
    rows, shares = one.rows(rng, 200), rng.dirichlet(np.ones(2), 200)
    family, moments = sums_of(one, rows, shares)
    best = family.maximise(moments, None, family.prior(None, None, 2))
    top = family.expected_log_density(best, moments)
    numbers = np.stack(one.numbers(best))
    free = [family.numbers.index(number) for number in family.free]
    for a in free:
        for k, j in np.ndindex(numbers.shape[1:]):
            ends = []
            for step in (-1e-4, 1e-4):
                moved = numbers.copy()
                moved[a, k, j] *= 1 + step
                ends.append(top - family.expected_log_density(type(best)(*moved), moments))
            assert min(ends) > 0
            # Of a maximum both sides fall alike; a slope would make them differ at first order.
            assert abs(ends[0] - ends[1]) < 0.02 * sum(ends)


@every_family
def test_the_order_of_columns_is_no_matter(name):
    one = COLUMNWISE[name]
    rng = np.random.default_rng(7)
    rows, shares = one.rows(rng, 150), rng.dirichlet(np.ones(2), 150)
    order = [2, 0, 1]
    fits = [
        one.estimator(2, responsibilities_init=shares).fit(each) for each in (rows, rows[:, order])
    ]
    assert fits[0].log_likelihood_ == pytest.approx(fits[1].log_likelihood_, abs=1e-5)
    for ours, theirs in zip(*(one.numbers(fit.mixture_.parameters) for fit in fits), strict=True):
        np.testing.assert_allclose(ours[:, order], theirs, rtol=1e-3)


@every_family
def test_every_free_number_of_every_component_and_column_counts(name):
    family = COLUMNWISE[name].family
    assert family.n_free(4) == 4 * 3 * len(family.free)
    rows = COLUMNWISE[name].rows(np.random.default_rng(0), 60)
    assert COLUMNWISE[name].estimator(2).fit(rows).n_parameters_ == 1 + family.n_free(2)


@every_family
def test_means_and_variances_are_those_of_scipy(name):
    one = COLUMNWISE[name]
    means, variances = one.family.mean_and_variance(one.truth)
    law = one.distribution(*one.numbers(one.truth))
    np.testing.assert_allclose(means, law.mean(), rtol=1e-12)
    np.testing.assert_allclose(variances, law.var(), rtol=1e-12)
    mixture = Mixture(np.array([0.3, 0.7]), one.family, one.truth)
    np.testing.assert_allclose(mixture.mean(), np.array([0.3, 0.7]) @ means)
    tables = one.family.tables(one.truth, ["a", "b", "c"], ["0", "1"])
    others = {number.name: number.heading for number in one.family.numbers}
    (shown,) = {others[name] for name in others if getattr(one.truth, name) is means} or {"Means"}
    assert sum(f"{shown} by component" == table.heading for table in tables) == 1
    assert sum(table.heading == "Means by component" for table in tables) == (shown == "Means")
    assert all(f"{means[0, j]:.4g}" in "".join(map(str, tables)) for j in range(3))


@every_family
def test_what_is_fitted_has_the_name_of_the_number(name):
    one = COLUMNWISE[name]
    fit = one.estimator(2, random_state=0).fit(one.rows(np.random.default_rng(8), 80))
    for number in one.family.numbers:
        np.testing.assert_array_equal(
            getattr(fit, f"{number.name}_"), getattr(fit.mixture_.parameters, number.name)
        )
        assert number.name in type(fit).__doc__


@every_family
@pytest.mark.parametrize("prior", [None, "weak", "conjugate"])
@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", first(4, range(12)))
def test_few_equal_and_weighted_rows_have_finite_fits(seed, name, prior):
    one, rng = COLUMNWISE[name], np.random.default_rng(seed)
    rows = one.rows(rng, int(rng.integers(4, 40)))
    rows[: len(rows) // 2] = rows[0]
    weights = rng.choice([0.0, 0.3, 7.0], len(rows))
    weights[-2:] = 1.0
    fit = one.estimator(int(rng.integers(1, 5)), prior=prior, random_state=0)
    fit.fit(rows, sample_weight=weights)
    assert np.isfinite(fit.log_likelihood_)
    np.testing.assert_allclose(fit.predict_proba(rows).sum(axis=1), 1.0)
    rounding = 1e-6 * (1 + abs(fit.log_likelihood_))
    assert (np.diff(fit.history_.objective) >= -rounding).all()
