"""`mixtura groups FILES --by COLUMN`: a Gaussian mixture for each of many groups of rows."""

from contextlib import nullcontext
from pathlib import Path

import click

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.class_tables import write_csv
from mixtura.cli.contradictions import check_written
from mixtura.cli.formulas import keep_formulas_option
from mixtura.cli.options import (
    folder_option,
    force_option,
    memory_option,
    seed_option,
    weights_option,
)
from mixtura.cli.output import COMPONENTS, GROUPS, MODEL, Output, output_folder, summed_up, told
from mixtura.data.paths import called_together
from mixtura.estimators import GaussianMixture
from mixtura.grouped import GroupedMixtures, fit_by
from mixtura.text import split_names
from mixtura.text.formulas import cells_written

__all__ = ["groups"]


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--by", required=True, help="Column of groups.")
@click.option("-k", "size", type=click.IntRange(1), required=True, help="Number of components.")
@click.option(
    "--columns", help="Columns to fit, separated by commas; default all but that of --by."
)
@click.option(
    "--covariance",
    default="full",
    show_default=True,
    help="Covariance structure: full, tied, diag, spherical, or a code from EII to VVV.",
)
@click.option(
    "--starts",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many times as many starts each group has.",
)
@click.option(
    "--thorough",
    is_flag=True,
    help="Fit each group by the whole search for starts of mixtura fit, which takes a hundred "
    "times as long.",
)
@click.option("--jobs", type=int, help="Threads; default all cores.")
@weights_option
@seed_option
@memory_option("More go to a file.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder for that file; default that of temporary files.",
)
@folder_option(f"Folder for the model, {GROUPS} and {COMPONENTS}.")
@force_option
@keep_formulas_option
def groups(
    files: tuple[str, ...],
    by: str,
    size: int,
    columns: str | None,
    covariance: str,
    starts: int,
    thorough: bool,
    jobs: int | None,
    weights: str | None,
    seed: int,
    memory: int | None,
    cache: Path | None,
    output: Path | None,
    force: bool,
    keep_formulas: bool,
) -> None:
    """Fit a Gaussian mixture to each group of rows of FILES, such as one for each store.

    Files may be sorted by group or not. Prints how many groups are fitted, and which are not to be
    trusted and why; with -o a model file of all groups, a table of groups and one of the numbers of
    their components are written to a new folder.
    """
    check_written(output, {"--force": force, "--keep-formulas": keep_formulas})
    estimator = GaussianMixture(
        size, covariance_type=covariance, n_init=starts, random_state=seed, n_jobs=jobs
    )
    with nullcontext() if output is None else output_folder(output, force=force) as folder:
        with in_words_of_the_command(called_together(files)):
            found = fit_by(
                estimator,
                list(files),
                by,
                split_names(columns) or None,
                weights,
                thorough=thorough,
                memory=memory,
                cache=cache,
            )
        with summed_up(found.summary):
            if folder is not None:
                _write(folder, found, keep_formulas=keep_formulas)


def _write(folder: Output, found: GroupedMixtures, *, keep_formulas: bool) -> None:
    safe = cells_written(keep_formulas=keep_formulas)
    with told(folder.shown):
        found.save(folder.partial / MODEL)
        write_csv(folder.partial / GROUPS, found.table(), safe)
        write_csv(folder.partial / COMPONENTS, found.components(), safe)
    folder.hand_over(MODEL, GROUPS, COMPONENTS)
