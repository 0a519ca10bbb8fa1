"""The `mixtura` command."""

import os
import signal
import sys
from io import TextIOWrapper

__all__ = ["main"]


def main() -> None:
    """Run the command; ends the process with its exit code."""
    before = _end_at_once()
    try:
        from mixtura.cli.command import command
    except ImportError as error:
        if (error.name or "").split(".")[0] not in ("click", "rich", "pyarrow"):
            raise
        sys.exit(f"the mixtura command needs {error.name}; install it: pip install 'mixtura[cli]'")
    for number, handler in before.items():
        signal.signal(number, handler)  # pyright: ignore[reportArgumentType]
    for stream in (sys.stdout, sys.stderr):
        # Names that a stream's encoding lacks are printed as escapes.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    command.main(prog_name="mixtura")


def _end_at_once() -> dict[signal.Signals, object]:
    """Let signals end the process while modules load, some of which hide an interrupt.

    Returns
    -------
    the handlers that stood there before
    """
    codes = {signal.SIGINT: 130, signal.SIGTERM: 143}

    def end(number: int, _: object) -> None:
        # Nothing is open yet, and nothing is lost.
        os._exit(codes[signal.Signals(number)])

    # A signal that is ignored, as in the background of a shell, stays so.
    return {
        number: signal.signal(number, end)
        for number in codes
        if signal.getsignal(number) is not signal.SIG_IGN
    }
