"""A family of t components bound to the parameters of one sweep.

Distances δ come from the Gaussian evaluator, with all its care for digits; a tile keeps them from
the densities to the sums, in which a row counts r E[u], E[u] = (ν + D)/(ν + δ).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gamma_shapes import log_gap
from mixtura.components.gaussian.evaluator import GaussianEvaluator
from mixtura.components.student_t.degrees import START
from mixtura.components.student_t.density import entropy_of_shape
from mixtura.components.student_t.parameters import StudentTParameters, StudentTSums
from mixtura.components.wildness import WildTile

__all__ = ["GuessingEvaluator", "Scratch", "StudentTEvaluator"]

Float = NDArray[np.float64]

# δ/ν is kept below, so that what is beyond the floats counts for nothing and is a number.
FARTHEST = 1e300


class Scratch:
    """What is kept of one tile: δ/ν and log(1 + δ/ν), (K, n) each, and by whom."""

    __slots__ = ("logs", "owner", "ratios")

    def __init__(self) -> None:
        self.owner: Any = None
        self.ratios = self.logs = np.empty((0, 0))

    def sized(self, shape: tuple[int, ...]) -> None:
        """Have room for so many components and rows."""
        if self.ratios.shape != shape:
            self.ratios, self.logs = np.empty(shape), np.empty(shape)


@dataclass(slots=True)
class StudentTTotals:
    """Mutable totals of one unit of rows."""

    rows: Float
    gaps: Float
    weighted: Any


class StudentTEvaluator:
    """See `mixtura.components.family.Evaluator`.

    Parameters
    ----------
    distances : writes -δ/2
    constants : (K,) log densities at the locations, with the weights
    """

    __slots__ = ("_constants", "_degrees", "_distances", "_n_columns", "_powers")

    def __init__(
        self, distances: GaussianEvaluator, constants: Float, degrees: Float, n_columns: int
    ) -> None:
        self._distances, self._constants = distances, constants
        self._degrees, self._n_columns = degrees, n_columns
        self._powers = -0.5 * (degrees + n_columns)

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self._degrees)

    def product(self) -> None:
        """Return None: sums need more than products."""

    def hold_constant(self, components: NDArray[np.intp], values: Float) -> None:
        """Give some components a constant log density instead, before the first tile."""
        self._constants[components], self._powers[components] = values, 0.0

    def centre_on(self, parameters: StudentTParameters) -> None:
        """Take the sums of all components about other locations, before the first tile."""
        self._distances.centre_on(parameters.padded().gaussian)

    def log_density(self, prepared: WildTile, out: NDArray[Any]) -> None:
        """Write log π_k + log t(x | μ_k, Σ_k, ν_k), in the units of the frame."""
        logs = self._found(prepared).logs
        np.multiply(logs, self._powers[:, None], out=out)
        out += self._constants[:, None]

    def _found(self, prepared: WildTile) -> Scratch:
        scratch = prepared.scratch
        if scratch.owner is not self:
            scratch.sized((self.n_components, prepared.gaussian.n_rows))
            self._distances.log_density(prepared.gaussian, scratch.ratios)
            scratch.ratios *= (-2.0 / self._degrees)[:, None]
            # What is no number is a difference of two that are beyond the floats.
            np.fmin(scratch.ratios, FARTHEST, out=scratch.ratios)
            np.maximum(scratch.ratios, 0.0, out=scratch.ratios)
            np.log1p(scratch.ratios, out=scratch.logs)
            scratch.owner = self
        return scratch

    def zeros(self) -> StudentTTotals:
        """Return fresh totals."""
        rows = np.zeros((2, self.n_components))
        return StudentTTotals(rows[0], rows[1], self._distances.zeros())

    def accumulate(
        self, prepared: WildTile, responsibilities: NDArray[Any], totals: StudentTTotals
    ) -> None:
        """Add a tile's sums to the totals."""
        found = self._found(prepared)
        most = (self._n_columns / self._degrees)[:, None]
        u = (1.0 + most) / (1.0 + found.ratios)
        totals.rows += responsibilities.sum(axis=1)
        totals.gaps += np.vecdot(responsibilities, found.logs + (u - (1.0 + np.log1p(most))))
        u *= responsibilities
        self._distances.accumulate(prepared.gaussian, u, totals.weighted)

    def sums(self, totals: StudentTTotals) -> StudentTSums:
        """Freeze the totals."""
        shapes = 0.5 * (self._degrees + self._n_columns)
        return StudentTSums(
            totals.rows,
            self._distances.sums(totals.weighted),
            # E[log u] is below log E[u] by so much.
            totals.gaps + totals.rows * log_gap(shapes),
            totals.rows * entropy_of_shape(shapes),
            np.zeros(self.n_components),
        )


class GuessingEvaluator(StudentTEvaluator):
    """Accumulates only, for a start: rows count for less the wilder they are by themselves."""

    def accumulate(
        self, prepared: WildTile, responsibilities: NDArray[Any], totals: StudentTTotals
    ) -> None:
        """Add a tile's sums to the totals."""
        totals.rows += responsibilities.sum(axis=1)
        counted = responsibilities * prepared.wildness()
        self._distances.accumulate(prepared.gaussian, counted, totals.weighted)

    def sums(self, totals: StudentTTotals) -> StudentTSums:
        """Freeze the totals, with degrees of freedom of a start."""
        return StudentTSums(
            totals.rows,
            self._distances.sums(totals.weighted),
            totals.rows * log_gap(np.full(self.n_components, 0.5 * START)),
            np.zeros(self.n_components),
            np.ones(self.n_components),
        )
