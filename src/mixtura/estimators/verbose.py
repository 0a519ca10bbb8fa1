"""Progress by lines on standard output, as scikit-learn prints it."""

from collections.abc import Callable
from time import perf_counter

__all__ = ["verbose_progress"]


def verbose_progress(verbose: int, interval: int) -> Callable[[int, int, float], None]:
    """Return a callback that prints every `interval` sweeps; with times where `verbose` is 2 up."""
    began = perf_counter()

    def report(start: int, n_iter: int, objective: float) -> None:
        if n_iter % interval:
            return
        line = f"  start {start}, iteration {n_iter}: objective {objective:.5f}"
        print(line if verbose < 2 else f"{line}, {perf_counter() - began:.3f} s")

    return report
