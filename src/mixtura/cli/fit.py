"""`mixtura fit FILE`: choose a mixture, say what it is, and write it down."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from mixtura.cli.binding import (
    check_fixed,
    equal_of,
    equal_option,
    fix_option,
    ordinal_link_option,
    ordinal_of,
    ordinal_option,
)
from mixtura.cli.contradictions import (
    check_excluded,
    check_roles,
    check_transformed,
    check_written,
)
from mixtura.cli.counts import Naming, count_options
from mixtura.cli.families import OFFERS, Request, check_options
from mixtura.cli.fitted import Fitted
from mixtura.cli.fitted_files import fitted_files
from mixtura.cli.formulas import keep_formulas_option
from mixtura.cli.long import COUNTED, long_of, long_option
from mixtura.cli.options import (
    Factors,
    MixingWeights,
    Sizes,
    Structures,
    Trials,
    budget_option,
    engine_option,
    exclude_option,
    folder_option,
    force_option,
    memory_option,
    missing_option,
    prior_option,
    seed_option,
    transform_options,
    transforms_asked,
    weights_option,
)
from mixtura.cli.output import MODEL, REPORT, Output, output_folder, told
from mixtura.cli.resuming import FREE, checkpoint_option, continued, resumable, resume_option
from mixtura.cli.standard_input import spooled_input
from mixtura.cli.voice import end_interrupted, say
from mixtura.errors import DataError, MixturaError, ParameterError
from mixtura.report import PAGE_PACKAGES, require, write_report
from mixtura.selection import CRITERIA, Selection
from mixtura.store import save
from mixtura.summary import summary_of
from mixtura.text import split_names

__all__ = ["fit"]


@click.command()
@click.argument("files", nargs=-1)
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
    default="auto",
    show_default=True,
    help="What the components are; auto goes by the columns, as mixtura inspect shows them.",
)
@click.option(
    "-s",
    "--structures",
    type=Structures(),
    default="all",
    show_default=True,
    help="Covariance structures of Gaussian components to try: full, tied, diag, spherical, or "
    "codes such as VVV,EEE,VII; all for the fourteen, or those that rows no more than columns "
    "determine. Of factor analysers UUU and the like, all for the eight.",
)
@click.option(
    "--factors",
    type=Factors(),
    default="auto",
    show_default=True,
    help="Numbers of factors of factor analysers to try: 2, 1:5 or 2,4,8; auto goes on while more "
    "are better.",
)
@click.option(
    "--noise",
    is_flag=True,
    help="Add a component of constant density for rows that belong to none of the others.",
)
@folder_option("Folder for the model, assignments.csv and report.html.")
@force_option
@click.option(
    "--columns", help="Columns to fit, separated by commas; default all that suit the family."
)
@exclude_option
@transform_options
@click.option("--exposure", help="Column of exposures, with --family poisson.")
@click.option(
    "--period",
    type=float,
    help="After which columns of --family von_mises begin anew: 24 for hours; default 2π.",
)
@click.option(
    "--trials",
    type=Trials(),
    help="How many trials the columns of --family binomial or beta_binomial count successes in: "
    "10, or a number for each; default the highest cell of each.",
)
@memory_option("More are read from a file in --cache, pass after pass.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder for that file; by default the system's for temporary files.",
)
@weights_option
@click.option(
    "--mixing-weights",
    type=MixingWeights(),
    default="free",
    show_default=True,
    help="Mixing weights: free, equal, or one number for each component, such as 0.2,0.3,0.5 with "
    "-k 3.",
)
@fix_option
@equal_option
@ordinal_option
@ordinal_link_option
@missing_option
@prior_option
@long_option
@count_options
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
@seed_option
@budget_option
@keep_formulas_option
@click.option(
    "--on-bad",
    type=click.Choice(["error", "skip"]),
    default="error",
    show_default=True,
    help="What to do with damaged row groups of Parquet files; skip leaves them out, and says so.",
)
@engine_option
@checkpoint_option
@resume_option
@click.pass_context
def fit(context: click.Context, **options: Any) -> None:
    """Fit mixtures to FILES (CSV, Parquet, Arrow, SPSS, ...), choose one, and describe it.

    Several files, folders and patterns such as 'data/*.parquet' are one table, file after file.
    Rows that are more than --memory are fitted all the same; - is standard input.

    Every number of components is tried, of Gaussians with every covariance structure. With -o, the
    model, the component of each row and a report with pictures are written to a folder, which
    appears once they are complete; what stands there is replaced with --force only. A fit that was
    stopped goes on by --resume OUT.
    """
    output, resume = options["output"], options["resume"]
    goes_on = resume is not None
    if goes_on:
        if output not in (None, resume):
            raise ParameterError(f"--resume {resume} writes there; leave out -o {output}")
        options |= continued(context, resume)
        # What stands there is of the same fit, if it was stopped by a signal.
        options |= {"output": resume, "force": True}
    elif not options["files"]:
        raise click.UsageError("Missing argument 'FILES...'.", context)
    check_options(context, OFFERS[options["family"]])
    check_fixed(options["fix"], options["sizes"])
    output, force = options["output"], options["force"]
    check_written(output, {"--force": force, "--keep-formulas": options["keep_formulas"]})
    named = {f"--{name}": split_names(options[name]) for name in ("weights", "exposure")}
    check_roles(split_names(options["columns"]), named)
    named |= {"--exclude": split_names(options["exclude"]), "--id": [options["id_column"] or ""]}
    check_transformed(transforms_asked(options), split_names(options["columns"]), named)
    check_excluded(split_names(options["columns"]), split_names(options["exclude"]))
    asked = {name: value for name, value in options.items() if name not in FREE}
    with nullcontext() if output is None else output_folder(output, force=force) as folder:
        if folder is not None:
            require(*PAGE_PACKAGES)
        kept = resumable(
            output,
            asked,
            seconds=options["checkpoint"],
            goes_on=goes_on,
            force=force,
            tell=partial(say, err=True),
        )
        with kept:
            _fit(folder, options["cache"], **asked)


def _fit(
    folder: Output | None,
    cache: Path | None,
    *,
    files: tuple[str, ...],
    sizes: list[int],
    family: str,
    structures: str | tuple[str, ...],
    factors: str | tuple[int, ...],
    noise: bool,
    columns: str | None,
    exclude: str | None,
    log: str | None,
    arcsinh: str | None,
    logicle: str | None,
    cofactor: float | None,
    exposure: str | None,
    period: float | None,
    trials: int | tuple[int, ...] | None,
    memory: int | None,
    weights: str | None,
    mixing_weights: str | tuple[float, ...],
    fix: dict[str, Any] | None,
    equal: tuple[tuple[str, tuple[str, ...]], ...],
    ordinal: tuple[str, ...],
    ordinal_link: str,
    missing: str | None,
    prior: str | float | None,
    long_names: str | None,
    items: str | None,
    row_names: str | None,
    transpose: bool,
    id_column: str | None,
    criterion: str,
    starts: int | None,
    seed: int,
    budget: float,
    keep_formulas: bool,
    engine: str,
    on_bad: str,
) -> None:
    functions = {"log": log, "arcsinh": arcsinh, "logicle": logicle, "cofactor": cofactor}
    transforms = transforms_asked(functions)
    called = {one.column: one.name for one in transforms}
    long = long_of(long_names, sums=family in COUNTED)
    naming = Naming(items, row_names, transpose)
    id_column = id_column or (None if long is None else long.row)
    request = Request(
        columns=tuple(called.get(name, name) for name in split_names(columns)),
        left_out=(*split_names(weights), *split_names(id_column), *split_names(exclude)),
        sizes=tuple(sizes),
        structures=structures,
        factors=factors,
        noise="uniform" if noise else None,
        exposure=exposure,
        period=period,
        trials=trials,
        mixing_weights=mixing_weights,
        fix=fix,
        equal=equal_of(equal),
        ordinal=ordinal_of(ordinal),
        ordinal_link=ordinal_link,
        prior=prior,
        criterion=criterion,
        seed=seed,
        starts=starts,
        budget=budget,
        weights_column=weights,
        id_column=id_column,
        missing=tuple(split_names(missing)),
        transforms=transforms,
        keep_formulas=keep_formulas,
        engine=engine,
        skips=on_bad == "skip",
        long=long,
    )
    with (
        spooled_input(files, cache) as names,
        fitted_files(names, OFFERS[family], request, naming, memory, cache) as fitted,
    ):
        try:
            if folder is not None:
                _write(folder, fitted)
        finally:
            # What is written does not wait for a reader that may leave.
            _say(fitted.selection, summary_of(fitted.mixture, fitted.facts()))
    selection = fitted.selection
    if selection.interrupted:
        say("interrupted: this is the best of the models fitted so far", err=True)
        end_interrupted()


def _write(folder: Output, fitted: Fitted) -> None:
    """Write model and assignments, put them in place together, and let the page follow."""
    rows = fitted.assignments
    with told(folder.shown):
        # Counts of rows that are beyond memory come with their assignments.
        rows.write(folder.partial / rows.file)
        save(folder.partial / MODEL, fitted.mixture, fitted.facts(), seen=fitted.seen)
    folder.publish()
    try:
        with told(folder.shown / REPORT):
            write_report(folder.target / REPORT, fitted.report())
    # Whatever a page ends in, the fit is there.
    except Exception as error:
        why = error if isinstance(error, MixturaError) else f"{type(error).__name__}: {error}"
        raise DataError(
            f"{why}; {MODEL} and {rows.file} are in '{folder.shown}', {REPORT} is missing"
        ) from error
    say(f"written to {folder.shown}: {MODEL}, {rows.file}, {REPORT}", err=True)


def _say(selection: Selection, text: str) -> None:
    say(text)
    if len(selection.candidates) > 1:
        say()
        say(selection.summary())
    else:
        for remark in selection.remarks:
            say(remark)
