"""`Report`: what a page is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.em.solve import FitResult
from mixtura.selection import Selection

__all__ = ["PLOTTED_ROWS", "Report"]

Float = NDArray[np.float64]

# More rows than this make figures slow and no clearer.
PLOTTED_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Report:
    """A fit together with the rows it is shown on.

    Attributes
    ----------
    title : heading of the page
    result : the fit that was chosen
    selection : the search it came from, or None
    rows : (N, D) float64, in the user's units
    columns : the D column names
    labels : (N,) the component of each row, -1 for noise
    probabilities : (N,) the posterior probability of that component
    source : where the rows came from, for the header
    seed : the seed of the fit, or None where it is not known
    facts : what a summary says of the fit
    all_rows : N, where `rows` are a sample of more
    all_sizes : (K,) of how many of those each component is the most probable one
    """

    title: str
    result: FitResult
    selection: Selection | None
    rows: Float
    columns: tuple[str, ...]
    labels: NDArray[np.intp]
    probabilities: Float
    source: str
    seed: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    all_rows: int | None = None
    all_sizes: NDArray[np.intp] | None = None

    @property
    def n_rows(self) -> int:
        """Return N."""
        return len(self.rows) if self.all_rows is None else self.all_rows

    @property
    def uncertainty(self) -> Float:
        """Return 1 - the probability of the chosen component (N,)."""
        return np.maximum(1.0 - self.probabilities, 0.0)

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Return how many rows each component (K,) is the most probable one of."""
        if self.all_sizes is not None:
            return self.all_sizes
        n_components = self.result.mixture.n_components
        # Noise is the last component, and called -1.
        return np.bincount(self.labels % n_components, minlength=n_components)

    def plotted(self, limit: int = PLOTTED_ROWS) -> "Report":
        """Return the report on a random sample of at most `limit` rows, in their old order.

        Which rows are drawn depends on their number alone, never on what stands in them.
        """
        n_rows = len(self.rows)
        if n_rows <= limit:
            return self
        kept = np.sort(np.random.default_rng(n_rows).choice(n_rows, limit, replace=False))
        return replace(
            self,
            rows=self.rows[kept],
            labels=self.labels[kept],
            probabilities=self.probabilities[kept],
        )
