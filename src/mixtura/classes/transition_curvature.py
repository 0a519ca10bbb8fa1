"""Scores and second derivatives of chains of classes, without their K^T paths.

A row's complete score is a sum u = Σ_t d_t of what its moves and answers at each wave add. With
m_t(k) = E[d_1 + ... + d_t | class k at t], which follows from wave to wave, the score is E[u], and
E[u uᵀ] = Σ_t E[d_t d_tᵀ + m_{t-1} d_tᵀ + d_t m_{t-1}ᵀ], since given the class at t - 1 what came
before says nothing of what follows. The second derivative is E[∇²] + E[u uᵀ] - E[u] E[u]ᵀ (Louis
1982).
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.transition_em import Chain, ChainState, Logit, Part
from mixtura.components.derivatives import Chart, Derivatives
from mixtura.covariates.maximum import Point
from mixtura.inference.numbers import Numbers
from mixtura.mixture import Mixture

__all__ = ["Components", "chain_point"]

Float = NDArray[np.float64]

# Rows at a time: of each, K numbers by all parameters are held.
TILE = 512


class Components:
    """The components of a part: their derivatives, and where they stand among all parameters."""

    def __init__(self, part: Part, mixture: Mixture, counts: Float, start: int) -> None:
        self.part, self.numbers = part, Numbers(mixture, mixture.family)
        self.derivatives: Derivatives = self.numbers.components
        self.edge = self.numbers.inner_edge(counts).numbers
        self.chart: Chart = self.numbers.inner_chart(self.edge)
        self.own = slice(start, start + self.chart.n_free)
        self.stands = np.empty(len(part.order), dtype=np.intp)
        self.stands[part.order] = np.arange(len(part.order))

    def scores(self, rows: Any) -> Float:
        """Return ∇ log f_k (K, n, free) of rows."""
        found = self.derivatives.scores(rows)
        found[self.edge] = 0.0
        q = self.chart.n_numbers
        jacobians = [self.chart.jacobian[k * q : (k + 1) * q] for k in range(len(found))]
        return np.stack([each.T @ own for each, own in zip(found, jacobians, strict=True)])

    def errors(self, covariance: Float) -> Float:
        """Return the standard errors (K, 1 + q) of all numbers, NaN of weights and of the known.

        Parameters
        ----------
        covariance : of all parameters
        """
        variances = self.chart.variances(covariance[self.own, self.own])
        errors = np.where(self.edge, np.nan, np.sqrt(np.maximum(variances, 0.0)))
        return np.column_stack([np.full(len(errors), np.nan), errors])

    def hessian(self, weights: Float, classes: Float) -> Float:
        """Return Σ w Σ_t Σ_k P(k at t) ∇² log f_k (free, free)."""
        shares = (
            self.part.shares(classes)
            * np.tile(weights, len(self.part.waves))[self.part.order, None]
        )
        weighted, rows = np.ascontiguousarray(shares.T), self.part.rows
        numbers = self.derivatives.scores(rows)
        numbers[self.edge] = 0.0
        gradient = np.einsum("kan,kn->ka", numbers, weighted)
        curvature = self.derivatives.hessian(self.derivatives.extra(rows, weighted), gradient)
        return self.chart.hessian(curvature, gradient)


def chain_point(
    chain: Chain, state: ChainState, mixtures: tuple[Mixture, ...]
) -> tuple[Point, list[Components]]:
    """Return a log-likelihood with its derivatives, and the components of each part.

    Parameters are the coefficients of initial classes, those of moves, and the free numbers of the
    components of each part.

    Parameters
    ----------
    mixtures : of each part, in the user's units, its family set to read the rows
    """
    known, n_rows = state.smoothed, len(chain.weights)
    start = len(state.coefficients)
    parts: list[Components] = []
    for part, mixture in zip(chain.parts, mixtures, strict=True):
        counts = chain.weights @ known.classes[:, list(part.waves)].sum(axis=1)
        parts.append(Components(part, mixture, counts, start))
        start = parts[-1].own.stop
    hessian, scores = np.zeros((start, start)), np.empty((n_rows, start))
    for first in range(0, n_rows, TILE):
        tile = slice(first, first + TILE)
        spread, scores[tile] = _of_tile(chain, state, parts, tile, start)
        hessian += spread
    _add(hessian, 0, chain.initial, state.initial, chain.weights, known.classes[:, 0])
    place = len(state.initial)
    for times, coefficients in zip(chain.steps, state.moves, strict=True):
        for j, logit in enumerate(chain.moves):
            shares = known.moves[:, list(times), j].sum(axis=1)
            place = _add(hessian, place, logit, coefficients[j], chain.weights, shares)
    for one in parts:
        hessian[one.own, one.own] += one.hessian(chain.weights, known.classes)
    return Point(state.log_likelihood, scores, hessian), parts


def _add(
    hessian: Float, place: int, logit: Logit, coefficients: Float, weights: Float, shares: Float
) -> int:
    """Add Σ w a ∇² log p of a logit where its coefficients stand; return where the next do."""
    own = slice(place, place + logit.n_free)
    hessian[own, own] += logit.likelihood(weights, shares)(coefficients).hessian
    return own.stop


def _of_tile(
    chain: Chain, state: ChainState, parts: list[Components], tile: slice, size: int
) -> tuple[Float, Float]:
    """Return Σ w (E[u uᵀ] - E[u] E[u]ᵀ) and the scores E[u] of some rows."""
    n_classes, weights = chain.n_classes, chain.weights[tile]
    known = state.smoothed
    n_initial = len(state.initial)
    logit = replace(chain.initial, design=chain.initial.design[tile])
    before = _answers(chain, parts, tile, size, 0)
    before[:, :, :n_initial] += _toward(logit, state.initial)
    spread = np.zeros((size, size))
    for k in range(n_classes):
        own = weights * known.classes[tile, 0, k]
        spread += (before[k] * own[:, None]).T @ before[k]
    for t in range(1, chain.n_waves):
        block = next(m for m, times in enumerate(chain.steps) if t - 1 in times)
        pairs, sums = known.moves[tile, t - 1], known.classes[tile, t]
        counted = weights[:, None, None] * pairs
        answers = _answers(chain, parts, tile, size, t)
        after = sums.T[:, :, None] * answers
        twice = np.zeros((size, size))
        for j, each in enumerate(chain.moves):
            logit = replace(each, design=each.design[tile])
            toward = _toward(logit, state.moves[block, j])
            start = n_initial + (block * n_classes + j) * logit.n_free
            own = slice(start, start + logit.n_free)
            moved = np.einsum("nk,knw->nw", counted[:, j], toward)
            twice[:, own] += before[j].T @ moved
            spread[own, own] += np.einsum("nk,knv,knw->vw", counted[:, j], toward, toward)
            for k in range(n_classes):
                share = pairs[:, j, k, None]
                after[k] += share * before[j]
                after[k][:, own] += share * toward[k]
                twice[own] += (counted[:, j, k, None] * toward[k]).T @ answers[k]
        for k in range(n_classes):
            # What came before, and half of the square, meet the answers of the wave once.
            earlier = np.einsum("nj,jnp->np", counted[:, :, k], before)
            earlier += 0.5 * (weights * sums[:, k])[:, None] * answers[k]
            twice += earlier.T @ answers[k]
        spread += twice + twice.T
        divisor = sums.T[:, :, None]
        before = np.divide(after, divisor, out=np.zeros_like(after), where=divisor > 0.0)
    score = np.einsum("nk,knp->np", known.classes[tile, -1], before)
    return spread - (score * weights[:, None]).T @ score, score


def _answers(chain: Chain, parts: list[Components], tile: slice, size: int, wave: int) -> Float:
    """Return ∇ log f_k (K, n, P) of the answers at a wave."""
    one = next(one for one in parts if wave in one.part.waves)
    n_rows = len(chain.weights)
    numbers = one.part.waves.index(wave) * n_rows + np.arange(n_rows)[tile]
    found = np.zeros((chain.n_classes, len(numbers), size))
    found[:, :, one.own] = one.scores(one.part.rows[one.stands[numbers]])
    return found


def _toward(logit: Logit, coefficients: Float) -> Float:
    """Return ∇ log p_k (K, n, (K - 1) P) of rows."""
    p = np.exp(logit.log_probabilities(coefficients))
    others = np.delete(np.arange(logit.n_classes), logit.reference)
    toward = np.eye(logit.n_classes)[:, None, :] - np.broadcast_to(
        p, (len(logit.design), p.shape[1])
    )
    slopes = toward[:, :, others, None] * logit.design[None, :, None, :]
    return slopes.reshape(logit.n_classes, len(logit.design), -1)
