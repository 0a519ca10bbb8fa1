"""One sweep brings back the sums of the textbook, whoever computes it and however it is cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em import plan as planning
from mixtura.em import sweep as sweeping
from mixtura.em.model import Model
from mixtura.em.plan import tile_rows, unit_bounds
from mixtura.em.statistics import Statistics
from mixtura.em.sweep import Sweep
from mixtura.engines import Engine, Serial, Threads

pytestmark = pytest.mark.drawn(4)

Float = NDArray[np.float64]

STRUCTURES = ("full", "tied", "diag", "spherical")
PRECISIONS = (np.float64, np.float32)
ACCURACY = 1e-9


@dataclass(frozen=True)
class Truth:
    """A mixture in the user's units, its covariances dense."""

    weights: Float
    means: Float
    covariances: Float

    def model(self, family: GaussianFamily) -> Model:
        """Return the same in the family's frame."""
        storage = family.structure.storage
        diagonals = np.einsum("kdd->kd", self.covariances)
        stored = {"full": self.covariances, "diagonal": diagonals, "spherical": diagonals[:, 0]}
        covariance = covariance_from(storage, stored[storage], self.means.shape[1])
        parameters = family.in_frame(GaussianParameters(self.means, covariance))
        return Model(np.log(self.weights), parameters)

    def joint(self, rows: Float) -> Float:
        """Return log π_k + log N(x | μ_k, Σ_k) (N, K), by SciPy."""
        columns = [
            np.log(weight) + multivariate_normal(mean, covariance).logpdf(rows)
            for weight, mean, covariance in zip(
                self.weights, self.means, self.covariances, strict=True
            )
        ]
        return np.column_stack(columns)


def truth(name: str, n_components: int, n_columns: int, rng: np.random.Generator) -> Truth:
    roots = rng.normal(size=(n_components, n_columns, n_columns)) + 1.5 * np.eye(n_columns)
    covariances = roots @ roots.transpose(0, 2, 1) / n_columns + 0.3 * np.eye(n_columns)
    if name == "tied":
        covariances[:] = covariances[0]
    if name == "diag":
        covariances *= np.eye(n_columns)
    if name == "spherical":
        covariances = covariances[:, :1, :1] * np.eye(n_columns)
    weights = rng.dirichlet(np.full(n_components, 5.0))
    return Truth(weights, 2.0 * rng.normal(size=(n_components, n_columns)), covariances)


def some_rows(n_rows: int, n_columns: int, rng: np.random.Generator) -> Float:
    # Numbers of few bits, so that float32 holds them exactly.
    return np.round(64 * 2.0 * rng.normal(size=(n_rows, n_columns))) / 64


def sweep_of(
    name: str,
    rows: NDArray[Any],
    row_weights: Float | None = None,
    engine: Engine | None = None,
) -> Sweep:
    source = ArrayRows(rows, row_weights)
    family = GaussianFamily.of(structure(name), *column_moments(source))
    return Sweep(family, source, engine or Serial())


def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a unit be 256 rows or so and a tile 128, so that there are many to merge."""
    monkeypatch.setattr(planning, "TILE_BYTES", 1 << 15)
    monkeypatch.setattr(planning, "SMALLEST_UNIT", 256)
    monkeypatch.setattr(planning, "SERIAL_ROWS", 100)
    monkeypatch.setattr(planning, "SMALLEST_WORK", 1)


def assert_textbook(
    found: Statistics, family: GaussianFamily, truth: Truth, rows: Float, mass: Float, tol: float
) -> None:
    """Compare statistics with sums over rows written as in a textbook."""
    joint = truth.joint(rows)
    log_density = logsumexp(joint, axis=1)
    posterior = np.exp(joint - log_density[:, None])
    shares = posterior * mass[:, None]
    effective = shares.sum(axis=0)
    means = shares.T @ rows / effective[:, None]
    centred = rows[:, None, :] - means
    scatter = np.einsum("nk,nki,nkj->kij", shares, centred, centred)
    if family.structure.features == "linear":
        scatter = scatter.sum(axis=0)
    if family.structure.storage != "full":
        scatter = np.einsum("...dd->...d", scatter)

    total = mass @ log_density
    assert found.log_likelihood == pytest.approx(total, rel=tol)
    assert found.log_largest == pytest.approx(mass @ np.log(posterior.max(axis=1)), rel=10 * tol)
    moments = found.moments
    assert_allclose(moments.effective_rows, effective, rtol=tol)
    assert_allclose(family.frame.leave(moments.means), means, rtol=tol, atol=tol)
    scale = family.frame.scale if scatter.ndim == moments.scatter.ndim else 1.0
    assert_allclose(moments.scatter * scale**2, scatter, rtol=tol, atol=tol * scatter.max())
    size = effective**2 / (mass @ posterior**2)
    assert_allclose(found.effective_size, size, rtol=10 * tol)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", STRUCTURES)
def test_statistics_are_the_sums_over_rows(name: str, dtype: Any, weighted: bool) -> None:
    rng = np.random.default_rng(1)
    rows = some_rows(5000, 4, rng)
    mass = rng.uniform(0.2, 3.0, size=5000) if weighted else np.ones(5000)
    given_truth = truth(name, 3, 4, rng)
    sweep = sweep_of(name, rows.astype(dtype), mass if weighted else None)
    (found,) = sweep([given_truth.model(sweep.family)])
    assert_textbook(found, sweep.family, given_truth, rows, mass, ACCURACY)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("dtype", "exponent"), [(np.float64, 28), (np.float32, 14)])
@pytest.mark.parametrize("code", CODES)
def test_components_that_contract_in_one_step_keep_their_digits(
    code: str, dtype: Any, exponent: int, weighted: bool
) -> None:
    rng = np.random.default_rng(3)
    parts = np.round(32 * rng.normal(size=(2, 150, 3))) / 32
    offsets = 2.0**exponent * np.array([[1.0, -1.0, 0.5], [-1.0, 1.0, -0.5]])
    rows = (parts + offsets[:, None, :]).reshape(300, 3).astype(dtype)
    mass = rng.integers(1, 4, size=300).astype(float) if weighted else np.ones(300)
    wide = Truth(
        np.array([0.5, 0.5]), offsets, np.array([2.0 ** (2 * exponent - 8) * np.eye(3)] * 2)
    )
    sweep = sweep_of(code, rows, mass if weighted else None)
    (found,) = sweep([wide.model(sweep.family)])
    scatter = [
        np.cov(part.T, aweights=own, bias=True) * own.sum()
        for part, own in zip(parts, mass.reshape(2, 150), strict=True)
    ]
    expected = np.sum(scatter, axis=0) if found.moments.pooled else np.array(scatter)
    if found.moments.scatter.ndim < expected.ndim:
        expected = np.einsum("...dd->...d", expected)
    assert_allclose(found.moments.scatter, expected, atol=1e-5 * np.abs(expected).max())
    assert_allclose(found.moments.effective_rows, mass.reshape(2, 150).sum(axis=1), rtol=1e-6)
    density = wide.joint(np.asarray(rows, dtype=np.float64))
    total = mass @ logsumexp(density, axis=1)
    assert found.log_likelihood == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
def test_statistics_are_the_sums_over_rows_however_the_rows_are_cut(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_units(monkeypatch)
    rng = np.random.default_rng(9)
    rows, mass = some_rows(3001, 4, rng), rng.uniform(0.2, 3.0, size=3001)
    given_truth = truth(name, 3, 4, rng)
    sweep = sweep_of(name, rows, mass)
    (found,) = sweep([given_truth.model(sweep.family)])
    assert_textbook(found, sweep.family, given_truth, rows, mass, 1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
def test_rows_whose_densities_underflow_are_no_trouble(name: str) -> None:
    rng = np.random.default_rng(10)
    rows = 80.0 * some_rows(500, 3, rng)
    given_truth = truth(name, 3, 3, rng)
    joint = given_truth.joint(rows)
    assert (joint.max(axis=1) < -800).mean() > 0.8
    sweep = sweep_of(name, rows)
    (found,) = sweep([given_truth.model(sweep.family)])
    log_density = logsumexp(joint, axis=1)
    effective = np.exp(joint - log_density[:, None]).sum(axis=0)
    assert found.log_likelihood == pytest.approx(log_density.sum(), rel=1e-9)
    assert_allclose(found.moments.effective_rows, effective, rtol=1e-6, atol=1e-6)


@given(
    name=st.sampled_from(STRUCTURES),
    n_rows=st.integers(2, 300),
    n_columns=st.integers(1, 7),
    n_components=st.integers(1, 11),
    seed=st.integers(0, 2**32),
)
def test_statistics_are_right_for_every_shape(
    name: str, n_rows: int, n_columns: int, n_components: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = some_rows(n_rows, n_columns, rng)
    mass = rng.uniform(0.2, 3.0, size=n_rows)
    given_truth = truth(name, n_components, n_columns, rng)
    sweep = sweep_of(name, rows, mass)
    (found,) = sweep([given_truth.model(sweep.family)])
    joint = given_truth.joint(rows)
    posterior = np.exp(joint - logsumexp(joint, axis=1)[:, None])
    effective = mass @ posterior
    total = mass @ logsumexp(joint, axis=1)
    assert found.log_likelihood == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert_allclose(found.moments.effective_rows, effective, rtol=1e-7, atol=1e-12)
    first = (posterior * mass[:, None]).T @ rows
    means = sweep.family.frame.leave(found.moments.means)
    assert_allclose(effective[:, None] * means, first, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", STRUCTURES)
def test_mixtures_swept_together_are_as_each_alone(name: str, weighted: bool) -> None:
    rng = np.random.default_rng(2)
    rows = some_rows(6000, 3, rng)
    sweep = sweep_of(name, rows, rng.uniform(size=6000) if weighted else None)
    models = [truth(name, size, 3, rng).model(sweep.family) for size in (2, 2, 5, 1, 1, 3)]
    together = sweep(models)
    for model, found in zip(models, together, strict=True):
        (alone,) = sweep([model])
        assert found.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-12)
        assert found.log_largest == pytest.approx(alone.log_largest, rel=1e-9, abs=1e-9)
        assert_allclose(found.moments.effective_rows, alone.moments.effective_rows, rtol=1e-10)
        assert_allclose(found.moments.means, alone.moments.means, rtol=1e-9, atol=1e-10)
        assert_allclose(found.moments.scatter, alone.moments.scatter, rtol=1e-9, atol=1e-8)
        assert_allclose(found.effective_size, alone.effective_size, rtol=1e-10)


def arrays_of(statistics: Statistics) -> Iterator[NDArray[Any]]:
    """Return every number a sweep found, as arrays."""
    moments = statistics.moments
    yield np.array([statistics.log_likelihood, statistics.log_largest])
    yield from (statistics.effective_size, moments.effective_rows, moments.means, moments.scatter)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", STRUCTURES)
def test_bits_are_the_same_for_every_engine(
    name: str, dtype: Any, weighted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_units(monkeypatch)
    rng = np.random.default_rng(3)
    rows = some_rows(30_000, 5, rng).astype(dtype)
    mass = rng.uniform(size=30_000) if weighted else None
    given_truth = truth(name, 4, 5, rng)
    found = []
    for engine in (Serial(), Threads(1), Threads(2), Threads(8), Threads(8)):
        with engine.session():
            sweep = sweep_of(name, rows, mass, engine)
            found.append(sweep([given_truth.model(sweep.family)] * 2)[1])
    assert len(unit_bounds(30_000, 256, 1)) > 50
    for other in found[1:]:
        for mine, first in zip(arrays_of(other), arrays_of(found[0]), strict=True):
            assert mine.tobytes() == first.tobytes()


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_row_of_weight_two_is_the_row_twice(name: str) -> None:
    rng = np.random.default_rng(4)
    rows = some_rows(700, 3, rng)
    times = rng.integers(1, 4, size=700)
    given_truth = truth(name, 3, 3, rng)
    weighted = sweep_of(name, rows, times.astype(float))
    repeated = sweep_of(name, np.repeat(rows, times, axis=0))
    (one,) = weighted([given_truth.model(weighted.family)])
    (other,) = repeated([given_truth.model(repeated.family)])
    assert weighted.total_weight == repeated.total_weight == times.sum()
    for mine, theirs in zip(arrays_of(one), arrays_of(other), strict=True):
        assert_allclose(mine, theirs, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", ["full", "tied"])
def test_rows_of_many_columns_go_centred_and_are_as_exact(name: str, dtype: Any) -> None:
    rng = np.random.default_rng(5)
    rows = some_rows(300, 110, rng)
    mass = rng.uniform(0.5, 2.0, size=300)
    given_truth = truth(name, 2, 110, rng)
    sweep = sweep_of(name, rows.astype(dtype), mass)
    (found,) = sweep([given_truth.model(sweep.family)])
    assert_textbook(found, sweep.family, given_truth, rows, mass, ACCURACY)


def far_pair(name: str, offset: float) -> tuple[Float, Truth]:
    """Return rows in two clusters 2 `offset` apart, each of width about one."""
    rng = np.random.default_rng(6)
    rows = some_rows(400, 3, rng) / 2
    rows[:200] += offset
    rows[200:] -= offset
    given_truth = truth(name, 2, 3, rng)
    centres = offset * np.array([[1.0], [-1.0]])
    return rows, Truth(
        given_truth.weights, centres + rng.normal(size=(2, 3)) / 8, given_truth.covariances
    )


def exact_sums(rows: Float, truth: Truth) -> tuple[float, Float, Float]:
    """Return ℓ, means and dense scatters of the two far clusters in 40 digits.

    A row is so far from the other cluster that its responsibility there is exactly zero.
    """
    with mpmath.workdps(40):
        total = mpmath.mpf(0)
        means, scatters = [], []
        for k, members in enumerate((rows[:200], rows[200:])):
            precision = mpmath.matrix(truth.covariances[k].tolist()) ** -1
            determinant = mpmath.det(mpmath.matrix(truth.covariances[k].tolist()))
            constant = (
                mpmath.log(truth.weights[k])
                - (3 * mpmath.log(2 * mpmath.pi) + mpmath.log(determinant)) / 2
            )
            centre = mpmath.matrix(truth.means[k].tolist())
            exact = [mpmath.matrix(row.tolist()) for row in members]
            for row in exact:
                deviation = row - centre
                total += constant - (deviation.T * precision * deviation)[0] / 2
            mean = sum(exact, mpmath.zeros(3, 1)) / len(exact)
            spread = [(row - mean) * (row - mean).T for row in exact]
            means.append([float(entry) for entry in mean])
            scatters.append(np.array(sum(spread, mpmath.zeros(3)).tolist(), dtype=float))
    return float(total), np.array(means), np.array(scatters)


@pytest.mark.parametrize("offset", [2.0**8, 2.0**15, 2.0**27])
@pytest.mark.parametrize("name", STRUCTURES)
def test_components_far_from_the_origin_lose_no_digits(name: str, offset: float) -> None:
    rows, given_truth = far_pair(name, offset)
    sweep = sweep_of(name, rows)
    (found,) = sweep([given_truth.model(sweep.family)])
    total, means, scatters = exact_sums(rows, given_truth)
    if sweep.family.structure.features == "linear":
        scatters = scatters.sum(axis=0)
    if sweep.family.structure.storage != "full":
        scatters = np.einsum("...dd->...d", scatters)
    assert found.log_likelihood == pytest.approx(total, rel=1e-9)
    assert_allclose(sweep.family.frame.leave(found.moments.means), means, rtol=1e-14)
    assert_allclose(found.moments.scatter, scatters, rtol=1e-8, atol=1e-8 * scatters.max())


def narrow_and_wide(name: str, n_columns: int, rng: np.random.Generator) -> tuple[Float, Truth]:
    """Return rows of twenty wide components about twenty narrow ones; of a tied one all narrow."""
    widths = np.full(40, 1e-3) if name == "tied" else np.repeat([1e-3, 1.0], 20)
    means = rng.normal(size=(40, n_columns))
    labels = np.repeat(np.arange(40), 20)
    rows = means[labels] + widths[labels, None] * rng.normal(size=(800, n_columns))
    covariances = widths[:, None, None] ** 2 * np.eye(n_columns)
    return rows, Truth(np.full(40, 1 / 40), means, covariances)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_columns", [1, 2, 5])
@pytest.mark.parametrize("name", STRUCTURES)
def test_mixtures_side_by_side_may_have_narrow_components_beside_wide_ones(
    name: str, n_columns: int, weighted: bool
) -> None:
    rng = np.random.default_rng(21)
    rows, many = narrow_and_wide(name, n_columns, rng)
    mass = rng.uniform(0.5, 1.5, size=800) if weighted else np.ones(800)
    chosen = [3, 25, 8]
    few = Truth(np.array([0.2, 0.3, 0.5]), many.means[chosen], many.covariances[chosen])
    sweep = sweep_of(name, rows, mass if weighted else None)
    models = [each.model(sweep.family) for each in (few, many)]
    both = sweep(models)
    # Sums about the origin would be a million times the scatter of the narrow ones.
    assert any(found.sums.centred.any() for found in both)
    for found, each in zip(both, (few, many), strict=True):
        joint = each.joint(rows)
        density = logsumexp(joint, axis=1)
        shares = np.exp(joint - density[:, None]) * mass[:, None]
        assert found.log_likelihood == pytest.approx(mass @ density, rel=1e-9)
        effective = shares.sum(axis=0)
        assert_allclose(found.moments.effective_rows, effective, rtol=1e-8, atol=1e-12)
        means = shares.T @ rows / effective[:, None]
        variances = np.einsum("nk,nkd->kd", shares, (rows[:, None] - means) ** 2)
        scatter = found.moments.scatter * sweep.family.frame.scale**2
        if sweep.family.structure.storage == "full":
            scatter = np.einsum("...dd->...d", scatter)
        variances = variances.sum(axis=0) if name == "tied" else variances
        assert_allclose(scatter, variances, rtol=1e-7, atol=1e-16)


@pytest.mark.parametrize("name", STRUCTURES)
def test_labels_of_many_narrow_components_are_summed_about_their_means(name: str) -> None:
    rows, _ = narrow_and_wide("tied", 3, np.random.default_rng(22))
    labels = np.repeat(np.arange(40), 20)
    sweep = sweep_of(name, 1e3 * rows)
    found = sweep.from_labels(labels, 40, 0.0)
    groups = 1e3 * rows.reshape(40, 20, 3)
    assert_allclose(found.effective_rows, np.full(40, 20.0), rtol=1e-12)
    assert_allclose(sweep.family.frame.leave(found.means), groups.mean(axis=1), rtol=1e-9)
    scatter = found.scatter
    if sweep.family.structure.storage == "full":
        scatter = np.einsum("...dd->...d", scatter)
    own = 20 * groups.var(axis=1) / sweep.family.frame.scale**2
    assert_allclose(scatter, own.sum(axis=0) if name == "tied" else own, rtol=1e-9)


@pytest.mark.parametrize("condition", [1e4, 1e8, 1e12])
@pytest.mark.parametrize("name", ["full", "tied"])
def test_ill_conditioned_covariances_lose_no_digits(name: str, condition: float) -> None:
    rng = np.random.default_rng(12)
    roots = np.linalg.qr(rng.normal(size=(2, 3, 3)))[0] * np.array([1.0, 0.5, condition**-0.5])
    if name == "tied":
        roots[:] = roots[0]
    labels = rng.integers(2, size=400)
    rows = np.einsum("nij,nj->ni", roots[labels], rng.normal(size=(400, 3)))
    covariances = roots @ roots.transpose(0, 2, 1)
    given_truth = Truth(np.array([0.4, 0.6]), np.zeros((2, 3)), covariances)
    sweep = sweep_of(name, rows)
    model = given_truth.model(sweep.family)
    (found,) = sweep([model])
    # By deviations, which tests/test_numerics.py compares with 50 digits.
    own, parameters = sweep.family.in_user_units(model.parameters)
    joint = np.log(given_truth.weights) + own.row_log_density(rows, parameters)
    assert found.log_likelihood == pytest.approx(logsumexp(joint, axis=1).sum(), rel=1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
def test_components_far_from_the_origin_lose_no_digits_of_float32(name: str) -> None:
    rows, given_truth = far_pair(name, 2.0**12)
    sweep = sweep_of(name, rows.astype(np.float32))
    (found,) = sweep([given_truth.model(sweep.family)])
    total, means, scatters = exact_sums(rows, given_truth)
    if sweep.family.structure.features == "linear":
        scatters = scatters.sum(axis=0)
    if sweep.family.structure.storage != "full":
        scatters = np.einsum("...dd->...d", scatters)
    # Taking the origin out rounds each cell as far as float32 rounds the offset itself.
    assert found.log_likelihood == pytest.approx(total, rel=1e-4)
    assert_allclose(sweep.family.frame.leave(found.moments.means), means, rtol=1e-6)
    assert_allclose(found.moments.scatter, scatters, rtol=1e-3, atol=1e-3 * scatters.max())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", STRUCTURES)
def test_moments_under_given_responsibilities_are_the_sums_over_rows(
    name: str, weighted: bool
) -> None:
    rng = np.random.default_rng(7)
    rows = some_rows(900, 3, rng)
    mass = rng.uniform(size=900) if weighted else np.ones(900)
    responsibilities = rng.dirichlet(np.ones(4), size=900)
    sweep = sweep_of(name, rows, mass if weighted else None)
    found = sweep.from_responsibilities(responsibilities)
    shares = responsibilities * mass[:, None]
    means = shares.T @ rows / shares.sum(axis=0)[:, None]
    assert_allclose(found.effective_rows, shares.sum(axis=0), rtol=1e-12)
    assert_allclose(sweep.family.frame.leave(found.means), means, rtol=1e-10, atol=1e-12)
    variances = (shares[:, :, None] * (rows[:, None] - means) ** 2).sum(axis=0)
    scatter = found.scatter
    if sweep.family.structure.storage == "full":
        scatter = np.einsum("...dd->...d", scatter)
    assert_allclose(scatter, variances.sum(axis=0) if name == "tied" else variances, rtol=1e-10)


@given(
    n_rows=st.integers(1, 10**7),
    tile=st.sampled_from([128, 512, 4096, 16384]),
    row_cost=st.integers(1, 10**6),
)
def test_units_cover_all_rows_once_and_are_in_order(n_rows: int, tile: int, row_cost: int) -> None:
    bounds = unit_bounds(n_rows, tile, row_cost)
    assert bounds[0] == 0
    assert bounds[-1] == n_rows
    assert all(late > early for early, late in pairwise(bounds))


@pytest.mark.parametrize(("row_cost", "count"), [(39 * 5, 1), (39 * 9, 4), (39 * 45, 8)])
def test_little_work_is_not_divided(row_cost: int, count: int) -> None:
    assert len(unit_bounds(10_000, 4096, row_cost)) - 1 == count


@pytest.mark.parametrize("weighted", [False, True])
def test_tiles_that_are_kept_give_the_bits_of_those_that_are_made_again(
    weighted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    rows = some_rows(9000, 3, rng)
    mass = rng.uniform(size=9000) if weighted else None
    given_truth = truth("full", 4, 3, rng)

    def swept(sweep: Sweep) -> list[Statistics]:
        models = [given_truth.model(sweep.family)] * 3
        return [*sweep(models[:1]), *sweep(models), *sweep(models)]

    kept = sweep_of("full", rows, mass)
    monkeypatch.setattr(sweeping, "is_small", lambda *_: False)
    again = sweep_of("full", rows, mass)
    for mine, other in zip(swept(kept), swept(again), strict=True):
        for left, right in zip(arrays_of(mine), arrays_of(other), strict=True):
            assert left.tobytes() == right.tobytes()


@given(n_features=st.integers(2, 10**4), n_components=st.integers(1, 10**4))
def test_tiles_are_powers_of_two_within_limits(n_features: int, n_components: int) -> None:
    rows = tile_rows(n_features, n_components)
    assert rows & (rows - 1) == 0
    assert planning.SMALLEST_TILE <= rows <= planning.LARGEST_TILE


def test_a_sweep_leaves_rows_and_weights_as_they_were() -> None:
    rng = np.random.default_rng(8)
    rows, mass = some_rows(5000, 3, rng), rng.uniform(size=5000)
    kept, kept_mass = rows.copy(), mass.copy()
    sweep = sweep_of("full", rows, mass)
    sweep([truth("full", 3, 3, rng).model(sweep.family)])
    assert_array_equal(rows, kept)
    assert_array_equal(mass, kept_mass)


@pytest.mark.parametrize("size", [40, 41, 1000])
def test_a_part_of_no_fewer_rows_than_there_are_has_the_distinct_ones(size: int) -> None:
    rng = np.random.default_rng(5)
    rows = np.repeat(some_rows(20, 2, rng), 2, axis=0)
    part = sweep_of("VVV", rows).part(size, 3)
    block = part.source.block(0, part.source.n_rows)
    assert_array_equal(block.rows, np.unique(rows, axis=0))
    assert_array_equal(block.weights, np.full(20, 2.0))
    # All of a part is the part itself, which need not be made again.
    assert part.part(size, 4) is part
    assert part.part(19, 4) is not part
