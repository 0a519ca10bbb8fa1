"""Observed information and scores, against second differences and other parametrisations."""

import numpy as np
import pytest
from nightly import first
from plain import CASES, gaussian, multinomial, random_covariances
from scipy.linalg import expm
from scipy.sparse import csr_array

from mixtura import CategoricalMixture, GaussianMixture, MultinomialMixture
from mixtura.components.gaussian.structures import structure
from mixtura.engines import Threads
from mixtura.errors import BoundaryError, InformationError, ParameterError
from mixtura.inference import (
    confidence_intervals,
    gradient,
    information,
    parameter_names,
    score_vector,
    standard_errors,
)

pytestmark = pytest.mark.drawn(6)

every_case = pytest.mark.parametrize("name", CASES)
SPECTRAL = ("VEI", "EVI", "EEV", "VVE", "EVE", "VEE", "VEV", "EVV")


@every_case
def test_scores_are_those_of_complex_steps(name):
    plain = CASES[name]()
    found = score_vector(plain.mixture, plain.rows, missing=plain.missing)
    expected = plain.scores(parameter_names(plain.mixture))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


@every_case
@pytest.mark.parametrize("weighted", first(1, [True, False]))
def test_observed_information_is_minus_the_second_derivative_anywhere(name, weighted):
    plain = CASES[name]()
    weights = np.random.default_rng(1).integers(0, 3, len(plain.rows)) * 1.5 if weighted else None
    found = information(plain.mixture, plain.rows, weights, missing=plain.missing)
    expected = -plain.hessian(found.names, weights)
    scale = np.sqrt(np.outer(np.abs(np.diag(expected)), np.abs(np.diag(expected)))) + 1.0
    np.testing.assert_allclose(found.observed / scale, expected / scale, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.observed, found.observed.T)
    slopes = gradient(plain.mixture, plain.rows, weights, missing=plain.missing)
    np.testing.assert_allclose(found.gradient, slopes.free, rtol=1e-8, atol=1e-8)


@every_case
def test_the_outer_product_is_that_of_the_score_vectors(name):
    plain = CASES[name]()
    weights = np.random.default_rng(2).uniform(0, 2, len(plain.rows))
    scores = score_vector(plain.mixture, plain.rows, missing=plain.missing)
    found = information(plain.mixture, plain.rows, weights, missing=plain.missing).scores
    np.testing.assert_allclose(found, (weights[:, None] * scores).T @ scores, rtol=1e-9, atol=1e-9)


class Parametrised:
    """Σ_k = λ_k Q_k A_k Q_kᵀ by parameters of the test's own: logarithms, and rotations' angles."""

    def __init__(self, code, covariances):
        self.code = code
        self.n_components, self.n_columns = covariances.shape[:2]
        full = covariances
        if covariances.ndim == 2:
            full = covariances[:, :, None] * np.eye(self.n_columns)
        pairs = [np.linalg.eigh(each)[::-1] for each in full]
        if code[2] == "E":
            _, common = np.linalg.eigh(full[0] + 2.0 * full[1])
            pairs = [(common, np.diag(common.T @ each @ common)) for each in full]
        if code[2] == "I":
            pairs = [(np.eye(self.n_columns), np.diag(each)) for each in full]
        self.axes = np.stack([axes for axes, _ in pairs])
        self.logs = np.log(np.stack([values for _, values in pairs]))
        self.planes = list(zip(*np.triu_indices(self.n_columns, 1), strict=True))

    def counts(self):
        times = {"E": 1, "V": self.n_components, "I": 0}
        sizes = (1, self.n_columns - 1, len(self.planes))
        return [times[letter] * size for letter, size in zip(self.code, sizes, strict=True)]

    def covariances(self, moves):
        parts = np.split(moves, np.cumsum(self.counts())[:-1])
        volumes, shapes, turns = (
            np.broadcast_to(part.reshape(-1, size), (self.n_components, size))
            if part.size
            else np.zeros((self.n_components, size))
            for part, size in zip(parts, (1, self.n_columns - 1, len(self.planes)), strict=True)
        )
        found = []
        for k in range(self.n_components):
            # The first entry makes up here, the last one does in the package.
            logs = self.logs[k] + volumes[k] + np.append(-shapes[k].sum(), shapes[k])
            skew = np.zeros((self.n_columns, self.n_columns), dtype=moves.dtype)
            for (i, j), angle in zip(self.planes, turns[k], strict=True):
                skew[i, j], skew[j, i] = angle, -angle
            axes = self.axes[k] @ expm(skew)
            found.append(axes * np.exp(logs) @ axes.T)
        return np.stack(found)


@pytest.mark.parametrize("code", first(4, SPECTRAL))
def test_errors_of_shared_shapes_are_those_of_another_parametrisation(code):
    """At a maximum the delta method gives the same errors from any parameters."""
    rng = np.random.default_rng(7)
    truth = gaussian(code, n_rows=10, seed=5)
    rows = np.vstack(
        [
            rng.multivariate_normal(mean, covariance, size=100)
            for mean, covariance in zip(
                [[0, 0, 0], [4, 1, -3]],
                _dense(random_covariances(code, 2, 3, rng)),
                strict=True,
            )
        ]
    )
    fit = GaussianMixture(
        2, covariance_type=code, prior=None, tol=1e-15, max_iter=5000, random_state=0
    ).fit(rows)
    mixture = fit.mixture_
    own = Parametrised(code, mixture.parameters.covariance.covariances())
    n_moves = sum(own.counts())

    def log_likelihood(vector):
        moves, means, share = vector[:n_moves], vector[n_moves:-1].reshape(2, 3), vector[-1]
        arrays = {
            "weights": np.array([share, 1 - share]),
            "means": means,
            "covariances": own.covariances(moves),
        }
        return truth.log_densities(arrays, rows).sum()

    start = np.concatenate(
        [np.zeros(n_moves), mixture.parameters.means.ravel(), mixture.weights[:1]]
    )
    hessian = _hessian(log_likelihood, start)
    covariance = np.linalg.inv(-hessian)
    jacobian = np.stack(
        [own.covariances(np.eye(n_moves)[a] * 1e-30j).imag.ravel() / 1e-30 for a in range(n_moves)],
        axis=1,
    )
    expected = np.sqrt(np.diag(jacobian @ covariance[:n_moves, :n_moves] @ jacobian.T))
    expected = expected.reshape(2, 3, 3)
    found = standard_errors(mixture, rows)
    if structure(code).storage == "diagonal":
        expected = np.einsum("kdd->kd", expected)
    np.testing.assert_allclose(found["covariances"], expected, rtol=2e-5, atol=1e-9)
    np.testing.assert_allclose(
        found["means"].ravel(), np.sqrt(np.diag(covariance))[n_moves:-1], rtol=2e-5
    )
    np.testing.assert_allclose(found["weights"], np.sqrt(covariance[-1, -1]), rtol=2e-5)


def _dense(covariances):
    return covariances if covariances.ndim == 3 else covariances[:, :, None] * np.eye(3)


def _hessian(function, point, step=1e-5):
    """Return second derivatives: central differences of complex steps."""

    def slopes(shift, a):
        moved = point.astype(complex)
        moved[a] += shift
        return np.array(
            [function(moved + 1e-30j * unit).imag / 1e-30 for unit in np.eye(len(point))]
        )

    return np.stack([(slopes(step, a) - slopes(-step, a)) / (2 * step) for a in range(len(point))])


def test_one_gaussian_has_the_errors_of_textbooks():
    rows = gaussian("VVV", n_rows=500).rows
    fit = GaussianMixture(1, prior=None).fit(rows)
    found = standard_errors(fit.mixture_, rows)
    n_rows, covariance = len(rows), np.cov(rows.T, bias=True)
    variances = np.diag(covariance)
    np.testing.assert_allclose(found["means"][0], np.sqrt(variances / n_rows), rtol=1e-6)
    expected = np.sqrt((np.outer(variances, variances) + covariance**2) / n_rows)
    np.testing.assert_allclose(found["covariances"][0], expected, rtol=1e-6)
    assert found["weights"].tolist() == [0.0]


def test_one_multinomial_has_the_errors_of_textbooks():
    rows = multinomial().rows
    fit = MultinomialMixture(1, prior=None).fit(rows)
    found = standard_errors(fit.mixture_, rows)["probabilities"][0]
    p = rows.sum(axis=0) / rows.sum()
    np.testing.assert_allclose(found, np.sqrt(p * (1 - p) / rows.sum()), rtol=1e-6)
    sandwich = standard_errors(fit.mixture_, rows, method="sandwich")["probabilities"][0]
    residuals = rows - rows.sum(axis=1, keepdims=True) * p
    np.testing.assert_allclose(sandwich, np.sqrt((residuals**2).sum(axis=0)) / rows.sum())


def test_a_weight_of_two_is_the_row_twice():
    plain = gaussian("EEE")
    weights = np.random.default_rng(0).integers(0, 4, len(plain.rows))
    one = information(plain.mixture, plain.rows, weights)
    other = information(plain.mixture, plain.rows.repeat(weights, axis=0))
    np.testing.assert_allclose(one.observed, other.observed, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-10, atol=1e-9)


def test_no_engine_changes_a_bit_of_it():
    plain = gaussian("VVV", n_rows=30000)
    one = information(plain.mixture, plain.rows, engine="serial")
    other = information(plain.mixture, plain.rows, engine=Threads(3))
    assert one.observed.tobytes() == other.observed.tobytes()


def test_sparse_counts_give_what_dense_ones_do():
    plain = multinomial()
    one = information(plain.mixture, plain.rows)
    other = information(plain.mixture, csr_array(plain.rows))
    np.testing.assert_allclose(one.observed, other.observed, rtol=1e-10)


def test_multinomials_of_single_draws_are_refused_as_not_told_apart():
    rng = np.random.default_rng(0)
    rows = rng.multinomial(1, [0.2, 0.3, 0.5], 500) * 1.0
    plain = multinomial()
    shares = rows.mean(axis=0) + np.array([[0.1, -0.1, 0.0], [-0.1, 0.1, 0.0]])
    weights = np.array([0.5, 0.5])
    family = type(plain.mixture.family)(3)
    mixture = type(plain.mixture)(weights, family, type(plain.mixture.parameters)(shares))
    with pytest.raises(InformationError, match=r"singular along a direction of .*probabilities"):
        standard_errors(mixture, rows)


def test_what_is_no_maximum_is_refused():
    plain = gaussian("VVV")
    far = type(plain.mixture.parameters)(
        np.array([[9.0, 9, 9], [9, 9.1, 9]]), plain.mixture.parameters.covariance
    )
    mixture = type(plain.mixture)(plain.mixture.weights, plain.mixture.family, far)
    with pytest.raises(InformationError, match="no maximum"):
        standard_errors(mixture, plain.rows)


def test_being_short_of_the_maximum_is_told():
    rows = gaussian("VVV", n_rows=300, seed=1).rows
    mixture = GaussianMixture(1, prior=None).fit(rows).mixture_
    shifted = type(mixture.parameters)(
        mixture.parameters.means + 0.1, mixture.parameters.covariance
    )
    near = type(mixture)(mixture.weights, mixture.family, shifted)
    with pytest.warns(UserWarning, match="nats below a maximum"):
        standard_errors(near, rows)


@pytest.fixture(scope="module")
def edge_fit():
    rng = np.random.default_rng(3)
    label = rng.random(400) < 0.4
    shares = np.where(label[:, None], [0.0, 0.8, 0.3, 0.9], [0.9, 0.2, 0.8, 0.4])
    rows = (rng.random((400, 4)) < shares).astype(int)
    # A fifth item, of which the first class never shows the third level.
    third = np.where(label, rng.integers(0, 2, 400), rng.integers(0, 3, 400))
    rows = np.column_stack([rows, third])
    return CategoricalMixture(2, random_state=0, tol=1e-12, max_iter=5000).fit(rows), rows


def test_an_edge_is_refused_by_name(edge_fit):
    fit, rows = edge_fit
    with pytest.raises(BoundaryError, match=r"probabilities\[\d, \d+\] is .* edge of its range"):
        standard_errors(fit.mixture_, rows)
    with pytest.raises(ParameterError, match="'refuse' or 'hold'"):
        standard_errors(fit.mixture_, rows, boundary="ignore")


def test_an_edge_may_be_held_and_the_rest_has_the_errors_of_the_smaller_model(edge_fit):
    fit, rows = edge_fit
    mixture = fit.mixture_
    found = standard_errors(mixture, rows, boundary="hold")
    probabilities = mixture.parameters.probabilities
    held = np.isnan(found["probabilities"])
    assert held.any()
    assert ((probabilities < 1e-4) <= held).all()
    info = information(mixture, rows, boundary="hold")
    assert len(info.names) < len(parameter_names(mixture))
    # The likelihood as a function of what is left, by differences.
    weights = mixture.weights
    base = probabilities.astype(complex)
    starts = np.array([0, 2, 4, 6, 8])

    def log_likelihood(moves):
        shares, mix = base.copy(), weights.astype(complex)
        for name, amount in zip(info.names, moves, strict=True):
            place = [int(each) for each in name.split("[")[1].rstrip("]").split(", ")]
            if name.startswith("weights"):
                mix[place[0]] += amount
                mix[-1] -= amount
            else:
                k, j = place
                stop = [2, 4, 6, 8, 11][np.searchsorted(starts, j, side="right") - 1]
                last = max(a for a in range(stop) if not held[k, a])
                shares[k, j] += amount
                shares[k, last] -= amount
        each = shares[:, rows + starts].prod(axis=2)
        return np.log(mix @ each).sum()

    expected = -_hessian(log_likelihood, np.zeros(len(info.names)))
    np.testing.assert_allclose(info.observed, expected, rtol=1e-5, atol=1e-3)


def test_intervals_stay_within_the_range_and_hold_the_estimate():
    rows = gaussian("VVI", n_columns=4, n_rows=60, seed=2).rows
    fit = GaussianMixture(2, covariance_type="diag", random_state=0, tol=1e-12).fit(rows)
    found = confidence_intervals(fit.mixture_, rows, level=0.99)
    for name, value in {
        "weights": fit.weights_,
        "means": fit.means_,
        "covariances": fit.covariances_,
    }.items():
        assert (found[name].lower < value).all()
        assert (value < found[name].upper).all()
    assert (found["weights"].lower > 0).all()
    assert (found["weights"].upper < 1).all()
    assert (found["covariances"].lower > 0).all()
    errors = standard_errors(fit.mixture_, rows)
    half = 2.5758293035489004 * errors["means"]
    np.testing.assert_allclose(found["means"].upper - fit.means_, half, rtol=1e-9)
    log_half = 2.5758293035489004 * errors["covariances"] / fit.covariances_
    np.testing.assert_allclose(
        np.log(found["covariances"].upper / fit.covariances_), log_half, rtol=1e-9
    )


def test_ninety_five_percent_intervals_cover_about_so_often():
    """Few samples here; benchmarks/coverage.py takes a thousand."""
    rng = np.random.default_rng(0)
    truth = {"weights": np.array([0.4, 0.6]), "means": np.array([[-2.0], [2.0]])}
    hits, trials = 0, 0
    for _ in range(60):
        label = rng.random(300) < 0.6
        rows = np.where(label, rng.normal(2, 1, 300), rng.normal(-2, 1, 300))[:, None]
        fit = GaussianMixture(2, prior=None, means_init=[[-2], [2]], engine="serial").fit(rows)
        found = confidence_intervals(fit.mixture_, rows)
        for name, value in truth.items():
            inside = (found[name].lower <= value) & (value <= found[name].upper)
            hits, trials = hits + int(inside.sum()), trials + inside.size
    assert 0.91 < hits / trials < 0.99
