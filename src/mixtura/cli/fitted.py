"""A fit that a search has chosen, with the rows it is shown on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from mixtura.cli.budget import searched
from mixtura.cli.families import Offer, Request
from mixtura.components.resuming import Seen
from mixtura.data.files import Table
from mixtura.mixture import Mixture
from mixtura.mixture.tables import rows_of
from mixtura.report import Report
from mixtura.scoring.answers import Answers
from mixtura.scoring.assigned import assigned_rows
from mixtura.selection import Selection

__all__ = ["Fitted", "Written", "fitted_table", "relabelled"]


class Written(Protocol):
    """The component of each row, as a file has it."""

    file: ClassVar[str]

    @property
    def sizes(self) -> NDArray[Any]:
        """Return the weight (K,) of the rows that each component is the most probable one of."""
        ...

    def write(self, path: Path) -> None:
        """Write the file."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What the command has found.

    Attributes
    ----------
    selection : the search, and its best
    said : what a summary says of the best
    assignments : of all rows
    request : what was asked for
    source : what the rows are called
    shown : fields of the report that hold rows
    """

    selection: Selection
    said: dict[str, Any]
    assignments: Written
    request: Request
    source: str
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def mixture(self) -> Mixture:
        """Return the mixture that was chosen."""
        return self.selection.result.mixture

    @property
    def seen(self) -> Seen:
        """Return what the fit has seen of its rows."""
        seen = self.selection.result.seen
        return replace(seen, n_rows=self.said.get("n_rows", seen.n_rows))

    def facts(self) -> dict[str, Any]:
        """Return what a file and a page say of the fit."""
        notes = self.said.get("notes", ())
        known = {*self.said.get("cautions", ()), *notes}
        unknown = [each for each in self.selection.best.cautions if each not in known]
        return {
            **self.said,
            "notes": [*notes, *unknown],
            "sizes": self.assignments.sizes.tolist(),
            "criterion": self.request.criterion,
            "seed": self.request.seed,
            "source": self.source,
        }

    def report(self) -> Report:
        """Return what the page is made of."""
        more: dict[str, Any] = {}
        if "all_rows" in self.shown:
            more = {"all_sizes": self.assignments.sizes}
        return Report(
            title=self.source,
            result=self.selection.result,
            selection=self.selection,
            columns=self.mixture.columns or (),
            source=self.source,
            seed=self.request.seed,
            facts=self.facts(),
            **self.shown,
            **more,
        )


def relabelled(selection: Selection, labels: Sequence[str]) -> Selection:
    """Return the search with names for the components of its best fit, where it has as many."""
    if len(labels) != selection.best.n_components:
        return selection
    best, result = selection.best, selection.result
    named = replace(best, result=replace(result, mixture=result.mixture.relabel(labels)))
    found = tuple(named if one is best else one for one in selection.candidates)
    return replace(selection, candidates=found)


def fitted_table(
    table: Table,
    offer: Offer,
    request: Request,
    *,
    all_components: bool = False,
    labels: Sequence[str] = (),
) -> Fitted:
    """Return the best fit to the rows of a table.

    Parameters
    ----------
    all_components : whether assignments have the probabilities of all components
    labels : names for components, where the best fit has as many
    """
    request = request.of(table)
    identifiers = None if request.id_column is None else table.column(request.id_column)
    search = offer.prepare(table, request)
    selection, facts = searched(search, request.budget)
    selection = relabelled(selection, labels)
    mixture = selection.result.mixture
    rows = rows_of(mixture, table)
    assignments = assigned_rows(
        Answers.of(mixture),
        rows,
        identifiers,
        request.id_column,
        request.keep_formulas,
        weights=request.weights,
        all_components=all_components,
    )
    shown = {
        "rows": rows,
        "labels": assignments.label,
        "probabilities": assignments.probability,
    }
    return Fitted(selection, facts, assignments, request, table.path.name, shown)
