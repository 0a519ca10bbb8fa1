"""The search over numbers of classes that an estimator's settings ask for."""

from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from mixtura.errors import ParameterError
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.estimators.selecting import select
from mixtura.selection import Candidate, Selection

__all__ = ["searched"]

# What the search of Gaussian mixtures takes of an estimator's settings, but sizes and the seed.
SETTINGS = signature(GaussianMixture).parameters
OTHERS = {"n_components", "random_state"}
GAUSSIAN = (signature(select).parameters.keys() & SETTINGS.keys()) - OTHERS
# What says nothing of the fits themselves.
SPOKEN = {"verbose", "verbose_interval", "warm_start"}


def searched(
    model: Any,
    X: Any,
    sizes: int | Iterable[int],
    sample_weight: ArrayLike | None,
    random_state: int | None,
    progress: Callable[[Candidate, int], None],
) -> Selection:
    """Return the fits of several numbers of components by the settings of an estimator.

    Raises
    ------
    ParameterError
        If the model is no estimator of this package, or has a setting that a search does not take.
    """
    if isinstance(model, DiscreteMixture):
        own: Any = clone(model)
        if random_state is not None:
            own.set_params(random_state=random_state)
        return own.select(X, sizes, sample_weight=sample_weight, progress=progress)
    if not isinstance(model, GaussianMixture):
        raise ParameterError(
            f"model should be an estimator such as CategoricalMixture(), but got {model!r}"
        )
    _check_settings(model)
    settings = {name: getattr(model, name) for name in GAUSSIAN}
    seed = model.random_state if random_state is None else random_state
    return select(
        X,
        sizes,
        sample_weight=sample_weight,
        random_state=seed,
        progress=progress,
        **settings,
    )


def _check_settings(model: GaussianMixture) -> None:
    """Raise for a setting that the search would leave out in silence."""
    left = SETTINGS.keys() - GAUSSIAN - OTHERS - SPOKEN
    for name in sorted(left):
        value, default = getattr(model, name), SETTINGS[name].default
        alike = value is default or (np.ndim(value) == 0 and value == default)
        if not alike:
            raise ParameterError(
                f"{name} says nothing to a search over numbers of classes; leave it out, or fit "
                "one number with it"
            )
