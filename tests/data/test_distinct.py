"""Distinct rows and samples of them depend on contents alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from mixtura.data import distinct
from mixtura.data.distinct import content_subsample, count_distinct, distinct_rows

Float = NDArray[np.float64]

VALUES = st.sampled_from([-1.0, -0.0, 0.0, 0.5, 1.0, 1e300, 5e-324])
ROWS = st.tuples(st.integers(0, 60), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=VALUES)
)
SEEDS = st.integers(-(2**70), 2**70)
SIZES = st.integers(1, 30)


def plainly(rows: Float, weights: Float | None) -> dict[tuple[float, ...], list[float]]:
    found: dict[tuple[float, ...], list[float]] = {}
    for n, row in enumerate(rows.tolist()):
        weight = 1.0 if weights is None else float(weights[n])
        if weight > 0:
            found.setdefault(tuple(row), []).append(weight)
    return found


def assert_same(first: tuple[Float, Float], second: tuple[Float, Float]) -> None:
    assert first[0].dtype == second[0].dtype
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1].tobytes() == second[1].tobytes()


def drawn_weights(rows: Float, seed: int) -> Float:
    return np.random.default_rng(abs(seed)).choice([0.0, 0.1, 0.7, 1.0, 3.0, 1e-200], len(rows))


@given(ROWS, SEEDS, st.booleans())
def test_distinct_rows_are_those_of_a_dictionary(rows: Float, seed: int, weighted: bool) -> None:
    weights = drawn_weights(rows, seed) if weighted else None
    found, totals = distinct_rows(rows, weights)
    expected = sorted(plainly(rows, weights).items())
    assert [tuple(row) for row in found.tolist()] == [row for row, _ in expected]
    np.testing.assert_allclose(totals, [sum(parts) for _, parts in expected], rtol=1e-15)
    assert not np.signbit(found[found == 0]).any()
    assert_same(distinct_rows(rows, weights, 3), (found[:3], totals[:3]))


@given(ROWS, st.integers(0, 70))
def test_counting_stops_at_the_bound(rows: Float, at_least: int) -> None:
    assert count_distinct(rows, at_least) == min(len(plainly(rows, None)), at_least)


@given(ROWS, SEEDS, SIZES)
def test_the_order_of_rows_changes_nothing(rows: Float, seed: int, size: int) -> None:
    weights = drawn_weights(rows, seed)
    order = np.random.default_rng(1).permutation(len(rows))
    assert_same(distinct_rows(rows, weights), distinct_rows(rows[order], weights[order]))
    assert_same(
        content_subsample(rows, weights, size, seed),
        content_subsample(rows[order], weights[order], size, seed),
    )


@given(ROWS, SEEDS, SIZES)
def test_a_repeated_row_is_a_row_of_greater_weight(rows: Float, seed: int, size: int) -> None:
    times = np.random.default_rng(2).integers(0, 4, len(rows))
    repeated, weights = np.repeat(rows, times, axis=0), times.astype(np.float64)
    assert_same(distinct_rows(repeated), distinct_rows(rows, weights))
    assert_same(
        content_subsample(repeated, None, size, seed),
        content_subsample(rows, weights, size, seed),
    )
    assert_same(
        content_subsample(*distinct_rows(repeated), size, seed),
        content_subsample(rows, weights, size, seed),
    )


@given(ROWS, SEEDS, SIZES)
def test_a_sample_holds_distinct_rows_and_the_whole_weight(
    rows: Float, seed: int, size: int
) -> None:
    whole, totals = distinct_rows(rows)
    found, weights = content_subsample(rows, None, size, seed)
    if len(whole) <= size:
        assert_same((found, weights), (whole, totals))
    else:
        assert len(found) == size
        assert set(map(tuple, found.tolist())) <= set(map(tuple, whole.tolist()))
        assert [tuple(row) for row in found.tolist()] == sorted(map(tuple, found.tolist()))
        assert len(set(map(tuple, found.tolist()))) == size
        np.testing.assert_allclose(weights, totals.sum() / size)


def test_layout_and_precision_change_nothing_but_the_type() -> None:
    rows = np.random.default_rng(3).normal(size=(20_000, 3)).astype(np.float32)
    expected = content_subsample(rows.astype(np.float64), None, 100, 4)
    for layout in (rows, np.asfortranarray(rows), np.repeat(rows, 2, axis=1)[:, ::2]):
        found, weights = content_subsample(layout, None, 100, 4)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected[0])
        np.testing.assert_array_equal(weights, expected[1])


def test_another_seed_draws_another_sample() -> None:
    rows = np.random.default_rng(4).normal(size=(5000, 2))
    samples = [content_subsample(rows, None, 50, seed)[0] for seed in range(40)]
    common = [np.isin(a[:, 0], b[:, 0]).sum() for a in samples for b in samples if a is not b]
    # Two samples of 50 among 5000 share 0.5 rows on average, here over 1560 dependent pairs.
    assert 0.3 < np.mean(common) < 0.7


@pytest.mark.parametrize("columns", [1, 6])
def test_each_distinct_row_of_equal_weight_is_drawn_as_often(columns: int) -> None:
    rows = np.indices((3,) * columns).reshape(columns, -1).T.astype(np.float64)[:300]
    size, n_seeds = max(len(rows) // 3, 1), 3000
    drawn = np.zeros(len(rows))
    for seed in range(n_seeds):
        found, _ = content_subsample(rows, None, size, seed)
        drawn[(found @ 3.0 ** np.arange(columns)[::-1]).astype(int)] += 1
    share = size / len(rows)
    scores = (drawn - n_seeds * share) / np.sqrt(n_seeds * share * (1 - share))
    assert np.abs(scores).max() < 4.5
    assert scores.std() < 1.2


def test_a_single_draw_is_proportional_to_weight() -> None:
    rows, weights = np.arange(4.0)[:, None], np.array([1.0, 2.0, 3.0, 4.0]) * 1e-310
    seeds = 4000
    drawn = np.bincount(
        [int(content_subsample(rows, weights, 1, seed)[0][0, 0]) for seed in range(seeds)]
    )
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    assert (np.abs(drawn - seeds * shares) < 4 * np.sqrt(seeds * shares * (1 - shares))).all()


def test_a_sample_keeps_the_mean_and_spread_of_the_whole() -> None:
    rng = np.random.default_rng(6)
    rows = np.concatenate([rng.normal(size=(90_000, 2)), rng.normal(8.0, 1.0, (10_000, 2))])
    found, weights = content_subsample(rows, None, 4000, 0)
    np.testing.assert_allclose(np.average(found, axis=0, weights=weights), 0.8, atol=0.17)
    np.testing.assert_allclose((found[:, 0] > 4).mean(), 0.1, atol=0.02)


def test_rows_that_share_a_hash_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = distinct.hashes_of

    def colliding(rows: Float, seed: int) -> NDArray[np.uint64]:
        hashes = hashed(rows, seed)
        return hashes % np.uint64(7) if seed == 0 else hashes

    monkeypatch.setattr(distinct, "hashes_of", colliding)
    rows = np.random.default_rng(7).integers(0, 5, (200, 2)).astype(np.float64)
    found, totals = distinct_rows(rows)
    assert len(found) == 25
    assert totals.sum() == 200


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (5, 0)])
def test_few_rows_and_no_columns_are_no_special_case(shape: tuple[int, int]) -> None:
    rows = np.zeros(shape)
    n_distinct = min(len(rows), 1)
    assert count_distinct(rows, 10) == n_distinct
    for found, totals in (distinct_rows(rows), content_subsample(rows, None, 2, 0)):
        assert found.shape == (n_distinct, shape[1])
        assert totals.tolist() == [float(len(rows))] * n_distinct


def test_rows_of_no_weight_are_dropped() -> None:
    rows = np.array([[2.0], [1.0], [2.0]])
    found, totals = distinct_rows(rows, np.array([0.0, 0.5, 0.0]))
    assert found.tolist() == [[1.0]]
    assert totals.tolist() == [0.5]
    assert distinct_rows(rows, np.zeros(3))[0].shape == (0, 1)
    assert content_subsample(rows, np.zeros(3), 1, 0)[0].shape == (0, 1)


def test_counting_looks_no_further_than_it_must() -> None:
    rows = np.random.default_rng(8).normal(size=(2_000_000, 2))
    rows[10_000:] = np.nan
    assert count_distinct(rows, 100) == 100
