"""The sweep of rows with missing cells: densities of margins, and sums completed by pattern.

Compiled code does it for all components at once (`native/gaps.c`), about the means of those that
are far from the origin for their width. Components whose precisions are too badly conditioned go
by factors of margins, pattern by pattern; so do all of them where there is no compiled code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Whole
from mixtura.components.gaussian.completion import Completion
from mixtura.components.gaussian.features import FeatureMap
from mixtura.components.gaussian.parameters import (
    GaussianMoments,
    GaussianParameters,
    GaussianSums,
)
from mixtura.components.gaussian.partition import Margin
from mixtura.components.gaussian.patterns import Patterns
from mixtura.native.gaps import GappyRows

__all__ = ["IncompleteEvaluator", "IncompleteMoments", "IncompleteSums", "IncompleteTile"]

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

    def take(self, components: slice | NDArray[np.bool_]) -> Self:
        """Return the sums of some components."""
        return type(self)(
            self.features[components],
            self.centred[components],
            self.first[components] if len(self.first) else self.first,
            self.second[components] if len(self.second) else self.second,
            self.entropy[components],
        )


@dataclass(frozen=True, slots=True)
class IncompleteMoments(GaussianMoments):
    """Completed moments, and the expected entropy of the missing cells."""

    entropy: float = 0.0


@dataclass(slots=True)
class IncompleteTotalsOfUnit:
    """Mutable totals of one unit of rows: Σ w r E[φ] (K, P) about each component's point."""

    features: Float
    entropy: Float


class IncompleteEvaluator:
    """See `mixtura.components.family.Evaluator`.

    Parameters
    ----------
    entropies : (D,) what a missing cell's entropy has beside that of its precision
    natural : returns θ (K, P) of complete rows for parameters about some point
    features : of the products, which says what shape second moments have
    far : (K,) whose densities and sums are about their means
    by_factors : (K,) likewise, but from factors
    """

    def __init__(
        self,
        entropies: Float,
        log_weights: Float,
        parameters: GaussianParameters,
        natural: Callable[[GaussianParameters], Float],
        features: FeatureMap,
        far: NDArray[np.bool_],
        by_factors: NDArray[np.bool_],
    ) -> None:
        self._entropies = entropies
        self._log_weights = log_weights
        self._parameters = parameters
        self._natural_of = natural
        self._features = features
        self._by_factors = by_factors
        self._even = np.zeros(len(by_factors), dtype=bool)
        self._even_cells: Float | None = None
        self._take_about(far | by_factors, parameters.means)

    def _take_about(self, centred: NDArray[np.bool_], points: Float) -> None:
        """Take the sums of components `centred` (K,) about the points (K, D), others at 0."""
        self._centred = centred
        self._about = np.where(centred[:, None], points, 0.0)
        shifted = replace(self._parameters, means=self._parameters.means - self._about)
        self._natural = self._natural_of(shifted)
        if self._even_cells is not None:
            self._natural[self._even] = self._even_natural(self._even_cells)

    def hold_even(self, components: NDArray[np.intp], log_weights: Float, cells: Float) -> None:
        """Give some components a constant log density for each known cell (D,) instead.

        Each is the last of its mixture, and done before the first tile.
        """
        self._even[components] = True
        self._even_cells = np.ascontiguousarray(cells)
        self._log_weights = self._log_weights.copy()
        self._log_weights[components] = log_weights
        self._by_factors = self._by_factors & ~self._even
        self._take_about(self._centred & ~self._even, self._about)

    def _even_natural(self, cells: Float) -> Float:
        """Return θ of such components: of complete rows, but for the precisions.

        These are of normal cells as uncertain as the even ones, so that the entropy of missing
        cells is right; no density of a row is made of them.
        """
        n_columns = len(cells)
        natural = np.zeros((int(self._even.sum()), self._natural.shape[1]))
        natural[:, n_columns] = self._log_weights[self._even] + cells.sum()
        natural[:, n_columns + 1 : 2 * n_columns + 1] = -0.5 * np.exp(1.0 + 2.0 * cells)
        return natural

    @property
    def _points(self) -> Float | None:
        return self._about if self._centred.any() else None

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self._log_weights)

    def product(self) -> Whole | None:
        """Return the compiled sweep of a tile, or None where a component goes by factors."""
        return None if self._by_factors.any() else Whole(self._sweep)

    def centre_on(self, parameters: GaussianParameters) -> None:
        """Take the sums of all components about other means, before the first tile."""
        self._take_about(~self._even, parameters.padded().means)

    def _sweep(
        self,
        prepared: IncompleteTile,
        sizes: Sequence[int],
        row_weights: Float | None,
        excluded: NDArray[np.bool_] | None,
    ) -> tuple[IncompleteSums, Float, Float]:
        """Return sums, Σ w r² (ΣK,) and values (M, 2) of mixtures of the given sizes."""
        if excluded is not None:
            excluded = np.ascontiguousarray(excluded)
        weights = None if row_weights is None else np.ascontiguousarray(row_weights)
        found = prepared.gappy.sweep(
            self._natural, sizes, weights, excluded, self._points, self._even_cells
        )
        features, squared, values, entropy = found
        totals = self.zeros()
        totals.features, totals.entropy = features, entropy
        return self.sums(totals), squared, values

    def log_density(self, prepared: IncompleteTile, out: NDArray[Any]) -> None:
        """Write log π_k + log N(x_o | μ_k, Σ_k), without log 2π, into `out` (K, n)."""
        if not self._by_factors.all():
            out[:] = prepared.gappy.densities(self._natural, self._points)
        if self._by_factors.any():
            self._densities_by_factors(prepared, out)
        if self._even_cells is not None:
            known = ~np.isnan(prepared.gappy.cells) @ self._even_cells
            out[self._even] = self._log_weights[self._even][:, None] + known

    def _densities_by_factors(self, prepared: IncompleteTile, out: NDArray[Any]) -> None:
        chosen = np.flatnonzero(self._by_factors).tolist()
        parameters, patterns = self._parameters.take(chosen), prepared.patterns
        for inside, observed in zip(patterns.slices(), patterns.observed, strict=True):
            margin = Margin.of(parameters, np.flatnonzero(~observed))
            for place, component in enumerate(chosen):
                deviations = prepared.rows[:, inside] - parameters.means[place][:, None]
                known = np.where(observed[:, None], deviations, 0.0)
                log_density = margin.log_density(known, place)
                out[component, inside] = self._log_weights[component] + log_density

    def zeros(self) -> IncompleteTotalsOfUnit:
        """Return fresh totals."""
        return IncompleteTotalsOfUnit(np.zeros(self._natural.shape), np.zeros(self.n_components))

    def accumulate(
        self,
        prepared: IncompleteTile,
        responsibilities: NDArray[Any],
        totals: IncompleteTotalsOfUnit,
    ) -> None:
        """Add a tile's completed sums to the totals."""
        if not self._by_factors.all():
            features, entropy = prepared.gappy.totals(
                self._natural, responsibilities, about=self._points
            )
            near = ~self._by_factors
            totals.features[near] += features[near]
            totals.entropy[near] += entropy[near]
        if self._by_factors.any():
            self._accumulate_by_factors(prepared, responsibilities, totals)

    def _accumulate_by_factors(
        self, prepared: IncompleteTile, responsibilities: Float, totals: IncompleteTotalsOfUnit
    ) -> None:
        patterns = prepared.patterns
        for inside, observed in zip(patterns.slices(), patterns.observed, strict=True):
            # One that has collapsed onto a few rows has no part in most patterns.
            with_part = self._by_factors & responsibilities[:, inside].any(axis=1)
            chosen = np.flatnonzero(with_part)
            if not chosen.size:
                continue
            parameters, about = self._parameters.take(chosen.tolist()), self._about[chosen]
            completion, own = Completion.of(parameters, observed), responsibilities[chosen, inside]
            known = np.where(observed[:, None], prepared.rows[:, inside] - about[:, :, None], 0.0)
            weighted, rows = known * own[:, None, :], own.sum(axis=1)
            second = (
                (weighted * known).sum(axis=2)
                if completion.gains is None
                else weighted @ known.transpose(0, 2, 1)
            )
            shift = parameters.means - about
            first, second = completion.complete(rows, weighted.sum(axis=2), second, shift)
            products = self._features.products_of(second)
            totals.features[chosen] += np.hstack([first, rows[:, None], products])
            entropies = self._entropies[~observed].sum() - 0.5 * completion.log_pivots
            totals.entropy[chosen] += rows * entropies

    def sums(self, totals: IncompleteTotalsOfUnit) -> IncompleteSums:
        """Freeze the totals."""
        n_columns = self._about.shape[1]
        centred = self._centred[:, None]
        first = second = np.empty((0, n_columns))
        features = totals.features
        if self._centred.any():
            first = np.where(centred, features[:, :n_columns], 0.0)
            second = self._features.second(features[:, n_columns + 1 :], n_columns)
            rows = features[:, n_columns].copy()
            features = np.where(centred, 0.0, features)
            features[:, n_columns] = rows
        return IncompleteSums(
            features, self._centred.astype(np.float64), first, second, totals.entropy
        )
