"""`ColumnChoice`: the columns that were chosen, the steps to them, and the mixture of these."""

from dataclasses import dataclass
from typing import Any, Literal

from mixtura.selection import Selection
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["ColumnChoice", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """A column that was looked at, as the most promising of its step.

    Attributes
    ----------
    action : what was to be done with it
    column : its name, or its place
    evidence : how much lower BIC is where the column has clusters of its own than where it only
        follows from the columns that are chosen
    accepted : whether it was done
    bic : of the best mixture of two components or more, with the column where it is to be added and
        without it where it is to be removed
    kind : what that is
    n_components : how many it has
    """

    action: Literal["add", "remove"]
    column: str | int
    evidence: float
    accepted: bool
    bic: float
    kind: str
    n_components: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ColumnChoice(Tabled):
    """The columns that tell clusters apart.

    Attributes
    ----------
    columns : their names, or their places where the table has no names, in the order of the table
    left_out : the others
    steps : in their order
    selection : the mixtures of these columns, the best of which says what clusters there are; None
        where no column tells any apart
    """

    columns: tuple[str, ...] | tuple[int, ...]
    left_out: tuple[str, ...] | tuple[int, ...]
    steps: tuple[Step, ...]
    selection: Selection | None

    def __repr__(self) -> str:
        count = len(self.columns)
        return f"<ColumnChoice: {count} of {count + len(self.left_out)} columns>"

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each step."""
        return [
            {
                "action": step.action,
                "column": step.column,
                "evidence": step.evidence,
                "accepted": step.accepted,
                "bic": step.bic,
                "kind": step.kind,
                "n_components": step.n_components,
            }
            for step in self.steps
        ]

    def summary(self) -> Summary:
        """Return the steps as a table, and what was chosen."""
        rows = [
            [
                step.action,
                str(step.column),
                f"{step.evidence:.3f}",
                "yes" if step.accepted else "no",
                f"{step.bic:.3f}",
                step.kind,
                str(step.n_components),
            ]
            for step in self.steps
        ]
        heads = ["step", "column", "evidence", "done", "BIC", "model", "components"]
        chosen = ", ".join(map(str, self.columns)) or "none"
        others = ", ".join(map(str, self.left_out)) or "none"
        told = f"chosen: {chosen}\nleft out: {others}"
        if self.selection is not None:
            best = self.selection.best
            told += f"\nbest mixture of these: {best.kind}, {best.n_components} component(s)"
        table = Table.of(heads, rows)
        title = "Columns that tell clusters apart, by BIC (evidence: how much lower with it)"
        return Summary([Passage(title, (table,), told)], self.table())
