"""The compiled runs of regressions; see `regressions.h`."""

import ctypes
from ctypes import addressof, byref, c_double, c_int64, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.runs import Rule, address

__all__ = ["ROWS_AT_ONCE", "LineRun", "RegressionRows"]

Float = NDArray[np.float64]

# Rows that are worked on at once.
ROWS_AT_ONCE = 64


class Regressions(ctypes.Structure):
    """`mx_regressions`."""

    _fields_ = (
        ("response", c_int64),
        ("n_strips", c_int64),
        ("per_row", c_int64),
        ("n_terms", c_int64),
        ("y", c_void_p),
        ("size", c_void_p),
        ("offset", c_void_p),
        ("log_y", c_void_p),
        ("design", c_void_p),
        ("present", c_void_p),
        ("weights", c_void_p),
        ("total_weight", c_double),
        ("log_base", c_double),
        ("reach", c_double),
        ("prior_cells", c_double),
        ("prior_loss", c_double),
        ("least", c_double),
        ("loss", c_double),
    )


class Lines(ctypes.Structure):
    """`mx_lines_of`."""

    _fields_ = (("log_weights", c_void_p), ("coefficients", c_void_p), ("precisions", c_void_p))


class LineSums(ctypes.Structure):
    """`mx_line_sums`."""

    _fields_ = (
        ("rows", c_void_p),
        ("cells", c_void_p),
        ("losses", c_void_p),
        ("gradient", c_void_p),
        ("pairs", c_void_p),
        ("squared", c_void_p),
        ("values", c_double * 2),
    )


class LineState(ctypes.Structure):
    """`mx_line_state`."""

    _fields_ = (
        ("n_components", c_int64),
        ("lines", c_void_p),
        ("best", c_void_p),
        ("sums", c_void_p),
        ("history", c_void_p),
        ("n_steps", c_int64),
        ("n_rejected", c_int64),
        ("gain_left", c_double),
        ("ending", c_int64),
    )


@dataclass(frozen=True, slots=True)
class LineRun:
    """Where a run led.

    Attributes
    ----------
    log_weights, coefficients, precisions : at the end
    about : coefficients and precisions of the last sweep that was taken
    sums : of that: rows, cells, losses, gradient and pairs
    squared : (K,) Σ w r²
    log_largest : Σ w log max_k r
    steps : (T, 3) log-likelihood, objective and what Jensen's bound promised
    rejected, gain_left, ending : as the driver says
    """

    log_weights: Float
    coefficients: Float
    precisions: Float
    about: tuple[Float, Float]
    sums: tuple[Float, Float, Float, Float, Float]
    squared: Float
    log_largest: float
    steps: Float
    rejected: int
    gain_left: float
    ending: int


@dataclass(frozen=True, slots=True)
class RegressionRows:
    """Rows of cells in the layout of `mx_regressions`.

    Attributes
    ----------
    response : its number there
    per_row : m
    cells : (3 or 4, C) responses, trials, offsets and, of gammas, logarithms of responses
    design : (p, C) terms in the frame
    present : (C,) 1 where there is a cell, else 0
    weights : (n,) of rows, 0 of those that fill up the last strip
    numbers : total weight, Σ w log h(y), the longest row of terms or -1 for parabolas, and what the
        family says of losses: the least on average, and that of one component
    """

    response: int
    per_row: int
    cells: Float
    design: Float
    present: Float
    weights: Float
    numbers: tuple[float, float, float, float, float]

    def run(
        self,
        log_weights: Float,
        coefficients: Float,
        precisions: Float,
        prior: tuple[float, float],
        limits: Any,
        ahead: float,
    ) -> LineRun:
        """Return where EM leads from K regressions.

        Parameters
        ----------
        prior : pseudo-cells and their loss
        """
        k, p = coefficients.shape
        told, rule = self._told(prior), Rule.of(limits)
        rule.ahead = ahead
        ends = [log_weights.copy(), coefficients.copy(), precisions.copy()]
        best = [np.empty(k), np.empty((k, p)), np.empty(k)]
        n_pairs = p * (p + 1) // 2
        sums = [*np.empty((3, k)), np.empty((k, p)), np.empty((k, n_pairs)), np.empty(k)]
        history = np.empty((limits.sweeps, 3))
        lines, taken = Lines(*map(address, ends)), Lines(*map(address, best))
        totals = LineSums(*map(address, sums))
        state = LineState(k, *map(addressof, (lines, taken, totals)), address(history))
        library = kernels()
        workspace = np.empty(library.mx_run_lines_workspace(byref(told), k))
        library.mx_run_lines(byref(told), byref(rule), byref(state), address(workspace))
        *found, squared = sums
        rows, cells, losses, gradient, pairs = found
        return LineRun(
            ends[0],
            ends[1],
            ends[2],
            (best[1], best[2]),
            (rows, cells, losses, gradient, pairs),
            squared,
            totals.values[1],
            history[: state.n_steps].copy(),
            state.n_rejected,
            state.gain_left,
            state.ending,
        )

    def _told(self, prior: tuple[float, float]) -> Regressions:
        total_weight, log_base, reach, least, loss = self.numbers
        return Regressions(
            self.response,
            len(self.weights) // ROWS_AT_ONCE,
            self.per_row,
            len(self.design),
            *map(address, self.cells[:3]),
            address(self.cells[3]) if len(self.cells) > 3 else None,
            address(self.design),
            address(self.present),
            address(self.weights),
            total_weight,
            log_base,
            reach,
            *prior,
            least,
            loss,
        )
