"""What a fit has seen of its rows, in the user's units, and the families that go on from it."""

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.categorical import CategoricalFamily, categorical_resumed
from mixtura.components.cellwise import CellwiseFamily
from mixtura.components.contaminated import resuming as contaminated
from mixtura.components.factor_analyser.resuming import (
    factor_arrays,
    factor_known,
    factor_resumed,
)
from mixtura.components.feature_sums import FeatureMoments, FeatureTotals
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.resuming import (
    gaussian_arrays,
    gaussian_read,
    gaussian_released,
    gaussian_resumed,
    moments_in_frame,
    totals_of_moments,
)
from mixtura.components.noise import NoiseFamily
from mixtura.components.noise_parameters import NoisyMoments, NoisyPrior, last_of
from mixtura.components.product import (
    ProductFamily,
    ProductMoments,
    ProductPrior,
    ProductSums,
    arrays_of_block,
)
from mixtura.components.remembered import Remembered
from mixtura.components.student_t import resuming as student_t
from mixtura.errors import ParameterError

__all__ = ["Seen", "known_of", "remembering", "resumed", "totals_of"]

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a fit has seen of its rows: all that it needs of them to take others in.

    Attributes
    ----------
    family : in the user's units, as it read them
    moments : likewise; rows that were let fade count for less
    log_likelihood : Σ w log f of those rows, each under the model that was fitted to it
    known : Σ w times the share of a row's cells that are not missing
    n_rows : of all, faded or not
    n_parts : in how many parts they came
    """

    family: Any
    moments: Any
    log_likelihood: float
    known: float
    n_rows: int
    n_parts: int = 1

    @classmethod
    def of(cls, family: Any, moments: Any, *told: Any) -> Self:
        """Return what a sweep in the frame of a family has seen."""
        return cls(*released(family, moments), *told)

    @property
    def total_weight(self) -> float:
        """Return Σ w."""
        return float(self.moments.effective_rows.sum())

    def times(self, factor: float) -> "Seen":
        """Return the same of rows that count so many times."""
        with np.errstate(over="ignore", invalid="ignore"):
            moments = self.moments.times(factor)
        sums = {"log_likelihood": self.log_likelihood * factor, "known": self.known * factor}
        return replace(self, moments=moments, **sums)

    def to_arrays(self) -> tuple[Arrays, dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        counts = {"n_rows": self.n_rows, "n_parts": self.n_parts}
        document = {"log_likelihood": self.log_likelihood, "known": self.known, **counts}
        return arrays_of(self.family, self.moments), document

    @classmethod
    def from_arrays(cls, family: Any, n_components: int, arrays: Arrays, told: Any) -> Self:
        """Return what `to_arrays` was given, for a mixture of a family in the user's units.

        Raises
        ------
        ParameterError
            If the arrays are no moments of so many components.
        """
        found = read_of(family, arrays, n_components)
        if not (found[1].effective_rows >= 0).all():
            raise ParameterError("components have seen fewer rows than none")
        counts = int(told["n_rows"]), int(told["n_parts"])
        return cls(*found, float(told["log_likelihood"]), float(told["known"]), *counts)


@singledispatch
def released(family: Any, moments: Any) -> tuple[Any, Any]:
    """Return a family and moments in the user's units."""
    return family, moments


@released.register
def _(family: GaussianFamily, moments: Any) -> tuple[Any, Any]:
    return gaussian_released(family, moments)


released.register(student_t.student_t_released)
released.register(contaminated.contaminated_released)


@released.register
def _(family: ProductFamily, moments: ProductMoments) -> tuple[Any, Any]:
    pairs = list(map(released, family.families, moments.parts))
    families = tuple(own for own, _ in pairs)
    return ProductFamily(families), ProductMoments(tuple(part for _, part in pairs))


@released.register
def _(family: NoiseFamily, moments: NoisyMoments) -> tuple[Any, Any]:
    inner, own = released(family.inner, moments.inner)
    return replace(family, inner=inner), replace(moments, inner=own)


@singledispatch
def resumed(family: Any, moments: Any, rows: Any) -> tuple[Any, Any]:
    """Return a family that reads further rows (n, D) and those seen, and the moments of the latter.

    Parameters
    ----------
    family, moments : of what was seen, in the user's units

    Returns
    -------
    family : in a frame of its own
    moments : in that frame
    """
    return family.reading(rows), moments


@resumed.register
def _(family: CellwiseFamily, moments: FeatureMoments, rows: Any) -> tuple[Any, Any]:
    both = family.reading(rows).beside(family)
    return both, replace(moments, features=both.placed(moments.features, family))


@resumed.register
def _(family: GaussianFamily, moments: Any, rows: Any) -> tuple[Any, Any]:
    found = gaussian_resumed(family, moments, rows)
    return found, moments_in_frame(moments, family, found)


resumed.register(categorical_resumed)
resumed.register(student_t.student_t_resumed)
resumed.register(contaminated.contaminated_resumed)
resumed.register(factor_resumed)


@resumed.register
def _(family: ProductFamily, moments: ProductMoments, rows: Any) -> tuple[Any, Any]:
    blocks = zip(family.families, moments.parts, family.blocks, strict=True)
    pairs = [resumed(own, part, rows[:, block]) for own, part, block in blocks]
    families = tuple(own for own, _ in pairs)
    return ProductFamily(families), ProductMoments(tuple(part for _, part in pairs))


@resumed.register
def _(family: NoiseFamily, moments: NoisyMoments, rows: Any) -> tuple[Any, Any]:
    inner, own = resumed(family.inner.beside_noise(), moments.inner, rows)
    return replace(family, inner=inner), replace(moments, inner=own)


@singledispatch
def totals_of(family: Any, moments: Any) -> Any:
    """Return the sums over all rows, whatever their component, that moments imply."""
    return FeatureTotals(moments.features.sum(axis=0), moments.log_base)


@totals_of.register
def _(family: GaussianFamily, moments: Any) -> Any:
    return totals_of_moments(family, moments)


totals_of.register(student_t.scaled_totals)


@totals_of.register
def _(family: ProductFamily, moments: ProductMoments) -> Any:
    return ProductSums(tuple(map(totals_of, family.families, moments.parts)))


@totals_of.register
def _(family: NoiseFamily, moments: NoisyMoments) -> Any:
    # Rows that are noise are nearly none, and what they hold is not kept.
    return totals_of(family.inner, moments.inner)


@singledispatch
def known_of(family: Any, shared: Any) -> float:
    """Return Σ w times the share of a row's cells that are not missing, by the sums of all rows."""
    return float(shared.features[0])


@known_of.register
def _(family: CategoricalFamily, shared: FeatureTotals) -> float:
    return float(shared.features[1:].sum()) / family.n_columns


@known_of.register
def _(family: CellwiseFamily, shared: FeatureTotals) -> float:
    # With exposures the features say for how much a cell is known, and not for how many rows.
    opening = shared.features[1 : 1 + family.n_opening]
    told = family.gaps and not family.has_exposure
    return float(opening.mean()) if told else float(shared.features[0])


@known_of.register
def _(family: GaussianFamily, shared: Any) -> float:
    return float(np.mean(getattr(shared, "observed", shared.weight)))


known_of.register(student_t.scaled_known)
known_of.register(factor_known)


@known_of.register
def _(family: ProductFamily, shared: ProductSums) -> float:
    pairs = zip(family.families, shared.parts, strict=True)
    each = [own.n_columns * known_of(own, part) for own, part in pairs]
    return sum(each) / family.n_columns


@known_of.register
def _(family: NoiseFamily, shared: Any) -> float:
    return known_of(family.inner, shared)


@singledispatch
def remembering(family: Any, prior: Any, moments: Any) -> Any:
    """Return a penalty with what was seen of earlier rows, in the family's frame."""
    return Remembered(family, prior, moments)


@remembering.register
def _(family: ProductFamily, prior: Any, moments: ProductMoments) -> Any:
    parts = getattr(prior, "parts", (prior,) * len(family.families))
    return ProductPrior(tuple(map(remembering, family.families, parts, moments.parts)))


@remembering.register
def _(family: NoiseFamily, prior: NoisyPrior, moments: NoisyMoments) -> Any:
    return NoisyPrior(remembering(family.inner, prior.inner, moments.inner))


@singledispatch
def arrays_of(family: Any, moments: Any) -> Arrays:
    """Return moments in the user's units, and how the family read their rows, as arrays.

    There are none where moments say nothing beside other rows.
    """
    return _feature_arrays(moments)


@arrays_of.register
def _(family: CellwiseFamily, moments: FeatureMoments) -> Arrays:
    return {**_feature_arrays(moments), "gaps": np.array(int(family.gaps)), **family.layout()}


def _feature_arrays(moments: FeatureMoments) -> Arrays:
    return {"features": moments.features, "log_base": np.array(moments.log_base)}


arrays_of.register(GaussianFamily, gaussian_arrays)
arrays_of.register(student_t.student_t_arrays)
arrays_of.register(contaminated.contaminated_arrays)
arrays_of.register(factor_arrays)


@arrays_of.register
def _(family: ProductFamily, moments: ProductMoments) -> Arrays:
    return {
        f"{number}.{name}": array
        for number, pair in enumerate(zip(family.families, moments.parts, strict=True))
        for name, array in arrays_of(*pair).items()
    }


@arrays_of.register
def _(family: NoiseFamily, moments: NoisyMoments) -> Arrays:
    of_noise = {"rows_with_noise": moments.effective_rows, "of_noise": np.array(moments.of_noise)}
    own = arrays_of(family.inner, moments.inner)
    return {**own, **of_noise} if own else {}


@singledispatch
def read_of(family: Any, arrays: Arrays, n_components: int) -> tuple[Any, Any]:
    """Return the family as it read the rows of moments that `arrays_of` gave, and the moments."""
    return family, _read_features(family, arrays, n_components)


@read_of.register
def _(family: CellwiseFamily, arrays: Arrays, n_components: int) -> tuple[Any, Any]:
    gaps = bool(as_shape("gaps", arrays["gaps"], ()))
    laid_out = replace(family, gaps=gaps, sparse=False).laid_out(arrays)
    return laid_out, _read_features(laid_out, arrays, n_components)


def _read_features(family: Any, arrays: Arrays, n_components: int) -> FeatureMoments:
    features = as_shape("features", arrays["features"], (n_components, family.width()))
    if not family.has_signed_features and (features < 0).any():
        raise ParameterError("sums of what was seen are below 0")
    return FeatureMoments(features, float(as_shape("log_base", arrays["log_base"], ())))


read_of.register(GaussianFamily, gaussian_read)
read_of.register(student_t.student_t_read)
read_of.register(contaminated.contaminated_read)


@read_of.register
def _(family: ProductFamily, arrays: Arrays, n_components: int) -> tuple[Any, Any]:
    pairs = [
        read_of(own, arrays_of_block(arrays, number), n_components)
        for number, own in enumerate(family.families)
    ]
    families = tuple(own for own, _ in pairs)
    return ProductFamily(families), ProductMoments(tuple(part for _, part in pairs))


@read_of.register
def _(family: NoiseFamily, arrays: Arrays, n_components: int) -> tuple[Any, Any]:
    inner, own = read_of(family.inner, arrays, n_components - 1)
    rows = as_shape("rows_with_noise", arrays["rows_with_noise"], (n_components,))
    of_noise = float(as_shape("of_noise", arrays["of_noise"], ()))
    return replace(family, inner=inner), NoisyMoments(rows, own, last_of(n_components), of_noise)
