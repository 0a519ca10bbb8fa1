"""Scores and second derivatives of a mixture whose weights are a logit of covariates.

Row i has the score s_i = Σ_k r_ik u_ik with u_ik = ∇ log(π_ik f_k(x_i)), by the coefficients of the
logit and the free parameters of components, and the second derivative
Σ_k r_ik (∇² log(π_ik f_k) + u_ik u_ikᵀ) - s_i s_iᵀ (Louis 1982).
"""

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives import Chart, Derivatives
from mixtura.covariates.maximum import Point, sandwich
from mixtura.covariates.membership import MembershipLikelihood
from mixtura.data.checks import check_memory
from mixtura.errors import InformationError
from mixtura.inference.numbers import Numbers
from mixtura.inference.spectrum import Spectrum
from mixtura.inference.survey import Sampling
from mixtura.mixture import Mixture
from mixtura.sums import Sums

__all__ = ["ERRORS", "covariance_of", "point_of"]

Float = NDArray[np.float64]

ERRORS = ("robust", "observed", "scores")

# Rows at a time: K of them by all parameters are held.
TILE = 1024


@dataclass(frozen=True, slots=True)
class _Curvature(Sums):
    """What second derivatives are made of, summed over rows.

    Attributes
    ----------
    spread : (M, M) Σ w (Σ_k r u uᵀ - s sᵀ)
    gradient : (K, q) Σ w r ∇ log f_k, by the numbers of components
    extra : (K, E) what the family needs besides
    """

    spread: Float
    gradient: Float
    extra: Float


def point_of(
    membership: MembershipLikelihood,
    coefficients: Float,
    log_likelihood: float,
    mixture: Mixture,
    rows: Any,
) -> tuple[Point, int]:
    """Return a log-likelihood with its derivatives, and how many numbers are on an edge.

    The parameters (M,) are the coefficients and then those of the components; numbers of these on
    the edge of their range, such as a probability of 0, are taken as known.

    Parameters
    ----------
    membership : Σ w r log π_ik
    coefficients : where
    mixture : has the components, its family set to read these rows
    rows : (N, D)
    """
    numbers = Numbers(mixture, mixture.family)
    derivatives = numbers.components
    edge = numbers.inner_edge(membership.weights @ membership.assigned).numbers
    chart = numbers.inner_chart(edge)
    n_coefficients, n_rows = len(coefficients), rows.shape[0]
    n_parameters = n_coefficients + chart.n_free
    size = 8 * n_parameters * (n_rows + 2 * n_parameters)
    check_memory(size, f"the scores of {n_parameters:,} parameters")
    scores = np.empty((n_rows, n_parameters))
    tiles = [slice(start, start + TILE) for start in range(0, n_rows, TILE)]
    sums = reduce(
        add,
        (
            _of_tile(membership, coefficients, derivatives, chart, edge, rows, part, scores)
            for part in tiles
        ),
    )
    own = slice(n_coefficients, None)
    hessian = sums.spread
    hessian[:n_coefficients, :n_coefficients] += membership(coefficients).hessian
    curvature = derivatives.hessian(sums.extra, sums.gradient)
    hessian[own, own] += chart.hessian(curvature, sums.gradient)
    return Point(log_likelihood, scores, hessian), int(edge.sum())


def _of_tile(
    membership: MembershipLikelihood,
    coefficients: Float,
    derivatives: Derivatives,
    chart: Chart,
    edge: NDArray[np.bool_],
    rows: Any,
    part: slice,
    scores: Float,
) -> _Curvature:
    """Return the sums of some rows, whose scores are put in their place."""
    own, shares = membership.of(part), membership.assigned[part]
    p = np.exp(own.log_probabilities(coefficients))
    numbers = derivatives.scores(rows[part])
    numbers[edge] = 0.0
    weighted = (own.weights[:, None] * shares).T
    by_row = np.zeros((len(p), scores.shape[1]))
    spread = np.zeros((scores.shape[1],) * 2)
    for k in range(shares.shape[1]):
        jacobian = chart.jacobian[k * chart.n_numbers : (k + 1) * chart.n_numbers]
        toward = (np.arange(shares.shape[1]) == k) - p
        logit = (toward[:, own.others, None] * own.design[:, None, :]).reshape(len(p), -1)
        each = np.hstack([logit, numbers[k].T @ jacobian])
        by_row += shares[:, k : k + 1] * each
        spread += (weighted[k][:, None] * each).T @ each
    scores[part] = by_row
    return _Curvature(
        spread - (own.weights[:, None] * by_row).T @ by_row,
        np.einsum("kan,kn->ka", numbers, weighted),
        derivatives.extra(rows[part], weighted),
    )


def covariance_of(point: Point, sampling: Sampling, standard_errors: str) -> Float:
    """Return the covariance (M, M) of all parameters.

    Parameters
    ----------
    sampling : what rows weigh, and how they were drawn
    standard_errors : one of `ERRORS`

    Raises
    ------
    InformationError
        If the rows do not determine the parameters.
    """
    if standard_errors == "scores":
        return _inverse(sampling.middle(point.scores))
    observed = _inverse(-point.hessian)
    return (
        observed
        if standard_errors == "observed"
        else sandwich(point, sampling.middle(point.scores))
    )


def _inverse(information: Float) -> Float:
    """Return the inverse of an information.

    Raises
    ------
    InformationError
        If the rows do not determine the parameters.
    """
    if not len(information):
        return information
    found = Spectrum.of(information) if (np.diagonal(information) > 0).all() else None
    if found is None or found.is_singular:
        raise InformationError(
            "these rows do not determine classes and coefficients together; fit fewer classes, or "
            "leave a covariate out"
        )
    return found.inverse
