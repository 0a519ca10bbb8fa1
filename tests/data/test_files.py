"""Files are read as they stand, and a fault is named by its place."""

import csv
import datetime
import decimal
import gzip
import io
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtura.data.files import Table, read_table
from mixtura.data.opening import dataset
from mixtura.errors import DataError

pytestmark = pytest.mark.drawn(5)

pa = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")
pq = pytest.importorskip("pyarrow.parquet")

PLAIN = "height,weight,name\n1.5,60,Ann\n1.75,72,Bo\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def written(folder: Path, name: str, contents: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


def refusal(path: Path, columns: list[str] | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path, columns)
    assert path.name in str(caught.value)
    return str(caught.value)


def numeric_refusal(table: Table, *columns: str) -> str:
    with pytest.raises(DataError) as caught:
        table.numeric(columns)
    assert table.path.name in str(caught.value)
    return str(caught.value)


def write_columns(path: Path, columns: dict[str, Any]) -> Path:
    table = pa.table(columns)
    if path.suffix in (".parquet", ".pq"):
        pq.write_table(table, path)
    elif path.suffix == ".feather":
        feather.write_feather(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=1)
    return path


def assert_plain(table: Table) -> None:
    assert table.names == ("height", "weight", "name")
    assert table.kinds == {"height": "number", "weight": "number", "name": "text"}
    assert table.n_rows == 2
    numbers = table.numeric(["weight", "height"])
    assert numbers.dtype == np.float64
    assert numbers.flags.c_contiguous
    assert numbers.tolist() == [[60.0, 1.5], [72.0, 1.75]]
    assert table.column("name") == ["Ann", "Bo"]


# --- what is read


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.CSV", "t.csv.gz", "t.txt.GZ", "a.b.tsv"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_text_files_are_read(folder: Path, name: str, delimiter: str, line_end: str) -> None:
    contents = PLAIN.replace(",", delimiter).replace("\n", line_end).encode()
    packed = gzip.compress(contents) if name.lower().endswith("gz") else contents
    assert_plain(read_table(written(folder, name, packed)))
    assert_plain(read_table(os.fspath(folder / name)))


@pytest.mark.parametrize("name", ["t.parquet", "t.pq", "t.arrow", "t.feather"])
def test_columnar_files_are_read(folder: Path, name: str) -> None:
    columns = {"height": [1.5, 1.75], "weight": [60, 72], "name": ["Ann", "Bo"]}
    assert_plain(read_table(write_columns(folder / name, columns)))


def test_an_arrow_stream_is_read(folder: Path) -> None:
    table = pa.table({"height": [1.5, 1.75], "weight": [60, 72], "name": ["Ann", "Bo"]})
    with pa.ipc.new_stream(folder / "t.arrow", table.schema) as writer:
        writer.write_table(table)
    assert_plain(read_table(folder / "t.arrow"))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow"])
def test_only_the_columns_asked_for_are_kept_in_their_order(folder: Path, name: str) -> None:
    if name == "t.csv":
        written(folder, name, "a,b,a.b\n1,2,3\n")
    else:
        write_columns(folder / name, {"a": [1], "b": [2], "a.b": [3]})
    table = read_table(folder / name, ["b", "a"])
    assert table.names == ("b", "a")
    assert table.numeric().tolist() == [[2.0, 1.0]]
    assert read_table(folder / name, ["a.b"]).numeric().tolist() == [[3.0]]


def test_a_byte_order_mark_and_foreign_letters_are_no_part_of_a_name(folder: Path) -> None:
    table = read_table(written(folder, "t.csv", b"\xef\xbb\xbf" + "größe,y\n1,ß\n".encode()))
    assert table.names == ("größe", "y")
    assert table.column("y") == ["ß"]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends(folder: Path) -> None:
    table = read_table(written(folder, "t.csv", '"a, b; c";"d\ne"\n"1";"x;""y""\nz"\n2;"w"\n'))
    assert table.names == ("a, b; c", "d\ne")
    assert table.numeric(["a, b; c"]).tolist() == [[1.0], [2.0]]
    assert table.column("d\ne") == ['x;"y"\nz', "w"]


def test_one_column_needs_no_delimiter(folder: Path) -> None:
    assert read_table(written(folder, "t.csv", "x\n1\n2.5")).numeric().tolist() == [[1.0], [2.5]]


def test_blank_lines_are_skipped(folder: Path) -> None:
    table = read_table(written(folder, "t.csv", "\n\nx,y\n\n1,2\n\n\n3,4\n\n"))
    assert table.numeric().tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_kinds_are_told_apart(folder: Path) -> None:
    text = (
        "i,f,b,d,t,s,m\n1,1.5,true,2024-02-29,2024-02-29 10:00:00,x,\n2,1e3,False,2024-03-01,,y,\n"
    )
    kinds = read_table(written(folder, "t.csv", text)).kinds
    assert list(kinds.values()) == ["number", "number", "boolean", "date", "date", "text", "number"]


def test_a_column_may_turn_into_decimals_or_text_late(folder: Path) -> None:
    text = "a,b\n" + "1,2\n" * 1_500_000 + "1.5,x\n"
    table = read_table(written(folder, "t.csv", text))
    assert table.kinds == {"a": "number", "b": "text"}
    assert table.numeric(["a"])[-1] == 1.5
    assert "row 1500001 holds 'x'" in numeric_refusal(table, "b")


def test_large_integers_and_decimals_become_the_nearest_float(folder: Path) -> None:
    columns = {
        "long": [2**53 + 1, -(2**63)],
        "unsigned": pa.array([2**64 - 1, 1], pa.uint64()),
        "money": [decimal.Decimal("0.10"), decimal.Decimal("12345678901234567.89")],
        "half": pa.array([np.float16(0.5), np.float16(2)], pa.float16()),
    }
    expected = [[2.0**53, 2.0**64, 0.1, 0.5], [-(2.0**63), 1.0, 12345678901234567.89, 2.0]]
    table = read_table(write_columns(folder / "t.parquet", columns))
    np.testing.assert_allclose(table.numeric(), expected, rtol=3e-16)
    text = "a,b\n9007199254740993,99999999999999999999\n"
    assert read_table(written(folder, "t.csv", text)).numeric().tolist() == [[2.0**53, 1e20]]


def test_booleans_are_zero_and_one_and_signs_and_infinity_are_numbers(folder: Path) -> None:
    table = read_table(written(folder, "t.csv", "a,b,c\ntrue,+1.5,inf\nfalse, -2 ,-inf\n"))
    assert table.numeric().tolist() == [[1.0, 1.5, np.inf], [0.0, -2.0, -np.inf]]


def test_dictionaries_and_chunks_are_plain_columns(folder: Path) -> None:
    columns = {
        "s": pa.array(["x", "y", "x"]).dictionary_encode(),
        "n": pa.array([3, 4, 3]).dictionary_encode(),
    }
    table = read_table(write_columns(folder / "t.parquet", columns))
    assert table.kinds == {"s": "text", "n": "number"}
    assert table.column("s") == ["x", "y", "x"]
    assert table.numeric(["n"]).ravel().tolist() == [3.0, 4.0, 3.0]


def test_text_that_spells_numbers_throughout_is_read_when_asked_for(folder: Path) -> None:
    spelled = {"n": ["1", " +2.5 ", "NA", None, "-1e3"]}
    table = read_table(write_columns(folder / "t.parquet", spelled))
    assert table.kinds == {"n": "text"}
    np.testing.assert_array_equal(
        table.numeric(["n"], missing="nan").ravel(), [1.0, 2.5, np.nan, np.nan, -1000.0]
    )


@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False),
            st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(",;\t"),
)
def test_what_the_csv_module_writes_is_read_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, str]], delimiter: str
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("number", "text"), *rows])
    folder = tmp_path_factory.getbasetemp()
    table = read_table(written(folder, "t.csv", buffer.getvalue()))
    assert table.numeric(["number"]).ravel().tolist() == [number for number, _ in rows]
    if table.kinds["text"] == "text":
        assert table.column("text") == [text for _, text in rows]


def test_every_reference_data_set_is_read() -> None:
    for path in sorted(Path(__file__).parents[1].glob("reference/datasets/*.csv")):
        table = read_table(path)
        numbers = [name for name, kind in table.kinds.items() if kind == "number"]
        assert table.numeric(numbers, missing="nan").shape == (table.n_rows, len(numbers))


# --- faults of files


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.arrow", "t.feather"])
def test_places_that_hold_no_table_are_named(folder: Path, name: str) -> None:
    assert "does not exist" in refusal(folder / name)
    assert "is empty" in refusal(written(folder, name, b""))
    (folder / name).unlink()
    (folder / name).mkdir()
    assert "is a folder" in refusal(folder / name)


@pytest.mark.parametrize("name", ["t.docx", "t", "t.json.gz", ".csv", "t.gz"])
def test_an_unknown_extension_lists_the_known(folder: Path, name: str) -> None:
    message = refusal(written(folder, name, PLAIN))
    assert ".csv, .tsv, .txt" in message
    assert ".feather" in message


@pytest.mark.parametrize("contents", [b"\xef\xbb\xbf", b"\n\n", b"\xef\xbb\xbf\r\n"])
def test_a_text_file_of_blank_lines_is_empty(folder: Path, contents: bytes) -> None:
    assert "is empty" in refusal(written(folder, "t.csv", contents))
    assert "is empty" in refusal(written(folder, "t.csv.gz", gzip.compress(contents)))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow"])
def test_a_header_without_rows_is_refused(folder: Path, name: str) -> None:
    if name == "t.csv":
        written(folder, name, "a,b\n")
    else:
        write_columns(folder / name, {"a": pa.array([], pa.float64())})
    assert "has columns but no rows" in refusal(folder / name)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.feather"])
def test_truncated_columnar_files_are_refused(folder: Path, name: str) -> None:
    path = write_columns(folder / name, {"a": np.arange(50.0), "s": [str(n) for n in range(50)]})
    whole = path.read_bytes()
    for length in range(1, len(whole), 7):
        assert "damaged" in refusal(written(folder, name, whole[:length]))


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.feather"])
@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_changed_byte_gives_a_table_or_a_refusal(folder: Path, name: str, mask: int) -> None:
    columns = {"a": np.arange(30.0), "s": pa.array(["x", "y", "z"] * 10).dictionary_encode()}
    path = write_columns(folder / name, columns)
    whole = path.read_bytes()
    for position in range(0, len(whole), 5):
        changed = bytearray(whole)
        changed[position] ^= mask
        written(folder, name, bytes(changed))
        try:
            table = read_table(path)
        except DataError:
            continue
        assert all(len(table.column(column)) == table.n_rows for column in table.names)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.feather", "t.csv.gz"])
@pytest.mark.parametrize("contents", [PLAIN.encode(), b"PAR1" * 9, b"ARROW1\0\0" * 9, bytes(99)])
def test_foreign_files_are_refused(folder: Path, name: str, contents: bytes) -> None:
    assert "damaged, cut short or not a" in refusal(written(folder, name, contents))


def test_truncated_and_changed_packed_files_are_refused(folder: Path) -> None:
    packed = gzip.compress(("a,b\n" + "1,2\n" * 5000).encode())
    for length in (5, len(packed) // 2, len(packed) - 1):
        refusal(written(folder, "t.csv.gz", packed[:length]))
    changed = bytearray(packed)
    changed[len(packed) // 2] ^= 0xFF
    refusal(written(folder, "t.csv.gz", bytes(changed)))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
@pytest.mark.parametrize(
    "text", ["größe,b\n1,2\n", "a,b\n1,ß\n", "a,b\n" + "1,x\n" * 99999 + "1,ß\n"]
)
def test_other_encodings_are_refused(folder: Path, text: str, encoding: str) -> None:
    assert "is not UTF-8" in refusal(written(folder, "t.csv", text.encode(encoding)))


def test_a_ragged_row_is_named_with_both_numbers_of_fields(folder: Path) -> None:
    few = refusal(written(folder, "t.csv", 'a,b,c\n1,"x\ny",3\n\n1,2\n1,2,3\n'))
    assert "row 2 of" in few
    assert "has 2 fields, and its header has 3" in few
    many = refusal(written(folder, "t.csv", "a,b\n" + "1,2\n" * 1_200_000 + "1,2,3\n"))
    assert "row 1200001 of" in many
    assert "has 3 fields, and its header has 2" in many


def test_a_quote_that_is_never_closed_is_refused(folder: Path) -> None:
    for rows in (1, 100_000, 2_500_000):
        text = 'a,b\n1,"x\ny"\n1,"2\n' + "3,4\n" * rows
        assert "row 2 of" in refusal(written(folder, "t.csv", text))
        assert "opens a quote that is never closed" in refusal(folder / "t.csv", ["a"])
    refusal(written(folder, "t.csv", 'a,"b\n' + "3,4\n" * 100_000))


def test_a_quote_within_a_cell_is_a_character(folder: Path) -> None:
    table = read_table(written(folder, "t.csv", 'size,n\n5" pipe,1\n"6""",2\n'))
    assert table.column("size") == ['5" pipe', '6"']


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow"])
def test_a_name_given_twice_is_refused(folder: Path, name: str) -> None:
    if name == "t.csv":
        written(folder, name, "x,y,x\n1,2,3\n")
    else:
        table = pa.Table.from_arrays([pa.array([1])] * 3, names=["x", "y", "x"])
        if name == "t.parquet":
            pq.write_table(table, folder / name)
        else:
            feather.write_feather(table, folder / name)
    assert "more than one column named 'x'" in refusal(folder / name)
    assert "more than one column named 'x'" in refusal(folder / name, ["y"])


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow"])
def test_an_unknown_column_suggests_the_nearest(folder: Path, name: str) -> None:
    if name == "t.csv":
        written(folder, name, "Sepal Length,width\n1,2\n")
    else:
        write_columns(folder / name, {"Sepal Length": [1], "width": [2]})
    message = refusal(folder / name, ["sepal length"])
    assert message.endswith("has no column 'sepal length'; did you mean 'Sepal Length'?")
    assert "did you mean 'width'?" in refusal(folder / name, ["width", "widht"])
    assert "it has 'Sepal Length', 'width'" in refusal(folder / name, ["zzz"])
    table = read_table(folder / name)
    assert "did you mean 'width'?" in numeric_refusal(table, "Width")
    with pytest.raises(DataError, match="did you mean 'width'"):
        table.column("with")


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = refusal(written(folder, "t.csv", PLAIN))
    assert "pip install 'mixtura[arrow]'" in message


# --- faults of cells


def test_text_among_numbers_is_named_by_column_row_and_value(folder: Path) -> None:
    table = read_table(written(folder, "t.csv", "a,b\n1,NA\n2,+3\n3,n/a\n4,five\n5,six\n"))
    message = numeric_refusal(table, "a", "b")
    assert message.startswith("column 'b' of '")
    assert "row 4 holds 'five'" in message
    assert "point" not in message
    long = read_table(written(folder, "t.csv", "a\n" + "x" * 9999 + "\n"))
    assert len(numeric_refusal(long, "a").replace(str(folder), "")) < 160


@pytest.mark.parametrize("number", ["1,5", "0,125", "-1,25e3", "12,0001"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_decimals_may_have_a_comma_in_all_of_a_file(
    folder: Path, delimiter: str, number: str
) -> None:
    text = f"a{delimiter}b\n1{delimiter}9,321\n{number}{delimiter}-2,333\n"
    path = written(folder, "t.csv", text)
    expected = [[1.0, 9.321], [float(number.replace(",", ".")), -2.333]]
    np.testing.assert_array_equal(read_table(path).numeric(["a", "b"]), expected)
    # Rows beyond memory are read alike.
    np.testing.assert_array_equal(np.asarray(dataset(path).rows), expected)


def test_decimal_commas_beside_points_are_named(folder: Path) -> None:
    table = read_table(written(folder, "t.csv", "a;b\n1;0\n1,5;1.5\n"))
    message = numeric_refusal(table, "a")
    assert "row 2 holds '1,5'" in message
    assert "with a point and not with a comma" in message


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_missing_cells_are_counted_or_become_nan(folder: Path, name: str) -> None:
    if name == "t.csv":
        written(folder, name, "a,b,c\n1,1,\n2,,NA\n3,nan,\n4,NULL,\n")
    else:
        columns = {"a": [1, 2, 3, 4], "b": [1.0, None, float("nan"), None], "c": pa.nulls(4)}
        write_columns(folder / name, columns)
    table = read_table(folder / name)
    message = numeric_refusal(table, "a", "b", "c")
    assert "column 'b'" in message
    assert "has 3 missing cells, the first in row 2" in message
    assert "has 4 missing cells, the first in row 1" in numeric_refusal(table, "c")
    found = table.numeric(missing="nan")
    nan = np.nan
    np.testing.assert_array_equal(found, [[1, 1, nan], [2, nan, nan], [3, nan, nan], [4, nan, nan]])
    assert table.column("c") == [None] * 4


def test_dates_and_lists_are_no_numbers(folder: Path) -> None:
    columns = {"d": [datetime.date(2024, 1, 1)], "l": [[1.0, 2.0]], "b": [b"1"]}
    table = read_table(write_columns(folder / "t.parquet", columns))
    assert table.kinds == {"d": "date", "l": "text", "b": "text"}
    assert "holds dates or times (date32[day])" in numeric_refusal(table, "d")
    assert "holds list<" in numeric_refusal(table, "l")
    assert "holds binary and not numbers" in numeric_refusal(table, "b")
    assert table.column("l") == [[1.0, 2.0]]


def test_no_columns_give_an_array_without_columns(folder: Path) -> None:
    assert read_table(written(folder, "t.csv", PLAIN)).numeric([]).shape == (2, 0)
