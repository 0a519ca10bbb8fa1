"""The `mixtura` command."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command; ends the process with its exit code."""
    try:
        from mixtura.cli.command import command
    except ImportError as error:
        if (error.name or "").split(".")[0] not in ("click", "rich"):
            raise
        sys.exit(f"the mixtura command needs {error.name}; install it: pip install 'mixtura[cli]'")
    command.main(prog_name="mixtura")
