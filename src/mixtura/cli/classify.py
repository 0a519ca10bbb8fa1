"""`mixtura classify FILES --class COLUMN`: classes told from the other columns, and how well."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.class_models import (
    FAMILIES,
    check_columns,
    classifier_and_frame,
    costs_of,
    priors_of,
)
from mixtura.cli.class_tables import write_csv
from mixtura.cli.contradictions import check_written
from mixtura.cli.formulas import keep_formulas_option
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
from mixtura.cli.output import CONFUSION, MODEL, REPORT, Output, output_folder, summed_up, told
from mixtura.cli.rows import read_without, weights_of
from mixtura.cli.voice import say
from mixtura.data.files import Table
from mixtura.data.gaps import Gaps
from mixtura.data.paths import called_together
from mixtura.discriminant import Judgement, cross_judged
from mixtura.discriminant.judging import judgement_of
from mixtura.errors import DataError, DegenerateComponentWarning, ParameterError
from mixtura.mixture.tables import rows_of
from mixtura.report import PAGE_PACKAGES, require
from mixtura.report.judged import judged_sheet
from mixtura.report.sheet import write_sheet
from mixtura.scoring.answers import Answers
from mixtura.scoring.assigned import assigned_rows
from mixtura.text.formulas import cells_written

__all__ = ["classify"]

FOLDS = 5


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--class", "class_column", required=True, help="Column of the classes.")
@click.option(
    "--test",
    "test_file",
    type=click.Path(path_type=Path),
    help="File of further rows with their classes to judge by; default parts of FILES in turn.",
)
@click.option(
    "--folds",
    type=click.IntRange(2),
    help=f"Number of these parts; default {FOLDS}.",
)
@click.option(
    "-k",
    "--components",
    "sizes",
    type=Sizes(),
    default="1",
    show_default=True,
    help="Components of each class: 1, or several such as 1:5, of which each takes its own number.",
)
@click.option(
    "-f",
    "--family",
    type=click.Choice(FAMILIES),
    default="gaussian",
    show_default=True,
    help="What the columns are, as for fit: numbers, categories, counts, or mixed of these.",
)
@click.option(
    "-s",
    "--structures",
    type=Structures(),
    default="all",
    show_default=True,
    help="Covariance structures of numbers to try, as for fit: tied is linear discriminant "
    "analysis, full quadratic.",
)
@click.option(
    "--criterion",
    type=click.Choice(["bic", "brier", "error"]),
    default="bic",
    show_default=True,
    help="What the choice among numbers' models goes by; brier and error by rows not fitted.",
)
@click.option(
    "--priors",
    help="Probabilities of the classes, such as ill=0.1,well=0.9, or equal; default their shares.",
)
@click.option(
    "--costs",
    help="What errors cost, such as ill:well=20, saying well of a row that is ill; others 1. What "
    "is said of the rows judged is of the least expected cost.",
)
@click.option("--columns", help="Columns to tell classes by, separated by commas; default all.")
@exclude_option
@missing_option
@weights_option
@click.option("--id", "id_column", help="Column that identifies a row in assignments.csv.")
@folder_option(
    "Folder for the model, assignments.csv of the rows judged, confusion.csv and report.html."
)
@force_option
@seed_option
@keep_formulas_option
@click.pass_context
def classify(context: click.Context, **options: Any) -> None:
    """Tell the classes of FILES by their other columns, and say how well, by rows not fitted.

    Each class has a mixture of its own, and Bayes' rule decides between them. Prints errors, Brier
    score and the confusion matrix of --test, or else of parts of FILES each of which is left out in
    turn; with -o all of it is written to a new folder, with a model that mixtura predict reads.
    """
    output, force = options["output"], options["force"]
    check_written(output, {"--force": force, "--keep-formulas": options["keep_formulas"]})
    _check_options(context, options)
    check_columns(options)
    called = called_together(options["files"])
    with (
        nullcontext() if output is None else output_folder(output, force=force) as folder,
        warnings.catch_warnings(),
    ):
        # What is known of these is in what rows not fitted say.
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        if folder is not None:
            require(*PAGE_PACKAGES)
        with in_words_of_the_command(called):
            table = _read(options["files"], called, options)
            model, frame = classifier_and_frame(table, options)
            labels = _labels(table, options["class_column"])
            weights = weights_of(table, options["weights"])
            costs = costs_of(options["costs"], labels)
            model.set_params(priors=priors_of(options["priors"], labels))
            model.fit(frame, labels, sample_weight=weights)
            _say_gaps(model, table)
        test_file = options["test_file"]
        if test_file is None:
            folds = options["folds"] or FOLDS
            how = f"rows of {folds} parts, each left out of the fit in turn"
            with in_words_of_the_command(called):
                judged = cross_judged(
                    model,
                    frame,
                    labels,
                    weights,
                    cv=folds,
                    random_state=options["seed"],
                    costs=costs,
                )
        else:
            how, called = f"the rows of {test_file.name}", test_file
            with in_words_of_the_command(test_file):
                table = _read([str(test_file)], test_file, options)
                judged = _tested(model, table, options, costs)
        with summed_up(lambda: f"{model.summary()}\n\nBy {how}:\n{judged.summary()}"):
            if folder is not None:
                _write(folder, model, judged, table, options, how)


def _check_options(context: click.Context, options: Mapping[str, Any]) -> None:
    """Raise for options that contradict one another."""
    if options["test_file"] is not None and options["folds"] is not None:
        raise ParameterError(
            "--test judges by other rows and --folds by parts of FILES; give one of the two"
        )
    if options["family"] != "gaussian":
        for name in ("structures", "criterion"):
            if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
                raise ParameterError(
                    f"--{name} says nothing to --family {options['family']}, only to gaussian"
                )


def _read(files: Sequence[str], called: Path, options: Mapping[str, Any]) -> Table:
    kept = [options[name] for name in ("class_column", "weights", "id_column")]
    return read_without(files, called, options["missing"], kept)


def _labels(table: Table, column: str) -> NDArray[Any]:
    """Return the classes of all rows (N,)."""
    cells = table.categories(column)
    missing = [row for row, cell in enumerate(cells) if cell is None or cell != cell]
    if missing:
        raise DataError(
            f"'{table.path}', column '{column}', row {missing[0] + 1} (counted from 1): no class "
            f"is given there, and in {len(missing)} row(s) in all; leave such rows out, and let "
            "mixtura predict tell their classes"
        )
    return np.array(cells)


def _say_gaps(model: Any, table: Table) -> None:
    """Say how many cells of what was fitted are missing."""
    mixture = model.mixtures_[0]
    categories = [kind.name == "category" for kind in mixture.kinds]
    gaps = Gaps.of(rows_of(mixture, table), categories)
    if gaps.n_missing:
        say(gaps.words(), err=True)


def _tested(
    model: Any, table: Table, options: Mapping[str, Any], costs: NDArray[Any] | None
) -> Judgement:
    """Return what a fitted classifier says of the rows of another file."""
    labels = _labels(table, options["class_column"])
    rows = rows_of(model.mixtures_[0], table)
    _, shares = Answers.of_classes(model).tell(rows)
    weights = weights_of(table, options["weights"])
    return judgement_of(model.classes_, labels, shares, weights, costs)


def _write(
    folder: Output,
    model: Any,
    judged: Judgement,
    table: Table,
    options: Mapping[str, Any],
    how: str,
) -> None:
    """Write model, tables and page, and put them in place together."""
    id_column, keeps = options["id_column"], options["keep_formulas"]
    names = None if id_column is None else table.column(id_column)
    encoded = rows_of(model.mixtures_[0], table)
    rows = assigned_rows(
        Answers.of_classes(model, judged.shares, judged.costs),
        encoded,
        names,
        id_column,
        keeps,
        all_components=True,
    )
    with told(folder.shown):
        model.save(folder.partial / MODEL)
        rows.write(folder.partial / rows.file)
        write_csv(
            folder.partial / CONFUSION,
            judged.table(),
            cells_written(keep_formulas=keeps),
        )
        sheet = judged_sheet(judged, model, table.path.name, how, encoded)
        write_sheet(folder.partial / REPORT, sheet)
    folder.hand_over(MODEL, rows.file, CONFUSION, REPORT)
