"""Numbers come out right whatever the units, the offsets and the conditioning."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from mixtura import GaussianMixture

pytestmark = pytest.mark.drawn(5)

Float = NDArray[np.float64]

STRUCTURES = ("full", "tied", "diag", "spherical")


# Densities in 50 digits


def dense(structure: str, covariances: Float, n_components: int, n_columns: int) -> Float:
    eye = np.eye(n_columns)
    if structure == "tied":
        return np.repeat(covariances[None], n_components, axis=0)
    if structure == "diag":
        return covariances[:, :, None] * eye
    return covariances if structure == "full" else covariances[:, None, None] * eye


def exact_joint(weights: Float, means: Float, covariances: Float, row: Float) -> list[Any]:
    """Return log π_k + log N(x | μ_k, Σ_k) of one row, for dense covariances, as mpmath numbers."""
    joint = []
    for weight, mean, covariance in zip(weights, means, covariances, strict=True):
        matrix = mpmath.matrix(covariance.tolist())
        deviation = mpmath.matrix(row.tolist()) - mpmath.matrix(mean.tolist())
        distance = (deviation.T * mpmath.lu_solve(matrix, deviation))[0]
        constant = len(row) * mpmath.log(2 * mpmath.pi) + mpmath.log(mpmath.det(matrix))
        joint.append(mpmath.log(mpmath.mpf(float(weight))) - (constant + distance) / 2)
    return joint


def exact_log_density(weights: Float, means: Float, covariances: Float, row: Float) -> float:
    with mpmath.workdps(50):
        joint = exact_joint(weights, means, covariances, row)
        largest = max(joint)
        return float(largest + mpmath.log(sum(mpmath.exp(entry - largest) for entry in joint)))


def conditioned(structure: str, condition: float, rng: np.random.Generator) -> Float:
    """Return covariances of two components in four columns, of the given condition number."""
    spectrum = np.geomspace(1.0, 1.0 / condition, 4)
    axes = np.linalg.qr(rng.normal(size=(2, 4, 4)))[0]
    matrices = (axes * spectrum) @ axes.transpose(0, 2, 1)
    matrices = (matrices + matrices.transpose(0, 2, 1)) / 2
    return {
        "full": matrices,
        "tied": matrices[0],
        "diag": np.array([spectrum, spectrum[::-1]]),
        "spherical": np.array([1.0, 1.0 / condition]),
    }[structure]


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_log_densities_are_right_to_nine_digits(
    structure: str, condition: float, offset: float
) -> None:
    rng = np.random.default_rng(int(np.log10(condition)))
    covariances = conditioned(structure, condition, rng)
    matrices = dense(structure, covariances, 2, 4)
    weights = np.array([0.3, 0.7])
    means = offset * np.array([[1.0, -1.0, 1.0, 1.0]]) + rng.normal(size=(2, 4))
    roots = np.linalg.cholesky(matrices)
    near = [means[k] + roots[k] @ rng.normal(size=4) for k in (0, 1, 0)]
    far = [np.zeros(4), means[0] + 1e3, -means[1]]
    rows = np.array(near + far)
    found = GaussianMixture.from_parameters(
        weights, means, covariances, covariance_type=structure
    ).score_samples(rows)
    expected = [exact_log_density(weights, means, matrices, row) for row in rows]
    assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("n_columns", [1, 2, 3, 8])
@pytest.mark.parametrize("unit", [1e-150, 1e-5, 1e150])
def test_log_densities_are_right_in_extreme_units(unit: float, n_columns: int) -> None:
    rng = np.random.default_rng(n_columns)
    roots = unit * (np.eye(n_columns) + 0.2 * rng.normal(size=(2, n_columns, n_columns)))
    covariances = roots @ roots.transpose(0, 2, 1)
    means = unit * rng.normal(size=(2, n_columns))
    rows = unit * rng.normal(size=(5, n_columns)) * 3
    weights = np.array([0.5, 0.5])
    found = GaussianMixture.from_parameters(weights, means, covariances).score_samples(rows)
    expected = [exact_log_density(weights, means, covariances, row) for row in rows]
    assert_allclose(found, expected, rtol=1e-9)


# Posteriors of rows however far


def test_a_point_at_sixty_belongs_to_the_unit_cluster_at_six() -> None:
    means = np.array([[0.0, 0, 0], [6.0, 6, 6]])
    mixture = GaussianMixture.from_parameters([0.5, 0.5], means, [np.eye(3), np.eye(3)])
    assert_array_equal(mixture.predict_proba([[60.0, 60, 60]]), [[0.0, 1.0]])
    assert_array_equal(mixture.predict_proba([[-60.0, -60, -60]]), [[1.0, 0.0]])


@pytest.mark.parametrize("structure", ["tied", "EEI", "EII"])
def test_a_point_at_sixty_belongs_to_the_fitted_cluster_at_six(structure: str) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 3)) + 6.0 * np.repeat([[0.0], [1.0]], 200, axis=0)
    mixture = GaussianMixture(2, covariance_type=structure, random_state=0).fit(rows)
    at_six = mixture.predict([[6.0, 6, 6]])[0]
    assert mixture.predict_proba([[60.0, 60, 60]])[0, at_six] == 1.0


FAR_MIXTURES = {
    "round": ([[0.0, 0, 0], [6, 6, 6]], [np.eye(3), np.eye(3)]),
    "wide and narrow": ([[0.0, 0, 0], [1, 1, 1]], [np.eye(3), 1e6 * np.eye(3)]),
    "slanted": (
        [[0.0, 0, 0], [1, -1, 2]],
        [np.eye(3) + 0.9 * (1 - np.eye(3)), np.eye(3) - 0.4 * (1 - np.eye(3))],
    ),
    "tiny": ([[0.0, 0, 0], [1e-120, 0, 0]], [1e-240 * np.eye(3), 2e-240 * np.eye(3)]),
    "huge": ([[1e150, 0, 0], [0, 1e150, 0]], [1e298 * np.eye(3), 2e298 * np.eye(3)]),
}

sizes = st.floats(1e-300, 1e300) | st.floats(-1e300, -1e-300)
cells = sizes | st.sampled_from([0.0, 5e-324, -np.finfo(float).max, np.finfo(float).max])


@pytest.mark.parametrize("name", FAR_MIXTURES)
@given(row=st.tuples(cells, cells, cells))
@example(row=(np.finfo(float).max,) * 3)
@example(row=(1e200, -1e200, 1e200))
def test_posteriors_of_every_finite_row_sum_to_one(
    name: str, row: tuple[float, float, float]
) -> None:
    means, covariances = FAR_MIXTURES[name]
    mixture = GaussianMixture.from_parameters([0.4, 0.6], means, covariances)
    posterior = mixture.predict_proba([row])
    assert (posterior >= 0).all()
    assert posterior.sum() == pytest.approx(1.0, abs=1e-12)
    density = mixture.score_samples([row])
    assert not np.isnan(density).any()
    assert density[0] < np.inf


@pytest.mark.parametrize("name", FAR_MIXTURES)
@given(row=st.tuples(cells, cells, cells))
@example(row=(1e200, -1e200, 1e200))
@example(row=(1e160, 0.0, 0.0))
def test_the_most_probable_component_of_a_far_row_is_the_right_one(
    name: str, row: tuple[float, float, float]
) -> None:
    means, covariances = (np.array(part) for part in FAR_MIXTURES[name])
    weights = np.array([0.4, 0.6])
    with mpmath.workdps(50):
        joint = exact_joint(weights, means, covariances, np.array(row))
        clear = abs(joint[0] - joint[1]) > 1 + mpmath.mpf(1e-9) * abs(joint[0])
        expected = int(joint[1] > joint[0])
    mixture = GaussianMixture.from_parameters(weights, means, covariances)
    if clear:
        assert mixture.predict([row])[0] == expected


# The same posteriors in every unit


def few_bits(n_components: int) -> Float:
    """Return clusters whose cells are multiples of 1/32, so that shifts by 1e8 are exact."""
    rng = np.random.default_rng(7)
    centres = np.array([[0.0, 0, 0], [5, 1, 0], [1, 6, 4]])[:n_components]
    rows = centres[rng.integers(n_components, size=300)] + rng.normal(size=(300, 3)) * [1, 2, 0.5]
    return np.round(32 * rows) / 32


UNITS: dict[str, Callable[[Float], Float]] = {
    "times 1e-200": lambda rows: rows * 1e-200,
    "times 1e-5": lambda rows: rows * 1e-5,
    "times 1e200": lambda rows: rows * 1e200,
    "plus 1e8": lambda rows: rows + 1e8,
    "minus 1e8": lambda rows: rows - 1e8,
}


@pytest.mark.parametrize("prior", ["weak", None])
@pytest.mark.parametrize("n_components", [2, 3])
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("unit", UNITS)
def test_posteriors_are_the_same_in_every_unit(
    unit: str, structure: str, n_components: int, prior: str | None
) -> None:
    rows = few_bits(n_components)
    moved = UNITS[unit](rows)
    mixture = GaussianMixture(n_components, covariance_type=structure, prior=prior, random_state=3)
    expected = mixture.fit(rows).predict_proba(rows)
    found = mixture.fit(moved).predict_proba(moved)
    assert_allclose(found, expected, atol=1e-6)
    assert mixture.converged_


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("factor", [2.0**-600, 2.0**-17, 2.0**600])
def test_the_log_likelihood_moves_by_the_jacobian(factor: float, structure: str) -> None:
    rows = few_bits(3)
    mixture = GaussianMixture(3, covariance_type=structure, random_state=3)
    expected = mixture.fit(rows).log_likelihood_ - rows.size * np.log(factor)
    assert mixture.fit(rows * factor).log_likelihood_ == pytest.approx(expected, rel=1e-8)
    assert mixture.score(rows * factor) * 300 == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("structure", ["diag", "full", "tied"])
def test_columns_may_have_units_far_apart(structure: str) -> None:
    rows = few_bits(3)
    mixture = GaussianMixture(3, covariance_type=structure, random_state=3)
    expected = mixture.fit(rows).predict_proba(rows)
    moved = rows * [1e-180, 1.0, 1e180] + [0.0, 1e8, 0.0]
    assert_allclose(mixture.fit(moved).predict_proba(moved), expected, atol=1e-6)


# Laws of the fit


def from_responsibilities(
    rows: Float, responsibilities: Float, structure: str = "full", **settings: Any
) -> GaussianMixture:
    mixture = GaussianMixture(
        responsibilities.shape[1],
        covariance_type=structure,
        responsibilities_init=responsibilities,
        **settings,
    )
    return mixture.fit(rows)


def soft_clusters(rows: Float, n_components: int = 3) -> Float:
    """Return responsibilities that follow one column, as good a start as any."""
    edges = np.quantile(rows[:, 0], np.arange(1, n_components) / n_components)
    hard = np.eye(n_components)[np.searchsorted(edges, rows[:, 0])]
    return 0.8 * hard + 0.2 / n_components


MATRIX = np.array([[3.0, 1.0, 0.0], [-2.0, 1.0, 0.5], [0.2, 0.0, 40.0]])
ROTATION = np.linalg.qr(MATRIX)[0]
MAPS = {
    "full": MATRIX,
    "tied": MATRIX,
    "diag": np.diag([3.0, -0.01, 200.0]),
    "spherical": 7.0 * ROTATION,
    "VEV": 7.0 * ROTATION,
    "EEI": np.diag([3.0, -0.01, 200.0]),
    "EVV": MATRIX,
}


@pytest.mark.parametrize("prior", ["weak", None])
@pytest.mark.parametrize("structure", MAPS)
def test_fits_go_along_with_the_maps_their_structure_is_closed_under(
    structure: str, prior: str | None
) -> None:
    rows, matrix, shift = few_bits(3), MAPS[structure], np.array([100.0, -3.0, 0.5])
    start = soft_clusters(rows)
    plain = from_responsibilities(rows, start, structure, prior=prior)
    mapped = from_responsibilities(rows @ matrix.T + shift, start, structure, prior=prior)
    moved = rows @ matrix.T + shift
    assert_allclose(mapped.predict_proba(moved), plain.predict_proba(rows), atol=1e-6)
    assert_allclose(mapped.means_, plain.means_ @ matrix.T + shift, rtol=1e-5, atol=1e-5)
    expected = matrix @ plain.mixture_.parameters.covariance.dense() @ matrix.T
    found = mapped.mixture_.parameters.covariance.dense()
    assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    jacobian = len(rows) * np.linalg.slogdet(matrix).logabsdet
    assert mapped.log_likelihood_ == pytest.approx(plain.log_likelihood_ - jacobian, abs=1e-3)


@pytest.mark.parametrize("structure", [*STRUCTURES, "EVE", "VVE", "EEV"])
def test_the_order_of_rows_columns_and_components_is_no_matter(structure: str) -> None:
    rows = few_bits(3)
    rng = np.random.default_rng(1)
    row_order, column_order, component_order = (rng.permutation(n) for n in (300, 3, 3))
    start = soft_clusters(rows)
    plain = from_responsibilities(rows, start, structure)
    moved_rows = rows[row_order][:, column_order]
    moved = from_responsibilities(moved_rows, start[row_order][:, component_order], structure)
    expected = plain.predict_proba(rows)[row_order][:, component_order]
    assert_allclose(moved.predict_proba(moved_rows), expected, atol=1e-6)
    assert_allclose(moved.weights_, plain.weights_[component_order], atol=1e-7)
    assert_allclose(moved.means_, plain.means_[component_order][:, column_order], atol=1e-5)
    assert moved.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-3)


CHAINS = [
    ("EII", "VII", "VVI", "VVV"),
    ("EII", "EEI", "VEI", "VVI"),
    ("EII", "EEI", "EVI", "VVI"),
    ("EEI", "EEE", "VEE", "VVV"),
    ("EEE", "EEV", "VEV", "VVV"),
    ("EEE", "EEV", "EVV", "VVV"),
    ("VEI", "VEE", "VVE", "VVV"),
    ("EEE", "EVE", "EVV", "VVV"),
]
NESTED = sorted({pair for chain in CHAINS for pair in pairwise(chain)})


@pytest.mark.parametrize(("narrow", "wide"), NESTED)
def test_a_wider_structure_goes_on_rising_from_a_narrower_one(narrow: str, wide: str) -> None:
    rows = few_bits(3)
    first = from_responsibilities(rows, soft_clusters(rows), narrow, prior=None)
    second = from_responsibilities(rows, first.predict_proba(rows), wide, prior=None)
    assert second.log_likelihood_ >= first.log_likelihood_ - 1e-6
    assert second.n_parameters_ > first.n_parameters_


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_split_component_goes_on_rising_from_the_whole_one(structure: str) -> None:
    rows = few_bits(3)
    likelihoods = []
    posterior = np.ones((300, 1))
    for _ in range(4):
        mixture = from_responsibilities(rows, posterior, structure, prior=None)
        likelihoods.append(mixture.log_likelihood_)
        posterior = mixture.predict_proba(rows)
        side = rows[:, 1] > np.average(rows[:, 1], weights=posterior[:, 0])
        share = np.where(side, 0.6, 0.4)
        split = [posterior[:, 0] * share, posterior[:, 0] * (1 - share)]
        posterior = np.column_stack([*split, posterior[:, 1:]])
    assert (np.diff(likelihoods) >= -1e-6).all()


def test_one_component_is_the_mean_and_the_covariance() -> None:
    rows = few_bits(3)
    weights = np.random.default_rng(0).uniform(size=300)
    mixture = GaussianMixture(1, prior=None).fit(rows, sample_weight=weights)
    assert_allclose(mixture.means_[0], np.average(rows, axis=0, weights=weights), rtol=1e-12)
    expected = np.cov(rows.T, aweights=weights, bias=True)
    assert_allclose(mixture.covariances_[0], expected, rtol=1e-10)
