"""`mixtura predict MODEL FILES`: the component, cluster or class of each row of other files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mixtura.archive import read_archive
from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.answers import answers_of, is_of_regressions
from mixtura.cli.counts import Naming, count_options, counted_rows
from mixtura.cli.formulas import keep_formulas_option
from mixtura.cli.long import COUNTED, WITHIN_MEMORY, long_of, long_option
from mixtura.cli.options import force_option, memory_option, missing_option
from mixtura.cli.rows import tables_within
from mixtura.cli.rows_output import RowsOutput
from mixtura.cli.voice import say
from mixtura.components.noise import without_noise
from mixtura.data.gaps import Gaps, words_of_empty
from mixtura.data.memory import bytes_of
from mixtura.data.paths import bytes_in_memory, called_together, files_of
from mixtura.data.table import Table
from mixtura.errors import ParameterError
from mixtura.mixture.tables import rows_of, text_columns
from mixtura.scoring.answers import Answers
from mixtura.scoring.assigned import AssignedRows, assigned_rows
from mixtura.text import split_names

__all__ = ["predict"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    help="CSV or Parquet file to write, by its extension, or a folder, by a slash at its end, for "
    "Parquet files of a million rows; default CSV to standard output.",
)
@force_option
@long_option
@count_options
@click.option("--id", "id_column", help="Column that identifies a row.")
@click.option(
    "--proba",
    is_flag=True,
    help="Write the probabilities of all components, clusters or classes too.",
)
@click.option(
    "--unknown",
    type=click.Choice(["error", "ignore"]),
    default="error",
    show_default=True,
    help="What a category that the fit did not see is: an error, or a missing cell.",
)
@click.option(
    "--priors",
    help="Of a model of classes: their probabilities where these rows come from, as for classify.",
)
@click.option("--costs", help="Of a model of classes: what errors cost, as for classify.")
@missing_option
@memory_option("Files of more are read and written part by part.")
@keep_formulas_option
def predict(
    model: Path,
    files: tuple[str, ...],
    output: str | None,
    force: bool,
    long_names: str | None,
    items: str | None,
    row_names: str | None,
    transpose: bool,
    id_column: str | None,
    proba: bool,
    unknown: str,
    priors: str | None,
    costs: str | None,
    missing: str | None,
    memory: int | None,
    keep_formulas: bool,
) -> None:
    """Say for each row of FILES which component of MODEL it belongs to, as a table.

    Of a model that classify wrote it is the class, of one that merge wrote the cluster, of one that
    regress wrote the regression where there is a response, and what a response would be. Several
    files, folders and patterns such as 'data/*.parquet' are read one after the other.
    """
    found, naming = files_of(list(files)) or [], Naming(items, row_names, transpose)
    sink = RowsOutput(output, force)
    sink.check([model, *found])
    arrays, document = read_archive(model)
    if is_of_regressions(document):
        # They say other things of rows, and bring scikit-learn.
        from mixtura.cli.regression_rows import check_plain, parts_followed

        check_plain(
            {
                "--priors": priors is not None,
                "--costs": costs is not None,
                "--long": long_names is not None,
                "--unknown ignore": unknown == "ignore",
                **naming.given,
            }
        )
        kept = [id_column] if id_column else []
        read = tables_within(found, [], bytes_of(memory), kept)
        read = (table.without(split_names(missing), kept) for table in read)
        rows = parts_followed(
            model, read, id_column, everything=proba, keeps_formulas=keep_formulas
        )
        sink.write(rows)
        return
    answers = answers_of(model, (arrays, document))
    if priors is not None or costs is not None:
        # It brings scikit-learn, which components are told without.
        from mixtura.cli.class_models import decided_by

        answers = decided_by(answers, priors, costs)
    mixture = answers.mixture
    family = without_noise(mixture.family).name
    long = long_of(long_names, sums=family in COUNTED)
    counts = counted_rows(
        found,
        called_together(files),
        family,
        naming,
        long,
        missing=split_names(missing),
        id_column=id_column,
        refused={"--id": id_column is not None, "--missing": missing is not None},
    )
    if counts is not None:
        rows = assigned_rows(
            answers,
            counts.read_by(mixture.column_names),
            counts.identifiers,
            counts.id_column,
            keep_formulas,
            all_components=proba,
        )
        sink.write([rows])
        return
    id_column = id_column or (None if long is None else long.row)
    most, text = bytes_of(memory), text_columns(mixture)
    beyond = any(bytes_in_memory([file]) > most for file in found)
    if beyond and id_column is not None and id_column not in (mixture.columns or [id_column]):
        # As they are spelled: whole numbers of parts of a text file are read as others.
        text.append(id_column)
    codes, kept = split_names(missing), [id_column] if id_column else []
    tables = tables_within(found, text, most, [*(mixture.columns or ()), *kept])
    tables = (table.without(codes, kept) for table in tables)
    if long is not None:
        if beyond:
            raise ParameterError(WITHIN_MEMORY)
        tables = (long.of(table, kept, mixture.columns or ()) for table in tables)
    parts = _parts(answers, tables, id_column, keep_formulas, proba, unknown)
    sink.write(parts)


def _parts(
    answers: Answers,
    tables: Iterator[Table],
    id_column: str | None,
    keep_formulas: bool,
    proba: bool,
    unknown: str,
) -> Iterator[AssignedRows]:
    """Yield the assignments of tables, rows without identifiers numbered from 0 over all."""
    start, gaps = 0, Gaps()
    categories = [kind.name == "category" for kind in answers.mixture.kinds]
    for table in tables:
        identifiers: Sequence[object] = range(start, start + table.n_rows)
        if id_column is not None:
            identifiers = table.column(id_column)
        with in_words_of_the_command(table.path):
            rows = rows_of(answers.mixture, table, ignore=unknown == "ignore")
        gaps += Gaps.of(rows, categories)
        yield assigned_rows(
            answers, rows, identifiers, id_column, keep_formulas, all_components=proba
        )
        start += table.n_rows
    if gaps.n_missing:
        say(gaps.words(), err=True)
    if gaps.n_empty:
        say(words_of_empty(gaps.n_empty), err=True)
