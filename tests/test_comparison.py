"""Every line of the comparison runs, and what it counts is so."""

import contextlib
import io
import re
from collections import Counter
from pathlib import Path

import pytest
from pages import run

PAGE = Path(__file__).parent.parent / "docs" / "comparison.md"

if not PAGE.exists():
    pytest.skip("this test reads the page", allow_module_level=True)

ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<mark>[YP-]) \|(?P<line>[^|]*)\|", re.MULTILINE)
SHOWN = re.compile(r"^`([^`]*)`$")


def test_every_line_of_the_comparison_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PAGE.parent.parent)
    text = PAGE.read_text("utf-8")
    rows = [found.groupdict() for found in ROW.finditer(text)]
    marks = Counter(row["mark"] for row in rows)
    told = f"Of the {len(rows)} rows, {marks['Y']} are there and {marks['P']} partly."
    assert told in " ".join(text.split())
    shown = [SHOWN.match(row["line"].strip()) for row in rows]
    assert all(row["mark"] == "-" or row["line"].strip() for row in rows)
    lines = [one[1] for one in shown if one and not one[1].startswith("mixtura ")]
    assert len(lines) > 50
    with run(PAGE) as names, contextlib.redirect_stdout(io.StringIO()):
        for line in lines:
            try:
                exec(line, names)
            except Exception as error:
                raise AssertionError(line) from error
