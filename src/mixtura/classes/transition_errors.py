"""Errors and tests of a latent transition analysis."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.curvature import covariance_of
from mixtura.classes.profile import ClassProfile, measures_of_columns, profile_of
from mixtura.classes.transition_curvature import Components, chain_point
from mixtura.classes.transition_em import Chain, ChainState, Logit
from mixtura.classes.transition_starts import Waves
from mixtura.classes.transitions import LatentTransition
from mixtura.covariates.asked import FittedCovariates
from mixtura.covariates.design import Covariate, Design
from mixtura.covariates.logit import ClassMembership, membership_of, unbounded
from mixtura.covariates.maximum import FLAT, Point
from mixtura.covariates.together import Ascent
from mixtura.errors import InformationError
from mixtura.inference.information import intervals_of
from mixtura.inference.survey import Sampling
from mixtura.mixture import Mixture

__all__ = ["Found", "transitions_of"]

Float = NDArray[np.float64]

# Rows that speak of a number: of fewer it is on the edge, with no curvature to go by.
ROWS_ON_THE_EDGE = 1e-2


@dataclass(frozen=True, slots=True)
class Found:
    """What a fit has come to.

    Attributes
    ----------
    called : (T,) what waves are called
    waves : what was fitted
    chain, end : where EM led
    read : how covariates of other rows are read, or None
    terms : the covariates
    sampling : of the rows that are used
    n_left_out : rows that lack a covariate
    n_empty : others without an answer
    """

    called: tuple[Any, ...]
    waves: Waves
    chain: Chain
    end: Ascent
    read: FittedCovariates | None
    terms: Sequence[Covariate]
    sampling: Sampling
    n_left_out: int
    n_empty: int


def transitions_of(found: Found, standard_errors: str) -> LatentTransition:
    """Return what was found, with errors.

    Raises
    ------
    InformationError
        If coefficients have no bound, or the rows do not determine the parameters.
    """
    waves, chain, names = found.waves, found.chain, found.waves.mixture.names
    state: ChainState = found.end.state
    n_waves, size = chain.n_waves, chain.n_classes
    total = float(chain.weights.sum())
    shares = np.einsum("n,ntk->tk", chain.weights, state.smoothed.classes) / total
    parts = [
        replace(waves.mixture, family=family, parameters=parameters)
        for family, parameters in (
            part.sweep.family.in_user_units(own)
            for part, own in zip(chain.parts, state.parameters, strict=True)
        )
    ]
    readers = tuple(replace(one, family=waves.family) for one in parts)
    point, components = chain_point(chain, state, readers)
    known = _on_the_edge(chain, state)
    covariance = _covariance(found, point, known, standard_errors)
    n_initial, width = len(state.initial), chain.moves[0].n_free

    def logit(one: Logit, design: Design, coefficients: Float, place: int) -> ClassMembership:
        own = slice(place, place + one.n_free)
        return membership_of(
            coefficients,
            covariance[own, own],
            design=design,
            covariates=found.terms if len(design.terms) > 1 else (),
            names=names,
            reference=one.reference,
            log_likelihood=state.log_likelihood,
            n=total,
            n_left_out=found.n_left_out,
            how="classes at all waves fitted together",
        )

    initial, first_error = _mean(chain.initial, state.initial, chain.weights, covariance, 0)
    by_step, transitions = {}, np.empty((n_waves - 1, size, size))
    errors = np.empty_like(transitions)
    for m, times in enumerate(chain.steps):
        for t in times:
            for j, one in enumerate(chain.moves):
                place = n_initial + (m * size + j) * width
                own = state.moves[m, j]
                transitions[t, j], errors[t, j] = _mean(one, own, chain.weights, covariance, place)
                by_step[t, j] = logit(one, waves.moves, own, place)
    by_wave = {t: part for part, own in zip(parts, chain.parts, strict=True) for t in own.waves}
    edge = int(known.sum()) + sum(int(one.edge.sum()) for one in components)
    profiles = [_profile(*pair, covariance) for pair in zip(parts, components, strict=True)]
    return LatentTransition(
        names,
        found.called,
        tuple(replace(by_wave[t], weights=shares[t]) for t in range(n_waves)),
        tuple(profiles),
        np.vstack([initial, shares[1:]]),
        transitions,
        first_error,
        errors,
        logit(chain.initial, waves.initial, state.initial, 0),
        tuple(tuple(by_step[t, j] for j in range(size)) for t in range(n_waves - 1)),
        state.log_likelihood,
        len(state.coefficients) + sum(part.sweep.family.n_free(size) for part in chain.parts),
        total,
        found.n_left_out,
        found.n_empty,
        covariance,
        found.end.converged,
        found.end.objective,
        found.read,
        _how(chain, standard_errors, edge),
    )


def _profile(mixture: Mixture, components: Components, covariance: Float) -> ClassProfile:
    """Return what the classes of a part are, with errors of the fit of all waves."""
    errors, numbers = components.errors(covariance), components.numbers
    return profile_of(
        mixture,
        measures_of_columns(mixture),
        numbers.arranged(errors),
        intervals_of(numbers, errors),
    )


def _on_the_edge(chain: Chain, state: ChainState) -> NDArray[np.bool_]:
    """Return which coefficients are of moves of which next to no row speaks."""
    known, found = state.smoothed, []

    def add(logit: Logit, coefficients: Float, weights: Float) -> None:
        expected = (weights[:, None] * np.exp(logit.log_probabilities(coefficients))).sum(axis=0)
        few = np.delete(expected, logit.reference) < ROWS_ON_THE_EDGE
        found.append(np.repeat(few, logit.design.shape[1]))

    add(chain.initial, state.initial, chain.weights)
    for times, own in zip(chain.steps, state.moves, strict=True):
        there = chain.weights[:, None] * known.classes[:, list(times)].sum(axis=1)
        for j, logit in enumerate(chain.moves):
            add(logit, own[j], there[:, j])
    return np.concatenate(found)


def _covariance(
    found: Found, point: Point, known: NDArray[np.bool_], standard_errors: str
) -> Float:
    """Return the covariance of all parameters, zero for those that are taken as known.

    Raises
    ------
    InformationError
        If a coefficient has no bound, or the rows do not determine the parameters.
    """
    free = np.append(~known, np.ones(len(point.hessian) - len(known), dtype=bool))
    _check_bounded(found, point, known)
    kept = Point(point.value, point.scores[:, free], point.hessian[np.ix_(free, free)])
    covariance = np.zeros(point.hessian.shape)
    covariance[np.ix_(free, free)] = covariance_of(kept, found.sampling, standard_errors)
    return covariance


def _check_bounded(found: Found, point: Point, known: NDArray[np.bool_]) -> None:
    """Raise for a slope that goes on without end."""
    chain, waves, names = found.chain, found.waves, found.waves.mixture.names
    total = float(chain.weights.sum())
    blocks = [("at the first wave", chain.initial, waves.initial)]
    blocks += [
        (f"of those in class {name} at wave {found.called[times[0]]}", logit, waves.moves)
        for times in chain.steps
        for name, logit in zip(names, chain.moves, strict=True)
    ]
    place = 0
    for where, logit, design in blocks:
        own = slice(place, place + logit.n_free)
        place = own.stop
        free = np.arange(own.start, own.stop)[~known[own]]
        if len(design.terms) == 1 or not len(free):
            continue
        curvatures, axes = np.linalg.eigh(-point.hessian[np.ix_(free, free)] / total)
        if curvatures[0] < FLAT:
            worst = int(free[np.abs(axes[:, 0]).argmax()]) - own.start
            said = unbounded(design, names, logit.reference, worst)
            raise InformationError(f"{where}, {said}")


def _mean(
    logit: Logit, coefficients: Float, weights: Float, covariance: Float, place: int
) -> tuple[Float, Float]:
    """Return the mean over rows of the probabilities (K,) of a logit, and their errors."""
    p = np.exp(logit.log_probabilities(coefficients))
    p, total = np.broadcast_to(p, (len(weights), p.shape[1])), float(weights.sum())
    others = np.delete(np.arange(logit.n_classes), logit.reference)
    slopes = p[:, :, None] * (np.eye(logit.n_classes)[others].T - p[:, None, others])
    jacobian = np.einsum("n,nko,np->kop", weights, slopes, logit.design) / total
    jacobian = jacobian.reshape(logit.n_classes, -1)
    own = slice(place, place + logit.n_free)
    variances = np.einsum("ka,ab,kb->k", jacobian, covariance[own, own], jacobian)
    mean = weights @ p / total
    return mean, np.where(variances > 0.0, np.sqrt(np.maximum(variances, 0.0)), np.nan)


def _how(chain: Chain, standard_errors: str, n_known: int) -> str:
    measured = "the same at all waves" if len(chain.parts) == 1 else "free by wave"
    moved = "equal" if chain.same else "by wave"
    known = f"; {n_known} numbers on the edge of their range taken as known" if n_known else ""
    return f"Classes {measured}, transitions {moved}; {standard_errors} standard errors{known}"
