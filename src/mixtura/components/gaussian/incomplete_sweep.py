"""The sweep of rows with missing cells: densities of margins, and sums completed by pattern.

Compiled code does it for all components at once (`native/gaps.c`). Components far from the origin
for their width go by factors of margins and about their means, pattern by pattern; so do all of
them where there is no compiled code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Whole
from mixtura.components.gaussian.completion import Completion
from mixtura.components.gaussian.parameters import GaussianParameters, GaussianSums
from mixtura.components.gaussian.partition import Margin
from mixtura.components.gaussian.patterns import Patterns
from mixtura.native.gaps import GappyRows

__all__ = ["IncompleteEvaluator", "IncompleteSums", "IncompleteTile"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class IncompleteTile:
    """A tile of rows, NaN where a cell is missing.

    Attributes
    ----------
    gappy : the rows as compiled code reads them
    """

    gappy: GappyRows

    @cached_property
    def patterns(self) -> Patterns:
        """Return which columns were observed."""
        return Patterns.of(self.gappy.cells)

    @cached_property
    def rows(self) -> Float:
        """Return the rows (D, n) in the frame, zero where a cell is missing."""
        moved = (self.gappy.cells.T - self.gappy.origin[:, None]) * self.gappy.scale[:, None]
        return np.where(np.isnan(moved), 0.0, moved)


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

    features: Float
    centred_first: Float
    centred_second: Float
    entropy: Float


class IncompleteEvaluator:
    """See `mixtura.components.family.Evaluator`.

    Parameters
    ----------
    entropies : (D,) what a missing cell's entropy has beside that of its precision
    natural : (K, P) of complete rows; read for components that are not far
    second_shape : of one second moment, (D,) or (D, D)
    far : (K,) which go by factors, densities and sums
    compiled : whether there is compiled code
    """

    def __init__(
        self,
        entropies: Float,
        log_weights: Float,
        parameters: GaussianParameters,
        natural: Float,
        second_shape: tuple[int, ...],
        far: NDArray[np.bool_],
        *,
        compiled: bool,
    ) -> None:
        self._entropies = entropies
        self._log_weights = log_weights
        self._parameters = parameters
        self._natural = natural
        self._second_shape = second_shape
        self._compiled = compiled
        self._far = far if compiled else np.ones_like(far)
        self._centred = self._far
        self._about = parameters.means

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self._log_weights)

    def product(self) -> Whole | None:
        """Return the compiled sweep of a tile, or None where a component goes by factors."""
        return Whole(self._sweep) if self._compiled and not self._centred.any() else None

    def centre_on(self, parameters: GaussianParameters) -> None:
        """Take the sums of all components about other means, before the first tile."""
        self._about = parameters.means
        self._centred = np.ones(self.n_components, dtype=bool)

    def _sweep(
        self,
        prepared: IncompleteTile,
        sizes: Sequence[int],
        row_weights: Float | None,
        barred: NDArray[np.bool_] | None,
    ) -> tuple[IncompleteSums, Float, Float]:
        """Return sums, Σ w r² (ΣK,) and values (M, 2) of mixtures of the given sizes."""
        if barred is not None:
            barred = np.ascontiguousarray(barred)
        weights = None if row_weights is None else np.ascontiguousarray(row_weights)
        found = prepared.gappy.sweep(self._natural, sizes, weights, barred)
        features, squared, values, entropy = found
        nothing = self.zeros()
        nothing.features, nothing.entropy = features, entropy
        return self.sums(nothing), squared, values

    def log_density(self, prepared: IncompleteTile, out: NDArray[Any]) -> None:
        """Write log π_k + log N(x_o | μ_k, Σ_k), without log 2π, into `out` (K, n)."""
        if not self._far.all():
            out[:] = prepared.gappy.densities(self._natural)
        for component in np.flatnonzero(self._far).tolist():
            self._far_density(prepared, component, out[component])

    def _far_density(self, prepared: IncompleteTile, component: int, out: NDArray[Any]) -> None:
        parameters = self._parameters.take([component])
        patterns, mean = prepared.patterns, parameters.means[0][:, None]
        for inside, observed in zip(patterns.slices(), patterns.observed, strict=True):
            margin = Margin.of(parameters, np.flatnonzero(~observed))
            deviations = np.where(observed[:, None], prepared.rows[:, inside] - mean, 0.0)
            out[inside] = self._log_weights[component] + margin.log_density(deviations, 0)

    def zeros(self) -> IncompleteTotalsOfUnit:
        """Return fresh totals."""
        shape = self._second_shape
        centred = self.n_components if self._centred.any() else 0
        return IncompleteTotalsOfUnit(
            np.zeros(self._natural.shape),
            np.zeros((centred, shape[0])),
            np.zeros((centred, *shape)),
            np.zeros(self.n_components),
        )

    def accumulate(
        self,
        prepared: IncompleteTile,
        responsibilities: NDArray[Any],
        totals: IncompleteTotalsOfUnit,
    ) -> None:
        """Add a tile's completed sums to the totals."""
        shares = np.asarray(responsibilities, dtype=np.float64)
        if not self._far.all():
            features, entropy = prepared.gappy.totals(self._natural, shares)
            near = ~self._far
            totals.features[near] += features[near]
            totals.entropy[near] += entropy[near]
        for component in np.flatnonzero(self._centred).tolist():
            self._accumulate_centred(prepared, component, shares[component], totals)

    def _accumulate_centred(
        self,
        prepared: IncompleteTile,
        component: int,
        shares: Float,
        totals: IncompleteTotalsOfUnit,
    ) -> None:
        parameters, about = self._parameters.take([component]), self._about[component]
        shift = parameters.means[0] - about
        far, n_columns = self._far[component], len(about)
        patterns = prepared.patterns
        for inside, observed in zip(patterns.slices(), patterns.observed, strict=True):
            completion, own = Completion.of(parameters, observed), shares[inside]
            deviations = np.zeros((n_columns, len(own)))
            deviations[observed] = prepared.rows[observed, inside] - about[observed, None]
            weighted, rows = deviations * own, float(own.sum())
            diagonal = len(self._second_shape) == 1
            second = (weighted * deviations).sum(axis=1) if diagonal else weighted @ deviations.T
            found = completion.complete(rows, weighted.sum(axis=1), second, shift)
            totals.centred_first[component] += found[0]
            totals.centred_second[component] += found[1]
            if far:
                entropy = self._entropies[~observed].sum() - 0.5 * completion.log_pivots
                totals.entropy[component] += rows * entropy
                totals.features[component, n_columns] += rows

    def sums(self, totals: IncompleteTotalsOfUnit) -> IncompleteSums:
        """Freeze the totals."""
        return IncompleteSums(
            totals.features,
            self._centred.astype(np.float64),
            totals.centred_first,
            totals.centred_second,
            totals.entropy,
        )
