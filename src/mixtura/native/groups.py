"""How compiled fits of many groups are told what to do: the structures of `groups.h`."""

import ctypes
from ctypes import c_double, c_int64, c_void_p
from enum import IntEnum

__all__ = ["GroupFits", "GroupOutcome", "Grouped"]


class GroupOutcome(IntEnum):
    """How the fit of a group ended: `mx_group_outcome`."""

    CONVERGED = 0
    LIMIT = 1
    ROUNDING = 2
    FEW = 3
    CONSTANT = 4
    HARD = 5


class Grouped(ctypes.Structure):
    """`mx_grouped`."""

    _fields_ = (
        ("cells", c_void_p),
        ("weights", c_void_p),
        ("n_columns", c_int64),
        ("structure", c_int64),
        ("n_components", c_int64),
        ("one_scale", c_int64),
        ("floor", c_void_p),
        ("prior_share", c_double),
        ("fewest_rows", c_double),
        ("least_rows", c_double),
        ("fewest_distinct", c_int64),
        ("most_rows", c_int64),
        ("n_starts", c_int64),
        ("most_sweeps", c_int64),
        ("nats", c_double),
        ("relative", c_double),
        ("seed", c_int64),
    )


class GroupFits(ctypes.Structure):
    """`mx_group_fits`."""

    _fields_ = (
        ("log_weights", c_void_p),
        ("means", c_void_p),
        ("factors", c_void_p),
        ("effective_rows", c_void_p),
        ("log_likelihood", c_void_p),
        ("log_largest", c_void_p),
        ("gain_left", c_void_p),
        ("n_distinct", c_void_p),
        ("n_sweeps", c_void_p),
        ("outcome", c_void_p),
    )
