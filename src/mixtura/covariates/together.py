"""EM of a mixture whose weights are a multinomial logit of covariates, both fitted together.

The E-step has π_ik = softmax(z_i B)_k for each row in place of π_k. The M-step of components is the
family's own; that of B is a step of Newton on Σ w r log π_ik, which never lowers it: a generalised
EM (Dayton and Macready 1988; Bandeen-Roche and others 1997).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import log_sum_exp
from mixtura.covariates.membership import MembershipLikelihood, log_probabilities
from mixtura.em.degeneracy import maximise_strictly
from mixtura.em.model import Model
from mixtura.em.responsibilities import mixture_of
from mixtura.em.sweep import Sweep
from mixtura.errors import NUMERICAL

__all__ = ["Ascent", "Climber", "Joint", "State", "ascended", "extrapolated"]

Float = NDArray[np.float64]

# Nats that are left to gain at the end, by how steps shrink, and how many of them may be so small.
LEFT, IN_A_ROW = 1e-7, 3
# How far an extrapolation goes at the most, in steps; where they hardly bend it is rounding.
LONGEST = 1e6
# Points that an extrapolation is made of.
SEEN = 3
# A run is held against the ends of others after so many points, and then each time as many are new.
LOOKED_AT = 20
# It has come to one of these where no posterior differs by more, and is given up where it is behind
# by so many times what seems to be left to gain.
ALIKE, BEHIND = 5e-3, 10.0


@dataclass(frozen=True, slots=True)
class State:
    """One point.

    Attributes
    ----------
    coefficients : ((K - 1) P,) B, of one class after the other
    parameters : of the components, in the frame of the sweep
    moments : those that the parameters are of, or None at a start
    log_likelihood : Σ w log Σ_k π_ik f_k
    objective : the same and the penalty on the components
    responsibilities : (N, K)
    """

    coefficients: Float
    parameters: Any
    moments: Any
    log_likelihood: float
    objective: float
    responsibilities: Float

    @property
    def posteriors(self) -> Float:
        """Return what rows are told apart by."""
        return self.responsibilities


@dataclass(frozen=True, slots=True)
class Joint:
    """Rows, covariates and a penalty.

    Attributes
    ----------
    sweep : over the rows, in memory
    rows : (N, D) the same
    design : (N, P) the columns of the regression
    weights : (N,)
    reference : the class whose coefficients are zero
    n_components : K
    prior : on the components
    """

    sweep: Sweep
    rows: Any
    design: Float
    weights: Float
    reference: int
    n_components: int
    prior: Any

    def membership(self, responsibilities: Float) -> MembershipLikelihood:
        """Return Σ w r log π_ik, by the coefficients."""
        return MembershipLikelihood(
            self.design, self.weights, responsibilities, None, self.reference
        )

    def log_weights(self, coefficients: Float) -> Float:
        """Return log π_ik (N, K)."""
        by_class = coefficients.reshape(self.n_components - 1, -1)
        return log_probabilities(self.design, by_class, self.reference)

    def at(self, coefficients: Float, parameters: Any, moments: Any = None) -> State:
        """Return a point, by an E-step."""
        even = np.full(self.n_components, -np.log(self.n_components))
        mixture = mixture_of(self.sweep, Model(even, parameters))
        joint = mixture.component_log_density(self.rows) + self.log_weights(coefficients)
        density = log_sum_exp(joint)
        log_likelihood = float(self.weights @ density)
        return State(
            coefficients,
            parameters,
            moments,
            log_likelihood,
            log_likelihood + self.prior.log_density(parameters),
            np.exp(joint - density[:, None]),
        )

    def step(self, state: State) -> State:
        """Return the next point of EM."""
        moments = self.sweep.from_responsibilities(state.responsibilities, state.parameters)
        parameters = self._maximised(moments, state.parameters)
        climbed = self.membership(state.responsibilities).climbed(state.coefficients)
        return self.at(climbed, parameters, moments)

    def beyond(self, states: tuple[State, State, State]) -> State | None:
        """Return where three points lead (Varadhan and Roland 2008), or None if nowhere higher."""
        total = float(self.weights.sum())
        first, second, third = (
            np.append(each.coefficients, self.sweep.family.coordinates(each.moments, total))
            for each in states
        )
        point = extrapolated(first, second, third)
        if point is None:
            return None
        n_coefficients = len(states[0].coefficients)
        moments = self.sweep.family.moments_at(point[n_coefficients:], states[2].moments, total)
        if moments is None:
            return None
        try:
            parameters = self._maximised(moments, states[2].parameters)
            found = self.at(point[:n_coefficients], parameters, moments)
        except NUMERICAL:
            return None
        return found if found.objective > states[2].objective else None

    def _maximised(self, moments: Any, previous: Any) -> Any:
        return maximise_strictly(self.sweep.family, moments, previous, self.prior)


class Climber(Protocol):
    """Who takes steps of EM, between points that have an `objective`."""

    def step(self, state: Any) -> Any:
        """Return the next point of EM."""
        ...

    def beyond(self, states: Any) -> Any:
        """Return where three points lead, or None if nowhere higher."""
        ...


@dataclass(frozen=True, slots=True)
class Ascent:
    """Where EM led.

    Attributes
    ----------
    state : the last point
    objective : after each E-step, from the start
    converged : whether next to nothing is left to gain
    follows : whether it was ended where it had come to the end of another, and no higher
    """

    state: Any
    objective: tuple[float, ...]
    converged: bool
    follows: bool = False


def extrapolated(first: Float, second: Float, third: Float) -> Float | None:
    """Return where three points lead (Varadhan and Roland 2008), or None if not beyond the last."""
    change, bend = second - first, third - 2.0 * second + first
    if not bend.any():
        return None
    length = min(float(np.linalg.norm(change) / np.linalg.norm(bend)), LONGEST)
    return first + 2.0 * length * change + length**2 * bend if length > 1.0 else None


def ascended(joint: Climber, state: Any, max_iter: int, others: Sequence[Ascent] = ()) -> Ascent:
    """Return the maximum that EM leads to.

    Steps go beyond those of EM where that is higher (SQUAREM).

    Parameters
    ----------
    max_iter : E-steps at the most
    others : of the same rows; a run that comes to the end of one of them, or cannot reach the best
        of them, is not carried on
    """
    states = [joint.step(state)]
    history, small, looked_at = [state.objective, states[0].objective], 0, LOOKED_AT
    while len(history) < max_iter and small < IN_A_ROW:
        if len(states) == SEEN:
            further = joint.beyond((states[0], states[1], states[2]))
            states = states[-1:] if further is None else [further]
            history += [] if further is None else [further.objective]
        states.append(joint.step(states[-1]))
        history.append(states[-1].objective)
        small = small + 1 if _left(history) < LEFT else 0
        if others and len(history) >= looked_at:
            looked_at += LOOKED_AT
            if any(_comes_to(states[-1], other.state) for other in others):
                return Ascent(states[-1], tuple(history), False, follows=True)
            best = max(other.state.objective for other in others)
            if history[-1] + BEHIND * _left(history) < best:
                return Ascent(states[-1], tuple(history), False)
    return Ascent(states[-1], tuple(history), small == IN_A_ROW)


def _comes_to(state: Any, end: Any) -> bool:
    """Return whether a point is no higher than an end and tells rows apart as that does."""
    if state.objective > end.objective:
        return False
    return bool(np.abs(state.posteriors - end.posteriors).max() < ALIKE)


def _left(objective: list[float]) -> float:
    """Return about how much is left to gain, if steps go on to shrink as the last two do."""
    if len(objective) < 3:
        return np.inf
    before, last = np.diff(objective[-3:])
    ratio = min(max(last / before, 0.0), 0.999) if before > 0 else 0.0
    return abs(last) / (1.0 - ratio)
