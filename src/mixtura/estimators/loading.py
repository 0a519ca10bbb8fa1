"""`load`: what a model file holds, as it was saved."""

import os
from typing import Any

from mixtura.archive import read_archive
from mixtura.errors import ParameterError
from mixtura.estimators.base import MixtureEstimator
from mixtura.estimators.stored import revived
from mixtura.store import described_mixture, described_seen, refusing

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Any:
    """Return what was saved to a model file: an estimator or a `Mixture`; nothing is executed.

    Parameters
    ----------
    path : what `save` or `mixtura fit` wrote

    Returns
    -------
    The estimator predicts, scores and samples as the one that was saved; the history of its fit
    is not kept.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, cut short, too large or no model file.
    """
    arrays, document = read_archive(path)
    mixture, facts = described_mixture(path, arrays, document)
    if "estimator" not in document:
        return mixture
    with refusing(path, "an estimator"):
        state = document["estimator"]
        found = revived(_class_named(state["class"]), state, arrays, mixture, facts)
        found._seen = described_seen(path, mixture, arrays, document)
        return found


def _class_named(name: str) -> type[Any]:
    for kind in _kinds_of(MixtureEstimator):
        if kind.__name__ == name:
            return kind
    raise ParameterError(f"the class {name!r} is not there; import it first")


def _kinds_of(base: type[Any]) -> list[type[Any]]:
    """Return all classes that derive from one, those of users too."""
    return [kind for each in base.__subclasses__() for kind in (each, *_kinds_of(each))]
