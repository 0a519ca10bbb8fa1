"""Groups in which levels are absent, and tests of groups by how rows were drawn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from ordinal_cases import drawn as drawn_ordinal

from mixtura import BernoulliMixture, CategoricalMixture, SurveyDesign, invariance_test

pytestmark = pytest.mark.drawn(3, among="file")

PRECISE = {"prior": None, "tol": 1e-10, "max_iter": 5000, "random_state": 0}


def clustered(n_clusters=150, size=4, seed=0):
    """Return answers of clusters whose rows are of one class as a rule, groups and clusters."""
    rng = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(n_clusters), size)
    own = rng.random(n_clusters) < 0.5
    classes = np.where(
        rng.random(len(clusters)) < 0.8, own[clusters], rng.random(len(clusters)) < 0.5
    )
    chances = np.where(classes[:, None], [0.9, 0.85, 0.8, 0.9], [0.1, 0.2, 0.15, 0.2])
    answers = (rng.random(chances.shape) < chances).astype(float)
    return answers, (clusters % 2), clusters


@pytest.mark.parametrize("ordinal", [None, [0, 1]])
def test_df_are_those_of_the_groups_own_fits_where_some_have_no_such_answer(ordinal) -> None:
    rows = drawn_ordinal(600, 3, 2)
    groups = np.arange(600) % 2
    kept = (groups == 0) | ((rows[:, 0] != 5) & (rows[:, 2] != 1))
    rows, groups = rows[kept], groups[kept]
    settings = {"n_init": 3, "random_state": 0, "ordinal": ordinal}
    model = CategoricalMixture(2, **settings).fit(rows)
    found = invariance_test(model, rows, groups, free=[0], items=False)
    own = [CategoricalMixture(2, **settings).fit(rows[groups == g]) for g in (0, 1)]
    assert found.models["free"].n_parameters == sum(one.n_parameters_ for one in own)
    assert found.models["equal"].n_parameters == model.n_parameters_ + 1
    # In the second group the first item has one level less.
    more = (4 + 1) + (3 + 1) - (4 + 1) if ordinal else 2 * 3
    assert found.models["partial"].n_parameters == model.n_parameters_ + 1 + more


def test_an_answer_that_all_of_a_group_give_is_no_parameter() -> None:
    answers, groups, _ = clustered()
    answers[groups == 1, 2] = 1.0
    model = BernoulliMixture(2, n_init=3, random_state=0).fit(answers)
    found = invariance_test(model, answers, groups, items=False)
    assert found.models["free"].n_parameters == 9 + 7


def test_pairs_drawn_together_say_what_one_of_them_says() -> None:
    answers, groups, _ = clustered(100)
    model = BernoulliMixture(2, n_init=3, **PRECISE).fit(answers)
    once = invariance_test(
        model, answers, groups, free=[1], survey=SurveyDesign(clusters=np.arange(400)), prior=None
    )
    twice = np.repeat(np.arange(400), 2)
    pairs = invariance_test(
        model,
        answers[twice],
        groups[twice],
        free=[1],
        survey=SurveyDesign(clusters=twice, weights=np.full(800, 37.0)),
        prior=None,
    )
    for name, test in once.tests.items():
        assert pairs.tests[name].df == test.df
        assert pairs.tests[name].statistic == pytest.approx(test.statistic, rel=1e-3, abs=1e-3)
    for one, other in zip(once.items, pairs.items, strict=True):
        assert other.test.statistic == pytest.approx(one.test.statistic, rel=1e-3, abs=1e-3)
    assert "effects of the design" in str(pairs.summary())
    plain = invariance_test(model, answers, groups, items=False, prior=None)
    assert "effects of the design" not in str(plain.summary())
    weighed = plain.models["equal"].log_likelihood
    assert once.models["equal"].log_likelihood == pytest.approx(weighed, abs=1e-4)


def test_ratios_by_a_design_have_the_size_of_their_df_and_plain_ones_are_too_large() -> None:
    scaled, plain = [], []
    for seed in range(24):
        answers, groups, clusters = clustered(seed=seed + 10)
        model = BernoulliMixture(2, random_state=0).fit(answers)
        asked = {"items": False, "n_init": 1}
        own = invariance_test(
            model, answers, groups, survey=SurveyDesign(clusters=clusters), **asked
        )
        scaled.append(own.tests["homogeneous", "equal"].statistic)
        plain.append(
            invariance_test(model, answers, groups, **asked).tests["homogeneous", "equal"].statistic
        )
    margin = 4.0 * np.sqrt(2.0 / len(scaled))
    assert abs(np.mean(scaled) - 1.0) < margin
    assert np.mean(plain) > np.mean(scaled) + 0.5
    effects = np.array(plain) / np.array(scaled)
    # Rows of four that are of one class with correlation 0.64 count for less by 1 + 3 x 0.64, but
    # for what answers do not tell of classes.
    assert_allclose(np.median(effects), 1 + 3 * 0.64, atol=0.6)
