"""The classifier that `mixtura classify` fits, and the columns that it tells classes by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.cli.columns import (
    category_columns,
    category_frame,
    fitted_blocks,
    looked_at,
    mixed_frame,
    number_columns,
    number_frame,
)
from mixtura.cli.contradictions import check_excluded, check_roles
from mixtura.components.catalogue import ROWS
from mixtura.data.files import Table
from mixtura.data.frames import numbers_of_frame
from mixtura.data.gaps import has_gaps
from mixtura.discriminant import GaussianMixtureClassifier, MixtureClassifier
from mixtura.errors import ParameterError
from mixtura.estimators import CategoricalMixture, MixedMixture
from mixtura.estimators.named import estimator_of
from mixtura.scoring.answers import Answers
from mixtura.text import split_names

__all__ = [
    "FAMILIES",
    "check_columns",
    "classifier_and_frame",
    "costs_of",
    "decided_by",
    "priors_of",
]

MIXED = "mixed"

# Whose models are searched by structure in a way of their own, and are fitted by structure alone.
UNSTRUCTURED = [name for name in ROWS if name not in ("t", "contaminated", "factor_analyser")]
FAMILIES = (*UNSTRUCTURED, MIXED)

Float = NDArray[np.float64]


def check_columns(options: Mapping[str, Any]) -> None:
    """Raise for columns that have two roles."""
    wanted, excluded = split_names(options["columns"]), split_names(options["exclude"])
    pairs = (("class", "class_column"), ("weights", "weights"))
    check_roles(wanted, {f"--{name}": split_names(options[key]) for name, key in pairs})
    check_excluded(wanted, excluded)


def classifier_and_frame(table: Table, options: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the classifier that is asked for, not fitted, and the columns it tells classes by."""
    excluded = split_names(options["exclude"])
    table.check_known(excluded)
    roles = ("class_column", "weights", "id_column")
    other = [*(options[name] for name in roles if options[name]), *excluded]
    wanted, family = split_names(options["columns"]), options["family"]
    sizes, seed = options["sizes"], options["seed"]
    if family == MIXED:
        blocks = fitted_blocks(table, looked_at(table, wanted, other))
        inner = MixedMixture(blocks=blocks, missing="marginal", random_state=seed)
        return MixtureClassifier(inner, sizes), mixed_frame(table, blocks)
    if family == "categorical":
        names = category_columns(table, wanted, other)
        inner = CategoricalMixture(random_state=seed)
        return MixtureClassifier(inner, sizes), category_frame(table, names)
    row = ROWS[family]
    names = number_columns(table, wanted, other, amounts=row.has_widths)
    frame = number_frame(table, names, "error" if row.gaps == "never" else "nan")
    if family != "gaussian":
        asked = {"missing": "marginal"} if row.gaps == "asked" else {}
        inner = estimator_of(family)(**asked, random_state=seed)
        return MixtureClassifier(inner, sizes), frame
    model = GaussianMixtureClassifier(
        sizes,
        covariance_type=options["structures"],
        criterion=options["criterion"],
        missing="marginal" if has_gaps(numbers_of_frame(frame)[0]) else "error",
        random_state=seed,
    )
    return model, frame


def decided_by(answers: Answers, priors: str | None, costs: str | None) -> Answers:
    """Return what a model says of classes by other priors, and of the least expected cost.

    Raises
    ------
    ParameterError
        If it says no classes, or the options cannot be used.
    """
    if answers.what != "class":
        raise ParameterError(
            f"--priors and --costs are of classes, and this model says which {answers.what} a row "
            "is in; mixtura classify makes models of classes"
        )
    given = priors_of(priors, answers.labels)
    classes = answers.classes
    if given is not None:
        classes = tuple(
            (mixture, prior) for (mixture, _), prior in zip(classes, given.tolist(), strict=True)
        )
    return replace(answers, classes=classes, costs=costs_of(costs, answers.labels))


def priors_of(text: str | None, labels: NDArray[Any]) -> Float | None:
    """Return the probability of each class, in their order, or None where none are given.

    Parameters
    ----------
    text : "equal", or "NAME=NUMBER,..." of all classes
    labels : (N,) of rows

    Raises
    ------
    ParameterError
        If it is not of each class once.
    """
    if text is None:
        return None
    names = [str(label) for label in np.unique(labels).tolist()]
    if text.strip() == "equal":
        return np.full(len(names), 1.0 / len(names))
    given = _pairs("--priors", text)
    for name in given:
        _check_class("--priors", name, names)
    left = [name for name in names if name not in given]
    if left:
        raise ParameterError(
            f"--priors has no probability of class '{left[0]}'; give one of each, such as "
            f"{','.join(f'{name}={1 / len(names):.2g}' for name in names[:8])}, or equal"
        )
    found = np.array([given[name] for name in names])
    if not (np.isfinite(found).all() and (found >= 0).all() and found.sum() > 0):
        raise ParameterError(f"--priors should be numbers from 0 up, not all 0, but got '{text}'")
    return found / found.sum()


def costs_of(text: str | None, labels: NDArray[Any]) -> Float | None:
    """Return what it costs to say the class of the column of a row of the class of the row.

    Parameters
    ----------
    text : "TRUE:SAID=COST,..."; what is left out costs 1, and nothing where it is right
    labels : (N,) of rows

    Raises
    ------
    ParameterError
        If a class is not there, or a cost is no number from 0 up.
    """
    if text is None:
        return None
    names = [str(label) for label in np.unique(labels).tolist()]
    costs = 1.0 - np.eye(len(names))
    for pair, cost in _pairs("--costs", text).items():
        true, parted, said = pair.partition(":")
        if not parted or not (0 <= cost < np.inf):
            raise ParameterError(
                f"--costs should be like {names[0]}:{names[-1]}=5, the class of a row, the class "
                f"that is said of it, and a cost from 0 up, but got '{pair}={cost:g}'"
            )
        for name in (true, said):
            _check_class("--costs", name, names)
        costs[names.index(true), names.index(said)] = cost
    return costs


def _pairs(option: str, text: str) -> dict[str, float]:
    """Return numbers by name."""
    found: dict[str, float] = {}
    for part in split_names(text):
        name, _, number = part.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise ParameterError(
                f"{option} has '{part}', which does not end with = and a number"
            ) from None
    return found


def _check_class(option: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise ParameterError(
            f"{option} names class '{name}', and the rows have {', '.join(names[:20])}"
        )
