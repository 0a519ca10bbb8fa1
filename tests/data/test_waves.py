"""People and their answers by wave are those of the file, whichever form it has."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mixtura.data.files import read_table
from mixtura.data.waves import waves_by_columns, waves_by_lines
from mixtura.errors import DataError, MixturaWarning, ParameterError

N, YEARS, ITEMS = 12, ("2016", "2018", "2020"), ("ever", "likes")


def drawn(seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return the answers of people in each year, some of whom were not asked."""
    rng = np.random.default_rng(seed)
    found = {}
    for year in YEARS:
        frame = pd.DataFrame(rng.choice(["yes", "no"], (N, 2)), columns=list(ITEMS), dtype=object)
        frame.loc[rng.random(N) < 0.2] = None
        found[year] = frame
    found[YEARS[0]].iloc[3, 1] = None
    return found


def wide(answers: dict[str, pd.DataFrame]) -> pd.DataFrame:
    frame = pd.concat([one.add_suffix(f"_{year}") for year, one in answers.items()], axis=1)
    return frame.assign(age=np.arange(N), id=[f"p{i}" for i in range(N)])


def long(answers: dict[str, pd.DataFrame], seed: int = 0) -> pd.DataFrame:
    """Return a line for each person and year with an answer, in any order."""
    lines = pd.concat(
        [
            one.assign(year=int(year), age=np.arange(N), id=[f"p{i}" for i in range(N)])
            for year, one in answers.items()
        ]
    )
    return lines[lines[list(ITEMS)].notna().any(axis=1)].sample(frac=1, random_state=seed)


def table_of(frame: pd.DataFrame, tmp_path):
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    return read_table(path)


def cells(waves) -> dict[str, list]:
    return {
        name: [table.categories(item) for item in ITEMS]
        for name, table in zip(waves.names, waves.tables, strict=True)
    }


@pytest.mark.parametrize("seed", range(3))
def test_both_forms_say_the_same(seed: int, tmp_path) -> None:
    answers = drawn(seed)
    by_columns = waves_by_columns(
        table_of(wide(answers), tmp_path), [f"{item}_*" for item in ITEMS]
    )
    lines = table_of(long(answers, seed), tmp_path)
    by_lines = waves_by_lines(lines, "id", "year", list(ITEMS), kept=["age"])
    expected = {
        year: [one[item].where(one[item].notna(), None).tolist() for item in ITEMS]
        for year, one in answers.items()
    }
    assert by_columns.names == by_lines.names == YEARS
    assert cells(by_columns) == expected
    who = [int(name[1:]) for name in by_lines.people.column("id")]
    assert by_lines.people.column("age") == who
    assert cells(by_lines) == {
        year: [[column[i] for i in who] for column in columns] for year, columns in expected.items()
    }
    asked = by_columns.asked(["age"])
    some = sum(one[list(ITEMS)].notna().any(axis=1).sum() for one in answers.values())
    assert asked.n_rows == some
    assert asked.names == (*ITEMS, "age")


def test_waves_are_taken_in_the_order_that_is_said(tmp_path) -> None:
    answers = drawn()
    table = table_of(wide(answers), tmp_path)
    items = ["ever_*", "likes_*"]
    assert waves_by_columns(table, items, ["2020", "2016"]).names == ("2020", "2016")
    lines = table_of(long(answers), tmp_path)
    found = waves_by_lines(lines, "id", "year", ["ever"], waves=["2020", "2016"])
    assert found.names == ("2020", "2016")
    words = {year: one.assign(t=f"wave {n}") for n, (year, one) in enumerate(answers.items(), 9)}
    lines = pd.concat([one.assign(id=range(N)) for one in words.values()])
    found = waves_by_lines(table_of(lines, tmp_path), "id", "t", ["ever"])
    assert found.names == ("wave 9", "wave 10", "wave 11")


def test_a_wave_that_an_item_lacks_is_left_out_and_said(tmp_path) -> None:
    table = table_of(wide(drawn()).drop(columns="likes_2018"), tmp_path)
    with pytest.warns(MixturaWarning, match="no wave '2018', as there is no column 'likes_2018'"):
        found = waves_by_columns(table, ["ever_*", "likes_*"])
    assert found.names == ("2016", "2020")
    with pytest.raises(DataError, match="no column 'likes_2018'"):
        waves_by_columns(table, ["ever_*", "likes_*"], YEARS)


@pytest.mark.parametrize(
    ("items", "waves", "error", "words"),
    [
        ([], (), ParameterError, "name the items by --columns"),
        (["ever"], (), ParameterError, "'ever' should have one \\*"),
        (["*"], (), ParameterError, "takes every column for a wave"),
        (["nothing_*"], (), DataError, "no column such as 'nothing_\\*'"),
        (["ever_*"], ["2016", "2016"], ParameterError, "names a wave twice"),
        (["ever_*"], ["2016"], DataError, "one only, '2016'"),
        (["*r_2016", "*s_2018"], (), DataError, "none is found"),
    ],
)
@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
def test_what_is_no_wave_is_said(items, waves, error, words, tmp_path) -> None:
    table = table_of(wide(drawn()), tmp_path)
    with pytest.raises(error, match=words):
        waves_by_columns(table, items, waves)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: pd.concat([f, f.iloc[:1]]), "has two lines of 'p\\d+' at wave '20.*in row"),
        (lambda f: f.assign(age=np.arange(len(f))), "the same in all lines of one 'id'"),
        (lambda f: f.assign(year=[None, *f["year"][1:]]), "column 'year' .* is missing in row 1"),
        (lambda f: f.assign(id=[None, *f["id"][1:]]), "column 'id' .* is missing in row 1"),
        (lambda f: f.assign(year=2016).drop_duplicates("id"), "one only, '2016'"),
    ],
)
def test_lines_that_contradict_one_another_are_named(spoil, words, tmp_path) -> None:
    table = table_of(spoil(long(drawn())), tmp_path)
    with pytest.raises(DataError, match=words):
        waves_by_lines(table, "id", "year", list(ITEMS), kept=["age"])


def test_an_item_keeps_its_labels_and_is_refused_where_waves_have_others(tmp_path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame({"a1": [1.0, 2.0, 1.0], "a2": [2.0, 2.0, 1.0], "b1": [1.0, 2.0, 2.0]})
    frame["b2"] = frame["b1"]
    same = {1.0: "yes", 2.0: "no"}
    labels = {"a1": same, "a2": same, "b1": same, "b2": {1.0: "no", 2.0: "yes"}}
    path = tmp_path / "rows.sav"
    pyreadstat.write_sav(frame, str(path), variable_value_labels=labels)
    table = read_table(path)
    found = waves_by_columns(table, ["a*"])
    assert [one.categories("a") for one in found.tables] == [
        ["yes", "no", "yes"],
        ["no", "no", "yes"],
    ]
    with pytest.raises(DataError, match=r"'b1' and 'b2' .* are one item, 'b\*'"):
        waves_by_columns(table, ["b*"])


def test_columns_of_unlike_kinds_are_named(tmp_path) -> None:
    path = tmp_path / "rows.parquet"
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a1": [1, 2], "a2": [[1], [2]]}), path)
    with pytest.raises(DataError, match="do not go together from wave to wave"):
        waves_by_columns(read_table(path), ["a*"])


def test_codes_of_one_wave_and_words_of_another_are_both_text(tmp_path) -> None:
    frame = pd.DataFrame({"a1": [1, 2, 1], "a2": ["1", "no", None]})
    found = waves_by_columns(table_of(frame, tmp_path), ["a*"])
    assert [one.categories("a") for one in found.tables] == [["1", "2", "1"], ["1", "no", None]]


@pytest.mark.parametrize("seed", range(5))
def test_missing_answers_are_counted_and_people_who_left(seed: int, tmp_path) -> None:
    answers = drawn(seed)
    asked = [f"{item}_*" for item in ITEMS]
    said = waves_by_columns(table_of(wide(answers), tmp_path), asked).words_of_missing()
    gaps = np.array([answers[year].isna() for year in YEARS])
    left = gaps.all(axis=2).any(axis=0).sum()
    assert said.startswith(f"{gaps.sum()} of {gaps.size} answers are missing")
    assert (f", and {left} of {N} people have none at some wave;" in said) == (left > 0)
    whole = {year: frame.fillna("no") for year, frame in answers.items()}
    assert waves_by_columns(table_of(wide(whole), tmp_path), asked).words_of_missing() == ""
