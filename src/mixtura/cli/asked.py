"""Covariates and outcomes as options name them: columns, or a formula of some."""

from dataclasses import dataclass
from typing import Any

from mixtura.cli.columns import related_frame, say_codes
from mixtura.covariates.asked import covariates_of, outcomes_of
from mixtura.covariates.formulas import Formula, looks_like_formula
from mixtura.data.files import Table
from mixtura.text import split_names

__all__ = ["Asked", "asked_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an option asks for.

    Attributes
    ----------
    names : of the columns
    formula : of these, or None where each is meant
    what : "covariates" or "distal"
    """

    names: tuple[str, ...]
    formula: str | None
    what: str

    def of(self, table: Table) -> tuple[Any, Any]:
        """Return what the library is asked for, and the frame that has its columns.

        Raises
        ------
        DataError, ParameterError
            If the columns, or the terms of the formula, cannot be used.
        """
        frame, asked = related_frame(table, self.names), self.formula or list(self.names)
        if self.what == "distal":
            outcomes_of(asked, frame, table.n_rows)
        else:
            found = covariates_of(asked, frame, table.n_rows)
            found.of(found.complete).fitted()
        say_codes(table, self.names)
        return asked, frame


def asked_of(text: str | None, what: str) -> Asked:
    """Return what names separated by commas, or a formula, ask for.

    Parameters
    ----------
    what : "covariates" or "distal"

    Raises
    ------
    ParameterError
        If it is neither, or a formula and formulaic is not installed.
    """
    if text is None or not looks_like_formula(text):
        return Asked(tuple(split_names(text)), None, what)
    return Asked(Formula.of(text).names, text, what)
