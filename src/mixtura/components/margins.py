"""Mixtures over some of their columns: which families have margins, and what they are."""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.background import Backgrounds, Member, Ranges
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.factor_analyser.partition import (
    factor_conditional,
    factor_marginal,
    factor_moments,
)
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.partition import conditional, marginal, partitioned_structure
from mixtura.components.noise import NoiseFamily
from mixtura.components.noise_parameters import NoisyParameters
from mixtura.components.product import ProductFamily, ProductParameters
from mixtura.components.scaled import scaled_conditional, scaled_marginal, scaled_moments
from mixtura.components.stacked import Probabilities
from mixtura.errors import ParameterError

__all__ = [
    "background_margin",
    "background_moments",
    "conditional_of",
    "covariance_of",
    "marginal_of",
    "moments_of",
]

Float = NDArray[np.float64]
Columns = Sequence[int]
Pair = tuple[Any, Any]


@singledispatch
def marginal_of(family: Any, parameters: Any, columns: Columns) -> Pair:
    """Return the family and parameters of some columns, in the order given; not empty.

    Raises
    ------
    ParameterError
        If the margins of the family are not mixtures of a family here.
    """
    raise ParameterError(f"margins of a '{family.name}' mixture are not of a family here")


@singledispatch
def conditional_of(
    family: Any, parameters: Any, given: Columns, rest: Columns, values: NDArray[Any]
) -> Pair:
    """Return the family and parameters of the rest of the columns given one row (G,) of the others.

    This holds for families whose columns are independent within components.
    """
    return marginal_of(family, parameters, rest)


@marginal_of.register
def _(family: GaussianFamily, parameters: Any, columns: Columns) -> Pair:
    form = partitioned_structure(family.structure)
    return GaussianFamily.in_own_units(form, len(columns)), marginal(parameters, columns)


@conditional_of.register
def _(
    family: GaussianFamily, parameters: Any, given: Columns, rest: Columns, values: NDArray[Any]
) -> Pair:
    form = partitioned_structure(family.structure)
    found = conditional(parameters, given, rest).at(np.asarray(values, dtype=np.float64))
    return GaussianFamily.in_own_units(form, len(rest)), found


marginal_of.register(scaled_marginal)
conditional_of.register(scaled_conditional)
marginal_of.register(factor_marginal)
conditional_of.register(factor_conditional)


@marginal_of.register
def _(family: CategoricalFamily, parameters: Any, columns: Columns) -> Pair:
    items = family.items(parameters)
    labels = None if family.labels is None else tuple(family.labels[j] for j in columns)
    levels = tuple(family.levels[j] for j in columns)
    unseen = tuple(family.unseen[j] for j in columns) if family.unseen else ()
    own = CategoricalFamily(levels, labels, unseen)
    return own, Probabilities(np.hstack([items[j] for j in columns]))


@marginal_of.register
def _(family: ColumnwiseFamily, parameters: Any, columns: Columns) -> Pair:
    return family.margin(parameters, columns)


@marginal_of.register
def _(family: ProductFamily, parameters: Any, columns: Columns) -> Pair:
    chosen = _by_block(family, columns)
    if [column for _, columns in chosen for column in columns] != _within(family, columns):
        raise ParameterError("columns of one block should stand together, blocks in their order")
    pairs = [
        marginal_of(family.families[block], parameters.parts[block], own) for block, own in chosen
    ]
    return _joined(pairs)


@conditional_of.register
def _(
    family: ProductFamily, parameters: Any, given: Columns, rest: Columns, values: NDArray[Any]
) -> Pair:
    known = dict(_by_block(family, given))
    where = {column: place for place, column in enumerate(given)}
    pairs = []
    for block, own in _by_block(family, rest):
        inner, part = family.families[block], parameters.parts[block]
        if block in known:
            start = family.blocks[block].start
            cells = values[[where[start + column] for column in known[block]]]
            pairs.append(conditional_of(inner, part, known[block], own, cells))
        else:
            pairs.append(marginal_of(inner, part, own))
    return _joined(pairs)


def _by_block(family: ProductFamily | Backgrounds, columns: Columns) -> list[tuple[int, list[int]]]:
    """Return the blocks that columns are of, and their positions within, blocks in order."""
    found = [
        (block, [column - own.start for column in columns if own.start <= column < own.stop])
        for block, own in enumerate(family.blocks)
    ]
    return [(block, own) for block, own in found if own]


def _within(family: ProductFamily, columns: Columns) -> list[int]:
    starts = np.array([own.start for own in family.blocks])
    return [column - int(starts[starts <= column][-1]) for column in columns]


def _joined(pairs: list[Pair]) -> Pair:
    if len(pairs) == 1:
        return pairs[0]
    families, parts = zip(*pairs, strict=True)
    return ProductFamily(tuple(families)), ProductParameters(tuple(parts))


@singledispatch
def moments_of(family: Any, parameters: Any) -> tuple[Float, Float]:
    """Return the means (K, D) and covariances (K, D, D) of the components.

    Raises
    ------
    ParameterError
        If rows of the family are no numbers of which these could be taken.
    """
    raise ParameterError(f"rows of a '{family.name}' mixture have no mean and covariance here")


@moments_of.register
def _(family: GaussianFamily, parameters: Any) -> tuple[Float, Float]:
    return parameters.means, parameters.covariance.dense()


moments_of.register(scaled_moments)
moments_of.register(factor_moments)


@moments_of.register
def _(family: ColumnwiseFamily, parameters: Any) -> tuple[Float, Float]:
    if family.has_exposure:
        raise ParameterError("rates have a mean only for a given exposure")
    means, variances = family.column_moments(parameters)
    return means, np.where(np.eye(family.n_columns, dtype=bool), variances[:, :, None], 0.0)


@singledispatch
def background_margin(background: Any, columns: Columns) -> Any:
    """Return the background of some columns: what is left of it where the others are missing.

    Raises
    ------
    ParameterError
        If that is no background here.
    """
    raise ParameterError(f"there is no margin of noise that is {background.words()}")


@background_margin.register
def _(background: Ranges, columns: Columns) -> Ranges:
    chosen = list(columns)
    return Ranges(background.lowest[chosen], background.highest[chosen], background.whole[chosen])


@background_margin.register
def _(background: BoxBackground, columns: Columns) -> BoxBackground:
    return background.margin(columns)


@background_margin.register
def _(background: Member, columns: Columns) -> Member:
    return Member(*marginal_of(background.family, background.parameters, columns))


@background_margin.register
def _(background: Backgrounds, columns: Columns) -> Any:
    chosen = _by_block(background, columns)
    parts = [background_margin(background.parts[block], own) for block, own in chosen]
    if len(parts) == 1:
        return parts[0]
    return Backgrounds(tuple(parts), tuple(len(own) for _, own in chosen))


@marginal_of.register
def _(family: NoiseFamily, parameters: Any, columns: Columns) -> Pair:
    inner, own = marginal_of(family.inner, parameters.inner, columns)
    return _beside(inner, own, background_margin(family.background, columns))


@conditional_of.register
def _(
    family: NoiseFamily, parameters: Any, given: Columns, rest: Columns, values: NDArray[Any]
) -> Pair:
    inner, own = conditional_of(family.inner, parameters.inner, given, rest, values)
    return _beside(inner, own, background_margin(family.background, rest))


def _beside(family: Any, parameters: Any, background: Any) -> Pair:
    return NoiseFamily.around(family, background), NoisyParameters.around(parameters)


@moments_of.register
def _(family: NoiseFamily, parameters: Any) -> tuple[Float, Float]:
    means, covariances = moments_of(family.inner, parameters.inner)
    mean, covariance = background_moments(family.background)
    return np.vstack([means, mean]), np.concatenate([covariances, covariance[None]])


@singledispatch
def background_moments(background: Any) -> tuple[Float, Float]:
    """Return E[x] (D,) and Cov[x] (D, D) of what is drawn from a background."""
    raise ParameterError(f"noise that is {background.words()} has no mean and covariance here")


@background_moments.register
def _(background: Ranges) -> tuple[Float, Float]:
    # A length l has variance l² / 12, and n whole numbers (n² - 1) / 12.
    lengths = background.highest - background.lowest + background.whole
    with np.errstate(over="ignore"):
        variances = (lengths**2 - background.whole) / 12.0
    return 0.5 * (background.lowest + background.highest), np.diag(variances)


@background_moments.register
def _(background: BoxBackground) -> tuple[Float, Float]:
    edges = background.box.edges
    with np.errstate(all="ignore"):
        return background.box.corner + 0.5 * edges.sum(axis=0), edges.T @ edges / 12.0


@background_moments.register
def _(background: Member) -> tuple[Float, Float]:
    means, covariances = moments_of(background.family, background.parameters)
    return means[0], covariances[0]


def covariance_of(weights: Float, family: Any, parameters: Any) -> Float:
    """Return Σ_k π_k (Σ_k + (μ_k - E[x])(μ_k - E[x])ᵀ) (D, D).

    Raises
    ------
    ParameterError
        If the family has no moments here.
    """
    means, covariances = moments_of(family, parameters)
    deviations = means - weights @ means
    with np.errstate(all="ignore"):
        within = np.einsum("k,kij->ij", weights, covariances)
        return within + (weights[:, None] * deviations).T @ deviations
