"""From responsibilities to a model by one M-step, and from a model to its responsibilities."""

from collections.abc import Iterable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.em.compiled import is_compilable, terms_of
from mixtura.em.degeneracy import maximise_strictly
from mixtura.em.failures import left_out
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.sources import Source
from mixtura.em.sweep import Sweep
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture

__all__ = [
    "mixture_of",
    "model_from_labels",
    "model_from_responsibilities",
    "model_from_source",
    "models_of",
    "responsibilities_of",
]

Float = NDArray[np.float64]

# What an empty component is given of every row, so that it has a mean and a covariance at all.
SOFTENING = 1e-3


def mixture_of(sweep: Sweep, model: Model) -> Mixture:
    """Return the mixture of a model, in the user's units."""
    family, parameters = sweep.family.in_user_units(model.parameters)
    weights = np.exp(model.log_weights)
    return Mixture(weights / weights.sum(), family, parameters, reading=None)


def responsibilities_of(sweep: Sweep, model: Model) -> Float:
    """Return the responsibilities (N, K) that a model has for the rows of a sweep, in memory."""
    if sweep.kernel is not None:
        found = sweep.kernel.responsibilities(model.log_weights, model.parameters)
        if found is not None:
            return found.T
    rows = sweep.source.block(0, sweep.source.n_rows).rows
    return mixture_of(sweep, model).responsibilities(rows)


def models_of(sweep: Sweep, several: Iterable[Float], options: FitOptions) -> list[Model]:
    """Return the M-steps from responsibilities (N, K), but for those that fail."""
    models = []
    for responsibilities in several:
        with left_out(options):
            models.append(model_from_responsibilities(sweep, responsibilities, options))
    return models


def model_from_source(
    sweep: Sweep, source: Source, n_components: int, options: FitOptions
) -> Model:
    """Return the M-step from labels (M,) or responsibilities (M, K) of ours: components borrow scatter."""
    if source.ndim == 1:
        return model_from_labels(sweep, cast("NDArray[np.intp]", source), n_components, options)
    return _model_from(sweep, cast("Float", source), options, borrowing=True)


def model_from_labels(
    sweep: Sweep, labels: NDArray[np.intp], n_components: int, options: FitOptions
) -> Model:
    """Return the M-step from labels (M,), softened as the family asks and for empty components."""
    softness = sweep.family.start_softness
    if not softness and not np.bincount(labels, minlength=n_components).all():
        softness = n_components * SOFTENING / (1 + n_components * SOFTENING)
    moments = sweep.from_labels(labels, n_components, softness)
    return _model_of(sweep, moments, sweep.family.borrowed(moments), options)


def model_from_responsibilities(sweep: Sweep, responsibilities: Any, options: FitOptions) -> Model:
    """Return the M-step from responsibilities (N, K), dense or CSR."""
    if not issparse(responsibilities) and sweep.kernel is not None and is_compilable(options):
        found = sweep.kernel.start(responsibilities, terms_of(options))
        if found is not None:
            return Model(*found)
    return _model_from(sweep, responsibilities, options, borrowing=False)


def _model_from(
    sweep: Sweep, responsibilities: Any, options: FitOptions, *, borrowing: bool
) -> Model:
    moments = sweep.from_responsibilities(responsibilities)
    first = sweep.family.borrowed(moments) if borrowing else moments
    return _model_of(sweep, moments, first, options)


def _model_of(sweep: Sweep, moments: Any, first: Any, options: FitOptions) -> Model:
    """Return the weights that moments have, and the parameters of those to begin with."""
    parameters = _maximise(sweep, first, options)
    return Model(options.log_weights(moments.effective_rows), parameters)


def _maximise(sweep: Sweep, moments: Any, options: FitOptions) -> Any:
    try:
        return maximise_strictly(sweep.family, moments, None, options.prior)
    except ParameterError:
        if options.fallback is None:
            raise
        return maximise_strictly(sweep.family, moments, None, options.fallback)
