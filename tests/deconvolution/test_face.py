"""What a fitted mixture of underlying values says, against integrals and algebra."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import mixtura
from mixtura import DataError, DeconvolvedGaussianMixture, Mixture, ParameterError


@pytest.fixture(scope="module")
def one_column():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(2000) < 0.4, rng.normal(-2, 0.5, 2000), rng.normal(2, 1, 2000))
    deviations = rng.uniform(0.2, 1.5, 2000)
    cells = values + deviations * rng.normal(size=2000)
    model = DeconvolvedGaussianMixture(2, random_state=0)
    return model.fit(cells[:, None], covariance=deviations[:, None] ** 2)


@pytest.fixture(scope="module")
def two_columns():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(900, 2)) @ np.array([[1.0, 0.8], [0.0, 0.4]])
    values[300:] += [4.0, 2.0]
    half = rng.normal(size=(900, 2, 2)) * 0.4
    errors = half @ half.mT
    cells = values + (half @ rng.normal(size=(900, 2, 1)))[:, :, 0]
    return (
        DeconvolvedGaussianMixture(2, random_state=0).fit(cells, covariance=errors),
        cells,
        errors,
    )


def test_densities_and_posteriors_are_integrals_over_underlying_values(one_column):
    means, sds = one_column.means_[:, 0], np.sqrt(one_column.covariances_[:, 0, 0])

    def prior(v):
        return one_column.weights_ @ norm.pdf(v, means, sds)

    for x, s in ((-1.0, 0.3), (0.5, 2.0), (7.0, 0.1)):

        def joint(v, power=0, x=x, s=s):
            return v**power * prior(v) * norm.pdf(x, v, s)

        whole, first, second = (
            quad(joint, -15, 15, args=(power,), points=[x], epsabs=1e-14)[0] for power in range(3)
        )
        given = np.array([[x]]), np.array([[s**2]])
        assert one_column.score_samples(*given)[0] == pytest.approx(np.log(whole), abs=1e-7)
        mean, covariance = one_column.posterior(*given)
        assert mean[0, 0] == pytest.approx(first / whole, abs=1e-6)
        assert covariance[0, 0, 0] == pytest.approx(second / whole - (first / whole) ** 2, abs=1e-6)


def test_a_row_without_errors_is_what_underlies_it(two_columns):
    model, cells, _ = two_columns
    mean, covariance = model.posterior(cells, np.zeros_like(cells))
    np.testing.assert_allclose(mean, cells, atol=1e-12)
    np.testing.assert_allclose(covariance, 0.0, atol=1e-12)
    found = model.score_samples(cells, np.zeros_like(cells))
    np.testing.assert_allclose(found, model.mixture_.log_density(cells))


def test_what_was_not_measured_is_told_by_what_was(two_columns):
    model, cells, _ = two_columns
    gappy = cells[:5].copy()
    gappy[:, 1] = np.nan
    mean, covariance = model.posterior(gappy, np.zeros_like(gappy))
    for row, x in enumerate(gappy[:, 0]):
        given = model.mixture_.conditional({0: x})
        assert mean[row, 1] == pytest.approx(given.mean()[0], rel=1e-9)
        assert covariance[row, 1, 1] == pytest.approx(given.covariance()[0, 0], rel=1e-9)
    alone = model.mixture_.marginal([0]).log_density(gappy[:, :1])
    found = model.score_samples(gappy, np.zeros_like(gappy))
    np.testing.assert_allclose(found, alone, rtol=1e-10)
    nothing = np.full((1, 2), np.nan)
    np.testing.assert_allclose(model.posterior(nothing)[0][0], model.mixture_.mean(), rtol=1e-12)
    np.testing.assert_allclose(model.predict_proba(nothing)[0], model.weights_, rtol=1e-12)


def test_posteriors_are_as_wide_as_they_miss_by(two_columns):
    """E |v - E[v | x]|² is the trace of Cov[v | x], for rows of the model itself."""
    model, _, errors = two_columns
    values, _ = model.sample(900, random_state=3)
    rng = np.random.default_rng(4)
    half = np.linalg.cholesky(errors + 1e-12 * np.eye(2))
    cells = values + (half @ rng.normal(size=(900, 2, 1)))[:, :, 0]
    mean, covariance = model.posterior(cells, errors)
    missed = ((mean - values) ** 2).sum(axis=1).mean()
    assert missed == pytest.approx(np.trace(covariance, axis1=1, axis2=2).mean(), rel=0.15)
    assert missed < ((cells - values) ** 2).sum(axis=1).mean()


def test_predictions_are_those_of_the_posterior_shares(two_columns):
    model, cells, errors = two_columns
    shares = model.predict_proba(cells, errors)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.predict(cells, errors), shares.argmax(axis=1))
    joint = np.column_stack(
        [
            np.log(weight) + one.score_samples(cells, errors)
            for weight, one in zip(model.weights_, alone(model), strict=True)
        ]
    )
    whole = np.logaddexp.reduce(joint, axis=1)
    np.testing.assert_allclose(shares, np.exp(joint - whole[:, None]), atol=1e-12)
    assert model.score(cells, covariance=errors) == pytest.approx(whole.mean())


def alone(model):
    """Return models of one component each."""
    for k in range(2):
        found = DeconvolvedGaussianMixture()
        found.mixture_ = Mixture(
            np.ones(1), model.mixture_.family, model.mixture_.parameters.take([k])
        )
        found.n_features_in_ = 2
        yield found


def test_samples_have_the_covariance_of_the_mixture_and_of_the_errors(two_columns):
    model, _, _ = two_columns
    values, labels = model.sample(200_000, random_state=0)
    np.testing.assert_allclose(np.cov(values.T), model.mixture_.covariance(), rtol=0.03)
    np.testing.assert_allclose(np.bincount(labels) / 200_000, model.weights_, atol=0.01)
    error = np.array([[1.0, 0.9], [0.9, 2.0]])
    rows, _ = model.sample(200_000, np.broadcast_to(error, (200_000, 2, 2)), random_state=0)
    np.testing.assert_allclose(np.cov(rows.T), model.mixture_.covariance() + error, rtol=0.03)
    np.testing.assert_allclose(np.cov((rows - values).T), error, rtol=0.03)
    infinite = np.array([[0.0, np.inf]])
    assert np.isnan(model.sample(1, infinite, random_state=0)[0]).tolist() == [[False, True]]


def test_a_model_file_gives_back_what_was_saved(two_columns, tmp_path):
    model, cells, errors = two_columns
    model.save(tmp_path / "model.mixtura")
    found = mixtura.load(tmp_path / "model.mixtura")
    assert isinstance(found, DeconvolvedGaussianMixture)
    np.testing.assert_array_equal(
        found.predict_proba(cells, errors), model.predict_proba(cells, errors)
    )
    assert found.get_params() == model.get_params()
    assert (found.bic_, found.log_likelihood_, found.converged_) == (
        model.bic_,
        model.log_likelihood_,
        model.converged_,
    )
    assert found.summary() == model.summary()


def test_columns_of_a_frame_are_read_by_name(two_columns):
    pandas = pytest.importorskip("pandas")
    _, cells, errors = two_columns
    frame = pandas.DataFrame(cells, columns=["ra", "dec"])
    variances = pandas.DataFrame(np.diagonal(errors, axis1=1, axis2=2), columns=["ra", "dec"])
    model = DeconvolvedGaussianMixture(2, random_state=0).fit(frame, covariance=variances)
    assert model.feature_names_in_.tolist() == ["ra", "dec"]
    assert model.mixture_.columns == ("ra", "dec")
    with pytest.raises(DataError, match="same order"):
        model.predict(frame[["dec", "ra"]], variances)


def bad(change):
    def changed(errors):
        errors = errors.copy()
        change(errors)
        return errors

    return changed


def put(place, value):
    return bad(lambda errors: errors.__setitem__(place, value))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda errors: errors[:5], r"shape \(5, 2, 2\)"),
        (lambda errors: errors[:, 0, 0], r"shape \(900,\).*\(900, 2\).*\(900, 2, 2\)"),
        (put((7, 1, 1), -0.1), "column 1 at row 7 .* is -0.1; a variance is a number from 0 up"),
        (put((8, 0, 0), np.nan), "column 0 at row 8 .* is nan"),
        (put((9, 0, 0), 1e200), "column 0 at row 9 .* beyond 1e.140; give infinity"),
        (put((3, 0, 1), 50.0), "row 3 .* is not symmetric"),
        (put((4, [0, 1], [1, 0]), 50.0), "row 4 .* is not positive semidefinite"),
        (put((5, [0, 1], [1, 0]), np.nan), "row 5 .* holds NaN or infinity off its diagonal"),
        (lambda errors: [["a"]], "covariance should hold numbers"),
    ],
)
def test_errors_that_no_row_can_have_are_named(two_columns, change, words):
    model, cells, errors = two_columns
    for ask in (
        lambda given: model.predict(cells, given),
        lambda given: DeconvolvedGaussianMixture(2).fit(cells, covariance=given),
    ):
        with pytest.raises(DataError, match=words):
            ask(change(errors))


def test_what_cannot_be_fitted_is_refused_in_words(two_columns):
    _, cells, errors = two_columns
    with pytest.raises(DataError, match="column 1 was not measured in any row"):
        DeconvolvedGaussianMixture().fit(cells, covariance=np.full(cells.shape, [1.0, np.inf]))
    with pytest.raises(DataError, match="infinity at row 0"):
        DeconvolvedGaussianMixture().fit(np.where(cells == cells[0], np.inf, cells))
    with pytest.raises(DataError, match="column 0: all rows hold one value"):
        DeconvolvedGaussianMixture().fit(cells * [0.0, 1.0], covariance=errors)
    with pytest.raises(ParameterError, match="n_components"):
        DeconvolvedGaussianMixture("many").fit(cells, covariance=errors)
    with pytest.raises(ParameterError, match=r"covariance_type|structure"):
        DeconvolvedGaussianMixture(covariance_type="auto").fit(cells, covariance=errors)
    with pytest.raises(ParameterError, match="responsibilities_init"):
        DeconvolvedGaussianMixture(2, responsibilities_init=-np.ones((900, 2))).fit(cells)
