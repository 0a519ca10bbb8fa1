"""Files of statistics packages and workbooks are read as CSV files of the same rows would be."""

import contextlib
import zipfile
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzzing.damage import damaged

from mixtura import DataError
from mixtura.cli.columns import related_frame
from mixtura.data.batches import tables_of
from mixtura.data.files import read_table
from mixtura.data.packages import PACKAGES

pytestmark = pytest.mark.drawn(4, among="file")

pyreadstat = pytest.importorskip("pyreadstat")
rdata = pytest.importorskip("rdata")

FRAME = pd.DataFrame(
    {
        "asked": [1.0, 2, 9, 2, 1, np.nan],
        "rated": [1.0, 1, 2, 3, 2, 1],
        "age": [20.0, 30, 99, 40, 50, 31],
        "who": ["a", "b", "", "d", "e", "f"],
    }
)
LABELS = {"asked": {1: "no", 2: "yes", 9: "refused"}, "rated": {1: "low", 3: "high"}}
WRITERS = {
    "sav": lambda path: pyreadstat.write_sav(FRAME, path, variable_value_labels=LABELS),
    "zsav": lambda path: pyreadstat.write_sav(FRAME, path, compress=True),
    "por": lambda path: pyreadstat.write_por(FRAME.rename(columns=str.upper), path),
    "dta": lambda path: pyreadstat.write_dta(FRAME, path, variable_value_labels=LABELS),
    "xpt": lambda path: pyreadstat.write_xport(FRAME, path),
    "rds": lambda path: rdata.write_rds(path, FRAME.drop(columns="who")),
    "rda": lambda path: rdata.write_rda(path, {"frame": FRAME.drop(columns="who")}),
}
# As the specification of workbooks has them, with nothing that is not needed.
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package'
    '.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/'
    '2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
}
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def write_workbook(path, sheets):
    """Write a workbook of sheets: rows of numbers and texts, None for an empty cell."""
    with zipfile.ZipFile(path, "w") as book:
        for name, text in PARTS.items():
            book.writestr(name, text)
        entries = [
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="s{n}"/>'
            for n, name in enumerate(sheets, 1)
        ]
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATION}"><sheets>{"".join(entries)}'
            "</sheets></workbook>",
        )
        targets = [
            f'<Relationship Id="s{n}" Type="{RELATION}/worksheet" Target="sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        ]
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f"{''.join(targets)}</Relationships>",
        )
        for number, rows in enumerate(sheets.values(), 1):
            lines = [f"<row>{''.join(map(_cell, row))}</row>" for row in rows]
            book.writestr(
                f"xl/sheet{number}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
            )


def _cell(value):
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


@pytest.mark.parametrize("kind", WRITERS)
def test_numbers_are_those_of_the_frame_that_was_written(kind, tmp_path):
    path = tmp_path / f"survey.{kind}"
    WRITERS[kind](path)
    table = read_table(path)
    names = [name for name in table.names if name.lower() != "who"]
    expected = FRAME[[name.lower() for name in names]].to_numpy()
    np.testing.assert_array_equal(table.numeric(names, "nan"), expected)
    if len(names) < len(table.names):
        assert table.column(table.names[-1]) == ["a", "b", None, "d", "e", "f"]
    # A dataset reads the same.
    ((_, again),) = tables_of(path, names)
    assert again.column_names == names
    assert again.to_pydict() == {name: table.column(name) for name in names}


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_categories_are_called_by_the_labels_of_their_values(kind, tmp_path):
    path = tmp_path / f"survey.{kind}"
    WRITERS[kind](path)
    table = read_table(path)
    assert table.categories("asked") == ["no", "yes", "refused", "yes", "no", None]
    # A scale of which only the ends have labels keeps its numbers.
    assert table.categories("rated") == FRAME["rated"].tolist()


def test_two_values_of_one_label_stay_two(tmp_path):
    path = tmp_path / "survey.sav"
    labels = {"asked": {1: "no", 2: "no", 9: "refused"}}
    pyreadstat.write_sav(FRAME, path, variable_value_labels=labels)
    said = read_table(path).categories("asked")
    assert said == ["no (1)", "no (2)", "refused", "no (2)", "no (1)", None]


def test_what_a_file_says_is_missing_is_missing(tmp_path):
    path = tmp_path / "survey.sav"
    ranges = {"asked": [9], "age": [{"lo": 99, "hi": 99}]}
    pyreadstat.write_sav(FRAME, path, variable_value_labels=LABELS, missing_ranges=ranges)
    table = read_table(path)
    assert table.categories("asked") == ["no", "yes", None, "yes", "no", None]
    assert np.isnan(table.numeric(["age"], "nan")[2, 0])


def test_codes_of_missing_cells_are_taken_out_where_they_are_named(tmp_path):
    path = tmp_path / "survey.csv"
    path.write_text("q,age,w\n8,20,8\nyes,99,1\n.,30,2\nno,,3\n", encoding="utf-8")
    table = read_table(path).without(["8", "99"], kept=["w"])
    assert table.categories("q") == [None, "yes", None, "no"]
    np.testing.assert_array_equal(table.numeric(["age"], "nan")[:, 0], [20, np.nan, 30, np.nan])
    assert table.column("w") == [8, 1, 2, 3]
    assert read_table(path).without([]).column("w") == [8, 1, 2, 3]


def test_a_lone_point_is_a_missing_number(tmp_path):
    path = tmp_path / "stata.csv"
    path.write_text("a,b\n1,2\n.,3\n4,.\n", encoding="utf-8")
    table = read_table(path)
    assert table.kinds == {"a": "number", "b": "number"}
    np.testing.assert_array_equal(table.numeric(missing="nan"), [[1, 2], [np.nan, 3], [4, np.nan]])


def test_a_workbook_of_one_sheet_is_a_table(tmp_path):
    path = tmp_path / "book.xlsx"
    rows = [["a", "b", "c"], [1, "x", 2.5], [2, "NA", None], [None, None, None], [3, 4, 1e300]]
    write_workbook(path, {"data": rows, "empty": []})
    table = read_table(path)
    assert table.names == ("a", "b", "c")
    np.testing.assert_array_equal(
        table.numeric(["a", "c"], "nan"), [[1, 2.5], [2, np.nan], [3, 1e300]]
    )
    assert table.categories("b") == ["x", None, "4"]
    assert read_table(path, ["c"]).names == ("c",)


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        ({"a": [["x"], [1]], "b": [["y"], [2]]}, "several sheets with rows ('a', 'b')"),
        ({"a": []}, "no sheet with rows"),
        ({"a": [["x", None], [1, 2]]}, "column 2 (counted from 1)"),
        ({"a": [["x", "x"], [1, 2]]}, "more than one column named 'x'"),
        ({"a": [["x"]]}, "columns but no rows"),
    ],
)
def test_a_workbook_that_is_no_table_is_refused_with_what_to_do(sheets, said, tmp_path):
    path = tmp_path / "book.xlsx"
    write_workbook(path, sheets)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert said in str(caught.value)
    assert "book.xlsx" in str(caught.value)


def test_a_file_of_several_frames_is_refused(tmp_path):
    path = tmp_path / "two.rda"
    frame = FRAME[["age"]]
    rdata.write_rda(path, {"one": frame, "two": frame})
    with pytest.raises(DataError, match="holds 2 data frames"):
        read_table(path)


@pytest.mark.parametrize("kind", PACKAGES)
def test_what_is_no_such_file_is_told_by_its_name(kind, tmp_path):
    # What damage does to a file that is one is up to the libraries that read it.
    path = tmp_path / f"survey{kind}"
    path.write_bytes(b"rubbish" * 50)
    with pytest.raises(DataError, match=r"survey.*not a"):
        read_table(path)


def test_a_library_that_is_not_there_is_named(tmp_path, monkeypatch):
    path = tmp_path / "survey.sav"
    WRITERS["sav"](path)
    monkeypatch.setitem(__import__("sys").modules, "pyreadstat", None)
    with pytest.raises(DataError, match=r"needs pyreadstat; install it: pip install 'mixtura\[f"):
        read_table(path)


def test_covariates_of_which_all_values_have_labels_are_factors(tmp_path):
    path = tmp_path / "survey.sav"
    WRITERS["sav"](path)
    frame = related_frame(read_table(path), ["asked", "rated", "age"]).to_pydict()
    assert frame["asked"][:3] == ["no", "yes", "refused"]
    assert frame["rated"][:3] == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("write", ["to_parquet", "to_feather"])
def test_row_labels_without_a_name_are_no_column(write, tmp_path):
    path = tmp_path / ("rows.parquet" if write == "to_parquet" else "rows.arrow")
    kept = pa.Table.from_pandas(FRAME[["age", "rated"]][FRAME["age"] != 40])
    assert "__index_level_0__" in kept.column_names
    if write == "to_parquet":
        pq.write_table(kept, path)
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, kept.schema) as file:
            file.write_table(kept)
    assert read_table(path).names == ("age", "rated")
    assert [part.column_names for _, part in tables_of(path, None)] == [["age", "rated"]]
    assert read_table(path, ["__index_level_0__"]).n_rows == len(kept)


@pytest.mark.parametrize("ending", ["os.abort()", "os.kill(os.getpid(), 11)", "os._exit(0)"])
def test_a_reader_that_is_brought_down_by_a_file_is_an_error_of_the_file(
    ending, tmp_path, monkeypatch
):
    WRITERS["sav"](tmp_path / "x.sav")
    (tmp_path / "pyreadstat.py").write_text(f"import os\ndef read_sav(*_, **__): {ending}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match=r"x\.sav' is damaged, .* \(pyreadstat, .* ended with code"):
        read_table(tmp_path / "x.sav")


def test_a_file_that_nobody_may_open_or_that_holds_no_such_column_is_named(tmp_path):
    WRITERS["sav"](tmp_path / "x.sav")
    with pytest.raises(DataError, match=r"x\.sav' has no column 'z'; it has 'asked', 'rated'"):
        PACKAGES[".sav"](tmp_path / "x.sav", ("age", "z"))
    assert PACKAGES[".sav"](tmp_path / "x.sav", ("rated", "age")).column_names == ["rated", "age"]
    with pytest.raises(DataError, match=r"y\.sav"):
        read_table(tmp_path / "y.sav")


@pytest.mark.parametrize("kind", ["sav", "dta", "xpt", "por"])
def test_damaged_files_are_read_or_refused_and_end_nothing(kind, tmp_path):
    WRITERS[kind](tmp_path / f"x.{kind}")
    content = (tmp_path / f"x.{kind}").read_bytes()
    rng = np.random.default_rng()
    for _ in range(4):
        (tmp_path / f"y.{kind}").write_bytes(damaged(content, rng))
        with contextlib.suppress(DataError):
            assert read_table(tmp_path / f"y.{kind}").names
