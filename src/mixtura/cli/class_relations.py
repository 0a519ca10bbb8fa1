"""What `mixtura classes` is asked of how rows were drawn and of what goes with classes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

from mixtura.classes import (
    Invariance,
    ModelFit,
    invariance_test,
    little_test,
    model_fit,
    one_step,
    three_step,
)
from mixtura.classes.comparable import check_family, groups_of
from mixtura.cli.asked import Asked, asked_of
from mixtura.cli.class_tables import Related
from mixtura.cli.families import Request
from mixtura.cli.voice import say
from mixtura.components.catalogue import ROWS
from mixtura.data.dataset import Dataset
from mixtura.data.files import Table
from mixtura.errors import InformationError, MixturaError, ParameterError
from mixtura.inference.survey import SurveyDesign
from mixtura.mixture import Mixture
from mixtura.text import named_components

__all__ = [
    "asked_for",
    "by_group",
    "check_drawn",
    "check_fit",
    "check_free",
    "check_steps",
    "fit_option",
    "fit_to_table",
    "grouped_by",
    "labels_for",
    "missing_words",
    "related_to",
    "relation",
    "say_unnamed",
    "survey_of",
]


# Families whose rows are answers.
OF_ANSWERS = ("categorical", "bernoulli", "auto")

fit_option = click.option(
    "--fit",
    "fit_replicates",
    type=click.IntRange(0),
    metavar="N",
    help="Say how well classes fit the table of all answers (G², X², bivariate residuals, missing "
    "completely at random), with p-values by N tables drawn from them; 0 for chi-squared alone.",
)


def check_fit(replicates: int | None, family: str) -> None:
    """Raise where the fit to a table of answers is asked for, and rows are none."""
    if replicates is not None and family not in OF_ANSWERS:
        raise ParameterError(
            f"--fit is of tables of answers, and --family {family} has other columns; leave it out"
        )


def fit_to_table(
    mixture: Mixture, frame: Any, weights: Any, replicates: int | None, prior: Any, seed: int
) -> ModelFit | None:
    """Return how well classes fit the table of answers, or None where it is not asked for."""
    if replicates is None:
        return None
    given: dict[str, Any] = {"replicates": replicates, "prior": prior, "random_state": seed}
    return model_fit(mixture, frame, weights, **given)


def missing_words(family: str, frame: Any, weights: Any) -> list[str]:
    """Return what is said of numbers that are missing: whether completely at random.

    Nothing is said of data beyond memory.
    """
    if family != "gaussian" or isinstance(frame, Dataset):
        return []
    if not np.isnan(np.asarray(frame, dtype=np.float64)).any():
        return []
    try:
        return [str(little_test(frame, weights)).removesuffix(".")]
    except MixturaError as error:
        # What it says first is why; what to pass instead is for who called it.
        why = str(error).partition("; ")[0].partition(", so ")[0]
        return [f"no test whether numbers are missing completely at random: {why}"]


def asked_for(covariates: str | None, distal: str | None) -> dict[str, Asked]:
    """Return what the options of these names ask for."""
    return {"covariates": asked_of(covariates, "covariates"), "distal": asked_of(distal, "distal")}


def check_steps(
    context: click.Context, one_step: bool, foretelling: Sequence[str], following: Sequence[str]
) -> None:
    """Raise for an option that says how steps are taken where none is."""
    if one_step and not foretelling:
        raise ParameterError("--one-step fits classes and covariates; name these by --covariates")
    if following or (foretelling and not one_step):
        return
    for name in ("correction", "assignment"):
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            where = "--one-step has no such errors" if one_step else "there is nothing to relate"
            raise ParameterError(
                f"--{name} says what is done about errors of classification, and {where}; leave it "
                "out"
            )


def labels_for(sizes: Sequence[int], labels: str | None) -> tuple[str, ...]:
    """Return the names that are given for classes, none where none are.

    Raises
    ------
    ParameterError
        If they do not tell classes apart, or no number of classes that is tried has as many.
    """
    if labels is None:
        return ()
    names = [name.strip() for name in labels.split(",")]
    if len(names) not in sizes:
        raise ParameterError(
            f"--labels names {len(names)} classes, which -k does not try; give a name for each of "
            "the classes, separated by commas"
        )
    return named_components(range(len(names)), names)


def say_unnamed(names: Sequence[str], n_classes: int) -> None:
    """Say where names are of another number of classes than the one chosen."""
    if names and len(names) != n_classes:
        say(
            f"--labels names {len(names)} classes, and BIC is lowest for {n_classes}, which keep "
            f"their numbers; -k {len(names)} has the named ones",
            err=True,
        )


def check_free(groups: str | None, free: Sequence[str]) -> None:
    """Raise where items are to differ by group, and there are no groups."""
    if free and groups is None:
        raise ParameterError("--free names items that differ by group; name the column by --groups")


def grouped_by(
    table: Table, groups: str | None, free: Sequence[str], family: str, request: Request
) -> list[Any] | None:
    """Return the group of each row, or None where none are asked for.

    Raises
    ------
    DataError
        If there are no such columns, or not two groups of two rows each.
    ParameterError
        If groups of the family are not compared, or a column that is to differ is no item.
    """
    if groups is None:
        return None
    if family in ROWS:
        check_family(ROWS[family].family)
    table.check_known(free)
    for name in free:
        if name in request.left_out or (request.columns and name not in request.columns):
            raise ParameterError(
                f"--free names '{name}', which is not among the columns that tell classes; name "
                "some of these"
            )
    values = table.categories(groups)
    groups_of(values, request.of(table).weights, groups)
    return values


def check_drawn(
    drawn: Mapping[str, str | None], weights: str | None, tests: Mapping[str, bool]
) -> None:
    """Raise where what rows weigh, or how they were drawn, is said in two ways."""
    if not any(drawn.values()):
        return
    if weights is not None:
        raise ParameterError(
            "--weights counts rows, and --sampling-weights, --strata and --clusters say how they "
            "were drawn; give one of the two"
        )
    for name, asked in tests.items():
        if asked:
            raise ParameterError(
                f"{name} takes rows for drawn one by one, which says nothing of a sample with "
                "weights, strata or clusters; leave it out"
            )


def survey_of(table: Table, drawn: Mapping[str, str | None]) -> SurveyDesign | None:
    """Return how the rows of a table were drawn, or None where nothing is said of it."""
    if not any(drawn.values()):
        return None
    weights = drawn["weights"]
    given = {
        name: None if column is None else table.categories(column)
        for name, column in drawn.items()
        if name != "weights"
    }
    return SurveyDesign(None if weights is None else table.numeric([weights])[:, 0], **given)


def relation(
    name: str, together: bool, correction: str | None, assignment: str, prior: Any
) -> Callable[..., Related]:
    """Return what relates classes to covariates or outcomes, as asked."""
    if together and name == "covariates":
        return partial(one_step, prior=prior)
    if correction == "ltb" and name == "covariates":
        correction = "ml"
    return partial(three_step, correction=correction, assignment=assignment)


def related_to(
    mixture: Mixture,
    frame: Any,
    told: Mapping[str, Any],
    related: Mapping[str, tuple[Any, Any]],
    relate: Mapping[str, Callable[..., Related]],
) -> tuple[tuple[Related, ...], InformationError | None]:
    """Return how covariates and outcomes go with classes, and why one of them cannot be told."""
    if related and mixture.n_components == 1:
        say("there is one class only, which covariates and outcomes cannot tell apart", err=True)
        return (), None
    found, unsaid = [], None
    for name, (asked, data) in related.items():
        given: dict[str, Any] = {name: asked, "data": data}
        try:
            found.append(relate[name](mixture, frame, **told, **given))
        except InformationError as error:
            unsaid = error
    return tuple(found), unsaid


def by_group(
    mixture: Mixture,
    frame: Any,
    told: Mapping[str, Any],
    groups: Sequence[Any] | None,
    free: Sequence[str],
    prior: Any,
) -> Invariance | None:
    """Return whether classes are the same in several groups, or None where there are none."""
    if groups is None:
        return None
    return invariance_test(mixture, frame, groups, free=free, **told, prior=prior)
