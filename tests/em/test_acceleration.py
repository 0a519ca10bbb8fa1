"""Leaps reach the optimum of EM in fewer sweeps, and never lower the objective."""

import numpy as np
import pytest
from oracles import dataset

from mixtura import CategoricalMixture, GaussianMixture, PoissonMixture
from mixtura.components.gaussian.structures import CODES
from mixtura.em.acceleration import Squarem


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


def test_a_leap_lands_on_the_limit_of_a_geometric_sequence():
    limit, rate = np.array([3.0, -1.0]), 0.7
    squarem = Squarem()
    for step in range(3):
        squarem.step(limit + rate**step, float(step))
    assert squarem.ready(1e6)
    assert not squarem.ready(1.0)
    np.testing.assert_allclose(next(squarem.leaps()), limit, atol=1e-12)


def test_leaps_that_leave_the_space_are_shortened_and_then_given_up():
    squarem = Squarem()
    for step in range(3):
        squarem.step(np.array([0.9**step]), 0.0)
    found = [float(point[0]) for point in squarem.leaps()]
    assert len(found) > 1
    # Each is nearer to the last EM step, 0.81, than the one before.
    assert (np.diff(np.abs(np.array(found) - 0.81)) < 0).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_overlapping_components_take_far_fewer_sweeps(seed):
    rows = overlapping(seed)
    plain = started(rows, 4, algorithm="em")
    leaping = started(rows, 4, algorithm="squarem")
    assert leaping.history_.objective[-1] >= plain.history_.objective[-1] - 0.01
    assert leaping.n_iter_ < 0.6 * plain.n_iter_


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


def test_nothing_is_left_where_only_the_last_digits_of_the_objective_change():
    squarem = Squarem()
    for objective in (-2040.7081114822827, -2040.7081114822822, -2040.7081114822827):
        squarem.step(np.zeros(2), objective)
    squarem.reject()
    for objective in (-2040.7081114822827, -2040.7081114822822):
        squarem.step(np.zeros(2), objective)
    assert squarem.gain_left() == 0


@pytest.mark.parametrize("seed", [1, 2, 3, 6, 11])
def test_a_rate_that_leaps_hide_still_counts(seed):
    # EM's steps shrink by these rates about the origin, where the objective is highest.
    rates = np.array([0.998, 0.99, 0.95, 0.8, 0.5])
    point = np.random.default_rng(seed).normal(size=5) * np.array([1, 2, 4, 8, 10])
    squarem, seen = Squarem(), 0
    for cycle in range(25):
        for _ in range(3):
            left = 0.5 * float((1 - rates) @ point**2)
            squarem.step(point, -left)
            if cycle > 5 and np.isfinite(squarem.gain_left()):
                assert left <= 3 * squarem.gain_left()
                seen += 1
            before, point = point, rates * point
        leap = next(squarem.leaps(), before)
        if (1 - rates) @ leap**2 < (1 - rates) @ before**2:
            point = leap
            squarem.accept()
        else:
            squarem.reject()
    assert seen > 10


def test_a_plateau_is_told_from_an_optimum():
    # From shares that say nothing, components nearly coincide: gains shrink next to a saddle
    # point as they do at an optimum, and plain EM stops there.
    rows = overlapping(0)
    shares = np.random.default_rng(0).dirichlet(np.ones(3), len(rows))
    settings = {"covariance_type": "tied", "responsibilities_init": shares, "max_iter": 20000}
    plain = GaussianMixture(3, algorithm="em", **settings).fit(rows)
    leaping = GaussianMixture(3, algorithm="squarem", **settings).fit(rows)
    assert leaping.history_.objective[-1] > plain.history_.objective[-1] + 10


def test_discrete_families_leap_as_well():
    rng = np.random.default_rng(3)
    classes = rng.integers(3, size=800)
    answers = (rng.random((800, 6)) < np.array([0.2, 0.5, 0.8])[classes][:, None]).astype(int)
    counts = rng.poisson(np.array([1.0, 2.0, 4.0])[classes][:, None], (800, 3))
    for estimator, rows in ((CategoricalMixture, answers), (PoissonMixture, counts)):
        shares = rng.dirichlet(np.ones(3), 800)
        settings = {"responsibilities_init": shares, "max_iter": 20000}
        plain = estimator(3, algorithm="em", **settings).fit(rows)
        leaping = estimator(3, algorithm="squarem", **settings).fit(rows)
        assert leaping.history_.objective[-1] >= plain.history_.objective[-1] - 0.01
        assert (np.diff(leaping.history_.objective) >= -1e-8).all()


def test_a_number_for_tol_means_plain_em():
    rows = overlapping(0)
    by_default = started(rows, 4, tol=1e-6)
    plain = started(rows, 4, tol=1e-6, algorithm="em")
    assert by_default.n_iter_ == plain.n_iter_
    np.testing.assert_array_equal(by_default.means_, plain.means_)
