"""Extrapolations reach the optimum of EM in fewer sweeps, and never lower the objective."""

import numpy as np
import pytest
from oracles import dataset

from mixtura import CategoricalMixture, GaussianMixture, PoissonMixture
from mixtura.components.gaussian.structures import CODES

pytestmark = pytest.mark.drawn(4)


def overlapping(seed, n_rows=1500):
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1.2, (4, 2))
    return centres[rng.integers(4, size=n_rows)] + rng.normal(size=(n_rows, 2))


def started(rows, n_components, **settings):
    start = GaussianMixture(n_components, random_state=0, max_iter=0).fit(rows)
    return GaussianMixture(
        n_components,
        weights_init=start.weights_,
        means_init=start.means_,
        precisions_init=start.precisions_,
        max_iter=20000,
        **settings,
    ).fit(rows)


@pytest.mark.parametrize("code", CODES)
def test_the_objective_never_falls(code):
    model = GaussianMixture(3, covariance_type=code, random_state=0).fit(overlapping(0, 400))
    rises = np.diff(model.history_.objective)
    assert (rises >= -1e-8).all()
    assert min(model.history_.gap) >= -1e-7


@pytest.mark.parametrize("seed", [1, 2])
def test_overlapping_components_take_far_fewer_sweeps(seed):
    rows = overlapping(seed)
    plain = started(rows, 4, algorithm="em")
    extrapolating = started(rows, 4, algorithm="squarem")
    assert extrapolating.history_.objective[-1] >= plain.history_.objective[-1] - 0.01
    assert extrapolating.n_iter_ < 0.6 * plain.n_iter_


@pytest.mark.parametrize("name", ["faithful", "iris", "diabetes", "chevron"])
def test_what_is_left_to_gain_is_estimated_from_above(name):
    rows = dataset(name).values
    model = GaussianMixture(3, random_state=1).fit(rows)
    further = GaussianMixture(
        3,
        weights_init=model.weights_,
        means_init=model.means_,
        precisions_init=model.precisions_,
        tol=1e-15,
        algorithm="em",
        max_iter=5000,
    ).fit(rows)
    left = further.history_.objective[-1] - model.history_.objective[-1]
    assert -1e-7 <= left <= 3 * model.remaining_gain_ + 1e-7


def test_a_plateau_is_told_from_an_optimum():
    # From shares that say nothing, components nearly coincide: gains shrink next to a saddle
    # point as they do at an optimum, and plain EM stops there.
    rows = overlapping(0)
    shares = np.random.default_rng(0).dirichlet(np.ones(3), len(rows))
    settings = {"covariance_type": "tied", "responsibilities_init": shares, "max_iter": 20000}
    plain = GaussianMixture(3, algorithm="em", **settings).fit(rows)
    extrapolating = GaussianMixture(3, algorithm="squarem", **settings).fit(rows)
    assert extrapolating.history_.objective[-1] > plain.history_.objective[-1] + 10


def test_discrete_families_extrapolate_as_well():
    rng = np.random.default_rng(3)
    classes = rng.integers(3, size=800)
    answers = (rng.random((800, 6)) < np.array([0.2, 0.5, 0.8])[classes][:, None]).astype(int)
    counts = rng.poisson(np.array([1.0, 2.0, 4.0])[classes][:, None], (800, 3))
    for estimator, rows in ((CategoricalMixture, answers), (PoissonMixture, counts)):
        shares = rng.dirichlet(np.ones(3), 800)
        settings = {"responsibilities_init": shares, "max_iter": 20000}
        plain = estimator(3, algorithm="em", **settings).fit(rows)
        extrapolating = estimator(3, algorithm="squarem", **settings).fit(rows)
        assert extrapolating.history_.objective[-1] >= plain.history_.objective[-1] - 0.01
        assert (np.diff(extrapolating.history_.objective) >= -1e-8).all()


def test_a_number_for_tol_means_plain_em():
    rows = overlapping(0)
    by_default = started(rows, 4, tol=1e-6)
    plain = started(rows, 4, tol=1e-6, algorithm="em")
    assert by_default.n_iter_ == plain.n_iter_
    np.testing.assert_array_equal(by_default.means_, plain.means_)
