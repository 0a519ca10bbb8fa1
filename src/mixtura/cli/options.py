"""Options of commands that fit: what they hold, and those that several have."""

from collections.abc import Callable, Mapping
from itertools import chain, islice
from math import inf
from pathlib import Path
from typing import Any

import click

from mixtura.cli.advice import translated
from mixtura.components.factor_analyser.structures import CODES as FACTOR_CODES
from mixtura.components.gaussian.structures import structure
from mixtura.data.memory import bytes_of
from mixtura.data.transforms import SCALES, Transform
from mixtura.errors import ParameterError
from mixtura.estimators.sizes import MOST_SIZES
from mixtura.text import split_names

__all__ = [
    "Factors",
    "MixingWeights",
    "Prior",
    "Sizes",
    "Structures",
    "Trials",
    "budget_option",
    "engine_option",
    "exclude_option",
    "folder_option",
    "force_option",
    "memory_option",
    "missing_option",
    "prior_option",
    "seed_option",
    "transform_options",
    "transforms_asked",
    "weights_option",
]


# Functions of columns, by option.
TRANSFORMS = {
    "log": "Columns to fit by their natural logarithms, separated by commas; they are called "
    "log(NAME), and likelihoods are of these.",
    "arcsinh": "Columns to fit by arcsinh(x / --cofactor), which is about linear below the "
    "cofactor and logarithmic above, of negative cells too; they are called "
    "arcsinh(NAME/COFACTOR).",
    "logicle": "Columns to fit by their logicle function, which files of cytometers are shown by; "
    "needs flowutils.",
}
ENGINES = ("serial", "threads", "processes", "dask", "spark")


class Sizes(click.ParamType):
    """Numbers of components: 3, 1:9 or 2,4,8."""

    name = "K"
    counted = "numbers of components"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int]:
        if not isinstance(value, str):
            return list(value)
        try:
            parts = [_range(part) for part in value.split(",")]
        except ValueError:
            parts = []
        # A range of a thousand million is not written out before it is refused.
        sizes = list(islice(chain.from_iterable(parts), MOST_SIZES + 1))
        if len(sizes) > MOST_SIZES:
            self.fail(f"{value!r} are more than {MOST_SIZES:,} {self.counted}", param, ctx)
        if not sizes or min(sizes) < 1:
            self.fail(f"{value!r} is not like 3, 1:9 or 2,4,8, with numbers from 1 up", param, ctx)
        return sizes


def _range(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last or first) + 1)


class Factors(Sizes):
    """Numbers of factors: auto, 2, 1:5 or 2,4,8."""

    name = "Q"
    counted = "numbers of factors"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return value if value == "auto" else tuple(super().convert(value, param, ctx))


class Bytes(click.ParamType):
    """A size of memory: 500MB, 2 GB or a number of bytes."""

    name = "SIZE"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        try:
            return bytes_of(value)
        except ParameterError:
            self.fail(f"{value!r} is not a number of bytes, such as 500MB", param, ctx)


class Structures(click.ParamType):
    """Covariance structures, separated by commas."""

    name = "NAMES"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | tuple[str, ...]:
        if not isinstance(value, str):
            return tuple(value)
        if value == "all":
            return value
        names = tuple(split_names(value))
        try:
            for name in set(names) - set(FACTOR_CODES):
                structure(name)
        except ParameterError as error:
            self.fail(translated(str(error)), param, ctx)
        return names


class MixingWeights(click.ParamType):
    """free, equal, or numbers separated by commas."""

    name = "NUMBERS"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | tuple[float, ...]:
        if not isinstance(value, str) or value in ("free", "equal"):
            return value
        try:
            return tuple(float(number) for number in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is neither free nor equal, nor like 0.2,0.3,0.5", param, ctx)


class Trials(click.ParamType):
    """One whole number, or one for each column."""

    name = "NUMBERS"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | tuple[int, ...]:
        if not isinstance(value, str):
            return value
        try:
            found = tuple(int(number) for number in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no whole number, nor several such as 10,10,5", param, ctx)
        return found[0] if len(found) == 1 else found


class Engine(click.ParamType):
    """An engine by its name, or the address of one."""

    name = "NAME"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        if value not in ENGINES and "://" not in value:
            self.fail(
                f"{value!r} is none of {', '.join(ENGINES)}, nor an address such as "
                "tcp://host:8786",
                param,
                ctx,
            )
        return value


class Prior(click.ParamType):
    """A prior by its name, none, or pseudo-counts."""

    name = "PRIOR"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | float | None:
        if not isinstance(value, str):
            return value
        if value == "none":
            return None
        if value in ("auto", "weak", "conjugate", "evidence"):
            return value
        try:
            counts = float(value)
        except ValueError:
            counts = -1.0
        if not 0 <= counts < float("inf"):
            self.fail(
                f"{value!r} is neither auto, weak, conjugate, evidence or none, nor pseudo-counts "
                "such as 0.5",
                param,
                ctx,
            )
        return counts


exclude_option = click.option(
    "--exclude", help="Columns to leave out of those that suit, separated by commas."
)
force_option = click.option(
    "--force", is_flag=True, help="Replace what an earlier fit wrote to the folder."
)
weights_option = click.option("--weights", help="Column of row weights.")
missing_option = click.option(
    "--missing",
    help="Codes that mean a missing cell in any column but those of weights and identifiers, "
    "separated by commas, such as 8,9,99; what a file itself says is missing always is.",
)
prior_option = click.option(
    "--prior",
    type=Prior(),
    default="auto",
    show_default=True,
    help="Prior of the components: weak, conjugate or none (pure maximum likelihood); for answers, "
    "counts and words also evidence, or pseudo-counts of each cell. auto is weak, and by evidence "
    "for more than 100 columns of these.",
)
engine_option = click.option(
    "--engine",
    type=Engine(),
    default="threads",
    show_default=True,
    help="Who does the work: serial, threads, processes, dask or spark (workers of this machine) "
    "or the address of a Dask scheduler, such as tcp://host:8786. The same bits by any.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 2),
    default=0,
    show_default=True,
    help="Seed of everything random.",
)


def transform_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options."""
    command = click.option(
        "--cofactor",
        type=click.FloatRange(min=0, min_open=True),
        help=f"Of --arcsinh: {SCALES['arcsinh']:g} by default, as for fluorescence; 5 as a rule "
        "for mass cytometry.",
    )(command)
    for name in reversed(TRANSFORMS):
        command = click.option(f"--{name}", help=TRANSFORMS[name])(command)
    return command


def transforms_asked(options: Mapping[str, Any]) -> tuple[Transform, ...]:
    """Return the functions that options name.

    Raises
    ------
    ParameterError
        If --cofactor is given alone.
    """
    scales = SCALES | ({"arcsinh": options["cofactor"]} if options["cofactor"] else {})
    if options["cofactor"] and not options["arcsinh"]:
        raise ParameterError("--cofactor is that of --arcsinh, which names no column; give both")
    return tuple(
        Transform(column, name, scales[name])
        for name in TRANSFORMS
        for column in split_names(options[name])
    )


def memory_option(beyond: str) -> Any:
    """Return the option of what rows may take in memory, and the sentence on more than that."""
    return click.option(
        "--memory",
        type=Bytes(),
        help="What rows may take in memory, such as 500MB; by default a quarter of the machine's. "
        + beyond,
    )


def folder_option(words: str) -> Any:
    """Return the option of the folder that a command writes, and what is in it."""
    return click.option(
        "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help=words
    )


budget_option = click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    default=inf,
    help="Seconds after which the search ends with the best that it has found, and says what it "
    "did not try; reading and writing come on top. Default: none.",
)
