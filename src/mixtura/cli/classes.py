"""`mixtura classes FILE`: how many classes, what they are, and what goes with them."""

import warnings
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import click

from mixtura.classes import Enumeration, classification, profile
from mixtura.classes.enumeration import enumeration_of
from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.binding import ordinal_link_option, ordinal_of, ordinal_option
from mixtura.cli.class_options import (
    class_family_option,
    class_structure_option,
    classes_option,
    dependent_option,
    dependent_pairs,
    labels_option,
    starts_option,
    written_options,
)
from mixtura.cli.class_relations import (
    asked_for,
    by_group,
    check_drawn,
    check_fit,
    check_free,
    check_steps,
    fit_option,
    fit_to_table,
    labels_for,
    missing_words,
    related_to,
    relation,
    say_unnamed,
)
from mixtura.cli.class_rows import Wanted, fitted_rows
from mixtura.cli.class_tables import Findings, scree_drawn
from mixtura.cli.contradictions import check_roles, check_written
from mixtura.cli.families import OFFERS, Request, check_options
from mixtura.cli.fitted import Fitted
from mixtura.cli.long import COUNTED, long_of, long_option
from mixtura.cli.options import (
    memory_option,
    missing_option,
    prior_option,
    weights_option,
)
from mixtura.cli.output import (
    CLASSES,
    ENUMERATION,
    LATEX,
    MODEL,
    PATTERNS,
    SCREE,
    TABLES,
    Output,
    output_folder,
    told,
)
from mixtura.cli.voice import end_interrupted, say
from mixtura.data.joints import joint_names
from mixtura.data.paths import called_together
from mixtura.errors import DegenerateComponentWarning, DisagreementWarning, ParameterError
from mixtura.store import save
from mixtura.summary import title_of
from mixtura.text import split_names

__all__ = ["classes"]


@click.command()
@click.argument("files", nargs=-1, required=True)
@classes_option("1:8")
@class_family_option
@class_structure_option
@click.option("--columns", help="Columns that tell classes, separated by commas; default all.")
@dependent_option
@ordinal_option
@ordinal_link_option
@missing_option
@weights_option
@click.option(
    "--sampling-weights",
    help="Column of sampling weights, of any unit: n stays the number of rows, and errors are "
    "those of a sample.",
)
@click.option("--strata", help="Column of the strata that rows were drawn from.")
@click.option("--clusters", help="Column of what was drawn together, such as households.")
@starts_option
@prior_option
@click.option(
    "--blrt",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Replicates of the bootstrap test of each K - 1 classes against K; 0 for no test.",
)
@click.option(
    "--vlmr",
    is_flag=True,
    help="Also test each K - 1 classes against K as Vuong, and Lo, Mendell and Rubin have it.",
)
@fit_option
@labels_option
@click.option(
    "--covariates",
    help="Columns that foretell classes, separated by commas, or a formula: 'age + C(sex)'.",
)
@click.option(
    "--one-step",
    is_flag=True,
    help="Fit classes and covariates together, in place of three steps.",
)
@click.option("--distal", help="Columns of outcomes that follow from classes, or a formula.")
@click.option("--groups", help="Column of groups: are classes the same in each?")
@click.option("--free", help="Items that differ by group in a model of their own, with --groups.")
@click.option(
    "--correction",
    type=click.Choice(["ml", "bch", "ltb", "none"]),
    help="What is done about errors of classification; default ml for covariates, bch for "
    "outcomes; ltb is for outcomes, with ml for covariates.",
)
@click.option(
    "--assignment",
    type=click.Choice(["modal", "proportional"]),
    default="modal",
    show_default=True,
    help="How rows are put in classes for that.",
)
@long_option
@click.option("--id", "id_column", help="Column that identifies a row in assignments.csv.")
@memory_option("Files of more are read part by part, for what adds up over rows.")
@written_options(
    "Folder for the model, enumeration.csv, classes.csv, assignments.csv and tables.md."
)
@click.pass_context
def classes(
    context: click.Context,
    files: tuple[str, ...],
    sizes: list[int],
    family: str,
    structures: str | tuple[str, ...],
    columns: str | None,
    dependent: str | None,
    ordinal: tuple[str, ...],
    ordinal_link: str,
    missing: str | None,
    weights: str | None,
    sampling_weights: str | None,
    strata: str | None,
    clusters: str | None,
    starts: int,
    prior: str | float | None,
    blrt: int,
    vlmr: bool,
    fit_replicates: int | None,
    labels: str | None,
    covariates: str | None,
    one_step: bool,
    distal: str | None,
    groups: str | None,
    free: str | None,
    correction: str | None,
    assignment: str,
    long_names: str | None,
    id_column: str | None,
    memory: int | None,
    output: Path | None,
    force: bool,
    seed: int,
    keep_formulas: bool,
) -> None:
    """Say how many latent classes or profiles FILES have, what they are, and what goes with them.

    Prints the table over numbers of classes, and of the number that BIC is lowest for the profile,
    how well rows are told apart, how covariates and outcomes go with classes, corrected for errors
    of classification, and whether classes are the same in several groups. With -o all of it is
    written to a new folder too.
    """
    check_options(context, OFFERS[family])
    long = long_of(long_names, sums=family in COUNTED)
    id_column = id_column or (None if long is None else long.row)
    if isinstance(structures, str) or len(structures) != 1:
        raise ParameterError("--structure takes one: classes are compared by their number alone")
    asked, joints = asked_for(covariates, distal), dependent_pairs(dependent, family)
    foretelling, following = (one.names for one in asked.values())
    drawn = {"weights": sampling_weights, "strata": strata, "clusters": clusters}
    check_drawn(
        drawn, weights, {"--blrt": bool(blrt), "--vlmr": vlmr, "--fit": fit_replicates is not None}
    )
    check_fit(fit_replicates, family)
    check_free(groups, split_names(free))
    check_steps(context, one_step, foretelling, following)
    check_written(output, {"--force": force, "--keep-formulas": keep_formulas})
    related_by = {"--covariates": foretelling, "--distal": following}
    related_by |= {"--groups": split_names(groups)}
    counting = {
        "--weights": split_names(weights),
        "--sampling-weights": split_names(sampling_weights),
    }
    check_roles(split_names(columns), counting | related_by)
    request = Request(
        columns=joint_names(split_names(columns), joints),
        joints=joints,
        left_out=(
            *split_names(weights),
            *(name for one in drawn.values() for name in split_names(one)),
            *split_names(id_column),
            *split_names(groups),
            *foretelling,
            *following,
        ),
        sizes=tuple(sizes),
        structures=structures,
        noise=None,
        exposure=None,
        mixing_weights="free",
        ordinal=ordinal_of(ordinal),
        ordinal_link=ordinal_link,
        prior=prior,
        criterion="bic",
        seed=seed,
        starts=starts,
        weights_column=weights or sampling_weights,
        sampled=sampling_weights is not None,
        id_column=id_column,
        missing=tuple(split_names(missing)),
        keep_formulas=keep_formulas,
        long=long,
    )
    names = labels_for(sizes, labels)
    wanted = Wanted(family, names, asked, drawn, groups, split_names(free))
    called = called_together(files)
    with (
        nullcontext() if output is None else output_folder(output, force=force) as folder,
        in_words_of_the_command(called),
        warnings.catch_warnings(),
        ExitStack() as stack,
    ):
        # The table says it.
        for said in (DegenerateComponentWarning, DisagreementWarning):
            warnings.simplefilter("ignore", said)
        given = stack.enter_context(fitted_rows(files, called, request, wanted, memory))
        fitted, rows, related = given.fitted, (given.rows, given.weights), given.related
        say_unnamed(names, fitted.mixture.n_components)
        several_groups = by_group(
            fitted.mixture, given.rows, given.told, given.groups, wanted.free, prior
        )
        enumeration, interrupted = _enumeration(fitted, *rows, blrt, vlmr=vlmr)
        relate = {name: relation(name, one_step, correction, assignment, prior) for name in related}
        found, unsaid = related_to(fitted.mixture, given.rows, given.told, related, relate)
        several = fitted.mixture.n_components > 1
        # The distribution of a test is of rows drawn one by one.
        absent = [] if "survey" in given.told else missing_words(family, *rows)
        findings = Findings(
            enumeration,
            f"Chosen by BIC: {title_of(fitted.mixture)}",
            profile(fitted.mixture, given.rows, **given.told),
            classification(fitted.mixture, *rows) if several else None,
            (*fitted.facts()["notes"], *absent),
            found,
            several_groups,
            keep_formulas,
            fit_to_table(fitted.mixture, *rows, fit_replicates, prior, seed),
        )
        try:
            if folder is not None:
                _write(folder, fitted, findings)
        finally:
            # What is written does not wait for a reader that may leave.
            say(findings.text())
        if unsaid is not None:
            raise unsaid
    if interrupted:
        say("interrupted: this is the best of the models fitted so far", err=True)
        end_interrupted()


def _enumeration(
    fitted: Fitted, frame: Any, weights: Any, blrt: int, *, vlmr: bool
) -> tuple[Enumeration, bool]:
    """Return the fits with the tests between them, and whether an interrupt left some out."""
    selection, request = fitted.selection, fitted.request
    if selection.interrupted:
        return Enumeration(selection, {}), True
    try:
        tested = enumeration_of(
            selection,
            frame,
            weights,
            blrt=blrt,
            vlmr=vlmr,
            prior=request.prior,
            random_state=request.seed,
            missing="marginal",
        )
    except KeyboardInterrupt:
        return enumeration_of(selection, frame, weights), True
    return tested, False


def _write(folder: Output, fitted: Fitted, findings: Findings) -> None:
    """Write tables, assignments and model, and put them in place together."""
    rows = fitted.assignments
    with told(folder.shown):
        findings.write(folder.partial)
        rows.write(folder.partial / rows.file)
        save(folder.partial / MODEL, fitted.mixture, fitted.facts(), seen=fitted.seen)
        names = [MODEL, ENUMERATION, CLASSES, rows.file, TABLES, LATEX]
        if findings.fit is not None:
            names.append(PATTERNS)
        fitted_sizes = [row for row in findings.enumeration.table() if row["failure"] is None]
        if len(fitted_sizes) > 1 and scree_drawn(folder.partial / SCREE, fitted_sizes):
            names.append(SCREE)
    folder.hand_over(*names)
