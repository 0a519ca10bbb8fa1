"""Score vectors of rows, and their sums over all rows that make up the information.

Row i has the score s_i = Σ_k r_ik u_ik with u_ik = ∇ log(π_k f_k(x_i)), and the second derivative
Σ_k r_ik (∇² log(π_k f_k) + u_ik u_ikᵀ) - s_i s_iᵀ (Louis 1982). By natural parameters that is the
block formula I_kk = N_k V_k - Σ r (1 - r) d dᵀ, I_kl = Σ r_k r_l d_k d_lᵀ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives import Chart
from mixtura.data.checks import check_memory
from mixtura.engines import Engine
from mixtura.errors import BoundaryError
from mixtura.inference.numbers import Numbers
from mixtura.inference.rows import Rows, checked
from mixtura.mixture import Mixture
from mixtura.sums import Sums

__all__ = ["ScoreSums", "parameter_names", "row_scores", "score_sums", "score_vector"]

Float = NDArray[np.float64]

# Scores of a tile, K (1 + q) n of them, fill about this much.
TILE_BYTES = 8 << 20
LARGEST_TILE = 8192
# Each unit of rows has sums of its own, which are large where there are many parameters.
MOST_UNITS = 32


@dataclass(frozen=True, slots=True)
class ScoreSums(Sums):
    """Sums over rows, by numbers (K, Q) or by free parameters (M).

    Attributes
    ----------
    outer : (M, M) Σ w s sᵀ
    within : (K, Q, Q) Σ w r u uᵀ
    gradient : (K, Q) Σ w r u
    effective_rows : (K,) Σ w r
    extra : (K, E) what second derivatives need besides
    """

    outer: Float
    within: Float
    gradient: Float
    effective_rows: Float
    extra: Float


def parameter_names(mixture: Mixture) -> tuple[str, ...]:
    """Return the names of a mixture's free parameters, in the order of score vectors.

    The last weight, and the last of each component's probabilities that sum to one, are what the
    others leave, and weights that were held are none of them; structures with shared volumes,
    shapes or orientations have log volumes, log shapes and rotations for parameters.
    """
    return Numbers(mixture, mixture.family).chart().names


def score_vector(mixture: Mixture, X: Any, *, missing: str = "error") -> Float:
    """Return ∂ log f(x_i) / ∂ψ of each row by the free parameters.

    Parameters
    ----------
    mixture : Mixture
    X : (N, D)
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN

    Returns
    -------
    (N, M) float64, in the order of `parameter_names`; Σ_i w_i times it is `gradient(...).free`

    Raises
    ------
    BoundaryError
        If a weight or a probability is 0, so that scores are infinite.
    """
    rows = checked(mixture, X, missing=missing)
    numbers = Numbers(mixture, rows.family)
    chart = numbers.chart()
    fixed = np.zeros(numbers.shape, dtype=bool)
    found = row_scores(rows, numbers, chart, fixed)
    if not np.isfinite(found).all():
        raise BoundaryError("a weight or a probability is 0, where scores are infinite")
    return found


def row_scores(rows: Rows, numbers: Numbers, chart: Chart, fixed: NDArray[np.bool_]) -> Float:
    """Return the scores (N, M) of rows; numbers that are `fixed` (K, 1 + q) have none."""
    check_memory(8 * rows.n_rows * chart.n_free, f"the scores of {chart.n_free:,} parameters")
    found = np.empty((rows.n_rows, chart.n_free))
    for part in tiles(0, rows.n_rows, numbers):
        chunk = rows.array[part]
        scores = numbers.scores(chunk)
        scores[fixed] = 0.0
        shares = numbers.mixture.coded.responsibilities(chunk).T
        found[part] = chart.gradient(shares[:, None] * scores).T
    return found


def score_sums(
    rows: Rows, numbers: Numbers, chart: Chart, fixed: NDArray[np.bool_], engine: Engine
) -> ScoreSums:
    """Return the sums over all rows; numbers that are `fixed` (K, Q) count as having no scores."""
    bounds = unit_bounds(rows.n_rows, numbers)
    size = 16 * (len(bounds) - 1) * (chart.n_free**2 + fixed.size * fixed.shape[1])
    check_memory(size, f"the information of {chart.n_free:,} parameters")

    task = ScoreTask(rows, numbers, chart, fixed)
    with engine.session():
        return engine.fold(task, list(pairwise(bounds)))


@dataclass(frozen=True, slots=True)
class ScoreTask:
    """Makes the sums over a range of rows."""

    rows: Rows
    numbers: Numbers
    chart: Chart
    fixed: NDArray[np.bool_]

    def __call__(self, unit: tuple[int, int]) -> ScoreSums:
        """Return the sums of rows from the first number to before the second."""
        parts = tiles(*unit, self.numbers)
        with np.errstate(over="ignore", invalid="ignore"):
            return reduce(
                add,
                (_of_tile(self.rows, part, self.numbers, self.chart, self.fixed) for part in parts),
            )


def _of_tile(
    rows: Rows, part: slice, numbers: Numbers, chart: Chart, fixed: NDArray[np.bool_]
) -> ScoreSums:
    chunk = rows.array[part]
    weights = np.ones(chunk.shape[0]) if rows.weights is None else rows.weights[part]
    responsibilities = numbers.mixture.coded.responsibilities(chunk).T
    weighted = weights * responsibilities
    scores = numbers.scores(chunk)
    scores[fixed] = 0.0
    by_row = np.sqrt(weights) * chart.gradient(responsibilities[:, None] * scores)
    rooted = np.sqrt(weighted)[:, None] * scores
    return ScoreSums(
        outer=by_row @ by_row.T,
        within=np.stack([own @ own.T for own in rooted]),
        gradient=np.einsum("kan,kn->ka", scores, weighted),
        effective_rows=weighted.sum(axis=1),
        extra=numbers.components.extra(chunk, weighted),
    )


def tile_rows(numbers: Numbers) -> int:
    """Return how many rows have scores of about `TILE_BYTES`."""
    n_components, n_numbers = numbers.shape
    return int(np.clip(TILE_BYTES // (8 * n_components * n_numbers), 16, LARGEST_TILE))


def tiles(start: int, stop: int, numbers: Numbers) -> Iterator[slice]:
    """Return ranges of rows that are looked at together."""
    size = tile_rows(numbers)
    for first in range(start, stop, size):
        yield slice(first, min(first + size, stop))


def unit_bounds(n_rows: int, numbers: Numbers) -> list[int]:
    """Return where the units of an engine begin, and N; they do not depend on the engine."""
    size = max(tile_rows(numbers), -(-n_rows // MOST_UNITS))
    return [*range(0, n_rows, size), n_rows]
