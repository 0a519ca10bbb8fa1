"""Starts that a user gives in part or in full: weights, means, precisions, responsibilities."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import as_shape
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import structure
from mixtura.em.fit import log_weights_of
from mixtura.em.model import Model
from mixtura.em.responsibilities import SOFTENING
from mixtura.errors import ParameterError
from mixtura.estimators.gaussian_shapes import covariance_of_precisions
from mixtura.estimators.inputs import Kept

__all__ = ["GivenStart", "checked_responsibilities", "checked_weights"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GivenStart:
    """What a user gave of a start, in the user's units; None where nothing was given."""

    weights: Float | None
    means: Float | None
    covariance: Any | None

    @classmethod
    def of(cls, estimator: Any, n_components: int, n_columns: int) -> "GivenStart":
        """Return the checked start of a `GaussianMixture`."""
        weights, means, covariance = None, None, None
        if estimator.weights_init is not None:
            weights = checked_weights(estimator.weights_init, n_components)
        if estimator.means_init is not None:
            means = as_shape("means", estimator.means_init, (n_components, n_columns))
        if estimator.precisions_init is not None:
            name = estimator.covariance_type
            covariance = covariance_of_precisions(
                name, structure(name), estimator.precisions_init, n_components, n_columns
            )
        return cls(weights, means, covariance)

    @property
    def empty(self) -> bool:
        """Whether nothing was given."""
        return self.weights is None and self.means is None and self.covariance is None

    @property
    def complete(self) -> bool:
        """Whether everything was given, so that no start need be made."""
        return not (self.weights is None or self.means is None or self.covariance is None)

    def model(self, family: GaussianFamily) -> Model:
        """Return the start of a complete one."""
        assert self.weights is not None
        assert self.means is not None
        assert self.covariance is not None
        parameters = family.in_frame(GaussianParameters(self.means, self.covariance))
        return Model(log_weights_of(self.weights), parameters)

    def replaced(self, family: GaussianFamily, model: Model) -> Model:
        """Return a model with the given parts in place of its own."""
        parameters = model.parameters
        weights = model.log_weights if self.weights is None else log_weights_of(self.weights)
        if self.means is not None:
            parameters = replace(parameters, means=family.frame.enter(self.means))
        if self.covariance is not None:
            covariance = self.covariance.scaled(1.0 / family.frame.scale)
            parameters = replace(parameters, covariance=covariance)
        return Model(weights, parameters)

    def nearest(self, family: GaussianFamily, rows: NDArray[Any]) -> Float:
        """Return hard responsibilities (N, K) of the given mean nearest to each row."""
        assert self.means is not None
        points, centres = family.embed(rows), family.embed(self.means)
        distances = (centres**2).sum(axis=1) - 2.0 * points @ centres.T
        hard = np.zeros(distances.shape)
        hard[np.arange(len(hard)), distances.argmin(axis=1)] = 1.0
        if hard.any(axis=0).all():
            return hard
        softened = hard + SOFTENING
        return softened / softened.sum(axis=1, keepdims=True)


def checked_weights(weights: ArrayLike, n_components: int) -> Float:
    """Return mixing weights (K,) that lie in [0, 1] and sum to one."""
    array = as_shape("weights", weights, (n_components,))
    if (array < 0).any() or (array > 1).any():
        # The order of the two numbers is scikit-learn's, whose message this is.
        raise ParameterError(
            "The parameter 'weights' should be in the range [0, 1], but got max value "
            f"{array.min():.5f}, min value {array.max():.5f}"
        )
    if abs(1 - array.sum()) > 1e-6:
        raise ParameterError(
            "The parameter 'weights' should be normalized, but got sum(weights) = "
            f"{array.sum():.5f}"
        )
    return array


def checked_responsibilities(
    given: ArrayLike, n_rows: int, n_components: int, kept: Kept | None
) -> Float:
    """Return responsibilities (N, K) for the rows that are fitted; rows are made to sum to one."""
    total_rows = n_rows if kept is None else kept.n_given
    array = as_shape("responsibilities_init", given, (total_rows, n_components))
    sums = array.sum(axis=1)
    wrong = np.flatnonzero((array < 0).any(axis=1) | (sums <= 0))
    if wrong.size:
        raise ParameterError(
            f"'responsibilities_init' row {wrong[0]} has a negative entry or is all zero; give "
            "shares that sum to one"
        )
    array /= sums[:, None]
    return array if kept is None else array[kept.positions]
