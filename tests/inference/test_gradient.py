"""Gradients of the observed-data log-likelihood, against complex steps."""

import numpy as np
import pytest
from plain import CASES, STEP, gaussian, multinomial
from scipy.sparse import csr_array

from mixtura import GaussianMixture, MultinomialMixture
from mixtura.components.gaussian.structures import CODES
from mixtura.engines import Threads
from mixtura.errors import DataError
from mixtura.inference import gradient

every_case = pytest.mark.parametrize("name", CASES)
GAUSSIAN = [
    "full",
    "full, three components",
    "one column",
    "tied",
    "diag",
    "diag, shared",
    "spherical",
    "spherical, shared",
]


@every_case
@pytest.mark.parametrize("weighted", [False, True])
def test_by_the_free_parameters_it_is_that_of_complex_steps(name, weighted):
    plain = CASES[name]()
    weights = np.random.default_rng(1).integers(0, 4, len(plain.rows)) * 0.5 if weighted else None
    found = gradient(plain.mixture, plain.rows, weights, missing=plain.missing)
    # What noise takes up is counted, and no parameter.
    family = plain.mixture.family
    sized = family.background.n_free if family.has_noise else 0
    assert len(found.names) == plain.mixture.n_parameters - sized
    expected = (np.ones(len(plain.rows)) if weights is None else weights) @ plain.scores(
        found.names
    )
    np.testing.assert_allclose(found.free, expected, rtol=1e-10, atol=1e-10)


def slopes(plain, name, value_of, array):
    """Return dℓ by each entry of an array that covariances are a function of."""
    found = np.empty(array.shape)
    for place in np.ndindex(array.shape):
        moved = np.array(array, dtype=complex)
        moved[place] += 1j * STEP
        arrays = {**plain.arrays, name: value_of(moved)}
        found[place] = plain.log_densities(arrays).imag.sum() / STEP
    return found


@pytest.mark.parametrize("name", GAUSSIAN)
def test_matrices_follow_the_stated_convention(name):
    plain = CASES[name]()
    found = gradient(plain.mixture, plain.rows)
    covariances = plain.arrays["covariances"]
    full = plain.mixture.family.structure.storage == "full"

    def same(array, expected):
        np.testing.assert_allclose(array, expected, rtol=1e-10, atol=1e-9)

    def both(moved):
        # tr(G dΣ) with half of a step in each of two equal entries is G_ij.
        return 0.5 * (moved + np.swapaxes(moved, -1, -2)) if full else moved

    def inverse(matrices):
        return np.linalg.inv(matrices) if full else 1.0 / matrices

    def square(left, right):
        return left @ np.swapaxes(right, -1, -2) if full else left * right

    same(found["weights"], slopes(plain, "weights", lambda w: w, plain.arrays["weights"]))
    same(found["means"], slopes(plain, "means", lambda m: m, plain.arrays["means"]))
    same(found["covariances"], slopes(plain, "covariances", both, covariances))
    precisions = inverse(covariances)
    by_precision = slopes(plain, "covariances", lambda p: inverse(both(p)), precisions)
    same(found["precisions"], by_precision)
    lower = np.linalg.cholesky(covariances) if full else np.sqrt(covariances)
    by_lower = slopes(plain, "covariances", lambda f: square(f, f), lower)
    same(found["covariances_cholesky"], np.tril(by_lower) if full else by_lower)
    upper = plain.mixture.parameters.covariance.factors
    upper = upper[0] if plain.mixture.family.structure.shares_covariance else upper
    by_upper = slopes(plain, "covariances", lambda f: inverse(square(f, f)), upper)
    same(found["precisions_cholesky"], np.triu(by_upper) if full else by_upper)


@every_case
def test_the_multiplier_is_the_total_weight_anywhere(name):
    plain = CASES[name]()
    weights = np.random.default_rng(2).uniform(0.1, 2.0, len(plain.rows))
    found = gradient(plain.mixture, plain.rows, weights, missing=plain.missing)
    assert found.multiplier == pytest.approx(weights.sum(), rel=1e-12)
    assert found["weights"] @ plain.mixture.weights == pytest.approx(weights.sum(), rel=1e-12)
    assert found.kkt_residual > 1e-3


@pytest.mark.parametrize("code", CODES)
def test_at_a_fits_end_it_is_zero_within_every_structure(code):
    rows = gaussian("VVV", n_rows=300, seed=3).rows
    fit = GaussianMixture(
        2, covariance_type=code, prior=None, tol=1e-13, max_iter=20000, random_state=0
    ).fit(rows)
    found = gradient(fit.mixture_, rows)
    size = np.abs(rows).sum()
    assert np.abs(found.free).max() < 1e-4 * size**0.5
    assert found.kkt_residual < 1e-5
    np.testing.assert_allclose(found["weights"], len(rows), rtol=1e-4)
    assert len(found.free) == fit.mixture_.n_parameters


def test_probabilities_have_one_multiplier_for_each_component_at_a_fits_end():
    rows = multinomial(1).rows
    fit = MultinomialMixture(2, prior=None, tol=1e-14, max_iter=20000, random_state=0).fit(rows)
    found = gradient(fit.mixture_, rows)
    items = fit.mixture_.responsibilities(rows).T @ rows.sum(axis=1)
    inside = fit.mixture_.parameters.probabilities > 1e-3
    slopes = np.where(inside, found["probabilities"], items[:, None])
    np.testing.assert_allclose(slopes, np.repeat(items[:, None], 4, axis=1), rtol=1e-3)


def test_the_end_of_an_edge_is_seen_from_the_outside():
    plain = multinomial()
    edge = plain.arrays["probabilities"].copy()
    edge[0] = [0.0, 0.3, 0.3, 0.4]
    parameters = type(plain.mixture.parameters)(edge)
    mixture = type(plain.mixture)(plain.mixture.weights, plain.mixture.family, parameters)
    found = gradient(mixture, plain.rows)["probabilities"]
    arrays = {**plain.arrays, "probabilities": edge.astype(complex)}
    arrays["probabilities"][0, 0] = 1e-9
    arrays["probabilities"][0, 0] += 1j * STEP
    expected = plain.log_densities(arrays).imag.sum() / STEP
    assert found[0, 0] == pytest.approx(expected, rel=1e-6)


def test_no_engine_and_no_block_changes_it():
    plain = gaussian("VVV", n_rows=9000)
    one = gradient(plain.mixture, plain.rows, engine="serial")
    other = gradient(plain.mixture, plain.rows, engine=Threads(3))
    for array in one:
        assert one[array].tobytes() == other[array].tobytes()


def test_sparse_counts_give_what_dense_ones_do():
    plain = multinomial()
    one = gradient(plain.mixture, plain.rows)
    other = gradient(plain.mixture, csr_array(plain.rows))
    np.testing.assert_allclose(one.free, other.free, rtol=1e-12)


def test_far_from_the_origin_it_keeps_its_digits():
    plain = gaussian("VVV")
    parameters = type(plain.mixture.parameters)(
        plain.mixture.parameters.means + 2.0**24, plain.mixture.parameters.covariance
    )
    far = type(plain.mixture)(plain.mixture.weights, plain.mixture.family, parameters)
    found = gradient(far, plain.rows + 2.0**24)
    np.testing.assert_allclose(
        found.free, gradient(plain.mixture, plain.rows).free, rtol=1e-5, atol=1e-5
    )


def test_rows_that_do_not_fit_are_refused():
    plain = gaussian("VVV")
    with pytest.raises(DataError, match="the fit had 3"):
        gradient(plain.mixture, plain.rows[:, :2])
    with pytest.raises(DataError, match="NaN"):
        gradient(plain.mixture, np.where(plain.rows > 3, np.nan, plain.rows))
    with pytest.raises(DataError, match="not a number"):
        gradient(plain.mixture, plain.rows.astype(str))
