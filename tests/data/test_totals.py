"""Sums of weights are those of exact arithmetic, in any order and however they are cut."""

from fractions import Fraction
from math import fsum, ulp

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mixtura.data.totals import Totals, sums_of_runs, total, total_of_parts

WEIGHTS = st.lists(
    st.floats(0, 1e300, allow_subnormal=True) | st.sampled_from([0.0, 0.1, 1e-320, 3.0, 7e17]),
    min_size=1,
    max_size=40,
).map(np.array)


@given(WEIGHTS)
@example(np.array([1.0, 9.26051219e299, 9.29643899e299, 9.29643899e299]))
def test_a_sum_is_the_exact_one_rounded_but_for_what_four_digits_leave_out(weights):
    found = total(weights)
    left_out = len(weights) * Fraction(weights.max()) / 2**93
    off = abs(Fraction(found) - sum(map(Fraction, weights)))
    assert off <= Fraction(ulp(found)) / 2 + left_out


@given(WEIGHTS, st.randoms(use_true_random=False), st.integers(1, 6))
def test_neither_order_nor_cut_matters(weights, random, n_parts):
    mixed = list(weights)
    random.shuffle(mixed)
    parts = [part for part in np.array_split(np.array(mixed), n_parts) if len(part)]
    assert total_of_parts(parts) == total(weights)
    found = Totals.concatenated(Totals.of(part).summed(np.array([0])) for part in parts)
    own = found.summed(np.array([0])).values()[0]
    assert own == sums_of_runs(weights, np.array([0]))[0]
    assert own == pytest.approx(fsum(weights), rel=4e-16, abs=0)


@given(st.lists(st.integers(0, 2**46), min_size=1, max_size=60))
def test_whole_numbers_add_up_to_whole_numbers(numbers):
    weights = np.array(numbers, dtype=np.float64)
    assert total(weights) == sum(numbers)
    assert sums_of_runs(weights, np.array([0]))[0] == sum(numbers)


@given(WEIGHTS)
def test_a_weight_alone_stays_what_it_is(weights):
    np.testing.assert_array_equal(Totals.of(weights).values(), weights)


def test_light_weights_of_other_runs_are_not_lost():
    found = sums_of_runs(np.array([1e-200, 1e-200, 0.3, 1e200]), np.array([0, 2, 3]))
    assert found.tolist() == [2e-200, 0.3, 1e200]
    assert Fraction(found[0]) == 2 * Fraction(1e-200)


def test_a_sum_beyond_the_floats_is_infinite():
    assert total(np.full(3, 1e308)) == np.inf
