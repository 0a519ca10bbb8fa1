"""Where the fit of classes with covariates begins: the fit without them, and others like it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mixtura.covariates.together import Ascent, Joint, State, ascended
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.solve import SolveOptions
from mixtura.inference.refit import from_short_runs
from mixtura.mixture import Mixture

__all__ = ["best_ascents"]

Float = NDArray[np.float64]

# A weight where there is none.
TINY = 1e-12


def best_ascents(
    joint: Joint, mixture: Mixture, loop: FitOptions, options: SolveOptions, max_iter: int
) -> tuple[Ascent, Ascent]:
    """Return the best ends without covariates and with them, of all starts.

    The first start is the mixture; as many others as `options.starts.finish` says come from short
    runs, their classes called as those of the mixture that have most of the same rows.
    """
    alone = replace(joint, design=joint.design[:, :1])
    first = joint.sweep.family.in_frame(mixture.parameters)
    begun = [_state(alone, np.log(np.maximum(mixture.weights, TINY)), first)]
    if options.starts.finish:
        found = from_short_runs(joint.n_components, options)(joint.sweep, loop)
        models = [start for start in found if isinstance(start, Model)]
        others = [_called_as(alone, model, begun[0].responsibilities) for model in models]
        # Short runs know nothing of what components are bound to, which an M-step obeys.
        bound = joint.sweep.freed is not joint.sweep
        begun += [alone.step(state) if bound else state for state in others]
    slopes = joint.design.shape[1] - 1
    nulls: list[Ascent] = []
    ends: list[Ascent] = []
    for state in begun:
        null = ascended(alone, state, max_iter, nulls)
        nulls.append(null)
        if null.follows:
            continue
        coefficients = np.pad(null.state.coefficients[:, None], ((0, 0), (0, slopes))).ravel()
        begin = joint.at(coefficients, null.state.parameters)
        ends.append(ascended(joint, begin, max_iter, ends))
    return max(nulls, key=_objective), max(ends, key=_objective)


def _objective(ascent: Ascent) -> float:
    return ascent.state.objective


def _state(alone: Joint, log_weights: Float, parameters: object) -> State:
    """Return a start with an intercept for each class but the reference."""
    intercepts = np.delete(log_weights - log_weights[alone.reference], alone.reference)
    return alone.at(intercepts, parameters)


def _called_as(alone: Joint, model: Model, responsibilities: Float) -> State:
    """Return a model as a start, each class in the place of the one with most of its rows."""
    own = _state(alone, model.log_weights, model.parameters).responsibilities
    shared = (responsibilities * alone.weights[:, None]).T @ own
    order = [int(k) for k in linear_sum_assignment(-shared)[1]]
    return _state(alone, model.log_weights[order], model.parameters.take(order))
