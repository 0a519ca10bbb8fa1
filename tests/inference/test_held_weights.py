"""Inference where mixing weights were held: they are known, and the rest has what it has then."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixtura import GaussianMixture, ParameterError, PoissonMixture
from mixtura.inference import (
    bootstrap,
    confidence_intervals,
    gradient,
    information,
    likelihood_ratio_test,
    parameter_names,
    score_vector,
    standard_errors,
)


def rows_of(n_rows=300, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [3.0, 0.5], [1.0, 4.0]])
    return centres[rng.choice(3, n_rows, p=[0.5, 0.3, 0.2])] + rng.normal(size=(n_rows, 2))


def fitted(rows, held="equal", **settings):
    model = GaussianMixture(3, mixing_weights=held, random_state=0, **settings)
    return model.set_params(prior=None).fit(rows).mixture_


@pytest.mark.parametrize("held", ["equal", [0.2, 0.5, 0.3]])
@pytest.mark.parametrize("code", ["VVV", "EEE", "VEI"])
def test_the_information_is_that_of_free_weights_without_theirs(held, code):
    rows = rows_of()
    mixture = fitted(rows, held, covariance_type=code)
    found, whole = information(mixture, rows), information(replace(mixture, held=False), rows)
    assert found.names == whole.names[2:]
    assert len(found.names) == mixture.n_parameters
    assert_allclose(found.observed, whole.observed[2:, 2:], rtol=1e-9, atol=1e-7)
    assert_allclose(found.scores, whole.scores[2:, 2:], rtol=1e-9, atol=1e-7)
    errors = found.standard_errors()
    assert np.isnan(errors["weights"]).all()
    assert_allclose(errors["means"].ravel(), _roots(found.covariance(), 6), rtol=1e-9)


def _roots(covariance, count):
    return np.sqrt(np.diag(covariance)[:count])


def test_no_free_parameter_is_a_weight_that_is_held():
    rows = rows_of()
    mixture = fitted(rows)
    assert not any(name.startswith("weights") for name in parameter_names(mixture))
    found = gradient(mixture, rows)
    assert found.names == parameter_names(mixture)
    assert found.kkt_residual == 0
    assert found.norm < 0.5
    # By a weight it says what setting it free would do.
    assert np.ptp(found["weights"]) > 10
    assert_allclose(score_vector(mixture, rows).sum(axis=0), found.free, atol=1e-7)


def test_intervals_of_weights_that_are_held_are_not_told():
    rows = rows_of()
    found = confidence_intervals(fitted(rows), rows)
    assert np.isnan(found["weights"].lower).all()
    assert np.isfinite(found["means"].lower).all()


def test_the_weight_of_noise_is_free_and_the_others_follow_it():
    rows = np.vstack([rows_of(), np.random.default_rng(1).uniform(-6, 9, (40, 2))])
    mixture = fitted(rows, [0.2, 0.5, 0.3], noise="uniform")
    found = information(mixture, rows)
    assert found.names[0] == "weights[3]"
    assert not any(name.startswith("weights") for name in found.names[1:])
    densities, step = np.exp(mixture.component_log_density(rows)), 1e-4

    def log_likelihood(noise):
        weights = np.append((1 - noise) * np.array([0.2, 0.5, 0.3]), noise)
        return np.log(densities @ weights).sum()

    share = mixture.weights[3]
    low, middle, high = (log_likelihood(share + way * step) for way in (-1, 0, 1))
    curvature = (low - 2 * middle + high) / step**2
    assert found.observed[0, 0] == pytest.approx(-curvature, rel=1e-4)
    errors = standard_errors(mixture, rows)["weights"]
    assert_allclose(errors[:3], np.array([0.2, 0.5, 0.3]) * errors[3], rtol=1e-9)
    assert gradient(mixture, rows).kkt_residual < 1e-3


@pytest.mark.parametrize("held", ["equal", [0.2, 0.5, 0.3]])
def test_replicates_hold_the_weights_too(held):
    rows = rows_of()
    mixture = fitted(rows, held)
    found = bootstrap(mixture, rows, n_replicates=20, random_state=0)
    assert_allclose(found.replicates["weights"], np.tile(mixture.weights, (20, 1)), rtol=1e-14)
    assert all(each.held for each in found.mixtures)
    by_rows, by_theory = found.standard_errors()["means"], standard_errors(mixture, rows)["means"]
    assert_allclose(by_rows, by_theory, rtol=0.7)


def test_one_component_more_has_equal_weights_too_and_given_ones_do_not_say():
    rows = np.random.default_rng(2).poisson([[2.0, 9.0]] * 60 + [[9.0, 3.0]] * 60)
    mixture = PoissonMixture(2, mixing_weights="equal", random_state=0).fit(rows).mixture_
    found = likelihood_ratio_test(mixture, rows, n_replicates=20, random_state=0)
    assert found.alternative.held
    assert_allclose(found.alternative.weights, 1 / 3, rtol=1e-14)
    mixture = PoissonMixture(2, mixing_weights=[0.3, 0.7], random_state=0).fit(rows).mixture_
    with pytest.raises(ParameterError, match="one component more"):
        likelihood_ratio_test(mixture, rows, n_replicates=20)
