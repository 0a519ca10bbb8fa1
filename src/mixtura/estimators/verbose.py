"""Progress by lines on standard output, as scikit-learn prints it, and by the log of Python."""

import logging
from collections.abc import Callable
from time import perf_counter

__all__ = ["verbose_progress"]

LOGGER = logging.getLogger("mixtura")


def verbose_progress(verbose: int, interval: int) -> Callable[[int, int, float], None] | None:
    """Return a callback that tells of every `interval`-th sweep, or None where nobody listens.

    It prints where `verbose` is 1, with times where it is 2 up, and writes to the logger "mixtura"
    where that takes what is informative.
    """
    logs, began = LOGGER.isEnabledFor(logging.INFO), perf_counter()
    if not (verbose or logs):
        return None

    def report(start: int, n_iter: int, objective: float) -> None:
        if n_iter % interval:
            return
        line = f"start {start}, iteration {n_iter}: objective {objective:.5f}"
        if logs:
            LOGGER.info(line)
        if verbose:
            print(f"  {line}" if verbose < 2 else f"  {line}, {perf_counter() - began:.3f} s")

    return report
