"""A small sample of what `tests/fuzz.sh` draws for hours."""

import pytest
from fuzzing.cases import case
from fuzzing.properties import Failed, check, check_leaks
from nightly import first


@pytest.mark.parametrize("number", first(12, range(40)))
@pytest.mark.parametrize("seed", [7, 1007])
def test_what_holds_for_all_fits_holds_for_random_ones(seed: int, number: int) -> None:
    assert check(case(seed, number), number)


def test_a_case_is_the_same_again() -> None:
    one, other = case(3, 5), case(3, 5)
    assert one.family == other.family
    assert repr(one.settings) == repr(other.settings)
    assert one.rows.tobytes() == other.rows.tobytes()


def test_what_does_not_hold_is_found() -> None:
    class Leak:
        category, message, filename, lineno = RuntimeWarning, "overflow", "a.py", 3

    with pytest.raises(Failed, match="a warning leaked"):
        check_leaks([Leak])
