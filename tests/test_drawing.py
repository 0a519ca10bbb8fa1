"""A run of the whole suite draws some of the cases that are alike, and no run leaves a test out."""

from types import SimpleNamespace
from typing import Any

import pytest
from drawing import drawn_items

SOURCE = pytest.Config.ArgsSource


def config(source: Any = SOURCE.TESTPATHS, marks: str = "not nightly") -> Any:
    return SimpleNamespace(args_source=source, getoption=lambda _: marks)


def item(name: str, case: int, *marks: str) -> Any:
    among = {"among": "file"} if "file" in marks else {}
    found = {mark: SimpleNamespace(args=(3,), kwargs=among) for mark in marks}
    return SimpleNamespace(nodeid=f"{name}[{case}]", get_closest_marker=found.get)


ITEMS = [item("law", case, "drawn") for case in range(10)]
OTHERS = [item("fact", 0), item("single", 0, "drawn"), *[item("plain", k) for k in range(5)]]


def test_one_case_in_three_is_drawn_and_each_test_stays(monkeypatch) -> None:
    monkeypatch.setenv("MIXTURA_DRAW", "first")
    kept, left = drawn_items(config(), [*ITEMS, *OTHERS])
    assert len(kept) == 4 + len(OTHERS)
    assert all(other in kept for other in OTHERS)
    assert [one for one in [*ITEMS, *OTHERS] if one in kept] == kept
    assert drawn_items(config(), [*ITEMS, *OTHERS]) == (kept, left)


def test_tests_of_a_file_may_be_drawn() -> None:
    tests = [item(f"test_file.py::test_{place}", 0, "drawn", "file") for place in range(9)]
    kept, left = drawn_items(config(), [*tests, *OTHERS])
    assert len([one for one in kept if one in tests]) == 3
    assert len(left) == 6


def test_other_runs_draw_others(monkeypatch) -> None:
    seen = set()
    for seed in range(40):
        monkeypatch.setenv("MIXTURA_DRAW", str(seed))
        seen |= {one.nodeid for one in drawn_items(config(), ITEMS)[0]}
    assert seen == {one.nodeid for one in ITEMS}


@pytest.mark.parametrize("told", [config(SOURCE.ARGS), config(marks=""), config(marks="drawn")])
def test_what_is_named_and_the_night_leave_nothing_out(told: Any) -> None:
    assert drawn_items(told, ITEMS) == (ITEMS, [])


def test_cases_of_the_night_count_for_none_by_day() -> None:
    night = [item("law", case, "drawn", "nightly") for case in range(10, 40)]
    kept, left = drawn_items(config(), [*ITEMS, *night])
    assert len(left) == 6
    assert all(one in kept for one in night)
