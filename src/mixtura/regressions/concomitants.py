"""Weights of regressions by covariates: mixtures of experts, π_ik = softmax(z_i B)_k.

Regressions are fitted without covariates first, and from that end, and from further lines through
few rows, EM of both follows (Dayton and Macready 1988; Jordan and Jacobs 1994).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from mixtura.covariates.asked import FittedCovariates, covariates_of
from mixtura.covariates.design import Covariate, Design, design_of, raw_columns
from mixtura.covariates.formulas import Formula
from mixtura.covariates.kept_formulas import document_of, revived_covariates
from mixtura.covariates.logit import unbounded
from mixtura.covariates.maximum import check_bounded
from mixtura.covariates.membership import log_probabilities
from mixtura.covariates.together import Ascent, Joint, State, ascended
from mixtura.em.certificate import Certificate
from mixtura.em.failures import attempted, survivors
from mixtura.em.history import History, Step
from mixtura.em.solve import FitResult, SolveOptions, fit_options
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.errors import DataError, InformationError, ParameterError
from mixtura.regressions.left_side import rows_of_frame
from mixtura.regressions.rows import Laid
from mixtura.regressions.starts import LineStarts

__all__ = ["Concomitants", "GatedFit", "Logit", "asked_of", "first_rows", "gated"]

Float = NDArray[np.float64]

# Further starts from lines through few rows, for each that a fit without covariates carries on.
FURTHER = 3
# Ends that are so close, in nats, are one.
SAME = 0.05
# A weight where there is none.
TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Logit:
    """Weights of some rows by covariates, at their estimates.

    Attributes
    ----------
    terms : the covariates
    design : their columns
    coefficients : (K - 1, P) of these columns
    """

    terms: Sequence[Covariate]
    design: Design
    coefficients: Float

    @property
    def log_weights(self) -> Float:
        """Return log π_ik (n, K)."""
        return log_probabilities(self.design.columns, self.coefficients, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Concomitants:
    """A multinomial logit of regressions: log π_k / π_0 = z b_k.

    Attributes
    ----------
    text : the formula of z
    covariates : how its columns are read
    coefficients : (P, K - 1) of the regressions but the first, in the user's units
    """

    text: str
    covariates: FittedCovariates
    coefficients: Float

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns that are read."""
        return tuple(name for name, _ in self.covariates.columns)

    def terms(self, data: Any) -> Sequence[Covariate]:
        """Return the covariates of a frame's rows.

        Raises
        ------
        DataError
            If one is not there, a cell is missing, or a level was not in the fit.
        """
        rows_of_frame(data, self.text)
        return self.covariates.of(data)

    def log_weights(self, data: Any) -> Float:
        """Return log π_ik (N, K)."""
        design = raw_columns(self.terms(data))
        if design.shape[1] != len(self.coefficients):
            raise DataError(f"'{self.text}' has other terms for these rows than in the fit")
        return log_probabilities(design, self.coefficients.T, 0)

    def of(self, data: Any, laid: Laid) -> Logit:
        """Return the logit at rows as they are laid out, that have weight.

        Raises
        ------
        DataError
            If covariates cannot be used.
        """
        rows = first_rows(laid)[laid.kept]
        terms = tuple(_some(one, rows) for one in self.terms(data))
        design = design_of(terms, laid.counted)
        inside = np.linalg.solve(design.back, self.coefficients)
        return Logit(terms, design, np.asarray(inside.T, np.float64))

    def document(self) -> dict[str, Any]:
        """Return all but the coefficients, as JSON holds it."""
        return {"text": self.text, "covariates": document_of(self.covariates)}

    @classmethod
    def revived(cls, document: Mapping[str, Any], coefficients: Float, n_components: int) -> Self:
        """Return what `document` described.

        Raises
        ------
        ParameterError
            If it has code that is not evaluated, or coefficients of another shape.
        """
        shape = coefficients.shape
        if len(shape) != 2 or shape[1] != n_components - 1 or not np.isfinite(coefficients).all():
            raise ParameterError("coefficients of its weights are not of its components")
        return cls(str(document["text"]), revived_covariates(document["covariates"]), coefficients)


@dataclass(frozen=True, slots=True)
class _Some:
    """Some rows of a covariate."""

    name: str
    labels: tuple[str, ...]
    columns: Float
    are_numbers: bool


def _some(one: Covariate, rows: NDArray[np.intp]) -> _Some:
    return _Some(one.name, tuple(one.labels), one.columns[rows], one.are_numbers)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Covariates of the rows of a fit.

    Attributes
    ----------
    text : their formula
    read : how those of other rows are read
    design : of rows that have weight, or of groups of such
    """

    text: str
    read: FittedCovariates
    design: Design


@dataclass(frozen=True, slots=True, repr=False)
class GatedFit(FitResult):
    """A fit whose weights are by covariates.

    Attributes
    ----------
    slopes : how many parameters these have beyond those of weights without any
    """

    slopes: int = 0

    @property
    def n_parameters(self) -> int:
        """Return the number of free parameters."""
        return self.mixture.n_parameters + self.slopes


def asked_of(text: Any, data: Any, laid: Laid) -> Asked:
    """Return the covariates that a formula asks for, of rows as they are laid out.

    Raises
    ------
    ParameterError
        If it is no formula.
    DataError
        If columns are not there, cells cannot be used, or rows of one group differ.
    """
    if not isinstance(text, str):
        raise ParameterError(f"concomitant should be a formula such as 'age + C(g)', not {text!r}")
    n_rows = rows_of_frame(data, text)
    asked = covariates_of(Formula.of(text), data, n_rows)
    first = first_rows(laid)
    used = np.isin(laid.places, laid.kept)
    for one in asked.variables:
        gaps = np.flatnonzero(used & np.isnan(one.cells))
        if len(gaps):
            raise DataError(
                f"column '{one.name}' is missing at row {gaps[0]} (counted from 0); leave such "
                "rows out"
            )
        unlike = np.flatnonzero(used & (one.cells != one.cells[first[laid.places]]))
        if len(unlike):
            raise DataError(
                f"column '{one.name}' at row {unlike[0]} (counted from 0) is not what it is in "
                "another row of the group, whose weights go by it; give all its rows one value"
            )
    read, terms = asked.of(first[laid.kept]).fitted()
    return Asked(text, read, design_of(terms, laid.counted))


def first_rows(laid: Laid) -> NDArray[np.intp]:
    """Return the first of the rows of each group, or of each row itself."""
    first = np.empty(len(laid.rows), dtype=np.intp)
    first[laid.places[::-1]] = np.arange(len(laid.places))[::-1]
    return first


def gated(
    result: FitResult,
    family: Any,
    laid: Laid,
    asked: Asked,
    options: SolveOptions,
    *,
    numbered: bool,
) -> tuple[GatedFit, Concomitants, list[str]]:
    """Return the fit with weights by covariates, these, and sentences on what has no bound.

    Parameters
    ----------
    result : of the fit without covariates
    numbered : whether components have an order that is not by size
    """
    k, design = len(result.mixture.weights), asked.design
    told = {name: getattr(result, name) for name in FitResult.__dataclass_fields__}
    if k == 1:
        none = np.empty((len(design.terms), 0))
        return GatedFit(**told), Concomitants(asked.text, asked.read, none), []
    sweep = Sweep(family, laid.source, Serial())
    loop = fit_options(sweep, k, options)
    weights, rows = laid.counted, laid.rows[laid.kept]
    joint = Joint(sweep, rows, design.columns, weights, 0, k, loop.prior)
    begun = [_begun(joint, result.mixture.weights, family.in_frame(result.mixture.parameters))]
    if not numbered:
        starts = replace(options.starts, finish=FURTHER * options.starts.finish)
        begun += [
            _begun(joint, np.exp(model.log_weights), model.parameters)
            for model in LineStarts(k, starts)(sweep, loop)
        ]
    tried = [attempted(partial(ascended, joint, start, options.max_iter)) for start in begun]
    ends: list[Ascent] = list(survivors(tried, loop))
    best = max(ends, key=lambda end: end.state.objective)
    state = best.state if numbered else _by_size(joint, best.state)
    near = sum(abs(end.state.objective - best.state.objective) < SAME for end in ends)
    doubts = _doubts(joint, state, design, weights, result.mixture.names)
    back = state.coefficients.reshape(k - 1, len(design.terms)) @ design.back.T
    _, parameters = family.in_user_units(state.parameters)
    shares, resting = state.responsibilities, np.exp(joint.log_weights(state.coefficients))
    with np.errstate(divide="ignore"):
        largest = np.log(shares.max(axis=1))
    told |= {
        "mixture": replace(
            result.mixture, weights=weights @ resting / weights.sum(), parameters=parameters
        ),
        "log_likelihood": state.log_likelihood,
        "log_largest": float(weights @ largest),
        "entropy": float(weights @ entr(shares).sum(axis=1)),
        "effective_rows": weights @ shares,
        # Bounds of Jensen's are not asked for here.
        "history": History(
            [Step(value, value, np.nan) for value in best.objective],
            certificate=_certified(joint, state),
        ),
        "ending": Ending.CONVERGED if best.converged else Ending.ITERATION_LIMIT,
        "starts_agreeing": near,
        "n_starts": len(ends),
        "remaining_gain": 0.0 if best.converged else np.inf,
    }
    found = GatedFit(**told, slopes=(k - 1) * (len(design.terms) - 1))
    return found, Concomitants(asked.text, asked.read, back.T), doubts


def _begun(joint: Joint, weights: Float, parameters: Any) -> State:
    """Return a start whose weights do not go by covariates."""
    logs = np.log(np.maximum(weights, TINY))
    start = np.zeros((len(weights) - 1, joint.design.shape[1]))
    start[:, 0] = logs[1:] - logs[0]
    return joint.at(start.ravel(), parameters)


def _by_size(joint: Joint, state: State) -> State:
    """Return a point with the largest component first."""
    order = np.argsort(-(joint.weights @ state.responsibilities), kind="stable")
    own = state.coefficients.reshape(joint.n_components - 1, -1)
    every = np.vstack([np.zeros((1, joint.design.shape[1])), own])[order]
    return joint.at((every[1:] - every[0]).ravel(), state.parameters.take(order.tolist()))


def _certified(joint: Joint, state: State) -> Certificate:
    """Return how nearly a point is stationary, by what EM's next step gains of Q."""
    family, membership = joint.sweep.family, joint.membership(state.responsibilities)
    after = joint.step(state)
    moments = joint.sweep.from_responsibilities(state.responsibilities, state.parameters)
    before, then = (
        membership(one.coefficients).value + family.expected_log_density(one.parameters, moments)
        for one in (state, after)
    )
    change = joint.weights @ (
        np.exp(joint.log_weights(after.coefficients))
        - np.exp(joint.log_weights(state.coefficients))
    )
    moved = float(np.abs(change).max() / joint.weights.sum())
    return Certificate(float(np.sqrt(2.0 * max(then - before, 0.0))), moved)


def _doubts(
    joint: Joint, state: State, design: Design, weights: Float, names: Sequence[str]
) -> list[str]:
    """Return a sentence where coefficients of weights have no bound."""
    point = joint.membership(state.responsibilities)(state.coefficients)
    try:
        check_bounded(point, weights, lambda place: unbounded(design, names, 0, place))
    except InformationError as error:
        return [str(error)]
    return []
