"""Classifiers of mixtures of any kind, and Bayes' rule between classes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.mixture import GaussianMixture as SklearnMixture
from sklearn.naive_bayes import CategoricalNB
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GaussianMixture,
    GaussianMixtureClassifier,
    MixedMixture,
    MixtureClassifier,
    ParameterError,
    PoissonMixture,
    dataset,
)
from mixtura.discriminant.rules import adapted, brier, posteriors

pytestmark = pytest.mark.drawn(6)


def expected(estimator: Any) -> dict[str, str]:
    """Return the checks that a mixture of each class alone cannot pass."""
    if estimator.n_components == 1:
        return {}
    why = "a column has one value in all rows of a class, which is an error that names both"
    return dict.fromkeys(
        ("check_sample_weights_shape", "check_sample_weights_not_overwritten"), why
    )


@parametrize_with_checks(
    [GaussianMixtureClassifier(), GaussianMixtureClassifier(2, covariance_type="diag")],
    expected_failed_checks=expected,
)
def test_classifiers_keep_the_conventions_of_scikit_learn(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)


@pytest.mark.parametrize("kind", [str, int, bool, float, "category"])
@pytest.mark.parametrize(
    "classifier", [GaussianMixtureClassifier(), MixtureClassifier(GaussianMixture())]
)
def test_classes_are_a_column_by_its_name(classifier: Any, kind: Any) -> None:
    rng = np.random.default_rng()
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "kind", "c"])
    frame["kind"] = pd.Series(rng.integers(2, size=60)).astype(kind)
    apart = clone(classifier).fit(frame[["a", "c"]], frame["kind"])
    named = clone(classifier).fit(frame, "kind")
    assert_array_equal(named.classes_, apart.classes_)
    assert named.classes_.dtype == apart.classes_.dtype
    assert named.table() == apart.table()
    rows = frame[["a", "c"]]
    assert_array_equal(named.predict(rows), apart.predict(rows))
    with pytest.raises(DataError, match="there is no column 'kinds'"):
        clone(classifier).fit(frame, "kinds")


def test_classes_by_name_are_those_of_rows_in_memory(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="the rows have no names"):
        GaussianMixtureClassifier().fit(np.eye(4), "kind")
    pd.DataFrame({"a": [1.0, 2], "kind": ["x", "y"]}).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError, match="give a frame"):
        GaussianMixtureClassifier().fit(dataset(tmp_path / "rows.parquet"), "kind")


def answers(seed: int, n_rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Return answers (N, 4) from 0 to 3, and which of three classes gave them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=n_rows)
    chances = rng.dirichlet(np.ones(4), size=(3, 4))
    return np.array([[rng.choice(4, p=chances[k, j]) for j in range(4)] for k in labels]), labels


def test_one_component_of_categories_is_naive_bayes(fresh_seed: int) -> None:
    rows, labels = answers(fresh_seed)
    ours = MixtureClassifier(CategoricalMixture(prior=None)).fit(rows, labels)
    theirs = CategoricalNB(alpha=1e-12, min_categories=4).fit(rows, labels)
    seen = np.isfinite(ours.score_samples(rows))
    assert seen.all()
    assert np.abs(ours.predict_proba(rows) - theirs.predict_proba(rows)).max() < 1e-8


def test_classes_that_are_of_two_sorts_need_two_components(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels, sort = rng.integers(2, size=600), rng.integers(2, size=600)
    # Whether two columns agree tells the class; neither tells it by itself.
    first = np.where(rng.random(600) < 0.95, sort, 1 - sort)
    other = np.where(rng.random(600) < 0.95, sort ^ labels, 1 - (sort ^ labels))
    rows = np.column_stack([first, other, rng.integers(2, size=600)])
    single = MixtureClassifier(BernoulliMixture(1, random_state=0)).fit(rows, labels)
    double = MixtureClassifier(BernoulliMixture(2, random_state=0)).fit(rows, labels)
    assert double.score(rows, labels) > 0.8 > 0.7 > single.score(rows, labels)


def test_each_class_takes_the_size_of_its_lowest_bic(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels = np.repeat([0, 1], 300)
    rates = np.where(labels == 0, 5, rng.choice([1, 30], 600))
    rows = rng.poisson(rates[:, None] * np.ones(3))
    model = MixtureClassifier(PoissonMixture(random_state=0), range(1, 4)).fit(rows, labels)
    assert [mixture.n_components for mixture in model.mixtures_] == [1, 2]
    assert model.n_parameters_ == 3 + (2 * 3 + 1) + 1
    own = sum(
        float(model.mixtures_[k].log_density(rows[labels == k]).sum()) for k in (0, 1)
    ) + 600 * np.log(0.5)
    assert model.log_likelihood_ == pytest.approx(own)


def test_levels_that_one_class_lacks_are_levels_of_all() -> None:
    frame = pd.DataFrame({"colour": list("rrgb" * 10), "size": [1.0, 2.0, 3.0, 4.0] * 10})
    labels = np.where(frame["colour"] == "b", "late", "early")
    for estimator in (
        CategoricalMixture(),
        MixedMixture(blocks={"categorical": ["colour"], "poisson": ["size"]}),
    ):
        own = frame[["colour"]] if isinstance(estimator, CategoricalMixture) else frame
        model = MixtureClassifier(estimator).fit(own, labels)
        assert (model.predict(own) == labels).all()
        assert np.isfinite(model.predict_proba(own)).all()


def test_what_is_no_mixture_is_said() -> None:
    rows, labels = np.arange(20).reshape(10, 2) % 7, [0, 1] * 5
    with pytest.raises(ParameterError, match="not fitted"):
        MixtureClassifier("poisson").fit(rows, labels)
    with pytest.raises(ParameterError, match="GaussianMixtureClassifier"):
        MixtureClassifier(GaussianMixture(), range(1, 3)).fit(rows, labels)
    with pytest.raises(DataError, match="3 labels"):
        MixtureClassifier(PoissonMixture()).fit(rows, [0, 1, 0])
    with pytest.raises(DataError, match="no rows"):
        MixtureClassifier(PoissonMixture()).fit(rows[:0], [])
    with pytest.raises(DataError, match="NoneType"):
        MixtureClassifier(PoissonMixture()).fit(None, labels)
    for other in (SklearnMixture(), StandardScaler(), PoissonMixture):
        with pytest.raises(ParameterError, match="not fitted"):
            MixtureClassifier(other).fit(rows, labels)


def test_datasets_are_read_where_they_are_numbers_in_memory(tmp_path: Path) -> None:
    rows, labels = answers(0, 60)
    frame = pd.DataFrame(rows, columns=list("abcd"))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    model = MixtureClassifier(PoissonMixture())
    expected = model.fit(frame, labels).predict_proba(frame)
    data = dataset(tmp_path / "rows.csv")
    assert_array_equal(model.fit(data, labels).predict_proba(data), expected)
    with pytest.raises(DataError, match="memory"):
        model.fit(dataset(tmp_path / "rows.csv", memory=100), labels)


def fitted(seed: int) -> tuple[GaussianMixtureClassifier, np.random.Generator]:
    rng = np.random.default_rng(seed)
    labels = rng.choice(["a", "b"], 500, p=[0.7, 0.3])
    rows = rng.normal(size=(500, 2)) + 1.5 * (labels == "b")[:, None]
    model = GaussianMixtureClassifier(covariance_type="spherical", random_state=0)
    return model.fit(rows, labels), rng


def test_priors_of_another_place_are_found_from_its_rows(fresh_seed: int) -> None:
    model, rng = fitted(fresh_seed)
    truth = rng.choice(["a", "b"], 4000, p=[0.2, 0.8])
    rows = rng.normal(size=(4000, 2)) + 1.5 * (truth == "b")[:, None]
    found = model.adapted_priors(rows)
    assert found == pytest.approx([0.2, 0.8], abs=0.08)
    told = model.predict(rows, priors=found)
    assert (told == truth).mean() > (model.predict(rows) == truth).mean()


def test_adapted_shares_are_a_maximum(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    densities, weights = rng.normal(size=(200, 3)), rng.uniform(0.5, 2, 200)

    def gain(shares: np.ndarray) -> float:
        return float(weights @ np.log(np.exp(densities) @ shares))

    best = adapted(densities, np.full(3, 1 / 3), weights)
    for step in rng.dirichlet(np.ones(3), 30):
        assert gain(0.99 * best + 0.01 * step) <= gain(best) + 1e-9


def test_what_an_error_costs_moves_what_is_said(fresh_seed: int) -> None:
    model, rng = fitted(fresh_seed)
    rows = rng.normal(size=(300, 2)) + 0.7
    shares = model.predict_proba(rows)
    costs = np.array([[0.0, 1.0], [20.0, 0.0]])
    said = model.predict(rows, costs=costs)
    assert ((said == "b") == (20 * shares[:, 1] > shares[:, 0])).all()
    with pytest.raises(ParameterError, match="2 x 2"):
        model.predict(rows, costs=[1, 2])


def test_rows_of_no_class_are_told_at_the_rate_that_is_stated(fresh_seed: int) -> None:
    model, rng = fitted(fresh_seed)
    drawn = np.concatenate(
        [
            mixture.sample(int(n), rng)[0]
            for mixture, n in zip(model.mixtures_, (14_000, 6_000), strict=True)
        ]
    )
    assert model.is_unlike(drawn, 0.05).mean() == pytest.approx(0.05, abs=0.012)
    assert model.is_unlike([[40.0, -40.0]]).all()
    with pytest.raises(ParameterError, match="false_alarm"):
        model.is_unlike(drawn, 0)


def test_posteriors_of_rows_far_from_all_classes_add_up_to_one() -> None:
    densities = np.array([[-np.inf, -np.inf], [-1e5, -2e5], [-np.inf, 0.0]])
    found = posteriors(densities, np.array([0.25, 0.75]))
    assert np.allclose(found, [[0.25, 0.75], [1, 0], [0, 1]])


def test_the_brier_score_is_its_formula() -> None:
    shares = np.array([[0.8, 0.2], [0.4, 0.6]])
    found = brier(shares, np.array([0, 0]), np.array([1.0, 3.0]))
    assert found == pytest.approx((1 * (0.04 + 0.04) + 3 * (0.36 + 0.36)) / (2 * 4))
