"""`mixtura doctor`: what the command runs on."""

import sys

import click

from mixtura.versions import kernels_work, show_versions

__all__ = ["doctor"]


@click.command()
def doctor() -> None:
    """Say what mixtura runs on: versions, kernels, threads, memory, optional parts.

    The exit code is 1 where no compiled kernels can be used: then nothing can be fitted.
    """
    show_versions()
    if not kernels_work():
        sys.exit(1)
