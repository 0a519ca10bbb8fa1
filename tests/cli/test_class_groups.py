"""`mixtura classes --groups` tells what the library tells, and what cannot be before the fits."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import invariance_test, load
from mixtura.cli import class_rows
from mixtura.cli import classes as room
from mixtura.cli.command import command

pytestmark = pytest.mark.drawn(2, among="file")


def told(*arguments):
    return CliRunner().invoke(command, ["classes", *map(str, arguments)])


def answers(n_rows=120):
    rng = np.random.default_rng(0)
    said = rng.random((n_rows, 4)) < np.where(rng.random(n_rows) < 0.5, 0.8, 0.2)[:, None]
    frame = pd.DataFrame(np.where(said, "yes", "no"), columns=list("abcd"))
    frame["place"] = np.where(np.arange(n_rows) % 2, "north", "south")
    frame["alone"] = np.where(np.arange(n_rows) == 3, "north", "south")
    frame["one"] = "south"
    frame["n"] = np.where(frame["place"] == "north", 1, 0)
    return frame


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.csv"
    answers().to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--groups", "alone"], "group 'north' has one row only"),
        (["--groups", "one"], "all rows are of the group 'south'"),
        (["--groups", "place", "--weights", "n"], "all rows are of the group 'north'"),
        (["--groups", "place", "--free", "one"], "--free names 'one', which is not among"),
        (["--groups", "place", "--free", "z"], "no column 'z'"),
        (["--groups", "place", "-f", "multinomial"], "not by a 'multinomial' mixture"),
    ],
)
def test_groups_are_looked_at_before_the_fits(path, options, words, monkeypatch):
    def fits(*arguments, **more):
        raise AssertionError("there should be no fit")

    monkeypatch.setattr(class_rows, "fitted_table", fits)
    done = told(path, "-k", "2", "--columns", "a,b,c,d", *options)
    assert done.exit_code in (1, 2)
    assert done.stdout == ""
    assert words in done.stderr


def test_what_only_the_fit_tells_is_said_before_the_tests(path, monkeypatch):
    frame = answers()
    frame.loc[frame["place"] == "north", "a"] = None
    frame.to_csv(path, index=False)

    def tests(*arguments, **more):
        raise AssertionError("there should be no test")

    monkeypatch.setattr(room, "enumeration_of", tests)
    options = ["--columns", "a,b,c,d", "--groups", "place", "--blrt", "9", "--starts", "1"]
    done = told(path, "-k", "2", *options)
    assert done.exit_code == 1
    assert "column 'a' has no answer in group 'north'" in done.stderr


def test_rows_without_a_group_are_counted_in_the_tables(path, tmp_path):
    frame = answers()
    frame.loc[:4, "place"] = None
    frame.to_csv(path, index=False)
    out = tmp_path / "out"
    done = told(path, "-k", "1", "--columns", "a,b,c,d", "--groups", "place", "-o", out)
    assert done.exit_code == 0, done.stderr
    words = (out / "tables.md").read_text("utf-8")
    sizes = "north (n = 58), south (n = 57)"
    assert f"Classes of groups {sizes}. 5 row(s) without a group have no part." in words
    assert f"Classes of 2 groups, {sizes}, were compared" in words


def test_groups_are_held_against_one_another(tmp_path):
    rng = np.random.default_rng(0)
    place = rng.integers(0, 2, 300)
    said = rng.random((300, 4)) < np.where(rng.random(300) < 0.5, 0.8, 0.2)[:, None]
    frame = pd.DataFrame(np.where(said, "yes", "no"), columns=list("abcd"))
    frame["place"] = np.array(["north", "south"])[place]
    path, out = tmp_path / "rows.csv", tmp_path / "out"
    frame.to_csv(path, index=False)
    options = ["-k", "2", "--starts", "3", "--groups", "place", "--free", "b"]
    done = told(path, *options, "-o", out)
    assert done.exit_code == 0, done.stderr
    mixture = load(out / "model.mixtura")
    assert mixture.columns == ("a", "b", "c", "d")
    found = invariance_test(mixture, frame[list("abcd")], frame["place"], free=["b"])
    assert found.summary() in done.stdout
    words = (out / "tables.md").read_text("utf-8")
    groups, methods = words.split("# Groups")[1].split("# Methods")
    assert f"Classes of groups {found.sized}." in groups
    assert "Classes of 2 groups, north (n = " in methods
    assert "all items equal or all free, or those of b free (" in methods
    assert f"df = {found.tests['equal', 'free'].df}, p " in methods
    for wrong, words in (
        (["--free", "b"], "name the column by --groups"),
        (["--groups", "place", "--free", "z"], "no column 'z'"),
        (["--groups", "z"], "no column 'z'"),
        (["--strata", "place", "--blrt", "3"], "--blrt takes rows for drawn one by one"),
    ):
        refused = told(path, "-k", "2", *wrong)
        assert refused.exit_code != 0
        assert words in refused.stderr
