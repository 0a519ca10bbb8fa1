"""What the last sweep shows of the place where a fit ended: how nearly it is stationary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixtura.components.family import Family
from mixtura.em.degeneracy import maximise_strictly
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.statistics import Statistics
from mixtura.errors import ParameterError

__all__ = ["Certificate", "certificate_words", "certified", "expected_log_likelihood"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """How nearly the end of a fit is stationary.

    Attributes
    ----------
    gradient_norm : √(gᵀ I⁻¹ g), g the gradient of the objective (the log-likelihood with the log
        prior) and I the information that rows of known component would have; it is the length of
        EM's next step in standard errors. Found as √(2 (Q(θ') - Q(θ))) with θ' the next M-step:
        g is the gradient of Q too, and EM's step is I⁻¹ g to first order (Lange 1995). Zero where
        it is lost in the digits of Q, and infinite where no M-step can be taken.
    kkt_residual : max_k |π'_k - π_k|, the most that the next M-step changes a weight; zero where
        all N_k / π_k equal their multiplier Σ w
    """

    gradient_norm: float
    kkt_residual: float


def certified(
    family: Family, model: Model, statistics: Statistics, prior: Any, options: FitOptions
) -> Certificate:
    """Return the certificate of a model from its own statistics, without a look at the rows.

    Parameters
    ----------
    family, model : where the fit ended
    statistics : of a sweep of this model
    prior : what the M-step was taken under at the end
    options : what else the M-step needs
    """
    log_weights = options.log_weights(statistics.moments.effective_rows)
    residual = float(np.abs(np.exp(log_weights) - np.exp(model.log_weights)).max())
    try:
        parameters = maximise_strictly(family, statistics.moments, model.parameters, prior)
    except ParameterError:
        return Certificate(float("inf"), residual)
    there = Model(log_weights, parameters)
    gain = expected_log_likelihood(family, there, statistics) + options.log_prior(there, prior)
    gain -= expected_log_likelihood(family, model, statistics) + options.log_prior(model, prior)
    return Certificate(float(np.sqrt(2.0 * max(gain, 0.0))), residual)


def certificate_words(facts: Mapping[str, float | None] | None) -> str:
    """Return what a history certifies, `History.facts`, as a line."""
    if facts is None:
        return "the end is not certified: only the best models of a search are fitted to their ends"
    norm, residual, fall = facts["gradient_norm"], facts["kkt_residual"], facts["largest_fall"]
    if norm is None or residual is None:
        return "the end is not certified: no M-step could be taken there"
    fallen = f"the objective fell by up to {fall:.2g} nats" if fall else "the objective never fell"
    return (
        f"gradient norm {norm:.2g} (standard errors of EM's next step), KKT residual of the "
        f"weights {residual:.2g}, {fallen}"
    )


def expected_log_likelihood(family: Family, model: Model, statistics: Statistics) -> float:
    """Return Q: the expected complete-data log-likelihood under the sweep's responsibilities."""
    moments = statistics.moments
    return float(moments.effective_rows @ model.log_weights) + family.expected_log_density(
        model.parameters, moments
    )
