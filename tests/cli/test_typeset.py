"""Tables are typeset as a reader's program takes them, whatever stands in their cells."""

import shutil
import subprocess

import pytest

from mixtura.cli.typeset import Part, as_latex, as_markdown

HOSTILE = "50 % of $a_b$ & {c} #1 ~ ^ \\input{x} | <i>"
PARTS = [
    Part("Classes & more", ([{"class": "0", "share_of": 0.25, "name": HOSTILE, "p": None}],)),
    Part("Methods", (), "Entropy was 0.9 & fine."),
]


def test_markdown_has_a_line_for_each_row() -> None:
    text = as_markdown(PARTS)
    assert "# Classes & more" in text
    assert "| class | share_of | name | p |\n| --- | --- | --- | --- |\n| 0 | 0.25 | " in text
    assert "\\input{x} \\| <i>" in text
    assert text.endswith("# Methods\n\nEntropy was 0.9 & fine.\n")


def test_latex_escapes_what_it_takes_for_its_own() -> None:
    text = as_latex(PARTS)
    assert "\\subsection*{Classes \\& more}" in text
    assert "class & share of & name & p \\\\" in text
    assert "50 \\% of \\$a\\_b\\$ \\& \\{c\\} \\#1 \\textasciitilde{} \\textasciicircum{}" in text
    assert "\\input" not in text.replace("\\textbackslash{}input", "")
    assert "\\begin{tabular}{lrlr}" in text
    assert "0 & 0.25 & " in text


def test_a_table_without_rows_is_no_table() -> None:
    assert as_latex([Part("Covariates", ([],), "None.")]).count("tabular") == 0
    assert as_markdown([Part("Covariates", ([],), "None.")]) == "# Covariates\n\nNone.\n"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_latex_takes_it(tmp_path) -> None:
    page = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}%s\\end{document}"
    (tmp_path / "page.tex").write_text(page % as_latex(PARTS), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
