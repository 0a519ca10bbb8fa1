"""What a model file keeps of an estimator beside its mixture, and the estimator made of that."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from inspect import Parameter, signature
from math import isfinite, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from mixtura.errors import MixturaWarning, ParameterError
from mixtura.estimators.fitted import tell_of_fit
from mixtura.mixture import Mixture

__all__ = [
    "Pickled",
    "arrays_kept",
    "class_named",
    "made",
    "revived",
    "settings_of",
    "state_of",
]

Arrays = dict[str, NDArray[Any]]

SETTING, EXCESS = "setting.", "excess"
# The key of a dict whose own keys are no texts, as a list of pairs.
PAIRS = "~pairs"

# Settings with a row for each of the fit's.
OF_ROWS = ("responsibilities_init",)

# The key of the version in a pickle.
VERSION = "_mixtura_version"


def _version() -> str:
    # The package stands above its rooms.
    return import_module("mixtura").__version__


class Pickled(BaseEstimator):
    """An estimator whose pickle says by which version it was made, and warns of another."""

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {**state, VERSION: _version()}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        own, other = _version(), state.get(VERSION, "an unknown version")
        if other != own:
            warnings.warn(
                f"this {type(self).__name__} was pickled by mixtura {other}, and this is {own}, "
                "which may read it in another way; fit it again, or keep fits in files by save",
                MixturaWarning,
                stacklevel=2,
            )
        super().__setstate__({name: of for name, of in state.items() if name != VERSION})


def state_of(estimator: Any) -> tuple[Arrays, dict[str, Any]]:
    """Return the arrays and the document that an estimator is made of again.

    Raises
    ------
    ParameterError
        For a setting without a default that neither can hold.

    Warns
    -----
    MixturaWarning
        For a setting that neither can hold, such as a prior or an engine of the user's own.
    """
    arrays, settings = settings_of(estimator)
    if getattr(estimator, "_excess", None) is not None:
        arrays[EXCESS] = estimator._excess
    dtype = str(estimator.weights_.dtype)
    return arrays, {"class": type(estimator).__name__, "settings": settings, "dtype": dtype}


def settings_of(estimator: Any, *, but: tuple[str, ...] = ()) -> tuple[Arrays, dict[str, Any]]:
    """Return settings that differ from their defaults, as arrays and as JSON holds them.

    Responsibilities that a fit starts from are left out: they are of its rows, one by one.

    Parameters
    ----------
    but : names of settings that are left out too

    Raises
    ------
    ParameterError
        As `state_of`.
    """
    defaults = signature(type(estimator)).parameters
    arrays: Arrays = {}
    settings: dict[str, Any] = {}
    for name, value in estimator.get_params(deep=False).items():
        default = defaults[name].default
        if value is default or name in OF_ROWS + but:
            continue
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            arrays[SETTING + name] = value.astype(np.float64)
            continue
        try:
            settings[name] = _plain(value)
        except TypeError:
            if default is Parameter.empty:
                raise ParameterError(
                    f"{name}={value!r} cannot be kept in a model file, which holds numbers, words, "
                    "and lists and dicts of them; give it so and fit again"
                ) from None
            warnings.warn(
                f"{name}={value!r} cannot be kept in a model file; what is loaded from it has the "
                "default there, which predictions do not depend on",
                MixturaWarning,
                stacklevel=5,
            )
    return arrays, settings


def arrays_kept(arrays: Arrays) -> Arrays:
    """Return those of an archive's arrays that `state_of` gave."""
    return {
        name: each for name, each in arrays.items() if name == EXCESS or name.startswith(SETTING)
    }


def revived(
    maker: type[Any],
    document: Mapping[str, Any],
    arrays: Arrays,
    mixture: Mixture,
    facts: Mapping[str, Any],
) -> Any:
    """Return the estimator of a class that `state_of` described; without the history of its fit."""
    estimator = made(maker, document["settings"], arrays)
    estimator.mixture_ = mixture
    estimator.n_features_in_ = mixture.n_columns
    if mixture.columns is not None:
        estimator.feature_names_in_ = np.array(mixture.columns, dtype=object)
    estimator._excess = arrays.get(EXCESS)
    estimator._take(mixture, np.dtype(document["dtype"]))
    if not facts:
        # It was made of parameters, as `from_parameters` does.
        estimator.converged_, estimator.n_iter_, estimator.lower_bound_ = True, 0, -np.inf
        return estimator
    estimator.facts_ = facts
    tell_of_fit(estimator, facts)
    estimator.lower_bound_ = facts["log_likelihood"] / facts["total_weight"]
    return estimator


def made(maker: type[Any], settings: Mapping[str, Any], arrays: Arrays, **more: Any) -> Any:
    """Return what a class makes of settings that `settings_of` gave and of more, not fitted."""
    start = len(SETTING)
    given = {name[start:]: array for name, array in arrays.items() if name.startswith(SETTING)}
    return maker(**_given(settings), **given, **more)


def class_named(base: type[Any], name: str) -> type[Any]:
    """Return the class of that name that derives from one."""
    package = import_module("mixtura")
    if name in package.__all__:
        # What nobody has asked for yet derives from nothing.
        getattr(package, name)
    for kind in _kinds_of(base):
        if kind.__name__ == name:
            return kind
    raise ParameterError(f"the class {name!r} is not there; import it first")


def _kinds_of(base: type[Any]) -> list[type[Any]]:
    """Return all classes that derive from one, those of users too."""
    return [kind for each in base.__subclasses__() for kind in (each, *_kinds_of(each))]


def _given(value: Any) -> Any:
    """Return what `_plain` was given, of what files hold."""
    if isinstance(value, list):
        return [_given(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {PAIRS}:
        return {key: _given(each) for key, each in value[PAIRS]}
    return {key: _given(each) for key, each in value.items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it; raise `TypeError` for one that it cannot hold."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: _plain(each) for key, each in value.items()}
        # JSON has texts for keys only.
        return {PAIRS: [[_plain(key), _plain(each)] for key, each in value.items()]}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    # An array, an index, a range; what can be gone through once only is gone by now.
    if isinstance(value, Iterable) and not isinstance(value, (Mapping, Iterator, bytes)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, float) and isnan(value):
        # Where numbers are held, one that is free.
        return None
    raise TypeError
