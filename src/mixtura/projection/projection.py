"""`project`: the directions in which components differ most, and the mixture in their plane."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import whole_number
from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import structure
from mixtura.components.margins import covariance_of, moments_of
from mixtura.components.noise import beside_noise
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.student_t.parameters import StudentTParameters
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture
from mixtura.projection.directions import Directions, directions_of
from mixtura.text import Passage, Summary, Table, Tabled, number

__all__ = ["Projection", "project"]

Float = NDArray[np.float64]

BY = ("both", "means")

# Families whose components are of the same family in any direction.
FAMILIES = ("gaussian", "t", "factor_analyser")

# Components that are the same in all directions to so many of their digits tell nothing.
ALIKE = 1e-20


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Projection(Tabled):
    """Directions that show the components of a mixture, or the classes of a classifier.

    Attributes
    ----------
    source : the mixture that was projected, of a classifier that of all its classes together
    directions : the axes and what is told apart along each
    mixture : the components in these directions, in the units of the scores; without noise
    groups : (K,) the component that each is, or of a classifier the place of its class
    """

    source: Mixture
    directions: Directions
    mixture: Mixture
    groups: NDArray[np.intp]

    def __repr__(self) -> str:
        width, count = self.directions.axes.shape
        return f"<Projection of {width} columns on {count} directions>"

    @property
    def n_directions(self) -> int:
        """Return how many directions tell components apart."""
        return self.directions.axes.shape[1]

    @property
    def centre(self) -> Float:
        """Return the mean of all components (D,), where all scores are zero."""
        weights, family, parameters = _without_noise(self.source)
        return weights @ moments_of(family, parameters)[0]

    def transform(self, X: Any, n_directions: int | None = None) -> Float:
        """Return the scores of rows (N, d), of mean 0 and variance 1 in the mixture.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name. Missing cells are taken at
            their means given the others
        n_directions : how many of the first; by default all

        Raises
        ------
        ParameterError
            If there are not so many directions.
        DataError
            If rows cannot be used.
        """
        rows = np.asarray(self.source.encode(X, missing="marginal"), dtype=np.float64)
        if np.isnan(rows).any():
            rows = self.source.coded.impute(rows)
        return (rows - self.centre) @ self.directions.axes[:, : self._first(n_directions)]

    def in_first(self, n_directions: int = 2) -> Mixture:
        """Return the mixture in the first directions.

        Parameters
        ----------
        n_directions : how many

        Raises
        ------
        ParameterError
            If there are not so many directions.
        """
        return self.mixture.marginal(list(range(self._first(n_directions))))

    def uncertainty(self, X: Any, n_directions: int = 2) -> Float:
        """Return 1 - the largest posterior of a component or class (N,), of scores alone.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        n_directions : how many of the first directions are looked at
        """
        shares = self.in_first(n_directions).responsibilities(self.transform(X, n_directions))
        members = self.groups[:, None] == np.arange(int(self.groups.max()) + 1)
        return np.maximum(1.0 - (shares @ members).max(axis=1), 0.0)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each direction: its eigenvalue, by what, and the share of each column.

        A column's number is the covariance of the score with the column, in its standard
        deviations: the correlation of the two. It is by the column's name, or "column share" where
        that is the name of another number.
        """
        found, correlations = self.directions, self._correlations()
        total = float(found.eigenvalues.sum())
        rows = [
            {
                "direction": place + 1,
                "eigenvalue": float(found.eigenvalues[place]),
                "share": float(found.eigenvalues[place]) / total,
                "by_means": float(found.by_means[place]),
                "by_covariances": float(found.by_covariances[place]),
                "separation": float(found.separations[place]),
            }
            for place in range(self.n_directions)
        ]
        called = [
            f"column {name}" if name in rows[0] else name for name in self.source.column_names
        ]
        return [
            row | dict(zip(called, own, strict=True))
            for row, own in zip(rows, correlations.T.tolist(), strict=True)
        ]

    def summary(self) -> Summary:
        """Return the directions as a table, and how each column goes with them."""
        records = self.table()
        heads = ["direction", "eigenvalue", "share", "by means", "by covariances", "between/within"]
        rows = [
            [
                str(one["direction"]),
                number(one["eigenvalue"]),
                f"{one['share']:.1%}",
                number(one["by_means"]),
                number(one["by_covariances"]),
                number(one["separation"]),
            ]
            for one in records
        ]
        columns = [
            [name, *(f"{each:+.3f}" for each in own)]
            for name, own in zip(self.source.column_names, self._correlations(), strict=True)
        ]
        numbers = [str(one["direction"]) for one in records]
        heading = f"Directions of {self.source.n_columns} columns in which components differ"
        correlated = Table.of(["correlation with", *numbers], columns)
        return Summary(
            [Passage(heading, (Table.of(heads, rows),)), Passage("", (correlated,))], records
        )

    def _correlations(self) -> Float:
        """Return the correlation of each column with each score (D, d), Σ v / sd."""
        total = covariance_of(*_without_noise(self.source))
        return total @ self.directions.axes / np.sqrt(np.diagonal(total))[:, None]

    def _first(self, n_directions: int | None) -> int:
        if n_directions is None:
            return self.n_directions
        wanted = whole_number("n_directions", n_directions, 1)
        if wanted > self.n_directions:
            raise ParameterError(
                f"n_directions should be from 1 to {self.n_directions}, as there are no more in "
                f"which components differ, but got {n_directions!r}"
            )
        return wanted


def project(model: Any, *, by: str = "both") -> Projection:
    """Find the directions in which the components of a mixture, or classes, differ most.

    They are found from the parameters alone, so a model that was read from a file has them, and
    columns in other units, or other columns that are sums of these, give the same scores.

    Parameters
    ----------
    model : a `Mixture`, a fitted estimator, or a fitted `GaussianMixtureClassifier`; of Gaussian
        or t components or of factor analysers, beside noise or not
    by : "both" for differences of means and of covariances (Scrucca 2010, GMMDR); "means" for
        discriminant coordinates, or crimcoords, of which there are at most K - 1

    Raises
    ------
    ParameterError
        If there is no such model, its components are of another family, or all the same.
    """
    if by not in BY:
        raise ParameterError(f"by should be one of {', '.join(BY)}, but got {by!r}")
    source, groups = _source_of(model)
    weights, family, parameters = _without_noise(source)
    means, covariances = moments_of(family, parameters)
    degrees = getattr(parameters, "degrees", None)
    if degrees is not None and (degrees <= 2).any():
        raise ParameterError(
            "a component with 2 or fewer degrees of freedom has no covariance, so there are no "
            'directions; fit with degrees of freedom that are held above 2, or "gaussian"'
        )
    found = directions_of(weights, means, covariances, by_means_alone=by == "means")
    if not len(found.eigenvalues) or found.eigenvalues[0] <= ALIKE:
        raise ParameterError(
            f"the components do not differ in their {'means' if by == 'means' else 'shapes'}, so "
            "no direction shows them; fit two components or more"
            + (', or take by="both"' if by == "means" else "")
        )
    own, projected = _projected(family, parameters, found.axes, weights @ means)
    names = tuple(f"direction {place + 1}" for place in range(len(found.eigenvalues)))
    called = source.component_names
    mixture = Mixture(weights, own, projected, names, component_names=called)
    return Projection(source, found, mixture, groups)


def _source_of(model: Any) -> tuple[Mixture, NDArray[np.intp]]:
    """Return the mixture of all components, and which component or class each is of."""
    mixture = model if isinstance(model, Mixture) else getattr(model, "mixture_", None)
    if not isinstance(mixture, Mixture):
        raise ParameterError(
            f"directions are of a fitted mixture or classifier, but got {type(model).__name__}; "
            "call fit first"
        )
    family, _ = beside_noise(mixture.family, mixture.parameters)
    if family.name not in FAMILIES:
        raise ParameterError(
            f"a '{family.name}' mixture is of no family here in other directions than its columns; "
            f'plot("profile") shows its components. Directions are of {", ".join(FAMILIES)}'
        )
    classes = getattr(model, "mixtures_", None)
    sizes = [1] * mixture.n_components if classes is None else [len(one.weights) for one in classes]
    groups = np.repeat(np.arange(len(sizes)), sizes)
    return mixture, groups[: mixture.n_components - int(mixture.family.has_noise)]


def _without_noise(source: Mixture) -> tuple[Float, Any, Any]:
    """Return the weights of all components but noise, which add up to one, and what these are."""
    family, parameters = beside_noise(source.family, source.parameters)
    weights = source.weights[: parameters.n_components]
    return weights / weights.sum(), family, parameters


def _gaussians(means: Float, covariances: Float) -> tuple[Any, GaussianParameters]:
    width = means.shape[1]
    covariance = covariance_from("full", covariances, width)
    return GaussianFamily.in_own_units(structure("VVV"), width), GaussianParameters(
        means, covariance
    )


def _projected(family: Any, parameters: Any, axes: Float, centre: Float) -> tuple[Any, Any]:
    """Return family and parameters of (x - centre) axes."""
    if isinstance(family, StudentTFamily):
        spread = parameters.covariance.dense()
        own = StudentTFamily.in_own_units(structure("VVV"), family.degrees, axes.shape[1])
        _, scales = _gaussians((parameters.means - centre) @ axes, axes.T @ spread @ axes)
        return own, StudentTParameters(scales, parameters.degrees)
    means, covariances = moments_of(family, parameters)
    return _gaussians((means - centre) @ axes, axes.T @ covariances @ axes)
