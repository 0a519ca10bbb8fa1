"""The `mixtura` command."""

import sys
from io import TextIOWrapper
from typing import Any

from mixtura.cli.loading import loaded

__all__ = ["main"]


def main() -> None:
    """Run the command; ends the process with its exit code."""
    command: Any = loaded("command", "command")
    for stream in (sys.stdout, sys.stderr):
        # Names that a stream's encoding lacks are printed as escapes.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    command.main(prog_name="mixtura")
