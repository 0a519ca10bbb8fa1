"""Missing cells are found, counted and sorted by pattern; samples and moments leave them out."""

import numpy as np
import pytest

from mixtura.arrays import order_by_pattern
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.data.distinct import content_subsample
from mixtura.data.gaps import Gaps, has_gaps, lack_all, with_one_nan

NAN = np.nan


@pytest.mark.filterwarnings("error")
def test_an_overflowing_sum_is_not_taken_for_a_gap() -> None:
    assert not has_gaps(np.array([[1e308, 1e308], [-1e308, -1e308], [1e308, -1e308]]))
    assert has_gaps(np.array([[1.0, NAN]]))
    assert not has_gaps(np.array([[1, 2]]))


@pytest.mark.parametrize("n_columns", [3, 11, 70])
def test_rows_of_one_pattern_stand_together(n_columns: int) -> None:
    rng = np.random.default_rng(n_columns)
    rows = rng.normal(size=(400, n_columns))
    rows[rng.random(rows.shape) < 2 / n_columns] = NAN
    order = order_by_pattern(rows)
    assert sorted(order.tolist()) == list(range(400))
    patterns = [tuple(row) for row in np.isnan(rows[order]).tolist()]
    changes = sum(one != other for one, other in zip(patterns[1:], patterns, strict=False))
    assert changes == len(set(patterns)) - 1


def test_patterns_stand_as_words_of_missing_columns_do_in_a_dictionary() -> None:
    rng = np.random.default_rng(0)
    rows = np.where(rng.random((300, 9)) < 0.3, NAN, 1.0)
    words = [tuple(np.flatnonzero(row)) for row in np.isnan(rows)]
    assert order_by_pattern(rows).tolist() == sorted(range(300), key=words.__getitem__)


def test_cells_rows_and_patterns_are_counted() -> None:
    rows = np.array([[1, NAN], [2, NAN], [3, 4], [NAN, NAN]])
    words = Gaps.of(rows).words()
    assert words.startswith("4 of 8 cells are missing, in 3 of 4 rows and 3 patterns")
    mixed = np.array([[1, -1], [NAN, 0], [-3, 2]])
    words = Gaps.among([mixed[:1], mixed[1:]], [False, True]).words()
    assert words.startswith("2 of 6 cells are missing, in 2 of 3 rows and 3 patterns")
    assert lack_all(rows).tolist() == [False, False, False, True]
    assert lack_all(np.array([[-1, 0], [-1, -1]])).tolist() == [False, True]


def test_nan_of_any_bits_is_one_value() -> None:
    other = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)[0]
    rows = with_one_nan(np.array([[1.0, other], [1.0, NAN], [2.0, NAN]]))
    found, weights = content_subsample(rows, None, 10, 0)
    assert len(found) == 2
    assert sorted(weights.tolist()) == [1.0, 2.0]
    assert np.isnan(found[:, 1]).all()


def test_moments_of_columns_are_those_of_the_cells_there_are() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal([5.0, -1e9, 1e-5], [1.0, 2.0, 1e-7], (300, 3))
    rows[rng.random(rows.shape) < 0.3] = NAN
    rows[0] = NAN
    mean, spread = column_moments(ArrayRows(rows))
    np.testing.assert_allclose(mean, np.nanmean(rows, axis=0), rtol=1e-12)
    np.testing.assert_allclose(spread, np.nanstd(rows, axis=0), rtol=1e-6)
    weights = rng.integers(1, 4, 300).astype(float)
    weighted = column_moments(ArrayRows(rows, weights))
    repeated = column_moments(ArrayRows(np.repeat(rows, weights.astype(int), axis=0)))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)


def test_cells_of_a_block_are_called_so() -> None:
    words = Gaps.of(np.array([[1, NAN], [NAN, NAN]])).words("gaussian")
    assert words.startswith("3 of 4 gaussian cells are missing")
    assert "1 row(s) have no gaussian cell at all; only their other cells count" in words


@pytest.mark.parametrize("n_columns", [3, 11, 70])
def test_gaps_of_rows_that_lie_column_by_column_are_the_same(n_columns: int) -> None:
    rng = np.random.default_rng(n_columns)
    rows = rng.normal(size=(40, n_columns))
    rows[rng.random(rows.shape) < 0.1] = NAN
    assert Gaps.of(np.asfortranarray(rows)) == Gaps.of(rows)
    assert len(Gaps.of(rows).patterns) == len({tuple(row) for row in np.isnan(rows).tolist()})
