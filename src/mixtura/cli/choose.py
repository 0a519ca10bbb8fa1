"""`mixtura choose FILES`: which columns tell clusters apart, and the mixture of those."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.class_tables import write_csv
from mixtura.cli.columns import category_frame, number_columns, number_frame
from mixtura.cli.contradictions import check_excluded, check_roles, check_written
from mixtura.cli.options import (
    Sizes,
    Structures,
    exclude_option,
    folder_option,
    force_option,
    missing_option,
    seed_option,
    weights_option,
)
from mixtura.cli.output import MODEL, STEPS, Output, output_folder, summed_up, told
from mixtura.cli.rows import read_without, weights_of
from mixtura.column_choice import ColumnChoice, choose_columns
from mixtura.data.files import Table
from mixtura.data.paths import called_together
from mixtura.errors import DataError, ParameterError
from mixtura.store import save
from mixtura.text import split_names
from mixtura.text.formulas import cells_written

__all__ = ["choose"]


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "-k",
    "--components",
    "sizes",
    type=Sizes(),
    default="1:9",
    show_default=True,
    help="Numbers of components to try; those from 2 up say which columns are chosen.",
)
@click.option(
    "-f",
    "--family",
    type=click.Choice(["gaussian", "categorical"]),
    default="gaussian",
    show_default=True,
    help="What the columns are: numbers or categories.",
)
@click.option(
    "-s",
    "--structures",
    type=Structures(),
    default="all",
    show_default=True,
    help="Covariance structures of numbers to try, as for fit.",
)
@click.option(
    "--direction",
    type=click.Choice(["auto", "forward", "backward"]),
    default="auto",
    show_default=True,
    help="forward begins with no column, backward with all; auto is forward for numbers.",
)
@click.option(
    "--least",
    type=float,
    default=0.0,
    show_default=True,
    help="How much lower BIC is to be with a column for it to be chosen; 6 is strong evidence.",
)
@click.option(
    "--tried",
    type=click.IntRange(1),
    help="Columns tried in each step, those that promise most; default all, which takes longer.",
)
@click.option("--columns", help="Columns to choose from, separated by commas; default all.")
@exclude_option
@missing_option
@weights_option
@folder_option("Folder for the model of the chosen columns and steps.csv.")
@force_option
@seed_option
@click.pass_context
def choose(context: click.Context, **options: Any) -> None:
    """Choose the columns of FILES that tell clusters apart, a column at a time, by BIC.

    A column is chosen where it has clusters that the others do not tell of. Prints the steps; with
    -o these and a model of the chosen columns, as mixtura predict reads, are written to a new
    folder.
    """
    output, force, categorical = (
        options["output"],
        options["force"],
        options["family"] != "gaussian",
    )
    check_written(output, {"--force": force})
    given = context.get_parameter_source("structures") is not click.core.ParameterSource.DEFAULT
    if categorical and given:
        raise ParameterError("--structures says nothing to --family categorical, only to gaussian")
    wanted, excluded = split_names(options["columns"]), split_names(options["exclude"])
    check_roles(wanted, {"--weights": split_names(options["weights"])})
    check_excluded(wanted, excluded)
    called = called_together(options["files"])
    with (
        nullcontext() if output is None else output_folder(output, force=force) as folder,
        in_words_of_the_command(called),
    ):
        kept = [] if options["weights"] is None else [options["weights"]]
        table = read_without(options["files"], called, options["missing"], kept)
        table.check_known(excluded)
        found = choose_columns(
            _frame(table, wanted, [*kept, *excluded], categorical=categorical),
            options["sizes"],
            options["structures"],
            family=options["family"],
            direction=options["direction"],
            least_evidence=options["least"],
            n_tried=options["tried"],
            sample_weight=weights_of(table, options["weights"]),
            random_state=options["seed"],
        )
        with summed_up(found.summary):
            if folder is not None:
                _write(folder, found, called)


def _frame(table: Table, wanted: list[str], other: list[str], *, categorical: bool) -> Any:
    """Return the columns to choose from."""
    if categorical:
        return category_frame(table, wanted or [name for name in table.names if name not in other])
    return number_frame(table, number_columns(table, wanted, other), "error")


def _write(folder: Output, found: ColumnChoice, called: Path) -> None:
    """Write the model and the steps, and put them in place together."""
    if found.selection is None:
        raise DataError(
            f"no column of '{called}' tells clusters apart, so there is no model to write; leave "
            "-o out to see the steps"
        )
    result = found.selection.result
    with told(folder.shown):
        save(folder.partial / MODEL, result.mixture, result.facts())
        write_csv(folder.partial / STEPS, found.table(), cells_written(keep_formulas=False))
    folder.hand_over(MODEL, STEPS)
