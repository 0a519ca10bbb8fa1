"""`load`: what a model file holds, as it was saved."""

import os
from typing import Any

from mixtura.archive import read_archive
from mixtura.discriminant.face import ClassMixtures
from mixtura.discriminant.stored import revived_classifier
from mixtura.estimators.base import MixtureEstimator
from mixtura.estimators.stored import class_named, revived
from mixtura.estimators.underlying import UnderlyingMixture
from mixtura.estimators.underlying_stored import is_underlying, revived_underlying
from mixtura.grouped.fits import GroupedMixtures
from mixtura.grouped.stored import stored_groups
from mixtura.regressions.face import FittedRegressions
from mixtura.regressions.stored import is_regressor, revived_regressor
from mixtura.store import CLASSIFIER, GROUPED, described_mixture, described_seen, refusing

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Any:
    """Return what was saved to a model file: estimator, classifier, regressor, groups or `Mixture`.

    Nothing is executed.

    Parameters
    ----------
    path : what `save` or `mixtura fit` wrote

    Returns
    -------
    It predicts, scores and samples as what was saved; the history of its fit is not kept.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, cut short, too large or no model file.
    """
    arrays, document = read_archive(path)
    if CLASSIFIER in document:
        return revived_classifier(path, arrays, document, ClassMixtures)
    if GROUPED in document:
        return stored_groups(path, arrays, document, GroupedMixtures)
    mixture, facts = described_mixture(path, arrays, document)
    if "estimator" not in document:
        return mixture
    with refusing(path, "an estimator"):
        state = document["estimator"]
        if is_regressor(document):
            return revived_regressor(FittedRegressions, state, arrays, mixture, facts)
        if is_underlying(document):
            return revived_underlying(UnderlyingMixture, state, arrays, mixture, facts)
        found = revived(
            class_named(MixtureEstimator, state["class"]), state, arrays, mixture, facts
        )
        found._seen = described_seen(path, mixture, arrays, document)
        return found
