"""`mixtura fit FILE`: choose a mixture, say what it is, and write it down."""

import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource
from numpy.typing import NDArray

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.assignments import Assignments, assignments_of
from mixtura.cli.columns import split_names
from mixtura.cli.families import OFFERS, Offer, Request
from mixtura.cli.options import MixingWeights, Prior, Sizes, Structures
from mixtura.cli.output import ASSIGNMENTS, MODEL, REPORT, Output, output_folder, told
from mixtura.cli.progress import search_progress
from mixtura.cli.rows import rows_of
from mixtura.cli.voice import end_interrupted, keep_formulas_option, say
from mixtura.data.files import read_table
from mixtura.errors import (
    DataError,
    DegenerateComponentWarning,
    MixturaError,
    ParameterError,
)
from mixtura.report import PAGE_PACKAGES, Report, require, write_report
from mixtura.selection import CRITERIA, Selection
from mixtura.store import save
from mixtura.summary import summary_of

__all__ = ["fit"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-k",
    "--components",
    "sizes",
    type=Sizes(),
    default="1:9",
    show_default=True,
    help="Numbers of components to try: 3, 1:9 or 2,4,8.",
)
@click.option(
    "-f",
    "--family",
    type=click.Choice(list(OFFERS)),
    default="gaussian",
    show_default=True,
    help="What the components are; auto goes by the columns, and says how.",
)
@click.option(
    "-s",
    "--structures",
    type=Structures(),
    default="all",
    show_default=True,
    help="Covariance structures of Gaussian components to try: full, tied, diag, spherical, or "
    "codes such as VVV,EEE,VII; all for the fourteen, or those that rows no more than columns "
    "determine.",
)
@click.option(
    "--noise",
    is_flag=True,
    help="Add a component of constant density for rows that belong to none of the others.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the model, assignments.csv and report.html.",
)
@click.option("--force", is_flag=True, help="Replace what an earlier fit wrote to the folder.")
@click.option(
    "--columns", help="Columns to fit, separated by commas; default all that suit the family."
)
@click.option("--exposure", help="Column of exposures, with --family poisson.")
@click.option("--weights", help="Column of row weights.")
@click.option(
    "--mixing-weights",
    type=MixingWeights(),
    default="free",
    show_default=True,
    help="Mixing weights: free, equal, or one number for each component, such as 0.2,0.3,0.5 with "
    "-k 3.",
)
@click.option(
    "--prior",
    type=Prior(),
    default="auto",
    show_default=True,
    help="Prior of the components: weak, conjugate or none (pure maximum likelihood); for answers, "
    "counts and words also evidence, or pseudo-counts of each cell. auto is weak, and by evidence "
    "for more than 100 columns of these.",
)
@click.option("--id", "id_column", help="Column that identifies a row in assignments.csv.")
@click.option(
    "--criterion",
    type=click.Choice(CRITERIA),
    default="bic",
    show_default=True,
    help="What the choice goes by; lower is better.",
)
@click.option(
    "--starts",
    type=click.IntRange(1),
    help="Starts carried to the end for each model; default 1 for gaussian, 10 for others.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 2),
    default=0,
    show_default=True,
    help="Seed of everything random.",
)
@keep_formulas_option
@click.pass_context
def fit(
    context: click.Context,
    file: Path,
    sizes: list[int],
    family: str,
    structures: str | tuple[str, ...],
    noise: bool,
    output: Path | None,
    force: bool,
    columns: str | None,
    exposure: str | None,
    weights: str | None,
    mixing_weights: str | tuple[float, ...],
    prior: str | float | None,
    id_column: str | None,
    criterion: str,
    starts: int | None,
    seed: int,
    keep_formulas: bool,
) -> None:
    """Fit mixtures to FILE (CSV, Parquet or Arrow), choose one, and describe it.

    Every number of components is tried, of Gaussians with every covariance structure. With -o, the
    model, the component of each row and a report with pictures are written to a folder, which
    appears once they are complete; what stands there is replaced with --force only.
    """
    offer = OFFERS[family]
    _check_options(context, offer)
    with nullcontext() if output is None else output_folder(output, force=force) as folder:
        if folder is not None:
            require(*PAGE_PACKAGES)
        table = read_table(file)
        request = Request(
            columns=tuple(split_names(columns)),
            left_out=(*split_names(weights), *split_names(id_column)),
            sizes=tuple(sizes),
            structures=structures,
            noise="uniform" if noise else None,
            exposure=exposure,
            mixing_weights=mixing_weights,
            prior=prior,
            criterion=criterion,
            seed=seed,
            starts=starts,
            weights=None if weights is None else table.numeric([weights])[:, 0],
        )
        identifiers = None if id_column is None else table.column(id_column)
        with in_words_of_the_command(file), warnings.catch_warnings():
            # The summary says it.
            warnings.simplefilter("ignore", DegenerateComponentWarning)
            search = offer.prepare(table, request)
            with search_progress() as progress:
                selection, facts = search(progress)
        rows = rows_of(selection.result.mixture, table)
        assignments = assignments_of(
            selection.result.mixture, rows, identifiers, id_column, keep_formulas
        )
        facts |= _more_facts(selection, facts, assignments, request, file.name)
        try:
            if folder is not None:
                _write(folder, selection, facts, assignments, rows)
        finally:
            # What is written does not wait for a reader that may leave.
            _say(selection, summary_of(selection.result.mixture, facts))
        if selection.interrupted:
            say("interrupted: this is the best of the models fitted so far", err=True)
            end_interrupted()


def _more_facts(
    selection: Selection,
    facts: dict[str, Any],
    assignments: Assignments,
    request: Request,
    source: str,
) -> dict[str, Any]:
    """Return what a file and a page say of the fit beside what the search says."""
    counts = np.bincount(
        assignments.component,
        weights=request.weights,
        minlength=selection.result.mixture.n_components,
    )
    known = {*facts.get("cautions", ()), *facts.get("notes", ())}
    unknown = [caution for caution in selection.best.cautions if caution not in known]
    return {
        "notes": [*facts.get("notes", ()), *unknown],
        "sizes": counts.tolist(),
        "criterion": request.criterion,
        "seed": request.seed,
        "source": source,
    }


def _write(
    folder: Output,
    selection: Selection,
    facts: dict[str, Any],
    assignments: Assignments,
    rows: NDArray[np.float64],
) -> None:
    """Write model and assignments, put them in place together, and let the page follow."""
    mixture = selection.result.mixture
    with told(folder.shown):
        save(folder.partial / MODEL, mixture, facts)
        assignments.write(folder.partial / ASSIGNMENTS)
    folder.publish()
    report = Report(
        title=facts["source"],
        result=selection.result,
        selection=selection,
        rows=rows,
        columns=mixture.columns or (),
        labels=assignments.label,
        probabilities=assignments.probability,
        source=facts["source"],
        seed=facts["seed"],
        facts=facts,
    )
    try:
        with told(folder.shown / REPORT):
            write_report(folder.target / REPORT, report)
    # Whatever a page ends in, the fit is there.
    except Exception as error:
        why = error if isinstance(error, MixturaError) else f"{type(error).__name__}: {error}"
        raise DataError(
            f"{why}; {MODEL} and {ASSIGNMENTS} are in '{folder.shown}', {REPORT} is missing"
        ) from error
    say(f"written to {folder.shown}: {MODEL}, {ASSIGNMENTS}, {REPORT}", err=True)


def _check_options(context: click.Context, offer: Offer) -> None:
    """Raise for an option that was given and says nothing to the family."""
    for option in frozenset().union(*(other.options for other in OFFERS.values())):
        given = context.get_parameter_source(option) is not ParameterSource.DEFAULT
        if given and option not in offer.options:
            names = [other.name for other in OFFERS.values() if option in other.options]
            raise ParameterError(
                f"--{option} says nothing to --family {offer.name}, only to {' and '.join(names)}"
            )


def _say(selection: Selection, text: str) -> None:
    say(text)
    if len(selection.candidates) > 1:
        say()
        say(selection.summary())
    else:
        for remark in selection.remarks:
            say(remark)
