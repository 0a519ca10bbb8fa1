"""The structures that compiled runs are told by: those of `run.h`."""

import ctypes
from ctypes import c_double, c_int64, c_void_p
from math import inf
from operator import attrgetter
from typing import Any, Self

from numpy.typing import NDArray

__all__ = ["Coded", "Ground", "Problem", "Rows", "Rule", "Segment", "Source", "State", "address"]


def address(array: NDArray[Any]) -> int:
    """Return where an array's first number is."""
    return array.__array_interface__["data"][0]


class Rows(ctypes.Structure):
    """`mx_rows`."""

    _fields_ = (
        ("features", c_void_p),
        ("weights", c_void_p),
        ("n_rows", c_int64),
        ("stride", c_int64),
        ("n_features", c_int64),
        ("excluded", c_void_p),
        ("excluded_stride", c_int64),
        ("coded", c_void_p),
    )

    def exclude(self, excluded: NDArray[Any]) -> None:
        """Bar rows from components, by truth values (K, n) whose rows lie side by side."""
        self.excluded, self.excluded_stride = address(excluded), excluded.strides[0]


class Coded(ctypes.Structure):
    """`mx_coded`."""

    _fields_ = (
        ("codes", c_void_p),
        ("n_items", c_int64),
        ("n_codes", c_int64),
        ("table", c_void_p),
        ("sums", c_void_p),
    )


class Segment(ctypes.Structure):
    """`mx_segment`."""

    _fields_ = (
        ("kind", c_int64),
        ("length", c_int64),
        ("opening", c_int64),
        ("pseudo_rows", c_double),
        ("shape", c_double),
        ("least", c_void_p),
        ("n_tables", c_int64),
        ("bounds", c_void_p),
        ("counts", c_void_p),
    )


class Problem(ctypes.Structure):
    """`mx_problem`."""

    _fields_ = (
        ("rows", Rows),
        ("n_columns", c_int64),
        ("structure", c_int64),
        ("total_weight", c_double),
        ("constant", c_double),
        ("second", c_void_p),
        ("unit", c_void_p),
        ("prior_rows", c_double),
        ("prior_scatter", c_void_p),
        ("concentration", c_double),
        ("held_weights", c_void_p),
        ("floor", c_void_p),
        ("borrowed_rows", c_double),
        ("has_noise", c_int64),
        ("log_noise", c_double),
        ("n_segments", c_int64),
        ("segments", c_void_p),
        ("pseudo", c_void_p),
        ("even", c_void_p),
        ("far", c_double),
        ("gaps", c_void_p),
        ("widths", c_void_p),
    )


class Rule(ctypes.Structure):
    """`mx_rule`."""

    _fields_ = (
        ("sweeps", c_int64),
        ("accelerate", c_int64),
        ("never", c_int64),
        ("steps_past", c_int64),
        ("nats", c_double),
        ("relative", c_double),
        ("mean_change", c_double),
        ("best", c_double),
        ("reach", c_double),
        ("lately", c_int64),
        ("hope", c_double),
        ("ahead", c_double),
        ("may_fall", c_int64),
        ("no_bound", c_int64),
    )

    @classmethod
    def of(cls, limits: Any) -> Self:
        """Return the rule of what has attributes of the same names, where no run is ahead."""
        return cls(*RULE_NUMBERS(limits), -inf)


# What a rule says; the rest is said by who runs.
SAID = len(Rule._fields_) - 3
RULE_NUMBERS = attrgetter(*(field[0] for field in Rule._fields_[:SAID]))


class State(ctypes.Structure):
    """`mx_state`."""

    _fields_ = (
        ("n_components", c_int64),
        ("log_weights", c_void_p),
        ("means", c_void_p),
        ("factors", c_void_p),
        ("extras", c_void_p),
        ("axes", c_void_p),
        ("sums", c_void_p),
        ("squared", c_void_p),
        ("entropy", c_void_p),
        ("rows", c_void_p),
        ("centres", c_void_p),
        ("scatter", c_void_p),
        ("values", c_double * 2),
        ("history", c_void_p),
        ("n_steps", c_int64),
        ("n_rejected", c_int64),
        ("gain_left", c_double),
        ("ending", c_int64),
    )


class Source(ctypes.Structure):
    """`mx_source`."""

    _fields_ = (
        ("labels", c_void_p),
        ("responsibilities", c_void_p),
        ("row_stride", c_int64),
        ("component_stride", c_int64),
    )

    @classmethod
    def of(cls, given: NDArray[Any]) -> Self:
        """Return what labels (n,) int64 or responsibilities (n, K) float64 are told by."""
        if given.ndim == 1:
            return cls(address(given), None, 0, 0)
        along, across = (step // given.itemsize for step in given.strides)
        return cls(None, address(given), along, across)


class Ground(ctypes.Structure):
    """`mx_ground`."""

    _fields_ = (
        ("sample", c_void_p),
        ("part", c_void_p),
        ("n_products", c_int64),
        ("spread", c_void_p),
        ("fewest_rows", c_double),
        ("least_rows", c_double),
        ("factor_of_all", c_void_p),
        ("most_sweeps", c_int64),
    )
