"""The pictures of the gallery, drawn by its own cells whenever the pages are built."""

import os
import re
from pathlib import Path
from typing import Any

import matplotlib

__all__ = ["draw"]

DOCS = Path(__file__).parent
# A cell, and where the page shows the `picture` that one leaves.
CELL = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"\]\((_pictures/[\w-]+\.png)\)")


def draw(page: Path = DOCS / "gallery.md") -> None:
    """Run the cells of a page from the project's folder, and write the picture that each leaves."""
    matplotlib.use("Agg")
    (DOCS / "_pictures").mkdir(exist_ok=True)
    text, names = page.read_text(encoding="utf-8"), {"__name__": "__main__"}
    cells, before = list(CELL.finditer(text)), os.getcwd()
    ends = [*(cell.start() for cell in cells[1:]), len(text)]
    os.chdir(DOCS.parent)
    try:
        for cell, end in zip(cells, ends, strict=True):
            exec(compile(cell[1], str(page), "exec"), names)
            for place in SHOWN.findall(text[cell.end() : end]):
                write(names, DOCS / place)
    finally:
        os.chdir(before)


def write(names: dict[str, Any], path: Path) -> None:
    """Write the picture that a cell left, and close all figures."""
    from matplotlib import pyplot as plt

    names.pop("picture").savefig(path, dpi=110, bbox_inches="tight", facecolor="white")
    plt.close("all")
