"""Covariances above a floor: the M-step's maximum among those with Σ_k ⪰ diag(f)."""

import numpy as np
import pytest
from nightly import first
from scatters import plane_covariances, scatter_for
from scipy import linalg, optimize

from mixtura.components.gaussian.structures import (
    CODES,
    STRUCTURES,
    floored,
    m_step_objective,
    structure,
    unpooled,
    within_floor,
)
from mixtura.errors import ParameterError

pytestmark = pytest.mark.drawn(5)

COMMON_AXES = ("EVE", "VVE")
# With a floor that is not the same in all columns their axes are searched for.
TURNED = ("EEV", "VEV")
FREE = ("EEI", "VVI", "EEE", "VVV")
FLOORS = ("all", "one", "some")


def random_case(seed, n_columns=3, n_components=3, floors="all"):
    """Return scatters, of which some are next to flat, rows and floors."""
    rng = np.random.default_rng(seed)
    rows = rng.uniform(10, 60, n_components)
    scatter = np.empty((n_components, n_columns, n_columns))
    for k in range(n_components):
        sample = rng.standard_normal((3 * n_columns, n_columns)) * 10 ** rng.uniform(-1, 1)
        sample = sample @ (np.eye(n_columns) + 0.5 * rng.standard_normal((n_columns, n_columns)))
        flat = 10 ** rng.uniform(-4, -1) if k % 2 else 1.0
        scatter[k] = flat * sample.T @ sample * rows[k] / len(sample)
    floor = 0.5 * np.exp(rng.uniform(-1, 1, n_columns))
    if floors == "one":
        floor[:] = 0.5
    if floors == "some":
        floor[rng.permutation(n_columns)[0]] = 0.0
    return scatter, rows, floor


def dense(factors, n_columns):
    """Return the covariances (K, D, D) whose precisions have these factors."""
    if factors.ndim < 3:
        return np.eye(n_columns) / factors.reshape(len(factors), -1, 1) ** 2
    lower = np.linalg.inv(factors).transpose(0, 2, 1)
    return lower @ lower.transpose(0, 2, 1)


def maximise(code, scatter, rows, floor, previous=None):
    found = floored(STRUCTURES[code], scatter_for(code, scatter), rows, previous, floor)
    return dense(found, len(floor))


def plain(code, scatter, rows):
    return STRUCTURES[code].update(scatter_for(code, scatter), rows, None)


def attained(covariances, scatter, rows):
    return m_step_objective(covariances, scatter, rows)


def numerical(code, scatter, rows, floor, n_starts=6):
    """Return the objective that SLSQP reaches in the plane from several starts."""
    n_components, roots = len(rows), np.sqrt(np.multiply.outer(floor, floor))

    def lost(parameters):
        covariances = plane_covariances(code, np.clip(parameters, -8, 8), n_components)
        return -attained(covariances, scatter, rows) / rows.sum()

    def room(parameters):
        covariances = plane_covariances(code, np.clip(parameters, -8, 8), n_components)
        return -np.log(np.linalg.eigvalsh(np.linalg.inv(covariances) * roots)[:, -1])

    rng = np.random.default_rng(0)
    best = -np.inf
    for _ in range(n_starts):
        start = rng.uniform(-1, 1, structure(code).n_parameters(n_components, 2))
        end = optimize.minimize(
            lost, start, method="SLSQP", constraints={"type": "ineq", "fun": room}
        )
        if room(end.x).min() > -1e-6:
            best = max(best, -end.fun)
    return best * rows.sum()


@pytest.mark.parametrize("floors", FLOORS)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("seed", first(1, range(3)))
def test_a_numerical_maximum_in_the_plane_is_no_higher(seed, code, floors):
    scatter, rows, floor = random_case(seed, 2, 2 + seed % 2, floors)
    found = attained(maximise(code, scatter, rows, floor), scatter, rows)
    loose = code in COMMON_AXES or (code in TURNED and floors != "one")
    missed = 1e-2 if loose else 2e-6
    assert found >= numerical(code, scatter, rows, floor) - missed * rows.sum()


@pytest.mark.parametrize("floors", FLOORS)
@pytest.mark.parametrize("code", CODES)
def test_no_covariance_is_narrower_than_its_floor(code, floors):
    for seed in range(20):
        scatter, rows, floor = random_case(seed, 1 + seed % 5, 1 + seed % 4, floors)
        for covariance in maximise(code, scatter, rows, floor):
            size = np.abs(covariance).max()
            assert np.linalg.eigvalsh(covariance - np.diag(floor))[0] > -1e-13 * size


@pytest.mark.parametrize("code", CODES)
def test_flat_components_become_as_wide_as_the_floor(code):
    scatter, rows, floor = random_case(3, 3, 3, "all")
    for flat in (1e-20 * scatter, 0.0 * scatter):
        covariances = maximise(code, flat, rows, floor)
        if code in ("EII", "VII"):
            expected = floor.max() * np.eye(3)
        elif code in (*TURNED, *COMMON_AXES):
            expected = covariances
        else:
            expected = np.diag(floor)
        np.testing.assert_allclose(covariances, np.broadcast_to(expected, (3, 3, 3)), atol=1e-10)


@pytest.mark.parametrize("code", CODES)
def test_an_update_above_the_floor_is_returned_to_the_bit(code):
    for seed in range(5):
        scatter, rows, floor = random_case(seed)
        free = plain(code, scatter, rows)
        least = min(np.linalg.eigvalsh(each)[0] for each in dense(free, 3))
        given = scatter_for(code, scatter)
        found = floored(STRUCTURES[code], given, rows, None, floor * least / floor.max() * 0.999)
        np.testing.assert_array_equal(found, free)
        np.testing.assert_array_equal(
            floored(STRUCTURES[code], given, rows, None, np.zeros(3)), free
        )


@pytest.mark.parametrize("code", ["VII", "VVI", "VVV"])
def test_a_component_above_the_floor_keeps_its_bits(code):
    scatter, rows, floor = random_case(1, floors="some")
    scatter[0] = 100 * rows[0] * np.eye(3)
    given = scatter_for(code, scatter)
    found = floored(STRUCTURES[code], given, rows, None, floor)
    free = plain(code, scatter, rows)
    assert not within_floor(free, floor)[0]
    np.testing.assert_array_equal(found[0], free[0])
    assert (found != free).any()


def lifted(covariance, floor):
    """Return the closed form: a Schur complement's eigenvalues lifted in units of the floor."""
    r = np.flatnonzero(floor)
    o = np.flatnonzero(floor == 0)
    roots = np.sqrt(floor[r])
    slopes = covariance[np.ix_(r, o)] @ np.linalg.inv(covariance[np.ix_(o, o)])
    left = (covariance[np.ix_(r, r)] - slopes @ covariance[np.ix_(o, r)]) / np.outer(roots, roots)
    values, axes = linalg.eigh(left)
    lift = (axes * np.maximum(1 - values, 0)) @ axes.T * np.outer(roots, roots)
    found = covariance.copy()
    found[np.ix_(r, r)] += lift
    return found


@pytest.mark.parametrize("floors", FLOORS)
@pytest.mark.parametrize("code", FREE)
def test_free_covariances_have_their_eigenvalues_lifted(code, floors):
    for seed in range(10):
        scatter, rows, floor = random_case(seed, 4, 3, floors)
        found = maximise(code, scatter, rows, floor)
        own = scatter / rows[:, None, None]
        if code in ("EEI", "EEE"):
            own = np.broadcast_to(scatter.sum(axis=0) / rows.sum(), scatter.shape)
        if code in ("EEI", "VVI"):
            own = own * np.eye(4)
        expected = np.stack([lifted(each, floor) for each in own])
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10 * np.abs(own).max())


@pytest.mark.parametrize("code", CODES)
def test_the_order_of_columns_does_not_matter(code):
    order = np.array([2, 0, 1])
    for seed in range(8):
        scatter, rows, floor = random_case(seed, floors=FLOORS[seed % 3])
        if code in COMMON_AXES or (code in TURNED and seed % 3 != 1):
            continue
        found = maximise(code, scatter, rows, floor)
        turned = scatter[:, order[:, None], order]
        again = maximise(code, turned, rows, floor[order])
        assert attained(again, turned, rows) == pytest.approx(
            attained(found, scatter, rows), abs=1e-6 * rows.sum()
        )


@pytest.mark.parametrize("code", [code for code in CODES if not STRUCTURES[code].one_scale])
def test_the_units_of_a_column_do_not_matter(code):
    scales = np.array([1e-3, 1.0, 30.0])
    for seed in range(9):
        scatter, rows, floor = random_case(seed, floors=FLOORS[seed % 3])
        found = maximise(code, scatter, rows, floor)
        scaled = maximise(code, scatter * np.outer(scales, scales), rows, floor * scales**2)
        np.testing.assert_allclose(
            scaled / np.outer(scales, scales), found, rtol=1e-5, atol=1e-6 * np.abs(found).max()
        )


@pytest.mark.parametrize("floors", FLOORS)
@pytest.mark.parametrize("code", CODES)
def test_nothing_lower_than_what_was_before_is_returned(code, floors):
    for seed in range(20):
        scatter, rows, floor = random_case(seed, 3, 3, floors)
        nearby, _, _ = random_case(seed + 100, 3, 3, floors)
        factors = floored(
            STRUCTURES[code], scatter_for(code, scatter + 0.1 * nearby), rows, None, floor
        )
        before = attained(dense(factors, 3), scatter, rows)
        for _ in range(3):
            factors = floored(STRUCTURES[code], scatter_for(code, scatter), rows, factors, floor)
            after = attained(dense(factors, 3), scatter, rows)
            assert after >= before - 1e-9 * rows.sum()
            before = after


@pytest.mark.parametrize("code", ["EII", "EEI", "EEE"])
def test_scatters_that_are_not_pooled_lead_to_the_same(code):
    scatter, rows, floor = random_case(4, floors="some")
    form = unpooled(STRUCTURES[code])
    given = scatter if form.features == "full" else np.einsum("kdd->kd", scatter)
    found = floored(form, given / 50, rows, None, floor)
    np.testing.assert_allclose(
        found, floored(STRUCTURES[code], scatter_for(code, scatter / 50), rows, None, floor)
    )


def test_a_component_touches_the_floor_where_a_direction_is_no_wider():
    factors = np.array([[1.0, 0.9], [1.0 - 1e-8, 0.1], [0.9, 0.9]])
    assert within_floor(factors, np.array([1.0, 0.0])).tolist() == [True, True, False]
    matrices = np.stack([np.diag(each) for each in factors])
    assert within_floor(matrices, np.array([1.0, 0.0])).tolist() == [True, True, False]


def test_columns_without_a_floor_may_still_be_singular():
    scatter, rows, floor = random_case(0, floors="some")
    scatter[:, floor == 0] = scatter[:, :, floor == 0] = 0.0
    for code in [each for each in CODES[2:] if each not in (*TURNED, *COMMON_AXES)]:
        with pytest.raises(ParameterError):
            maximise(code, scatter, rows, floor)
