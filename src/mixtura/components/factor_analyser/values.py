"""What a family of factor analysers says of parameters: units, rows, words and model files."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs, as_shape, whole_number
from mixtura.components.factor_analyser.chart import FactorChart
from mixtura.components.factor_analyser.merging import merging_losses
from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.components.factor_analyser.parameters import VANISHED, FactorParameters
from mixtura.components.factor_analyser.prior import FactorPrior
from mixtura.components.factor_analyser.rotation import rotated
from mixtura.components.factor_analyser.rows import nearest_shares, row_log_density
from mixtura.components.factor_analyser.structures import FactorStructure, factor_structure
from mixtura.components.factor_analyser.words import (
    WORDING,
    described,
    mixture_title,
    tables_of,
)
from mixtura.components.gaussian.frame import Frame
from mixtura.components.wording import Wording
from mixtura.errors import ParameterError
from mixtura.text import Passage

__all__ = ["FactorValues"]

Float = NDArray[np.float64]


class FactorValues:
    """The part of a family that is about parameters as users have them.

    Attributes
    ----------
    structure : what components share, and how many factors there are
    frame : the units that parameters and sums are in
    """

    structure: FactorStructure
    frame: Frame

    name: ClassVar[str] = "factor_analyser"

    def __init__(self, structure: FactorStructure, frame: Frame) -> None: ...

    @classmethod
    def in_own_units(cls, form: FactorStructure, n_columns: int) -> Self:
        """Return the family in the user's units, as a `Mixture` holds it."""
        return cls(form, Frame.identity(n_columns))

    def chart(
        self, log_weights: Float, parameters: FactorParameters, rows: Float, prior: FactorPrior
    ) -> FactorChart | None:
        """Return coordinates about a mixture, or None where a component has no rows."""
        if (rows <= VANISHED).any():
            return None
        return FactorChart.about(self.structure, log_weights, parameters, rows, prior.floor)

    def merging_losses(
        self, parameters: FactorParameters, moments: FactorMoments, pairs: Pairs
    ) -> Float:
        """Return Runnalls' cost of every pair (K, K)."""
        return merging_losses(parameters, moments.effective_rows, pairs)

    def in_user_units(self, parameters: FactorParameters) -> tuple[Self, FactorParameters]:
        """Return the family and the parameters out of the frame, loadings turned for readers."""
        own = FactorParameters(
            self.frame.leave(parameters.means),
            parameters.loadings * self.frame.scale[:, None],
            parameters.noise * self.frame.scale**2,
        )
        family = type(self).in_own_units(self.structure, len(self.frame.origin))
        return family, rotated(self.structure, own)

    def in_frame(self, parameters: FactorParameters) -> FactorParameters:
        """Return parameters given in the user's units in the frame."""
        return FactorParameters(
            self.frame.enter(parameters.means),
            parameters.loadings / self.frame.scale[:, None],
            parameters.noise / self.frame.scale**2,
        )

    def row_log_density(self, rows: NDArray[Any], parameters: FactorParameters) -> Float:
        """Return log N(x | μ_k, Λ_k Λ_kᵀ + Ψ_k) (n, K) of rows (n, D)."""
        return row_log_density(rows, parameters)

    def compiled_rows(self, parameters: FactorParameters) -> None:
        """Return None: log densities are found first."""

    def far_posterior(self, rows: NDArray[Any], parameters: FactorParameters) -> Float:
        """Return 1 for the components nearest in their own metric, shared where they tie."""
        return nearest_shares(rows, parameters)

    def sample(
        self, parameters: FactorParameters, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row (D,) per label: loadings times factors, and noise."""
        factors = rng.standard_normal((len(labels), parameters.n_factors))
        rows = rng.standard_normal((len(labels), len(self.frame.origin)))
        for k in range(parameters.n_components):
            own = labels == k
            rows[own] *= np.sqrt(parameters.noise[k])
            rows[own] += parameters.means[k] + factors[own] @ parameters.loadings[k].T
        return rows

    def title(self, n_components: int) -> str:
        """Return a line such as "Mixture of factor analysers, 2 factors, 3 components"."""
        return mixture_title(self.structure, n_components)

    def tables(
        self, parameters: FactorParameters, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return means, loadings and noise variances as text tables."""
        return tables_of(self.structure, parameters, columns, names)

    @property
    def wording(self) -> Wording:
        """Return words of loadings and noise."""
        return WORDING

    def describe(self, parameters: FactorParameters, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the structure in words, means, loadings and noise variances."""
        return described(self.structure, parameters, columns)

    def to_arrays(self, parameters: FactorParameters) -> tuple[dict[str, Float], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays = {
            "means": parameters.means,
            "loadings": parameters.loadings,
            "noise_variances": parameters.noise,
        }
        form = self.structure
        told = {"family": self.name, "structure": form.code, "n_factors": form.n_factors}
        return arrays, told

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple[Self, FactorParameters]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no parameters of factor analysers.
        """
        count = whole_number("n_factors", document["n_factors"], 1)
        form, means = factor_structure(document["structure"], count), arrays["means"]
        if means.ndim != 2:
            raise ParameterError(f"'means' should have two dimensions, but got {means.ndim}")
        means = as_shape("means", means, means.shape)
        loadings = as_shape("loadings", arrays["loadings"], (*means.shape, count))
        noise = as_shape("noise_variances", arrays["noise_variances"], means.shape)
        if not ((noise > 0) & np.isfinite(noise)).all():
            raise ParameterError("'noise_variances' should be above 0")
        return cls.in_own_units(form, means.shape[1]), FactorParameters(means, loadings, noise)
