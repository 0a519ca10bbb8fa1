"""The sample of rows that come block by block is the one drawn of the rows in memory."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from mixtura.data import streamed_sample as streaming
from mixtura.data.distinct import content_subsample, subsample_of_cells
from mixtura.data.streamed_sample import streamed_sample
from mixtura.data.survey import Survey
from mixtura.data.totals import total


def blocks_of(rows, n_blocks, weights=None):
    parts = np.array_split(np.arange(len(rows)), n_blocks)
    return lambda: ((rows[p], None if weights is None else weights[p]) for p in parts if len(p))


@st.composite
def repeated_rows(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels, n_rows = draw(st.sampled_from([2, 30, 10**6])), draw(st.integers(1, 400))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    rows = rng.integers(levels, size=(n_rows, draw(st.integers(1, 3)))).astype(dtype)
    return np.repeat(rows, rng.integers(1, 6, n_rows), axis=0)


@given(repeated_rows(), st.integers(1, 300), st.integers(1, 9), st.integers(0, 2**31))
def test_it_is_that_of_the_rows_in_memory(rows, size, n_blocks, seed):
    found = streamed_sample(
        blocks_of(rows, n_blocks), len(rows), lambda places: rows[places], size, seed
    )
    for own, expected in zip(found, content_subsample(rows, None, size, seed), strict=True):
        assert own.dtype == expected.dtype
        assert_array_equal(own, expected)


@given(repeated_rows(), st.integers(1, 300), st.integers(1, 9), st.integers(0, 2**31))
def test_it_is_that_of_rows_that_are_told_apart_by_their_cells(rows, size, n_blocks, seed):
    rows = rows.astype(np.float64)
    found = streamed_sample(
        blocks_of(rows, n_blocks), len(rows), lambda p: rows[p], size, seed, by_cells=True
    )
    for own, expected in zip(found, subsample_of_cells(rows, None, size, seed), strict=True):
        assert_array_equal(own, expected)


@pytest.mark.parametrize("by_cells", [False, True])
@given(repeated_rows(), st.integers(1, 300), st.integers(1, 9), st.integers(0, 2**31))
def test_it_is_that_of_rows_with_weights(by_cells, rows, size, n_blocks, seed):
    rows = rows.astype(np.float64)
    rng = np.random.default_rng(seed)
    weights = rng.choice([0.0, 0.1, 0.7, 3.0, 1e-200, 1e9], len(rows))
    weights[rng.integers(len(rows))] = 0.3
    in_memory = subsample_of_cells if by_cells else content_subsample
    found = streamed_sample(
        blocks_of(rows, n_blocks, weights),
        total(weights),
        lambda places: rows[places],
        size,
        seed,
        heaviest=weights.max(),
        by_cells=by_cells,
    )
    for own, expected in zip(found, in_memory(rows, weights, size, seed), strict=True):
        assert_array_equal(own, expected)


@pytest.mark.parametrize("by_cells", [False, True])
@given(repeated_rows(), st.integers(1, 300), st.booleans(), st.integers(0, 2**31))
def test_it_is_the_same_where_buckets_are_crowded(by_cells, rows, size, weighed, seed):
    rows = rows.astype(np.float64)
    weights = np.random.default_rng(seed).choice([0.1, 0.7, 3.0], len(rows)) if weighed else None
    in_memory = subsample_of_cells if by_cells else content_subsample
    with patch.multiple(streaming, BUCKETS=16, CROWDED=0):
        found = streamed_sample(
            blocks_of(rows, 3, weights),
            len(rows) if weights is None else total(weights),
            lambda places: rows[places],
            size,
            seed,
            heaviest=3.0 if weighed else 1.0,
            by_cells=by_cells,
        )
    for own, expected in zip(found, in_memory(rows, weights, size, seed), strict=True):
        assert_array_equal(own, expected)


def test_what_is_held_does_not_grow_with_the_rows():
    held = []

    def counted(parts, of=streaming._Found.of):
        held.append(sum(len(part.hashes) for part in parts))
        return of(parts)

    for n_rows in (4_000, 64_000):
        rows = np.random.default_rng(2).normal(size=(n_rows, 2))
        with (
            patch.multiple(streaming, BUCKETS=1 << 11),
            patch.object(streaming._Found, "of", counted),
        ):
            streamed_sample(blocks_of(rows, 100), n_rows, lambda p, rows=rows: rows[p], 100, 7)
    assert held[1] < 2 * held[0]


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_as_many_as_there_are_distinct_rows(extra):
    rows = np.repeat(np.arange(50.0)[:, None], 3, axis=0)
    found = streamed_sample(blocks_of(rows, 4), 150, lambda p: rows[p], 50 + extra, 0)
    expected = content_subsample(rows, None, 50 + extra, 0)
    assert_array_equal(found[0], expected[0])
    assert_array_equal(found[1], expected[1])


def test_what_is_held_stays_small(monkeypatch):
    monkeypatch.setattr(streaming, "HELD", 64)
    monkeypatch.setattr(streaming, "BUCKETS", 16)
    rows = np.random.default_rng(0).normal(size=(5000, 2))
    found = streamed_sample(blocks_of(rows, 100), 5000, lambda p: rows[p], 30, 7)
    assert_array_equal(found[0], content_subsample(rows, None, 30, 7)[0])


def test_positions_that_are_asked_for_rise():
    rows = np.random.default_rng(1).normal(size=(3000, 2))
    asked = []

    def take(places):
        asked.append(places)
        return rows[places]

    streamed_sample(blocks_of(rows, 7), 3000, take, 100, 0)
    assert (np.diff(asked[0]) > 0).all()


@given(st.integers(0, 2**32), st.integers(1, 6), st.booleans())
def test_surveys_add_up(seed, n_parts, gappy):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(rng.integers(1, 60), 3))
    if gappy:
        rows[rng.random(rows.shape) < 0.3] = np.nan
    parts = [Survey.of(part) for part in np.array_split(rows, n_parts) if len(part)]
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    whole = Survey.of(rows)
    assert found.n_rows == len(rows)
    assert_array_equal(found.lowest, whole.lowest)
    assert_array_equal(found.highest, whole.highest)
    assert_array_equal(found.n_missing, np.isnan(rows).sum(axis=0))
    with np.errstate(invalid="ignore"):
        expected = np.fmax.reduce(rows, axis=0) - np.fmin.reduce(rows, axis=0)
    assert_array_equal(found.spread, np.nan_to_num(expected))
