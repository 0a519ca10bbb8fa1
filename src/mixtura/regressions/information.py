"""How surely coefficients are known: the observed information of a mixture of regressions.

Minus the second derivatives of the log-likelihood are, with u the gradient and h the Hessian of
log π_k f_k(y) of a row, Σ_i w_i (E[-h] - E[u uᵀ] + E[u] E[u]ᵀ), expectations over the row's
responsibilities (Louis 1982). The parameters are all β_k, log τ_k and log π_k/π_0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.regression.bounds import Bounds
from mixtura.components.regression.family import RegressionFamily
from mixtura.components.regression.words import spread_name, spreads_of
from mixtura.errors import InformationError, ParameterError
from mixtura.inference.wald import WaldTest, two_sided, wald_test
from mixtura.mixture import Mixture
from mixtura.regressions.doubts import endless_terms
from mixtura.regressions.rows import frame_of
from mixtura.regressions.terms import INTERCEPT
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["RegressionErrors", "errors_of", "information_of"]

Float = NDArray[np.float64]

# Directions with less of the information, each parameter in its own unit, are not determined.
UNDETERMINED = 1e-9
# Of p-values.
LEAST_SHOWN = 1e-16


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RegressionErrors(Tabled):
    """Standard errors of a mixture of regressions, NaN for what was held.

    Attributes
    ----------
    terms : names of the coefficients (p,), the intercept first
    coefficients, standard_errors : (K, p)
    spreads, spread_errors : (K,) of `sigma_` or `shape_`, empty where there are none
    weight_errors : (K,)
    covariance : (K p, K p) of the coefficients, component by component
    names : (K,) what the components are called
    columns : places among the terms that a term of a formula has, where there is one
    """

    terms: tuple[str, ...]
    coefficients: Float
    standard_errors: Float
    spreads: Float
    spread_errors: Float
    weight_errors: Float
    covariance: Float
    names: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        k, p = self.coefficients.shape
        return f"<RegressionErrors of {k} components, {p} terms>"

    @property
    def z(self) -> Float:
        """Return estimates over their standard errors (K, p)."""
        return self.coefficients / self.standard_errors

    @property
    def p_values(self) -> Float:
        """Return the two-sided p-values (K, p) of coefficients that are zero."""
        return two_sided(self.z)

    def test(self, term: str, *, equal: bool = False) -> WaldTest:
        """Return the test that a term has no coefficient in any component, or one in all.

        Parameters
        ----------
        term : a column of X, a term of the formula with all of its columns, or "intercept"
        equal : whether they may be other than zero, and are the same

        Raises
        ------
        ParameterError
            If there is no such term, or one of its coefficients was held, or all were equal.
        """
        own = self.columns.get(term) or tuple(
            place for place, name in enumerate(self.terms) if name == term
        )
        if not own:
            known = dict.fromkeys((*self.terms, *self.columns))
            raise ParameterError(f"there is no term {term!r}; they are {', '.join(known)}")
        k, p = self.coefficients.shape
        # Of one column after the other, all components.
        places = (np.array(own)[:, None] + np.arange(k) * p).ravel()
        estimates = self.coefficients.ravel()[places]
        covariance = self.covariance[np.ix_(places, places)]
        if equal:
            apart = np.kron(np.eye(len(own)), np.eye(k)[1:] - np.eye(k)[:1])
            estimates, covariance = apart @ estimates, apart @ covariance @ apart.T
        scale = np.sqrt(np.diag(covariance))
        known = bool(len(estimates)) and bool((scale > 0).all())
        scaled = covariance / np.outer(scale, scale) if known else covariance
        if not known or np.linalg.eigvalsh(scaled)[0] < UNDETERMINED:
            raise ParameterError(f"coefficients of {term!r} were held, or alike by the model")
        return wald_test(estimates / scale, scaled)

    def tests(self) -> list[dict[str, Any]]:
        """Return a row for each term of the formula or column: is it without effect, or the same.

        Terms of which a coefficient was held, or that are alike by the model, have no test.
        """
        owned = {place for places in self.columns.values() for place in places}
        plain = [name for place, name in enumerate(self.terms) if place not in owned]
        found = []
        for term in (*(name for name in plain if name != INTERCEPT), *self.columns):
            none, same = (self._tested(term, equal=equal) for equal in (False, True))
            if none is not None:
                row = {"term": term, "wald": none.statistic, "df": none.df, "p": none.p_value}
                if same is not None:
                    row |= {
                        "wald_equal": same.statistic,
                        "df_equal": same.df,
                        "p_equal": same.p_value,
                    }
                found.append(row)
        return found

    def _tested(self, term: str, *, equal: bool) -> WaldTest | None:
        try:
            return self.test(term, equal=equal)
        except ParameterError:
            return None

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each coefficient, with its standard error, z and p-value."""
        columns = {
            "estimate": self.coefficients,
            "standard_error": self.standard_errors,
            "z": self.z,
            "p_value": self.p_values,
        }
        return [
            {"component": name, "term": term}
            | {key: float(values[k, j]) for key, values in columns.items()}
            for k, name in enumerate(self.names)
            for j, term in enumerate(self.terms)
        ]

    def summary(self) -> Summary:
        """Return all coefficients with standard errors, z and p-values, as a table."""
        rows = [
            [
                f"{row['term']} ({row['component']})",
                *(f"{row[key]:.4g}" for key in ("estimate", "standard_error", "z")),
                _shown(row["p_value"]),
            ]
            for row in self.table()
        ]
        table = Table.of(["term (component)", "estimate", "std. error", "z", "p"], rows)
        return Summary([Passage(tables=(table,))], self.table())


def _shown(p_value: float) -> str:
    """Return a p-value as a table has it: digits of a tiny one mean nothing."""
    if np.isnan(p_value):
        return ""
    return "< 1e-16" if p_value < LEAST_SHOWN else f"{p_value:.2g}"


def information_of(mixture: Mixture, rows: Float, weights: Float) -> Float:
    """Return the observed information (q, q) for rows as the family reads them.

    Parameters
    ----------
    mixture : in the user's units
    weights : (n,) of rows
    """
    family: Any = mixture.family
    parameters, response = mixture.parameters, family.response
    k, p, has = mixture.n_components, family.n_terms, bool(family.response.has_precision)
    shares = mixture.responsibilities(rows).T
    tile = family.prepare(rows, family.workspace(len(rows)))
    eta = parameters.coefficients @ tile.design + tile.offset
    curve = response.curve(tile.y, eta)
    slopes = response.slope(tile.y, tile.size, curve)
    losses = response.loss(tile.y, tile.size, eta, curve)
    curvatures = response.curvature(tile.size, curve)
    slope, bend = response.constant_slopes(parameters.precisions)
    size = p + has
    total = np.zeros((k * size + k - 1,) * 2)
    means = np.empty((len(rows), len(total)))
    mass = shares * weights
    for one in range(k):
        tau, own = parameters.precisions[one], np.zeros((size, size))
        count = tile.of_cells(mass)[one]
        gradient = np.empty((size, len(rows)))
        gradient[:p] = tile.of_rows(tau * slopes[one] * tile.design)
        own[:p, :p] = (tau * curvatures[one] * count * tile.design) @ tile.design.T
        if has:
            gradient[p] = tile.of_rows(tau * (slope[one] - losses[one])[None])[0]
            beside = -tau * tile.design @ (count * slopes[one])
            own[p, :p] = own[:p, p] = beside
            own[p, p] = count @ (tau * losses[one] - tau * slope[one] - tau**2 * bend[one])
        place = slice(one * size, (one + 1) * size)
        chance = (np.arange(k) == one)[1:] - mixture.weights[1:]
        total[place, place] += own - (gradient * mass[one]) @ gradient.T
        across = np.outer(gradient @ mass[one], chance)
        total[place, k * size :] -= across
        total[k * size :, place] -= across.T
        total[k * size :, k * size :] -= mass[one].sum() * np.outer(chance, chance)
        means[:, place] = (gradient * shares[one]).T
    free = mixture.weights[1:]
    total[k * size :, k * size :] += weights.sum() * (np.diag(free) - np.outer(free, free))
    means[:, k * size :] = shares[1:].T - free
    return total + (means * weights[:, None]).T @ means


def errors_of(
    mixture: Mixture, rows: Float, weights: Float, columns: Mapping[str, tuple[int, ...]]
) -> RegressionErrors:
    """Return standard errors by the inverse of the observed information.

    Parameters
    ----------
    columns : as in `RegressionErrors`

    Raises
    ------
    InformationError
        If the rows do not determine all parameters, or the mixture is no maximum for them.
    """
    family: Any = mixture.family
    k, p, has = mixture.n_components, family.n_terms, bool(family.response.has_precision)
    if not has:
        _check_ends(mixture, rows, weights)
    ways = _free(family, k, held_weights=mixture.held)
    information = ways.T @ information_of(mixture, rows, weights) @ ways
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(scale, scale)
    if len(scaled) and not np.linalg.eigvalsh(scaled)[0] > UNDETERMINED:
        raise InformationError(
            "these rows do not determine all coefficients, or the model is no maximum for them: "
            "fit it to these rows with a smaller tol, or take fewer components or terms"
        )
    inverse = np.linalg.inv(scaled) / np.outer(scale, scale)
    covariance = ways @ inverse @ ways.T
    size = p + has
    places = np.arange(k * size).reshape(k, size)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    errors = np.where(errors > 0, errors, np.nan)
    spreads = spreads_of(family.response, mixture.parameters)
    factor = 0.5 * spreads if spread_name(family.response) == "sigma" else spreads
    jacobian = (np.diag(mixture.weights) - np.outer(mixture.weights, mixture.weights))[:, 1:]
    chances = jacobian @ covariance[k * size :, k * size :] @ jacobian.T
    inner = places[:, :p].ravel()
    return RegressionErrors(
        family.terms,
        mixture.parameters.coefficients,
        errors[places[:, :p]],
        spreads,
        factor * errors[places[:, p]] if has else spreads,
        np.sqrt(np.maximum(np.diag(chances), 0.0)),
        covariance[np.ix_(inner, inner)],
        mixture.names,
        columns,
    )


def _check_ends(mixture: Mixture, rows: Float, weights: Float) -> None:
    """Raise `InformationError` where coefficients have no maximum."""
    family: Any = mixture.family
    tile = family.prepare(rows, family.workspace(len(rows)))
    evaluator = family.bind(np.zeros(mixture.n_components), mixture.parameters)
    totals = evaluator.zeros()
    evaluator.accumulate(tile, mixture.responsibilities(rows).T * weights, totals)
    shared = family.shared(tile, weights)
    information = family.moments(totals, mixture.parameters, shared).information
    mass = tile.of_cells(weights[None])[0]
    frame = frame_of(tile.design.T, mass, family.terms)
    for k, names in endless_terms(frame @ information @ frame.T, frame, family).items():
        raise InformationError(
            f"coefficients of {', '.join(names)} in component {k} run off without end, where a "
            "likelihood has no curvature to go by: its responses are all 0, or these terms "
            "separate 0 from 1; try fewer components or terms, or hold them by fix"
        )


def _free(family: RegressionFamily, k: int, *, held_weights: bool) -> Float:
    """Return how all parameters follow from those that are free."""
    p, has = family.n_terms, bool(family.response.has_precision)
    nothing = Bounds(np.full((1, p), np.nan), np.zeros(p, dtype=bool))
    bounds = family.bounds or nothing
    of_terms = bounds.directions(k)
    spreads = np.ones((k, 1)) if bounds.alike_precision else np.eye(k)
    parts = of_terms.shape[1], spreads.shape[1] if has else 0, 0 if held_weights else k - 1
    found = np.zeros((k * (p + has) + k - 1, sum(parts)))
    places = np.arange(k * (p + has)).reshape(k, p + has)
    found[places[:, :p].ravel(), : parts[0]] = of_terms
    if has:
        found[places[:, p], parts[0] : parts[0] + parts[1]] = spreads
    if not held_weights:
        found[k * (p + has) :, parts[0] + parts[1] :] = np.eye(k - 1)
    return found
