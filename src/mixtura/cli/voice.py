"""What the command prints: text that no terminal takes for orders."""

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

__all__ = [
    "end_interrupted",
    "interrupted_on_terminate",
    "say",
    "without_controls",
]

INTERRUPTED, TERMINATED = 130, 143

# Control characters but line ends and tabs, and those that turn the direction of text.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# No path is so long; the beginning of a name or a cell says which it is.
QUOTED = re.compile(r"'([^'\n]{400,})'")
CUT = 80

_signals: list[int] = []


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text, with escapes in place of control characters; what is long in quotes is cut."""
    if err:
        text = QUOTED.sub(lambda found: f"'{found[1][:CUT]}...'", text)
    click.echo(without_controls(text), err=err)


def without_controls(text: str) -> str:
    """Return a text with escapes in place of what a terminal takes for orders."""
    return CONTROL.sub(lambda found: repr(found.group())[1:-1], text)


@contextmanager
def interrupted_on_terminate() -> Iterator[None]:
    """Let the signal that ends a process do what Ctrl-C does, meanwhile."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        # Who calls the command within a program of his own has it back.
        signal.signal(signal.SIGTERM, before)


def end_interrupted() -> NoReturn:
    """End the process with the code of the signal that interrupted it."""
    sys.exit(TERMINATED if _signals else INTERRUPTED)


def _interrupt(number: int, _: Any) -> None:
    _signals.append(number)
    raise KeyboardInterrupt
