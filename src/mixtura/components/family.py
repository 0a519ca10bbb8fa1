"""The contract of a component family.

The sweep asks a family for a workspace, fills it from rows (`prepare`), and for an evaluator
bound to the parameters of one sweep; it never looks inside either. Row weights multiply the
responsibilities before the family sees them. Arrays inside are feature-major: rows run along
the contiguous axis.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs
from mixtura.components.kernel import Kernel
from mixtura.components.moments import Moments
from mixtura.components.wording import Wording
from mixtura.kinds import ColumnKind
from mixtura.native.parts import Part
from mixtura.native.predictions import CompiledRows
from mixtura.text import Passage

__all__ = ["Chart", "Evaluator", "Family", "Parameters", "Prepared", "Product", "Whole"]

Float = NDArray[np.float64]


class Parameters(Protocol):
    """A frozen value that holds the parameters of K components, K leading every array."""

    @property
    def n_components(self) -> int: ...

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components, in the given order."""
        ...

    @classmethod
    def concatenate(cls, parts: "Sequence[Self]") -> Self:
        """Return the parameters of several mixtures side by side."""
        ...


class Prepared(Protocol):
    """A tile of rows in the shape a family's evaluators read."""

    @property
    def features(self) -> NDArray[Any]:
        """φ(x) as (P, n): a row of the array per feature."""
        ...


@dataclass(frozen=True, slots=True)
class Product:
    """All that an evaluator does where log densities are <θ_k, φ(x)>, and nothing else.

    Attributes
    ----------
    parts : what θ and φ are made of; tiles of several are tuples of a tile each
    freeze : takes Σ r φ(x) (K, P) of each part, returns the family's `Sums`
    """

    parts: tuple[Part, ...]
    freeze: Callable[[Sequence[Float]], Any]


@dataclass(frozen=True, slots=True)
class Whole:
    """All that an evaluator does, where compiled code of its own does it for a tile at once.

    Attributes
    ----------
    sweep : takes a tile, the sizes of M mixtures, row weights and which components (K, n) are
        excluded from rows, or None for these two; returns the family's `Sums`, Σ w r² (ΣK,) and
        values (M, 2): Σ w log Σ_k exp L and Σ w log max_k r
    """

    sweep: Callable[
        [Any, Sequence[int], Float | None, NDArray[np.bool_] | None], tuple[Any, Float, Float]
    ]


class Evaluator(Protocol):
    """A family bound to the parameters of one sweep."""

    @property
    def n_components(self) -> int: ...

    def log_density(self, prepared: Any, out: NDArray[Any]) -> None:
        """Write log π_k + log f_k(x), up to the family's offset, into `out` (K, n)."""
        ...

    def product(self) -> Product | Whole | None:
        """Return what it multiplies features with, or what else does all that it does, or None."""
        ...

    def centre_on(self, parameters: Any) -> None:
        """Take all sums about what `Family.centres` returned, from the first tile on."""
        ...

    def zeros(self) -> Any:
        """Return fresh, mutable totals for `accumulate`."""
        ...

    def accumulate(self, prepared: Any, responsibilities: NDArray[Any], totals: Any) -> None:
        """Add a tile's Σ r φ(x) to `totals`; `responsibilities` (K, n) carry the row weights."""
        ...

    def sums(self, totals: Any) -> Any:
        """Freeze totals into the family's `Sums`."""
        ...


class Chart(Protocol):
    """Coordinates of mixtures near one: all are valid, and the information is near the identity."""

    def coordinates(self, log_weights: Float, parameters: Any) -> Float:
        """Return the coordinates (P,) of a mixture."""
        ...

    def at(self, point: Float) -> tuple[Float, Any] | None:
        """Return log weights and parameters at a point (P,), or None where they are absurd."""
        ...

    def gradient(
        self,
        log_weights: Float,
        target: Float,
        total: float,
        parameters: Any,
        moments: Any,
        augmented: Any,
    ) -> Float:
        """Return the gradient (P,) of the objective, from the moments of a sweep.

        `target` are the log weights that the M-step makes, `total` the rows they count, and
        `augmented` the moments with the prior's pseudo-rows.
        """
        ...


class Family(Protocol):
    """One component distribution: pure functions of small arrays and tiles of rows.

    Parameters inside a fit are in the family's own frame; `in_user_units` leaves it.
    """

    name: ClassVar[str]
    # Whether the last component is noise, which `predict` calls -1.
    has_noise: ClassVar[bool]

    @property
    def start_softness(self) -> float:
        """Return what part of every row a start gives to all components alike.

        It is more than nothing where a parameter on the edge of its range, such as a probability
        of 0, can never leave it.
        """
        ...

    @property
    def fewest_rows(self) -> float:
        """Return the rows that a component needs if its density is not to grow without bound."""
        ...

    @property
    def n_columns(self) -> int: ...

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return what the cells of each column (D) are."""
        ...

    def reading(self, rows: Any) -> Self:
        """Return the family set to read these rows (N, D); most read any rows as they are."""
        ...

    def n_features(self) -> int:
        """Return P, which sizes the tiles."""
        ...

    def workspace(self, n_rows: int) -> Any:
        """Return buffers for tiles of up to `n_rows` rows."""
        ...

    def prepare(self, rows: NDArray[Any], workspace: Any) -> Any:
        """Fill the workspace from rows (n, D) and return the tile."""
        ...

    def bind(self, log_weights: Float, parameters: Any) -> Evaluator:
        """Return the evaluator of one sweep; `log_weights` (K,) are folded in."""
        ...

    def unbound(self, n_components: int) -> Evaluator:
        """Return an evaluator that accumulates only: for a start from responsibilities."""
        ...

    def shared(self, prepared: Any, row_weights: Float | None) -> Any:
        """Return the `Sums` of a tile that involve no component: computed once per fit."""
        ...

    def offset(self, parameters: Any, sums: Any, shared: Any) -> float:
        """Return what the log-likelihood of all rows has beyond the evaluator's part."""
        ...

    def kernel(
        self, rows: NDArray[Any], row_weights: Float | None, shared: Any, distinct_share: float
    ) -> Kernel | None:
        """Return a compiled loop over rows (n, D), or None; distinct ones over Σ w are told."""
        ...

    def moments(self, sums: Any, previous: Any, shared: Any) -> Moments:
        """Return sums in the form that `maximise` needs, free of cancellation."""
        ...

    def maximise(self, moments: Any, previous: Any, prior: Any) -> Any:
        """Return the parameters that maximise the (penalised) expected log-likelihood."""
        ...

    def expected_log_density(self, parameters: Any, moments: Any) -> float:
        """Return Σ_k Σ_i w r log f_k(x_i) for the responsibilities behind `moments`."""
        ...

    def n_free(self, n_components: int) -> int:
        """Return the number of free parameters of K components, mixing weights left out."""
        ...

    def prior(self, name: Any, shared: Any, n_components: int) -> Any:
        """Return the penalty called "weak", "conjugate" or None for these rows, or as given."""
        ...

    def coordinates(self, moments: Any, total: float) -> Float:
        """Return moments as one vector of numbers without units; `total` is Σ N_k of all."""
        ...

    def moments_at(self, coordinates: Float, like: Any, total: float) -> Any | None:
        """Return the moments at a point near those of `like`, or None where there are none."""
        ...

    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> Chart | None:
        """Return coordinates about a mixture with N_k rows, or None where there are none."""
        ...

    def centres(self, previous: Any, sums: Any, moments: Any) -> Any | None:
        """Return parameters to take the sums about, or None where the origin lost no digits.

        `previous` are those the sums were taken with, or None.
        """
        ...

    @property
    def wording(self) -> Wording:
        """Return what is said of components that want rows or width."""
        ...

    def unsupported(self, parameters: Any, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on no more rows than determine their parameters.

        `support` (K,) counts the distinct rows that each component has.
        """
        ...

    def borrowed(self, moments: Any) -> Any:
        """Return the moments of a start, whose components on few rows borrow of all others."""
        ...

    def widened(self, parameters: Any, which: NDArray[np.bool_], shared: Any) -> Any:
        """Return parameters in which the components `which` (K,) are as wide as all rows."""
        ...

    def flat(
        self, parameters: Any, effective_rows: Float, prior: Any
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components have no width of their own, by component."""
        ...

    def finer(self, parameters: Any) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components are narrower than values step, by component."""
        ...

    def excess(self, parameters: Any, shared: Any) -> Float:
        """Return the nats a row (K,) by which densities say more than columns are fine."""
        ...

    def rounding(self, parameters: Any, moments: Any) -> float:
        """Return the nats that the log-likelihood may be off by, beyond what its own size costs."""
        ...

    def merging_losses(self, parameters: Any, moments: Any, pairs: Pairs) -> Float:
        """Return what merging each pair of components costs the expected log density, in nats."""
        ...

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return rows (n, D) as points (n, E) in which Euclidean distance is meaningful."""
        ...

    def in_user_units(self, parameters: Any) -> tuple[Any, Any]:
        """Return a family and parameters in the user's units, for a `Mixture` to hold."""
        ...

    def in_frame(self, parameters: Any) -> Any:
        """Return parameters given in the user's units in the family's own frame."""
        ...

    def row_log_density(self, rows: NDArray[Any], parameters: Any) -> Float:
        """Return log f_k(x) (n, K) of rows by the most careful route; user's units only."""
        ...

    def compiled_rows(self, parameters: Any) -> CompiledRows | None:
        """Return what compiled code reads for rows that lack no cell, or None; user's units."""
        ...

    def far_posterior(self, rows: NDArray[Any], parameters: Any) -> Float:
        """Return (n, K) posteriors of rows whose every density underflowed to zero."""
        ...

    def sample(
        self, parameters: Any, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> NDArray[Any]:
        """Return one row (D,) per label; user's units only."""
        ...

    def title(self, n_components: int) -> str:
        """Return a line such as "Gaussian mixture, full covariance, 3 components"."""
        ...

    def tables(
        self, parameters: Any, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return the parameters as text tables for a summary; user's units only.

        Parameters
        ----------
        names : (K,) what the components are called
        """
        ...

    def describe(self, parameters: Any, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the parameters as plain tables for a summary; user's units only."""
        ...

    def to_arrays(self, parameters: Any) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return arrays and a JSON document from which family and value can be rebuilt."""
        ...
