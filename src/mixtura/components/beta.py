"""Beta components: rows of independent shares between 0 and 1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma, psi

from mixtura.components.beta_shapes import (
    LARGEST_SUM,
    guessed_shapes,
    log_heights,
    mean_logs,
    shapes_below,
    spread_of,
)
from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.exponential import LEAST_SHARE, FeatureMoments, FeatureTotals
from mixtura.components.saddle_point import LARGE, beta_logs, stirling
from mixtura.components.stacked import Stacked
from mixtura.components.wording import Wording
from mixtura.kinds import SHARE, SMALLEST_AMOUNT

__all__ = ["BetaFamily", "BetaParameters"]

# Of 0 or 1: shapes of components there would be beyond their largest sum.
NEXT_TO = 1e-6

Float = NDArray[np.float64]

# Rows that determine no width of a component: one more than it has numbers.
LEAST_ROWS = 3.0
# A component with no more of a row has none.
EMPTY = 1e-50
# Names of priors that are never to be felt.
WEAK = ("weak", "rescue")


@dataclass(frozen=True, slots=True)
class BetaParameters(Stacked):
    """Shapes a and b (K, D): means are a / (a + b), variances m (1 - m) / (a + b + 1)."""

    alphas: Float
    betas: Float

    @property
    def sums(self) -> Float:
        """Return a + b."""
        return self.alphas + self.betas


@final
@dataclass(frozen=True)
class BetaFamily(ColumnwiseFamily):
    """K products of beta densities, log f(x) = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b).

    Attributes
    ----------
    columns, gaps
        As in `ColumnwiseFamily`.
    steps : the least steps h between values of each column (D,), 0 where there is none
    floored : whether no a + b is above 3/h², by which shares about a half are as wide as a step
    """

    steps: tuple[float, ...] | None = None
    floored: bool = True

    name: ClassVar[str] = "beta"
    plural: ClassVar[str] = "beta densities"
    about: ClassVar[
        str
    ] = """Mixture of independent beta columns, for shares, rates and proportions between 0 and 1.

    A component with both shapes below 1 is densest at the ends. No component about a half is
    narrower than the values of its column step, nor than 5e-5; one whose rows are as equal as that
    is named.
    """
    kind = SHARE
    has_signed_features = True
    reads_sparse = False
    values = BetaParameters
    adds_feature = False
    numbers = (Number("alphas", "Alphas"), Number("betas", "Betas"))

    def out_of_reach(self, rows: Any) -> tuple[int, str] | None:
        """Return a column all of whose shares are next to one end, and what to do."""
        cells = np.asarray(rows, dtype=np.float64)
        ends = {
            f"below {NEXT_TO:g}": (np.nanmax(cells, axis=0) < NEXT_TO, "it"),
            f"within {NEXT_TO:g} of 1": (np.nanmin(cells, axis=0) > 1.0 - NEXT_TO, "1 - x"),
        }
        for where, (found, what) in ends.items():
            if found.any():
                return int(found.argmax()), (
                    f"all shares are {where}, where beta densities are gamma ones for all that "
                    f"numbers say; fit {what} by GammaMixture"
                )
        return None

    @property
    def has_widths(self) -> bool:
        """Return True: shapes may be as large as rows are equal."""
        return True

    @property
    def start_softness(self) -> float:
        """Return nothing: no number sticks to an edge."""
        return 0.0

    @property
    def fewest_rows(self) -> float:
        """Return as many as one component has numbers."""
        return float(self.n_free(1))

    def of_columns(self, columns: list[int]) -> Self:
        """Return the family of some columns, with their steps."""
        steps = None if self.steps is None else tuple(self.steps[j] for j in columns)
        return replace(self, columns=len(columns), steps=steps)

    @property
    def n_cells(self) -> int:
        """Return 2 D."""
        return 2 * self.columns

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write [log x, log(1 - x)]."""
        np.log(cells.T, out=features[: self.columns])
        np.log1p(-cells.T, out=features[self.columns :])

    def log_base_cells(self, cells: Float) -> Float:
        """Return -log x - log(1 - x)."""
        return -np.log(cells) - np.log1p(-cells)

    def careful_log_density(self, rows: Any, parameters: BetaParameters) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where a shape is large."""
        if parameters.sums.max() <= LARGE:
            return None
        own = zip(parameters.alphas, parameters.betas, strict=True)
        return np.stack([np.nansum(beta_logs(rows, *each), axis=1) for each in own], axis=1)

    def terms(self, parameters: BetaParameters) -> tuple[Float, Float]:
        """Return -log B(a, b), and [a, b]."""
        alphas, betas = parameters.alphas, parameters.betas
        return log_heights(alphas, betas), np.hstack([alphas, betas])

    def even_terms(self, log_widths: Float) -> tuple[Float, Float]:
        """Return the constants, and [1, 1]: what is taken away from log h(x)."""
        return -log_widths[None], np.ones((1, 2 * self.columns))

    @cached_property
    def _most(self) -> Float:
        """Return the largest a + b (D,) there may be."""
        steps = np.zeros(self.columns) if self.steps is None else np.array(self.steps)
        if not self.floored:
            steps = np.zeros(self.columns)
        with np.errstate(divide="ignore", over="ignore"):
            return np.clip(3.0 / steps**2 - 1.0, 3.0, LARGEST_SUM)

    def _logs(self, rows: Float, sums: Float) -> tuple[Float, Float]:
        """Return mean logs of shares and of what they leave (K, D); of a half without rows."""
        some = np.where(rows > EMPTY, rows, 1.0)
        u, v = np.split(sums, 2, axis=1)
        half = np.log(0.5)
        found = np.where(rows > EMPTY, u / some, half), np.where(rows > EMPTY, v / some, half)
        return np.minimum(found[0], 0.0), np.minimum(found[1], 0.0)

    def estimate_cells(
        self, rows: Float, sums: Float, previous: BetaParameters | None
    ) -> BetaParameters:
        """Return a and b with ψ(a) - ψ(a + b) the mean log, and alike b, their sum bounded."""
        most = np.broadcast_to(self._most, rows.shape)
        alphas, betas = shapes_below(*self._logs(rows, sums), most)
        if previous is not None:
            empty = rows <= EMPTY
            alphas = np.where(empty, previous.alphas, alphas)
            betas = np.where(empty, previous.betas, betas)
        return BetaParameters(alphas, betas)

    def moments_at(
        self, coordinates: Float, like: FeatureMoments, total: float
    ) -> FeatureMoments | None:
        """Return the moments at a point, or None where there are no rows of such logarithms."""
        features = coordinates.reshape(like.features.shape) * total
        ends = 1 + self.n_opening
        if (features[:, :ends] < LEAST_SHARE * like.features[:, :ends]).any():
            return None
        spread, before = (
            spread_of(*self._logs(*self.parted(each))) for each in (features, like.features)
        )
        return None if (spread < LEAST_SHARE * before).any() else replace(like, features=features)

    @property
    def wording(self) -> Wording:
        """Return words of shapes."""
        return Wording(
            ("its shapes",),
            ("fewer columns",),
            (f"the largest sum of shapes there may be, {LARGEST_SUM:g},",),
        )

    def unsupported(self, parameters: BetaParameters, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on no more rows than determine shapes."""
        return support <= LEAST_ROWS

    def borrowed(self, moments: FeatureMoments) -> FeatureMoments:
        """Return the moments of a start, each component with so many rows more of mean spread."""
        rows, sums = self.parted(moments.features)
        alphas, betas = guessed_shapes(*self._logs(rows, sums))
        spread = 1.0 / (alphas + betas)
        mean = (rows * spread).sum(axis=0) / np.maximum(rows.sum(axis=0), EMPTY)
        wider = (rows * spread + LEAST_ROWS * mean) / (rows + LEAST_ROWS) / spread
        u, v = mean_logs(alphas / wider, betas / wider)
        return replace(
            moments, features=self.with_cells(moments.features, np.hstack([rows * u, rows * v]))
        )

    def widened(
        self, parameters: BetaParameters, which: NDArray[np.bool_], shared: FeatureTotals
    ) -> BetaParameters:
        """Return parameters in which some components have the sums of shapes of all rows."""
        whole = self.estimate(shared.features[None], None).sums
        times = np.where(which[:, None], whole / parameters.sums, 1.0)
        return BetaParameters(parameters.alphas * times, parameters.betas * times)

    def prior(self, name: Any, shared: FeatureTotals, n_components: int) -> Any:
        """Return the penalty of that name; the weak one is the largest sum of shapes itself."""
        return super().prior(None if name in WEAK else name, shared, n_components)

    def flat(
        self, parameters: BetaParameters, effective_rows: Float, prior: Any
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which rows are so nearly equal that only the end bounds shapes."""
        return _columns(parameters.sums >= LARGEST_SUM * (1.0 - 1e-6))

    def finer(self, parameters: BetaParameters) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components about a half would be narrower than a step."""
        return _columns(parameters.sums > replace(self, floored=True)._most * (1.0 + 1e-6))

    def excess(self, parameters: BetaParameters, shared: FeatureTotals) -> Float:
        """Return the nats a row (K,) by which densities at means exceed one a step."""
        steps = np.array(self.steps or (0.0,) * self.columns)
        alphas, betas, sums = parameters.alphas, parameters.betas, parameters.sums
        logs = stirling(sums) - stirling(alphas) - stirling(betas)
        logs = logs - np.log(alphas / sums) - np.log(betas / sums)
        logs = logs + np.log(np.where(steps > 0, steps, 1.0))
        return np.where(steps > 0, np.maximum(logs, 0.0), 0.0).sum(axis=1)

    def rounding(self, parameters: BetaParameters, moments: FeatureMoments) -> float:
        """Return the rounding of a log x, b log(1 - x) and log B, which leave far smaller sums."""
        alphas, betas, sums = parameters.alphas, parameters.betas, parameters.sums
        sizes = 2.0 - alphas * np.log(alphas / sums) - betas * np.log(betas / sums)
        return float(8 * np.finfo(float).eps * moments.effective_rows @ sizes.sum(axis=1))

    def points(self, cells: Any) -> Float:
        """Return the logits of cells."""
        return np.log(cells) - np.log1p(-np.asarray(cells))

    def draw(self, own: BetaParameters, rng: np.random.Generator) -> Float:
        """Return shares (n, D), within the ends also where rounding would make them these."""
        below_one = 1.0 - np.finfo(float).epsneg
        return np.clip(rng.beta(own.alphas, own.betas), SMALLEST_AMOUNT, below_one)

    def mean_and_variance(self, parameters: BetaParameters) -> tuple[Float, Float]:
        """Return m = a / (a + b), and m (1 - m) / (a + b + 1)."""
        sums = parameters.sums
        means = parameters.alphas / sums
        return means, means * (parameters.betas / sums) / (sums + 1.0)

    def slopes(self, parameters: BetaParameters) -> Sequence[Float]:
        """Return ψ(a + b) - ψ(a) + log x by the first shape, and alike by the other."""
        alphas, betas = parameters.alphas, parameters.betas
        ones, nothing, whole = np.ones_like(alphas), np.zeros_like(alphas), psi(parameters.sums)
        first = self.by_column(whole - psi(alphas), ones, nothing)
        return [first, self.by_column(whole - psi(betas), nothing, ones)]

    def curvatures(self, parameters: BetaParameters) -> Sequence[Sequence[Float]]:
        """Return ψ'(a + b) - ψ'(a), ψ'(a + b), and ψ'(a + b) - ψ'(b)."""
        whole = polygamma(1, parameters.sums)
        nothing = np.zeros_like(whole)
        first, second = (
            self.by_column(whole - polygamma(1, own), nothing, nothing)
            for own in (parameters.alphas, parameters.betas)
        )
        across = self.by_column(whole, nothing, nothing)
        return [[first, across], [across, second]]


def _columns(found: NDArray[np.bool_]) -> dict[int, tuple[int, ...]]:
    """Return the columns of each component in which something is found (K, D), where any is."""
    return {k: tuple(np.flatnonzero(own).tolist()) for k, own in enumerate(found) if own.any()}
