"""Runs of EM in compiled code, for rows that fit into the cache."""

import ctypes
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.parameters import GaussianParameters, GaussianSums
from mixtura.components.gaussian.prior import NoPrior, ScatterPrior
from mixtura.components.gaussian.structures import CODES, Structure
from mixtura.components.kernel import STEPS, Ended, Halves, KernelRun, Limits, Weighing
from mixtura.native import kernels
from mixtura.native.runs import Problem, Rows, Rule, State, address

__all__ = ["GaussianKernel", "is_compiled"]

Float = NDArray[np.float64]

# Dimensions of the factors of a structure's precisions.
DIMENSIONS = {"spherical": 1, "diagonal": 2, "full": 3}

MOST_COLUMNS, MOST_COMPONENTS = 16, 128
GOLDEN_RATIO = (1 + 5**0.5) / 2


@dataclass(frozen=True, slots=True, eq=False)
class GaussianKernel:
    """A structure and rows, ready to be run on.

    Attributes
    ----------
    structure : the covariance structure
    n_features : P, how many features the structure needs
    products : [x, 1, x_i x_j] (Q, n) float64 of the rows in the family's frame, which begin with
        the features of every structure
    weights : (n,) float64, or None
    second : Σ w x xᵀ, (D,) or (D, D)
    unit : (D,) what columns are measured in when steps are compared
    spread : (D,) what they are measured in when rows are
    total_weight : Σ w
    constant : of every row's log density
    fewest_rows : that a component needs
    """

    structure: Structure
    n_features: int
    products: Float
    weights: Float | None
    second: Float
    unit: Float
    spread: Float
    total_weight: float
    constant: float
    fewest_rows: float

    @property
    def n_columns(self) -> int:
        """Return D."""
        return len(self.unit)

    def run(
        self,
        log_weights: Float,
        parameters: GaussianParameters,
        prior: Any,
        weighing: Weighing,
        limits: Limits,
    ) -> KernelRun | None:
        """Return where EM leads, or None where it takes the care of the general loop."""
        library, n_components = kernels(), len(log_weights)
        if library is None or n_components > MOST_COMPONENTS:
            return None
        penalty = _penalty(prior)
        if penalty is None:
            return None
        problem = self._problem(penalty, weighing)
        rule = Rule.of(limits)
        work = Work.begun(self, log_weights, parameters, limits.sweeps)
        room = np.empty(library.mx_run_room(ctypes.byref(problem), n_components))
        state = work.state()
        library.mx_run(
            ctypes.byref(problem), ctypes.byref(rule), ctypes.byref(state), address(room)
        )
        if state.ending not in tuple(Ended):
            return None
        return work.finished(self, state)

    def start(
        self, shares: Float, prior: Any, weighing: Weighing
    ) -> tuple[Float, GaussianParameters] | None:
        """Return the M-step from responsibilities (n, K), or None where it takes more care."""
        library, n_components = kernels(), shares.shape[1]
        penalty = _penalty(prior)
        if library is None or n_components > MOST_COMPONENTS or penalty is None:
            return None
        problem = self._problem(penalty, weighing)
        work = Work.blank(self, n_components)
        room = np.empty(library.mx_run_room(ctypes.byref(problem), n_components))
        shares = np.asarray(shares, dtype=np.float64)
        strides = (step // shares.itemsize for step in shares.strides)
        state = work.state()
        if library.mx_start(
            ctypes.byref(problem), address(shares), *strides, ctypes.byref(state), address(room)
        ):
            return None
        return work.log_weights, work.parameters(self)

    def split(
        self, whole: "GaussianKernel", log_weights: Float, parameters: GaussianParameters, prior: Any
    ) -> Halves | None:
        """Return what parting each component gains; see `Kernel`."""
        library, n_components = kernels(), len(log_weights)
        penalty = _penalty(prior)
        if library is None or 4 * n_components > MOST_COMPONENTS or penalty is None:
            return None
        part, every = (
            kernel._problem(penalty, Weighing(), len(kernel.products)) for kernel in (self, whole)
        )
        work = Work.begun(self, log_weights, parameters, 0)
        n_rows = whole.products.shape[1]
        gains = np.empty(n_components)
        shares, second = np.empty((2, n_components, n_rows))
        room = np.empty(library.mx_split_room(ctypes.byref(part), n_components))
        if library.mx_split(
            ctypes.byref(part),
            ctypes.byref(every),
            address(self.spread),
            self.fewest_rows,
            STEPS,
            ctypes.byref(work.state()),
            *map(address, (gains, shares, second, room)),
        ):
            return None
        return Halves(gains, shares, second)

    def _problem(
        self, penalty: ScatterPrior, weighing: Weighing, n_features: int | None = None
    ) -> Problem:
        products = self.products
        n_rows, stride = products.shape[1], products.strides[0] // products.itemsize
        width = n_features or self.n_features
        rows = Rows(address(products), address(self.weights), n_rows, stride, width)
        return Problem(
            rows,
            self.n_columns,
            CODES.index(self.structure.code),
            self.total_weight,
            self.constant,
            address(self.second),
            address(self.unit),
            penalty.rows,
            address(penalty.scatter),
            weighing.concentration,
            weighing.equal,
        )


def is_compiled(n_columns: int) -> bool:
    """Return whether there are compiled runs for so many columns."""
    return n_columns <= MOST_COLUMNS and kernels() is not None


def _penalty(prior: Any) -> ScatterPrior | None:
    """Return a prior as pseudo-rows, or None where it is not."""
    if isinstance(prior, ScatterPrior):
        return prior
    return ScatterPrior(np.zeros(0), 0.0) if isinstance(prior, NoPrior) else None


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """The arrays that a run reads and writes.

    Attributes
    ----------
    log_weights, means, factors, axes : of the mixture, in and out
    sums, squared : of the last sweep that was taken
    history : (T, 3), of which the first steps are filled
    """

    log_weights: Float
    means: Float
    factors: Float
    axes: Float
    sums: Float
    squared: Float
    history: Float

    @classmethod
    def begun(
        cls,
        kernel: GaussianKernel,
        log_weights: Float,
        parameters: GaussianParameters,
        sweeps: int,
    ) -> Self:
        """Return room for a run from a mixture."""
        factors = np.array(parameters.covariance.factors, order="C")
        common = kernel.structure.code in ("EVE", "VVE")
        return cls(
            np.array(log_weights),
            np.array(parameters.means, order="C"),
            factors,
            _shared_axes(factors) if common else np.empty(0),
            np.empty((len(log_weights), kernel.n_features)),
            np.empty(len(log_weights)),
            np.empty((sweeps, 3)),
        )

    @classmethod
    def blank(cls, kernel: GaussianKernel, n_components: int) -> Self:
        """Return room for a mixture to be made."""
        n_columns = kernel.n_columns
        shape = (n_components, n_columns, n_columns)[: DIMENSIONS[kernel.structure.storage]]
        return cls(
            np.empty(n_components),
            np.empty((n_components, n_columns)),
            np.empty(shape),
            np.empty((n_columns, n_columns)),
            *3 * (np.empty(0),),
        )

    def parameters(self, kernel: GaussianKernel) -> GaussianParameters:
        """Return means and covariances as the structure stores them."""
        storage = kernel.structure.storage
        covariance = covariance_of_factors(storage, self.factors, kernel.n_columns)
        return GaussianParameters(self.means, covariance)

    def state(self) -> State:
        """Return the addresses of the arrays."""
        return State(
            len(self.log_weights),
            *map(address, (self.log_weights, self.means, self.factors, self.axes)),
            *map(address, (self.sums, self.squared)),
            (0.0, 0.0),
            address(self.history),
        )

    def finished(self, kernel: GaussianKernel, state: State) -> KernelRun:
        """Return what a run left in the arrays."""
        n_components = len(self.log_weights)
        none = np.empty((0, kernel.n_columns))
        return KernelRun(
            self.log_weights,
            self.parameters(kernel),
            GaussianSums(self.sums, np.zeros(n_components), none, none),
            self.squared,
            state.values[1],
            self.history[: state.n_steps].copy(),
            state.n_rejected,
            state.gain_left,
            Ended(state.ending),
        )


def _shared_axes(factors: Float) -> Float:
    """Return axes (D, D) that all precisions U_k U_kᵀ of factors (K, D, D) share.

    Irregular multiples of them hardly ever add up to a matrix with equal eigenvalues.
    """
    multiples = 1.0 + (GOLDEN_RATIO * np.arange(len(factors))) % 1.0
    sizes = np.einsum("kij,kij->k", factors, factors)
    halves = factors * np.sqrt(multiples / sizes)[:, None, None]
    return np.ascontiguousarray(np.linalg.eigh(np.einsum("kil,kjl->ij", halves, halves))[1])
