"""Starts where weights or other numbers are held: in the space of such mixtures, and in order."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from mixtura.components.constrained import bound_part, constraints_of
from mixtura.components.weighing import Weighing
from mixtura.em.failures import Start, attempted, changed, left_out
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.responsibilities import first_parameters
from mixtura.em.sweep import Sweep

__all__ = ["are_bound", "are_told_apart", "imposed", "placed", "searching", "with_exchanges"]

# How many pairs are tried.
EXCHANGES = 40


def are_bound(sweep: Sweep, options: FitOptions) -> bool:
    """Return whether components have numbers that starts found freely do not have."""
    return options.weighing.tells_apart or bound_part(sweep.family) is not None


def are_told_apart(sweep: Sweep, options: FitOptions) -> bool:
    """Return whether what is held differs from component to component."""
    bound = bound_part(sweep.family)
    return options.weighing.tells_apart or (bound is not None and bound.tells_apart)


def imposed(sweep: Sweep, starts: Iterable[Start], options: FitOptions) -> Iterator[Start]:
    """Yield starts with what is held, component k with what is held of component k."""

    def change(model: Model) -> Model:
        model = _imposed(model, options.weighing)
        bound, (own,) = bound_part(sweep.family), _beside_noise(sweep, model.parameters)
        if bound is None or bound.obeyed(own):
            return model
        return _obeying(sweep, model, options, range(model.n_components))

    return (attempted(partial(changed, start, change)) for start in starts)


def _imposed(model: Model, weighing: Weighing) -> Model:
    return replace(model, log_weights=weighing.kept(model.log_weights))


def searching(options: FitOptions) -> FitOptions:
    """Return how starts are looked for whose components have no numbers yet.

    Weights that tell components apart are free until it is known which is large: components are
    merged, split and moved as if they could be any.
    """
    if not options.weighing.tells_apart:
        return options
    return replace(options, weighing=options.weighing.freed())


def placed(sweep: Sweep, model: Model, options: FitOptions) -> Model:
    """Return what a model found freely becomes where components are bound to given things.

    Parameters
    ----------
    sweep : over rows in memory, of the family that is bound
    model : its components may be any
    options : how the fit will go on
    """
    model, bound = _in_order(model, options.weighing), bound_part(sweep.family)
    if bound is None:
        return model
    order = list(range(model.n_components))
    if bound.tells_apart:
        moments, prior = _beside_noise(sweep, sweep([model])[0].moments, options.prior)
        order[: bound.constraints.n_components] = bound.order(moments, prior)
    return _obeying(sweep, model, options, order)


def _beside_noise(sweep: Sweep, *of_all: Any) -> tuple[Any, ...]:
    """Return what parameters, moments or penalties are of the components that are not noise."""
    return tuple(one.inner for one in of_all) if sweep.family.has_noise else of_all


def _obeying(sweep: Sweep, model: Model, options: FitOptions, order: Iterable[int]) -> Model:
    """Return the M-step from a model, its components in another order, that obeys what is held."""
    taken = list(order)
    model = Model(model.log_weights[taken], model.parameters.take(taken))
    moments = sweep([model])[0].moments
    parameters = first_parameters(sweep, moments, options)
    return Model(options.log_weights(moments.effective_rows), parameters)


def _in_order(model: Model, weighing: Weighing) -> Model:
    """Return a model whose largest component holds the largest weight, and so on."""
    if not weighing.tells_apart:
        return model
    parts = model.n_components - weighing.has_noise
    order = np.arange(model.n_components)
    largest = np.argsort(-model.log_weights[:parts], kind="stable")
    order[np.argsort(-weighing.shares(parts), kind="stable")] = largest
    parameters = model.parameters.take([int(k) for k in order])
    return _imposed(Model(model.log_weights[order], parameters), weighing)


def with_exchanges(sweep: Sweep, model: Model, options: FitOptions) -> list[Model]:
    """Return the models in which two components are bound to what the other was, the nearest first.

    Nearness is that of weights that are held.
    """
    parts = model.n_components - options.weighing.has_noise
    held = options.weighing.shares(parts)
    constraints = constraints_of(sweep.family)

    def differ(pair: tuple[int, int]) -> bool:
        return held[pair[0]] != held[pair[1]] or (
            constraints is not None and constraints.differ(*pair)
        )

    pairs = [pair for pair in combinations(range(parts), 2) if differ(pair)]
    pairs.sort(key=lambda pair: abs(np.log(held[pair[0]] / held[pair[1]])))
    found = []
    for first, other in pairs[:EXCHANGES]:
        order = list(range(model.n_components))
        order[first], order[other] = other, first
        if constraints is None:
            found.append(replace(model, parameters=model.parameters.take(order)))
            continue
        with left_out(options):
            found.append(_obeying(sweep, model, options, order))
    return found
