"""The compiled M-step of every covariance structure."""

import ctypes
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels

__all__ = ["CODES", "MOST_COLUMNS", "MOST_COMPONENTS", "native_update"]

Float = NDArray[np.float64]

# As mixtura.h has them.
CODES = (
    *("EII", "VII"),
    *("EEI", "VEI", "EVI", "VVI"),
    *("EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"),
)
MOST_COLUMNS = 64
MOST_COMPONENTS = 128
DONE = 0


def native_update(
    code: str,
    scatter: Float,
    rows: Float,
    previous: Float | None = None,
    axes: Float | None = None,
    floor: Float | None = None,
) -> Float | None:
    """Return the factors of precisions that maximise the M-step's objective, or None.

    None says that there are no kernels, that the problem is too wide for them, or that its numbers
    ask for more care than they take: the update of the structure itself takes it, and names what
    is wrong with numbers that no update can take.

    Parameters
    ----------
    code : the structure's
    scatter : float64, as `Structure.features` says: (K, D, D), (K, D), (D, D) or (D,)
    rows : (K,) float64, effective rows
    previous : (K,), (K, D) or (K, D, D) float64, factors to start from, or None
    axes : (D, D) float64, contiguous, set to the common axes Q of EVE and VVE, which start from it
        where `previous` is given; without it they search anew
    floor : (D,) float64, the least variances, zero where a column has none; or None

    Returns
    -------
    (K,), (K, D) or (K, D, D) float64
    """
    library = kernels()
    n_components, n_columns = len(rows), scatter.shape[-1]
    if n_columns > MOST_COLUMNS or n_components > MOST_COMPONENTS:
        return None
    place = CODES.index(code)
    shape = (n_components, n_columns, n_columns)[: 1 + (place > 1) + (place > 5)]
    if code in ("EVE", "VVE") and axes is None:
        previous, axes = None, np.empty((n_columns, n_columns))
    factors = np.empty(shape)
    workspace = np.empty(workspace_for(library, n_components, n_columns))
    contiguous = (np.ascontiguousarray(scatter), np.ascontiguousarray(rows))
    start = None if previous is None else np.ascontiguousarray(previous)
    below = None if floor is None else np.ascontiguousarray(floor)
    update = library.mx_update if below is None else library.mx_update_floored
    status = update(
        place,
        n_components,
        n_columns,
        *(each.ctypes.data for each in contiguous),
        *(() if below is None else (below.ctypes.data,)),
        None if start is None else start.ctypes.data,
        factors.ctypes.data,
        None if axes is None else axes.ctypes.data,
        workspace.ctypes.data,
    )
    return factors if status == DONE else None


@cache
def workspace_for(library: ctypes.CDLL, n_components: int, n_columns: int) -> int:
    """Return the doubles that an update works in."""
    return int(library.mx_floored_workspace(n_components, n_columns))
