"""Runs of EM in compiled code, for rows that fit into the cache."""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.compiled import held_shares
from mixtura.components.gaussian.moves import CompiledMoves
from mixtura.components.gaussian.packed import Packed
from mixtura.components.gaussian.prior import NoPrior, ScatterPrior
from mixtura.components.gaussian.structures import Structure
from mixtura.components.kernel import Terms
from mixtura.components.weighing import Weighing
from mixtura.native.runs import Problem, Rows, address
from mixtura.native.updates import CODES, MOST_COLUMNS

__all__ = ["GaussianKernel", "Key", "is_compiled", "penalty_of", "problem_of"]

Float = NDArray[np.float64]

# What a problem is made of beside the rows: prior, weighing, how many features there are, and how
# much digits are worth.
Key: TypeAlias = tuple[int, Weighing, int, float]


def is_compiled(code: str, n_columns: int) -> bool:
    """Return whether there are compiled runs for a structure and so many columns."""
    return code in CODES and n_columns <= MOST_COLUMNS


@dataclass(frozen=True, slots=True, eq=False)
class GaussianKernel(CompiledMoves):
    """A structure and rows, ready to be run on; see `mixtura.components.kernel.Kernel`.

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
    fewest_rows : that a component needs to be moved to
    least_rows : up to which rows say nothing of how wide a component is
    borrowed_rows : of the scatter that components have on average, where a run starts
    factor_of_all : of the precision of all rows, as the structure stores factors
    log_noise : the log density of noise as the last component, beside the constant; None: none
    excluded : (K, n) which components rows cannot belong to, or None
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
    least_rows: float
    borrowed_rows: float
    factor_of_all: Float
    log_noise: float | None = None
    excluded: NDArray[np.bool_] | None = None
    _problems: dict[Key, tuple[Any, ...]] = field(default_factory=dict, repr=False)

    def with_noise(self, log_density: float) -> "GaussianKernel":
        """Return the same with noise of that log density."""
        return replace(self, log_noise=log_density - self.constant, _problems={})

    @property
    def splits_and_merges(self) -> bool:
        """Return whether all components are alike: noise and known ones are not exchanged."""
        return self.log_noise is None and self.excluded is None

    def excluding(self, excluded: NDArray[np.bool_]) -> "GaussianKernel":
        """Return the same loop over rows that are excluded from components, as in (K, n)."""
        return replace(self, excluded=np.ascontiguousarray(excluded), _problems={})

    @property
    def n_rows(self) -> int:
        """Return n."""
        return self.products.shape[1]

    def packing(self, n_components: int) -> Packed:
        """Return the workspace of a mixture."""
        sizes = self.structure, n_components, len(self.unit), self.n_features
        return Packed(*sizes, n_noise=int(self.log_noise is not None))

    def packing_beside(self, n_components: int, n_features: int, n_extras: int) -> Packed:
        """Return the workspace of a mixture that has segments of other features too."""
        n_columns = len(self.unit)
        noise = int(self.log_noise is not None)
        sizes = self.structure, n_components, n_columns, n_features
        return Packed(*sizes, n_noise=noise, n_extras=n_extras)

    def problem_with(self, terms: Terms, n_features: int, far: float) -> Problem | None:
        """Return what C is told of so many features, or None for a prior that is no pseudo-rows."""
        key = (id(terms.prior), terms.weighing, n_features, far)
        if key not in self._problems:
            penalty = penalty_of(terms.prior)
            if penalty is None:
                return None
            held = held_shares(terms.weighing)
            told = self._told(penalty, terms.weighing.concentration, held, n_features, far)
            # What C reads is kept, and the prior, or another might be given its identity.
            self._problems[key] = terms.prior, held, told
        return self._problems[key][2]

    def _told(
        self,
        penalty: ScatterPrior,
        concentration: float,
        held: Float | None,
        n_features: int,
        far: float,
    ) -> Problem:
        products, weights = self.products, self.weights
        n_rows, stride = products.shape[1], products.strides[0] // products.itemsize
        rows = Rows(
            address(products),
            None if weights is None else address(weights),
            n_rows,
            stride,
            n_features,
        )
        if self.excluded is not None:
            rows.exclude(self.excluded)
        problem = problem_of(self, rows, penalty, concentration, held, far)
        problem.second = address(self.second)
        if self.log_noise is not None:
            problem.has_noise, problem.log_noise = 1, self.log_noise
        return problem


class GaussianRows(Protocol):
    """What any kernel of Gaussian columns knows."""

    @property
    def structure(self) -> Structure: ...
    @property
    def unit(self) -> Float: ...
    @property
    def total_weight(self) -> float: ...
    @property
    def constant(self) -> float: ...
    @property
    def borrowed_rows(self) -> float: ...


def problem_of(
    kernel: GaussianRows,
    rows: Rows,
    penalty: ScatterPrior,
    concentration: float,
    held: Float | None,
    far: float,
) -> Problem:
    """Return what C is told of Gaussian components alone; arrays should outlive it."""
    return Problem(
        rows=rows,
        n_columns=len(kernel.unit),
        structure=CODES.index(kernel.structure.code),
        total_weight=kernel.total_weight,
        constant=kernel.constant,
        unit=address(kernel.unit),
        prior_rows=penalty.rows,
        prior_scatter=address(penalty.scatter),
        concentration=concentration,
        held_weights=None if held is None else address(held),
        floor=None if penalty.floor is None else address(penalty.floor),
        borrowed_rows=kernel.borrowed_rows,
        far=far,
    )


def penalty_of(prior: Any) -> ScatterPrior | None:
    """Return a prior as pseudo-rows, or None where it is not."""
    if isinstance(prior, ScatterPrior):
        return prior
    return ScatterPrior(np.zeros(0), 0.0) if isinstance(prior, NoPrior) else None
