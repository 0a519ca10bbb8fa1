"""Models whose likelihood means nothing stand below all others, and are said to."""

import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from nightly import first

from mixtura import BernoulliMixture, DegenerateComponentWarning, select
from mixtura.em.soundness import Soundness
from mixtura.selection import Candidate, Selection

pytestmark = pytest.mark.drawn(4)


def clusters(n_rows=120):
    rows = np.random.default_rng(2).normal(size=(n_rows, 2))
    rows[: n_rows // 2] += [5, 0]
    return rows


@cache
def plain():
    return select(clusters(), (1, 2, 3), ("EII", "VVV"), random_state=0)


@cache
def copied():
    """Return a search with a column that is there twice, whose full covariances are singular."""
    rows = clusters()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return select(np.c_[rows, rows[:, 1]], (1, 2), ("full", "diag"), random_state=0)


def doubted(candidate, soundness):
    return replace(candidate, result=replace(candidate.result, soundness=soundness))


@pytest.mark.parametrize(
    "soundness", [Soundness(unsupported=(0,)), Soundness(flat={0: (1,)}), Soundness(recovery="no")]
)
@pytest.mark.parametrize("criterion", ["bic", "icl", "aic"])
def test_a_fit_that_only_a_prior_keeps_finite_ranks_below_all_others(soundness, criterion):
    order = Selection(plain().candidates, criterion).ranked
    first = order[0]
    candidates = tuple(
        doubted(one, soundness) if one is first else one for one in plain().candidates
    )
    after = Selection(candidates, criterion)
    assert after.ranked[:-1] == order[1:]
    assert after.passed_over == after.ranked[-1:]
    assert after.best is order[1]
    found = {(row["kind"], row["n_components"]): row for row in after.table()}
    own = found.pop((first.kind, first.n_components))
    assert (own["sound"], own["caution"]) == (False, after.ranked[-1].result.cautions[0])
    assert all(row["sound"] and row["caution"] is None for row in found.values())


def test_where_none_is_sound_the_criterion_alone_decides():
    candidates = tuple(
        doubted(one, Soundness(recovery="a stronger prior")) for one in plain().candidates
    )
    after = Selection(candidates)
    assert [(one.kind, one.n_components) for one in after.ranked] == [
        (one.kind, one.n_components) for one in plain().ranked
    ]
    assert after.passed_over == after.remarks == []
    assert after.grid(comparable=True) == plain().grid()


def test_a_summary_says_how_many_are_ranked_last_and_why():
    best = plain().best
    candidates = tuple(
        doubted(one, Soundness(unsupported=(1,))) if one is best else one
        for one in plain().candidates
    )
    text = Selection(candidates).summary(top=6)
    assert f"{best.kind}*" in text.splitlines()[-3]
    assert text.splitlines()[-2].startswith("* only a prior keeps it finite")
    assert text.splitlines()[-1].startswith(
        f"1 model stands below all sound ones in spite of a lower BIC; of the lowest, {best.kind} "
        f"with {best.n_components} components (BIC {best.result.bic:.3f}): component(s) 1 ("
    )
    assert "*" not in plain().summary(top=6)
    assert "stand" not in plain().summary(top=6)


def test_a_column_that_is_there_twice_does_not_win():
    selection = copied()
    assert (selection.best.kind, selection.best.n_components) == ("VVI", 2)
    assert {one.kind for one in selection.passed_over} <= {"EEE", "VVV"}
    lowest = min(selection.candidates, key=lambda one: one.value("bic"))
    assert not lowest.is_sound
    assert "only the prior keeps them finite" in lowest.cautions[0]
    assert np.isfinite(selection.grid()[lowest.kind][lowest.n_components])
    assert selection.grid(comparable=True)[lowest.kind][lowest.n_components] == np.inf


def test_the_best_sound_model_is_fitted_to_its_end():
    best = copied().result
    alone = select(
        np.c_[clusters(), clusters()[:, 1]], best.mixture.n_components, "VVI", random_state=0
    )
    assert best.log_likelihood == pytest.approx(alone.result.log_likelihood, abs=1e-3)
    assert best.remaining_gain < 1e-2


def test_a_best_model_that_is_not_sound_is_warned_of_where_it_is_asked_for():
    rows = clusters()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        selection = select(np.c_[rows, rows[:, 1]], 1, "full", random_state=0)
    assert [str(one.message) for one in caught] == selection.best.cautions
    assert "only the prior keeps" in selection.best.cautions[0]
    assert {one.category for one in caught} == {DegenerateComponentWarning}
    assert {one.filename for one in caught} == {__file__}
    assert not any("component(s)  " in caution for caution in selection.best.cautions)


def test_more_parameters_than_numbers_are_no_model():
    rows = np.random.default_rng(0).normal(size=(13, 10))
    selection = select(rows, (1, 2), ("VVV", "EEE"), prior="conjugate", random_state=0)
    # Two full covariances: 2 x (10 + 55) + 1 parameters.
    by_name = {(one.kind, one.n_components): one for one in selection.candidates}
    two = by_name["VVV", 2]
    assert two.result.n_parameters == 131 > 13 * 10
    assert two.result.soundness.is_sound
    assert not two.is_sound
    assert "131 free parameters are more than the 130 numbers" in two.cautions[0]
    assert not by_name["EEE", 2].is_outnumbered
    assert selection.ranked[-1] is two


def test_missing_cells_are_no_numbers_and_weights_count_rows():
    rows = np.random.default_rng(0).normal(size=(40, 3))
    rows[::4, 1] = np.nan
    weights = 1.0 + np.arange(40) % 2
    present = 3 * weights.sum() - weights[::4].sum()
    weighted = select(
        rows, 1, "EII", sample_weight=weights, missing="marginal", random_state=0
    ).best
    assert weighted.n_numbers == present
    plain = select(rows, 1, "EII", missing="marginal", random_state=0).best
    assert plain.n_numbers == 120 - 10
    # Weights that add up to one are no fewer rows.
    share = select(
        rows, 1, "EII", sample_weight=weights / 60, missing="marginal", random_state=0
    ).best
    assert share.n_numbers == 120 - 10


def test_a_search_of_answers_counts_its_numbers_too():
    rows = np.random.default_rng(1).integers(0, 2, (8, 3)).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        selection = BernoulliMixture(random_state=0).select(rows, (1, 6))
    for one in selection.candidates:
        assert one.is_outnumbered == (one.result.n_parameters > 24)
    assert Candidate("bernoulli", 2, failure="no").is_sound is False


@pytest.mark.parametrize(("n_draws", "enough"), first(1, [(2, 2), (20, 19)]))
def test_two_classes_are_found_in_answers_from_one_to_five(n_draws, enough):
    found = 0
    for seed in range(n_draws):
        rng = np.random.default_rng(100 + seed)
        centres = np.where(rng.integers(0, 2, 300)[:, None], 4, 2)
        rows = np.clip(np.round(centres + rng.normal(0, 0.9, (300, 4))), 1, 5)
        found += select(rows, range(1, 7), random_state=seed).best.n_components == 2
    assert found >= enough
