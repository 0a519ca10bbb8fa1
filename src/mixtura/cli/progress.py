"""A progress bar on standard error, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mixtura.selection import Candidate

__all__ = ["search_progress"]


@contextmanager
def search_progress() -> Iterator[Callable[[Candidate, int], None]]:
    """Yield a callback for `select` that moves the bar and names the best model so far."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("fitting"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[best]}"),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    best: list[Candidate] = []
    with bar:
        task = bar.add_task("fitting", total=None, best="")

        def advance(candidate: Candidate, count: int) -> None:
            best.append(candidate)
            best[:] = [min(best, key=lambda one: one.order("bic"))]
            text = f"best so far {best[0].kind}, K={best[0].n_components}"
            bar.update(task, total=count, advance=1, best=text)

        yield advance
