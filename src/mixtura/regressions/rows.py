"""From cells to the rows that regressions are fitted to, and the family that reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from mixtura.components.regression.bounds import Bounds
from mixtura.components.regression.family import RegressionFamily
from mixtura.components.regression.responses import Response
from mixtura.data import ArrayRows
from mixtura.errors import DataError
from mixtura.regressions.cells import SMALLEST, Cells

__all__ = ["Laid", "family_of", "frame_of", "laid_out"]

Float = NDArray[np.float64]

# Terms of which less than this is left when those before are taken out say nothing new.
COLLINEAR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Rows as the family reads them.

    Attributes
    ----------
    rows : (n, m (p + 3))
    weights : (n,) above 0, or None where all count once
    per_row : m
    places : (N,) the row that each cell is in
    kept : (n,) which rows have weight, among those of `places`
    """

    rows: Float
    weights: Float | None
    per_row: int
    places: NDArray[np.intp]
    kept: NDArray[np.intp] = field(repr=False)

    @property
    def counted(self) -> Float:
        """Return the weights (n,) of the rows that have some."""
        return np.ones(len(self.kept)) if self.weights is None else self.weights

    @property
    def source(self) -> ArrayRows:
        """Return what hands the rows out that have weight."""
        return ArrayRows(self.rows[self.kept], self.weights)


def laid_out(cells: Cells, response: Response) -> Laid:
    """Return rows of all cells of a group side by side.

    Raises
    ------
    DataError
        If cells of one group have several weights.
    """
    n_cells = len(cells.y)
    table = np.column_stack([cells.y, cells.size, cells.offset, cells.design])
    if cells.groups is None:
        kept = np.flatnonzero(cells.weights > 0)
        return Laid(table, _plain(cells.weights[kept]), 1, np.arange(n_cells), kept)
    order = np.argsort(cells.groups, kind="stable")
    counts = np.bincount(cells.groups)
    starts = np.cumsum(counts) - counts
    inside = np.arange(n_cells) - np.repeat(starts, counts)
    most = int(counts.max())
    empty = np.zeros(table.shape[1])
    # Cells that are not there hold what has a density.
    empty[0] = response.empty
    rows = np.tile(empty, (len(counts), most, 1))
    rows[cells.groups[order], inside] = table[order]
    weights = cells.weights[order[starts]]
    unlike = np.flatnonzero(cells.weights != weights[cells.groups])
    if len(unlike):
        raise DataError(
            f"row {unlike[0]} (counted from 0) weighs {cells.weights[unlike[0]]}, and another of "
            "its group does not; a group is in one component, so give all its rows one weight"
        )
    kept = np.flatnonzero(weights > 0)
    flat = rows.reshape(len(counts), -1)
    return Laid(flat, _plain(weights[kept]), most, cells.groups, kept)


def _plain(weights: Float) -> Float | None:
    return None if (weights == 1.0).all() else weights


def family_of(
    response: Response, cells: Cells, laid: Laid, bounds: Bounds | None
) -> RegressionFamily:
    """Return the family for cells, in a frame of their own.

    Raises
    ------
    DataError
        Naming a term that follows from those before it.
    """
    used = cells.weights > 0
    design, weights = cells.design[used], cells.weights[used]
    frame = frame_of(design, weights, cells.terms)
    # What is added to η moves only the mean of a response that is η.
    moved = (cells.y - cells.offset if response.is_quadratic else cells.y)[used]
    if response.has_precision and not np.ptp(moved):
        raise DataError(
            f"y is {moved[0]} in all rows of weight, so there is no spread to be told by terms"
        )
    if response.is_quadratic and np.ptp(moved) < SMALLEST:
        raise DataError(
            f"responses differ by less than {SMALLEST}, where their squares have no digits left; "
            "multiply y by a power of ten"
        )
    losses = _mean_loss(response, moved, weights)
    return RegressionFamily(
        response,
        cells.terms,
        laid.per_row,
        frame,
        reach=float(np.sqrt(((design @ frame.T) ** 2).sum(axis=1).max())),
        loss=losses,
        each=float(used.sum() / len(laid.kept)),
        bounds=bounds,
    )


def frame_of(design: Float, weights: Float, terms: Sequence[str]) -> Float:
    """Return A (p, p) of z = A x with Σ w z zᵀ = Σ w.

    Raises
    ------
    DataError
        Naming a term that follows from those before it.
    """
    # By the widest cell first, as squares of cells may be beyond what numbers reach.
    widest = np.abs(design).max(axis=0)
    widest = np.where(widest > 0, widest, 1.0)
    size = widest * np.sqrt(np.maximum((weights @ (design / widest) ** 2) / weights.sum(), 1e-300))
    scaled = np.sqrt(weights / weights.sum())[:, None] * (design / size)
    upper = np.atleast_2d(qr(scaled, mode="r")[0])[: design.shape[1]]
    left = np.abs(np.diag(upper))
    if len(design) < design.shape[1]:
        raise DataError(f"{len(design)} rows do not determine {len(terms)} terms; use fewer terms")
    if (left <= COLLINEAR).any():
        term = terms[int(np.flatnonzero(left <= COLLINEAR)[0])]
        raise DataError(
            f"term '{term}' is constant, or follows from the terms before it, so its coefficient "
            "cannot be told; leave it out"
        )
    return np.linalg.inv(upper.T) / size


def _mean_loss(response: Response, y: Float, weights: Float) -> float:
    mean = weights @ y / weights.sum()
    if response.name == "gaussian":
        return float(0.5 * (weights @ (y - mean) ** 2) / weights.sum())
    if response.name == "gamma":
        return float(max(np.log(mean) - weights @ np.log(y) / weights.sum(), 1e-300))
    return 1.0
