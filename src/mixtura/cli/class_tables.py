"""What `mixtura classes` found, as text, as CSV and as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from mixtura.classes import (
    Classification,
    ClassMembership,
    ClassProfile,
    ClassRegression,
    DistalOutcomes,
    Enumeration,
)
from mixtura.cli.output import CLASSES, ENUMERATION, TABLES
from mixtura.cli.voice import unformulated
from mixtura.writing import replacing, write_text

__all__ = ["Findings", "Related"]

Related = ClassMembership | ClassRegression | DistalOutcomes

Rows = Sequence[Mapping[str, Any]]

# Of the table over K, what papers print.
PRINTED = ("n_classes", "log_likelihood", "df", "aic", "caic", "bic", "sabic", "awe")
PRINTED += ("relative_entropy", "smallest_share", "starts_agreeing", "n_starts", "blrt_p")


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is told of classes.

    Attributes
    ----------
    enumeration : over numbers of classes
    title : what the fit that was chosen is
    profile : of its classes
    classification : of its rows, or None where there is one class
    related : by covariates and outcomes, as far as asked for
    keeps_formulas : whether texts that begin as a formula does are written as they are
    """

    enumeration: Enumeration
    title: str
    profile: ClassProfile
    classification: Classification | None
    related: tuple[Related, ...]
    keeps_formulas: bool = False

    def text(self) -> str:
        """Return it for a terminal."""
        parts = [self.enumeration.summary(), self.title, self.profile.summary()]
        if self.classification is not None:
            parts.append(self.classification.summary())
        return "\n\n".join([*parts, *(one.summary() for one in self.related)])

    def write(self, folder: Path) -> None:
        """Write the tables into a folder."""
        safe = (lambda cells: cells) if self.keeps_formulas else unformulated
        _write_csv(folder / ENUMERATION, self.enumeration.table(), safe)
        _write_csv(folder / CLASSES, self.profile.table(), safe)
        write_text(folder / TABLES, self.markdown())

    def markdown(self) -> str:
        """Return the tables in Markdown."""
        rows = [row for row in self.enumeration.table() if row["failure"] is None]
        printed = [{name: row[name] for name in PRINTED} for row in rows]
        parts = ["# Numbers of classes", _markdown(printed)]
        parts += ["# Classes", _markdown(self.profile.table())]
        if self.classification is not None:
            parts += ["# Classification", _markdown(self.classification.table())]
        for one in self.related:
            if not isinstance(one, DistalOutcomes):
                own = one.membership if isinstance(one, ClassRegression) else one
                tests = [
                    {"covariate": name, "wald": test.statistic, "df": test.df, "p": test.p_value}
                    for name, test in own.tests.items()
                ]
                parts += ["# Covariates", _markdown(one.table()), _markdown(tests)]
            else:
                parts += ["# Outcomes", _markdown(one.table()), _markdown(one.tests())]
            parts.append(f"{one.how}.")
        return "\n\n".join(parts) + "\n"


def _write_csv(path: Path, rows: Rows, safe: Callable[[Any], Any]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _cells([row.get(name) for row in rows], safe) for name in names}
    with replacing(path) as temporary:
        pyarrow.csv.write_csv(pa.table(columns), temporary)


def _cells(cells: list[Any], safe: Callable[[Any], Any]) -> Any:
    """Return a column that Arrow takes: levels may be of several types, and NaN is no number."""
    if any(isinstance(cell, str) for cell in cells):
        cells = [cell if cell is None or isinstance(cell, str) else str(cell) for cell in cells]
    return pa.array(safe(cells), from_pandas=True)


def _markdown(rows: Rows) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([_cell(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) >= 100.0 else f"{value:.4g}"
    return str(value).replace("|", "\\|").replace("\n", " ")
