"""Probabilities from counts, and their logarithms without log 0."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, issparse
from scipy.special import gammaln

from mixtura.errors import ParameterError

__all__ = [
    "as_probabilities",
    "floored_log",
    "hellinger",
    "log_factorials",
    "narrowed",
    "normalised",
    "row_sums",
]

Float = NDArray[np.float64]

# log of it is -690.8: what a count costs that its component says is impossible. It is finite, so
# that no count of zero times it is NaN and a row impossible everywhere still has a posterior.
SMALLEST = 1e-300

WIDEST_EMBEDDING = 512
PROJECTED = 128


def floored_log(values: Float) -> Float:
    """Return log max(values, 1e-300)."""
    return np.log(np.maximum(values, SMALLEST))


def normalised(counts: Float, starts: Sequence[int], previous: Float | None) -> Float:
    """Return counts divided by the sum over their item.

    This maximises Σ_j c_j log p_j under Σ_j p_j = 1, by its Lagrange multiplier λ = Σ_j c_j.

    Parameters
    ----------
    counts : (K, M) float64, not negative
    starts : where in M each item begins
    previous : (K, M) what an item without counts keeps; None for equal shares
    """
    sizes = np.diff([*starts, counts.shape[1]])
    totals = np.repeat(np.add.reduceat(counts, starts, axis=1), sizes, axis=1)
    kept = np.broadcast_to(np.repeat(1.0 / sizes, sizes), counts.shape)
    result = np.array(kept if previous is None else previous)
    # Below this a quotient of two counts would be rounding noise.
    np.divide(counts, totals, out=result, where=totals > SMALLEST)
    return result


def hellinger(rows: Any) -> Any:
    """Return square roots of row proportions (n, D): their distance is Hellinger's.

    Parameters
    ----------
    rows : (n, D) array or CSR, not negative; a row of zeros becomes the origin
    """
    roots = np.sqrt(1.0 / np.maximum(row_sums(rows), 1.0))
    return diags_array(roots) @ np.sqrt(rows) if issparse(rows) else np.sqrt(rows) * roots[:, None]


def row_sums(rows: Any) -> Float:
    """Return the sum of each row (n,), of an array or CSR."""
    return np.asarray(rows.sum(axis=1), dtype=np.float64).ravel()


def log_factorials(counts: Any) -> Float:
    """Return Σ_j log x_j! of each row (n,), of an array or CSR."""
    if not issparse(counts):
        return gammaln(counts + 1.0).sum(axis=1)
    logs = (gammaln(counts.data + 1.0), counts.indices, counts.indptr)
    return row_sums(csr_array(logs, shape=counts.shape))


def narrowed(points: Any) -> Float:
    """Return points (n, D), array or CSR, as an array with few columns and about their distances.

    Many columns are projected on fixed random directions (Johnson and Lindenstrauss 1984), so
    that distances cost the same however many there are.
    """
    n_columns = points.shape[1]
    if n_columns <= WIDEST_EMBEDDING:
        return points.toarray() if issparse(points) else points
    directions = np.random.default_rng(n_columns).standard_normal((n_columns, PROJECTED))
    return np.asarray(points @ directions) / np.sqrt(PROJECTED)


def as_probabilities(name: str, values: Float) -> Float:
    """Return values (K, M) if they all lie in [0, 1].

    Raises
    ------
    ParameterError
        If one does not, or there are not two dimensions.
    """
    if values.ndim != 2 or not ((values >= 0) & (values <= 1)).all():
        raise ParameterError(f"'{name}' should be (K, M) numbers between 0 and 1")
    return np.array(values, dtype=np.float64)
