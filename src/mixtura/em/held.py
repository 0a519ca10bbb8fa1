"""Starts where mixing weights are held: in the space of such mixtures, and in a sensible order."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from mixtura.components.weighing import Weighing
from mixtura.em.failures import Start, changed
from mixtura.em.model import Model
from mixtura.em.options import FitOptions

__all__ = ["imposed", "in_order", "searching", "with_exchanges"]

# How many pairs are tried.
EXCHANGES = 40


def imposed(starts: Iterable[Start], weighing: Weighing) -> Iterator[Start]:
    """Yield starts with the weights that are held, component k with weight k."""
    for start in starts:
        yield changed(start, lambda model: _imposed(model, weighing)) if weighing.is_held else start


def _imposed(model: Model, weighing: Weighing) -> Model:
    return replace(model, log_weights=weighing.log_weights(np.exp(model.log_weights)))


def searching(options: FitOptions) -> FitOptions:
    """Return how starts are looked for whose components have no numbers yet.

    Weights that tell components apart are free until it is known which is large: components are
    merged, split and moved as if they could be any.
    """
    if not options.weighing.tells_apart:
        return options
    return replace(options, weighing=options.weighing.freed())


def in_order(model: Model, weighing: Weighing) -> Model:
    """Return a model whose largest component holds the largest weight, and so on."""
    if not weighing.tells_apart:
        return model
    parts = model.n_components - weighing.has_noise
    order = np.arange(model.n_components)
    largest = np.argsort(-model.log_weights[:parts], kind="stable")
    order[np.argsort(-weighing.shares(parts), kind="stable")] = largest
    parameters = model.parameters.take([int(k) for k in order])
    return _imposed(Model(model.log_weights[order], parameters), weighing)


def with_exchanges(model: Model, weighing: Weighing) -> list[Model]:
    """Return the models in which two components have each other's weight, the nearest ones."""
    parts = model.n_components - weighing.has_noise
    held = weighing.shares(parts)
    pairs = [pair for pair in combinations(range(parts), 2) if held[pair[0]] != held[pair[1]]]
    pairs.sort(key=lambda pair: abs(np.log(held[pair[0]] / held[pair[1]])))
    found = []
    for first, other in pairs[:EXCHANGES]:
        order = list(range(model.n_components))
        order[first], order[other] = other, first
        found.append(replace(model, parameters=model.parameters.take(order)))
    return found
