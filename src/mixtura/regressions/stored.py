"""Regressions in model files: their settings, the mixture, and what is known of the fit."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.regression.family import RegressionFamily
from mixtura.errors import ParameterError
from mixtura.estimators.fitted import tell_of_fit
from mixtura.estimators.stored import class_named, made, settings_of
from mixtura.mixture import Mixture
from mixtura.regressions.sizes import CRITERIA
from mixtura.store import named, save

__all__ = ["is_regressor", "revived_regressor", "save_regressor"]

Arrays = dict[str, NDArray[Any]]

# What says in a document that it is of regressions, and by what columns they read.
COLUMNS = "regression_columns"


def save_regressor(path: str | os.PathLike[str], regressor: Any) -> None:
    """Write a regressor that is fitted to a model file."""
    arrays, settings = settings_of(regressor)
    names = getattr(regressor, "feature_names_in_", None)
    state = {
        "class": type(regressor).__name__,
        "settings": settings,
        COLUMNS: None if names is None else names.tolist(),
    }
    save(path, regressor.mixture_, regressor.facts_, (arrays, state))


def is_regressor(document: Mapping[str, Any]) -> bool:
    """Return whether an archive's document is of a regressor."""
    return COLUMNS in document.get("estimator", {})


def revived_regressor(
    base: type[Any],
    state: Mapping[str, Any],
    arrays: Arrays,
    mixture: Mixture,
    facts: Mapping[str, Any],
) -> Any:
    """Return the regressor of a class that derives from `base`, without the history of its fit.

    Raises
    ------
    ParameterError
        If what is described is none.
    """
    if not isinstance(mixture.family, RegressionFamily):
        raise ParameterError("its components are no regressions")
    found = made(class_named(base, state["class"]), state["settings"], arrays)
    first = int(bool(found.fit_intercept))
    found.n_features_in_ = mixture.family.n_terms - first
    if state[COLUMNS] is not None:
        names = named(state[COLUMNS], found.n_features_in_)
        found.feature_names_in_ = np.array(names, dtype=object)
        if mixture.family.terms[first:] != names:
            raise ParameterError("its terms are not its columns")
    found.mixture_, found.facts_ = replace(mixture, reading=None), facts
    tell_of_fit(found, facts, CRITERIA)
    found.n_units_ = facts["total_weight"]
    found._take()
    return found
