"""Components are merged by their shapes as fpc merges them, and by the modes of the density."""

import warnings

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import multivariate_normal, norm

from mixtura import CategoricalMixture, GaussianMixture, Mixture, ParameterError
from mixtura.components.gaussian.one_column import OneColumn
from mixtura.components.gaussian.ridgeline import PLACES, Ridgeline
from mixtura.inference import merge, modes
from mixtura.inference.pairs import criterion_of
from tests.oracles import dataset, mclust

pytestmark = pytest.mark.drawn(3, among="file")

# library(fpc); mergenormals(x, NULL, max.col(z), pro, mean, sigma, z, method = "bhat") of the
# mixture of six components in combine_components, and the same by "ridge.ratio" (by = 0.001),
# fpc 2.2-10: orig.decisionmatrix above its diagonal.
BHAT = (
    *(2.205140e-04, 1.187494e-15, 2.643956e-07, 2.001023e-06, 5.558823e-01),
    *(2.439170e-05, 2.071596e-16, 2.124536e-13, 2.336295e-02),
    *(5.597356e-01, 9.695418e-04, 4.221871e-08, 2.938703e-02, 1.056006e-27, 1.895749e-23),
)
RIDGE = (
    *(3.812092e-04, 2.967437e-15, 5.854651e-07, 3.199830e-07, 1.0),
    *(6.443609e-06, 4.183024e-16, 2.253287e-14, 5.514984e-02),
    *(1.0, 8.442712e-04, 8.083884e-08, 7.815000e-02, 3.143728e-27, 5.985827e-23),
)
# mergedtonumbers, of both.
MERGED = ((0, 5), (1,), (2, 3), (4,))


def stored(name: str) -> tuple[Mixture, np.ndarray]:
    found = mclust("combine_components")[name]
    model = GaussianMixture.from_parameters(
        found["weights"], found["means"], found["covariances"], covariance_type="full"
    )
    return model.mixture_, dataset(name).values


def drawn(seed: int, count: int, n_columns: int) -> Mixture:
    """Return a mixture of overlapping components of several widths."""
    rng = np.random.default_rng(seed)
    halves = rng.normal(size=(count, n_columns, n_columns)) * rng.lognormal(size=(count, 1, 1))
    covariances = halves @ halves.transpose(0, 2, 1) + 0.2 * np.eye(n_columns)
    means = 2.5 * rng.normal(size=(count, n_columns))
    model = GaussianMixture.from_parameters(rng.dirichlet(np.full(count, 3.0)), means, covariances)
    return model.mixture_


@pytest.mark.parametrize(
    ("criterion", "theirs", "within"), [("bhattacharyya", BHAT, 1e-6), ("ridge", RIDGE, 5e-3)]
)
def test_pairs_and_clusters_are_those_of_fpc(criterion: str, theirs: tuple, within: float) -> None:
    mixture, rows = stored("ex4_1")
    pairs = criterion_of(criterion, mixture, rows, np.ones(len(rows)))([(k,) for k in range(6)])[1]
    # fpc goes along the line in steps of a thousandth.
    assert pairs[np.triu_indices(6, 1)] == pytest.approx(theirs, rel=within, abs=1e-30)
    tree = merge(mixture, rows, criterion=criterion)
    assert tree.n_clusters == 4
    assert tree.partition(4) == MERGED
    assert stored("cross")[0].n_components == 2
    assert merge(*stored("cross"), criterion=criterion).n_clusters == 1


def test_entropies_are_those_of_the_clusters_whatever_merges_them() -> None:
    mixture, rows = stored("ex4_1")
    by_entropy = merge(mixture, rows)
    for criterion in ("overlap", "bhattacharyya", "ridge", "modes"):
        tree = merge(mixture, rows, criterion=criterion)
        assert tree.entropies[[0, -1]] == pytest.approx(by_entropy.entropies[[0, -1]], abs=1e-9)
        assert tree.partition(4) == by_entropy.partition(4)


def test_the_coefficient_of_one_column_is_an_integral(fresh_seed: int) -> None:
    mixture = drawn(fresh_seed, 2, 1)
    means, widths = mixture.parameters.means[:, 0], mixture.parameters.covariance.dense()[:, 0, 0]
    one, other = (norm(m, np.sqrt(v)) for m, v in zip(means, widths, strict=True))
    ends = (means - 12 * np.sqrt(widths)).min(), (means + 12 * np.sqrt(widths)).max()
    value, _ = quad(
        lambda x: np.sqrt(one.pdf(x) * other.pdf(x)), *ends, points=means.tolist(), limit=400
    )
    gain = merge(mixture, np.zeros((3, 1)), criterion="bhattacharyya").gains[0]
    assert gain == pytest.approx(value, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("n_columns", [1, 2, 4])
def test_the_valley_is_that_of_a_fine_walk_along_the_line(n_columns: int, fresh_seed: int) -> None:
    depths: list[float] = []
    for number in range(60):
        if number >= 12 and min(depths) < 0.9 < max(depths):
            # Both kinds are among those drawn.
            break
        mixture = drawn(fresh_seed + number, 2, n_columns)
        (one, other), (wide, wider) = (
            mixture.parameters.means,
            mixture.parameters.covariance.dense(),
        )
        # Modes may be very near the ends, in shares of the way.
        places = expit(np.linspace(-34, 34, 40_001))
        inverse, inverse_other = np.linalg.inv(wide), np.linalg.inv(wider)
        middle = (1 - places)[:, None, None] * inverse + places[:, None, None] * inverse_other
        pull = (1 - places)[:, None] * (inverse @ one) + places[:, None] * (inverse_other @ other)
        points = np.linalg.solve(middle, pull[:, :, None])[:, :, 0]
        line = Ridgeline.between(one, other, wide, wider)
        there = line.points(np.linspace(-34, 34, 40_001))
        np.testing.assert_allclose(there, points, atol=1e-8)
        heights = np.exp(mixture.log_density(points))
        # Steps of no digits are level; modes may be at the ends themselves.
        steps = np.where(np.abs(np.diff(heights)) < 1e-12 * heights[1:], 0, np.diff(heights))
        moving = np.flatnonzero(steps)
        turns = moving[1:][np.diff(np.sign(steps[moving])) > 0]
        expected = 1.0
        if len(turns):
            tops = heights[: turns[0] + 1].max(), heights[turns[-1] :].max()
            expected = heights[turns].min() / min(tops)
        depths.append(line.valley(float(mixture.weights[1])))
        # A walk steps over the deepest place.
        assert depths[-1] == pytest.approx(expected, rel=2e-3)
        assert depths[-1] <= expected * (1 + 1e-9)
    assert min(depths) < 0.9 < max(depths)


def test_modes_of_one_column_are_the_turning_points(fresh_seed: int) -> None:
    for number in range(20):
        mixture = drawn(fresh_seed + number, 4, 1)
        turns = OneColumn.of(mixture.weights, mixture.family, mixture.parameters).turning_points()
        found = modes(mixture)
        assert np.all(np.abs(turns[::2, None] - found.points[:, 0]).min(axis=0) < 1e-6)
        assert np.all(np.diff(found.log_density) <= 0)


@pytest.mark.parametrize("n_columns", [2, 5])
def test_a_mode_is_where_a_search_from_the_mean_ends(n_columns: int, fresh_seed: int) -> None:
    mixture = drawn(fresh_seed, 5, n_columns)
    found = modes(mixture)

    def height(point: np.ndarray) -> float:
        dense = mixture.parameters.covariance.dense()
        parts = zip(mixture.weights, mixture.parameters.means, dense, strict=True)
        return -sum(w * multivariate_normal.pdf(point, m, s) for w, m, s in parts)

    for point, top in zip(found.points, found.log_density, strict=True):
        best = minimize(height, point, method="Nelder-Mead", options={"fatol": 0, "xatol": 1e-9})
        assert best.x == pytest.approx(point, abs=1e-3)
        assert top == pytest.approx(np.log(-height(point)))
    tops = found.log_density[found.components]
    assert np.all(tops >= mixture.log_density(mixture.parameters.means) - 1e-12)


def test_components_of_one_mode_are_merged_first(fresh_seed: int) -> None:
    for number in range(5):
        mixture = drawn(fresh_seed + number, 6, 2)
        found, tree = modes(mixture), merge(mixture, np.zeros((1, 2)), criterion="modes")
        assert tree.n_clusters == len(found.points)
        parts = tree.partition(tree.n_clusters)
        assert all(len({*found.components[list(part)]}) == 1 for part in parts)
        assert np.all(np.diff(tree.gains) <= 1e-12)


@pytest.mark.parametrize("criterion", ["bhattacharyya", "ridge", "modes"])
def test_units_and_turns_change_nothing(criterion: str, fresh_seed: int) -> None:
    mixture, rng = drawn(fresh_seed, 5, 3), np.random.default_rng(fresh_seed)
    turn, shift = rng.normal(size=(3, 3)) + 3 * np.eye(3), 5 * rng.normal(size=3)
    dense = mixture.parameters.covariance.dense()
    other = GaussianMixture.from_parameters(
        mixture.weights, mixture.parameters.means @ turn.T + shift, turn @ dense @ turn.T
    ).mixture_
    rows = rng.normal(size=(50, 3))
    one = merge(mixture, rows, criterion=criterion)
    two = merge(other, rows @ turn.T + shift, criterion=criterion)
    # Where the density is least is looked for at places of the line, which stay.
    assert two.gains == pytest.approx(one.gains, rel=1e-5)
    assert two.partition(one.n_clusters) == one.partition(one.n_clusters)


def test_noise_moves_no_mode() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack(
        [rng.normal(size=(150, 2)), rng.normal(size=(150, 2)) + 8, rng.uniform(-30, 40, (40, 2))]
    )
    mixture = GaussianMixture(2, noise="uniform", random_state=0).fit(rows).mixture_
    found = modes(mixture)
    assert found.components.tolist() in ([0, 1, -1], [1, 0, -1])
    heights = np.exp(found.log_density)
    noise = mixture.weights[-1] * np.exp(mixture.component_log_density(rows[:1])[0, -1])
    assert np.exp(mixture.log_density(found.points)) == pytest.approx(heights + noise)
    for criterion in ("bhattacharyya", "ridge", "modes"):
        tree = merge(mixture, rows, criterion=criterion)
        assert tree.n_clusters == 2
        assert -1 in tree.predict(rows)


def test_shapes_are_of_gaussians_only() -> None:
    rows = np.random.default_rng(0).integers(2, size=(60, 4))
    mixture = CategoricalMixture(2, random_state=0).fit(rows).mixture_
    for criterion in ("bhattacharyya", "ridge", "modes"):
        with pytest.raises(ParameterError, match='merge by "entropy" or "overlap"'):
            merge(mixture, rows, criterion=criterion)
    with pytest.raises(ParameterError, match="give its mixture_"):
        modes(GaussianMixture(2).fit(np.random.default_rng(0).normal(size=(50, 2))))


def test_a_width_that_is_rounding_alone_is_the_least_there_is() -> None:
    # Of rank one but for the last digit, by which the least eigenvalue is below zero.
    thin = np.ones((3, 3)) - np.diag([0.0, 0.0, 2.0**-52])
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(thin)
    line = Ridgeline.between(np.zeros(3), np.ones(3), thin, thin)
    assert np.isfinite(line.points(PLACES)).all()
    assert line.valley(0.5) == pytest.approx(1.0)
    apart = Ridgeline.between(np.zeros(3), np.full(3, 9.0), thin, thin)
    one = Ridgeline.between(np.zeros(1), np.full(1, 9.0), np.eye(1), np.eye(1))
    assert apart.valley(0.5) == pytest.approx(one.valley(0.5), rel=1e-6)


def test_places_reach_both_ends() -> None:
    line = Ridgeline.between(np.zeros(1), np.ones(1), np.eye(1), 1e-6 * np.eye(1))
    assert line.points(PLACES[[0, -1]])[:, 0] == pytest.approx([0, 1], abs=1e-9)


@pytest.mark.parametrize("criterion", ["bhattacharyya", "ridge", "modes", "dip"])
@pytest.mark.parametrize("code", ["VII", "VVI", "VVV"])
def test_squares_that_are_no_numbers_change_nothing(criterion: str, code: str) -> None:
    rng = np.random.default_rng(9)
    rows = rng.normal(size=(90, 2)) + 4.0 * rng.integers(0, 2, (90, 1))
    shapes = {}
    for power in (0, 650, -650):
        scaled = rows * 2.0**power
        mixture = GaussianMixture(4, covariance_type=code, random_state=0).fit(scaled).mixture_
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shapes[power] = merge(mixture, scaled, criterion=criterion).gains, modes(mixture)
    for power in (650, -650):
        gains, found = shapes[power]
        np.testing.assert_allclose(gains, shapes[0][0], atol=1e-4)
        np.testing.assert_allclose(found.points / 2.0**power, shapes[0][1].points, atol=1e-3)
        moved = found.log_density + 2 * power * np.log(2.0)
        np.testing.assert_allclose(moved, shapes[0][1].log_density, atol=1e-3)
