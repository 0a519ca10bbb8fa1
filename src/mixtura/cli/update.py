"""`mixtura update MODEL FILES`: further rows taken into a model, without those it was fitted to."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from mixtura.agreement.comparison import rows_without_cells
from mixtura.archive import read_archive
from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.answers import described_rows
from mixtura.cli.contradictions import check_target
from mixtura.cli.options import memory_option, missing_option, prior_option, weights_option
from mixtura.cli.rows import tables_within, weights_of
from mixtura.cli.voice import say
from mixtura.data.gaps import NOTHING_TOLD, words_of_empty
from mixtura.data.memory import bytes_of
from mixtura.data.paths import files_of
from mixtura.data.table import Table
from mixtura.em.arriving import Taken
from mixtura.errors import DataError, ModelFileError
from mixtura.estimators.arriving import arrived, checked_half_life
from mixtura.estimators.stored import arrays_kept
from mixtura.mixture import Mixture
from mixtura.mixture.tables import rows_of, text_columns
from mixtura.store import described_seen, save
from mixtura.summary import summary_of
from mixtura.text import split_names

__all__ = ["update"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Model file to write; by default MODEL itself is replaced.",
)
@weights_option
@click.option(
    "--half-life",
    type=float,
    help="After so many further rows, by weight, those before count half; default: for ever.",
)
@missing_option
@prior_option
@memory_option("Files of more are taken in part by part.")
def update(
    model: Path,
    files: tuple[str, ...],
    output: Path | None,
    weights: str | None,
    half_life: float | None,
    missing: str | None,
    prior: Any,
    memory: int | None,
) -> None:
    """Take the rows of FILES into MODEL, which is not fitted anew.

    The model file holds what is to be known of the rows before. Several files, folders and patterns
    such as 'data/*.parquet' are taken in one after the other; the model is written once all are.
    """
    faded = checked_half_life(half_life)
    found = files_of(list(files)) or []
    check_target(output, found)
    arrays, document = read_archive(model)
    mixture, _ = described_rows(model, arrays, document)
    seen = described_seen(model, mixture, arrays, document)
    if seen is None:
        raise ModelFileError(
            f"model file '{model}' says nothing of the rows it was fitted to: it is of an earlier "
            "mixtura, was made of parameters, or there is too much to say; fit to all rows instead"
        )
    taken: Taken | None = None
    codes, counting = split_names(missing), [weights] if weights else []
    asked = [*(mixture.columns or ()), *counting]
    for read in tables_within(found, text_columns(mixture), bytes_of(memory), asked):
        table = read.without(codes, counting)
        with in_words_of_the_command(table.path):
            rows, counted = _rows(mixture, table, weights)
            if not len(rows):
                continue
            taken = arrived(mixture, seen, rows, counted, prior=prior, half_life=faded)
        mixture = replace(
            taken.part.mixture,
            reading=mixture.reading,
            component_names=mixture.component_names,
        )
        seen = taken.seen
        changed = "the data may have changed: " if taken.drift.is_worse else ""
        say(f"{table.path}: {changed}{taken.drift.sentence()}", err=True)
    if taken is None:
        raise DataError(NOTHING_TOLD)
    facts = taken.facts()
    described = document.get("estimator")
    estimator = None if described is None else (arrays_kept(arrays), described)
    save(output or model, mixture, facts, estimator, seen)
    say(summary_of(mixture, facts))
    say(f"written to {output or model}", err=True)


def _rows(
    mixture: Mixture, table: Table, weights: str | None
) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """Return the rows of a table that have a cell, and their weights."""
    rows = rows_of(mixture, table)
    if not len(rows):
        raise DataError(f"'{table.path}' holds no rows")
    counted = weights_of(table, weights)
    silent = rows_without_cells(mixture, rows)
    if not silent.any():
        return rows, counted
    say(f"{table.path}: {words_of_empty(int(silent.sum()))}", err=True)
    return rows[~silent], None if counted is None else counted[~silent]
