"""The `mixtura` command."""

import atexit
import contextlib
import os
import sys
from io import TextIOWrapper
from typing import Any, NoReturn

from mixtura.cli.loading import loaded

__all__ = ["main"]


def main() -> None:
    """Run the command; ends the process with its exit code."""
    command: Any = loaded("command", "command")
    for stream in (sys.stdout, sys.stderr):
        # Names that a stream's encoding lacks are printed as escapes.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        command.main(prog_name="mixtura")
    except SystemExit as ended:
        _end(ended.code)


def _end(code: str | int | None) -> NoReturn:
    """End the process with a code, or with words on standard error and code 1.

    Threads of Arrow may still run: taking the interpreter down beneath them aborts the process, in
    place of the code.
    """
    if isinstance(code, str):
        print(code, file=sys.stderr)
    status = code if isinstance(code, int) else int(code is not None)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError) as error:
            if stream is sys.stdout and not status and isinstance(error, OSError):
                _say_unwritten(error)
            status = status or 1
    os._exit(status)


def _say_unwritten(error: OSError) -> None:
    """Say that standard output takes nothing, unless its reader has left."""
    from mixtura.cli.standard_output import unwritten

    if not isinstance(error, BrokenPipeError) and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(f"mixtura: {unwritten(error)}", file=sys.stderr)
