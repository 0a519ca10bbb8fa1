"""Kinds of data on which defaults used to go wrong, other members of each drawn by seed.

Right is what EM from the true components finds without a prior, or the true clusters.
"""

import warnings

import numpy as np
import pytest
from nightly import first
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as SklearnMixture

from mixtura import DegenerateComponentWarning, GaussianMixture, select

pytestmark = pytest.mark.drawn(4)

SEEDS = range(4)


def fitted(rows, n_components, seed=0, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        return GaussianMixture(n_components, random_state=seed, **settings).fit(rows)


def from_truth(rows, labels, **settings):
    shares = np.eye(labels.max() + 1)[labels]
    return fitted(rows, shares.shape[1], responsibilities_init=shares, **settings)


def two_clusters(rng):
    labels = np.repeat([0, 1], rng.integers(80, 300, 2))
    centres = rng.normal(size=(2, 2))
    centres *= 6 / np.linalg.norm(centres[0] - centres[1])
    return centres[labels] + rng.normal(size=(len(labels), 2)), labels


@pytest.mark.parametrize("seed", SEEDS)
def test_narrow_clusters_far_apart(seed):
    rng = np.random.default_rng([1, seed])
    gap = 10 ** rng.uniform(2.3, 5.5)
    labels = np.repeat([0, 1, 2], 300)
    rows = np.array([0, gap, gap + 8])[labels, None] + rng.normal(size=(900, 1))
    right = from_truth(rows, labels, prior=None)
    assert fitted(rows, 3, seed).log_likelihood_ > right.log_likelihood_ - 0.5
    assert select(rows, range(1, 5), random_state=seed).best.n_components == 3


@pytest.mark.parametrize("seed", SEEDS)
def test_a_thin_cluster_beside_round_ones(seed):
    rng = np.random.default_rng([2, seed])
    labels = np.repeat([0, 1, 2], 150)
    rows = 4 * rng.normal(size=(3, 3))[labels] + rng.normal(size=(450, 3))
    rows[labels == 2, 1] = rows[labels == 2, 0] + 10 ** rng.uniform(-3.5, -1) * rng.normal(size=150)
    right = from_truth(rows, labels, prior=None)
    assert fitted(rows, 3, seed).log_likelihood_ > right.log_likelihood_ - 0.5


@pytest.mark.parametrize("n_columns", [3, 5])
@pytest.mark.parametrize("seed", SEEDS)
def test_thin_sheets_side_by_side_in_no_column_of_their_own(seed, n_columns):
    rng = np.random.default_rng([7, seed])
    labels = rng.integers(0, 3, 300)
    rows = rng.normal(size=(300, n_columns)) * np.r_[5.0, 0.01, np.ones(n_columns - 2)]
    rows[:, 1] += 0.1 * labels
    rows = rows @ np.linalg.qr(rng.normal(size=(n_columns, n_columns)))[0]
    right = from_truth(rows, labels, prior=None)
    assert fitted(rows, 3, seed).log_likelihood_ > right.log_likelihood_ - 0.5


@pytest.mark.parametrize("name", ["full", "tied", "diag"])
@pytest.mark.parametrize("seed", SEEDS)
def test_one_wild_cell_and_a_component_to_spare(seed, name):
    rng = np.random.default_rng([3, seed])
    rows, labels = two_clusters(rng)
    rows = np.vstack([rows, [10 ** rng.uniform(3, 7), 0.0]])
    found = fitted(rows, 3, seed, covariance_type=name)
    right = from_truth(rows[:-1], labels, covariance_type=name).predict(rows[:-1])
    assert adjusted_rand_score(right, found.predict(rows[:-1])) > 0.95
    if name == "tied":
        theirs = SklearnMixture(3, covariance_type="tied", n_init=5, random_state=seed).fit(rows)
        assert found.log_likelihood_ > theirs.score(rows) * len(rows) - 0.01


@pytest.mark.parametrize("code", [99999.0, -999.0, 1e9])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_code_for_missing_and_a_component_to_spare(seed, code):
    rng = np.random.default_rng([4, seed])
    rows, labels = two_clusters(rng)
    coded = rng.choice(len(rows), max(1, len(rows) // 100), replace=False)
    kept = np.setdiff1d(np.arange(len(rows)), coded)
    right = from_truth(rows[kept], labels[kept]).predict(rows[kept])
    rows[coded, 0] = code
    found = fitted(rows, 3, seed).predict(rows)
    assert adjusted_rand_score(right, found[kept]) > 0.95


@pytest.mark.parametrize("seed", SEEDS)
def test_a_third_of_a_column_is_exactly_zero(seed):
    rng = np.random.default_rng([5, seed])
    labels = np.repeat([0, 1, 2], 200)
    column = np.r_[np.zeros(200), rng.normal(4, 1, 200), rng.normal(8, 1, 200)]
    rows = np.column_stack([column, rng.normal(size=600)])
    found = fitted(rows, 3, seed)
    agreement = adjusted_rand_score(labels, from_truth(rows, labels).predict(rows))
    assert adjusted_rand_score(labels, found.predict(rows)) > agreement - 0.01
    with pytest.warns(DegenerateComponentWarning, match=r"\(200\.0 rows\) agree in column 'x0'"):
        GaussianMixture(3, random_state=seed).fit(rows)


@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical", "VVE", "VEV"])
@pytest.mark.parametrize("seed", first(3, range(12)))
def test_one_far_row_among_few_is_no_error(seed, name):
    rng = np.random.default_rng([6, seed])
    rows = rng.normal(size=(int(rng.integers(20, 81)), int(rng.integers(1, 4))))
    rows[: len(rows) // 2] += 6
    rows[3, 0] = 10 ** rng.uniform(4, 8)
    found = fitted(rows, int(rng.integers(2, 4)), seed, covariance_type=name)
    assert np.isfinite(found.log_likelihood_)


@pytest.mark.parametrize("factor", [1e-100, 2e-5, 1e-3, 1.0, 1e100])
def test_a_histogram_is_the_same_for_weights_of_any_sum(factor):
    rng = np.random.default_rng(16)
    counts, edges = np.histogram(np.r_[rng.normal(0, 1, 30000), rng.normal(5, 1, 20000)], 36)
    middles = ((edges[1:] + edges[:-1]) / 2)[:, None]
    found = GaussianMixture(2, random_state=0).fit(middles, sample_weight=factor * counts)
    np.testing.assert_allclose(np.sort(found.means_.ravel()), [0, 5], atol=0.02)
    whole = GaussianMixture(2, random_state=0).fit(middles, sample_weight=counts)
    np.testing.assert_allclose(
        np.sort(found.means_.ravel()), np.sort(whole.means_.ravel()), atol=1e-6
    )
    assert found.log_likelihood_ == pytest.approx(factor * whole.log_likelihood_, rel=1e-9)
    assert found.facts_["total_weight"] == pytest.approx(factor * 50000)


def test_many_columns_are_looked_at_by_enough_rows():
    rng = np.random.default_rng(0)
    width = 150
    labels = np.repeat([0, 1, 2], 1300)
    rows = np.vstack(
        [
            0.2 * rng.normal(size=width)
            + rng.normal(size=(1300, width)) @ (rng.normal(size=(width, width)) / width**0.5)
            + 0.3 * rng.normal(size=(1300, width))
            for _ in range(3)
        ]
    )
    assert adjusted_rand_score(labels, fitted(rows, 3).predict(rows)) == 1.0
