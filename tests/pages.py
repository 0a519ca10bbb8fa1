"""The Python cells of a page, run one after the other."""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mixtura.components.catalogue import FAMILIES, ROWS
from mixtura.components.gaussian.structures import STRUCTURES

__all__ = ["CELL", "Cell", "cells", "run"]

CELL = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Cell:
    """The first line of a cell, its text, and what the page says that it prints."""

    line: int
    text: str
    printed: str


def cells(page: Path) -> list[Cell]:
    text = page.read_text(encoding="utf-8")
    return [
        Cell(text.count("\n", 0, cell.start(1)), cell[1], cell[2] or "")
        for cell in CELL.finditer(text)
    ]


@contextlib.contextmanager
def run(page: Path) -> Iterator[dict[str, Any]]:
    """Return the names that a page leaves, whose families and structures are known meanwhile."""
    # Dataclasses look for the module that they are defined in.
    names: dict[str, Any] = {"__name__": "__main__"}
    with patch.dict(FAMILIES), patch.dict(ROWS), patch.dict(STRUCTURES):
        for cell in cells(page):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                # Blank lines bring a traceback to the line of the page.
                exec(compile("\n" * cell.line + cell.text, str(page), "exec"), names)
            assert out.getvalue() == cell.printed, f"{page.name}, line {cell.line + 1}"
        yield names
