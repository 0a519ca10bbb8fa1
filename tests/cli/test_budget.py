"""`--budget` ends a search in time, which keeps its best and says what was not tried."""

import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import load, select
from mixtura.cli.budget import Budget, searched
from mixtura.cli.command import command
from mixtura.errors import ParameterError
from mixtura.selection import Selection

ROWS = np.random.default_rng(4).normal(size=(80, 2))


def run(*given: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in given])


def until_interrupted(tried: int, count: int) -> Any:
    """Return a search that finds some models, and ends when it is interrupted only."""
    found = select(ROWS, range(1, 1 + tried), "full") if tried else None

    def search(progress: Any) -> Any:
        for candidate in () if found is None else found.candidates:
            progress(candidate, count)
        try:
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            if found is None:
                raise
            return Selection(found.candidates, interrupted=True), {"notes": ["first"]}

    return search


@pytest.mark.parametrize(
    ("count", "words"),
    [(7, "5 of 7 models were not tried, and those that were have 1 to 2"), (2, "all 2 models")],
)
def test_a_search_ends_in_time_and_says_what_it_left(count: int, words: str) -> None:
    selection, facts = searched(until_interrupted(2, count), 0.05)
    assert not selection.interrupted
    assert len(selection.candidates) == 2
    assert words in selection.notes[-1]
    assert facts["notes"] == ["first", selection.notes[-1]]


def test_a_search_that_found_nothing_in_time_says_so() -> None:
    with pytest.raises(ParameterError, match=r"within --budget 0\.05; give more seconds"):
        searched(until_interrupted(0, 7), 0.05)


def test_a_search_in_the_background_of_a_shell_ends_in_time_too() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        selection, _ = searched(until_interrupted(2, 7), 0.05)
        with Budget(1000.0):
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert "5 of 7 models were not tried" in selection.notes[-1]


def test_what_is_done_in_time_is_not_interrupted() -> None:
    with Budget(0.05) as _:
        pass
    time.sleep(0.2)
    assert searched(lambda progress: (select(ROWS, [1], "full"), {}), 1000.0)[0].notes == ()


def test_an_interrupt_of_the_user_stays_one() -> None:
    def search(progress: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(search, 1000.0)


@pytest.mark.parametrize(
    ("room", "asked"),
    [
        ("fitted", ["rows.csv", "-f", "gaussian"]),
        ("beyond", ["rows.csv", "-f", "gaussian", "--memory", "1kB"]),
        ("fitted_files", ["rows.csv", "--long", "a,b", "-f", "poisson"]),
    ],
)
def test_every_kind_of_rows_is_searched_within_the_budget(
    room: str, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pd.DataFrame(ROWS.round(), columns=["a", "b"]).to_csv("rows.csv", index=False)
    given = []

    def noted(search: Any, seconds: float) -> Any:
        given.append(seconds)
        return searched(search, seconds)

    monkeypatch.setattr(f"mixtura.cli.{room}.searched", noted)
    done = run("fit", *asked, "-k", "1", "--budget", 1000)
    assert done.exit_code == 0, done.output
    assert given == [1000.0]


def test_a_budget_that_is_not_spent_changes_nothing(tmp_path: Path) -> None:
    pd.DataFrame(ROWS, columns=["a", "b"]).to_csv(tmp_path / "rows.csv", index=False)
    asked = (tmp_path / "rows.csv", "-f", "gaussian", "-k", "2", "-s", "full")
    done = run("fit", *asked, "--budget", 1000, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "--budget" not in done.output
    assert run("fit", *asked, "-o", tmp_path / "other").exit_code == 0
    one, other = (load(tmp_path / name / "model.mixtura") for name in ("out", "other"))
    np.testing.assert_array_equal(one.parameters.means, other.parameters.means)
    assert run("fit", *asked, "--budget", 0).exit_code == 2
