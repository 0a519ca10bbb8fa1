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
from mixtura.estimators.tried import CRITERIA
from mixtura.mixture import Mixture
from mixtura.regressions.concomitants import Concomitants
from mixtura.regressions.terms import FormulaTerms
from mixtura.store import named, save

__all__ = ["is_regressor", "revived_regressor", "save_regressor"]

Arrays = dict[str, NDArray[Any]]

# What says in a document that it is of regressions, and by what columns they read.
COLUMNS, FORMULA, CONCOMITANT = "regression_columns", "formula", "concomitant"


def save_regressor(path: str | os.PathLike[str], regressor: Any) -> None:
    """Write a regressor that is fitted to a model file."""
    arrays, settings = settings_of(regressor)
    names = getattr(regressor, "feature_names_in_", None)
    state = {
        "class": type(regressor).__name__,
        "settings": settings,
        COLUMNS: None if names is None else names.tolist(),
    }
    if regressor.formula_ is not None:
        state[FORMULA] = regressor.formula_.document()
    if regressor.concomitant_ is not None:
        state[CONCOMITANT] = regressor.concomitant_.document()
        arrays[CONCOMITANT] = regressor.concomitant_.coefficients
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
    found.formula_ = FormulaTerms.revived(state[FORMULA]) if FORMULA in state else None
    found.concomitant_ = None
    if CONCOMITANT in state:
        found.concomitant_ = Concomitants.revived(
            state[CONCOMITANT], arrays[CONCOMITANT], mixture.n_components
        )
    labels = mixture.family.terms[found._n_first :]
    names, own = None, labels
    if found.formula_ is not None:
        names, own = found.formula_.names, found.formula_.labels
    elif state[COLUMNS] is not None:
        names = own = named(state[COLUMNS], len(labels))
    if labels != own:
        raise ParameterError("its terms are not its columns")
    found.n_features_in_ = len(labels if names is None else names)
    if names is not None:
        found.feature_names_in_ = np.array(names, dtype=object)
    found.mixture_, found.facts_ = replace(mixture, reading=None), facts
    tell_of_fit(found, facts, CRITERIA)
    found.n_units_ = facts["total_weight"]
    found._take()
    return found
