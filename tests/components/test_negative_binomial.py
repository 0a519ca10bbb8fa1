"""Negative binomial components: exact sizes, and what happens where a size has no end."""

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array
from scipy.special import gammaln

from mixtura import (
    BoundaryError,
    DataError,
    MixedMixture,
    NegativeBinomialMixture,
    ParameterError,
    PoissonMixture,
    load,
)
from mixtura.components.dispersion import log_masses
from mixtura.components.negative_binomial import NegativeBinomialFamily
from mixtura.inference import bootstrap, standard_errors

pytestmark = pytest.mark.drawn(4)


def counts(seed=0, n_rows=400):
    rng = np.random.default_rng(seed)
    means = np.where(rng.random((n_rows, 1)) < 0.4, [[30.0, 2.0]], [[4.0, 9.0]])
    return rng.poisson(rng.gamma(2.0, means / 2.0))


def one_component(column):
    """Return mean, size and log-likelihood of one component on one column."""
    fit = NegativeBinomialMixture(prior=None).fit(np.asarray(column)[:, None])
    return fit.means_.item(), fit.sizes_.item(), fit.log_likelihood_


def log_masses_of(x, mean, inverse):
    """Return log f(x) + log x! of one component and column."""
    none, own = log_masses(x, np.array([0, len(x)]), np.array([[mean]]), np.array([[inverse]]))
    return none[0] + own[0]


@pytest.mark.parametrize("size", [1e-8, 0.1, 19.9, 20.1, 1e3, 1e8, 1e15])
@pytest.mark.parametrize("mean", [1e-6, 3.0, 1e5])
def test_masses_have_all_digits_for_every_size(size, mean):
    x = np.array([0.0, 1.0, 2.0, 40.0, 1e5])
    found = log_masses_of(x, mean, 1.0 / size)
    with mp.workdps(60):
        r, m = mpf(size), mpf(mean)
        for place, count in enumerate(x):
            c = mpf(count)
            exact = mp.loggamma(c + r) - mp.loggamma(r)
            exact += r * mp.log(r / (r + m)) + c * mp.log(m / (r + m))
            assert found[place] == pytest.approx(float(exact), rel=1e-10, abs=1e-12)


def test_of_infinite_size_masses_are_those_of_a_poisson():
    x = np.arange(50.0)
    found = log_masses_of(x, 7.5, 0.0)
    np.testing.assert_allclose(found - gammaln(x + 1), stats.poisson(7.5).logpmf(x), rtol=1e-13)


@pytest.mark.parametrize("size", [0.05, 0.7, 5.0, 60.0, 400.0])
def test_the_size_is_the_likeliest(size):
    rng = np.random.default_rng(int(size * 100))
    column = rng.poisson(rng.gamma(size, 40.0 / size, 3000))

    def loss(log_size):
        r = np.exp(log_size)
        return -stats.nbinom(r, r / (r + column.mean())).logpmf(column).sum()

    mean, found, log_likelihood = one_component(column)
    assert mean == pytest.approx(column.mean())
    best = minimize_scalar(loss, bounds=(-6, 12), method="bounded", options={"xatol": 1e-9})
    assert np.log(found) == pytest.approx(best.x, abs=1e-4)
    # What SciPy's logarithms of gamma functions keep of a sum of thousands.
    assert log_likelihood >= -best.fun * (1 + 1e-12)


def test_counts_that_vary_less_than_a_poisson_end_at_its_likelihood_and_it_is_said():
    rng = np.random.default_rng(1)
    column = rng.binomial(12, 0.4, 300)
    mean, size, log_likelihood = one_component(column)
    assert np.isinf(size)
    assert log_likelihood == pytest.approx(stats.poisson(mean).logpmf(column).sum(), rel=1e-12)
    fit = NegativeBinomialMixture().fit(column[:, None])
    said = "the rows of component(s) 0 vary no more in 'x0' than a Poisson's"
    assert said in fit.summary()
    assert said in MixedMixture(blocks={"negative_binomial": [0]}).fit(column[:, None]).summary()
    plain = PoissonMixture().fit(column[:, None])
    assert fit.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-12)
    assert fit.mixture_.family.describe(fit.mixture_.parameters, ["x0"])["sizes"] == [[None]]


@pytest.mark.parametrize("shift", [-1, 1])
def test_the_size_is_infinite_just_where_the_variance_is_the_mean(shift):
    """Of 0 and 2 a half each, mean and variance are 1: a row more on either side decides."""
    column = np.array([0, 2] * 50 + ([1] if shift < 0 else [3]))
    assert column.var() > column.mean() if shift > 0 else column.var() < column.mean()
    assert np.isinf(one_component(column)[1]) == (shift < 0)


def test_sizes_are_bounded_where_all_but_one_row_are_zero():
    column = np.zeros(2000)
    column[0] = 1e6
    mean, size, log_likelihood = one_component(column)
    assert mean == pytest.approx(500.0)
    assert 1e-9 < size < 1e-3
    assert np.isfinite(log_likelihood)
    assert np.isinf(one_component(np.zeros(40))[1])


def test_poisson_counts_have_no_size_that_runs_away():
    rng = np.random.default_rng(2)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        _, size, log_likelihood = one_component(column := rng.poisson(6.0, 200))
        assert size <= 1e9 or np.isinf(size)
        plain = stats.poisson(column.mean()).logpmf(column).sum()
        assert log_likelihood >= plain - 1e-9


def test_sparse_rows_give_what_dense_ones_do():
    rows = counts()
    one, other = (
        NegativeBinomialMixture(2, random_state=0).fit(X) for X in (rows, csr_array(rows))
    )
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(one.sizes_, other.sizes_, rtol=1e-9)
    np.testing.assert_allclose(
        one.predict_proba(rows), other.predict_proba(csr_array(rows)), atol=1e-12
    )


def test_counts_with_many_levels_are_swept_as_sparse_features_to_the_same_end():
    rng = np.random.default_rng(3)
    rows = rng.poisson(rng.gamma(1.0, np.where(rng.random(600) < 0.5, 900.0, 20.0)))[:, None]
    family = NegativeBinomialFamily(1).reading(rows * 1.0)
    assert family.swept_sparse()
    fit = NegativeBinomialMixture(2, random_state=0).fit(rows)
    dense = np.ones((family.width(), len(rows)))
    family.fill(rows * 1.0, dense)
    natural = family.natural(fit.mixture_.parameters)
    each = natural @ dense + family.log_base(rows * 1.0) + np.log(fit.weights_)[:, None]
    assert np.logaddexp(*each).sum() == pytest.approx(fit.log_likelihood_, rel=1e-12)


def test_columns_of_unlike_sizes_are_found_as_if_alone():
    rng = np.random.default_rng(6)
    small = rng.poisson(rng.gamma(0.5, 0.6, 500))
    large = rng.poisson(rng.gamma(3.0, 3e7, 500))
    fit = NegativeBinomialMixture(prior=None).fit(
        np.column_stack([large, small, 0 * small, large + 1])
    )
    mean, size, _ = one_component(small)
    assert fit.means_[0, 1] == pytest.approx(mean, rel=1e-12)
    assert fit.sizes_[0, 1] == pytest.approx(size, rel=1e-9)
    assert fit.means_[0, 2] == 0


def test_counts_that_the_fit_never_saw_have_a_density():
    fit = NegativeBinomialMixture(2, random_state=0).fit(counts())
    logs = fit.score_samples([[1234, 0], [0, 777]])
    expected = np.zeros(2)
    for weight, means, sizes in zip(fit.weights_, fit.means_, fit.sizes_, strict=True):
        law = stats.nbinom(sizes, sizes / (sizes + means))
        expected += weight * np.exp(law.logpmf([[1234, 0], [0, 777]]).sum(axis=1))
    np.testing.assert_allclose(np.exp(logs), expected, rtol=1e-9)


def test_an_infinite_size_is_on_the_edge_and_may_be_held():
    column = np.random.default_rng(4).binomial(12, 0.4, (300, 1))
    mixture = NegativeBinomialMixture().fit(column).mixture_
    with pytest.raises(BoundaryError, match=r"sizes\[0, 0\] is inf"):
        standard_errors(mixture, column)
    errors = standard_errors(mixture, column, boundary="hold")
    assert np.isnan(errors["sizes"]).all()
    # The mean of a Poisson has the standard error √(m / n).
    assert errors["means"].item() == pytest.approx(np.sqrt(column.mean() / 300), rel=1e-4)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_replicates_of_infinite_size_have_intervals_that_reach_it():
    column = np.random.default_rng(5).poisson(6.0, (200, 1))
    mixture = NegativeBinomialMixture().fit(column).mixture_
    found = bootstrap(mixture, column, n_replicates=20, random_state=0)
    assert np.isinf(found.replicates["sizes"]).any()
    assert np.isnan(found.standard_errors()["sizes"]).all()
    ends = found.confidence_intervals(0.8)["sizes"]
    assert np.isfinite(ends.lower).all()
    assert np.isinf(ends.upper).all()
    assert np.isfinite(found.standard_errors()["means"]).all()


def test_infinite_sizes_come_back_from_files(tmp_path):
    fit = NegativeBinomialMixture().fit(np.random.default_rng(4).binomial(12, 0.4, (300, 1)))
    fit.save(tmp_path / "model")
    assert np.isinf(load(tmp_path / "model").mixture_.parameters.sizes).all()
    rows, _ = load(tmp_path / "model").mixture_.sample(4000, 0)
    assert rows.var() == pytest.approx(rows.mean(), rel=0.1)


def test_counts_beyond_all_digits_are_refused():
    with pytest.raises(ParameterError, match=r"too large for negative binomials.*GammaMixture"):
        NegativeBinomialMixture().fit([[1], [2], [2**50]])
    with pytest.raises(DataError, match=r"column 0 holds 0\.5 at row 1"):
        NegativeBinomialMixture().fit([[1.0], [0.5]])


def test_a_family_reads_the_rows_it_was_set_to():
    family = NegativeBinomialFamily(1).reading(np.array([[1.0], [3.0]]))
    with pytest.raises(ParameterError, match="was not set to read"):
        family.cells(np.array([[2.0]]))
    with pytest.raises(ParameterError, match="after `reading`"):
        NegativeBinomialFamily(1).width()
