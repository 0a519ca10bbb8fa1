"""What holds of a fit under every covariance structure."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from oracles import dataset

from mixtura import GaussianMixture
from mixtura.components.gaussian.structures import CODES

pytestmark = pytest.mark.drawn(5)

Float = NDArray[np.float64]

# Letter by letter, what each is a special case of: I of E, E of V.
CHAINS = [
    ("EII", "VII", "VEI", "VVI", "VVE", "VVV"),
    ("EII", "EEI", "VEI", "VEE", "VEV", "VVV"),
    ("EEI", "EVI", "VVI"),
    ("EEI", "EEE", "VEE", "VVE"),
    ("EVI", "EVE", "VVE"),
    ("EEE", "EVE", "EVV", "VVV"),
    ("EEE", "EEV", "VEV"),
    ("EEV", "EVV"),
]
PAIRS = sorted({pair for chain in CHAINS for pair in pairwise(chain)})

# Structures that survive a scale for each column, and those that survive any rotation.
ANY_SCALES = ("EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "VVV", "EVV")
ANY_AXES = tuple(code for code in CODES if code[2] != "I" or code[1] == "I")


@pytest.fixture(scope="module")
def iris() -> Float:
    return dataset("iris").values


def start(rows: Float, n_components: int = 3) -> Float:
    """Return responsibilities that no structure has a say in."""
    labels = np.digitize(rows[:, 2], [2.5, 4.9]) % n_components
    return 0.05 / n_components + 0.95 * np.eye(n_components)[labels]


def fitted(code: str, rows: Any, responsibilities: Float | None = None, **settings: Any) -> Any:
    weights = settings.pop("sample_weight", None)
    given = start(np.asarray(rows)) if responsibilities is None else responsibilities
    mixture = GaussianMixture(
        given.shape[1], covariance_type=code, responsibilities_init=given, **settings
    )
    return mixture.fit(rows, sample_weight=weights)


@pytest.mark.parametrize(("special", "general"), PAIRS)
def test_a_structure_ends_no_lower_than_its_special_case(
    special: str, general: str, iris: Float
) -> None:
    lower = fitted(special, iris, prior=None)
    higher = fitted(general, iris, lower.predict_proba(iris), prior=None)
    assert higher.log_likelihood_ >= lower.log_likelihood_ - 1e-6
    assert higher.n_parameters_ > lower.n_parameters_


@pytest.mark.parametrize("code", CODES)
def test_weight_two_is_the_row_twice(code: str, iris: Float) -> None:
    times = np.random.default_rng(0).integers(1, 4, len(iris))
    repeated = np.repeat(iris, times, axis=0)
    weighted = fitted(code, iris, sample_weight=times, max_iter=15, tol=0.0)
    twice = fitted(code, repeated, max_iter=15, tol=0.0)
    assert_allclose(weighted.log_likelihood_, twice.log_likelihood_, rtol=1e-10)
    assert_allclose(weighted.means_, twice.means_, rtol=1e-6)
    assert_allclose(weighted.covariances_, twice.covariances_, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("code", CODES)
def test_threads_give_the_same_bits(code: str) -> None:
    rng = np.random.default_rng(1)
    centres = rng.normal(0, 4, (3, 4))
    rows = centres[rng.integers(3, size=9000)] + rng.normal(size=(9000, 4))
    shares = rng.dirichlet(np.ones(3), len(rows))
    one, two, four = (fitted(code, rows, shares, max_iter=6, n_jobs=n) for n in (1, 2, 4))
    for other in (two, four):
        assert one.means_.tobytes() == other.means_.tobytes()
        assert one.covariances_.tobytes() == other.covariances_.tobytes()
        assert one.log_likelihood_ == other.log_likelihood_


@pytest.mark.parametrize("code", CODES)
def test_float32_rows_give_nearly_the_same(code: str, iris: Float) -> None:
    exact = fitted(code, iris, max_iter=10, tol=0.0)
    single = fitted(code, iris.astype(np.float32), max_iter=10, tol=0.0)
    assert single.means_.dtype == np.float32
    assert_allclose(single.log_likelihood_, exact.log_likelihood_, atol=0.05)
    assert_allclose(single.means_, exact.means_, atol=2e-3)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_one_scale_for_all_columns_changes_units_only(code: str, scale: float, iris: Float) -> None:
    plain = fitted(code, iris, max_iter=15, tol=0.0)
    shifted = (iris - 100.0) * scale
    scaled = fitted(code, shifted, start(iris), max_iter=15, tol=0.0)
    jacobian = iris.size * np.log(scale)
    assert_allclose(scaled.log_likelihood_ + jacobian, plain.log_likelihood_, rtol=1e-7)
    assert_allclose(scaled.means_ / scale + 100.0, plain.means_, rtol=1e-5)


@pytest.mark.parametrize("code", ANY_SCALES)
def test_columns_may_have_units_of_their_own(code: str, iris: Float) -> None:
    scales = np.array([1e-6, 1.0, 1e3, 1e7])
    plain = fitted(code, iris, max_iter=15, tol=0.0)
    scaled = fitted(code, iris * scales, start(iris), max_iter=15, tol=0.0)
    jacobian = len(iris) * np.log(scales).sum()
    assert_allclose(scaled.log_likelihood_ + jacobian, plain.log_likelihood_, rtol=1e-7)


@pytest.mark.parametrize("code", ANY_AXES)
def test_rotated_rows_give_rotated_components(code: str, iris: Float) -> None:
    rotation, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))
    plain = fitted(code, iris, max_iter=15, tol=0.0)
    turned = fitted(code, iris @ rotation, start(iris), max_iter=15, tol=0.0)
    assert_allclose(turned.log_likelihood_, plain.log_likelihood_, rtol=1e-6)
    assert_allclose(turned.means_, plain.means_ @ rotation, atol=2e-4)


@pytest.mark.parametrize("code", CODES)
def test_the_order_of_rows_and_components_is_only_an_order(code: str, iris: Float) -> None:
    order = np.random.default_rng(3).permutation(len(iris))
    plain = fitted(code, iris, max_iter=15, tol=0.0)
    other = fitted(code, iris[order], start(iris)[order][:, [2, 0, 1]], max_iter=15, tol=0.0)
    assert_allclose(other.log_likelihood_, plain.log_likelihood_, rtol=1e-9)
    assert_allclose(other.means_, plain.means_[[2, 0, 1]], rtol=1e-5)


@pytest.mark.parametrize("code", CODES)
def test_the_objective_never_falls_and_posteriors_sum_to_one(code: str, iris: Float) -> None:
    mixture = fitted(code, iris)
    assert (np.diff(mixture.history_.objective) >= -1e-9 * len(iris)).all()
    assert_allclose(mixture.predict_proba(iris).sum(axis=1), 1.0, rtol=1e-12)
