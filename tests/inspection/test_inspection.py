"""What columns are: judged on tables drawn anew, whose columns' kinds are known."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from drawn_tables import KINDS, coded_column, drawn_table

import mixtura
from mixtura import DataError, inspect
from mixtura.inspection import cells_of_table, inspected


def test_kinds_of_columns_drawn_anew_are_found() -> None:
    right, drawn = Counter(), Counter()
    for seed in range(12):
        table, kinds, _ = drawn_table(seed)
        for column in inspect(table).columns:
            drawn[kinds[column.name]] += 1
            right[kinds[column.name]] += column.kind == kinds[column.name]
    assert drawn.keys() == KINDS.keys()
    # Scales of answers and counts of few may look alike.
    assert all(right[kind] >= 0.9 * n for kind, n in drawn.items()), right
    assert right.total() >= 0.97 * drawn.total()


def test_codes_for_missing_cells_are_found_and_others_are_not() -> None:
    right = 0
    for seed in range(100):
        cells, code = coded_column(seed)
        found = [one for one, _ in inspect(pd.DataFrame({"a": cells}))["a"].codes]
        right += found == ([] if code is None else [code])
    assert right >= 97


@pytest.mark.parametrize("seed", range(2))
def test_all_libraries_have_the_same_columns(seed: int) -> None:
    table, _, _ = drawn_table(100 + seed)
    shown = inspect(table).table()
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    assert inspect(arrow).table() == shown
    assert inspect(pl.from_pandas(table)).table() == shown


def test_a_file_has_the_columns_of_its_frame(tmp_path) -> None:
    from mixtura.data.files import read_table

    table, _, _ = drawn_table(7)
    table.to_parquet(tmp_path / "a.parquet")
    found = inspected(cells_of_table(read_table(tmp_path / "a.parquet")))
    assert found.table() == inspect(table).table()


def test_columns_that_repeat_others_are_named() -> None:
    rng = np.random.default_rng(1)
    a, b, c = rng.normal(50, 9, (3, 90)).round(2)
    label = rng.choice(["x", "y", "z"], 90)
    frame = pd.DataFrame({"a": a, "b": b, "c": c, "label": label})
    frame["total"] = a + b + c
    frame["inches"] = a / 2.54
    frame["rest"] = 100 - b
    frame["code"] = [{"x": 10, "y": 30, "z": 20}[one] for one in label]
    found = inspect(frame)
    assert {one.name: one.repeats for one in found.columns if one.repeats} == {
        "total": ("a", "b", "c"),
        "inches": ("a",),
        "rest": ("b",),
        "code": ("label",),
    }
    assert found.blocks() == {"gaussian": ["a", "b", "c"], "categorical": ["label"]}
    # What nearly repeats does not.
    frame["total"] += rng.normal(0, 1e-4, 90)
    assert inspect(frame)["total"].repeats == ()


@pytest.mark.parametrize("n_different", [14, 40, 150])
def test_rows_that_stand_there_often_make_no_column_a_copy(n_different: int) -> None:
    rng = np.random.default_rng(n_different)
    places = rng.uniform(-90, 90, (n_different, 6))
    frame = pd.DataFrame(places[rng.integers(0, n_different, 1000)], columns=list("abcdef"))
    assert [one.repeats for one in inspect(frame).columns] == [()] * 6
    # What grows or falls with another is one, and so are codes of names.
    frame["log"] = np.exp(-frame["c"] / 40)
    frame["name"] = frame["d"].map(lambda value: f"station {value:.6f}")
    told = {one.name: one.repeats for one in inspect(frame).columns if one.repeats}
    assert told == {"log": ("c",), "name": ("a",)}


def test_what_the_user_names_is_fitted_whatever_it_is() -> None:
    frame = pd.DataFrame({"row": range(40), "same": 1.0, "year": [1999, 2004] * 20})
    assert inspect(frame).blocks() == {}
    named = inspect(frame, ["year", "row"])
    assert named.blocks() == {"gaussian": ["row"], "categorical": ["year"]}
    with pytest.raises(DataError, match="no column 'rows'; there are 'row', 'same', 'year'"):
        inspect(frame, ["rows"])


def test_names_tell_what_numbers_do_not() -> None:
    rng = np.random.default_rng(2)
    users = rng.integers(100, 400, 2000)
    frame = pd.DataFrame({"user_id": users, "weight": users})
    assert inspect(frame[["user_id"]])["user_id"].kind == "identifiers"
    assert inspect(frame[["weight"]])["weight"].kind == "amounts"


def test_skew_is_told_of_with_its_remedy() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"wide": rng.lognormal(0, 1, 500), "plain": rng.normal(9, 1, 500)})
    found = inspect(frame)
    assert "fit the logarithm" in found["wide"].remarks[0]
    assert found["plain"].remarks == ()


def test_steps_and_gaps_are_counted() -> None:
    rng = np.random.default_rng(4)
    cells = rng.normal(20, 2, 600).round(1)
    cells[::10] = np.nan
    column = inspect(pd.DataFrame({"a": cells}))["a"]
    assert column.n_missing == 60
    assert column.n_present == 540
    assert column.step == pytest.approx(0.1)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_an_inspection_is_a_frame_too(backend: Any) -> None:
    found = inspect(drawn_table(3)[0])
    frame = pl.DataFrame(found.to_frame(backend))
    assert frame["column"].to_list() == [column.name for column in found.columns]
    assert frame["fitted"].to_list() == [column.block for column in found.columns]


def test_an_inspection_is_text_and_a_table_of_html() -> None:
    found = mixtura.inspect(pd.DataFrame({"<b>": ["p", "q"] * 20, "row": range(40)}))
    assert str(found).splitlines()[0].split()[:2] == ["column", "kind"]
    assert "column 'row' is left out: row numbers" in str(found)
    assert "&lt;b&gt;</th>" in found._repr_html_()
    assert repr(found) == "<Inspection of 2 columns, of which 1 would be fitted>"


def test_numbers_with_units_are_told_from_names_and_scales() -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "price": [f"${x:,.0f}" for x in rng.lognormal(9, 1, 200)],
            "house": [f"{x}{rng.choice(list('ABCD'))}" for x in rng.integers(1, 90, 200)],
            "age": rng.choice(["18-25 years", "26-40 years", "over 40 years"], 200),
            "part": rng.choice(["10%", "20%", "50%"], 200),
            "code": [f"SKU {x}" for x in rng.integers(1000, 9999, 200)],
        }
    )
    kinds = {one.name: one.kind for one in inspect(frame).columns}
    assert kinds.pop("price") == "numbers with units"
    assert "numbers with units" not in kinds.values()
    assert "text such as '$" in str(inspect(frame)["price"].objection)


def test_columns_with_the_same_code_are_told_of_at_once() -> None:
    rng = np.random.default_rng(9)
    answers = rng.integers(1, 6, (300, 12)).astype(float)
    answers[rng.random(answers.shape) < 0.05] = 99
    said = inspect(answers).summary().splitlines()
    told = [line for line in said if "look like codes" in line]
    assert len(told) == 1
    assert f"99 ({(answers == 99).sum()} cells)" in told[0]


@pytest.mark.parametrize("digits", range(4, 10))
@pytest.mark.parametrize("sign", [1, -1])
def test_codes_of_many_digits_are_written_out(digits: int, sign: int) -> None:
    code = sign * int("9" * digits)
    cells = np.random.default_rng(digits).normal(50.0, 9.0, 200).round(2)
    cells[:8] = code
    found = inspect(pd.DataFrame({"pay": cells}))
    assert f"{code} (8 cells)" in str(found)
    assert f"--missing {code} by command" in str(found)
    assert found.table()[0]["missing_codes"] == str(code)


def clock(rng, n_rows):
    """Return when rows were taken: in bursts, with pauses, in ticks."""
    rate = rng.gamma(2, size=5)[np.sort(rng.integers(5, size=n_rows))] + 1
    waits = rng.exponential(1 / rate) + (rng.random(n_rows) < 3 / n_rows) * n_rows / 40
    return np.cumsum(waits).round(int(rng.integers(0, 4))) + rng.integers(0, 10**6)


def test_when_rows_were_taken_is_told_from_durations_that_rows_are_sorted_by():
    rng = np.random.default_rng()
    right = {"clock": 0, "durations": 0, "unsorted": 0}
    for _ in range(40):
        n_rows = int(rng.integers(100, 3000))
        waits = rng.gamma(rng.uniform(0.5, 3), rng.uniform(1, 50), n_rows)
        name = str(rng.choice(["Time", "time", "elapsed_s", "TIMESTAMP", "event time"]))
        for what, cells, kind in (
            ("clock", clock(rng, n_rows), "row times"),
            ("durations", np.sort(waits), "amounts"),
            ("unsorted", waits, "amounts"),
        ):
            found = inspect(pd.DataFrame({name: cells, "b": rng.normal(size=n_rows)}))
            right[what] += found.columns[0].kind == kind
    assert min(right.values()) >= 34, right
    # Without such a name it is an amount that rows are sorted by.
    assert inspect(pd.DataFrame({"x": np.sort(rng.normal(size=300))})).columns[0].kind == "amounts"
