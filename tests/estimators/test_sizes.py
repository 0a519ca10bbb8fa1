"""Mixtures of counts and categories choose their number of components, and take it on."""

import numpy as np
import pandas as pd
import pytest
from discrete_cases import ESTIMATORS, every_estimator, rows_for
from oracles import dataset

from mixtura import (
    CategoricalMixture,
    DataError,
    MixedMixture,
    MixturaWarning,
    MultinomialMixture,
    ParameterError,
)

pytestmark = pytest.mark.drawn(4)


@every_estimator
def test_the_best_of_a_search_is_what_the_estimator_holds(kind):
    rows = rows_for(kind, 300)
    mixture = ESTIMATORS[kind](n_init=3, random_state=0)
    seen = []
    found = mixture.select(rows, range(1, 4), progress=lambda one, many: seen.append(many))
    assert found.best.n_components == 2
    assert mixture.mixture_ is found.result.mixture
    assert mixture.log_likelihood_ == found.result.log_likelihood
    assert mixture.predict(rows).max() == 1
    assert seen == [3, 3, 3]
    alone = ESTIMATORS[kind](2, n_init=3, random_state=0).fit(rows)
    assert alone.log_likelihood_ == pytest.approx(mixture.log_likelihood_, abs=0.05)
    assert "2 components" in mixture.summary()


@every_estimator
def test_weights_count_as_repeats_in_a_search(kind):
    rows = rows_for(kind, 80)
    weights = np.arange(80) % 3
    one = ESTIMATORS[kind](random_state=0).select(rows, [1, 2], sample_weight=weights)
    other = ESTIMATORS[kind](random_state=0).select(np.repeat(rows, weights, axis=0), [1, 2])
    for first, second in zip(one.candidates, other.candidates, strict=True):
        assert first.value("bic") == pytest.approx(second.value("bic"), abs=0.1)


def test_bic_finds_the_published_number_of_classes():
    assert CategoricalMixture(random_state=0).select(dataset("carcinoma").values).result.mixture
    mixture = CategoricalMixture(prior=None, n_init=20, random_state=0)
    found = mixture.select(dataset("carcinoma").values, range(1, 6), criterion="aic")
    assert found.best.n_components == 3
    assert mixture.facts_["n_rows"] == 118
    assert mixture.facts_["n_patterns"] == 20


def test_mixed_columns_are_searched():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 300)
    rows = pd.DataFrame(
        {
            "x": rng.normal(4 * label, 1),
            "c": np.where(rng.random(300) < 0.1 + 0.8 * label, "a", "b"),
        }
    )
    mixture = MixedMixture(blocks={"gaussian": ["x"], "categorical": ["c"]}, random_state=0)
    assert mixture.select(rows, range(1, 4)).best.n_components == 2
    assert set(mixture.sample(9)[0][:, 1]) <= {"a", "b"}


def test_sizes_that_one_draw_a_row_cannot_tell_are_refused():
    rows = np.eye(4)[np.random.default_rng(0).integers(0, 4, 50)]
    mixture = MultinomialMixture(random_state=0)
    found = mixture.select(rows, range(1, 4))
    assert found.best.n_components == 1
    failures = [candidate.failure for candidate in found.candidates if candidate.result is None]
    assert len(failures) == 2
    assert all("one draw" in failure for failure in failures)
    assert "one draw" not in mixture.summary()
    override = MultinomialMixture(allow_unidentified=True, prior=None, random_state=0)
    with pytest.warns(MixturaWarning, match="not identified"):
        assert override.select(rows, [2]).best.n_components == 2


def test_short_rows_are_told_of_for_the_size_that_is_chosen():
    rng = np.random.default_rng(0)
    rows = rng.multinomial(np.repeat([2, 30], [70, 30]), [0.2, 0.5, 0.3])
    mixture = MultinomialMixture(random_state=0)
    assert mixture.select(rows, range(1, 4)).best.n_components == 1
    assert "fewer than 2K-1" not in mixture.summary()
    with pytest.warns(MixturaWarning, match="70 of 100 rows have fewer than 2K-1 = 3 draws"):
        mixture.select(rows, [2])


@pytest.mark.parametrize(
    ("sizes", "settings", "error", "words"),
    [
        ([], {}, ParameterError, "empty"),
        ([0, 1], {}, ParameterError, "from 1 up"),
        ("3", {}, ParameterError, "'3'"),
        ([1], {"criterion": "best"}, ParameterError, "criterion"),
        ([500], {}, DataError, "n_samples"),
    ],
)
def test_searches_that_cannot_be_are_refused(sizes, settings, error, words):
    with pytest.raises(error, match=words):
        CategoricalMixture().select(dataset("carcinoma").values, sizes, **settings)


def test_more_components_than_patterns_are_not_tried():
    found = CategoricalMixture(random_state=0).select([["a"], ["b"]] * 9, range(1, 6))
    assert [candidate.n_components for candidate in found.candidates] == [1, 2]
