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


def test_a_row_of_weight_two_is_a_row_twice():
    values = np.arange(10.0) ** 2
    assert steps_of(values) == 0.0
    assert steps_of(values, np.full(10, 2.0)) == steps_of(np.repeat(values, 2)) == 1.0


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
