"""A column is measured as finely as values that repeat are apart."""

import numpy as np
import pytest

from mixtura.data import ArrayRows
from mixtura.data.resolution import JUDGED, column_steps

RNG = np.random.default_rng(0)


def steps_of(column, weights=None):
    return column_steps(ArrayRows(np.asarray(column, dtype=float)[:, None], weights))[0]


def test_answers_step_by_one():
    assert steps_of(RNG.integers(1, 6, 300)) == 1.0


@pytest.mark.parametrize("step", [0.1, 1e-6, 25.0, 1e12])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_rounded_columns_step_as_they_were_rounded(step, offset):
    column = step * (np.round(RNG.normal(0, 5, 400)) + offset)
    assert steps_of(column) == pytest.approx(step, rel=1e-9)


def test_columns_without_ties_have_no_step():
    assert steps_of(RNG.normal(size=500)) == 0.0


def test_one_value_that_repeats_is_no_step():
    assert steps_of(np.r_[np.zeros(100), RNG.normal(size=200)]) == 0.0


def test_a_value_typed_wrong_makes_no_column_finer():
    assert steps_of([*RNG.integers(1, 6, 300), 3.0001]) == 1.0


def test_last_digits_are_no_step():
    column = np.round(RNG.normal(size=500), 1)
    noisy = np.r_[column, column * (1 + 1e-15)]
    assert steps_of(noisy) == pytest.approx(0.1, rel=1e-9)


@pytest.mark.parametrize("factor", [1e-100, 1e-3, 2.0, 1e6])
def test_the_sum_of_the_weights_does_not_matter(factor):
    rows = np.column_stack([RNG.integers(0, 4, 200), RNG.normal(size=200)]).astype(float)
    weights = RNG.uniform(0.5, 2, 200)
    found = column_steps(ArrayRows(rows, factor * weights))
    assert found.tolist() == column_steps(ArrayRows(rows, weights)).tolist() == [1.0, 0.0]
    assert steps_of(rows[:, 0], np.full(200, factor)) == 1.0
    assert steps_of(rows[:, 1], np.full(200, factor)) == 0.0


def test_rows_that_repeat_as_a_whole_are_not_rounded():
    rows = RNG.normal(size=(30, 2))
    assert column_steps(ArrayRows(np.repeat(rows, 50, axis=0))).tolist() == [0.0, 0.0]
    assert column_steps(ArrayRows(rows, np.full(30, 50.0))).tolist() == [0.0, 0.0]


def test_a_row_of_weight_two_is_a_row_twice():
    rows = np.column_stack([RNG.integers(0, 9, 40), RNG.integers(0, 3, 40)]).astype(float)
    times = RNG.integers(1, 4, 40)
    weighted = column_steps(ArrayRows(rows, times.astype(float)))
    assert weighted.tolist() == column_steps(ArrayRows(np.repeat(rows, times, axis=0))).tolist()


def test_bins_of_a_histogram_step_by_their_width():
    counts, edges = np.histogram(RNG.normal(size=5000), 30)
    middles = (edges[1:] + edges[:-1])[counts > 0] / 2
    width = edges[1] - edges[0]
    assert steps_of(middles, counts[counts > 0].astype(float)) == pytest.approx(width, rel=1e-6)


def test_single_precision_has_fewer_digits():
    column = np.round(RNG.normal(size=400), 1).astype(np.float32)
    drifted = column + np.float32(1e-8)
    rows = np.r_[column, drifted][:, None]
    assert column_steps(ArrayRows(rows))[0] == pytest.approx(0.1, rel=1e-5)


def test_missing_cells_are_left_out_and_columns_are_apart():
    rows = np.column_stack([RNG.integers(0, 9, 200), RNG.normal(size=200)]).astype(float)
    rows[::7, 0] = np.nan
    assert column_steps(ArrayRows(rows)).tolist() == [1.0, 0.0]


def test_many_rows_are_judged_by_a_sample():
    column = np.round(RNG.normal(size=JUDGED + 1000), 2)
    assert steps_of(column) == pytest.approx(0.01, rel=1e-9)
