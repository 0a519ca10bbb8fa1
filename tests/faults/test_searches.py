"""What a search did not try, or could not fit, it says (rows 8, 9 and 32)."""

import numpy as np
import pytest

from mixtura import select


def test_row_9_sizes_above_the_number_of_distinct_rows_are_said(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    n_rows = int(rng.integers(4, 8))
    rows = np.repeat(rng.normal(size=(n_rows, 2)), 2, axis=0)
    text = select(rows, range(1, n_rows + 4), ("EII", "EEE"), random_state=0).summary()
    assert f"only {n_rows} distinct rows, so no model of {n_rows + 1} to {n_rows + 3} comp" in text
    assert "distinct" not in select(rows, (1, n_rows), "EII", random_state=0).summary()


@pytest.mark.parametrize("family", ["gaussian", "poisson", "multinomial"])
@pytest.mark.parametrize("size", [4, 9])
def test_row_8_a_size_that_is_another_is_said(size: int, family: str) -> None:
    rows = np.array([[0, 1], [5, 2], [9, 9]] * 4)
    found = select(rows, size, family=family, random_state=0)
    assert {one.n_components for one in found.candidates} == {3}
    assert f"only 3 distinct rows, so no model of {size} components was tried, but of 3" in (
        found.summary()
    )


def test_row_32_a_search_says_what_could_not_be_fitted(fresh_seed: int) -> None:
    rows = np.random.default_rng(fresh_seed).normal(size=(40, 2))
    copied = np.column_stack([rows, rows[:, 1]])
    found = select(copied, 2, ("EEE", "VVI"), prior=None, random_state=0)
    assert [one.kind for one in found.ranked] == ["VVI"]
    assert "1 model of 2 could not be fitted; EEE with 2 components: " in found.summary()
    none = select(copied, (1, 2), "VVV", prior=None, random_state=0)
    assert "2 models of 2 could not be fitted; of the first, " in none.summary()
    assert "singular" in none.summary()
