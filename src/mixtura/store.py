"""Model files: a mixture and what is known of its fit, in one archive."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.archive import MAX_FILE_BYTES, MAX_HEADER_BYTES, read_archive, write_archive
from mixtura.arrays import as_shape
from mixtura.components.catalogue import FAMILIES
from mixtura.components.constrained import Constraints, OrdinalItem, rule_of
from mixtura.components.noise import NOISE, NoiseFamily, beside_noise
from mixtura.components.product import ProductFamily
from mixtura.components.regression.family import RegressionFamily
from mixtura.components.resuming import Seen
from mixtura.data.encoding import AS_IT_COMES, Reading
from mixtura.errors import ModelFileError, ParameterError
from mixtura.mixture import Mixture

__all__ = [
    "CLASSIFIER",
    "StoredFacts",
    "described_mixture",
    "described_seen",
    "load_with_facts",
    "named",
    "parts_of",
    "refusing",
    "save",
]

Arrays = dict[str, NDArray[Any]]

# The key of a number that JSON has no word for.
NUMBER = "~number"

# Arrays of what components' numbers are bound to.
HELD_NUMBERS, EQUAL_NUMBERS = "bound.held", "bound.equal"


# The key of a document of what has a mixture for each class.
CLASSIFIER = "classifier"
# The key of a document of a mixture for each group.
GROUPED = "grouped"

# What begins the names of arrays of what the fit has seen of its rows.
SEEN = "seen."


class StoredFacts(dict[str, Any]):
    """Facts that a file tells, which may be anything."""


def save(
    path: str | os.PathLike[str],
    mixture: Mixture,
    facts: Mapping[str, Any] | None = None,
    estimator: tuple[Arrays, dict[str, Any]] | None = None,
    seen: Seen | None = None,
) -> None:
    """Write a mixture, and what is known of its fit, to a file.

    Parameters
    ----------
    facts : about the fit, that JSON can hold
    estimator : arrays and a document that make the estimator again
    seen : what is known of its rows, to take others in; left out where it is beyond the floats, or
        the file would be too large with it
    """
    arrays, document = parts_of(mixture)
    more, described = ({}, {}) if estimator is None else (estimator[0], {"estimator": estimator[1]})
    kept, told = ({}, {}) if seen is None else seen.to_arrays()
    if kept and _may_be_kept(kept, {**arrays, **more}):
        more = {**more, **{SEEN + name: array for name, array in kept.items()}}
        described = {**described, "seen": _kept(told)}
    write_archive(
        path,
        {**arrays, **more},
        {**document, "facts": _kept(dict(facts or {})), **described},
    )


def parts_of(mixture: Mixture) -> tuple[Arrays, dict[str, Any]]:
    """Return arrays and a document that describe a mixture, without facts."""
    arrays, document = mixture.family.to_arrays(mixture.parameters)
    columns = None if mixture.columns is None else list(mixture.columns)
    called = mixture.component_names
    rules = mixture.reading or AS_IT_COMES
    reading = {
        "unknown": rules.unknown,
        "missing": rules.missing,
        "places": None if rules.places is None else list(rules.places),
    }
    bound = mixture.constraints
    if bound is not None:
        arrays = {**arrays, HELD_NUMBERS: bound.values, EQUAL_NUMBERS: bound.ties}
    return {"weights": mixture.weights, **arrays}, {
        "mixture": {**document, "columns": columns},
        "labels": None if called is None else list(called),
        "reading": reading,
        "weights_held": mixture.held,
        "bound": bound is not None,
        "ordinal": [] if bound is None else [asdict(item) for item in bound.ordinal],
    }


def load_with_facts(path: str | os.PathLike[str]) -> tuple[Mixture, dict[str, Any]]:
    """Return the mixture of a model file, whatever was saved, and the facts stored with it.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, cut short, too large or no model file.
    """
    return described_mixture(path, *read_archive(path))


def described_mixture(
    path: str | os.PathLike[str], arrays: Arrays, document: Mapping[str, Any]
) -> tuple[Mixture, dict[str, Any]]:
    """Return the mixture and the facts that an archive describes."""
    if CLASSIFIER in document:
        raise ModelFileError(
            f"model file '{path}' holds a classifier, of a mixture for each class; "
            "mixtura.load reads it"
        )
    if GROUPED in document:
        raise ModelFileError(
            f"model file '{path}' holds a mixture for each group; in Python mixtura.load reads it, "
            "and predicts rows by their groups"
        )
    with refusing(path, "a mixture"):
        described = document["mixture"]
        family, parameters = _read(arrays, described)
        weights = as_shape("weights", arrays["weights"], (parameters.n_components,))
        columns = described["columns"]
        names = None if columns is None else named(columns, family.n_columns)
        if not (weights >= 0).all() or not np.isclose(weights.sum(), 1.0):
            raise ParameterError("'weights' are no shares that sum to one")
        # Files from before weights could be held do not speak of it.
        held = document.get("weights_held", False) is True
        reading = _reading(document.get("reading", {}), family.n_columns)
        mixture = Mixture(weights, family, parameters, names, held, reading)
        if document.get("bound", False) is True:
            mixture = replace(mixture, constraints=_constraints(mixture, arrays, document))
        # Files from before components could be named do not speak of that either.
        if document.get("labels") is not None:
            mixture = mixture.relabel(document["labels"])
        return mixture, StoredFacts(_found(dict(document["facts"])))


def _may_be_kept(kept: Arrays, others: Arrays) -> bool:
    """Return whether arrays are finite, and a file has room for them beside the others."""
    size = sum(array.nbytes for array in (*kept.values(), *others.values()))
    finite = all(np.isfinite(array).all() for array in kept.values())
    return finite and size <= MAX_FILE_BYTES - MAX_HEADER_BYTES


def described_seen(
    path: str | os.PathLike[str], mixture: Mixture, arrays: Arrays, document: Mapping[str, Any]
) -> Seen | None:
    """Return what the fit of a mixture has seen of its rows, or None where no archive says so."""
    if "seen" not in document:
        return None
    own = {name.removeprefix(SEEN): each for name, each in arrays.items() if name.startswith(SEEN)}
    with refusing(path, "what a fit has seen"):
        told = _found(document["seen"])
        return Seen.from_arrays(mixture.family, mixture.n_components, own, told)


def _read(arrays: Mapping[str, NDArray[Any]], described: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the family and the parameters of a mixture that an archive describes."""
    own = {kind.name: kind for kind in (ProductFamily, RegressionFamily)}
    readers = {**FAMILIES, **own}
    if described["family"] == NOISE:
        return NoiseFamily.read_by(readers[described["beside"]["family"]], arrays, described)
    return readers[described["family"]].from_arrays(arrays, described)


def _constraints(mixture: Mixture, arrays: Arrays, document: Mapping[str, Any]) -> Constraints:
    """Return what the components of a mixture are bound to."""
    family, parameters = beside_noise(mixture.family, mixture.parameters)
    rule = rule_of(family)
    shape = rule.numbers(parameters).shape
    values, ties = arrays[HELD_NUMBERS], arrays[EQUAL_NUMBERS]
    if values.shape != shape or ties.shape != shape or ties.dtype != np.int64 or (ties < 0).any():
        raise ParameterError("what is held or equal is of no such numbers")
    # Files from before items could be ordinal do not speak of it.
    told = document.get("ordinal", [])
    items = tuple(
        OrdinalItem(int(one["first"]), tuple(map(float, one["scores"])), str(one["link"]))
        for one in told
    )
    return rule.completed(Constraints(values.astype(np.float64), ties, items))


def _kept(value: Any) -> Any:
    """Return facts as JSON holds them, which has no infinity."""
    if isinstance(value, Mapping):
        return {key: _kept(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_kept(each) for each in value]
    return {NUMBER: str(value)} if isinstance(value, float) and not isfinite(value) else value


def _found(value: Any) -> Any:
    """Return what `_kept` was given."""
    if isinstance(value, list):
        return [_found(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {NUMBER}:
        return float(value[NUMBER])
    return {key: _found(each) for key, each in value.items()}


def named(columns: Any, n_columns: int) -> tuple[str, ...]:
    """Return the names of columns that a file gives.

    Raises
    ------
    ParameterError
        If there is not one for each, or two are the same.
    """
    names = tuple(map(str, columns)) if isinstance(columns, list) else ()
    if len(names) != n_columns:
        raise ParameterError(f"{len(names)} column names, but {n_columns} columns")
    if len(set(names)) < len(names):
        raise ParameterError("two columns have one name")
    return names


def _reading(described: Mapping[str, Any], n_columns: int) -> Reading:
    rules = Reading(**described)
    if rules.places is None:
        return rules
    places = tuple(map(int, rules.places))
    if not len(places) == len(set(places)) == n_columns or min(places) < 0:
        raise ParameterError(f"'places' are not those of {n_columns} columns")
    return Reading(rules.unknown, rules.missing, places)


@contextmanager
def refusing(path: str | os.PathLike[str], what: str) -> Iterator[None]:
    """Turn whatever a file that is whole does not describe rightly into a `ModelFileError`."""
    try:
        yield
    except (
        ParameterError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        raise ModelFileError(
            f"model file '{path}' is whole, but does not describe {what}: {error}; "
            "update mixtura, or fit and save the model again"
        ) from error
