"""Rows of counts in memory, dense and sparse: views of ranges, and samples by contents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from mixtura.data import CountRows
from mixtura.data.sparse import CsrRows


def rows_of(seed, n_rows=40, n_columns=6):
    rng = np.random.default_rng(seed)
    return rng.poisson(0.4, (n_rows, n_columns)).astype(float)


@given(
    seed=st.integers(0, 99),
    start=st.one_of(st.none(), st.integers(-50, 50)),
    stop=st.one_of(st.none(), st.integers(-50, 50)),
)
def test_a_range_of_rows_is_that_range(seed, start, stop):
    rows = rows_of(seed)
    found = CsrRows(rows)[start:stop]
    assert isinstance(found, CsrRows)
    np.testing.assert_array_equal(found.toarray(), rows[start:stop])


def test_a_range_of_rows_is_no_copy():
    rows = CsrRows(rows_of(0))
    found = rows[5:30]
    assert np.shares_memory(found.data, rows.data)
    assert np.shares_memory(found.indices, rows.indices)
    np.testing.assert_array_equal(found[3:4].toarray(), rows.toarray()[8:9])


def test_other_indices_are_scipys():
    rows = rows_of(0)
    found = CsrRows(rows)
    mask = np.arange(40) % 3 == 0
    for key in (mask, np.array([3, 1, 1]), slice(None, None, 2), (slice(0, 4), slice(1, 3))):
        np.testing.assert_array_equal(found[key].toarray(), rows[key])


@pytest.mark.parametrize("size", [3, 10, 1000])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_subsample_is_the_same_for_dense_and_sparse_rows_in_any_order(size, weighted):
    rows = rows_of(1, 200, 3)
    rng = np.random.default_rng(0)
    weights = rng.integers(1, 5, 200) * 1.0 if weighted else None
    order = rng.permutation(200)
    dense, dense_weights = CountRows(rows, weights).subsample(size, 7)
    thin, thin_weights = CountRows(sparse.csr_array(rows), weights).subsample(size, 7)
    mixed, mixed_weights = CountRows(
        rows[order], None if weights is None else weights[order]
    ).subsample(size, 7)
    np.testing.assert_array_equal(thin.toarray(), dense)
    np.testing.assert_array_equal(mixed, dense)
    np.testing.assert_array_equal(thin_weights, dense_weights)
    np.testing.assert_array_equal(mixed_weights, dense_weights)
    assert len(dense) == min(size, len(np.unique(rows, axis=0)))
    assert len(np.unique(dense, axis=0)) == len(dense)
    assert dense_weights.sum() == pytest.approx(200 if weights is None else weights.sum())


def test_distinct_rows_are_counted_as_far_as_asked():
    rows = rows_of(2, 500, 2)
    distinct = len(np.unique(rows, axis=0))
    for given_rows in (rows, sparse.csr_array(rows)):
        assert CountRows(given_rows).count_distinct(10**6) == distinct
        assert CountRows(given_rows).count_distinct(2) == 2


def test_blocks_have_their_weights():
    source = CountRows(sparse.csr_array(rows_of(0)), np.arange(1.0, 41.0))
    block = source.block(3, 9)
    np.testing.assert_array_equal(block.weights, np.arange(4.0, 10.0))
    assert (source.n_rows, source.n_columns, source.total_weight) == (40, 6, 820.0)
