"""Successes and failures of columns of counts, as two categories of an urn each."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.polya.likeliest import Urns, UrnTables
from mixtura.components.polya.rising_sums import RisingSums

__all__ = ["TwoSides"]

Float = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class TwoSides:
    """Where counts of successes stand, and those of failures beside them.

    Attributes
    ----------
    drawn : nodes of 2 D categories: successes and failures of each column
    totals : nodes of the trials (D,)
    sources : (B,) of which count above 0 each count of a category is, or C and more: of zeros
    successes, failures : (C,) where a count stands among those of categories; B: no failure
    none : (D,) where the failures of a count of 0 stand
    columns : (C,) the column of each count
    """

    drawn: RisingSums
    totals: RisingSums
    sources: Places
    successes: Places
    failures: Places
    none: Places
    columns: Places

    @classmethod
    def of(cls, counts: Float, bounds: NDArray[np.int64], trials: Float) -> Self:
        """Return the layout of counts (C,) above 0 that rise in each of D columns.

        Parameters
        ----------
        bounds : (D + 1,) where those of a column begin, and C
        trials : (D,)
        """
        sources, drawn, ends = [], [], [0]
        n_counts, n_columns = len(counts), len(trials)
        for j, most in enumerate(trials):
            own = np.arange(bounds[j], bounds[j + 1])
            failed = own[counts[own] < most][::-1]
            sources += [own, failed, [n_counts + j]]
            drawn += [counts[own], most - counts[failed], [most]]
            ends += [ends[-1] + len(own), ends[-1] + len(own) + len(failed) + 1]
        of = np.concatenate(sources).astype(np.intp)
        bounds_of_all = np.array(ends, dtype=np.intp)
        sides = np.repeat(np.arange(2 * n_columns) % 2, np.diff(bounds_of_all))
        successes, failures = np.flatnonzero(sides == 0), np.full(n_counts + n_columns, len(of))
        failures[of[sides == 1]] = np.flatnonzero(sides == 1)
        return cls(
            RisingSums.of(np.concatenate(drawn), bounds_of_all),
            RisingSums.of(trials, np.arange(n_columns + 1)),
            of,
            successes,
            failures[:n_counts],
            failures[n_counts:],
            np.repeat(np.arange(n_columns), np.diff(bounds)),
        )

    def tables(self, sums: Float, zeros: Float) -> UrnTables:
        """Return what is told of urns, by how often counts (K, C) and zeros (K, D) occur."""
        table = np.hstack([sums, zeros])[:, self.sources]
        rows = zeros + np.add.reduceat(sums, np.searchsorted(self.columns, self._each), axis=1)
        return UrnTables(
            self.drawn,
            self.totals,
            self.drawn.tails(table),
            self.totals.tails(rows),
            2 * self._each,
        )

    @property
    def _each(self) -> Places:
        return np.arange(len(self.none))

    def masses(self, urns: Urns) -> tuple[Float, Float]:
        """Return p + iγ, or 1 - p + iγ, at the nodes of counts, and 1 + iγ at those of trials."""
        of_drawn = urns.feedback[:, self.drawn.columns // 2]
        own = urns.shares[:, self.drawn.columns] + self.drawn.steps * of_drawn
        return own, 1.0 + self.totals.steps * urns.feedback[:, self.totals.columns]

    def between(self, each: Float, sign: float) -> tuple[Float, Float]:
        """Return sums of a function of nodes over i < n (K, D), and over counts beyond (K, C).

        Those over failures count by the sign; the first are those of a count of 0, and the
        others those of counts above 0 less the first.
        """
        summed = np.pad(self.drawn.up_to_counts(each), [(0, 0), (0, 1)])
        none = sign * summed[:, self.none]
        above = summed[:, self.successes] + sign * summed[:, self.failures]
        return none, above - none[:, self.columns]
