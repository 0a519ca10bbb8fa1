"""How surely coefficients are known: the observed information of a mixture of regressions.

Minus the second derivatives of the log-likelihood are, with u the gradient and h the Hessian of
log π_ik f_k(y) of a row, Σ_i w_i (E[-h] - E[u uᵀ] + E[u] E[u]ᵀ), expectations over the row's
responsibilities (Louis 1982). The parameters are all β_k, log τ_k and b_k of
log π_ik/π_i0 = z_i b_k, of which z is 1 where weights do not go by covariates. All is computed in
units in which a term is no larger than what it has of its own, and a residual is about 1, as no
square of a year or of a salary in cents keeps the digits of what it tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import lengths, log_sum_exp
from mixtura.components.regression.bounds import Bounds
from mixtura.components.regression.family import RegressionFamily
from mixtura.components.regression.words import spread_name, spreads_of
from mixtura.covariates.logit import ClassMembership, membership_of
from mixtura.errors import InformationError
from mixtura.mixture import Mixture
from mixtura.regressions.concomitants import Logit
from mixtura.regressions.doubts import endless_terms
from mixtura.regressions.rows import frame_of
from mixtura.regressions.standard_errors import UNDETERMINED, RegressionErrors

__all__ = ["errors_of"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Units in which coefficients are of one size: β = u Aᵀ β', z' = A z.

    Attributes
    ----------
    frame : A (p, p), under which terms of the rows are of one size and do not go together
    unit : u, of responses
    """

    frame: Float
    unit: float

    @classmethod
    def of(cls, mixture: Mixture, rows: Float, weights: Float) -> "Units":
        """Return those of rows as the family reads them.

        Raises
        ------
        DataError
            Naming a term that follows from those before it in these rows.
        """
        family: Any = mixture.family
        tile = family.prepare(rows, family.workspace(len(rows)))
        frame = frame_of(tile.design.T, tile.of_cells(weights[None])[0], family.terms)
        if not family.response.is_quadratic:
            return cls(frame, 1.0)
        parameters: Any = mixture.parameters
        return cls(frame, float(np.exp(-0.5 * np.log(parameters.precisions).mean())))

    def inward(self, k: int, size: int, n_weights: int) -> Float:
        """Return how numbers in these units follow from the user's."""
        back = np.asarray(np.linalg.inv(self.frame.T) / self.unit, np.float64)
        return self._blocks(back, k, size, n_weights)

    def outward(self, k: int, size: int, n_weights: int) -> Float:
        """Return how the user's numbers follow from those in these units."""
        return self._blocks(self.frame.T * self.unit, k, size, n_weights)

    def _blocks(self, block: Float, k: int, size: int, n_weights: int) -> Float:
        p = len(block)
        found = np.eye(k * size + n_weights)
        for start in range(0, k * size, size):
            found[start : start + p, start : start + p] = block
        return found


def _information(
    mixture: Mixture, rows: Float, weights: Float, logit: tuple[Float, Float], units: Units
) -> Float:
    """Return the observed information (q, q) for rows as the family reads them, in these units.

    Parameters
    ----------
    mixture : in the user's units
    weights : (n,) of rows
    logit : (n, P) z and (n, K) log π_ik
    """
    design, log_weights = logit
    family: Any = mixture.family
    parameters, response = mixture.parameters, family.response
    k, p, has = mixture.n_components, family.n_terms, bool(family.response.has_precision)
    chances = np.exp(log_weights)
    shares = _shares(mixture, rows, log_weights).T
    tile = family.prepare(rows, family.workspace(len(rows)))
    eta = parameters.coefficients @ tile.design + tile.offset
    curve = response.curve(tile.y, eta)
    slopes = response.slope(tile.y, tile.size, curve)
    slopes = slopes / units.unit
    losses = response.loss(tile.y, tile.size, eta, curve) / units.unit**2
    curvatures = response.curvature(tile.size, curve)
    precisions = parameters.precisions * units.unit**2
    slope, bend = response.constant_slopes(precisions)
    terms = units.frame @ tile.design
    size = p + has
    total = np.zeros((k * size + (k - 1) * design.shape[1],) * 2)
    means = np.empty((len(rows), len(total)))
    mass = shares * weights
    for one in range(k):
        tau, own = precisions[one], np.zeros((size, size))
        count = tile.of_cells(mass)[one]
        gradient = np.empty((size, len(rows)))
        gradient[:p] = tile.of_rows(tau * slopes[one] * terms)
        own[:p, :p] = (tau * curvatures[one] * count * terms) @ terms.T
        if has:
            gradient[p] = tile.of_rows(tau * (slope[one] - losses[one])[None])[0]
            beside = -tau * terms @ (count * slopes[one])
            own[p, :p] = own[:p, p] = beside
            own[p, p] = count @ (tau * losses[one] - tau * slope[one] - tau**2 * bend[one])
        place = slice(one * size, (one + 1) * size)
        toward = _by_terms((np.arange(k) == one) - chances, design)
        total[place, place] += own - (gradient * mass[one]) @ gradient.T
        across = (gradient * mass[one]) @ toward
        total[place, k * size :] -= across
        total[k * size :, place] -= across.T
        total[k * size :, k * size :] -= (toward.T * mass[one]) @ toward
        means[:, place] = (gradient * shares[one]).T
    total[k * size :, k * size :] += _curvature(chances, weights, design)
    means[:, k * size :] = _by_terms(shares.T - chances, design)
    return total + (means * weights[:, None]).T @ means


def _shares(mixture: Mixture, rows: Float, log_weights: Float) -> Float:
    """Return responsibilities (n, K) of rows with these weights."""
    joint = mixture.component_log_density(rows) + log_weights
    return np.exp(joint - log_sum_exp(joint)[:, None])


def _by_terms(values: Float, design: Float) -> Float:
    """Return values (n, K) of all components but the first, times z (n, (K - 1) P)."""
    return (values[:, 1:, None] * design[:, None, :]).reshape(len(values), -1)


def _curvature(chances: Float, weights: Float, design: Float) -> Float:
    """Return Σ w (diag π - π πᵀ) ⊗ z zᵀ of all components but the first."""
    k, p = chances.shape[1] - 1, design.shape[1]
    found = np.zeros((k * p, k * p))
    for i in range(k):
        for j in range(i + 1):
            both = weights * chances[:, i + 1] * ((i == j) - chances[:, j + 1])
            block = (design * both[:, None]).T @ design
            found[i * p : (i + 1) * p, j * p : (j + 1) * p] = block
            found[j * p : (j + 1) * p, i * p : (i + 1) * p] = block.T
    return found


def errors_of(
    mixture: Mixture,
    rows: Float,
    weights: Float,
    columns: Mapping[str, tuple[int, ...]],
    logit: Logit | None,
) -> RegressionErrors:
    """Return standard errors by the inverse of the observed information.

    Parameters
    ----------
    columns : as in `RegressionErrors`
    logit : of weights, where they go by covariates

    Raises
    ------
    InformationError
        If the rows do not determine all parameters, or the mixture is no maximum for them.
    """
    family: Any = mixture.family
    k, p, has = mixture.n_components, family.n_terms, bool(family.response.has_precision)
    if logit is None:
        design = np.ones((len(rows), 1))
        log_weights = np.tile(np.log(mixture.weights), (len(rows), 1))
    else:
        design, log_weights = logit.design.columns, logit.log_weights
    units = Units.of(mixture, rows, weights)
    if not has:
        _check_ends(mixture, rows, weights, log_weights, units)
    size, n_weights = p + has, (k - 1) * design.shape[1]
    ways = _free(family, k, n_weights, held_weights=mixture.held)
    # Only what they span counts, and that has digits where its axes are at right angles.
    inward = units.inward(k, size, n_weights) @ ways
    axes = np.linalg.qr(inward / np.abs(inward).max(axis=0, initial=1e-300))[0]
    information = _information(mixture, rows, weights, (design, log_weights), units)
    turned = units.outward(k, size, n_weights) @ axes @ _root(axes.T @ information @ axes)
    # What is held has no error, and what is alike has the same.
    roots = ways @ (ways.T @ turned / ways.sum(axis=0)[:, None])
    places = np.arange(k * size).reshape(k, size)
    errors = lengths(roots)
    errors = np.where(errors > 0, errors, np.nan)
    spreads = spreads_of(family.response, mixture.parameters)
    factor = 0.5 * spreads if spread_name(family.response) == "sigma" else spreads
    of_weights = roots[k * size :] @ roots[k * size :].T
    jacobian = _mean_slopes(np.exp(log_weights), weights, design)
    inner = places[:, :p].ravel()
    return RegressionErrors(
        family.terms,
        mixture.parameters.coefficients,
        errors[places[:, :p]],
        spreads,
        factor * errors[places[:, p]] if has else spreads,
        np.sqrt(np.maximum(np.diag(jacobian @ of_weights @ jacobian.T), 0.0)),
        roots[inner],
        mixture.names,
        columns,
        None if logit is None else _told(logit, of_weights, mixture, rows, weights),
    )


def _root(information: Float) -> Float:
    """Return L of L Lᵀ, the inverse.

    Raises
    ------
    InformationError
        If there is none.
    """
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if len(values) and not values[0] > UNDETERMINED:
        raise InformationError(
            "these rows do not determine all coefficients, or the model is no maximum for them: "
            "fit it to these rows with a smaller tol, or take fewer components or terms"
        )
    return vectors / np.sqrt(values) / scale[:, None]


def _mean_slopes(chances: Float, weights: Float, design: Float) -> Float:
    """Return how mean weights (K, (K - 1) P) follow from the coefficients of the logit."""
    return (
        np.array(
            [
                (weights * chances[:, one])
                @ _by_terms((np.arange(chances.shape[1]) == one) - chances, design)
                for one in range(chances.shape[1])
            ]
        ).reshape(chances.shape[1], -1)
        / weights.sum()
    )


def _told(
    logit: Logit, covariance: Float, mixture: Mixture, rows: Float, weights: Float
) -> ClassMembership:
    joint = mixture.component_log_density(rows) + logit.log_weights
    return membership_of(
        logit.coefficients.ravel(),
        covariance,
        design=logit.design,
        covariates=logit.terms,
        names=mixture.names,
        reference=0,
        log_likelihood=float(weights @ log_sum_exp(joint)),
        n=float(weights.sum()),
        n_left_out=0,
        how="components and coefficients fitted together; standard errors of observed information",
    )


def _check_ends(
    mixture: Mixture, rows: Float, weights: Float, log_weights: Float, units: Units
) -> None:
    """Raise `InformationError` where coefficients have no maximum."""
    family: Any = mixture.family
    parameters: Any = mixture.parameters
    tile = family.prepare(rows, family.workspace(len(rows)))
    eta = parameters.coefficients @ tile.design + tile.offset
    curves = family.response.curvature(tile.size, family.response.curve(tile.y, eta))
    mass = tile.of_cells(_shares(mixture, rows, log_weights).T * weights)
    terms = units.frame @ tile.design
    information = np.einsum("ic,kc,jc->kij", terms, mass * curves, terms, optimize=True)
    for k, names in endless_terms(information, units.frame, family).items():
        raise InformationError(
            f"coefficients of {', '.join(names)} in component {k} run off without end, where a "
            "likelihood has no curvature to go by: its responses are all 0, or these terms "
            "separate 0 from 1; try fewer components or terms, or hold them by fix"
        )


def _free(family: RegressionFamily, k: int, n_weights: int, *, held_weights: bool) -> Float:
    """Return how all parameters follow from those that are free, of weights so many."""
    p, has = family.n_terms, bool(family.response.has_precision)
    nothing = Bounds(np.full((1, p), np.nan), np.zeros(p, dtype=bool))
    bounds = family.bounds or nothing
    of_terms = bounds.directions(k)
    spreads = np.ones((k, 1)) if bounds.alike_precision else np.eye(k)
    parts = of_terms.shape[1], spreads.shape[1] if has else 0, 0 if held_weights else n_weights
    found = np.zeros((k * (p + has) + n_weights, sum(parts)))
    places = np.arange(k * (p + has)).reshape(k, p + has)
    found[places[:, :p].ravel(), : parts[0]] = of_terms
    if has:
        found[places[:, p], parts[0] : parts[0] + parts[1]] = spreads
    if not held_weights:
        found[k * (p + has) :, parts[0] + parts[1] :] = np.eye(n_weights)
    return found
