"""A family of contaminated normal components bound to the parameters of one sweep.

The Gaussian evaluator has 2 K components, of good rows and of bad ones; a tile keeps from the
densities to the sums how good each row is in each component.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from mixtura.components.contaminated.parameters import ContaminatedParameters, ContaminatedSums
from mixtura.components.gaussian.evaluator import GaussianEvaluator
from mixtura.components.wildness import WildTile

__all__ = ["ContaminatedEvaluator", "GuessingEvaluator", "Scratch"]

Float = NDArray[np.float64]


@dataclass(slots=True)
class Scratch:
    """What is kept of one tile, and by whom.

    Attributes
    ----------
    logs : (2 K, n) log densities of good rows, then of bad ones
    good : (K, n) how probably rows are good
    """

    owner: Any = None
    logs: Any = None
    good: Any = None


@dataclass(slots=True)
class ContaminatedTotals:
    """Mutable totals of one unit of rows."""

    posterior: Float
    both: Any
    rows: Float


class ContaminatedEvaluator:
    """See `mixtura.components.family.Evaluator`.

    Parameters
    ----------
    both : of the 2 K Gaussians, with the shares of good and bad rows in their constants
    """

    __slots__ = ("_both", "_held", "_n_components")

    def __init__(self, both: GaussianEvaluator) -> None:
        self._both, self._n_components = both, both.n_components // 2
        self._held: list[tuple[NDArray[np.intp], Float]] = []

    @property
    def n_components(self) -> int:
        """Return K."""
        return self._n_components

    def product(self) -> None:
        """Return None: sums need more than products."""

    def hold_constant(self, components: NDArray[np.intp], values: Float) -> None:
        """Give some components a constant log density instead, before the first tile."""
        self._held.append((components, values))

    def centre_on(self, parameters: ContaminatedParameters) -> None:
        """Take the sums of all components about other means, before the first tile."""
        self._both.centre_on(parameters.padded().both)

    def log_density(self, prepared: WildTile, out: NDArray[Any]) -> None:
        """Write log π_k + log [α N(x | μ_k, Σ_k) + (1 - α) N(x | μ_k, η Σ_k)] into `out`."""
        logs = self._found(prepared).logs
        np.logaddexp(logs[: self._n_components], logs[self._n_components :], out=out)
        for components, values in self._held:
            out[components] = values[:, None]

    def _found(self, tile: WildTile) -> Scratch:
        scratch = tile.scratch
        if scratch.owner is not self:
            logs = np.empty((2 * self._n_components, tile.gaussian.n_rows))
            self._both.log_density(tile.gaussian, logs)
            # What is beyond the floats in both is bad.
            good, bad = np.split(logs, 2)
            apart = np.nan_to_num(bad - good, nan=np.inf)
            with np.errstate(over="ignore"):
                scratch.good = 1.0 / (1.0 + np.exp(apart))
            scratch.logs, scratch.owner = logs, self
        return scratch

    def zeros(self) -> ContaminatedTotals:
        """Return fresh totals."""
        posterior, rows = np.zeros((2, self._n_components))
        return ContaminatedTotals(posterior, self._both.zeros(), rows)

    def accumulate(
        self, prepared: WildTile, responsibilities: NDArray[Any], totals: ContaminatedTotals
    ) -> None:
        """Add a tile's sums to the totals."""
        self._add(prepared, responsibilities, self._found(prepared).good, totals)

    def _add(
        self,
        tile: WildTile,
        responsibilities: NDArray[Any],
        good: Float,
        totals: ContaminatedTotals,
    ) -> None:
        parts = np.concatenate([responsibilities * good, responsibilities * (1.0 - good)])
        self._both.accumulate(tile.gaussian, parts, totals.both)
        totals.rows += responsibilities.sum(axis=1)
        totals.posterior += np.vecdot(responsibilities, entr(good) + entr(1.0 - good))

    def sums(self, totals: ContaminatedTotals) -> ContaminatedSums:
        """Freeze the totals."""
        return self._frozen(totals, np.zeros(self._n_components))

    def _frozen(self, totals: ContaminatedTotals, guessed: Float) -> ContaminatedSums:
        both, k = self._both.sums(totals.both), self._n_components
        parts = both.take(slice(0, k)), both.take(slice(k, 2 * k))
        return ContaminatedSums(*parts, totals.rows, totals.posterior, guessed)


class GuessingEvaluator(ContaminatedEvaluator):
    """Accumulates only, for a start: rows are bad the wilder they are by themselves."""

    def accumulate(
        self, prepared: WildTile, responsibilities: NDArray[Any], totals: ContaminatedTotals
    ) -> None:
        """Add a tile's sums to the totals."""
        good = np.broadcast_to(prepared.wildness(), responsibilities.shape)
        self._add(prepared, responsibilities, good, totals)

    def sums(self, totals: ContaminatedTotals) -> ContaminatedSums:
        """Freeze the totals, which say nothing of shares."""
        return self._frozen(totals, np.ones(self._n_components))
