"""Starts where mixing weights are held: in the space of such mixtures, and in a sensible order."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from mixtura.components.weighing import Weighing
from mixtura.em.model import Model
from mixtura.em.options import FitOptions

__all__ = ["imposed", "in_order", "searching"]


def imposed(models: Iterable[Model], weighing: Weighing) -> Iterator[Model]:
    """Yield models with the weights that are held, component k with weight k."""
    for model in models:
        if weighing.is_held:
            held = weighing.log_weights(np.exp(model.log_weights))
            yield replace(model, log_weights=held)
        else:
            yield model


def searching(options: FitOptions) -> FitOptions:
    """Return how starts are looked for whose components have no numbers yet.

    Weights that tell components apart are free until it is known which is large: components are
    merged, parted and moved as if they could be any.
    """
    if not options.weighing.tells_apart:
        return options
    return replace(options, weighing=options.weighing.freed())


def in_order(model: Model, weighing: Weighing) -> Model:
    """Return a model whose largest component has the largest weight that is held, and so on."""
    if not weighing.tells_apart:
        return model
    parts = model.n_components - weighing.has_noise
    order = np.arange(model.n_components)
    largest = np.argsort(-model.log_weights[:parts], kind="stable")
    order[np.argsort(-weighing.shares(parts), kind="stable")] = largest
    parameters = model.parameters.take([int(k) for k in order])
    return Model(model.log_weights[order], parameters)
