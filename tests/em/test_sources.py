"""Starts are made of groups that k-means finds in several units, and of rows set aside."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from mixtura.em.kmeans import lloyd_labels, seeded_labels
from mixtura.em.sources import (
    ASIDE,
    Cloud,
    Points,
    random_responsibilities,
    seeded_in_half,
    wider_sources,
)
from mixtura.em.views import robust, within


def rows_of(seed=0, n_each=120):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), n_each)
    centres = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    return centres[labels] + rng.normal(size=(3 * n_each, 2)), labels


def inertia(points, labels):
    return sum(np.square(own - own.mean(axis=0)).sum() for own in groups(points, labels))


def groups(points, labels):
    return [points[labels == k] for k in np.unique(labels)]


@pytest.mark.parametrize("seed", range(5))
def test_k_means_ends_about_where_that_of_scikit_learn_ends(seed):
    points = np.random.default_rng(seed).normal(size=(400, 3))
    ours = min(
        inertia(points, lloyd_labels(points, None, 5, np.random.default_rng([seed, n])))
        for n in range(5)
    )
    theirs = KMeans(5, n_init=5, max_iter=8, random_state=seed).fit(points).inertia_
    assert ours < 1.05 * theirs


def test_turns_of_lloyd_only_better_the_seeds():
    points = np.random.default_rng(1).normal(size=(300, 2))
    for seed in range(10):
        seeded = seeded_labels(points, None, 4, np.random.default_rng(seed))
        turned = lloyd_labels(points, None, 4, np.random.default_rng(seed))
        assert inertia(points, turned) <= inertia(points, seeded) + 1e-9


def test_a_row_of_weight_two_counts_twice_for_centres():
    points, _ = rows_of()
    weights = np.random.default_rng(2).integers(1, 4, len(points)).astype(float)
    found = lloyd_labels(points, weights, 3, np.random.default_rng(0))
    centres = [
        np.average(points[found == k], axis=0, weights=weights[found == k]) for k in (0, 1, 2)
    ]
    nearest = np.square(points[:, None] - np.array(centres)).sum(axis=2).argmin(axis=1)
    assert adjusted_rand_score(nearest, found) == pytest.approx(1.0)


def test_units_of_the_scatter_within_groups_make_it_round():
    points, labels = rows_of(3)
    points = points @ [[3.0, 1.0], [0.0, 0.2]]
    view = within(points, np.ones(len(points)), labels, turned=True)
    own = np.concatenate([each - each.mean(axis=0) for each in groups(view, labels)])
    np.testing.assert_allclose(own.T @ own / len(own), np.eye(2), atol=1e-9)


def test_robust_units_hardly_feel_a_wild_row():
    points, _ = rows_of(4)
    wild = np.vstack([points, [[1e9, -1e9]]])
    np.testing.assert_allclose(robust(wild)[:-1], robust(points), rtol=0.05, atol=0.05)


def test_lonely_rows_are_shared_by_all_or_are_a_group():
    points, labels = rows_of(5)
    far = np.random.default_rng(6).uniform(-300, 300, (8, 2))
    given = Points(Cloud(np.vstack([points, far]), np.ones(len(points) + 8)), (7,))
    sources = list(wider_sources(given, 3))
    shared = [source for source in sources if source.ndim == 2]
    assert len(shared) == len(ASIDE)
    found = shared[0][:-8]
    known = found.max(axis=1) == 1.0
    assert adjusted_rand_score(labels[known], found[known].argmax(axis=1)) == pytest.approx(1.0)
    assert (shared[0][-8:] == 1 / 3).sum() >= 15
    whole = [source for source in list(wider_sources(given, 4)) if source.ndim == 1][-len(ASIDE)]
    assert (whole[-8:] == 3).mean() > 0.8


def test_the_same_key_gives_the_same_sources_and_another_others():
    points, _ = rows_of(8)
    mass = np.ones(len(points))
    first, same, other = (
        [*wider_sources(given, 3), *random_responsibilities(given, 3)]
        for given in (Points(Cloud(points, mass), key) for key in ((1,), (1,), (2,)))
    )
    assert all(np.array_equal(one, two) for one, two in zip(first, same, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_groups_by_half_of_the_columns_heed_no_other_and_each_has_its_turn():
    # In rows of their own units, whose turns are the even ones.
    rng = np.random.default_rng(9)
    rows, mass = rng.normal(size=(200, 4)), np.ones(200)
    heeded = np.zeros((10, 4), dtype=bool)
    for turn in range(10):
        labels = seeded_in_half(Points(Cloud(rows, mass), (3,)), 5, 2 * turn)
        for column in range(4):
            other = rows.copy()
            other[:, column] = rng.normal(size=200)
            again = seeded_in_half(Points(Cloud(other, mass), (3,)), 5, 2 * turn)
            heeded[turn, column] = not np.array_equal(labels, again)
    assert (heeded.sum(axis=1) == 2).all()
    assert heeded.any(axis=0).all()
