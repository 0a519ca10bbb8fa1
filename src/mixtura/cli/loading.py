"""Modules loaded when they are asked for: a signal ends the process, a package missing is told."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

__all__ = ["loaded"]

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def loaded(module: str, name: str) -> object:
    """Return what a module of the command holds by a name; end the process where it cannot load."""
    with _ending_at_once():
        try:
            return getattr(import_module(f"mixtura.cli.{module}"), name)
        except ImportError as error:
            if (error.name or "").split(".")[0] not in ("click", "rich", "pyarrow"):
                raise
            words = f"the mixtura command needs {error.name}; install it: "
            sys.exit(f"{words}pip install 'mixtura[cli]'")


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Let signals end the process while modules load, some of which hide an interrupt."""

    def end(number: int, _: object) -> None:
        # Nothing is open yet, and nothing is lost.
        os._exit(CODES[signal.Signals(number)])

    # A signal that is ignored, as in the background of a shell, stays so.
    before = {
        number: signal.signal(number, end)
        for number in CODES
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
