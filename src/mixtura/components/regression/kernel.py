"""Compiled runs of regressions on rows in memory; starts are made elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.kernel import Ended, KernelRun, Limits, Terms
from mixtura.components.regression.parameters import RegressionParameters, RegressionSums
from mixtura.errors import ParameterError
from mixtura.native.regressions import ROWS_AT_ONCE, RegressionRows

__all__ = ["BESIDE", "CODES", "MOST_CELLS", "RegressionKernel"]

Float = NDArray[np.float64]

# `mx_response`.
CODES = {"gaussian": 0, "poisson": 1, "binomial": 2, "gamma": 3}
# Numbers of a cell before its terms.
BESIDE = 3
# Endings; MX_ENDED_HARD is none of these.
TOLD = frozenset(map(int, Ended))
# More cells are worth the engine's workers.
MOST_CELLS = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class RegressionKernel:
    """See `mixtura.components.kernel.Kernel`.

    Attributes
    ----------
    family : of the rows
    rows : as compiled code reads them
    shared : totals over the rows
    tile : the rows as the family prepares them, for starts
    """

    family: Any
    rows: RegressionRows
    shared: Any
    tile: Any

    @classmethod
    def of(cls, family: Any, rows: Any, row_weights: Float | None, shared: Any) -> Self:
        """Return the kernel of a family for rows (n, D)."""
        m, response = family.per_row, family.response
        n_rows = len(rows)
        filled = -(-n_rows // ROWS_AT_ONCE) * ROWS_AT_ONCE
        table = np.zeros((filled, m, family.n_terms + BESIDE))
        # What is no row is a cell that has a density, of a row of no weight.
        table[n_rows:, :, :2] = (response.empty, 1.0)
        table[:n_rows] = np.asarray(rows, np.float64).reshape(n_rows, m, -1)
        strips = table.reshape(-1, ROWS_AT_ONCE, m, table.shape[2]).transpose(3, 0, 2, 1)
        columns = np.ascontiguousarray(strips).reshape(table.shape[2], -1)
        cells, design = columns[:BESIDE], family.frame @ columns[BESIDE:]
        if response.name == "gamma":
            cells = np.vstack([cells, np.log(cells[:1])])
        weights = np.zeros(filled)
        weights[:n_rows] = 1.0 if row_weights is None else row_weights
        present = (cells[1] > 0).astype(np.float64)
        numbers = (
            float(shared.weight),
            float(shared.log_base),
            -1.0 if response.is_quadratic else float(family.reach),
            family.least_loss,
            float(family.loss),
        )
        told = RegressionRows(
            CODES[response.name],
            m,
            np.ascontiguousarray(cells),
            np.ascontiguousarray(design),
            present,
            weights,
            numbers,
        )
        return cls(family, told, shared, family.prepare(rows, family.workspace(n_rows)))

    @property
    def splits_and_merges(self) -> bool:
        """Return False: lines through few rows are tried in place of it."""
        return False

    def crosses(self, terms: Terms) -> bool:
        """Return False: there is nothing to cross."""
        return False

    def excluding(self, excluded: NDArray[np.bool_]) -> None:
        """Return None: rows of regressions are excluded from none in compiled code."""

    def run(
        self,
        log_weights: Float,
        parameters: RegressionParameters,
        terms: Terms,
        limits: Limits,
        ahead: float = -np.inf,
    ) -> KernelRun | None:
        """Return where EM leads, or None where it takes the care of the general loop."""
        weighing, prior = terms.weighing, terms.prior
        if weighing.is_held or weighing.concentration != 1.0 or weighing.seen:
            return None
        found = self.rows.run(
            log_weights,
            parameters.coefficients,
            parameters.precisions,
            (prior.cells, prior.loss),
            limits,
            ahead,
        )
        if found.ending not in TOLD or not len(found.steps):
            return None
        sums = RegressionSums(*found.sums)
        about = RegressionParameters(*found.about)
        return KernelRun(
            found.log_weights,
            RegressionParameters(found.coefficients, found.precisions),
            sums,
            self.family.moments(sums, about, self.shared),
            found.squared,
            found.log_largest,
            found.steps,
            found.rejected,
            found.gain_left,
            Ended(found.ending),
        )

    def start(self, responsibilities: Float, terms: Terms) -> tuple[Float, Any] | None:
        """Return the M-step from responsibilities (n, K), by the line each cell asks for itself."""
        family = self.family
        evaluator = family.unbound(responsibilities.shape[1])
        totals = evaluator.zeros()
        counted = self.rows.weights[: len(responsibilities), None] * responsibilities
        evaluator.accumulate(self.tile, np.ascontiguousarray(counted.T), totals)
        moments = family.moments(evaluator.sums(totals), None, self.shared)
        try:
            parameters = family.maximise(moments, None, terms.prior)
        except ParameterError:
            return None
        return terms.weighing.log_weights(moments.effective_rows), parameters

    def responsibilities(self, log_weights: Float, parameters: Any) -> None:
        """Return None, as all below do: it is found in the general way."""

    def split(self, whole: Any, log_weights: Float, parameters: Any, terms: Terms) -> None:
        """Return None."""

    def tried(
        self, sources: Sequence[NDArray[Any]], n_components: int, terms: Terms, sweeps: int
    ) -> list[None]:
        """Return None for each source."""
        return [None] * len(sources)

    def split_and_merged(self, part: Any, models: Sequence[Any], terms: Terms, sweeps: int) -> None:
        """Return None."""

    def neighbour(
        self, part: Any, model: Any, n_components: int, above: Any, terms: Terms, sweeps: int
    ) -> None:
        """Return None."""
