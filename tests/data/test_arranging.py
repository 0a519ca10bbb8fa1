"""Rows beyond memory are sorted by what they lack as rows in memory are, in runs of any size."""

import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mixtura import dataset
from mixtura.arrays import order_by_pattern
from mixtura.data import arranging
from mixtura.data.arranging import arranged

pytestmark = pytest.mark.drawn(4)


def gappy(n_rows, n_columns, share, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, n_columns))
    rows[rng.random(rows.shape) < share] = np.nan
    return rows


def content(rows):
    return rows.block(0, len(rows)).rows


@pytest.mark.parametrize(("run", "merged"), [(1, 1), (100, 64), (3000, 10**6), (10**7, 1)])
@pytest.mark.parametrize(("n_columns", "share"), [(3, 0.3), (40, 0.1), (9, 0.9)])
def test_rows_stand_as_they_do_in_memory(tmp_path, monkeypatch, run, merged, n_columns, share):
    monkeypatch.setattr(arranging, "RUN_CELLS", run)
    monkeypatch.setattr(arranging, "MERGED_CELLS", merged)
    monkeypatch.setattr("mixtura.data.spool.CHUNK_CELLS", 70)
    rows = gappy(500, n_columns, share)
    with dataset([rows], memory=0, cache=tmp_path) as data:
        found = arranged(data.rows, lambda cells: cells, slice(None))
        told = rows[~np.isnan(rows).all(axis=1)]
        assert_array_equal(content(found), told[order_by_pattern(told)])
        # Of the runs nothing is left.
        assert len(os.listdir(tmp_path)) == 2
        some = arranged(data.rows, lambda cells: cells, slice(1, 3))
        assert_array_equal(content(some), told[order_by_pattern(told[:, 1:3])])
    del found, some
    assert not os.listdir(tmp_path)


def test_rows_that_weigh_nothing_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("mixtura.data.spool.CHUNK_CELLS", 70)
    import pandas as pd

    rows = gappy(500, 3, 0.3)
    weights = np.random.default_rng(1).choice([0.0, 0.5, 2.0], 500)
    frame = pd.DataFrame(rows, columns=list("abc")).assign(w=weights)
    with dataset(frame, weights="w", memory=0, cache=tmp_path) as data:
        assert_array_equal(np.concatenate(list(data.batches())), rows)
        assert_array_equal(data.row_weights, weights)
        found = arranged(data.rows, lambda cells: 2 * cells, None)
        kept = (weights > 0) & ~np.isnan(rows).all(axis=1)
        assert_array_equal(content(found), 2 * rows[kept])
        assert_array_equal(found.row_weights(0, len(found)), weights[kept])
        assert found.total_weight == weights[kept].sum()
        assert found.survey.n_weightless == 0
