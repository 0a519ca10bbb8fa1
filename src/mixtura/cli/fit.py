"""`mixtura fit FILE`: choose a mixture, say what it is, and write it down."""

import warnings
from itertools import chain, islice
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

from mixtura.cli.assignments import assignments_of
from mixtura.cli.columns import split_names
from mixtura.cli.families import OFFERS, Offer, Request
from mixtura.cli.progress import search_progress
from mixtura.cli.rows import rows_of
from mixtura.cli.voice import end_interrupted, keep_formulas_option, say
from mixtura.components.gaussian.structures import structure
from mixtura.data.files import read_table
from mixtura.errors import DegenerateComponentWarning, ParameterError
from mixtura.estimators.sizes import MOST_SIZES
from mixtura.report import Report, write_report
from mixtura.selection import CRITERIA, Selection
from mixtura.store import save
from mixtura.summary import summary_of

__all__ = ["fit"]

MODEL, ASSIGNMENTS, REPORT = "model.mixtura", "assignments.csv", "report.html"


class _Sizes(click.ParamType):
    """Numbers of components: 3, 1:9 or 2,4,8."""

    name = "K"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int]:
        if not isinstance(value, str):
            return list(value)
        try:
            parts = [_range(part) for part in value.split(",")]
        except ValueError:
            parts = []
        # A range of a thousand million is not written out before it is refused.
        sizes = list(islice(chain.from_iterable(parts), MOST_SIZES + 1))
        if len(sizes) > MOST_SIZES:
            self.fail(f"{value!r} are more than {MOST_SIZES:,} numbers of components", param, ctx)
        if not sizes or min(sizes) < 1:
            self.fail(f"{value!r} is not like 3, 1:9 or 2,4,8, with numbers from 1 up", param, ctx)
        return sizes


def _range(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last or first) + 1)


class _Structures(click.ParamType):
    """Covariance structures, separated by commas."""

    name = "NAMES"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | tuple[str, ...]:
        if not isinstance(value, str):
            return tuple(value)
        if value == "all":
            return value
        names = tuple(split_names(value))
        try:
            for name in names:
                structure(name)
        except ParameterError as error:
            self.fail(str(error), param, ctx)
        return names


class _MixingWeights(click.ParamType):
    """free, equal, or numbers separated by commas."""

    name = "NUMBERS"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | tuple[float, ...]:
        if not isinstance(value, str) or value in ("free", "equal"):
            return value
        try:
            return tuple(float(number) for number in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is neither free nor equal, nor like 0.2,0.3,0.5", param, ctx)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-k",
    "--components",
    "sizes",
    type=_Sizes(),
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
    type=_Structures(),
    default="all",
    show_default=True,
    help="Covariance structures of Gaussian components to try: full, tied, diag, spherical, or "
    "codes such as VVV,EEE,VII; all for the fourteen, or those that rows no more than columns "
    "determine.",
)
@click.option(
    "--noise",
    is_flag=True,
    help="Add a component of constant density for rows that belong to no Gaussian one.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the model, assignments.csv and report.html.",
)
@click.option(
    "--columns", help="Columns to fit, separated by commas; default all that suit the family."
)
@click.option("--exposure", help="Column of exposures, with --family poisson.")
@click.option("--weights", help="Column of row weights.")
@click.option(
    "--mixing-weights",
    type=_MixingWeights(),
    default="free",
    show_default=True,
    help="Mixing weights: free, equal, or one number for each component, such as 0.2,0.3,0.5 with "
    "-k 3.",
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
    columns: str | None,
    exposure: str | None,
    weights: str | None,
    mixing_weights: str | tuple[float, ...],
    id_column: str | None,
    criterion: str,
    starts: int | None,
    seed: int,
    keep_formulas: bool,
) -> None:
    """Fit mixtures to FILE (CSV, Parquet or Arrow), choose one, and describe it.

    Every number of components is tried, of Gaussians with every covariance structure. With -o, the
    model, the component of each row and a report with pictures are written to a folder.
    """
    offer = OFFERS[family]
    _check_options(context, offer)
    table = read_table(file)
    row_weights = None if weights is None else table.numeric([weights])[:, 0]
    identifiers = None if id_column is None else table.column(id_column)
    request = Request(
        columns=tuple(split_names(columns)),
        left_out=(*split_names(weights), *split_names(id_column)),
        sizes=tuple(sizes),
        structures=structures,
        noise=noise,
        exposure=exposure,
        mixing_weights=mixing_weights,
        criterion=criterion,
        seed=seed,
        starts=starts,
        weights=row_weights,
    )
    search = offer.prepare(table, request)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    with search_progress() as progress, warnings.catch_warnings():
        # The summary says it.
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        selection, facts = search(progress)
    result = selection.result
    rows = rows_of(result.mixture, table)
    assignments = assignments_of(result.mixture, rows, identifiers, id_column, keep_formulas)
    counts = np.bincount(
        assignments.component, weights=row_weights, minlength=result.mixture.n_components
    )
    known = {*facts.get("cautions", ()), *facts.get("notes", ())}
    unknown = [caution for caution in selection.best.cautions if caution not in known]
    facts |= {
        "notes": [*facts.get("notes", ()), *unknown],
        "sizes": counts.tolist(),
        "criterion": criterion,
        "seed": seed,
        "source": file.name,
    }
    _say(selection, summary_of(result.mixture, facts))
    if output is not None:
        save(output / MODEL, result.mixture, facts)
        assignments.write(output / ASSIGNMENTS)
        report = Report(
            title=file.name,
            result=result,
            selection=selection,
            rows=rows,
            columns=result.mixture.columns or (),
            labels=assignments.label,
            probabilities=assignments.probability,
            source=file.name,
            seed=seed,
            facts=facts,
        )
        write_report(output / REPORT, report)
        say(f"written to {output}: {MODEL}, {ASSIGNMENTS}, {REPORT}", err=True)
    if selection.interrupted:
        say("interrupted: this is the best of the models fitted so far", err=True)
        end_interrupted()


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
