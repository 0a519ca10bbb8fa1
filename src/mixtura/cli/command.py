"""The group of commands, and what each kind of error means for the exit code."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from mixtura import __version__
from mixtura.cli.advice import translated
from mixtura.cli.classes import classes
from mixtura.cli.fit import fit
from mixtura.cli.predict import predict
from mixtura.cli.sample import sample
from mixtura.cli.summary import summary
from mixtura.cli.update import update
from mixtura.cli.voice import end_interrupted, interrupt_on_terminate, say
from mixtura.errors import MixturaError, ParameterError

__all__ = ["command"]

BAD_DATA, BAD_USAGE, READER_LEFT = 1, 2, 141


class _Group(click.Group):
    """A group that turns errors of this package into one line and an exit code."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        # It prints what --help and --version ask for.
        with _exit_codes():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        interrupt_on_terminate()
        with _exit_codes(), warnings.catch_warnings():
            warnings.showwarning = _say_warning
            return super().invoke(ctx)


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except ParameterError as error:
        _fail(error, BAD_USAGE)
    except MixturaError as error:
        _fail(error, BAD_DATA)
    except BrokenPipeError:
        # The reader of standard output has left: nothing more can be said to it.
        _forget_output()
        sys.exit(READER_LEFT)
    except OSError as error:
        _forget_output()
        _fail(error, BAD_DATA)
    except KeyboardInterrupt:
        say("mixtura: interrupted before there was anything to keep", err=True)
        end_interrupted()


def _forget_output() -> None:
    """Drop what waits to be printed, which would fail once more at the end."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_warning(message: Warning | str, *_: Any) -> None:
    say(f"mixtura: {translated(str(message))}", err=True)


def _fail(error: Exception, code: int) -> None:
    say(f"mixtura: {translated(str(error))}", err=True)
    sys.exit(code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mixtura")
def command() -> None:
    """Finite mixture models: fit them to a file, and use what was fitted.

    Results go to standard output, progress and notes to standard error. Exit codes: 0 good,
    1 bad data, 2 bad usage, 130 interrupted and 143 terminated (the best found so far is kept),
    141 when the reader of standard output leaves, as head does.
    """


command.add_command(classes)
command.add_command(fit)
command.add_command(predict)
command.add_command(sample)
command.add_command(summary)
command.add_command(update)
