"""`mixtura report MODEL FILES -o PAGE`: the page of a model file, on rows to be seen there."""

from pathlib import Path

import click

from mixtura.archive import read_archive
from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.answers import described_rows
from mixtura.cli.contradictions import check_target
from mixtura.cli.options import missing_option, weights_option
from mixtura.cli.rows import read_without, weights_of
from mixtura.cli.voice import say
from mixtura.data.paths import called_together, files_of
from mixtura.mixture.tables import rows_of
from mixtura.report import PAGE_PACKAGES, check_page_name, given_report, require, write_report

__all__ = ["report"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="HTML file to write.",
)
@missing_option
@weights_option
@click.option("--title", help="Heading of the page; by default what FILES are called.")
def report(
    model: Path,
    files: tuple[str, ...],
    output: Path,
    missing: str | None,
    weights: str | None,
    title: str | None,
) -> None:
    """Write a page of MODEL on the rows of FILES, to which it is not fitted anew.

    It is the page that mixtura fit writes, but for what only a fit knows. All numbers are of FILES,
    which need not be those that the model was fitted to.
    """
    called = called_together(files)
    check_page_name(output, "-o ")
    check_target(output, [model, *(files_of(list(files)) or [])])
    require(*PAGE_PACKAGES)
    mixture, _ = described_rows(model, *read_archive(model))
    with in_words_of_the_command(called):
        table = read_without(files, called, missing, (weights,))
        counted = weights_of(table, weights)
        source = f"{called.name}; model: {model}"
        page = given_report(
            mixture, rows_of(mixture, table), counted, title=title or called.name, source=source
        )
        write_report(output, page)
    say(f"written to {output}", err=True)
