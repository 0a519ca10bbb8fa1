"""What `mixtura classes` found: as text, as CSV, and as a paper takes it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from mixtura import __version__
from mixtura.classes import (
    Classification,
    ClassMembership,
    ClassProfile,
    ClassRegression,
    DistalOutcomes,
    Enumeration,
    Invariance,
    ModelFit,
)
from mixtura.cli.output import CLASSES, ENUMERATION, LATEX, PATTERNS, TABLES
from mixtura.cli.voice import say
from mixtura.text import Passage, Rows, Table, as_latex, as_markdown, probability
from mixtura.text.formulas import cells_written
from mixtura.writing import replacing, write_text

__all__ = ["Findings", "Related", "scree_drawn", "write_csv"]

Related = ClassMembership | ClassRegression | DistalOutcomes

# Of the table over K, what papers print.
PRINTED = ("n_classes", "log_likelihood", "df", "aic", "caic", "bic", "sabic", "awe")
PRINTED += ("relative_entropy", "smallest_share", "starts_agreeing", "n_starts", "blrt_p")
PRINTED_TESTS = ("vlmr_p", "lmr_p")


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is told of classes.

    Attributes
    ----------
    enumeration : over numbers of classes
    title : what the fit that was chosen is
    profile : of its classes
    classification : of its rows, or None where there is one class
    notes : what else the fit says of itself and of its rows
    related : by covariates and outcomes, as far as asked for
    groups : whether classes are the same in these, or None
    keeps_formulas : whether texts that begin as a formula does are written as they are
    fit : to the table of all answers, where it is asked for
    """

    enumeration: Enumeration
    title: str
    profile: ClassProfile
    classification: Classification | None
    notes: tuple[str, ...]
    related: tuple[Related, ...]
    groups: Invariance | None = None
    keeps_formulas: bool = False
    fit: ModelFit | None = None

    def text(self) -> str:
        """Return it for a terminal."""
        parts = [self.enumeration.summary(), self.title, self.profile.summary()]
        if self.classification is not None:
            parts.append(self.classification.summary())
        if self.fit is not None:
            parts.append(self.fit.summary())
        if self.notes:
            parts.append("\n".join(self.notes))
        parts += [one.summary() for one in self.related]
        return "\n\n".join(parts if self.groups is None else [*parts, self.groups.summary()])

    def write(self, folder: Path) -> None:
        """Write the tables into a folder."""
        safe = cells_written(keep_formulas=self.keeps_formulas)
        write_csv(folder / ENUMERATION, self.enumeration.table(), safe)
        write_csv(folder / CLASSES, self.profile.table(), safe)
        if self.fit is not None:
            write_csv(folder / PATTERNS, self.fit.patterns_table(), safe)
        passages = self.passages()
        write_text(folder / TABLES, as_markdown(passages))
        write_text(folder / LATEX, as_latex(passages))

    def passages(self) -> list[Passage]:
        """Return what a paper takes: headings, tables and sentences."""
        rows = [row for row in self.enumeration.table() if row["failure"] is None]
        names = PRINTED + (PRINTED_TESTS if self.enumeration.vlmr else ())
        printed = [{name: row[name] for name in names} for row in rows]
        lines = [line for note in self.notes for line in note.splitlines()]
        said = " ".join(f"{line[0].upper()}{line[1:]}." for line in lines)
        classes = Passage("Classes", _tables(self.profile.table()), said)
        found = [Passage("Numbers of classes", _tables(printed)), classes]
        if self.classification is not None:
            found.append(Passage("Classification", _tables(self.classification.table())))
        if self.fit is not None:
            found += self.fit.summary().passages
        for one in self.related:
            if not isinstance(one, DistalOutcomes):
                own = one.membership if isinstance(one, ClassRegression) else one
                tests = [
                    {"covariate": name, "wald": test.statistic, "df": test.df, "p": test.p_value}
                    for name, test in own.tests.items()
                ]
                found.append(Passage("Covariates", _tables(one.table(), tests), f"{one.how}."))
            else:
                tests = one.tests()
                found.append(Passage("Outcomes", _tables(one.table(), tests), f"{one.how}."))
        if self.groups is not None:
            own, said = (
                self.groups,
                f"Classes of groups {self.groups.sized}. {self.groups.left_out}",
            )
            found.append(Passage("Groups", _tables(*own.tables().values()), said.rstrip()))
        return [*found, Passage("Methods", (), self.methods())]

    def methods(self) -> str:
        """Return a paragraph on how classes were found, with the numbers of this fit."""
        rows = [row for row in self.enumeration.table() if row["failure"] is None]
        sizes = [row["n_classes"] for row in rows]
        best = self.enumeration.selection.best
        chosen = next(row for row in rows if row["n_classes"] == best.n_components)
        tried = f"{sizes[0]} to {sizes[-1]} classes" if len(sizes) > 1 else f"{sizes[0]} class(es)"
        text = (
            f"Mixtures of {tried} were fitted to {chosen['n']:.10g} rows by the EM algorithm with "
            f"mixtura {__version__}, each from {chosen['n_starts']} start(s) carried to the end; "
            f"{chosen['starts_agreeing']} of those of the model retained reached its likelihood. "
            f"By BIC {best.n_components} class(es) were retained (log-likelihood "
            f"{chosen['log_likelihood']:.3f}, {chosen['df']} free parameters, BIC "
            f"{chosen['bic']:.3f}, AIC {chosen['aic']:.3f}"
        )
        if chosen["relative_entropy"] is not None:
            text += f", relative entropy {chosen['relative_entropy']:.3f}"
        text += f"); the smallest class has {100 * chosen['smallest_share']:.1f} % of the rows."
        test = self.enumeration.tests.get(best.n_components)
        if test is not None:
            text += (
                f" The parametric bootstrap of the likelihood ratio against one class less has "
                f"p = {test.p_value:.3f} ({len(test.replicates)} replicates)."
            )
        return text if self.groups is None else f"{text} {_method_of_groups(self.groups)}"


def _method_of_groups(groups: Invariance) -> str:
    """Return sentences on how groups were held against one another."""
    text = (
        f"Classes of {len(groups.groups)} groups, {groups.sized}, were compared by multiple-group "
        "models with class weights by group, all items equal or all free"
    )
    partial = groups.models.get("partial")
    if partial is not None:
        text += f", or those of {', '.join(partial.free)} free"
    tests = [
        f"{name} against {freer} by the likelihood ratio {test.statistic:.3f}, df = {test.df}, "
        f"p {'' if said.startswith('<') else '= '}{said}"
        for (name, freer), test in groups.tests.items()
        for said in (probability(test.p_value),)
    ]
    return f"{text} ({'; '.join(tests)})." if tests else f"{text}."


def _tables(*records: Rows) -> tuple[Table, ...]:
    return tuple(map(Table.of_records, records))


def write_csv(path: Path, rows: Rows, safe: Callable[[Any], Any]) -> None:
    """Write rows, each a dict by column, to a CSV file that appears whole or not at all."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _cells([row.get(name) for row in rows], safe) for name in names}
    with replacing(path) as temporary:
        pyarrow.csv.write_csv(pa.table(columns), temporary)


def _cells(cells: list[Any], safe: Callable[[Any], Any]) -> Any:
    """Return a column that Arrow takes: levels may be of several types, and NaN is no number."""
    cells = [float(f"{cell:.10g}") if isinstance(cell, float) else cell for cell in cells]
    if any(isinstance(cell, str) for cell in cells):
        cells = [cell if cell is None or isinstance(cell, str) else str(cell) for cell in cells]
    return pa.array(safe(cells), from_pandas=True)


def scree_drawn(path: Path, rows: list[dict[str, Any]]) -> bool:
    """Draw the criteria against the number of classes; return whether that can be done here."""
    if find_spec("matplotlib") is None:
        say("no scree plot: it needs matplotlib; pip install 'mixtura[report]'", err=True)
        return False
    from mixtura.report.scree import write_scree

    write_scree(path, rows)
    return True
