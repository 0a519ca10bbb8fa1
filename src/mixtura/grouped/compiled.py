"""Gaussian mixtures of many groups in one compiled call."""

from collections.abc import Sequence
from ctypes import byref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.prior import WEAK
from mixtura.components.gaussian.structures import Structure, structure
from mixtura.em.stopping import GainLeft
from mixtura.mixture import Mixture
from mixtura.native import kernels
from mixtura.native.groups import Grouped, GroupFits
from mixtura.native.runs import address
from mixtura.native.updates import CODES

__all__ = ["CompiledFits", "CompiledMixtures", "Request", "fitted_groups"]

Float = NDArray[np.float64]
Whole = NDArray[np.int64]

# Groups of more rows are left to fits alone, which look at a sample first.
MOST_ROWS = 1 << 17


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is asked of every group.

    Attributes
    ----------
    code : of the covariance structure
    n_components, n_columns : K, D
    n_starts, most_sweeps, seed : of each fit
    steps : (D,) between the values of rounded columns, 0 where there are none
    """

    code: str
    n_components: int
    n_columns: int
    n_starts: int
    most_sweeps: int
    seed: int
    steps: Float

    @property
    def structure(self) -> Structure:
        """Return the covariance structure."""
        return structure(self.code)

    @property
    def factor_shape(self) -> tuple[int, ...]:
        """Return the shape of the factor of one component's precision."""
        d = self.n_columns
        return {"spherical": (), "diagonal": (d,), "full": (d, d)}[self.structure.storage]

    @property
    def least_rows(self) -> float:
        """Return up to how many distinct rows say nothing of how wide a component is."""
        return self.structure.least_rows(self.n_columns)

    @property
    def fewest_distinct(self) -> int:
        """Return how many distinct rows a group needs."""
        each = self.n_components * self.least_rows
        return int(max(each, self.n_components + self.n_columns - 1)) + 1


@dataclass(frozen=True, slots=True, eq=False)
class CompiledFits:
    """What is found of G groups; see `mx_group_fits`."""

    log_weights: Float
    means: Float
    factors: Float
    effective_rows: Float
    log_likelihood: Float
    log_largest: Float
    gain_left: Float
    n_distinct: Whole
    n_sweeps: Whole
    outcome: Whole

    @classmethod
    def empty(cls, n_groups: int, request: Request) -> "CompiledFits":
        """Return places for so many groups, NaN where nothing is found."""
        n, d = request.n_components, request.n_columns
        shapes = [(n,), (n, d), (n, *request.factor_shape), (n,), (), (), ()]
        numbers = [np.full((n_groups, *shape), np.nan) for shape in shapes]
        return cls(*numbers, *(np.zeros(n_groups, dtype=np.int64) for _ in range(3)))

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Return all arrays in their order."""
        return tuple(getattr(self, name) for name in self.__slots__)


def fitted_groups(
    request: Request, cells: Float, bounds: Whole, weights: Float | None = None
) -> CompiledFits:
    """Return what is found of groups whose rows (N, D) lie side by side, from bounds (G + 1).

    Row weights (N,) are above 0, and 1 in the mean of each group.
    """
    cells = np.ascontiguousarray(cells, dtype=np.float64)
    bounds = np.ascontiguousarray(bounds - bounds[0], dtype=np.int64)
    n_groups, form = len(bounds) - 1, request.structure
    # Squares beyond numbers are beyond those of rows too, which are then fitted alone.
    with np.errstate(over="ignore"):
        floor = request.steps**2 / 12
    rule = GainLeft()
    asked = Grouped(
        cells=address(cells),
        weights=None if weights is None else address(weights),
        n_columns=request.n_columns,
        structure=CODES.index(form.code),
        n_components=request.n_components,
        one_scale=int(form.one_scale),
        floor=address(floor) if floor.any() else None,
        prior_share=WEAK,
        fewest_rows=float(form.n_parameters(1, request.n_columns) + request.n_columns),
        least_rows=request.least_rows,
        fewest_distinct=request.fewest_distinct,
        most_rows=MOST_ROWS,
        n_starts=request.n_starts,
        most_sweeps=request.most_sweeps,
        nats=rule.nats,
        relative=rule.relative,
        seed=request.seed,
    )
    found = CompiledFits.empty(n_groups, request)
    told = GroupFits(*map(address, found.arrays))
    library = kernels()
    most = min(int(np.diff(bounds).max(initial=0)), MOST_ROWS)
    workspace = np.empty(library.mx_groups_workspace(byref(asked), most))
    library.mx_fit_groups(
        byref(asked), address(bounds), 0, n_groups, byref(told), address(workspace)
    )
    return found


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMixtures(Sequence[Mixture | None]):
    """The mixtures of G groups, each made when it is asked for; None where there is none.

    Attributes
    ----------
    form, n_columns : the covariance structure, and D
    columns : names, or None
    weights : (G, K), the largest first; NaN where there is none
    means : (G, K, D)
    factors : (G, K, ...) of precisions
    """

    form: Structure
    n_columns: int
    columns: tuple[str, ...] | None
    weights: Float
    means: Float
    factors: Float

    @classmethod
    def of(
        cls, request: Request, found: CompiledFits, columns: tuple[str, ...] | None
    ) -> "CompiledMixtures":
        """Return the mixtures that were found, their largest components first."""
        weights = np.exp(found.log_weights)
        order = np.argsort(-weights, axis=1, kind="stable")
        weights = np.take_along_axis(weights, order, 1)
        means = np.take_along_axis(found.means, order[:, :, None], 1)
        places = order.reshape(*order.shape, *(1 for _ in request.factor_shape))
        factors = np.take_along_axis(found.factors, places, 1)
        return cls(
            request.structure,
            request.n_columns,
            columns,
            weights / weights.sum(axis=1, keepdims=True),
            means,
            factors,
        )

    def __len__(self) -> int:
        """Return G."""
        return len(self.weights)

    def __getitem__(self, place: Any) -> Any:
        """Return the mixture of a group by its number, or some in a list."""
        if isinstance(place, slice):
            return [self[one] for one in range(len(self))[place]]
        if np.isnan(self.weights[place, 0]):
            return None
        family = GaussianFamily.in_own_units(self.form, self.n_columns)
        covariance = covariance_of_factors(self.form.storage, self.factors[place], self.n_columns)
        parameters = GaussianParameters(self.means[place], covariance)
        return Mixture(self.weights[place], family, parameters, self.columns)

    def arrays(self) -> dict[str, Float]:
        """Return weights, means and covariances (G, K, ...) of all groups, by those names."""
        n_each, d = self.factors.shape[2:], self.n_columns
        every = covariance_of_factors(self.form.storage, self.factors.reshape(-1, *n_each), d)
        covariances = every.dense().reshape(*self.weights.shape, d, d)
        return {"weights": self.weights, "means": self.means, "covariances": covariances}
