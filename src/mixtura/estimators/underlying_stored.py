"""Mixtures of what underlies rows in model files, with settings and what is known of the fit."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.errors import ParameterError
from mixtura.estimators.fitted import tell_of_fit
from mixtura.estimators.stored import class_named, made, settings_of
from mixtura.mixture import Mixture
from mixtura.store import save

__all__ = ["CRITERIA", "is_underlying", "revived_underlying", "save_underlying"]

# What says in a document that components are of what underlies the rows.
UNDERLYING = "of_underlying_values"
# What a fit says of itself beside what all do.
CRITERIA = ("bic", "aic", "icl")


def save_underlying(path: str | os.PathLike[str], estimator: Any) -> None:
    """Write an estimator that is fitted to a model file."""
    arrays, settings = settings_of(estimator)
    state = {"class": type(estimator).__name__, "settings": settings, UNDERLYING: True}
    save(path, estimator.mixture_, estimator.facts_, (arrays, state))


def is_underlying(document: Mapping[str, Any]) -> bool:
    """Return whether an archive's document is of such an estimator."""
    return UNDERLYING in document.get("estimator", {})


def revived_underlying(
    base: type[Any],
    state: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    mixture: Mixture,
    facts: Mapping[str, Any],
) -> Any:
    """Return the estimator of a class that derives from `base`, without the history of its fit.

    Raises
    ------
    ParameterError
        If what is described is none.
    """
    if not isinstance(mixture.family, GaussianFamily):
        raise ParameterError("its components are no Gaussians")
    found = made(class_named(base, state["class"]), state["settings"], dict(arrays))
    found.n_features_in_ = mixture.n_columns
    if mixture.columns is not None:
        found.feature_names_in_ = np.array(mixture.columns, dtype=object)
    found.mixture_, found.facts_ = mixture, facts
    tell_of_fit(found, facts, CRITERIA)
    found._take()
    return found
