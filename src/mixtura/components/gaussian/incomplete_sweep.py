"""The sweep of rows with missing cells: densities of margins, and sums completed by pattern.

With zeros for missing cells the products of features stay what they are; a pattern only has its
own natural parameters, zero where a column is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.completion import (
    Completion,
    PatternSums,
    careful_completion,
    completion_of,
)
from mixtura.components.gaussian.evaluator import GaussianTile
from mixtura.components.gaussian.features import FeatureMap
from mixtura.components.gaussian.parameters import GaussianParameters, GaussianSums
from mixtura.components.gaussian.partition import Margin
from mixtura.components.gaussian.patterns import Patterns

__all__ = ["IncompleteEvaluator", "IncompleteSums", "IncompleteTile", "PatternedFamily"]

Float = NDArray[np.float64]

# Numbers in the matrices of the patterns worked on at once, 1 MB.
AT_ONCE = 1 << 17
# And in those kept from the log densities of a tile to its sums, 64 MB.
KEPT = 1 << 23


class PatternedFamily(Protocol):
    """What is asked of a family whose rows have patterns of observed columns."""

    @property
    def n_columns(self) -> int: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def features(self) -> FeatureMap: ...

    def n_features(self) -> int: ...

    def entropies(self, missing: NDArray[np.bool_]) -> Float:
        """Return the entropy of missing columns (S, D), but for their precision's determinant."""
        ...


@dataclass(frozen=True, slots=True)
class IncompleteTile(GaussianTile):
    """A tile of rows in the frame, zero where a cell is missing, and their patterns.

    Attributes
    ----------
    completions : what the log densities needed and sums will need again, by evaluator
    """

    patterns: Patterns
    completions: dict[int, list[Completion]]


@dataclass(frozen=True, slots=True)
class IncompleteSums(GaussianSums):
    """Completed sums, and Σ w r times the entropy of the missing cells (K,)."""

    entropy: Float

    def take(self, components: slice) -> Self:
        """Return the sums of some components."""
        return type(self)(
            self.features[components],
            self.centred[components],
            self.first[components] if len(self.first) else self.first,
            self.second[components] if len(self.second) else self.second,
            self.entropy[components],
        )


@dataclass(slots=True)
class IncompleteTotalsOfUnit:
    """Mutable totals of one unit of rows."""

    rows: Float
    first: Float
    second: Float
    centred_first: Float
    centred_second: Float
    entropy: Float


class IncompleteEvaluator:
    """See `mixtura.components.family.Evaluator`."""

    def __init__(
        self,
        family: PatternedFamily,
        log_weights: Float,
        parameters: GaussianParameters,
        precisions: Float,
        far: NDArray[np.bool_],
    ) -> None:
        self._family = family
        self._log_weights = log_weights
        self._constants = log_weights + parameters.covariance.log_determinant()
        self._parameters = parameters
        self._second_shape = precisions.shape
        self._precisions, self._n_sharing = _shared(precisions)
        self._far = np.flatnonzero(far).tolist()
        self._near = ~far
        self._centred = far
        self._about = parameters.means
        self._size = max(1, AT_ONCE // max(1, precisions.size))

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self._log_weights)

    def product(self) -> None:
        """Return None: what a row adds depends on its pattern."""

    def centre_on(self, parameters: GaussianParameters) -> None:
        """Take the sums of all components about other means, before the first tile."""
        self._about = parameters.means
        self._centred = np.ones(self.n_components, dtype=bool)

    def log_density(self, prepared: IncompleteTile, out: NDArray[Any]) -> None:
        """Write log π_k + log N(x_o | μ_k, Σ_k), without log 2π, into `out` (K, n)."""
        kept: list[Completion] = []
        prepared.completions.clear()
        for patterns, completion in self._completed(prepared):
            kept.append(completion)
            natural = self._natural(completion)
            for inside, own in zip(patterns.slices(), natural, strict=True):
                np.matmul(own, prepared.features[:, inside], out=out[:, inside])
        if len(prepared.patterns.observed) * self._precisions.size <= KEPT:
            prepared.completions[id(self)] = kept
        for component in self._far:
            self._far_density(prepared, component, out[component])

    def _completed(self, prepared: IncompleteTile) -> Iterator[tuple[Patterns, Completion]]:
        parts = list(prepared.patterns.parts(self._size))
        kept = prepared.completions.pop(id(self), ())
        if len(kept) == len(parts):
            yield from zip(parts, kept, strict=True)
            return
        for patterns in parts:
            yield patterns, completion_of(self._precisions, patterns.observed, self._n_sharing)

    def _natural(self, completion: Completion) -> NDArray[Any]:
        """Return natural parameters (S, K, P), zero for features of missing columns."""
        means, family = self._parameters.means, self._family
        linear = completion.times(means)
        n_columns = means.shape[1]
        natural = np.empty((*linear.shape[:2], family.n_features()))
        natural[..., :n_columns] = linear
        natural[..., n_columns] = (
            self._constants
            - 0.5 * completion.log_pivots
            - 0.5 * np.einsum("skd,kd->sk", linear, means)
        )
        precisions = completion.precisions
        flat = family.features.quadratic(precisions.reshape(-1, *precisions.shape[2:]))
        groups = precisions.shape[:2]
        by_group = natural.reshape(*groups, self._n_sharing, -1)
        by_group[..., n_columns + 1 :] = flat.reshape(*groups, 1, -1)
        return natural.astype(family.dtype, copy=False)

    def _far_density(self, prepared: IncompleteTile, component: int, out: NDArray[Any]) -> None:
        parameters = self._parameters.take([component])
        patterns, mean = prepared.patterns, parameters.means[0][:, None]
        for inside, observed in zip(patterns.slices(), patterns.observed, strict=True):
            margin = Margin.of(parameters, np.flatnonzero(~observed))
            deviations = np.where(observed[:, None], prepared.rows[:, inside] - mean, 0.0)
            out[inside] = self._log_weights[component] + margin.log_density(deviations, 0)

    def zeros(self) -> IncompleteTotalsOfUnit:
        """Return fresh totals."""
        means = self._parameters.means
        second = self._second_shape
        centred = self.n_components if self._centred.any() else 0
        return IncompleteTotalsOfUnit(
            np.zeros(len(means)),
            np.zeros(means.shape),
            np.zeros(second),
            np.zeros((centred, means.shape[1])),
            np.zeros((centred, *second[1:])),
            np.zeros(len(means)),
        )

    def accumulate(
        self,
        prepared: IncompleteTile,
        responsibilities: NDArray[Any],
        totals: IncompleteTotalsOfUnit,
    ) -> None:
        """Add a tile's completed sums to the totals."""
        for patterns, completion in self._completed(prepared):
            sums = self._sums_of(prepared, patterns, responsibilities)
            first, second = completion.complete(sums, self._parameters.means)
            totals.rows += sums.rows.sum(axis=0)
            totals.first += first
            totals.second += second
            totals.entropy += self._entropy(patterns.observed, sums.rows, completion, self._near)
        for component in np.flatnonzero(self._centred):
            self._accumulate_centred(prepared, int(component), responsibilities, totals)

    def _entropy(
        self,
        observed: NDArray[np.bool_],
        rows: Float,
        completion: Completion,
        components: NDArray[np.bool_],
    ) -> Float:
        """Return Σ w r times the entropy of the missing cells (K,), zero for other components."""
        each = self._family.entropies(~observed)[:, None] - 0.5 * completion.log_pivots
        return np.where(components, (rows * each).sum(axis=0), 0.0)

    def _sums_of(
        self, prepared: IncompleteTile, patterns: Patterns, responsibilities: NDArray[Any]
    ) -> PatternSums:
        family = self._family
        n_columns = family.n_columns
        products = np.empty((len(patterns.observed), self.n_components, family.n_features()))
        for inside, own in zip(patterns.slices(), products, strict=True):
            np.matmul(responsibilities[:, inside], prepared.features[:, inside].T, out=own)
        flat = products[..., n_columns + 1 :].reshape(-1, family.n_features() - n_columns - 1)
        second = family.features.second(flat, n_columns)
        return PatternSums(
            products[..., n_columns],
            products[..., :n_columns],
            second.reshape(*products.shape[:2], *second.shape[1:]),
        )

    def _accumulate_centred(
        self,
        prepared: IncompleteTile,
        component: int,
        responsibilities: NDArray[Any],
        totals: IncompleteTotalsOfUnit,
    ) -> None:
        parameters, about = self._parameters.take([component]), self._about[component]
        shift = parameters.means - about
        patterns = prepared.patterns
        for inside, observed in zip(patterns.slices(), patterns.observed, strict=True):
            completion = careful_completion(parameters, observed)
            shares = responsibilities[component, inside]
            deviations = np.zeros((len(observed), len(shares)))
            deviations[observed] = prepared.rows[observed, inside] - about[observed, None]
            weighted = deviations * shares
            diagonal = totals.second.ndim == 2
            second = (weighted * deviations).sum(axis=1) if diagonal else weighted @ deviations.T
            sums = PatternSums(
                np.array([[shares.sum()]]), weighted.sum(axis=1)[None, None], second[None, None]
            )
            if component in self._far:
                totals.entropy[component] += self._entropy(
                    observed[None], sums.rows, completion, np.ones(1, dtype=bool)
                )[0]
            first, second = completion.complete(sums, shift)
            totals.centred_first[component] += first[0]
            totals.centred_second[component] += second[0]

    def sums(self, totals: IncompleteTotalsOfUnit) -> IncompleteSums:
        """Freeze the totals."""
        family = self._family
        features = np.column_stack(
            [totals.first, totals.rows, family.features.products_of(totals.second)]
        )
        return IncompleteSums(
            features,
            self._centred.astype(np.float64),
            totals.centred_first,
            totals.centred_second,
            totals.entropy,
        )


def _shared(precisions: Float) -> tuple[Float, int]:
    """Return full precisions without repeats, and how many components have each; else as given."""
    if precisions.ndim == 2:
        return precisions, 1
    changes = (precisions[1:] != precisions[:-1]).any(axis=(1, 2))
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    sizes = np.diff(starts, append=len(precisions))
    if (sizes != sizes[0]).any():
        return precisions, 1
    return precisions[starts], int(sizes[0])
