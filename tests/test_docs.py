"""The Python cells of the pages in docs/ run, one after the other, and check what they stand by."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"

if not DOCS.exists():
    pytest.skip("these tests read the pages", allow_module_level=True)

CELL = re.compile(r"^```(?:\{code-cell\} )?python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PAGES = sorted(page for page in DOCS.rglob("*.md") if CELL.search(page.read_text("utf-8")))


def cells(page: Path) -> list[tuple[int, str]]:
    """Return the first line and the text of each cell."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, cell.start(1)), cell[1]) for cell in CELL.finditer(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.filterwarnings("error")
def test_the_cells_of_a_page_run(page: Path) -> None:
    names: dict[str, object] = {}
    for line, text in cells(page):
        # Blank lines bring a traceback to the line of the page.
        exec(compile("\n" * line + text, str(page), "exec"), names)


def test_every_step_of_the_derivation_is_checked() -> None:
    text = (DOCS / "how-em-works.md").read_text(encoding="utf-8")
    sections = re.split(r"^## (?=\d)", text, flags=re.MULTILINE)[1:]
    assert len(sections) >= 9
    for section in sections:
        assert any("assert" in cell[1] for cell in CELL.finditer(section)), section.splitlines()[0]
