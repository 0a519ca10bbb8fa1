"""Classifiers in model files: their settings, their labels, and a mixture of each class."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.archive import write_archive
from mixtura.arrays import as_shape
from mixtura.errors import ParameterError
from mixtura.estimators.base import MixtureEstimator
from mixtura.estimators.stored import class_named, made, settings_of
from mixtura.store import CLASSIFIER, described_mixture, named, parts_of, refusing

__all__ = ["revived_classifier", "save_classifier"]

Arrays = dict[str, NDArray[Any]]

# A setting that is an estimator.
NESTED = "estimator"
# What is known of the fit, in numbers.
TOLD = ("n_parameters_", "log_likelihood_", "bic_")


def save_classifier(path: str | os.PathLike[str], classifier: Any) -> None:
    """Write a classifier that is fitted to a model file.

    Raises
    ------
    ParameterError
        If labels are neither text nor numbers, or a setting that has no default cannot be kept.
    """
    labels = classifier.classes_.tolist()
    if not all(isinstance(label, str | bool | int | float) for label in labels):
        raise ParameterError(
            f"classes such as {labels[0]!r} cannot be kept in a model file; let labels be text or "
            "numbers, and fit again"
        )
    settings, document = settings_of(classifier, but=(NESTED,))
    arrays = dict(settings)
    nested = getattr(classifier, NESTED, None)
    if nested is not None:
        own, described = settings_of(nested)
        arrays |= {f"{NESTED}.{name}": array for name, array in own.items()}
        document[NESTED] = {"class": type(nested).__name__, "settings": described}
    parts = [parts_of(mixture) for mixture in classifier.mixtures_]
    for place, (found, _) in enumerate(parts):
        arrays |= {f"{place}.{name}": array for name, array in found.items()}
    names = getattr(classifier, "feature_names_in_", None)
    state = {
        "class": type(classifier).__name__,
        "settings": document,
        "labels": labels,
        "dtype": classifier.classes_.dtype.str,
        "n_columns": classifier.n_features_in_,
        "columns": None if names is None else names.tolist(),
        "mixtures": [{**described, "facts": {}} for _, described in parts],
    }
    told = np.array([getattr(classifier, name) for name in TOLD], dtype=np.float64)
    write_archive(path, {**arrays, "priors": classifier.priors_, "told": told}, {CLASSIFIER: state})


def revived_classifier(
    path: str | os.PathLike[str], arrays: Arrays, document: dict[str, Any], base: type[Any]
) -> Any:
    """Return the classifier that an archive describes, of a class that derives from `base`."""
    with refusing(path, "a classifier"):
        state = document[CLASSIFIER]
        settings, more = dict(state["settings"]), {}
        if NESTED in settings:
            inner = settings.pop(NESTED)
            kind = class_named(MixtureEstimator, inner["class"])
            more[NESTED] = made(kind, inner["settings"], _beginning(arrays, f"{NESTED}."))
        maker = class_named(base, state["class"])
        found = made(maker, settings, arrays, **more)
        found.classes_ = np.array(state["labels"], dtype=_label_type(state["dtype"]))
        shape = (len(found.classes_),)
        found.priors_ = as_shape("priors", arrays["priors"], shape)
        found.mixtures_ = tuple(
            described_mixture(path, _beginning(arrays, f"{place}."), each)[0]
            for place, each in enumerate(state["mixtures"])
        )
        n_columns = int(state["n_columns"])
        if len(found.mixtures_) != len(found.classes_) or not len(found.classes_):
            raise ParameterError("there is not one mixture for each class")
        if any(mixture.n_columns > n_columns for mixture in found.mixtures_):
            raise ParameterError(f"a class has more than {n_columns} columns")
        if not (found.priors_ >= 0).all() or not np.isclose(found.priors_.sum(), 1.0):
            raise ParameterError("'priors' are no shares that sum to one")
        found.n_features_in_ = n_columns
        if state["columns"] is not None:
            found.feature_names_in_ = np.array(named(state["columns"], n_columns), dtype=object)
        for name, value in zip(TOLD, as_shape("told", arrays["told"], (3,)).tolist(), strict=True):
            setattr(found, name, value)
        found.n_parameters_ = int(found.n_parameters_)
        return found


def _beginning(arrays: Arrays, start: str) -> Arrays:
    """Return the arrays whose names begin so, by the rest of their names."""
    size = len(start)
    return {name[size:]: each for name, each in arrays.items() if name.startswith(start)}


def _label_type(text: str) -> np.dtype[Any]:
    """Return the type of labels, which are text or numbers."""
    found = np.dtype(text)
    if found.kind not in "biufUO":
        raise ParameterError(f"labels are of the type {text!r}")
    return found
