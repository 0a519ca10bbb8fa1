"""Standard errors of mixtures of regressions as they are told, with tests of coefficients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import lengths
from mixtura.covariates.logit import ClassMembership
from mixtura.errors import ParameterError
from mixtura.inference.wald import WaldTest, two_sided, wald_test
from mixtura.regressions.terms import INTERCEPT
from mixtura.text import Passage, Summary, Table, Tabled, probability

__all__ = ["UNDETERMINED", "RegressionErrors"]

Float = NDArray[np.float64]

# Directions with less of the information, each parameter in its own unit, are not determined.
UNDETERMINED = 1e-9


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RegressionErrors(Tabled):
    """Standard errors of a mixture of regressions, NaN for what was held.

    Attributes
    ----------
    terms : names of the coefficients (p,), the intercept first
    coefficients, standard_errors : (K, p)
    spreads, spread_errors : (K,) of `sigma_` or `shape_`, empty where there are none
    weight_errors : (K,)
    roots : (K p, q) L of the covariance L Lᵀ of the coefficients, component by component, as of
        terms far from 0 the covariance has not the digits to tell of one line
    names : (K,) what the components are called
    columns : places among the terms that a term of a formula has, where there is one
    membership : the logit of weights that go by covariates, with errors and tests
    """

    terms: tuple[str, ...]
    coefficients: Float
    standard_errors: Float
    spreads: Float
    spread_errors: Float
    weight_errors: Float
    roots: Float
    names: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    membership: ClassMembership | None = None

    def __repr__(self) -> str:
        k, p = self.coefficients.shape
        return f"<RegressionErrors of {k} components, {p} terms>"

    @property
    def covariance(self) -> Float:
        """Return the covariance (K p, K p) of the coefficients, component by component."""
        return self.roots @ self.roots.T

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
        roots = self.roots[places]
        if equal:
            apart = np.kron(np.eye(len(own)), np.eye(k)[1:] - np.eye(k)[:1])
            estimates, roots = apart @ estimates, apart @ roots
        scale = lengths(roots)
        known = bool(len(estimates)) and bool((scale > 0).all())
        shares = roots / scale[:, None] if known else roots
        scaled = shares @ shares.T
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
                probability(row["p_value"]),
            ]
            for row in self.table()
        ]
        table = Table.of(["term (component)", "estimate", "std. error", "z", "p"], rows)
        more = () if self.membership is None else self.membership.summary().passages
        return Summary([Passage(tables=(table,)), *more], self.table())
