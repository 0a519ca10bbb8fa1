"""Where EM of rows with errors starts: as that of any rows, and where sharply measured ones lead.

Rows with large errors blur the groups that distances are to find, and components among sharp rows
are components of all.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.measured.family import MeasuredFamily
from mixtura.data import ArrayRows
from mixtura.em.failures import Start, survivors
from mixtura.em.fit import FitOptions, fit
from mixtura.em.ranking import ranked
from mixtura.em.solve import found_starts
from mixtura.em.starts import StartOptions, short_options
from mixtura.em.sweep import Sweep

__all__ = ["SharpStarts", "sharp_rows"]

Float = NDArray[np.float64]

# The share of rows that count as sharp, if they are some for each parameter of a component.
SHARP, EACH = 1 / 3, 5
# A cell that was not measured is as if its error were so many times its column's variance.
UNSEEN = 1e6
# Errors are alike where more rows are no worse than these.
ALIKE = 0.9
# Sweeps of all rows after which starts are compared.
SWEEPS = 30


class SharpStarts:
    """Makes models to start from; see `mixtura.em.starts.StartMaker`.

    Parameters
    ----------
    n_components : K
    starts : how many are finished, and the seed
    """

    def __init__(self, n_components: int, starts: StartOptions) -> None:
        self._n_components, self._starts = n_components, starts

    def __call__(self, sweep: Sweep, options: FitOptions) -> list[Start]:
        """Return as many models as are to be finished, the best of so many and of sharp rows'."""
        found: list[Start] = list(
            found_starts(sweep, self._n_components, options, self._starts, [])
        )
        block = sweep.source.block(0, sweep.source.n_rows)
        rows, weights = block.rows, block.weights
        family: Any = sweep.family
        least = EACH * family.fewest_rows * self._n_components
        sharp = sharp_rows(family, rows, weights, least)
        if self._n_components == 1 or np.count_nonzero(sharp) > ALIKE * len(rows):
            return found
        own = ArrayRows(rows[sharp], None if weights is None else weights[sharp])
        part = Sweep(family, own, sweep.engine)
        found += found_starts(part, self._n_components, options, self._starts, [])
        short = replace(short_options(options, SWEEPS), accelerate=options.accelerate)
        ends = fit(sweep, list(survivors(found, options)), short)
        return [end.model for end in ranked(sweep, ends, options)[: self._starts.finish]]


def sharp_rows(
    family: MeasuredFamily, rows: Float, weights: Float | None, least: float
) -> NDArray[np.bool_]:
    """Return which rows (N,) are among the third of least error, or as many as there must be.

    Parameters
    ----------
    least : weight that they must have
    """
    variances = np.minimum(family.layout.variances(rows) / family.frame.spread**2, UNSEEN)
    blur = np.log1p(variances).sum(axis=1)
    order = np.argsort(blur, kind="stable")
    counted = np.cumsum(np.ones(len(rows)) if weights is None else weights[order])
    enough = np.searchsorted(counted, max(SHARP * counted[-1], least))
    return blur <= blur[order[min(int(enough), len(rows) - 1)]]
