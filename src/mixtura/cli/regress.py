"""`mixtura regress FILES --formula 'y ~ x'`: regressions of which a row's is not known."""

import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.class_tables import write_csv
from mixtura.cli.columns import related_frame, say_codes
from mixtura.cli.contradictions import check_roles, check_written
from mixtura.cli.formulas import keep_formulas_option
from mixtura.cli.options import (
    Sizes,
    folder_option,
    force_option,
    missing_option,
    seed_option,
    weights_option,
)
from mixtura.cli.output import (
    COEFFICIENTS,
    ENUMERATION,
    MODEL,
    TABLES,
    Output,
    output_folder,
    summed_up,
    told,
)
from mixtura.cli.regression_rows import FollowedRows, Roles, complete_rows, followed
from mixtura.cli.rows import read_without, weights_of
from mixtura.components.regression.responses import RESPONSES
from mixtura.covariates.formulas import Formula
from mixtura.data.files import Table
from mixtura.data.paths import called_together
from mixtura.errors import (
    DataError,
    DegenerateComponentWarning,
    DisagreementWarning,
    InformationError,
    MixturaWarning,
)
from mixtura.estimators.tried import CRITERIA, size_table
from mixtura.regressions import MixtureRegressor
from mixtura.regressions.terms import named_in
from mixtura.text import Passage, Summary, as_markdown, probability, split_names
from mixtura.text import Table as TextTable
from mixtura.text.formulas import cells_written
from mixtura.writing import write_text

__all__ = ["regress"]


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--formula",
    required=True,
    help="Response and terms: 'y ~ x + C(group) + bs(age, df=4)', 'cbind(yes, no) ~ dose', or "
    "'y ~ .' for all other columns.",
)
@click.option(
    "-k",
    "--components",
    "sizes",
    type=Sizes(),
    default="1:4",
    show_default=True,
    help="Numbers of regressions to try: 3, 1:4 or 2,4.",
)
@click.option(
    "-f",
    "--family",
    type=click.Choice(list(RESPONSES)),
    default="gaussian",
    show_default=True,
    help="What the response is: an amount of any sign, counts, successes, or an amount above 0.",
)
@click.option(
    "--criterion",
    type=click.Choice(CRITERIA),
    default="bic",
    show_default=True,
    help="What the number of regressions is chosen by.",
)
@click.option(
    "--concomitant",
    help="Formula of covariates by which the weights of regressions go: 'age + C(sex)'.",
)
@click.option("--groups", help="Column of whom a row is: all rows of one follow one regression.")
@click.option("--offset", help="Column that is added to the linear predictor.")
@click.option("--exposure", help="Column whose logarithm is added to it.")
@click.option(
    "--equal",
    help="Terms, separated by semicolons, that have one coefficient in all regressions.",
)
@click.option(
    "--starts",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many times as many starts each number has.",
)
@missing_option
@weights_option
@click.option("--id", "id_column", help="Column that identifies a row in assignments.csv.")
@click.option("--proba", is_flag=True, help="Write probabilities and means of all regressions too.")
@folder_option(
    "Folder for the model, enumeration.csv, coefficients.csv, assignments.csv and tables.md."
)
@force_option
@seed_option
@keep_formulas_option
def regress(
    files: tuple[str, ...],
    formula: str,
    sizes: list[int],
    family: str,
    criterion: str,
    concomitant: str | None,
    groups: str | None,
    offset: str | None,
    exposure: str | None,
    equal: str | None,
    starts: int,
    missing: str | None,
    weights: str | None,
    id_column: str | None,
    proba: bool,
    output: Path | None,
    force: bool,
    seed: int,
    keep_formulas: bool,
) -> None:
    """Fit a mixture of regressions to FILES: which of them a row follows is not known.

    Prints the table over numbers of regressions, and of the best the coefficients with standard
    errors, and tests of each term: whether it is without effect, and whether it is the same in all
    regressions. With -o all of it is written to a new folder, with a model that mixtura predict
    reads. Rows that lack a cell are left out.
    """
    check_written(output, {"--force": force, "--keep-formulas": keep_formulas, "--proba": proba})
    roles = Roles(groups, offset, exposure)
    jobs = {"--groups": groups, "--offset": offset, "--exposure": exposure, "--weights": weights}
    named = {option: split_names(name) for option, name in jobs.items()}
    check_roles([], named)
    called = called_together(files)
    with (
        nullcontext() if output is None else output_folder(output, force=force) as folder,
        in_words_of_the_command(called),
        warnings.catch_warnings(),
    ):
        # Of the fit that is chosen they are said below.
        for said in (DegenerateComponentWarning, DisagreementWarning):
            warnings.simplefilter("ignore", said)
        table = read_without(files, called, missing, (weights, id_column))
        names = _columns(formula, concomitant, table, [*jobs.values(), id_column])
        check_roles([*names[1]], named)
        related = [*dict.fromkeys((*names[0], *names[1]))]
        frame = related_frame(table, related)
        say_codes(table, related)
        used = _complete(frame, table, roles)
        model = MixtureRegressor(
            max(sizes),
            family,
            formula=formula,
            concomitant=concomitant,
            equal={"coef": [one.strip() for one in equal.split(";")]} if equal else None,
            n_init=starts,
            random_state=seed,
        )
        weighed = weights_of(table, weights)
        counted = None if weighed is None else weighed[used]
        given = roles.told(table, used)
        model.select(frame.filter(used), None, sizes, criterion, counted, **given)
        model.facts_ |= roles.facts()
        found = _findings(model, frame.filter(used), counted, given)
        with summed_up(lambda: found):
            if folder is not None:
                rows = followed(
                    model,
                    table,
                    names,
                    roles,
                    _identifiers(table, id_column),
                    everything=proba,
                    keeps_formulas=keep_formulas,
                )
                _write(folder, model, found, rows, keep_formulas=keep_formulas)


def _columns(
    formula: str, concomitant: str | None, table: Table, others: Sequence[str | None]
) -> tuple[Sequence[str], Sequence[str]]:
    """Return the columns of terms, with those of weights, and of the response.

    A dot is all columns without another job.
    """
    covariates = () if concomitant is None else Formula.of(concomitant).names
    left = [*covariates, *(name for option in others for name in split_names(option))]
    terms, response = named_in(formula, [name for name in table.names if name not in left])
    return tuple(dict.fromkeys((*terms, *covariates))), response


def _identifiers(table: Table, id_column: str | None) -> tuple[str, Sequence[Any]]:
    if id_column is None:
        return "row", range(table.n_rows)
    return id_column, table.column(id_column)


def _complete(frame: Any, table: Table, roles: Roles) -> NDArray[np.bool_]:
    """Return which rows (N,) are fitted, and say how many are left out."""
    used = complete_rows(frame, table, roles)
    if not used.any():
        raise DataError("every row lacks a cell that the formula needs; there is nothing to fit")
    if not used.all():
        warnings.warn(
            f"left out: {(~used).sum()} of {len(used)} rows, without a cell that the formula needs",
            MixturaWarning,
            stacklevel=2,
        )
    return used


def _findings(model: MixtureRegressor, frame: Any, weights: Any, given: dict[str, Any]) -> Summary:
    """Return the table over K, what was chosen, and its coefficients with errors and tests."""
    sizes = replace(size_table(model.selection_).passages[0], heading="Numbers of regressions")
    chosen = [one for one in model.summary().passages if one.heading != "coefficients"]
    try:
        errors = model.errors(frame, None, weights, **given)
    except InformationError as error:
        said = Passage(said=f"There are no standard errors: {error}.")
        return Summary([sizes, *model.summary().passages, said], _estimates(model))
    coefficients, *membership = errors.summary().passages
    shown = [replace(coefficients, heading="Coefficients"), *membership]
    if tests := errors.tests():
        tabled = (TextTable.of_records([_with_p_values_shown(row) for row in tests]),)
        shown.append(Passage("Terms: without effect, and the same in all (equal)", tabled))
    return Summary([sizes, *chosen, *shown], errors.table())


def _with_p_values_shown(test: dict[str, Any]) -> dict[str, Any]:
    shown = {name: probability(test[name]) for name in ("p", "p_equal") if name in test}
    return test | shown


def _estimates(model: MixtureRegressor) -> list[dict[str, Any]]:
    family: Any = model.mixture_.family
    return [
        {"component": name, "term": term, "estimate": float(value)}
        for name, row in zip(
            model.mixture_.names, model.mixture_.parameters.coefficients, strict=True
        )
        for term, value in zip(family.terms, row, strict=True)
    ]


def _write(
    folder: Output,
    model: MixtureRegressor,
    found: Summary,
    rows: FollowedRows,
    *,
    keep_formulas: bool,
) -> None:
    safe = cells_written(keep_formulas=keep_formulas)
    with told(folder.shown):
        model.save(folder.partial / MODEL)
        rows.write(folder.partial / rows.file)
        write_csv(folder.partial / ENUMERATION, size_table(model.selection_).table(), safe)
        write_csv(folder.partial / COEFFICIENTS, found.table(), safe)
        write_text(folder.partial / TABLES, as_markdown(found.passages))
    folder.hand_over(MODEL, ENUMERATION, COEFFICIENTS, rows.file, TABLES)
