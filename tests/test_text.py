"""Tables are typeset as a reader's program takes them, whatever stands in their cells."""

import pickle
import re
import shutil
import subprocess

import narwhals.stable.v2 as nw
import numpy as np
import pytest
from pages_read import Cells

from mixtura import ParameterError
from mixtura.text import (
    Passage,
    Summary,
    Table,
    as_html,
    as_latex,
    as_markdown,
    frame_of,
    number,
    with_spread,
)

HOSTILE = "50 % of $a_b$ & {c} #1 ~ ^ \\input{x} | <i>"
RECORDS = [{"class": "low", "share_of": 0.25, "name": HOSTILE, "p": None}]
PASSAGES = [
    Passage("Classes & more", (Table.of_records(RECORDS),)),
    Passage("Methods", (), "Entropy was 0.9 & fine."),
]


def test_markdown_has_a_line_for_each_row() -> None:
    text = as_markdown(PASSAGES)
    assert "# Classes &amp; more" in text
    assert "| class | share_of | name | p |\n| --- | --- | --- | --- |\n| low | 0.25 | " in text
    assert "\\input{x} \\| &lt;i>" in text
    assert text.endswith("# Methods\n\nEntropy was 0.9 &amp; fine.\n")


def test_latex_escapes_what_it_takes_for_its_own() -> None:
    text = as_latex(PASSAGES)
    assert "\\subsection*{Classes \\& more}" in text
    assert "class & share of & name & p \\\\" in text
    assert "50 \\% of \\$a\\_b\\$ \\& \\{c\\} \\#1 \\textasciitilde{} \\textasciicircum{}" in text
    assert "\\input" not in text.replace("\\textbackslash{}input", "")
    assert "\\begin{tabular}{lrlr}" in text
    assert "low & 0.25 & " in text


def test_markdown_has_no_html_of_a_cell_a_heading_or_a_sentence() -> None:
    bad = "<img onerror=x> &lt;"
    text = as_markdown([Passage(bad, (Table.of([bad, "n"], [[bad, "1"]]),), bad)])
    assert "<" not in text
    assert text.count("&lt;img onerror=x> &amp;lt;") == 4


@pytest.mark.parametrize("first", ["[2em]", "*", "*[1em]", " [x"])
def test_latex_takes_no_cell_for_an_option_of_the_line_above(first: str) -> None:
    text = as_latex([Passage("", (Table.of([first, "[n]"], [["a", "1"], [first, "[2"]]),))])
    cell = first.strip()
    assert f"\\toprule\n{{}}{cell} & [n] \\\\\n" in text
    assert f"a & 1 \\\\\n{{}}{cell} & [2 \\\\\n" in text


def test_numbers_of_any_size_are_written() -> None:
    assert [number(x) for x in (99999.4, 99999.6, 1e5, 999999999.7)] == [
        "99999",
        "100000",
        "100000",
        "1e+09",
    ]
    assert with_spread(float("inf"), 1e-9) == "inf ± 1e-09"
    assert with_spread(float("nan"), 1e-9) == "nan ± 1e-09"
    assert with_spread(float("-inf"), 0.5) == "-inf ± 0.5"


def test_a_table_without_rows_is_no_table() -> None:
    assert as_latex([Passage("Covariates", (Table.of_records([]),), "None.")]).count("tabular") == 0
    assert (
        as_markdown([Passage("Covariates", (Table.of_records([]),), "None.")])
        == "# Covariates\n\nNone.\n"
    )


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_latex_takes_it(tmp_path) -> None:
    page = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}%s\\end{document}"
    (tmp_path / "page.tex").write_text(page % as_latex(PASSAGES), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_html_says_what_cells_hold_and_nothing_of_theirs_is_markup() -> None:
    page = Cells(as_html(PASSAGES[:1]))
    assert page.rows == [["class", "share_of", "name", "p"], ["low", "0.25", HOSTILE, ""]]
    assert page.tags == {
        "div",
        "style",
        "p",
        "strong",
        *("table", "thead", "tbody", "tr", "th", "td"),
    }


def test_html_has_no_colour_of_its_own_and_nothing_outside_itself() -> None:
    page = as_html(PASSAGES)
    assert re.findall(r"(?<!-)color:(\w+)", page) == ["inherit"]
    assert "#" not in page.replace("#1 ~", "")
    assert "http" not in page


def test_a_summary_is_text_that_has_its_tables_too() -> None:
    table = Table.of(["component", "weight"], [["low", "0.25"], ["high", "0.75"]])
    records = [{"component": "low", "weight": 0.25}, {"component": "high", "weight": 0.75}]
    told = Summary([Passage("Two", (table,), "of all"), Passage(said="Done.")], records)
    assert told == "Two\ncomponent  weight\nlow          0.25\nhigh         0.75\nof all\n\nDone."
    assert repr(told) == told
    assert Cells(told._repr_html_()).rows[2] == ["high", "0.75"]
    assert told.table() == records
    again = pickle.loads(pickle.dumps(told))
    assert (again, again.table(), again.to_latex()) == (told, records, told.to_latex())


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_rows_by_name_are_frames_of_any_library(backend) -> None:
    records = [{"level": 1, "value": 0.5}, {"level": "x", "value": float("nan")}, {"value": 2.0}]
    frame = nw.from_native(frame_of(records, backend))
    assert frame["level"].to_list()[:2] == ["1", "x"]
    assert frame["value"].to_list()[::2] == [0.5, 2.0]
    assert frame.implementation.name.lower() == backend


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, 0.5, np.int64(3)], [1.0, 0.5, 3.0]),
        ([0.5, 1], [0.5, 1.0]),
        ([1, True], ["1", "True"]),
        ([True, 2, "x"], ["True", "2", "x"]),
        ([False, 0.5], ["False", "0.5"]),
        ([True, np.False_], [True, False]),
        ([2, 1], [2, 1]),
    ],
)
def test_cells_of_unlike_types_are_floats_or_text(cells, expected, backend) -> None:
    frame = nw.from_native(frame_of([{"level": cell} for cell in cells], backend))
    found = frame["level"].to_list()
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize("backend", ["x", None, "numpy"])
def test_a_library_that_is_not_known_is_refused(backend) -> None:
    told = Summary([], [{"a": 1}])
    with pytest.raises(ParameterError, match=r"one of 'pandas', 'polars', 'pyarrow', but got"):
        told.to_frame(backend)


def test_what_a_notebook_shows_is_small_however_much_there_is() -> None:
    many = Table.of([f"column {j}" for j in range(90)], [["x" * 1000] * 90] * 300)
    told = Summary([Passage(f"Table {k}", (many,)) for k in range(5)])
    assert len(told._repr_html_()) < 30_000
    assert len(told.to_html()) > 1_000_000
    assert "(78 more)" in told._repr_html_()
    assert re.search(r"\((2\d\d) more\)", told._repr_html_())
