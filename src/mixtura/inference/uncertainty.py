"""Standard errors and confidence intervals, in one call each."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.errors import MixturaWarning
from mixtura.inference.information import Information, Interval, information
from mixtura.inference.survey import SurveyDesign
from mixtura.mixture import Mixture

__all__ = ["confidence_intervals", "standard_errors"]

Float = NDArray[np.float64]

# A mixture further than this from the maximum, in nats, has standard errors of some other point.
FAR_FROM_MAXIMUM = 0.05


def standard_errors(
    mixture: Mixture,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    method: str = "observed",
    boundary: str = "refuse",
    missing: str = "error",
    survey: SurveyDesign | None = None,
    engine: Any = "threads",
    n_jobs: int | None = None,
) -> Mapping[str, Float]:
    """Return the standard errors of a fitted mixture's parameters.

    Parameters
    ----------
    mixture : as fitted to these rows
    X : (N, D)
    sample_weight : (N,) row weights from 0 up; weight 2 is the row twice
    method : "observed", "scores" or "sandwich", as in `Information.covariance`
    boundary : "refuse" or "hold", as in `information`
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN
    survey : how the rows were drawn, as in `information`; `method` should be "sandwich" then
    engine, n_jobs : who does the work, as in the estimators

    Returns
    -------
    arrays by name, in the shape of the parameters: "weights" (K,), and "means" (K, D) and
    "covariances", "probabilities" or "rates"; blocks of mixed columns before a dot

    Raises
    ------
    InformationError
        If the information is singular, or the mixture is no maximum for these rows; as
        `BoundaryError` if a parameter lies on the edge of its range.
    """
    return _at_maximum(
        mixture,
        X,
        sample_weight,
        boundary=boundary,
        missing=missing,
        survey=survey,
        engine=engine,
        n_jobs=n_jobs,
    ).standard_errors(method)


def confidence_intervals(
    mixture: Mixture,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    level: float = 0.95,
    method: str = "observed",
    boundary: str = "refuse",
    missing: str = "error",
    survey: SurveyDesign | None = None,
    engine: Any = "threads",
    n_jobs: int | None = None,
) -> Mapping[str, Interval]:
    """Return confidence intervals of a fitted mixture's parameters, lower and upper ends by name.

    Those of variances and rates are symmetric on the scale of logarithms, those of weights and
    probabilities on that of logits.

    Parameters
    ----------
    mixture, X, sample_weight, method, boundary, missing, survey : as in `standard_errors`
    engine, n_jobs : likewise
    level : between 0 and 1

    Raises
    ------
    ParameterError
        If `level` is not.
    InformationError
        As in `standard_errors`.
    """
    return _at_maximum(
        mixture,
        X,
        sample_weight,
        boundary=boundary,
        missing=missing,
        survey=survey,
        engine=engine,
        n_jobs=n_jobs,
    ).confidence_intervals(level, method)


def _at_maximum(
    mixture: Mixture, X: Any, sample_weight: ArrayLike | None, **settings: Any
) -> Information:
    found = information(mixture, X, sample_weight, **settings)
    gain = found.nats_to_gain
    if gain > FAR_FROM_MAXIMUM:
        warnings.warn(
            f"the mixture is about {gain:.3g} nats below a maximum for these rows, so its standard "
            "errors are those of another point; fit it to these rows, with a smaller tol",
            MixturaWarning,
            stacklevel=3,
        )
    return found
