"""The `mixtura` command."""

import sys
from io import TextIOWrapper

__all__ = ["main"]


def main() -> None:
    """Run the command; ends the process with its exit code."""
    try:
        from mixtura.cli.command import command
    except KeyboardInterrupt:
        sys.exit(130)
    except ImportError as error:
        if (error.name or "").split(".")[0] not in ("click", "rich", "pyarrow"):
            raise
        sys.exit(f"the mixtura command needs {error.name}; install it: pip install 'mixtura[cli]'")
    for stream in (sys.stdout, sys.stderr):
        # Names that a stream's encoding lacks are printed as escapes.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    command.main(prog_name="mixtura")
