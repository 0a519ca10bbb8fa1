"""Cells of CSV files that a spreadsheet would take for formulas."""

import re
from collections.abc import Callable
from typing import Any

__all__ = ["cells_written"]

# What spreadsheets take the beginning of a formula for, unless a number begins there.
FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9.]+([eE][+-]?[0-9]+)?$)")


def cells_written(*, keep_formulas: bool) -> Callable[[Any], Any]:
    """Return what makes of cells those that are written."""
    return (lambda cells: cells) if keep_formulas else _unformulated


def _unformulated(cells: Any) -> Any:
    """Return cells with an apostrophe before texts that a spreadsheet would take for formulas."""
    if not isinstance(cells, (list, tuple)):
        return cells
    return [f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell for cell in cells]
