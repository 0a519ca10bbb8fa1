"""Von Mises components: rows of independent angles, hours, or days of a year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.concentrations import (
    LARGEST_CONCENTRATION,
    concentrations_of,
    log_heights,
    resultants,
    variances,
)
from mixtura.components.exponential import LEAST_SHARE, FeatureMoments, FeatureTotals
from mixtura.components.stacked import Stacked
from mixtura.components.wording import Wording
from mixtura.errors import ParameterError
from mixtura.kinds import NUMBER

__all__ = ["Directions", "VonMisesFamily"]

Float = NDArray[np.float64]

FULL_TURN = 2.0 * np.pi
# Rows that determine no width of a component: one more than it has numbers.
LEAST_ROWS = 3.0
# A component with no more of a row has none.
EMPTY = 1e-50
# Names of priors that are never to be felt.
WEAK = ("weak", "rescue")


@dataclass(frozen=True, slots=True)
class Directions(Stacked):
    """Means μ, from 0 to the period, and concentrations κ (K, D)."""

    means: Float
    concentrations: Float


@final
@dataclass(frozen=True)
class VonMisesFamily(ColumnwiseFamily):
    """K products of von Mises densities, log f(x) = κ cos(2π (x - μ) / T) - log(T I₀(κ)).

    Attributes
    ----------
    columns, gaps
        As in `ColumnwiseFamily`.
    period : T, after which all begins anew
    steps : the least steps h between values of each column (D,), 0 where there is none
    floored : whether no component is narrower than the rounding to a step
    """

    period: float = FULL_TURN
    steps: tuple[float, ...] | None = None
    floored: bool = True

    name: ClassVar[str] = "von_mises"
    plural: ClassVar[str] = "von Mises densities"
    about: ClassVar[
        str
    ] = """Mixture of independent von Mises columns, for hours, angles and days of a year.

    Cells are on a circle: those that are a period apart are one, so hours around midnight are one
    component. Concentrations are about one over variances of angles in radians; no component is
    narrower than the values of its column step, nor than 1e-4 of a radian.

    Parameters
    ----------
    period : float
        After which all begins anew: 24 for hours, 360 for degrees, 2π for radians, the default.
    """
    kind = NUMBER
    has_signed_features = True
    reads_sparse = False
    values = Directions
    adds_feature = False
    even_words: ClassVar[str] = "all of the circle equally dense"
    numbers = (Number("means", "Means"), Number("concentrations", "Concentrations"))

    def __post_init__(self) -> None:
        """Raise `ParameterError` for a period that is no positive number."""
        period = self.period
        if (
            isinstance(period, bool)
            or not isinstance(period, (int, float, np.number))
            or not 1e-140 < period < 1e140
        ):
            raise ParameterError(
                f"period should be a number above 0, such as 24 for hours, but got {period!r}"
            )

    @property
    def has_widths(self) -> bool:
        """Return True: concentrations may be as large as rows are equal."""
        return True

    @property
    def start_softness(self) -> float:
        """Return nothing: no number sticks to an edge."""
        return 0.0

    @property
    def fewest_rows(self) -> float:
        """Return as many as one component has numbers."""
        return float(self.n_free(1))

    def settings(self) -> dict[str, Any]:
        """Return the period."""
        return {"period": float(self.period)}

    def described(self, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the period."""
        return self.settings()

    def title(self, n_components: int) -> str:
        """Return what the components are, with the period."""
        turn = "2π" if self.period == FULL_TURN else f"{self.period:g}"
        return f"{super().title(n_components)}\non a circle, all begins anew after {turn}"

    def of_columns(self, columns: list[int]) -> Self:
        """Return the family of some columns, with their steps."""
        steps = None if self.steps is None else tuple(self.steps[j] for j in columns)
        return replace(self, columns=len(columns), steps=steps)

    @property
    def n_cells(self) -> int:
        """Return 2 D."""
        return 2 * self.columns

    def _angles(self, cells: Float) -> Float:
        """Return cells as angles in radians, within a turn of 0."""
        return np.fmod(cells, self.period) * (FULL_TURN / self.period)

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write [cos t, sin t]."""
        angles = self._angles(cells.T)
        np.cos(angles, out=features[: self.columns])
        np.sin(angles, out=features[self.columns :])

    def log_base_cells(self, cells: Float) -> Float:
        """Return zeros."""
        return np.zeros_like(cells)

    def terms(self, parameters: Directions) -> tuple[Float, Float]:
        """Return -log(T I₀(κ)), and κ [cos μ, sin μ]."""
        own, angles = parameters.concentrations, self._angles(parameters.means)
        constants = -log_heights(own) - own - np.log(self.period)
        return constants, np.hstack([own * np.cos(angles), own * np.sin(angles)])

    def careful_log_density(self, rows: Any, parameters: Directions) -> Float:
        """Return log f_k(x) (n, K) by -2 κ sin² of half the angle, which loses no digit."""
        angles = self._angles(np.asarray(rows, np.float64))
        found = np.empty((len(angles), parameters.n_components))
        means = self._angles(parameters.means)
        heights = log_heights(parameters.concentrations) + np.log(self.period)
        for k, own in enumerate(parameters.concentrations):
            halves = np.sin(0.5 * (angles - means[k]))
            found[:, k] = np.nansum(-2.0 * own * halves**2 - heights[k], axis=1)
        return found

    def even(self) -> Directions:
        """Return a concentration of 0."""
        return Directions(*np.zeros((2, 1, self.columns)))

    @cached_property
    def _most(self) -> Float | float:
        """Return the largest concentrations (D,) there may be."""
        if self.steps is None or not self.floored:
            return LARGEST_CONCENTRATION
        steps = np.array(self.steps) * (FULL_TURN / self.period)
        least = resultants(np.array(LARGEST_CONCENTRATION))[1]
        # The variance within a step is h² / 12, and 1 - A about half of a variance.
        gaps = np.maximum(steps**2 / 24.0, least)
        return concentrations_of(np.maximum(1.0 - gaps, 0.0), np.minimum(gaps, 1.0))

    def _parts(self, rows: Float, sums: Float) -> tuple[Float, Float, Float]:
        """Return the mean angle, R and 1 - R (K, D) of sums of cosines and sines."""
        cosines, sines = np.split(sums, 2, axis=1)
        some = np.maximum(rows, EMPTY)
        lengths = np.hypot(cosines, sines)
        gaps = np.clip((rows - lengths) / some, 0.0, 1.0)
        return np.arctan2(sines, cosines), np.clip(lengths / some, 0.0, 1.0), gaps

    def estimate_cells(self, rows: Float, sums: Float, previous: Directions | None) -> Directions:
        """Return the direction of the resultant, and κ with A(κ) its mean length."""
        angles, lengths, gaps = self._parts(rows, sums)
        found = np.minimum(concentrations_of(lengths, gaps), self._most)
        means = np.mod(angles, FULL_TURN) * (self.period / FULL_TURN)
        means = np.where(means < self.period, means, 0.0)
        if previous is not None:
            empty = rows <= EMPTY
            means = np.where(empty, previous.means, means)
            found = np.where(empty, previous.concentrations, found)
        return Directions(means, found)

    def moments_at(
        self, coordinates: Float, like: FeatureMoments, total: float
    ) -> FeatureMoments | None:
        """Return the moments at a point, or None where there are no rows of such a resultant."""
        features = coordinates.reshape(like.features.shape) * total
        ends = 1 + self.n_opening
        if (features[:, :ends] < LEAST_SHARE * like.features[:, :ends]).any():
            return None
        gaps, before = (self._parts(*self.parted(each))[2] for each in (features, like.features))
        return None if (gaps < LEAST_SHARE * before).any() else replace(like, features=features)

    @property
    def wording(self) -> Wording:
        """Return words of concentrations."""
        return Wording(
            ("a concentration",),
            ("fewer columns",),
            (f"the largest concentration there may be, {LARGEST_CONCENTRATION:g},",),
        )

    def unsupported(self, parameters: Directions, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on no more rows than determine a concentration."""
        return support <= LEAST_ROWS

    def borrowed(self, moments: FeatureMoments) -> FeatureMoments:
        """Return the moments of a start, each component with so many rows more of mean spread."""
        rows, sums = self.parted(moments.features)
        angles, _, gaps = self._parts(rows, sums)
        mean = (rows * gaps).sum(axis=0) / np.maximum(rows.sum(axis=0), EMPTY)
        lengths = rows * (1.0 - (rows * gaps + LEAST_ROWS * mean) / (rows + LEAST_ROWS))
        cells = np.hstack([lengths * np.cos(angles), lengths * np.sin(angles)])
        return replace(moments, features=self.with_cells(moments.features, cells))

    def widened(
        self, parameters: Directions, which: NDArray[np.bool_], shared: FeatureTotals
    ) -> Directions:
        """Return parameters in which some components are as wide as all rows."""
        whole = self.estimate(shared.features[None], None).concentrations
        own = np.where(which[:, None], whole, parameters.concentrations)
        return Directions(parameters.means, own)

    def prior(self, name: Any, shared: FeatureTotals, n_components: int) -> Any:
        """Return the penalty of that name; the weak one is the largest concentration itself."""
        return super().prior(None if name in WEAK else name, shared, n_components)

    def flat(
        self, parameters: Directions, effective_rows: Float, prior: Any
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which rows are so nearly equal that only the end bounds them."""
        found = parameters.concentrations >= LARGEST_CONCENTRATION * (1.0 - 1e-6)
        return {k: tuple(np.flatnonzero(own).tolist()) for k, own in enumerate(found) if own.any()}

    def finer(self, parameters: Directions) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components are narrower than values step."""
        most = replace(self, floored=True)._most
        found = parameters.concentrations > most * (1.0 + 1e-6)
        return {k: tuple(np.flatnonzero(own).tolist()) for k, own in enumerate(found) if own.any()}

    def excess(self, parameters: Directions, shared: FeatureTotals) -> Float:
        """Return the nats a row (K,) by which densities at means exceed one a step."""
        steps = np.array(self.steps or (0.0,) * self.columns)
        logs = -log_heights(parameters.concentrations) - np.log(self.period)
        logs = logs + np.log(np.where(steps > 0, steps, 1.0))
        return np.where(steps > 0, np.maximum(logs, 0.0), 0.0).sum(axis=1)

    def rounding(self, parameters: Directions, moments: FeatureMoments) -> float:
        """Return the rounding of κ cos t, which leaves far smaller sums."""
        sizes = 1.0 + parameters.concentrations
        return float(8 * np.finfo(float).eps * moments.effective_rows @ sizes.sum(axis=1))

    def points(self, cells: Any) -> Float:
        """Return where cells are on circles of radius 1."""
        angles = self._angles(np.asarray(cells, np.float64))
        return np.hstack([np.cos(angles), np.sin(angles)])

    def draw(self, own: Directions, rng: np.random.Generator) -> Float:
        """Return cells (n, D) from 0 to the period."""
        turned = rng.vonmises(self._angles(own.means), own.concentrations)
        cells = np.mod(turned, FULL_TURN) * (self.period / FULL_TURN)
        return np.where(cells < self.period, cells, 0.0)

    def mean_and_variance(self, parameters: Directions) -> tuple[Float, Float]:
        """Return the directions, and the mean squares of what is between them and a cell."""
        return parameters.means, variances(parameters.concentrations) * (
            self.period / FULL_TURN
        ) ** 2

    def slopes(self, parameters: Directions) -> Sequence[Float]:
        """Return κ [-sin μ, cos μ] by the mean, and -A(κ), [cos μ, sin μ] by κ."""
        angles, own = self._angles(parameters.means), parameters.concentrations
        turn = own * (FULL_TURN / self.period)
        nothing = np.zeros_like(own)
        by_mean = self.by_column(nothing, -turn * np.sin(angles), turn * np.cos(angles))
        return [by_mean, self.by_column(-resultants(own)[0], np.cos(angles), np.sin(angles))]

    def curvatures(self, parameters: Directions) -> Sequence[Sequence[Float]]:
        """Return -κ [cos μ, sin μ] by means, [-sin μ, cos μ] by both, and -A'(κ)."""
        angles, own = self._angles(parameters.means), parameters.concentrations
        turn = FULL_TURN / self.period
        nothing, cosines, sines = np.zeros_like(own), np.cos(angles), np.sin(angles)
        bend = self.by_column(nothing, -own * turn**2 * cosines, -own * turn**2 * sines)
        across = self.by_column(nothing, -turn * sines, turn * cosines)
        return [[bend, across], [across, self.by_column(-resultants(own)[2], nothing, nothing)]]
