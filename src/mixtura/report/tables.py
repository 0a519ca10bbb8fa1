"""The tables of a page, as headings and cells that are ready to print."""

from collections.abc import Sequence
from dataclasses import dataclass

from mixtura.report.contents import Report
from mixtura.selection import MARK, UNSOUND, Selection
from mixtura.text import component_title, row_words

__all__ = [
    "Table",
    "component_table",
    "component_titles",
    "failure_table",
    "ranking_table",
]


UNCONVERGED = "“>” before a number of iterations: not converged."


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text.

    Attributes
    ----------
    header : the headings
    rows : the cells; the first of each row is its name
    caption : a line above, or nothing
    folded : whether it is shown on demand only
    prose : whether the last cells are words, set left
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    folded: bool = False
    prose: bool = False


def component_titles(report: Report) -> list[str]:
    """Return what stands above the numbers of components but noise."""
    mixture = report.result.mixture
    return [component_title(mixture.names[k]) for k in mixture.labels if k >= 0]


def component_table(
    report: Report, headings: Sequence[str] = (), cells: Sequence[Sequence[str]] = ()
) -> Table:
    """Return size, weight and effective rows of the components, and what their family adds.

    Parameters
    ----------
    headings : of the family's columns
    cells : K rows of them
    """
    result = report.result
    n_components, sizes = result.mixture.n_components, report.sizes
    added = cells or [()] * n_components
    rows = (
        (
            name,
            f"{sizes[k]}",
            f"{result.mixture.weights[k]:.4f}",
            row_words(result.effective_rows[k]),
            *added[k],
        )
        for k, name in enumerate(result.mixture.names)
    )
    return Table(("component", "rows", "weight", "effective rows", *headings), tuple(rows))


def ranking_table(selection: Selection) -> Table:
    """Return the fitted candidates, best first."""
    best = selection.best.value(selection.criterion)
    rows = []
    for rank, candidate in enumerate(selection.ranked, start=1):
        found = candidate.row()
        rows.append(
            (
                str(rank),
                candidate.kind + ("" if candidate.is_sound else MARK),
                str(candidate.n_components),
                f"{found['log_likelihood']:.3f}",
                str(found["df"]),
                f"{found['bic']:.3f}",
                f"{found['icl']:.3f}",
                f"{candidate.value(selection.criterion) - best:.3f}",
                f"{found['entropy']:.2f}",
                f"{found['smallest_component']:.1f}",
                f"{found['starts_agreeing']} of {found['n_starts']}",
                f"{'' if found['converged'] else '> '}{found['n_iter']}",
                f"{found['seconds']:.3f}",
            )
        )
    header = (
        "rank",
        "model",
        "components",
        "log-likelihood",
        "df",
        "BIC",
        "ICL",
        f"{selection.criterion.upper()} above best",
        "entropy",
        "smallest component",
        "starts agreeing",
        "iterations",
        "seconds",
    )
    ranked = selection.ranked
    notes = [] if all(c.row()["converged"] for c in ranked) else [UNCONVERGED]
    notes += [] if all(c.is_sound for c in ranked) else [f"{UNSOUND}."]
    return Table(header, tuple(rows), " ".join(notes))


def failure_table(selection: Selection) -> Table:
    """Return the candidates without a fit, and why."""
    rows = (
        (candidate.kind, str(candidate.n_components), candidate.failure or "no reason was given")
        for candidate in selection.candidates
        if candidate.result is None
    )
    return Table(("model", "components", "reason"), tuple(rows))
