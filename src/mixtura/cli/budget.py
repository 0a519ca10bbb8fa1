"""`--budget`: a search that ends in time, and says what it did not try."""

import signal
from _thread import interrupt_main
from dataclasses import replace
from math import inf, isfinite
from threading import Lock, Timer
from typing import Any

from mixtura.cli.families.fitting import Fitting
from mixtura.cli.progress import search_progress
from mixtura.errors import ParameterError
from mixtura.selection import Candidate, Selection

__all__ = ["searched"]


def searched(search: Fitting, seconds: float = inf) -> tuple[Selection, dict[str, Any]]:
    """Return what a search finds, within so many seconds.

    An interrupt ends it, as one by the keyboard does: it keeps what it has found.

    Raises
    ------
    ParameterError
        If nothing was found in that time.
    """
    tried = 0, 0
    with search_progress() as told:

        def progress(candidate: Candidate, count: int) -> None:
            nonlocal tried
            tried = tried[0] + 1, count
            told(candidate, count)

        found: list[tuple[Selection, dict[str, Any]]] = []
        budget = Budget(seconds)
        try:
            with budget:
                found.append(search(progress))
        except KeyboardInterrupt:
            if not budget.is_spent:
                raise
    if not found:
        raise ParameterError(
            f"no model was fitted within --budget {seconds:g}; give more seconds, or fewer models "
            "by -k and -s"
        )
    selection, facts = found[0]
    if not (budget.is_spent and selection.interrupted):
        return selection, facts
    note = _words(budget.seconds, selection, *tried)
    said = {**facts, "notes": [*facts.get("notes", ()), note]}
    return replace(selection, interrupted=False, notes=(*selection.notes, note)), said


def _words(seconds: float, selection: Selection, tried: int, count: int) -> str:
    sizes = sorted({candidate.n_components for candidate in selection.candidates})
    among = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    if tried < count:
        return (
            f"--budget {seconds:g} ended the search: {count - tried} of {count} models were not "
            f"tried, and those that were have {among} component(s)"
        )
    return (
        f"--budget {seconds:g} ended the search: all {count} models were tried, and the best may "
        "have something left to gain"
    )


class Budget:
    """Seconds after which the main thread is interrupted, unless it is done before.

    Parameters
    ----------
    seconds : how many, or infinitely many
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.is_spent = seconds, False
        self._is_over, self._lock = False, Lock()
        self._timer = Timer(seconds, self._spend) if isfinite(seconds) else None
        self._hears_nothing = False

    def __enter__(self) -> None:
        if self._timer is None:
            return
        # In the background of a shell interrupts are ignored, and there this one alone is heard.
        self._hears_nothing = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        if self._hears_nothing:
            signal.signal(signal.SIGINT, self._interrupt)
        self._timer.daemon = True
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        try:
            # What is done after a search is never interrupted.
            with self._lock:
                self._is_over = True
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if self._hears_nothing:
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _interrupt(self, *_: object) -> None:
        if self.is_spent:
            raise KeyboardInterrupt

    def _spend(self) -> None:
        with self._lock:
            if not self._is_over:
                self.is_spent = True
                interrupt_main()
