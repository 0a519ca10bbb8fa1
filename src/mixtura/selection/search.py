"""The search over kinds of models and numbers of components."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mixtura.components.family import Family
from mixtura.data import RowSource
from mixtura.em.solve import SolveOptions, solve
from mixtura.em.stopping import Ending
from mixtura.engines import Engine
from mixtura.errors import LikelihoodDecreased, ParameterError
from mixtura.selection.candidates import Candidate, Selection

__all__ = ["Cell", "search"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A model to be fitted.

    Attributes
    ----------
    kind : how tables call it
    family : the component distribution
    n_components : K
    """

    kind: str
    family: Family
    n_components: int


def search(
    cells: Iterable[Cell],
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    *,
    criterion: str = "bic",
    columns: tuple[str, ...] | None = None,
    progress: Callable[[Candidate], None] | None = None,
) -> Selection:
    """Fit every cell; an interrupt ends the search and keeps what is there.

    Parameters
    ----------
    cells : the models
    progress : called after each cell
    """
    done: list[Candidate] = []
    try:
        with engine.session():
            for cell in cells:
                done.append(_fitted(cell, source, engine, options, columns))
                result = done[-1].result
                if result is not None and result.ending is Ending.INTERRUPTED:
                    return Selection(tuple(done), criterion, interrupted=True)
                if progress is not None:
                    progress(done[-1])
    except KeyboardInterrupt:
        if not any(candidate.result for candidate in done):
            raise
        return Selection(tuple(done), criterion, interrupted=True)
    return Selection(tuple(done), criterion)


def _fitted(
    cell: Cell,
    source: RowSource,
    engine: Engine,
    options: SolveOptions,
    columns: Sequence[str] | None,
) -> Candidate:
    names = None if columns is None else tuple(columns)
    try:
        result = solve(cell.family, source, engine, cell.n_components, options, columns=names)
    except (ParameterError, LikelihoodDecreased) as error:
        return Candidate(cell.kind, cell.n_components, failure=str(error))
    return Candidate(cell.kind, cell.n_components, result)
