"""The group of commands, and what each kind of error means for the exit code."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from mixtura import __version__
from mixtura.cli.loading import loaded
from mixtura.cli.standard_output import forget_output
from mixtura.cli.voice import end_interrupted, interrupted_on_terminate, say
from mixtura.errors import MixturaError, ParameterError

__all__ = ["COMMANDS", "command"]

BAD_DATA, BAD_USAGE, READER_LEFT = 1, 2, 141

# What each says of itself in its first sentence: their modules take seconds to load.
COMMANDS = {
    "choose": "Choose the columns of FILES that tell clusters apart, a column at a time, by BIC.",
    "classes": "Say how many latent classes or profiles FILES have, what they are, and what goes "
    "with them.",
    "classify": "Tell the classes of FILES by their other columns, and say how well, by rows not "
    "fitted.",
    "compare": "Say how two model files agree on each row of FILES, and which makes them likelier.",
    "convert": "Write MODEL as a query of SQL, a model of ONNX, or JSON, for other programs.",
    "doctor": "Say what mixtura runs on: versions, kernels, threads, memory, optional parts.",
    "fit": "Fit mixtures to FILES (CSV, Parquet, Arrow, SPSS, ...), choose one, and describe it.",
    "groups": "Fit a Gaussian mixture to each group of rows of FILES, such as one for each store.",
    "inspect": "Say what each column of FILES is, and what mixtura fit does with it and why.",
    "merge": "Merge the components of MODEL into clusters, by the rows of FILES.",
    "predict": "Say for each row of FILES which component of MODEL it belongs to, as a table.",
    "regress": "Fit a mixture of regressions to FILES: which of them a row follows is not known.",
    "report": "Write a page of MODEL on the rows of FILES, to which it is not fitted anew.",
    "sample": "Draw rows from MODEL, as CSV with the component of each.",
    "summary": "Describe a model file.",
    "transition": "Fit classes at two or more waves of FILES, and the moves between them.",
    "update": "Take the rows of FILES into MODEL, which is not fitted anew.",
}


class _Group(click.Group):
    """A group that loads what is run, and turns errors into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:
        return loaded(cmd_name, cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        # It prints what --help and --version ask for.
        with _exit_codes():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with interrupted_on_terminate(), _exit_codes(), warnings.catch_warnings():
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
        forget_output()
        sys.exit(READER_LEFT)
    except OSError as error:
        forget_output()
        _fail(error, BAD_DATA)
    except KeyboardInterrupt:
        say("mixtura: interrupted before there was anything to keep", err=True)
        end_interrupted()


def _say_warning(message: Warning | str, *_: Any) -> None:
    _say_translated(message)


def _fail(error: Exception, code: int) -> None:
    _say_translated(error)
    sys.exit(code)


def _say_translated(message: object) -> None:
    translated: Any = loaded("advice", "translated")
    say(f"mixtura: {translated(str(message))}", err=True)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mixtura")
def command() -> None:
    """Finite mixture models: fit them to a file, and use what was fitted.

    Results go to standard output, progress and notes to standard error. Exit codes: 0 good,
    1 bad data, 2 bad usage, 130 interrupted and 143 terminated (the best found so far is kept),
    141 when the reader of standard output leaves, as head does.
    """
