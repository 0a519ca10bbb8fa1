"""Covariance structures: each update maximises the M-step within what its structure shares."""

import pickle

import mpmath
import numpy as np
import pytest
from oracles import GAUSSIAN, dataset, gaussian, gaussian_fits, starting_responsibilities
from scatters import plane_covariances, scatter_for
from scipy import optimize, stats

from mixtura import GaussianMixture
from mixtura.components.gaussian.structures import (
    CODES,
    STRUCTURES,
    distinct,
    m_step_objective,
    structure,
)
from mixtura.errors import ParameterError

pytestmark = pytest.mark.drawn(5)

ITERATIVE = [code for code in CODES if STRUCTURES[code].iterative]
COMMON_AXES = ("EVE", "VVE")
AXIS_ALIGNED = [code for code in CODES if STRUCTURES[code].storage == "diagonal"]
LETTERS = "IEV"
ONE_COLUMN = {"E": "EII", "V": "VII"}


def update(code, scatter, rows, previous=None):
    return STRUCTURES[code].update(scatter_for(code, scatter), rows, previous)


def dense(factors, n_columns):
    """Return the covariances (K, D, D) whose precisions have these factors."""
    if factors.ndim == 1:
        return np.eye(n_columns) / factors[:, None, None] ** 2
    if factors.ndim == 2:
        return np.eye(n_columns) / factors[:, :, None] ** 2
    lower = np.linalg.inv(factors).transpose(0, 2, 1)
    return lower @ lower.transpose(0, 2, 1)


def factors(covariances):
    """Return upper triangular U with Σ⁻¹ = U Uᵀ."""
    return np.linalg.inv(np.linalg.cholesky(covariances)).transpose(0, 2, 1)


def maximise(code, scatter, rows, previous=None):
    return dense(update(code, scatter, rows, previous), scatter.shape[1])


def attained(code, scatter, rows, previous=None):
    return m_step_objective(maximise(code, scatter, rows, previous), scatter, rows)


def random_moments(seed, n_components=3, n_columns=4):
    rng = np.random.default_rng(seed)
    rows = rng.uniform(20, 80, n_components)
    shared = rng.standard_normal((n_columns, n_columns))
    scatter = np.empty((n_components, n_columns, n_columns))
    for k in range(n_components):
        mixing = shared + 0.7 * rng.standard_normal((n_columns, n_columns))
        sample = rng.standard_normal((int(rows[k]), n_columns)) @ mixing * rng.uniform(0.3, 3)
        scatter[k] = sample.T @ sample
    return scatter, rows


def disturbed(scatter, seed, size):
    """Return scatters close by: full ones, of the same structure after an update."""
    noise = np.random.default_rng(seed).standard_normal(scatter.shape) * size
    mixing = np.eye(scatter.shape[1]) + noise
    return mixing @ scatter @ mixing.transpose(0, 2, 1)


def reference_moments(name, fit):
    values = dataset(name).values
    responsibilities = starting_responsibilities(gaussian(name), fit)
    rows = responsibilities.sum(axis=0)
    means = responsibilities.T @ values / rows[:, None]
    deviations = values[None] - means[:, None]
    return np.einsum("nk,knd,kne->kde", responsibilities, deviations, deviations), rows


def reference_fits(code):
    for name in GAUSSIAN:
        for fit in gaussian_fits(name, status="ok"):
            known = ONE_COLUMN.get(fit["model"], fit["model"]) == code
            if known and fit["variant"] in ("plain", "single"):
                yield name, fit


@pytest.mark.parametrize("code", CODES)
def test_the_first_m_step_is_that_of_the_reference(code):
    compared = 0
    for name, fit in reference_fits(code):
        if "one_step" not in fit:
            continue
        scatter, rows = reference_moments(name, fit)
        covariances = maximise(code, scatter, rows)
        log_determinants = np.linalg.slogdet(covariances).logabsdet
        expected = np.array(fit["one_step"]["logdet"])
        if code in COMMON_AXES:
            # Their search for axes may end lower than the reference's, which is better.
            assert rows @ (log_determinants - expected) <= 1e-9 * rows.sum(), fit["id"]
        else:
            np.testing.assert_allclose(log_determinants, expected, atol=1e-7, err_msg=fit["id"])
            if fit["one_step"].get("covariances"):
                given = np.array(fit["one_step"]["covariances"])
                scale = np.abs(given).max()
                np.testing.assert_allclose(covariances, given, atol=1e-12 * scale, rtol=1e-9)
        compared += 1
    assert compared > 30


@pytest.mark.parametrize("code", CODES)
def test_parameters_are_counted_as_in_the_reference(code):
    for _, fit in reference_fits(code):
        n_components, n_columns = fit["G"], len(fit["means"][0])
        others = n_components * n_columns + n_components - 1
        counted = structure(code).n_parameters(n_components, n_columns)
        assert counted + others == fit["n_params"], fit["id"]


@pytest.mark.parametrize("code", CODES)
def test_a_numerical_maximum_in_the_plane_is_the_same(code):
    scatter, rows = random_moments(5, n_components=2, n_columns=2)
    free = structure(code).n_parameters(2, 2)

    def lost(parameters):
        return -m_step_objective(plane_covariances(code, parameters, 2), scatter, rows)

    rng = np.random.default_rng(1)
    starts = rng.uniform(-1, 1, (6, free))
    numerical = -min(optimize.minimize(lost, start, method="BFGS").fun for start in starts)
    assert attained(code, scatter, rows) == pytest.approx(numerical, abs=1e-6)


@pytest.mark.parametrize("code", CODES)
def test_no_covariances_of_the_structure_are_better(code):
    for seed in range(4):
        scatter, rows = random_moments(seed)
        best = attained(code, scatter, rows)
        for other in range(10):
            rng = np.random.default_rng(other)
            near = disturbed(scatter, other, 10.0 ** -(other % 5))
            others = maximise(code, near, rows * rng.uniform(0.9, 1.1, len(rows)))
            assert m_step_objective(others, scatter, rows) <= best + 1e-10 * abs(best)


def test_what_shares_more_attains_less():
    for seed in range(5):
        scatter, rows = random_moments(seed)
        values = {code: attained(code, scatter, rows) for code in CODES}
        for less in CODES:
            for more in CODES:
                if all(map(lambda a, b: LETTERS.index(a) <= LETTERS.index(b), less, more)):
                    assert values[less] <= values[more] + 1e-10 * abs(values[more]), (less, more)


@pytest.mark.parametrize("code", CODES)
def test_the_order_of_components_does_not_matter(code):
    scatter, rows = random_moments(7, n_components=4)
    order = np.array([2, 0, 3, 1])
    permuted = maximise(code, scatter[order], rows[order])
    # A descent over axes ends within 1e-13 nats a row, and so within 1e-6 radians or so.
    np.testing.assert_allclose(permuted, maximise(code, scatter, rows)[order], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("code", CODES)
def test_columns_may_be_scaled_apart_where_the_structure_survives_it(code):
    scatter, rows = random_moments(3)
    scale = np.array([0.25, 1.0, 3.0, 40.0])
    outer = np.multiply.outer(scale, scale)
    scaled = maximise(code, scatter * outer, rows) / outer
    same = np.allclose(scaled, maximise(code, scatter, rows), rtol=1e-9, atol=1e-9)
    assert same != structure(code).one_scale


@pytest.mark.parametrize("code", CODES)
def test_all_columns_may_be_scaled_alike(code):
    scatter, rows = random_moments(3)
    alike = maximise(code, scatter * 1e12, rows) * 1e-12
    np.testing.assert_allclose(alike, maximise(code, scatter, rows), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("code", [code for code in CODES if code not in AXIS_ALIGNED])
def test_a_rotation_of_the_columns_rotates_the_covariances(code):
    scatter, rows = random_moments(4)
    rotation = stats.ortho_group.rvs(4, random_state=2)
    rotated = maximise(code, rotation @ scatter @ rotation.T, rows)
    expected = rotation @ maximise(code, scatter, rows) @ rotation.T
    np.testing.assert_allclose(rotated, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("code", ITERATIVE)
@pytest.mark.parametrize("size", [1e-6, 1e-3, 0.1, 1.0])
def test_a_warm_start_is_never_made_worse(code, size):
    for seed in range(8):
        scatter, rows = random_moments(seed, n_columns=2 + seed % 4)
        previous = update(code, disturbed(scatter, seed, size), rows)
        before = m_step_objective(dense(previous, scatter.shape[1]), scatter, rows)
        after = attained(code, scatter, rows, previous)
        assert after >= before - 1e-13 * abs(before)


@pytest.mark.parametrize("code", ITERATIVE)
def test_warm_starts_arrive_where_a_cold_one_does(code):
    scatter, rows = random_moments(11)
    previous = update(code, disturbed(scatter, 1, 0.01), rows)
    for _ in range(6):
        previous = update(code, scatter, rows, previous)
    cold = attained(code, scatter, rows)
    assert m_step_objective(dense(previous, 4), scatter, rows) == pytest.approx(cold, rel=1e-12)


@pytest.mark.parametrize("code", COMMON_AXES)
def test_axes_survive_between_components_of_opposite_shapes(code):
    axes = stats.ortho_group.rvs(3, random_state=8)
    variances = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [2.0, 2.0, 2.0]])
    rows = np.array([30.0, 30.0, 30.0])
    previous = (axes * variances[:, None, :]) @ axes.T
    covariances = maximise(code, previous * rows[:, None, None], rows, factors(previous))
    turned = axes.T @ covariances @ axes
    np.testing.assert_allclose(turned, np.eye(3) * turned, atol=1e-12)


@pytest.mark.parametrize("code", COMMON_AXES)
def test_no_random_start_finds_better_axes(code):
    for seed in range(3):
        scatter, rows = random_moments(seed, n_columns=3)
        best = attained(code, scatter, rows)
        for start in range(6):
            axes = stats.ortho_group.rvs(3, random_state=start)
            previous = factors(np.stack([(axes * [1.0, 2.0, 4.0]) @ axes.T] * 3))
            for _ in range(40):
                previous = update(code, scatter, rows, previous)
            assert m_step_objective(dense(previous, 3), scatter, rows) <= best + 1e-9 * abs(best)


@pytest.mark.parametrize(("n_components", "n_columns"), [(1, 1), (1, 3), (4, 1)])
def test_structures_that_are_the_same_model_give_the_same(n_components, n_columns):
    scatter, rows = random_moments(2, n_components, n_columns)
    standing = distinct(CODES, n_components, n_columns)
    for code, other in standing.items():
        expected = maximise(other, scatter, rows)
        np.testing.assert_allclose(maximise(code, scatter, rows), expected, rtol=1e-10, atol=1e-12)
        counts = [STRUCTURES[each].n_parameters(n_components, n_columns) for each in (code, other)]
        assert counts[0] == counts[1]


def test_distinct_models_are_named():
    assert set(distinct(CODES, 1, 3).values()) == {"EII", "EEI", "EEE"}
    assert set(distinct(CODES, 3, 1).values()) == {"EII", "VII"}
    assert set(distinct(CODES, 1, 1).values()) == {"EII"}
    assert distinct(CODES, 2, 2) == {code: code for code in CODES}


@pytest.mark.parametrize("code", CODES)
def test_factors_have_the_shape_of_their_storage(code):
    scatter, rows = random_moments(0)
    shape = {"spherical": (3,), "diagonal": (3, 4), "full": (3, 4, 4)}[structure(code).storage]
    found = update(code, scatter, rows)
    assert found.shape == shape
    assert found.flags.c_contiguous
    assert found.flags.writeable
    if found.ndim == 3:
        np.testing.assert_array_equal(np.tril(found, -1), 0.0)
        assert (found.diagonal(axis1=1, axis2=2) > 0).all()


@pytest.mark.parametrize("code", CODES)
def test_a_component_of_next_to_no_rows_is_carried(code):
    scatter, rows = random_moments(6)
    scatter[1] *= 1e-280 / rows[1]
    rows[1] = 1e-280
    covariances = maximise(code, scatter, rows)
    assert np.isfinite(covariances).all()
    assert (np.linalg.eigvalsh(covariances) > 0).all()
    kept = np.array([0, 2])
    expected = maximise(code, scatter[kept], rows[kept])
    np.testing.assert_allclose(covariances[kept], expected, rtol=1e-6, atol=1e-8)


# VVV's covariances of zero are refused by their Cholesky factors.
NO_COVARIANCE = [
    (code, wrong) for code in CODES for wrong in (0.0, np.nan, np.inf) if code != "VVV" or wrong
]


@pytest.mark.parametrize(
    ("code", "wrong"),
    [(code, wrong) for code, wrong in NO_COVARIANCE if STRUCTURES[code].features != "linear"],
)
def test_a_component_that_is_no_covariance_is_refused_by_number(code, wrong):
    scatter, rows = random_moments(0)
    scatter[2] = wrong
    with pytest.raises(ParameterError, match="component 2"):
        update(code, scatter, rows)


@pytest.mark.parametrize(("code", "wrong"), NO_COVARIANCE)
def test_scatter_that_is_no_covariance_at_all_is_refused(code, wrong):
    scatter, rows = random_moments(0)
    expected = "shared" if STRUCTURES[code].features == "linear" else "component 0"
    with pytest.raises(ParameterError, match=expected):
        update(code, scatter * 0 + wrong, rows)


@pytest.mark.parametrize("code", ["EEE", "VEE", "EEV", "VEV", "EEI", "VEI"])
def test_a_singular_shared_shape_is_refused(code):
    scatter, rows = random_moments(0)
    scatter[:, 3] = scatter[:, :, 3] = 0.0
    with pytest.raises(ParameterError, match="shared covariance"):
        update(code, scatter, rows)


def flattened(scatter, rank):
    """Return scatters of which the second has this rank."""
    values, vectors = np.linalg.eigh(scatter[1])
    values[:-rank] = 0.0
    flat = scatter.copy()
    flat[1] = (vectors * values) @ vectors.T
    return flat


@pytest.mark.parametrize("code", ["EEV", "VEV", "VEE"])
def test_a_flat_component_borrows_the_shared_shape(code):
    scatter, rows = random_moments(0)
    covariances = maximise(code, flattened(scatter, 3), rows)
    assert np.linalg.cond(covariances).max() < 1e5


@pytest.mark.parametrize("code", ["VEV", "VEE"])
def test_a_shape_that_one_component_flattens_without_bound_is_refused(code):
    # A component of rank r and more than r / D of the rows has no best volume.
    scatter, rows = random_moments(0)
    with pytest.raises(ParameterError, match="shared covariance"):
        update(code, flattened(scatter, 1), rows)


def test_structures_go_by_their_names():
    lattice = "EII VII EEI VEI EVI VVI EEE VEE EVE VVE EEV VEV EVV VVV"
    assert " ".join(CODES) == lattice
    assert list(STRUCTURES) == list(CODES)
    other = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}
    for name, code in {**other, **ONE_COLUMN}.items():
        assert structure(name) is STRUCTURES[code]
    for name in ("vvv", "", "VVE "):
        with pytest.raises(ParameterError, match=r"EII, VII.*VVV, full"):
            structure(name)


@pytest.mark.parametrize("code", CODES)
def test_a_structure_survives_pickling(code):
    copy = pickle.loads(pickle.dumps(structure(code)))
    assert copy == structure(code)
    assert copy.n_parameters(3, 4) == structure(code).n_parameters(3, 4)


def test_iterations_and_scales_are_declared():
    assert ITERATIVE == ["VEI", "VEE", "EVE", "VVE", "VEV"]
    assert [code for code in CODES if STRUCTURES[code].one_scale] == [
        *("EII", "VII", "EVE", "VVE", "EEV", "VEV")
    ]


UNLIKE = np.array([1e-9, 1e9, 1.0, 1e-3])


@pytest.mark.parametrize("code", ITERATIVE)
@pytest.mark.parametrize("size", [1e-6, 1e-2, 1.0])
def test_a_warm_start_is_never_made_worse_in_columns_of_unlike_scales(code, size):
    outer = np.multiply.outer(UNLIKE, UNLIKE)
    for seed in range(8):
        scatter, rows = random_moments(seed)
        previous = update(code, disturbed(scatter, seed, size) * outer, rows)
        before = m_step_objective(dense(previous, 4) / outer, scatter, rows)
        after = m_step_objective(
            maximise(code, scatter * outer, rows, previous) / outer, scatter, rows
        )
        assert after >= before - 1e-12 * abs(before)


@pytest.mark.parametrize("code", ["EEV", "VEV"])
def test_spectra_are_right_in_columns_of_unlike_scales(code):
    scatter, rows = random_moments(2)
    scatter *= np.multiply.outer(UNLIKE, UNLIKE)
    with mpmath.workdps(80):
        exact = [mpmath.eigsy(mpmath.matrix(each.tolist()))[0] for each in scatter]
        spectra = np.array([np.array(each.tolist(), float)[:, 0] for each in exact])
    as_diagonal = STRUCTURES["VEI" if code == "VEV" else "EEI"]
    summed = spectra if code == "VEV" else spectra.sum(axis=0)
    expected = as_diagonal.update(summed, rows, None)
    found = -np.log(update(code, scatter, rows).diagonal(axis1=1, axis2=2)).sum(axis=1)
    np.testing.assert_allclose(found, -np.log(expected).sum(axis=1), rtol=1e-10)


def nearly_flat(scatter, ratio):
    """Return scatters of which the second is narrower in one direction by this ratio."""
    values, vectors = np.linalg.eigh(scatter)
    values[1, 0] *= ratio
    return (vectors * values[:, None, :]) @ vectors.transpose(0, 2, 1)


@pytest.mark.parametrize("code", ["EVE", "EEV", "EVV"])
def test_volumes_are_equal_to_rounding_where_a_component_is_nearly_flat(code):
    scatter, rows = random_moments(4)
    found = update(code, nearly_flat(scatter, 1e-10), rows)
    logs = np.log(found.diagonal(axis1=1, axis2=2)).sum(axis=1)
    assert np.ptp(logs) < 1e-9


def test_shapes_are_equal_to_rounding_where_all_components_are_nearly_flat():
    scatter, rows = random_moments(4)
    squeeze = np.eye(4)
    squeeze[3] = [1.0, 1.0, 1.0, 1e-5]
    found = update("VEE", squeeze @ scatter @ squeeze.T, rows)
    entries = found[:, *np.triu_indices(4)]
    sizes = np.broadcast_to(entries[:, :1] / entries[0, 0], entries.shape)
    np.testing.assert_allclose(entries / entries[0], sizes, rtol=1e-12)


def test_models_of_tidylpa_are_structures_by_their_numbers():
    rng = np.random.default_rng()
    rows = rng.normal(size=(200, 3)) + 5.0 * rng.integers(2, size=(200, 1))
    rows[:, 1] += 0.5 * rows[:, 0]
    off = ~np.eye(3, dtype=bool)
    # Whether variances, and covariances, are equal in all classes; whether these are zero.
    same_and_zero = {1: (True, True), 2: (False, True), 3: (True, False), 6: (False, False)}
    for number, (equal, zero) in same_and_zero.items():
        model = GaussianMixture(2, covariance_type=f"tidylpa{number}", random_state=0).fit(rows)
        one, other = model.mixture_.parameters.covariance.dense()
        assert np.allclose(one, other) == equal
        assert (one[off] == 0).all() == zero
    for number, words in ((4, "variances of their own"), (5, "one set of variances")):
        with pytest.raises(ParameterError, match=f"'tidylpa{number}', {words}"):
            GaussianMixture(2, covariance_type=f"tidylpa{number}").fit(rows)
