"""The compiled M-step of every covariance structure."""

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mixtura.errors import ParameterError
from mixtura.native.library import kernels

__all__ = [
    "CODES",
    "COMMON_AXES",
    "MOST_COLUMNS",
    "MOST_COMPONENTS",
    "SingularCovariance",
    "native_update",
    "shared_axes",
]

Float = NDArray[np.float64]

# As mixtura.h has them.
CODES = (
    *("EII", "VII"),
    *("EEI", "VEI", "EVI", "VVI"),
    *("EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"),
)
OWN, OWN_EQUAL = len(CODES), len(CODES) + 1
# Of compiled runs.
MOST_COLUMNS = 64
MOST_COMPONENTS = 128
DONE, FAILED = 0, 2

COMMON_AXES = ("EVE", "VVE")


class SingularCovariance(Exception):
    """No covariance of that component (None: of all together) is the best: one is singular."""

    def __init__(self, component: int | None) -> None:
        super().__init__(component)
        self.component = component


def native_update(
    code: str,
    scatter: Float,
    rows: Float,
    previous: Float | None = None,
    axes: Float | None = None,
    floor: Float | None = None,
    own: Callable[[Float, Float | None], Float] | None = None,
) -> Float:
    """Return the factors of precisions that maximise the M-step's objective.

    Parameters
    ----------
    code : the structure's
    scatter : float64, as `Structure.features` says: (K, D, D), (K, D), (D, D) or (D,)
    rows : (K,) float64, effective rows
    previous : (K,), (K, D) or (K, D, D) float64, factors to start from, or None
    axes : (D, D) float64, contiguous, set to the common axes Q of EVE and VVE, which start from it
        where `previous` is given; without it they start from those that `previous` has
    floor : (D,) float64, the least variances, zero where a column has none; or None
    own : the update of a structure of matrices with another code, for a floor

    Returns
    -------
    (K,), (K, D) or (K, D, D) float64

    Raises
    ------
    SingularCovariance
        Where one is.
    """
    library = kernels()
    n_components, n_columns = len(rows), scatter.shape[-1]
    place = CODES.index(code) if own is None else OWN_EQUAL if code[0] == "E" else OWN
    shape = (n_components, n_columns, n_columns)[: 1 + (place > 1) + (place > 5)]
    if code in COMMON_AXES and axes is None:
        axes = np.empty((n_columns, n_columns)) if previous is None else shared_axes(previous)
    factors, singular = np.empty(shape), ctypes.c_int64(-1)
    workspace = np.empty(workspace_for(library, place, n_components, n_columns, floor is not None))
    given = (np.ascontiguousarray(scatter, float), np.ascontiguousarray(rows, float))
    start = None if previous is None else np.ascontiguousarray(previous)
    below = None if floor is None else np.ascontiguousarray(floor)
    asked = None if own is None else Asked(own, given[0].shape, shape)
    update = library.mx_update if below is None else library.mx_update_floored
    status = update(
        place,
        n_components,
        n_columns,
        *(each.ctypes.data for each in given),
        *(() if below is None else (below.ctypes.data,)),
        None if start is None else start.ctypes.data,
        factors.ctypes.data,
        None if axes is None else axes.ctypes.data,
        *(() if below is None else (None if asked is None else asked.address,)),
        ctypes.addressof(singular),
        workspace.ctypes.data,
    )
    if asked is not None and asked.failure is not None:
        raise asked.failure
    if status != DONE:
        raise SingularCovariance(None if singular.value < 0 else singular.value)
    return factors


class Asked:
    """An update of another structure as compiled code asks for it."""

    def __init__(
        self,
        own: Callable[[Float, Float | None], Float],
        given: tuple[int, ...],
        shape: tuple[int, ...],
    ) -> None:
        self.failure: Exception | None = None

        def answer(scatter: int, previous: int | None, factors: int) -> int:
            try:
                before = None if previous is None else at(previous, shape).copy()
                at(factors, shape)[:] = own(at(scatter, given).copy(), before)
            except ParameterError:
                return FAILED
            except Exception as error:
                self.failure = error
                return FAILED
            return DONE

        # Kept for as long as it may be called.
        self._called = OWN_UPDATE(answer)
        self.address = ctypes.cast(self._called, ctypes.c_void_p)


OWN_UPDATE = ctypes.CFUNCTYPE(ctypes.c_int, *3 * (ctypes.c_void_p,))


def at(address: int, shape: tuple[int, ...]) -> Float:
    """Return the array there."""
    size = int(np.prod(shape))
    return np.ctypeslib.as_array((ctypes.c_double * size).from_address(address)).reshape(shape)


def shared_axes(factors: Float) -> Float:
    """Return axes (D, D) that all precisions U_k U_kᵀ of factors (K, D, D) share."""
    library = kernels()
    n_components, n_columns, _ = factors.shape
    axes, given = np.empty((n_columns, n_columns)), np.ascontiguousarray(factors)
    workspace = np.empty(library.mx_shared_axes_workspace(n_columns))
    library.mx_shared_axes(
        n_components, n_columns, given.ctypes.data, axes.ctypes.data, workspace.ctypes.data
    )
    return axes


@cache
def workspace_for(
    library: ctypes.CDLL, place: int, n_components: int, n_columns: int, floored: bool
) -> int:
    """Return the doubles that an update works in."""
    wanted = library.mx_floored_workspace if floored else library.mx_update_workspace
    return int(wanted(place, n_components, n_columns))
