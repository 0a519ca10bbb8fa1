"""Slope heuristics find the slope of models that are too large, and choose before it."""

import numpy as np
import pytest
from scipy.stats import theilslopes

from mixtura import ParameterError, select
from mixtura.selection import slope_heuristic
from mixtura.selection.slope import by_slope


def test_a_line_has_its_slope_and_what_is_before_it_is_chosen() -> None:
    sizes = np.arange(1, 15) * 6 - 1
    gained = np.where(sizes < 23, 40.0 * sizes, 40.0 * 23 + 1.5 * (sizes - 23))
    windows, place, slope = by_slope(sizes, gained)
    assert slope == pytest.approx(1.5)
    assert sizes[place] == 23
    assert [window.n_models for window in windows] == list(range(3, 15))


@pytest.mark.parametrize("seed", range(3))
def test_slopes_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = np.cumsum(rng.integers(1, 9, size=10))
    gained = 2.0 * sizes + rng.normal(size=10)
    for window in by_slope(sizes, gained)[0]:
        own = slice(-window.n_models, None)
        theirs = theilslopes(gained[own], sizes[own])[0]
        assert window.slope == pytest.approx(theirs, rel=1e-12)


def test_one_model_that_ended_low_changes_no_choice() -> None:
    sizes = np.arange(1, 15) * 6 - 1
    gained = np.where(sizes < 23, 40.0 * sizes, 40.0 * 23 + 1.5 * (sizes - 23))
    gained[9] -= 200.0
    assert sizes[by_slope(sizes, gained)[1]] == 23


def test_a_constant_and_units_of_likelihood_change_nothing() -> None:
    rng = np.random.default_rng(1)
    sizes = np.arange(1, 12) * 3
    gained = np.sqrt(sizes) * 30 + rng.normal(size=11)
    one, other = by_slope(sizes, gained), by_slope(sizes, 2.0 * gained - 1e4)
    assert one[1] == other[1]
    assert other[2] == pytest.approx(2.0 * one[2], rel=1e-9)


def test_clusters_that_were_drawn_are_found_by_a_search() -> None:
    rng = np.random.default_rng(3)
    centres = np.repeat([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0], [8.0, 8.0]], 150, axis=0)
    found = select(rng.normal(size=(600, 2)) + centres, range(1, 11), "full", random_state=0)
    told = slope_heuristic(found)
    assert told.best.n_components == 4
    assert told.to_frame().shape == (8, 4)
    assert "VVV, 4 component(s)" in told.summary()


def test_a_short_search_is_refused() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(ParameterError, match="there are 3"):
        slope_heuristic(select(rows, range(1, 4), "diag", random_state=0))
