"""Progress: by lines as scikit-learn prints them, by Python's log, and by scikit-learn's callbacks.

Callbacks are those of scikit-learn 1.9 and later; an earlier one has none.
"""

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from numpy.typing import ArrayLike

__all__ = ["CalledBack", "called_back_fit", "is_called_back", "progress_of"]

Progress = Callable[[int, int, float], None]

LOGGER = logging.getLogger("mixtura")


def _found() -> tuple[Any, Any]:
    """Return what estimators with callbacks derive from, and what ends them after a fit."""
    if find_spec("sklearn.callback") is None:
        return type("CalledBack", (), {"__slots__": ()}), lambda method: method
    room = import_module("sklearn.callback")
    return room.CallbackSupportMixin, room.with_callbacks


CalledBack, _ended = _found()


def is_called_back(estimator: Any) -> bool:
    """Return whether an estimator has callbacks, which are not told of its fit yet."""
    told = hasattr(estimator, "_callback_fit_ctx")
    return bool(getattr(estimator, "_skl_callbacks", None)) and not told


@_ended
def called_back_fit(estimator: Any, X: Any, y: Any, sample_weight: ArrayLike | None) -> Any:
    """Fit an estimator, and tell its callbacks."""
    task = estimator._init_callback_context(max_subtasks=None)
    task.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    estimator.fit(X, y, sample_weight)
    task.call_on_fit_task_end(
        estimator=estimator, X=X, y=y, reconstruction_attributes=lambda: _fitted(estimator)
    )
    return estimator


def progress_of(estimator: Any, interval: int) -> Progress | None:
    """Return what tells of the sweeps of a fit, or None where nobody listens.

    Where a callback asks for an end, the fit is interrupted, and keeps the best so far.

    Parameters
    ----------
    interval : of sweeps that lines tell of
    """
    task, tell = getattr(estimator, "_callback_fit_ctx", None), _lines(estimator.verbose, interval)
    if task is None:
        return tell

    def report(start: int, n_iter: int, objective: float) -> None:
        if tell is not None:
            tell(start, n_iter, objective)
        sweep = task.subcontext(task_name="sweep")
        sweep.call_on_fit_task_begin(estimator=estimator)
        if sweep.call_on_fit_task_end(estimator=estimator):
            raise KeyboardInterrupt

    return report


def _lines(verbose: int, interval: int) -> Progress | None:
    """Return what tells of every `interval`-th sweep by a line, or None where nobody listens.

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


def _fitted(estimator: Any) -> dict[str, Any]:
    """Return the attributes that a fit has set."""
    settings = estimator.get_params(deep=False)
    return {
        name: value
        for name, value in vars(estimator).items()
        if name not in settings and not name.startswith(("_skl", "_callback"))
    }
