"""Observed information, and the covariance of estimates that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from mixtura.arrays import as_share
from mixtura.components.derivatives import Chart
from mixtura.data.weights import given_weights
from mixtura.engines import Engine, engine_named
from mixtura.errors import BoundaryError, InformationError, ParameterError
from mixtura.inference.numbers import Numbers, checked_boundary
from mixtura.inference.rows import Rows, checked
from mixtura.inference.scores import row_scores, score_sums
from mixtura.inference.spectrum import SINGULAR, Spectrum
from mixtura.inference.survey import Sampling, SurveyDesign, sampling_of
from mixtura.mixture import Mixture

__all__ = ["Information", "Interval", "information", "information_of", "intervals_of"]

Float = NDArray[np.float64]

METHODS = ("observed", "scores", "sandwich")

# How many parameters a reason names.
LISTED = 4


class Interval(NamedTuple):
    """Lower and upper ends of confidence intervals, in the shape of the parameters."""

    lower: Float
    upper: Float


@dataclass(frozen=True)
class Information:
    """The information that rows have of a mixture's free parameters.

    Attributes
    ----------
    observed : (M, M) -∇²ℓ, exact at any point
    scores : (M, M) Σ w s sᵀ, the outer product of the rows' scores
    gradient : (M,) ∇ℓ
    names : of the free parameters
    held : (K, 1 + q) numbers that are held, or on the edge of their range, and taken as known
    """

    observed: Float
    scores: Float
    gradient: Float
    names: tuple[str, ...]
    held: NDArray[np.bool_] = field(repr=False)
    _numbers: Numbers = field(repr=False)
    _chart: Chart = field(repr=False)

    def covariance(self, method: str = "observed") -> Float:
        """Return the covariance (M, M) of the estimates of the free parameters.

        Parameters
        ----------
        method : "observed", I⁻¹; "scores", (Σ w s sᵀ)⁻¹; or "sandwich", I⁻¹ (Σ w s sᵀ) I⁻¹, which
            holds also where the rows are not of such a mixture (Huber 1967, White 1982)

        Raises
        ------
        ParameterError
            If the method is none of these.
        InformationError
            If the information is singular, or the mixture is no maximum for these rows.
        """
        if method not in METHODS:
            raise ParameterError(f"method should be one of {', '.join(METHODS)}, not {method!r}")
        if method == "scores":
            return self._inverse(self.scores)
        if method == "observed":
            return self._inverse_observed
        return self._inverse_observed @ self.scores @ self._inverse_observed

    @cached_property
    def _inverse_observed(self) -> Float:
        return self._inverse(self.observed)

    def standard_errors(self, method: str = "observed") -> Mapping[str, Float]:
        """Return the standard errors of the user's parameters, by the delta method.

        Returns
        -------
        arrays by name, in the shape of the parameters: "weights" (K,), and "means" and
        "covariances", "probabilities" or "rates"; NaN for those that are held
        """
        return self._numbers.arranged(self._errors(method))

    def confidence_intervals(
        self, level: float = 0.95, method: str = "observed"
    ) -> Mapping[str, Interval]:
        """Return confidence intervals of the user's parameters.

        They are symmetric about the logarithm of variances and rates, and about the logit of
        weights and probabilities, so that no end lies beyond the range.

        Parameters
        ----------
        level : between 0 and 1
        method : as in `covariance`

        Returns
        -------
        intervals by name, their ends in the shape of the parameters; NaN for those held

        Raises
        ------
        ParameterError
            If `level` or `method` is none of these.
        InformationError
            If the information is singular, or the mixture is no maximum for these rows.
        """
        return intervals_of(self._numbers, self._errors(method), level)

    @property
    def nats_to_gain(self) -> float:
        """Return ½ gᵀ I⁻¹ g, what a Newton step would add to the log-likelihood."""
        return 0.5 * float(self.gradient @ self._inverse_observed @ self.gradient)

    def _errors(self, method: str) -> Float:
        variances = self._chart.variances(self.covariance(method))
        return np.where(self.held, np.nan, np.sqrt(np.maximum(variances, 0.0)))

    def _inverse(self, matrix: Float) -> Float:
        """Return the inverse by eigenvalues of the matrix in units of its own diagonal."""
        if not len(matrix):
            return matrix
        diagonal = np.diagonal(matrix)
        if not (diagonal > 0).all():
            which = self.names[int(np.argmin(diagonal))]
            raise InformationError(
                f"the log-likelihood of these rows does not curve down along {which}: the mixture "
                "is no maximum for them. Fit it to these rows first, with a smaller tol"
            )
        spectrum = Spectrum.of(matrix)
        if spectrum.is_singular:
            raise InformationError(self._reason(spectrum.ratio, spectrum.axes[:, 0]))
        return spectrum.inverse

    def _reason(self, ratio: float, direction: Float) -> str:
        """Return what the information lacks, naming the parameters that move together."""
        order = np.argsort(-np.abs(direction))[:LISTED]
        names = ", ".join(self.names[a] for a in order if np.abs(direction[a]) > 0.1)
        if ratio < -SINGULAR:
            return (
                f"the log-likelihood rises along a direction of {names}: the mixture is no "
                "maximum for these rows. Fit it to them first, with a smaller tol"
            )
        return (
            f"the information is singular along a direction of {names}: these rows cannot tell "
            "such parameters apart. Use fewer components, or a structure that shares more"
        )


def information(
    mixture: Mixture,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    boundary: str = "refuse",
    missing: str = "error",
    survey: SurveyDesign | None = None,
    engine: Any = "threads",
    n_jobs: int | None = None,
) -> Information:
    """Return the observed information and the outer product of scores, from one pass over rows.

    Parameters
    ----------
    mixture : Mixture
        At a maximum for these rows, if it is to say how sure estimates are.
    X : (N, D)
    sample_weight : (N,) row weights from 0 up; weight 2 is the row twice
    boundary : "refuse" or "hold"
        What to do where a weight, probability or rate is so near the edge of its range that less
        than a hundredth of a row speaks of it: refuse, or take it as known.
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN
    survey : how the rows were drawn, in place of `sample_weight`: `scores` is then the variance of
        the weighted scores by strata and clusters, and the sandwich is the method of linearisation
    engine, n_jobs : who does the work, as in the estimators

    Raises
    ------
    BoundaryError
        If a parameter is on the edge of its range and `boundary` is "refuse".
    InformationError
        If the curvature is beyond numbers, as of columns that are 1e160 wide.
    """
    hold = checked_boundary(boundary)
    sampling = None
    rows = checked(mixture, X, sample_weight, missing, counts=survey is None)
    if survey is not None:
        sampling = sampling_of(rows.n_rows, given_weights(X, sample_weight), survey)
        rows = replace(rows, weights=sampling.weights)
    return information_of(mixture, rows, sampling, hold=hold, engine=engine_named(engine, n_jobs))


def information_of(
    mixture: Mixture, rows: Rows, sampling: Sampling | None, *, hold: bool, engine: Engine
) -> Information:
    """Return the information of rows that are checked.

    Parameters
    ----------
    rows : with the weights that they count by
    sampling : how they were drawn, or None where a weight is so many rows
    hold : whether numbers on the edge of their range are taken as known
    """
    order = rows.order()
    rows = rows.gathered()
    numbers = Numbers(mixture, rows.family)
    edge = numbers.edge(rows.total_weight)
    if edge.reason and not hold:
        raise BoundaryError(
            f"{edge.reason}, where estimates are not normal about it. Use boundary='hold' to take "
            "such parameters as known, or the bootstrap"
        )
    chart = numbers.chart(edge.numbers)
    sums = score_sums(rows, numbers, chart, edge.numbers, engine)
    with np.errstate(over="ignore", invalid="ignore"):
        curvature = numbers.curvature(sums.effective_rows, sums.extra, sums.gradient)
        hessian = chart.hessian(curvature + sums.within, sums.gradient) - sums.outer
    if not np.isfinite(hessian).all():
        wrong = np.flatnonzero(~np.isfinite(hessian).all(axis=1))
        raise InformationError(
            f"the curvature of the log-likelihood by {chart.names[wrong[0]]} is beyond numbers; "
            "multiply the column by a power of ten, and fit again"
        )
    outer = sums.outer
    if sampling is not None:
        scores = row_scores(rows, numbers, chart, edge.numbers)
        outer = sampling.of(order).middle(scores)
    return Information(
        observed=-hessian,
        scores=outer,
        gradient=chart.gradient(sums.gradient),
        names=chart.names,
        held=edge.numbers,
        _numbers=numbers,
        _chart=chart,
    )


def intervals_of(numbers: Numbers, errors: Float, level: float = 0.95) -> Mapping[str, Interval]:
    """Return confidence intervals by name, of standard errors (K, 1 + q) of all numbers."""
    half = float(ndtri(0.5 + 0.5 * as_share("level", level))) * errors
    lower, upper = (
        numbers.arranged(_shifted(numbers.values, shift, numbers.scales)) for shift in (-half, half)
    )
    return {name: Interval(lower[name], upper[name]) for name in lower}


def _shifted(values: Float, shift: Float, scales: NDArray[np.int8]) -> Float:
    """Return values moved by multiples of their errors on the scale of each."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        positive = values * np.exp(shift / values)
        odds = values / (1.0 - values) * np.exp(shift / (values * (1.0 - values)))
        share = np.where(np.isinf(odds), 1.0, odds / (1.0 + odds))
    moved = np.choose(scales, [values + shift, positive, share])
    return np.where(shift == 0, values, moved)
