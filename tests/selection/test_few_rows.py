"""Rows no more than columns determine spherical and diagonal covariances only."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from mixtura import select
from mixtura.components.gaussian.structures import CODES

pytestmark = pytest.mark.drawn(4)

DIAGONAL = ("EII", "VII", "EEI", "VEI", "EVI", "VVI")


def two_clusters(n_rows, n_columns, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n_rows)
    means = rng.normal(size=(2, n_columns))
    return means[labels] * 1.5 + rng.normal(size=(n_rows, n_columns)), labels


def test_the_model_that_mclust_chooses_is_found():
    rows, labels = two_clusters(60, 100)
    selection = select(rows, range(1, 4), random_state=0, n_jobs=1)
    # mclust 6.0.0: EII with 2 components, BIC 17715.8.
    assert (selection.best.kind, selection.best.n_components) == ("EII", 2)
    assert selection.result.bic == pytest.approx(17715.8, abs=0.5)
    # Its likelihood by hand: equal spheres about the means of two groups that do not overlap.
    within = sum(((rows[labels == k] - rows[labels == k].mean(axis=0)) ** 2).sum() for k in (0, 1))
    shares = np.bincount(labels) / 60
    expected = -3000 * (np.log(2 * np.pi * within / 6000) + 1) + 60 * shares @ np.log(shares)
    assert selection.result.log_likelihood == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n_rows", "n_columns"), [(60, 100), (50, 80)])
def test_clusters_are_found_in_more_columns_than_rows(n_rows, n_columns, seed):
    rows, labels = two_clusters(n_rows, n_columns, seed)
    selection = select(rows, range(1, 4), random_state=seed)
    assert selection.best.n_components == 2
    found = selection.result.mixture.responsibilities(rows).argmax(axis=1)
    assert adjusted_rand_score(labels, found) > 0.9


def test_only_what_such_rows_determine_is_tried_and_it_is_said():
    rows, _ = two_clusters(20, 20)
    selection = select(rows, 2, random_state=0)
    assert tuple(one.kind for one in selection.candidates) == DIAGONAL
    (note,) = selection.notes
    assert note.startswith("20 distinct rows do not determine axes in 20 columns")
    assert selection.summary().endswith(note)


OWN_SHAPE = {"EVE", "VVE", "EVV", "VVV"}


def test_with_a_row_more_than_columns_all_structures_are_tried_that_have_rows_enough():
    rows, _ = two_clusters(7, 6)
    selection = select(rows, 2, random_state=0)
    assert {one.kind for one in selection.candidates} == set(CODES) - OWN_SHAPE
    assert "7 distinct rows in 6 columns are too few" in selection.notes[0]
    assert all(f"{code} from K=2" in selection.notes[0] for code in OWN_SHAPE)
    assert selection.notes[0] in selection.summary()


def test_where_all_components_can_have_rows_enough_all_structures_are_tried():
    rows, _ = two_clusters(17, 6)
    selection = select(rows, 2, random_state=0)
    assert {one.kind for one in selection.candidates} == set(CODES)
    assert selection.notes == ()


def test_models_of_too_few_rows_are_tried_where_they_are_named():
    rows, _ = two_clusters(14, 6)
    selection = select(rows, 2, ("VVV", "EEE"), random_state=0)
    assert {one.kind for one in selection.candidates} == {"VVV", "EEE"}


def test_a_structure_that_is_named_is_tried_all_the_same():
    rows, _ = two_clusters(6, 8)
    selection = select(rows, 1, ("VVV", "EII"), random_state=0)
    assert [one.kind for one in selection.candidates] == ["EII", "EEE"]
    assert selection.notes == ()
    assert selection.best.kind == "EII"


def test_equal_rows_and_rows_of_weight_nothing_do_not_count():
    rows, _ = two_clusters(6, 6)
    repeated = np.repeat(rows, 3, axis=0)
    assert select(repeated, 1, random_state=0).notes
    more, _ = two_clusters(7, 6)
    weights = np.array([1.0] * 6 + [0.0])
    assert select(more, 1, sample_weight=weights, random_state=0).notes
    assert not select(more, 1, random_state=0).notes
