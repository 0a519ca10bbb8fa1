"""Gamma components: bounded where rows are equal, wide where values step, and without units."""

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import stats
from scipy.optimize import minimize

from mixtura import (
    DataError,
    DegenerateComponentWarning,
    GammaMixture,
    MixedMixture,
    ParameterError,
    load,
)
from mixtura.components.gamma import GammaFamily
from mixtura.components.gamma_shapes import LARGEST_SHAPE, log_gap, shapes_of
from mixtura.components.stacked import GammaParameters

pytestmark = pytest.mark.drawn(4)


def durations(seed=0, n_rows=600):
    rng = np.random.default_rng(seed)
    long = rng.random(n_rows) < 0.4
    return np.where(long, rng.gamma(20, 2, n_rows), rng.gamma(2, 3, n_rows))[:, None]


@pytest.mark.parametrize("shape", [1e-4, 0.03, 1.0, 99.9, 100.1, 1e4, 1e8])
def test_shapes_are_found_to_the_digits_of_their_equation(shape):
    with mp.workdps(40):
        gap = mp.log(mpf(shape)) - mp.digamma(mpf(shape))
        assert float(log_gap(np.array(shape))) == pytest.approx(float(gap), rel=1e-12)
    assert float(shapes_of(np.array(float(gap)))) == pytest.approx(shape, rel=1e-10)


def test_a_shape_beyond_the_largest_stays_there():
    assert (shapes_of(np.array([0.0, 1e-12, -1e-17])) == LARGEST_SHAPE).all()


@pytest.mark.parametrize("factor", [1e-200, 1e-3, 1e150])
def test_units_change_rates_and_nothing_else(factor):
    rows = durations()
    one, other = (GammaMixture(2, random_state=0).fit(X) for X in (rows, rows * factor))
    np.testing.assert_allclose(np.sort(one.shapes_, 0), np.sort(other.shapes_, 0), rtol=1e-6)
    np.testing.assert_allclose(np.sort(one.rates_, 0), np.sort(other.rates_ * factor, 0), rtol=1e-6)
    expected = one.log_likelihood_ - len(rows) * np.log(factor)
    assert other.log_likelihood_ == pytest.approx(expected, abs=1e-4)


def test_of_shape_one_it_is_exponential():
    rows = durations()
    fit = GammaMixture(shape=1).fit(rows)
    assert fit.log_likelihood_ == pytest.approx(stats.expon(scale=rows.mean()).logpdf(rows).sum())
    assert fit.n_parameters_ == 1
    assert "held at 1, all exponential" in fit.summary()
    assert GammaMixture().fit(rows).n_parameters_ == 2


def test_a_held_shape_is_kept_in_files_and_by_clones(tmp_path):
    fit = GammaMixture(2, shape=3, random_state=0).fit(durations())
    assert (fit.shapes_ == 3).all()
    fit.save(tmp_path / "model")
    again = load(tmp_path / "model").mixture_
    assert again.family.shape == 3
    assert again.n_parameters == 3
    assert fit.get_params()["shape"] == 3


@pytest.mark.parametrize("shape", [0, -1.0, np.inf, np.nan, "exponential", True])
def test_a_shape_that_is_no_positive_number_is_refused(shape):
    with pytest.raises(ParameterError, match="shape should be None or a number above 0"):
        GammaMixture(shape=shape).fit(durations())


# ---- equal and rounded values ------------------------------------------------------------------


def best_above_floor(values, step):
    """Return the largest log-likelihood of one gamma whose variance is h²/12 at least, by SciPy."""
    logs, least = np.log(values).mean(), np.square(step) / 12

    def loss(point):
        shape, rate = np.exp(point)
        return -stats.gamma(shape, scale=1 / rate).logpdf(values).mean()

    assert np.isfinite(logs)
    bound = {"type": "ineq", "fun": lambda p: p[0] - 2 * p[1] - np.log(least)}
    start = np.log([values.mean() ** 2 / (2 * least), values.mean() / (2 * least)])
    options = {"ftol": 1e-15, "maxiter": 1000}
    found = minimize(loss, start, method="SLSQP", constraints=[bound], options=options)
    return -found.fun * len(values)


@pytest.mark.parametrize("ones", [1, 4, 30])
def test_no_component_is_narrower_than_values_step(ones):
    values = np.concatenate([np.full(200, 3.0), np.full(ones, 4.0)])
    family = GammaFamily(1, steps=(1.0,))
    features = np.ones((3, len(values)))
    family.fill(values[:, None], features)
    found = family.estimate(features.sum(axis=1)[None], None)
    variance = (found.shapes / found.rates**2).item()
    assert variance >= 1 / 12 * (1 - 1e-12)
    total = family.row_log_density(values[:, None], found).sum()
    expected = best_above_floor(values, 1.0)
    assert total == pytest.approx(expected, abs=1e-5)


def test_rounding_durations_makes_no_spikes():
    rows = np.maximum(durations().round(), 1.0)
    fit = GammaMixture(4, random_state=0).fit(rows)
    assert (fit.shapes_ / fit.rates_**2 >= 1 / 12 * (1 - 1e-9)).all()
    assert not fit.facts_["cautions"] or "one a step" in fit.facts_["cautions"][0]
    with pytest.warns(DegenerateComponentWarning, match="narrower than the values of column 'x0'"):
        pure = GammaMixture(4, prior=None, random_state=0).fit(rows)
    assert pure.log_likelihood_ > fit.log_likelihood_ + 100
    assert pure.bic(rows) > fit.bic(rows)


@pytest.mark.parametrize("spread", [0.0, 1e-9])
@pytest.mark.parametrize("prior", ["weak", None])
def test_a_component_on_all_but_equal_values_is_bounded_and_named(spread, prior):
    rng = np.random.default_rng(2)
    equal = 7.1 * (1 + spread * rng.standard_normal(60))
    rows = np.concatenate([durations(2, 200)[:, 0] + 40, equal])[:, None]
    start = np.eye(2)[(np.arange(260) >= 200).astype(int)]
    with pytest.warns(DegenerateComponentWarning, match="agree in column 'x0'"):
        fit = GammaMixture(2, responsibilities_init=start, prior=prior).fit(rows)
    assert np.isfinite(fit.log_likelihood_)
    assert fit.shapes_.max() <= LARGEST_SHAPE
    # At the largest shape a log b and b x leave seven digits behind the point.
    assert (np.diff(fit.history_.objective) >= -1e-6 * len(rows)).all()


def test_three_rows_do_not_make_a_component():
    rows = np.concatenate([durations(3)[:, 0], [100.0, 100.0 + 1e-6, 100.0 - 1e-6]])[:, None]
    fit = GammaMixture(3, random_state=0).fit(rows)
    assert fit.weights_.min() * len(rows) > 3


def test_a_narrow_component_of_many_rows_stays_what_it_is():
    rng = np.random.default_rng(4)
    narrow = rng.gamma(1e5, 1e-4, 80)
    rows = np.concatenate([durations(4)[:, 0] + 30, narrow])[:, None]
    fit = GammaMixture(2, random_state=0).fit(rows)
    shape, *_ = stats.gamma.fit(narrow, floc=0)
    assert fit.shapes_.max() == pytest.approx(shape, rel=1e-3)
    assert not fit.facts_["cautions"]


# ---- what cannot be used -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (0.0, "column 'days' holds 0 at row 2 .*half a step"),
        (-1.5, "column 'days' holds -1.5 at row 2 .*GaussianMixture"),
        (np.nan, "column 'days' holds NaN at row 2 .*drop such rows"),
        (np.inf, "column 'days' holds infinity at row 2"),
        (1e-300, "column 'days' holds 1e-300 at row 2 .*other units"),
        (1e300, r"column 'days' holds 1e\+300 at row 2 .*other units"),
    ],
)
def test_what_is_no_amount_above_zero_is_named_with_what_to_try(cell, words):
    pd = pytest.importorskip("pandas")
    rows = pd.DataFrame(durations(), columns=["days"])
    rows.iloc[2, 0] = cell
    for estimator in (GammaMixture(2), MixedMixture(2, {"gamma": ["days"]})):
        with pytest.raises(DataError, match=words):
            estimator.fit(rows)


def test_a_column_of_one_value_is_refused():
    rows = np.column_stack([durations()[:, 0], np.full(600, 2.0)])
    with pytest.raises(DataError, match=r"column 1: all rows hold one value.*drop it"):
        GammaMixture(2).fit(rows)


def test_numbers_of_a_file_are_checked():
    arrays = {"shapes": np.array([[1.0]]), "rates": np.array([[-1.0]])}
    with pytest.raises(ParameterError, match="'rates' should lie between 0 and inf"):
        GammaFamily.from_arrays(arrays, {"family": "gamma", "shape": None, "columns": None})
    arrays = {"shapes": np.array([[1.0]]), "rates": np.array([[1.0, 2.0]])}
    with pytest.raises(ParameterError, match=r"'rates' should be \(K, D\)"):
        GammaFamily.from_arrays(arrays, {"family": "gamma", "shape": None, "columns": None})


def test_samples_are_above_zero_however_small_the_shape():
    family = GammaFamily(1)
    rows = family.sample(
        GammaParameters(np.array([[1e-3]]), np.array([[1.0]])),
        np.zeros(1000, dtype=int),
        np.random.default_rng(0),
    )
    assert (rows > 0).all()
