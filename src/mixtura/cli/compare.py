"""`mixtura compare MODEL MODEL FILES`: what two models say of the same rows."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
from numpy.typing import NDArray

from mixtura.agreement import Comparison
from mixtura.agreement.comparison import Told, compared, rows_without_cells
from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.answers import answers_of
from mixtura.cli.class_tables import write_csv
from mixtura.cli.contradictions import check_written
from mixtura.cli.formulas import keep_formulas_option
from mixtura.cli.options import folder_option, force_option, missing_option, weights_option
from mixtura.cli.output import COMPARISON, CONFUSION, REPORT, Output, output_folder, summed_up, told
from mixtura.cli.rows import read_without, weights_of
from mixtura.cli.voice import say
from mixtura.data.files import Table
from mixtura.data.paths import called_together
from mixtura.mixture.tables import rows_of
from mixtura.report import PAGE_PACKAGES, require
from mixtura.report.compared import compared_sheet
from mixtura.report.sheet import write_sheet
from mixtura.scoring.answers import Answers
from mixtura.text.formulas import cells_written

__all__ = ["compare"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True)
@missing_option
@weights_option
@click.option("--id", "id_column", help="Column that identifies a row in comparison.csv.")
@folder_option("Folder for comparison.csv, with all rows, confusion.csv and report.html.")
@force_option
@keep_formulas_option
def compare(
    model: Path,
    other: Path,
    files: tuple[str, ...],
    missing: str | None,
    weights: str | None,
    id_column: str | None,
    output: Path | None,
    force: bool,
    keep_formulas: bool,
) -> None:
    """Say how two model files agree on each row of FILES, and which makes them likelier.

    Components, clusters or classes of one are matched with those of the other, so that most rows
    agree. Prints the matched table, the agreement and the log-likelihoods; with -o what both say of
    each row is written to a new folder, with a report.
    """
    check_written(output, {"--force": force, "--keep-formulas": keep_formulas})
    both = [answers_of(model), answers_of(other)]
    called = called_together(files)
    with nullcontext() if output is None else output_folder(output, force=force) as folder:
        if folder is not None:
            require(*PAGE_PACKAGES)
        with in_words_of_the_command(called):
            table = read_without(files, called, missing, (weights, id_column))
            first, second = (_told(one, rows_of(one.mixture, table)) for one in both)
            counted = weights_of(table, weights)
            _say_columns(both)
            found = compared(first, second, counted)
        with summed_up(found.summary):
            if folder is not None:
                _write(folder, found, table, id_column, keep_formulas, (model, other))


def _told(answers: Answers, rows: NDArray[Any]) -> Told:
    density, shares = answers.tell(rows)
    labels = answers.labels[shares.argmax(axis=1)]
    return Told(labels, density, rows_without_cells(answers.mixture, rows))


def _say_columns(both: list[Answers]) -> None:
    """Say where likelihoods are of other columns, and so of other things."""
    one, two = ({*(each.mixture.columns or ())} for each in both)
    if one != two:
        say(
            "the models are of other columns, so their likelihoods cannot be compared; where they "
            "put rows can",
            err=True,
        )


def _write(
    folder: Output,
    found: Comparison,
    table: Table,
    id_column: str | None,
    keep_formulas: bool,
    models: tuple[Path, Path],
) -> None:
    """Write tables and page, and put them in place together."""
    safe = cells_written(keep_formulas=keep_formulas)
    names = range(table.n_rows) if id_column is None else table.column(id_column)
    columns = {
        "first": found.labels.tolist(),
        "second": found.other_labels.tolist(),
        "changed": [str(bool(one)).lower() for one in found.changed],
        "log_density_first": found.log_density.tolist(),
        "log_density_second": found.other_log_density.tolist(),
    }
    called = id_column or "row"
    called = f"{called} (id)" if called in columns else called
    cells = zip(names, *columns.values(), strict=True)
    rows = [dict(zip((called, *columns), one, strict=True)) for one in cells]
    with told(folder.shown):
        write_csv(folder.partial / COMPARISON, rows, safe)
        write_csv(folder.partial / CONFUSION, found.matching.table(), safe)
        sheet = compared_sheet(found, (str(models[0]), str(models[1])), table.path.name)
        write_sheet(folder.partial / REPORT, sheet)
    folder.hand_over(COMPARISON, CONFUSION, REPORT)
