"""What contaminated normal components are to users: units, rows, words and files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.contaminated.parameters import ContaminatedParameters
from mixtura.components.contaminated.words import described, mixture_title, tables_of
from mixtura.components.gaussian.rows import component_log_density, nearest_components
from mixtura.components.gaussian.structures import Structure, structure
from mixtura.components.scaled_components import ScaledComponents
from mixtura.errors import ParameterError
from mixtura.text import Passage

__all__ = ["ContaminatedValues", "badness"]

Float = NDArray[np.float64]


class ContaminatedValues(ScaledComponents):
    """The part of the family that is about users' rows and numbers."""

    name: ClassVar[str]
    inner: Any

    @classmethod
    def in_own_units(cls, form: Structure, n_columns: int) -> Self:
        """Return the family in the user's units, as a `Mixture` holds it."""
        make: Any = cls
        return make(cls.unframed(form, n_columns))

    def in_user_units(
        self, parameters: ContaminatedParameters
    ) -> tuple[Self, ContaminatedParameters]:
        """Return the family and the parameters out of the frame."""
        _, gaussian = self.inner.in_user_units(parameters.gaussian)
        own = self.in_own_units(structure(self.structure.code), self.n_columns)
        return own, replace(parameters, gaussian=gaussian)

    def in_frame(self, parameters: ContaminatedParameters) -> ContaminatedParameters:
        """Return parameters given in the user's units in the frame."""
        return replace(parameters, gaussian=self.inner.in_frame(parameters.gaussian))

    def row_log_density(self, rows: NDArray[Any], parameters: ContaminatedParameters) -> Float:
        """Return log f_k(x) (n, K) of rows (n, D)."""
        return np.logaddexp(*_of_both(rows, parameters))

    def far_posterior(self, rows: NDArray[Any], parameters: ContaminatedParameters) -> Float:
        """Return 1 for the components whose bad rows are nearest, shared where they tie."""
        bad = parameters.both.take(slice(parameters.n_components, None))
        return nearest_components(rows, bad)

    def sample(
        self, parameters: ContaminatedParameters, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row (D,) per label: a Gaussian's, or a wider one's."""
        rows = self.inner.sample(parameters.gaussian, labels, rng)
        bad = rng.random(len(labels)) >= parameters.shares[labels]
        times = np.where(bad, np.sqrt(parameters.inflations[labels]), 1.0)
        means = parameters.means[labels]
        return means + times[:, None] * (rows - means)

    def title(self, n_components: int) -> str:
        """Return "Contaminated normal mixture, full covariance, 3 components"."""
        return mixture_title(self.structure, n_components)

    def tables(
        self, parameters: ContaminatedParameters, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return shares of good rows and inflations, means and covariances as text tables."""
        return tables_of(parameters, columns, names)

    def describe(
        self, parameters: ContaminatedParameters, columns: Sequence[str]
    ) -> Mapping[str, Any]:
        """Return the structure in words, means, covariances of good rows, shares, inflations."""
        return described(self.inner.describe(parameters.gaussian, columns), parameters)

    def to_arrays(
        self, parameters: ContaminatedParameters
    ) -> tuple[dict[str, Float], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays, document = self.inner.to_arrays(parameters.gaussian)
        own = {"good_shares": parameters.shares, "inflations": parameters.inflations}
        return {**arrays, **own}, {**document, "family": self.name}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple[Self, ContaminatedParameters]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no parameters of contaminated normal components.
        """
        inner, gaussian = cls.of_arrays(arrays, document)
        shape = (gaussian.n_components,)
        shares, inflations = (
            as_shape(name, arrays[name], shape) for name in ("good_shares", "inflations")
        )
        if not ((shares >= 0) & (shares < 1)).all():
            raise ParameterError("'good_shares' should be from 0 up to 1")
        if not ((inflations >= 1) & np.isfinite(inflations)).all():
            raise ParameterError("'inflations' should be 1 or more")
        make: Any = cls
        return make(inner), ContaminatedParameters(gaussian, shares, inflations)


def _of_both(rows: NDArray[Any], parameters: ContaminatedParameters) -> tuple[Float, Float]:
    """Return log densities (n, K) of good rows and of bad ones, with their shares."""
    with np.errstate(divide="ignore"):
        found = component_log_density(rows, parameters.both) + parameters.log_shares
    k = parameters.n_components
    return found[:, :k], found[:, k:]


def badness(rows: NDArray[Any], parameters: ContaminatedParameters) -> Float:
    """Return how probably each row (n, D) is a bad one of each component (n, K)."""
    good, bad = _of_both(rows, parameters)
    with np.errstate(over="ignore", invalid="ignore"):
        found = 1.0 / (1.0 + np.exp(good - bad))
    # What is beyond the floats in both is bad.
    return np.where(np.isnan(found), 1.0, found)
