"""Components are merged as mclust merges them, and laws of the tree hold."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.special import xlogy

import mixtura
from mixtura import (
    CategoricalMixture,
    GaussianMixture,
    Mixture,
    ParameterError,
    StudentTMixture,
    SurveyDesign,
)
from mixtura.inference import gradient, information, merge
from tests.oracles import dataset, mclust

REFERENCE = mclust("combine_components")


def stored(name: str) -> tuple[Mixture, np.ndarray]:
    """Return the mixture that the reference merges, and its rows."""
    found = REFERENCE[name]
    model = GaussianMixture.from_parameters(
        found["weights"], found["means"], found["covariances"], covariance_type="full"
    )
    return model.mixture_, dataset(name).values


@pytest.mark.parametrize("name", REFERENCE)
def test_the_tree_is_that_of_mclust(name: str) -> None:
    mixture, rows = stored(name)
    tree = merge(mixture, rows)
    theirs = REFERENCE[name]
    assert tree.entropies == pytest.approx(theirs["entropy"], rel=1e-6, abs=1e-9)
    for size, parts in theirs["partition_of_components"].items():
        assert [list(part) for part in tree.partition(int(size))] == sorted(parts)
    labels = np.array(theirs["labels"]["2"])
    ours = tree.predict(rows, 2)
    assert len({*zip(labels.tolist(), ours.tolist(), strict=True)}) == 2


def crossed(seed: int, n_rows: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a cross of two bars and of a round cluster, and which is which."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 0, 1], n_rows // 3)
    bars = rng.normal(size=(n_rows, 2)) * np.repeat(
        [[6.0, 0.3], [0.3, 6.0], [1.0, 1.0]], n_rows // 3, axis=0
    )
    return bars + np.array([0.0, 0.0]) + 40.0 * labels[:, None], labels


@pytest.mark.parametrize("criterion", ["entropy", "overlap", "bhattacharyya", "ridge", "modes"])
def test_a_cluster_of_two_bars_is_one(criterion: str, fresh_seed: int) -> None:
    rows, labels = crossed(fresh_seed)
    model = GaussianMixture(3, random_state=0).fit(rows)
    tree = merge(model.mixture_, rows, criterion=criterion)
    told = tree.predict(rows, 2)
    assert (told == labels).all() or (told == 1 - labels).all()


def plain_entropy(shares: np.ndarray) -> float:
    return float(-xlogy(shares, shares).sum())


def test_each_merge_takes_most_entropy_away(fresh_seed: int) -> None:
    rows = np.random.default_rng(fresh_seed).normal(size=(200, 2))
    mixture = GaussianMixture(5, covariance_type="diag", random_state=0).fit(rows).mixture_
    tree = merge(mixture, rows)
    shares = mixture.responsibilities(rows)
    for size in range(5, 1, -1):
        parts = [list(part) for part in tree.partition(size)]
        merged = np.column_stack([shares[:, part].sum(axis=1) for part in parts])
        assert tree.entropies[size - 1] == pytest.approx(plain_entropy(merged))
        others = []
        for one in range(size):
            for other in range(one):
                kept = np.delete(merged, [one, other], axis=1)
                both = merged[:, [one]] + merged[:, [other]]
                others.append(plain_entropy(np.hstack([kept, both])))
        assert tree.entropies[size - 2] == pytest.approx(min(others))
    assert (np.diff(tree.entropies) >= -1e-9).all()
    assert tree.gains == pytest.approx(np.diff(tree.entropies)[::-1])


def test_overlap_is_the_share_of_rows_taken_for_another(fresh_seed: int) -> None:
    rows = np.random.default_rng(fresh_seed).normal(size=(300, 2))
    mixture = GaussianMixture(4, covariance_type="diag", random_state=0).fit(rows).mixture_
    tree = merge(mixture, rows, criterion="overlap")
    shares = mixture.responsibilities(rows)
    said = shares.argmax(axis=1)
    wrong = [
        shares[said == other, one].sum() / shares[:, one].sum()
        for one in range(4)
        for other in range(4)
        if one != other
    ]
    assert tree.gains[0] == pytest.approx(max(wrong))


def test_a_row_of_weight_two_is_the_row_twice(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows, weights = rng.normal(size=(100, 2)), rng.integers(1, 4, 100)
    mixture = GaussianMixture(4, covariance_type="diag", random_state=0).fit(rows).mixture_
    for criterion in ("entropy", "overlap"):
        one = merge(mixture, rows, sample_weight=weights, criterion=criterion)
        other = merge(mixture, np.repeat(rows, weights, axis=0), criterion=criterion)
        assert one.merges == other.merges
        assert one.entropies == pytest.approx(other.entropies)


@pytest.mark.parametrize("estimator", [GaussianMixture, StudentTMixture])
def test_clusters_are_the_mixture_parted(estimator: Any, fresh_seed: int) -> None:
    rows, _ = crossed(fresh_seed, 300)
    mixture = estimator(3, random_state=0).fit(rows).mixture_
    tree = merge(mixture, rows)
    parts, clusters = tree.partition(2), tree.clusters(2)
    whole = np.logaddexp.reduce(
        [
            np.log(mixture.weights[list(part)].sum()) + cluster.log_density(rows)
            for part, cluster in zip(parts, clusters, strict=True)
        ]
    )
    assert whole == pytest.approx(mixture.log_density(rows))
    assert tree.predict_proba(rows, 2).sum(axis=1) == pytest.approx(np.ones(300))


def test_the_curve_bends_where_entropy_stops_falling() -> None:
    mixture, rows = stored("ex4_1")
    tree = merge(mixture, rows)
    assert tree.elbow == 4
    assert "4 *" in tree.summary()


def test_components_that_rows_tell_apart_stay(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = rng.normal(size=(400, 2)) + np.repeat([0, 20, 40, 60], 100)[:, None]
    model = GaussianMixture(4, random_state=0).fit(rows)
    assert merge(model.mixture_, rows).elbow == 4
    rows, _ = crossed(fresh_seed)
    model = GaussianMixture(3, random_state=0).fit(rows)
    assert merge(model.mixture_, rows).elbow == 2


def test_noise_is_no_cluster() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack(
        [rng.normal(size=(150, 2)), rng.normal(size=(150, 2)) + 8, rng.uniform(-30, 40, (40, 2))]
    )
    model = GaussianMixture(2, noise="uniform", random_state=0).fit(rows)
    tree = merge(model.mixture_, rows)
    assert tree.partition(1) == ((0, 1),)
    assert set(tree.predict(rows, 1).tolist()) == {-1, 0}
    assert tree.clusters(1)[0].n_components == 2
    assert np.isfinite(tree.clusters(1)[0].log_density(rows)).all()


def test_classes_are_merged_too(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = rng.integers(3, size=(200, 5))
    model = CategoricalMixture(3, random_state=0).fit(rows)
    tree = merge(model.mixture_, rows)
    assert len(tree.table()) == 3
    assert tree.entropies[0] == pytest.approx(0, abs=1e-9)


def test_what_cannot_be_asked_is_named() -> None:
    mixture, rows = stored("ex4_1")
    with pytest.raises(ParameterError, match="entropy, overlap"):
        merge(mixture, rows, criterion="ward")
    tree = merge(mixture, rows)
    with pytest.raises(ParameterError, match="from 1 to 6"):
        tree.partition(7)
    for wrong in (0, 2.5, "2", True):
        for asked in (tree.clusters, tree.partition):
            with pytest.raises(ParameterError, match="n_clusters"):
                asked(wrong)
        for read in (tree.predict, tree.predict_proba):
            with pytest.raises(ParameterError, match="n_clusters"):
                read(rows, wrong)
    with pytest.raises(ParameterError, match="give its mixture_"):
        merge(GaussianMixture(2).fit(rows), rows)


def test_a_column_of_weights_is_heeded(tmp_path, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    frame = pd.DataFrame(rng.normal(size=(90, 2)), columns=["a", "b"])
    weights = rng.integers(1, 5, size=90).astype(float)
    frame.assign(w=weights).to_csv(tmp_path / "rows.csv", index=False)
    data = mixtura.dataset(tmp_path / "rows.csv", weights="w")
    mixture = GaussianMixture(3, random_state=0).fit(frame).mixture_
    expected = merge(mixture, frame, sample_weight=weights)
    assert_array_equal(merge(mixture, data).entropies, expected.entropies)
    assert_array_equal(gradient(mixture, data).free, gradient(mixture, frame, weights).free)
    told = information(mixture, frame, weights)
    assert_array_equal(information(mixture, data).observed, told.observed)
    with pytest.raises(ParameterError, match="SurveyDesign"):
        information(mixture, data, survey=SurveyDesign(weights=weights))
