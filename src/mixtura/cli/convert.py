"""`mixtura convert MODEL -o FILE`: a model file as a query, a model of ONNX, or JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.contradictions import check_target
from mixtura.cli.voice import say
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture
from mixtura.store import load_with_facts
from mixtura.text import split_names
from mixtura.writing import replacing, write_text

__all__ = ["convert"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write: .json has all numbers, .sql is a query of the posterior, and .onnx a "
    "model of ONNX that gives it.",
)
@click.option("--table", default="rows", show_default=True, help="Of .sql: table of the database.")
@click.option("--keep", help="Of .sql: columns that the answer has too, separated by commas.")
@click.option(
    "--dialect",
    type=click.Choice(["duckdb", "postgres", "sqlite"]),
    default="duckdb",
    show_default=True,
    help="Of .sql: whose it is.",
)
@click.pass_context
def convert(context: click.Context, model: Path, output: Path, **options: Any) -> None:
    """Write MODEL as a query of SQL, a model of ONNX, or JSON, for other programs."""
    check_target(output, [model])
    kind = output.suffix.lower()
    if kind not in WRITERS:
        raise ParameterError(
            f"-o {output} has an extension that is not known; it may be {', '.join(WRITERS)}"
        )
    if kind != ".sql":
        for name in options:
            source = context.get_parameter_source(name)
            if source is not None and source.name == "COMMANDLINE":
                raise ParameterError(f"--{name} is for .sql, and -o {output} is none; leave it out")
    mixture, _ = load_with_facts(model)
    with in_words_of_the_command(model):
        WRITERS[kind](mixture, output, options)
    say(f"written to {output}", err=True)


def _json(mixture: Mixture, output: Path, _: dict[str, Any]) -> None:
    write_text(output, mixture.to_json() + "\n")


def _onnx(mixture: Mixture, output: Path, _: dict[str, Any]) -> None:
    made = mixture.to_onnx().SerializeToString()
    with replacing(output) as temporary:
        temporary.write_bytes(made)


def _sql(mixture: Mixture, output: Path, options: dict[str, Any]) -> None:
    keep = split_names(options["keep"])
    query = mixture.to_sql(options["table"], keep=keep, dialect=options["dialect"])
    write_text(output, f"{query}\n")


WRITERS: dict[str, Callable[[Mixture, Path, dict[str, Any]], None]] = {
    ".json": _json,
    ".onnx": _onnx,
    ".sql": _sql,
}
