"""How rows of many counts deviate from one component, in units of its own spread.

One component for all rows is where EM begins to part them: with densities to a power b it stays
there while b λ < 1, λ the largest eigenvalue of the deviations' Gram matrix (linear stability).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, issparse

__all__ = ["Deviations", "spherical", "weighed"]

Float = NDArray[np.float64]

# Turns of block power iteration, and directions beside those asked for.
TURNS, BESIDE = 12, 8
SEED = 20


@dataclass(frozen=True)
class Deviations:
    """Rows less what one component expects of them.

    Attributes
    ----------
    cells : (n, P) counts, CSR or dense
    totals : (n,) by how much of `mean` each row is expected to have
    mean : (P,)
    scale : (P,) the variance of each column of all rows together, of one component
    skipped : leading axes that hold lengths of rows, and no groups
    """

    cells: Any
    totals: Float
    mean: Float
    scale: Float
    skipped: int = 0

    @cached_property
    def size(self) -> float:
        """Return the eigenvalue at which rows part."""
        n_rows, n_columns = self.cells.shape
        count = min(self.skipped + 1 + BESIDE, n_rows, n_columns)
        roots = 1.0 / np.sqrt(np.maximum(self.scale, 1e-300))
        roots[self.scale <= 0] = 0.0
        axes = np.random.default_rng(SEED).standard_normal((n_columns, count))
        for _ in range(TURNS):
            axes = np.linalg.qr(axes)[0] * roots[:, None]
            ahead = self.cells @ axes - np.outer(self.totals, self.mean @ axes)
            axes = self.cells.T @ ahead - np.outer(self.mean, self.totals @ ahead)
            axes *= roots[:, None]
        sizes = np.linalg.svd(axes, compute_uv=False)
        return float(sizes[min(self.skipped, count - 1)])


def weighed(rows: Any, weights: Float | None) -> tuple[Any, Float]:
    """Return rows times the roots of their weights, and the weighted sums of columns."""
    if weights is None:
        return rows, np.asarray(rows.sum(axis=0), dtype=np.float64).ravel()
    sums = np.asarray(rows.T @ weights, dtype=np.float64).ravel()
    roots = np.sqrt(weights)
    return (diags_array(roots) @ rows if issparse(rows) else rows * roots[:, None]), sums


def spherical(cells: Any, n_axes: int) -> Float:
    """Return rows (n, D) on the first axes of their counts by frequency and rarity, as directions.

    Parameters
    ----------
    cells : (n, D) counts, CSR or dense
    n_axes : how many axes
    """
    rows: Any = (
        csr_array(cells, dtype=np.float64) if not issparse(cells) else cells.astype(np.float64)
    )
    holding = np.bincount(rows.indices, minlength=rows.shape[1])
    rarity = np.log((1 + rows.shape[0]) / (1 + holding)) + 1.0
    weighed: Any = csr_array(
        ((1.0 + np.log(rows.data)) * rarity[rows.indices], rows.indices, rows.indptr),
        shape=rows.shape,
    )
    norms = np.sqrt(np.maximum(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel(), 1e-300))
    count = min(n_axes + BESIDE, *rows.shape)
    found = np.random.default_rng(SEED).standard_normal((rows.shape[1], count))
    for _ in range(TURNS // 2):
        found = np.linalg.qr(found)[0]
        found = weighed.T @ ((weighed @ found) / norms[:, None] ** 2)
    points = (weighed @ np.linalg.qr(found)[0][:, :n_axes]) / norms[:, None]
    return points / np.maximum(np.linalg.norm(points, axis=1), 1e-12)[:, None]
