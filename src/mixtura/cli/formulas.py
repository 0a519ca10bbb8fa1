"""The option that leaves texts as they are which a spreadsheet would take for formulas."""

from typing import Any

import click

__all__ = ["keep_formulas_option"]


def keep_formulas_option(function: Any) -> Any:
    """Add the option that leaves cells of CSV files as they are."""
    words = (
        "Write texts that begin as a formula does (=, +, -, @) as they are, without a leading '."
    )
    return click.option("--keep-formulas", is_flag=True, help=words)(function)
