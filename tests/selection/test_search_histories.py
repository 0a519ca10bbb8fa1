"""The histories of cells that were fitted on to their ends."""

import warnings

import numpy as np
import pytest

from mixtura import select
from mixtura.em.history import History, Step


def history(*objectives: float) -> History:
    return History([Step(each, each, each) for each in objectives], rejected=1)


def test_a_run_that_goes_on_has_the_steps_before_it() -> None:
    joined = history(-5.0, -4.0).following(history(-9.0, -5.0))
    assert joined.objective == [-9.0, -5.0, -4.0]
    assert joined.rejected == 2


def test_a_run_from_other_rows_has_its_own_steps_only() -> None:
    own = history(-7.0, -4.0)
    assert own.following(history(-9.0, -5.0)) is own
    assert own.largest_fall == 0.0


@pytest.mark.parametrize("number", range(12))
def test_no_cell_of_a_search_tells_of_a_fall(number: int, fresh_seed: int) -> None:
    rng = np.random.default_rng([fresh_seed, number])
    rows = rng.random((int(rng.integers(10, 30)), int(rng.integers(1, 3))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = select(rows, range(1, 4), ["VII", "VVE"], random_state=0)
    for one in found.candidates:
        assert one.result is not None
        objective = one.result.history.objective
        assert one.result.history.largest_fall <= 1e-8 * max(map(abs, objective))
