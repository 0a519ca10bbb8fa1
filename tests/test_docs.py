"""The Python cells of the pages in docs/ run, one after the other, and print what stands below."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from oracles import gaussian_fit
from pages import CELL, run

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

if not DOCS.exists():
    pytest.skip("these tests read the pages", allow_module_level=True)

PAGES = sorted(page for page in DOCS.rglob("*.md") if CELL.search(page.read_text("utf-8")))


@pytest.mark.parametrize(
    "page",
    [
        # It starts a cluster, as tests of its engine do too.
        pytest.param(page, marks=[pytest.mark.nightly] if page.stem == "on-a-cluster" else [])
        for page in PAGES
    ],
    ids=lambda page: page.stem,
)
@pytest.mark.drawn(3)
@pytest.mark.filterwarnings("error")
def test_the_cells_of_a_page_run_and_print_what_it_says(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with run(page):
        pass


def test_every_step_of_the_derivation_is_checked() -> None:
    text = (DOCS / "how-em-works.md").read_text(encoding="utf-8")
    sections = re.split(r"^## (?=\d)", text, flags=re.MULTILINE)[1:]
    assert len(sections) >= 9
    for section in sections:
        assert any("assert" in cell[1] for cell in CELL.finditer(section)), section.splitlines()[0]


def test_what_the_page_says_of_mclust_is_what_the_reference_stores() -> None:
    text = (DOCS / "from-mclust.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+/\w+/\d/\w+) \| (.*?) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    assert len(rows) > 30
    for identifier, theirs, ours, more in rows:
        stored = gaussian_fit(identifier)
        right = {stored["loglik"], stored["floor"]}
        assert float(theirs) == pytest.approx(stored["checks"]["mclust_loglik"], abs=1e-4)
        assert min(abs(float(ours) - value) for value in right) < 2e-4, identifier
        assert float(more) == pytest.approx(float(ours) - float(theirs), abs=2e-4)
    equal = re.findall(r"^\| (\w{3}) \| [^|]* \| (-[\d.]+) \|$", text, re.MULTILINE)
    assert len(equal) == 7
    for code, right in equal:
        stored = gaussian_fit(f"iris/{code}/3/hc/equalpro")
        assert float(right) == pytest.approx(stored["loglik"], abs=1e-4)


@pytest.mark.nightly
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(DOCS), str(tmp_path)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "how-em-works.html").read_text(encoding="utf-8")
    # Formulas are shown without a script from elsewhere.
    assert "<math" in page
    assert 'src="http' not in page
