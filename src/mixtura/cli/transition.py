"""`mixtura transition FILES`: classes at two or more waves, and the moves between them."""

import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.binding import ordinal_link_option, ordinal_option
from mixtura.cli.class_options import (
    class_family_option,
    class_structure_option,
    classes_option,
    labels_option,
    starts_option,
    written_options,
)
from mixtura.cli.contradictions import check_written
from mixtura.cli.families import OFFERS, check_options
from mixtura.cli.options import (
    missing_option,
    prior_option,
    weights_option,
)
from mixtura.cli.output import output_folder, summed_up
from mixtura.cli.transition_asked import AskedOfWaves
from mixtura.cli.transition_fit import fitted_waves
from mixtura.data.paths import called_together
from mixtura.errors import DegenerateComponentWarning, DisagreementWarning

__all__ = ["transition"]


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--columns",
    help="Items, separated by commas: with a * where the wave stands, as in 'ever_*,likes_*' for "
    "ever_1, ever_2, ...; or, with --wave, the columns of answers, by default all others.",
)
@click.option("--person", help="Column of the person, in files with a line for each wave.")
@click.option("--wave", help="Column of the wave, in files with a line for each.")
@click.option("--waves", help="Waves that are taken, in order, separated by commas; default all.")
@classes_option("2:4")
@class_family_option
@class_structure_option
@ordinal_option
@ordinal_link_option
@click.option(
    "--transitions",
    type=click.Choice(["by-wave", "equal"]),
    default="by-wave",
    show_default=True,
    help="Whether the moves from each wave to the next are the same.",
)
@click.option(
    "--measurement",
    type=click.Choice(["equal", "free"]),
    default="equal",
    show_default=True,
    help="Whether classes are the same at all waves, or differ.",
)
@click.option(
    "--tests",
    is_flag=True,
    help="Hold moves that are equal against those by wave, classes that are the same at all waves "
    "against those that differ, and no covariates against those named.",
)
@click.option(
    "--covariates",
    help="Columns that foretell classes and moves, separated by commas, or a formula.",
)
@click.option(
    "--covariates-on",
    type=click.Choice(["both", "initial", "transition"]),
    default="both",
    show_default=True,
    help="What they foretell: classes at the first wave, moves, or both.",
)
@missing_option
@weights_option
@click.option("--sampling-weights", help="Column of sampling weights of people, of any unit.")
@click.option("--strata", help="Column of the strata that people were drawn from.")
@click.option("--clusters", help="Column of what was drawn together, such as schools.")
@starts_option
@prior_option
@labels_option
@click.option("--id", "id_column", help="Column that identifies a row, where a row is a person.")
@written_options("Folder for transitions.csv, classes.csv, assignments.csv, tables.md and more.")
@click.pass_context
def transition(
    context: click.Context,
    files: tuple[str, ...],
    output: Path | None,
    force: bool,
    keep_formulas: bool,
    **options: Any,
) -> None:
    """Fit classes at two or more waves of FILES, and the moves between them.

    A file has a row for each person, with a column for each item and wave (--columns
    'ever_*,likes_*'), or a line for each person and wave (--person id --wave year). Prints the
    table over numbers of classes, and of the number that BIC is lowest for what classes are, their
    shares at each wave and the moves between them, with standard errors. With -o all of it is
    written to a new folder, with the class of each person at each wave.
    """
    check_options(context, OFFERS[options["family"]])
    check_written(output, {"--force": force, "--keep-formulas": keep_formulas})
    asked = AskedOfWaves.of(options)
    called = called_together(files)
    with (
        nullcontext() if output is None else output_folder(output, force=force) as folder,
        in_words_of_the_command(called),
        warnings.catch_warnings(),
    ):
        # The table over numbers of classes says it.
        for said in (DegenerateComponentWarning, DisagreementWarning):
            warnings.simplefilter("ignore", said)
        found = fitted_waves(asked.waves(files, called), asked)
        with summed_up(found.text):
            if folder is not None:
                found.write(folder, keep_formulas=keep_formulas)
