"""Row effects of tables of counts, against direct maximisation and what is known of the maximum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from ordinal_cases import log_probabilities
from scipy.optimize import minimize
from scipy.special import expit

from mixtura.components.constraints import Constraints, OrdinalItem
from mixtura.components.ordinal import is_ordinal, row_effects, with_row_effects


def tables(seed=0, n_items=3, n_classes=3, n_levels=4):
    rng = np.random.default_rng(seed)
    scores = np.sort(rng.normal(size=(n_items, n_levels)), axis=1)
    return rng.gamma(0.7, 20.0, (n_items, n_classes, n_levels)), scores


def value(counts, probabilities):
    return (counts * np.log(np.maximum(probabilities, 1e-300))).sum()


def test_the_maximum_is_where_scipy_finds_it():
    counts, scores = tables()
    found = row_effects(counts, scores)
    for own, steps, probabilities in zip(counts, scores, found, strict=True):

        def cost(point, own=own, steps=steps):
            logs = log_probabilities(point[None, :4], point[None, 4:], steps)[0]
            return -(own * logs).sum()

        best = minimize(cost, np.zeros(7), method="BFGS", options={"gtol": 1e-8})
        assert_allclose(value(own, probabilities), -best.fun, rtol=1e-12)
        logs = log_probabilities(best.x[None, :4], best.x[None, 4:], steps)[0]
        assert_allclose(probabilities, np.exp(logs), atol=1e-5)


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 7))
def test_counts_of_levels_and_mean_scores_of_classes_are_fitted(seed, n_classes, n_levels):
    """The likelihood equations of the row-effects model (Goodman 1979)."""
    counts, scores = tables(seed, 2, n_classes, n_levels)
    found = row_effects(counts, scores)
    totals = counts.sum(axis=2)
    fitted = totals[:, :, None] * found
    assert_allclose(found.sum(axis=2), 1.0)
    assert_allclose(fitted.sum(axis=1), counts.sum(axis=1), rtol=1e-4, atol=1e-4)
    means = (fitted * scores[:, None]).sum(axis=2), (counts * scores[:, None]).sum(axis=2)
    assert_allclose(*means, rtol=1e-4, atol=1e-4)
    assert is_ordinal(found[0], [OrdinalItem(0, tuple(scores[0]))])


def test_one_class_and_two_levels_have_the_shares_of_their_counts():
    for shape in ((2, 1, 5), (2, 4, 2)):
        counts, scores = tables(1, *shape)
        found = row_effects(counts, scores)
        assert_allclose(found, counts / counts.sum(axis=2, keepdims=True), atol=1e-7)


def test_scores_count_by_their_differences_only():
    counts, scores = tables(2)
    found = row_effects(counts, scores)
    assert_allclose(row_effects(counts, 7.0 - 300.0 * scores), found, atol=1e-7)
    assert_allclose(row_effects(counts[:, ::-1], scores), found[:, ::-1], atol=1e-7)
    assert_allclose(row_effects(counts[:, :, ::-1], scores[:, ::-1]), found[:, :, ::-1], atol=1e-7)


def test_steps_that_begin_at_the_maximum_stay_there():
    counts, scores = tables(3)
    found = row_effects(counts, scores)
    assert_allclose(row_effects(counts, scores, found), found, atol=1e-9)
    elsewhere = np.full(found.shape, 0.25)
    assert_allclose(row_effects(counts, scores, elsewhere), found, atol=1e-7)


def test_levels_that_nobody_chose_are_impossible_and_classes_without_rows_obey():
    counts, scores = tables(4)
    counts[0, :, 2] = 0.0
    found = row_effects(counts, scores)
    assert_array_equal(found[0, :, 2], 0.0)
    rest = row_effects(counts[:1, :, [0, 1, 3]], scores[:1, [0, 1, 3]])
    assert_allclose(found[0][:, [0, 1, 3]], rest[0], atol=1e-7)
    counts[1, 1] = 0.0
    again = row_effects(counts, scores, found)
    assert is_ordinal(again[1], [OrdinalItem(0, tuple(scores[1]))])
    assert_allclose(again[1].sum(axis=1), 1.0)
    others = row_effects(counts[1:2, [0, 2]], scores[1:2])
    assert_allclose(again[1][[0, 2]], others[0], atol=1e-6)


def test_a_class_that_always_gives_the_highest_answer_ends_there():
    counts = np.array([[[30.0, 20.0, 10.0], [0.0, 0.0, 40.0]]])
    found = row_effects(counts, np.array([[0.0, 1.0, 2.0]]))
    assert_allclose(found[0, 0], [0.5, 1 / 3, 1 / 6], atol=1e-4)
    assert found[0, 1, 2] > 1.0 - 1e-6


def test_only_ordinal_items_follow_an_order():
    counts, _ = tables(5, 1, 3, 7)
    free = counts[0] / counts[0].sum(axis=1, keepdims=True)
    items = [OrdinalItem(3, (1.0, 2.0, 4.0, 9.0))]
    found = with_row_effects(free, counts[0], items, None)
    assert_array_equal(found[:, :3], free[:, :3])
    assert is_ordinal(found, items)
    assert not is_ordinal(free, items)


def test_what_items_are_bound_to_is_told_by_parts():
    items = (OrdinalItem(0, (0.0, 1.0)), OrdinalItem(4, (2.0, 1.0, 0.0)))
    whole = Constraints(
        *(getattr(Constraints.free(2, 7), name) for name in ("values", "ties")), items
    )
    assert whole.part(slice(4, 7)).ordinal == (OrdinalItem(0, (2.0, 1.0, 0.0)),)
    assert whole.part(slice(0, 4)).ordinal == items[:1]
    assert whole.binds_none_alone
    assert not whole.is_empty
    assert whole.take([1]).ordinal == items
    assert whole.of_size(3).n_components == 3
    assert whole != Constraints.free(2, 7)
    assert hash(whole) == hash(whole.of_size(2))


@pytest.mark.parametrize("large", [1e-3, 1e6])
def test_the_size_of_counts_does_not_matter(large):
    counts, scores = tables(6)
    assert_allclose(row_effects(large * counts, scores), row_effects(counts, scores), atol=1e-6)


def cumulative_log_probabilities(thresholds, effects):
    """Return log p (K, L) of thresholds (L - 1,) that rise and effects (K,)."""
    below = expit(thresholds - effects[:, None])
    edges = np.hstack([np.zeros((len(effects), 1)), below, np.ones((len(effects), 1))])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log(np.diff(edges, axis=1))


def test_the_maximum_by_cumulative_logits_is_where_scipy_finds_it():
    counts, _ = tables(1)
    found = row_effects(counts, None)
    for own, probabilities in zip(counts, found, strict=True):

        def cost(point, own=own):
            thresholds = np.cumsum(np.append(point[0], np.exp(point[1:3])))
            return -(own * cumulative_log_probabilities(thresholds, point[3:])).sum()

        best = minimize(cost, np.zeros(6), method="BFGS", options={"gtol": 1e-8})
        assert_allclose(value(own, probabilities), -best.fun, rtol=1e-11)
        # Proportional odds: cumulative logits of classes are apart by the same everywhere.
        below = np.cumsum(probabilities, axis=1)[:, :-1]
        apart = np.diff(np.log(below / (1.0 - below)), axis=0)
        assert_allclose(np.diff(apart, axis=1), 0.0, atol=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 7))
def test_no_move_of_thresholds_and_effects_is_likelier(seed, n_classes, n_levels):
    """The slope by each threshold and effect, by finite differences, is nothing."""
    counts, _ = tables(seed, 1, n_classes, n_levels)
    found = row_effects(counts, None)[0]
    assert_allclose(found.sum(axis=1), 1.0)
    below = np.cumsum(found, axis=1)[:, :-1]
    logits = np.log(below / (1.0 - below))
    thresholds, effects = logits[0], logits[0, 0] - logits[:, 0]

    def at(point):
        logs = cumulative_log_probabilities(point[: n_levels - 1], point[n_levels - 1 :])
        return (counts[0] * logs).sum()

    point = np.concatenate([thresholds, effects])
    # In units of what the narrowest level leaves.
    step = 1e-4 * min(1.0, np.diff(thresholds).min(initial=1.0))
    here = at(point)
    for move in step * np.eye(len(point)):
        assert max(at(point + move), at(point - move)) <= here + 1e-9 * abs(here)


def test_by_cumulative_logits_too_levels_are_reversed_and_left_out_without_a_trace():
    counts, _ = tables(2)
    found = row_effects(counts, None)
    assert_allclose(row_effects(counts[:, :, ::-1], None), found[:, :, ::-1], atol=1e-6)
    assert_allclose(row_effects(counts, None, found), found, atol=1e-7)
    assert_allclose(row_effects(1e5 * counts, None), found, atol=1e-6)
    wider = np.insert(counts, 1, 0.0, axis=2)
    assert_allclose(np.delete(row_effects(wider, None), 1, axis=2), found, atol=1e-7)
    for shape in ((2, 1, 5), (2, 4, 2)):
        counts, _ = tables(1, *shape)
        shares = counts / counts.sum(axis=2, keepdims=True)
        assert_allclose(row_effects(counts, None), shares, atol=1e-6)


def test_items_of_both_links_stand_side_by_side():
    counts, scores = tables(3, 2, 3, 4)
    side = np.hstack([counts[0], counts[1]])
    order = np.array([2, 0, 3, 1])
    items = [
        OrdinalItem(0, tuple(scores[0])),
        OrdinalItem(4, tuple(np.argsort(order).astype(float)), "cumulative"),
    ]
    found = with_row_effects(side, side, items, None)
    assert_allclose(found[:, :4], row_effects(counts[:1], scores[:1])[0], atol=1e-9)
    assert_allclose(
        found[:, 4:][:, order], row_effects(counts[1:][:, :, order], None)[0], atol=1e-9
    )
    assert is_ordinal(found, items)
    assert not is_ordinal(found, [OrdinalItem(0, items[0].scores, "cumulative")])


@pytest.mark.parametrize("cumulative", [False, True])
@given(seed=st.integers(0, 10_000))
def test_steps_that_begin_far_away_and_rare_levels_end_in_probabilities(cumulative, seed):
    rng = np.random.default_rng(seed)
    counts, scores = tables(seed, 1, 3, 4)
    far = rng.dirichlet(np.full(4, 0.01), (1, 3))
    given_scores = None if cumulative else scores
    best = value(counts, row_effects(counts, given_scores))
    assert_allclose(value(counts, row_effects(counts, given_scores, far)), best, rtol=1e-8)
    rare = counts * 10.0 ** rng.integers(-30, 3, counts.shape)
    found = row_effects(rare, given_scores, far)
    assert (found >= 0).all()
    assert_allclose(found.sum(axis=2), 1.0)
    pooled = rare.sum(axis=1, keepdims=True) / rare.sum()
    with np.errstate(divide="ignore"):
        least = value(rare, np.maximum(pooled, 1e-300) * np.ones_like(rare))
        own = value(rare, np.maximum(found, 1e-300))
    # Probabilities next to 1 have so many digits.
    assert own >= least - 1e-9 * abs(least) - 1e-15 * rare.sum()


@pytest.mark.parametrize("cell", [3e-3, 1e-8])
def test_cumulative_logits_of_separated_classes_are_found_between_tiny_cells(cell):
    counts = np.array([[[337, cell, cell], [cell, cell, 2], [37, 7, cell]]])

    def lost(point):
        edges = np.cumsum([point[0], np.exp(point[1])])
        below = expit(edges - point[2:, None])
        shares = np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=(0, 1)), axis=1)
        return -(counts[0] * np.log(np.maximum(shares, 1e-300))).sum()

    starts = np.random.default_rng(0).normal(0, 5, (20, 5))
    best = min(minimize(lost, start, method="BFGS").fun for start in starts)
    assert value(counts, row_effects(counts, None)) >= -best - 1e-3


@pytest.mark.parametrize("cumulative", [False, True])
def test_nothing_lower_than_before_is_returned(cumulative, fresh_seed):
    rng = np.random.default_rng(fresh_seed)
    for _ in range(300):
        K, L = rng.integers(2, 5), int(rng.integers(3, 6))
        scores = None if cumulative else np.arange(float(L))[None]
        chosen = rng.poisson(rng.gamma(0.3, 20, (2, K, L)))
        counts = chosen[:1] + 10.0 ** rng.integers(-9, -2, (1, K, L))
        before = row_effects(chosen[1:] + 0.01, scores)
        after = row_effects(counts, scores, before)
        assert value(counts, after) >= value(counts, before) - 1e-7


@pytest.mark.parametrize("rare", [1e-16, 1e-18, 1e-40])
@pytest.mark.parametrize("cumulative", [False, True])
def test_a_level_that_noise_has_taken_costs_the_others_nothing(cumulative, rare, fresh_seed):
    rng = np.random.default_rng(fresh_seed)
    for _ in range(20):
        L = int(rng.integers(3, 7))
        counts = rng.gamma(1.0, 5.0, (1, 2, L)) + 0.01
        place = int(rng.integers(L))
        without = np.delete(counts, place, axis=2)
        scores = np.arange(float(L))[None]
        counts[:, :, place] = rare * rng.random(2)
        found = row_effects(
            counts, None if cumulative else scores, row_effects(counts + 0.01, None)
        )
        kept = None if cumulative else np.delete(scores, place, axis=1)
        expected = row_effects(without, kept)
        assert_allclose(np.delete(found, place, axis=2), expected, atol=1e-5)
        assert (found[:, :, place] < 1e-8).all()
