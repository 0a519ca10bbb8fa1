"""Gamma components: rows of independent positive amounts; of shape 1 they are exponential."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, polygamma, psi

from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.constraints import Ties
from mixtura.components.exponential import LEAST_SHARE, FeatureMoments, FeatureTotals
from mixtura.components.gamma_shapes import (
    LARGEST_SHAPE,
    bound_numbers,
    check_bound,
    lifted_shapes,
    shapes_of,
)
from mixtura.components.gamma_steps import excess_over_steps, narrower_than_steps
from mixtura.components.saddle_point import LARGE, gamma_logs
from mixtura.components.segments import SegmentKind, Segments
from mixtura.components.simplex import SMALLEST
from mixtura.components.stacked import GammaParameters
from mixtura.components.wording import Wording
from mixtura.errors import ParameterError
from mixtura.kinds import POSITIVE

__all__ = ["GammaFamily"]

Float = NDArray[np.float64]

# Rows that determine no width of a component: as for Gaussians, one more than it has numbers.
LEAST_ROWS = 3.0
# A component with no more of a row has none: amounts times less would be no numbers.
EMPTY = 1e-50
# Names of priors that are never to be felt.
WEAK = ("weak", "rescue")


@final
@dataclass(frozen=True)
class GammaFamily(ColumnwiseFamily):
    """K products of gamma densities, log f(x) = a log b - log Γ(a) + (a - 1) log x - b x.

    Attributes
    ----------
    columns, gaps, sparse
        As in `ColumnwiseFamily`.
    shape : the shape of every component where it is known, 1 for exponential densities
    steps : the least steps h between values of each column (D,), 0 where there is none
    floored : whether no variance is less than h²/12, that of rounding to a step
    """

    shape: float | None = None
    steps: tuple[float, ...] | None = None
    floored: bool = True

    name: ClassVar[str] = "gamma"
    plural: ClassVar[str] = "gamma densities"
    about: ClassVar[
        str
    ] = """Mixture of independent gamma columns, for durations and amounts above 0.

    No component is narrower than the values of its column step, nor than 1e-4 of its mean, which
    keeps densities finite; one whose rows are as equal as that is named.

    Parameters
    ----------
    shape : float or None
        Held for all components: 1 makes the densities exponential, a whole number Erlang's.
        None: each component and column has its own.
    """
    kind = POSITIVE
    has_signed_features = True
    reads_sparse = False
    values = GammaParameters
    adds_feature = False
    numbers = (Number("shapes", "Shapes"), Number("rates", "Rates"))

    def __post_init__(self) -> None:
        """Raise `ParameterError` for a shape that is no positive number."""
        shape = self.shape
        if shape is not None and not (
            isinstance(shape, (int, float, np.number))
            and not isinstance(shape, bool)
            and 0 < shape <= LARGEST_SHAPE
        ):
            raise ParameterError(
                f"shape should be None or a number above 0, up to {LARGEST_SHAPE:g}, but got "
                f"{shape!r}"
            )

    @property
    def free(self) -> tuple[Number, ...]:
        """Return shapes and rates, or rates alone where the shape is held."""
        return self.numbers if self.shape is None else self.numbers[1:]

    @property
    def has_widths(self) -> bool:
        """Return whether shapes are free, and so may be as large as rows are equal."""
        return self.shape is None

    @property
    def start_softness(self) -> float:
        """Return nothing: no number sticks to an edge."""
        return 0.0

    @property
    def fewest_rows(self) -> float:
        """Return as many as one component has numbers."""
        return float(self.n_free(1))

    def title(self, n_components: int) -> str:
        """Return what the components are, with the shape that is held."""
        line = super().title(n_components)
        if self.shape is None:
            return line
        held = "all exponential" if self.shape == 1 else "the same for all"
        return f"{line}\nthe shape is held at {self.shape:g}, {held}"

    def settings(self) -> dict[str, Any]:
        """Return the shape that is held, if any."""
        return {"shape": None if self.shape is None else float(self.shape)}

    def of_columns(self, columns: list[int]) -> Self:
        """Return the family of some columns, with their steps."""
        steps = None if self.steps is None else tuple(self.steps[j] for j in columns)
        return replace(self, columns=len(columns), steps=steps)

    @property
    def n_cells(self) -> int:
        """Return 2 D."""
        return 2 * self.columns

    def segments(self) -> Segments:
        """Return rates and shapes."""
        parts = ((SegmentKind.GAMMAS, 2 * self.columns, self.n_opening),)
        return Segments(parts, GammaParameters.of_values, self.shape or 0.0, self._least)

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write [x, log x]."""
        features[: self.columns] = cells.T
        np.log(features[: self.columns], out=features[self.columns :])

    def log_base_cells(self, cells: Float) -> Float:
        """Return -log x."""
        return -np.log(cells)

    def careful_log_density(self, rows: Any, parameters: GammaParameters) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where a shape is large."""
        if parameters.shapes.max() <= LARGE:
            return None
        own = zip(parameters.shapes, parameters.rates, strict=True)
        return np.stack([np.nansum(gamma_logs(rows, *each), axis=1) for each in own], axis=1)

    def terms(self, parameters: GammaParameters) -> tuple[Float, Float]:
        """Return a log b - log Γ(a), and [-b, a]."""
        shapes, rates = parameters.shapes, parameters.rates
        return shapes * np.log(rates) - gammaln(shapes), np.hstack([-rates, shapes])

    def even_terms(self, log_widths: Float) -> tuple[Float, Float]:
        """Return the constants, and [0, 1]: log x is taken away from log h(x)."""
        return -log_widths[None], np.repeat([[0.0, 1.0]], self.columns, axis=1)

    def estimate_cells(
        self, rows: Float, sums: Float, previous: GammaParameters | None
    ) -> GammaParameters:
        """Return a with log a - ψ(a) = log x̄ - mean log x, and b = a / x̄, above the floor."""
        means, gaps = self._spread(rows, sums)
        if self.shape is not None:
            shapes = np.full(means.shape, float(self.shape))
        else:
            shapes = shapes_of(gaps)
            if self._least is not None:
                shapes, means = lifted_shapes(shapes, means, gaps, self._least)
        rates = shapes / means
        if previous is not None:
            empty = rows <= EMPTY
            shapes[empty], rates[empty] = previous.shapes[empty], previous.rates[empty]
        return GammaParameters(shapes, rates)

    def check_constraints(self, values: Sequence[Float], ties: Sequence[Ties]) -> None:
        """Raise `ParameterError` where rates are equal and shapes free."""
        check_bound(values, () if self.shape is not None else ties)

    def estimate_under(
        self,
        rows: Float,
        sums: Float,
        previous: GammaParameters | None,
        values: Sequence[Float],
        ties: Sequence[Ties],
    ) -> GammaParameters:
        """Return the estimates of cells of which some shapes or rates are bound."""
        if self.shape is not None:
            return super().estimate_under(rows, sums, previous, values, ties)
        found = self.estimate_cells(rows, sums, previous)
        means, gaps = self._spread(rows, sums)
        means = np.where(rows > EMPTY, means, found.shapes / found.rates)
        own = (found.shapes, found.rates), means, gaps, rows, values, ties[0]
        return GammaParameters(*bound_numbers(*own))

    @property
    def _least(self) -> Float | None:
        """Return the least deviations (D,) that are allowed, or None."""
        if self.steps is None or not self.floored or not any(self.steps):
            return None
        return np.array(self.steps) / np.sqrt(12.0)

    def _spread(self, rows: Float, sums: Float) -> tuple[Float, Float]:
        """Return means and log x̄ - mean log x (K, D); 1 and 1 without rows."""
        some = np.where(rows > EMPTY, rows, 1.0)
        means = np.where(rows > EMPTY, sums[:, : self.columns] / some, 1.0)
        gaps = np.log(means) - sums[:, self.columns :] / some
        return means, np.where(rows > EMPTY, gaps, 1.0)

    def coordinates(self, moments: FeatureMoments, total: float) -> Float:
        """Return mean features in units of each column's mean, which no step of a fit changes."""
        return self._in_units(moments.features, moments.features, 1.0).ravel() / total

    def moments_at(
        self, coordinates: Float, like: FeatureMoments, total: float
    ) -> FeatureMoments | None:
        """Return the moments at a point, or None where a component has no rows or spread left."""
        given = coordinates.reshape(like.features.shape)
        features = self._in_units(given * total, like.features, -1.0)
        ends = 1 + self.n_opening + self.columns
        if (features[:, :ends] < LEAST_SHARE * like.features[:, :ends]).any():
            return None
        spread, before = (self._spread(*self.parted(each))[1] for each in (features, like.features))
        return None if (spread < LEAST_SHARE * before).any() else replace(like, features=features)

    def _in_units(self, features: Float, all_rows: Float, sign: float) -> Float:
        """Return features of x / m for those of x, m the means of all rows; back with sign -1."""
        known, total = self.parted(all_rows)
        units = total[:, : self.columns].sum(axis=0) / known.sum(axis=0)
        rows, sums = self.parted(features)
        amounts = sums[:, : self.columns] * units**-sign
        logs = sums[:, self.columns :] - sign * rows * np.log(units)
        return self.with_cells(features, np.hstack([amounts, logs]))

    @property
    def wording(self) -> Wording:
        """Return words of shapes."""
        return Wording(
            ("a shape",),
            ("a shape that is held (shape=1 for exponential densities)",),
            (f"the largest shape there may be, {LARGEST_SHAPE:g},",),
        )

    def unsupported(self, parameters: GammaParameters, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on no more rows than determine a shape."""
        return support <= (LEAST_ROWS if self.has_widths else 0.0)

    def borrowed(self, moments: FeatureMoments) -> FeatureMoments:
        """Return the moments of a start, each component with so many rows more of mean spread."""
        if not self.has_widths:
            return moments
        rows, sums = self.parted(moments.features)
        means, gaps = self._spread(rows, sums)
        mean = (rows * gaps).sum(axis=0) / np.maximum(rows.sum(axis=0), SMALLEST)
        gaps = (rows * gaps + LEAST_ROWS * mean) / (rows + LEAST_ROWS)
        logs = rows * (np.log(means) - gaps)
        cells = np.hstack([sums[:, : self.columns], logs])
        return replace(moments, features=self.with_cells(moments.features, cells))

    def widened(
        self, parameters: GammaParameters, which: NDArray[np.bool_], shared: FeatureTotals
    ) -> GammaParameters:
        """Return parameters in which some components have the shapes of all rows."""
        whole = self.estimate(shared.features[None], None).shapes
        shapes = np.where(which[:, None], whole, parameters.shapes)
        return GammaParameters(shapes, parameters.rates * shapes / parameters.shapes)

    def prior(self, name: Any, shared: FeatureTotals, n_components: int) -> Any:
        """Return the penalty of that name; the weak one is the largest shape itself.

        Pseudo-rows like all rows together would be felt where a component is narrow and far.
        """
        return super().prior(None if name in WEAK else name, shared, n_components)

    def flat(
        self, parameters: GammaParameters, effective_rows: Float, prior: Any
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which rows are so nearly equal that only the end bounds shapes."""
        if not self.has_widths:
            return {}
        found = parameters.shapes >= LARGEST_SHAPE * (1.0 - 1e-6)
        if self._least is not None:
            # What stands on the floor of rounded values has a width that means something.
            found &= ~self._narrower(parameters, 1.0 + 1e-6)
        return {
            k: tuple(np.flatnonzero(columns).tolist())
            for k, columns in enumerate(found)
            if columns.any()
        }

    def _narrower(self, parameters: GammaParameters, factor: float) -> NDArray[np.bool_]:
        """Return where (K, D) deviations are below those of rounding to steps, times a factor."""
        steps = np.array(self.steps or (0.0,) * self.columns)
        return narrower_than_steps(parameters.shapes, parameters.rates, steps, factor)

    def finer(self, parameters: GammaParameters) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components are narrower than values step."""
        found = self._narrower(parameters, 1.0 - 1e-6) & self.has_widths
        return {k: tuple(np.flatnonzero(own).tolist()) for k, own in enumerate(found) if own.any()}

    def excess(self, parameters: GammaParameters, shared: FeatureTotals) -> Float:
        """Return the nats a row (K,) by which densities at means exceed one a step."""
        if self.steps is None or not self.has_widths:
            return np.zeros(parameters.n_components)
        return excess_over_steps(parameters.shapes, parameters.rates, np.array(self.steps))

    def rounding(self, parameters: GammaParameters, moments: FeatureMoments) -> float:
        """Return the rounding of a log b, b x and a log x, which leave far smaller sums."""
        sizes = parameters.shapes * (2.0 + np.abs(np.log(parameters.rates / parameters.shapes)))
        return float(8 * np.finfo(float).eps * moments.effective_rows @ sizes.sum(axis=1))

    def points(self, cells: Any) -> Float:
        """Return log x: its deviation is that of no unit."""
        return np.log(cells)

    def draw(self, own: GammaParameters, rng: np.random.Generator) -> Float:
        """Return amounts (n, D), above 0 also where rounding would make them 0."""
        return np.maximum(rng.gamma(own.shapes, 1.0 / own.rates), np.finfo(float).tiny)

    def mean_and_variance(self, parameters: GammaParameters) -> tuple[Float, Float]:
        """Return a / b and a / b²."""
        means = parameters.shapes / parameters.rates
        return means, means / parameters.rates

    def slopes(self, parameters: GammaParameters) -> Sequence[Float]:
        """Return log b - ψ(a) + log x by the shape, and a / b - x by the rate."""
        shapes, rates = parameters.shapes, parameters.rates
        ones, nothing = np.ones_like(shapes), np.zeros_like(shapes)
        by_shape = self.by_column(np.log(rates) - psi(shapes), nothing, ones)
        return [by_shape, self.by_column(shapes / rates, -ones, nothing)]

    def curvatures(self, parameters: GammaParameters) -> Sequence[Sequence[Float]]:
        """Return -ψ'(a), 1 / b and -a / b²."""
        shapes, rates = parameters.shapes, parameters.rates
        nothing = np.zeros_like(shapes)
        across = self.by_column(1.0 / rates, nothing, nothing)
        return [
            [self.by_column(-polygamma(1, shapes), nothing, nothing), across],
            [across, self.by_column(-shapes / rates**2, nothing, nothing)],
        ]
