"""Two models are compared by what each says of every row."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from mixtura import (
    CategoricalMixture,
    DataError,
    GaussianMixture,
    GaussianMixtureClassifier,
    MixedMixture,
    ParameterError,
)
from mixtura.agreement import compare


def drawn(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(300, 2)) + 4 * rng.integers(3, size=300)[:, None]
    return pd.DataFrame(rows, columns=["a", "b"])


def test_it_says_what_the_models_say(fresh_seed: int) -> None:
    X = drawn(fresh_seed)
    one, other = GaussianMixture(3, random_state=0).fit(X), GaussianMixture(2).fit(X[["b", "a"]])
    weights = np.random.default_rng(fresh_seed).integers(0, 3, size=300)
    told = compare(one, other.mixture_, X, weights)
    np.testing.assert_array_equal(told.labels, one.predict(X))
    np.testing.assert_array_equal(told.other_log_density, other.score_samples(X[["b", "a"]]))
    assert told.log_likelihoods[0] == pytest.approx(weights @ one.score_samples(X))
    gains = told.other_log_density - told.log_density
    assert told.difference == pytest.approx(weights @ gains)
    repeated = gains.repeat(weights)
    assert told.standard_error == pytest.approx(repeated.std() * np.sqrt(len(repeated)))
    used = weights > 0
    rand = adjusted_rand_score(told.labels[used], told.other_labels[used])
    assert told.adjusted_rand == pytest.approx(rand)
    assert weights @ ~told.changed / weights.sum() == pytest.approx(told.agreement)
    assert f"{told.changed.sum()} of 300 rows" in told.summary()
    ahead, behind = compare(other.mixture_, one, X, weights), told
    if told.difference > 0:
        ahead, behind = told, ahead
    assert f"the second is higher by {ahead.difference:.4f} nats" in ahead.summary()
    assert f"the second is lower by {-behind.difference:.4f} nats" in behind.summary()


def test_a_model_agrees_with_itself_in_another_order(fresh_seed: int) -> None:
    X = drawn(fresh_seed)
    model = GaussianMixture(3, random_state=0).fit(X)
    turned = GaussianMixture.from_parameters(
        model.weights_[::-1], model.means_[::-1], model.covariances_[::-1]
    )
    told = compare(model.mixture_, turned.mixture_, X)
    assert not told.changed.any()
    assert (told.agreement, told.adjusted_rand) == (1.0, 1.0)
    assert told.difference == pytest.approx(0, abs=1e-8)
    assert told.standard_error == pytest.approx(0, abs=1e-8)


def test_classes_are_compared_with_clusters(fresh_seed: int) -> None:
    X = drawn(fresh_seed)
    y = np.where(X["a"] > 2, "high", "low")
    classifier = GaussianMixtureClassifier(covariance_type="full").fit(X, y)
    told = compare(classifier, GaussianMixture(2, random_state=0).fit(X), X)
    assert set(told.matching.known.tolist()) == {"high", "low"}
    assert told.log_likelihoods[0] == pytest.approx(classifier.score_samples(X).sum())


EMPTY = "3 row(s) have no cell at all; their posterior is the mixing weights, and they do not"


def test_rows_without_a_cell_do_not_count_and_are_told_of(fresh_seed: int) -> None:
    X = drawn(fresh_seed)
    lacking = X.copy()
    lacking.iloc[[5, 70, 71]] = np.nan
    whole = lacking.dropna()
    one = GaussianMixture(3, missing="marginal", random_state=0).fit(lacking)
    other = GaussianMixture(2, missing="marginal", random_state=0).fit(lacking)
    told, rest = compare(one, other.mixture_, lacking), compare(one, other, whole)
    np.testing.assert_array_equal(told.matching.counts, rest.matching.counts)
    assert told.matching.counts.sum() == 297
    assert (told.difference, told.standard_error) == (rest.difference, rest.standard_error)
    assert (told.agreement, told.adjusted_rand) == (rest.agreement, rest.adjusted_rand)
    assert np.flatnonzero(told.silent).tolist() == [5, 70, 71]
    assert not told.changed[told.silent].any()
    assert EMPTY in told.summary()
    assert "of 297 rows change" in told.summary()
    assert "no cell" not in rest.summary()
    with pytest.raises(DataError, match="nothing to compare on"):
        compare(one, other, lacking[told.silent])


def test_rows_without_a_cell_are_those_of_the_columns_of_each_kind(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    frame = pd.DataFrame(
        {"kind": rng.choice(["a", "b"], 60).astype(object), "size": rng.normal(size=60)}
    )
    frame.loc[3, ["kind", "size"]] = [None, np.nan]
    frame.loc[4, "kind"] = None
    blocks = {"categorical": ["kind"], "gaussian": ["size"]}
    mixed = MixedMixture(2, blocks, missing="marginal", random_state=0).fit(frame)
    kinds = CategoricalMixture(1).fit(frame[["kind"]])
    assert np.flatnonzero(compare(mixed, mixed, frame).silent).tolist() == [3]
    # Of its only column the fourth row has nothing to say.
    assert np.flatnonzero(compare(mixed, kinds, frame).silent).tolist() == [3, 4]


def test_what_cannot_be_compared_is_named() -> None:
    X = drawn(0)
    model = GaussianMixture(2, random_state=0).fit(X)
    with pytest.raises(ParameterError, match="dict is no model of rows"):
        compare(model, {}, X)
    with pytest.raises(DataError, match="'b'"):
        compare(model.mixture_, model, X[["a"]])
    other = CategoricalMixture(2, random_state=0).fit(pd.DataFrame({"c": list("xyxyxz" * 9)}))
    with pytest.raises(DataError, match="'c'"):
        compare(model, other.mixture_, X)
