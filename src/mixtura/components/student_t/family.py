"""Multivariate t components: Gaussians whose rows have widths of their own (Peel, McLachlan 2000).

The E-step gives a row u = (ν + D)/(ν + δ) beside its responsibilities. All that a Gaussian family
says of structures, frames and priors is asked of one; scatters are each component's own, as a
shared one would need sums in which rows count alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.gaussian.parameters import VANISHED
from mixtura.components.gaussian.structures import Structure, structure
from mixtura.components.gaussian.support import borrowed
from mixtura.components.saddle_point import stirling
from mixtura.components.scaled_components import ScaledComponents
from mixtura.components.student_t.degrees import Degrees
from mixtura.components.student_t.density import log_constants
from mixtura.components.student_t.evaluator import (
    GuessingEvaluator,
    Scratch,
    StudentTEvaluator,
)
from mixtura.components.student_t.parameters import (
    StudentTMoments,
    StudentTParameters,
    StudentTPrior,
    StudentTSums,
)
from mixtura.components.student_t.rows import nearest_shares, row_log_density
from mixtura.components.student_t.words import described, mixture_title, tables_of
from mixtura.components.wildness import RobustTotals
from mixtura.errors import ParameterError
from mixtura.text import Passage

__all__ = ["StudentTFamily"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class StudentTFamily(ScaledComponents):
    """K t components of one structure of scale matrices.

    Attributes
    ----------
    inner : Gaussian components of the structure; the origin and the spreads of its frame are to be
        such as wild rows do not bend
    degrees : what degrees of freedom are
    """

    inner: Any
    degrees: Degrees

    name: ClassVar[str] = "t"
    has_noise: ClassVar[bool] = False

    @classmethod
    def of(
        cls, form: Structure, degrees: Degrees, middle: Float, spread: Float, steps: Float | None
    ) -> "StudentTFamily":
        """Return the family for columns of the given middles (D,) and spreads (D,)."""
        return cls(cls.framed(form, middle, spread, steps), degrees)

    @classmethod
    def in_own_units(cls, form: Structure, degrees: Degrees, n_columns: int) -> "StudentTFamily":
        """Return the family in the user's units, as a `Mixture` holds it."""
        return cls(cls.unframed(form, n_columns), degrees)

    def workspace(self, n_rows: int) -> Any:
        """Return buffers for tiles of up to `n_rows` rows."""
        return self.inner.workspace(n_rows), Scratch()

    def bind(self, log_weights: Float, parameters: StudentTParameters) -> StudentTEvaluator:
        """Return the evaluator of one sweep."""
        determinants = parameters.covariance.log_determinant()
        constants = log_weights + determinants + log_constants(parameters.degrees, self.n_columns)
        distances = self.inner.bind(-determinants, parameters.gaussian)
        return StudentTEvaluator(distances, constants, parameters.degrees, self.n_columns)

    def unbound(self, n_components: int) -> GuessingEvaluator:
        """Return an evaluator that accumulates only, rows that are wild for little."""
        unknown = np.ones(n_components)
        return GuessingEvaluator(self.inner.unbound(n_components), unknown, unknown, self.n_columns)

    def moments(
        self, sums: StudentTSums, previous: StudentTParameters | None, shared: RobustTotals
    ) -> StudentTMoments:
        """Return N_k, the weighted means and the scatter about them."""
        before = None if previous is None else previous.gaussian
        weighted = self.inner.moments(sums.weighted, before, shared.robust)
        if sums.guessed.any():
            # How little wild rows count says nothing of the scale: all of them count as one.
            times = sums.rows / np.maximum(weighted.effective_rows, VANISHED)
            shaped = times.reshape(-1, *(1,) * (weighted.scatter.ndim - 1))
            scatter = weighted.scatter * shaped
            weighted = replace(weighted, effective_rows=sums.rows, scatter=scatter)
        return StudentTMoments(sums.rows, weighted, sums.gaps, sums.posterior)

    def maximise(
        self,
        moments: StudentTMoments,
        previous: StudentTParameters | None,
        prior: StudentTPrior,
    ) -> StudentTParameters:
        """Return the parameters that maximise the expected log density of rows and their u."""
        every, before = prior.augment(moments), None if previous is None else previous.gaussian
        degrees = self.degrees.maximise(
            every.effective_rows, every.gaps, None if previous is None else previous.degrees
        )
        rows = every.effective_rows
        return StudentTParameters(
            self.locations_and_scales(every.counted, rows, before, prior), degrees
        )

    def expected_log_density(
        self, parameters: StudentTParameters, moments: StudentTMoments
    ) -> float:
        """Return Σ_k Σ_i w r E[log f_k(x_i, u)], and the entropy of u given x.

        So at the parameters of the sweep it is Σ w r log f_k, and no more elsewhere.
        """
        rows, weighted = moments.effective_rows, moments.weighted
        shapes = 0.5 * parameters.degrees
        found = self.inner.expected_log_density(parameters.gaussian, weighted)
        # Determinants count rows, and distances rows by their u.
        constant = self.inner.frame.log_jacobian - 0.5 * self.n_columns * np.log(2 * np.pi)
        fewer = rows - weighted.effective_rows
        found += float(fewer @ (parameters.covariance.log_determinant() + constant))
        log_u = -fewer - moments.gaps
        found += float(0.5 * self.n_columns * log_u.sum() + moments.posterior.sum())
        return found - float(rows @ stirling(shapes) + moments.gaps @ shapes)

    def n_free(self, n_components: int) -> int:
        """Return the number of free locations, scales and degrees of freedom."""
        return self.inner.n_free(n_components) + self.degrees.n_free(n_components)

    def prior(self, name: Any, shared: RobustTotals, n_components: int) -> StudentTPrior:
        """Return the penalty of that name, for rows as those that are not wild."""
        if isinstance(name, StudentTPrior):
            return name
        return StudentTPrior(self.inner.prior(name, shared.typical, n_components))

    def borrowed(self, moments: StudentTMoments) -> StudentTMoments:
        """Return the moments of a start: each component borrows as many rows as say nothing."""
        return replace(moments, weighted=borrowed(moments.weighted, self.rows_lent))

    def coordinates(self, moments: StudentTMoments, total: float) -> Float:
        """Return shares, locations and scales as one vector, and where ν is free logs of gaps."""
        found = self.inner.coordinates(moments.counted, total)
        if self.degrees.held:
            return found
        each = moments.gaps / np.maximum(moments.effective_rows, VANISHED)
        return np.concatenate([found, np.log(np.maximum(each, VANISHED))])

    def moments_at(
        self, coordinates: Float, like: StudentTMoments, total: float
    ) -> StudentTMoments | None:
        """Return the moments at a point, or None where a share is too small."""
        n_components = len(like.effective_rows)
        logs = None
        if not self.degrees.held:
            coordinates, logs = np.split(coordinates, [-n_components])
        found = self.inner.moments_at(coordinates, like.counted, total)
        if found is None or (logs is not None and not (logs < 1.0 / np.finfo(float).eps).all()):
            return None
        rows = found.effective_rows
        times = rows / np.maximum(like.effective_rows, VANISHED)
        with np.errstate(over="ignore"):
            gaps = like.gaps * times if logs is None else rows * np.exp(logs)
        weighted = replace(found, effective_rows=like.weighted.effective_rows * times)
        return StudentTMoments(rows, weighted, gaps, like.posterior * times)

    def centres(
        self,
        previous: StudentTParameters | None,
        sums: StudentTSums,
        moments: StudentTMoments,
    ) -> StudentTParameters | None:
        """Return the locations to take the sums about, where the origin lost too many digits."""
        before = None if previous is None else previous.gaussian
        about = self.inner.centres(before, sums.weighted, moments.weighted)
        return None if about is None else StudentTParameters(about, np.zeros(len(sums.rows)))

    def in_user_units(
        self, parameters: StudentTParameters
    ) -> tuple["StudentTFamily", StudentTParameters]:
        """Return the family and the parameters out of the frame."""
        _, gaussian = self.inner.in_user_units(parameters.gaussian)
        form = structure(self.structure.code)
        family = StudentTFamily.in_own_units(form, self.degrees, self.n_columns)
        return family, replace(parameters, gaussian=gaussian)

    def in_frame(self, parameters: StudentTParameters) -> StudentTParameters:
        """Return parameters given in the user's units in the frame."""
        return replace(parameters, gaussian=self.inner.in_frame(parameters.gaussian))

    def row_log_density(self, rows: NDArray[Any], parameters: StudentTParameters) -> Float:
        """Return log t(x | μ_k, Σ_k, ν_k) (n, K) of rows (n, D), however far they are."""
        return row_log_density(rows, parameters)

    def far_posterior(self, rows: NDArray[Any], parameters: StudentTParameters) -> Float:
        """Return even shares of rows whose densities are no numbers."""
        return nearest_shares(rows, parameters)

    def sample(
        self, parameters: StudentTParameters, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row (D,) per label: a Gaussian's deviation over √u."""
        rows = self.inner.sample(parameters.gaussian, labels, rng)
        shapes = 0.5 * parameters.degrees[labels]
        u = rng.standard_gamma(shapes) / shapes
        means = parameters.means[labels]
        return means + (rows - means) / np.sqrt(np.maximum(u, 1e-300))[:, None]

    def title(self, n_components: int) -> str:
        """Return a line such as "t mixture, full scale matrices, 3 components"."""
        return mixture_title(self.structure, self.degrees, n_components)

    def tables(
        self, parameters: StudentTParameters, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return degrees of freedom, locations and scale matrices as text tables."""
        return tables_of(parameters, columns, names)

    def describe(self, parameters: StudentTParameters, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the structure in words, locations, scale matrices and degrees of freedom."""
        return described(self.inner.describe(parameters.gaussian, columns), parameters)

    def to_arrays(self, parameters: StudentTParameters) -> tuple[dict[str, Float], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays, document = self.inner.to_arrays(parameters.gaussian)
        told = {"family": self.name, "degrees": dict(self.degrees.document())}
        return {**arrays, "degrees_of_freedom": parameters.degrees}, {**document, **told}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["StudentTFamily", StudentTParameters]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no parameters of t components.
        """
        inner, gaussian = cls.of_arrays(arrays, document)
        shape = (gaussian.n_components,)
        degrees = as_shape("degrees_of_freedom", arrays["degrees_of_freedom"], shape)
        if not ((degrees > 0) & np.isfinite(degrees)).all():
            raise ParameterError("'degrees_of_freedom' should be above 0")
        family = cls(inner, Degrees.read(document["degrees"]))
        return family, StudentTParameters(gaussian, degrees)
