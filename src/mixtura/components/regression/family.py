"""Generalised linear models of a response given terms, as the components of a mixture.

A row holds m cells of p + 3 numbers each, one after the other: y, trials (0 where there is no
cell), offset, and p terms. All cells of a row belong to one component: a row is a person, say, and
cells are visits. The density is that of the responses given all else.

The sums of a sweep are the loss of each component, its gradient and its curvature at the
coefficients of that sweep; they add like any others, and the M-step is one step of Newton from
them (Lange 1995), damped so that it never loses anything. Of Gaussian responses it is exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.regression.bounds import Bounds
from mixtura.components.regression.evaluator import (
    GuessingEvaluator,
    Products,
    RegressionEvaluator,
    RegressionTile,
    Scratch,
    upper,
)
from mixtura.components.regression.kernel import BESIDE
from mixtura.components.regression.lines import Lines
from mixtura.components.regression.parameters import (
    RegressionMoments,
    RegressionParameters,
    RegressionPrior,
    RegressionSums,
    RegressionTotals,
)
from mixtura.components.regression.responses import RESPONSES, Response
from mixtura.components.regression.steps import newton, reduced
from mixtura.components.regression.words import described, tables_of, title_of
from mixtura.errors import ParameterError
from mixtura.kinds import NUMBER, ColumnKind
from mixtura.text import Passage

__all__ = ["RegressionFamily"]

Float = NDArray[np.float64]

# Pseudo-cells of the default prior, and of that where a variance vanishes, for each row.
STRENGTHS = {"weak": 1e-22, "rescue": 1e-8}
# Logs of less are none.
LEAST = 1e-300


@dataclass(frozen=True, eq=False)
class RegressionFamily(Lines):
    """Regressions of one kind of response.

    Attributes
    ----------
    response : what y is
    terms : names of the p terms
    per_row : m, cells of a row at the most
    frame : (p, p) A of z = A x, in which terms are of one size and do not go together
    reach : of the longest z
    loss : mean loss of all cells as one component without terms
    each : mean cells of a row
    bounds : what coefficients are held or alike, or None
    """

    response: Response
    terms: tuple[str, ...]
    per_row: int
    frame: Float
    reach: float = 1.0
    loss: float = 1.0
    each: float = 1.0
    bounds: Bounds | None = None

    name: ClassVar[str] = "regression"
    has_noise: ClassVar[bool] = False

    @classmethod
    def in_own_units(cls, response: Response, terms: tuple[str, ...], per_row: int) -> Self:
        """Return the family in the user's units, as a `Mixture` holds it."""
        return cls(response, terms, per_row, np.eye(len(terms)))

    @property
    def n_terms(self) -> int:
        """Return p."""
        return len(self.terms)

    @property
    def start_softness(self) -> float:
        """Return nothing: no coefficient sticks to an edge."""
        return 0.0

    @property
    def fewest_rows(self) -> float:
        """Return as many as one component has parameters."""
        return (self.n_terms + self.response.has_precision) / self.each

    @property
    def n_columns(self) -> int:
        """Return D = m (p + 3)."""
        return self.per_row * (self.n_terms + BESIDE)

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return numbers."""
        return (NUMBER,) * self.n_columns

    def n_features(self) -> int:
        """Return how many numbers a row takes in a tile."""
        return self.per_row * (self.n_terms * (self.n_terms + 3) // 2 + BESIDE)

    def workspace(self, n_rows: int) -> Scratch:
        """Return what a tile is found in."""
        return Scratch()

    def prepare(self, rows: NDArray[Any], workspace: Scratch) -> RegressionTile:
        """Return the tile of rows (n, D)."""
        workspace.owner = None
        cells = np.asarray(rows, np.float64).reshape(-1, self.n_terms + BESIDE).T
        y, size, offset = np.ascontiguousarray(cells[:BESIDE])
        design = self.frame @ cells[BESIDE:]
        present = None if self.per_row == 1 else (size > 0).astype(np.float64)
        products = Products()
        return RegressionTile(y, size, offset, design, products, present, self.per_row, workspace)

    def bind(self, log_weights: Float, parameters: RegressionParameters) -> RegressionEvaluator:
        """Return the evaluator of one sweep."""
        return RegressionEvaluator(self.response, log_weights, parameters)

    def unbound(self, n_components: int) -> GuessingEvaluator:
        """Return an evaluator that accumulates only."""
        return GuessingEvaluator(self.response, np.zeros(n_components), self._none(n_components))

    def _none(self, n_components: int) -> RegressionParameters:
        coefficients = np.zeros((n_components, self.n_terms))
        return RegressionParameters(coefficients, np.ones(n_components))

    def shared(self, prepared: RegressionTile, row_weights: Float | None) -> RegressionTotals:
        """Return the weight of a tile and Σ w log h(y)."""
        bases = self._bases(prepared)
        weights = np.ones(len(bases)) if row_weights is None else row_weights
        return RegressionTotals(float(weights.sum()), float(weights @ bases))

    def _bases(self, tile: RegressionTile) -> Float:
        return tile.of_rows(self.response.log_base(tile.y, tile.size)[None])[0]

    def offset(self, parameters: Any, sums: RegressionSums, shared: RegressionTotals) -> float:
        """Return Σ w log h(y)."""
        return shared.log_base

    def moments(
        self,
        sums: RegressionSums,
        previous: RegressionParameters | None,
        shared: RegressionTotals,
    ) -> RegressionMoments:
        """Return the sums with curvatures as matrices."""
        k, p = sums.gradient.shape
        information = np.empty((k, p, p))
        first, second = upper(p)
        information[:, first, second] = information[:, second, first] = sums.pairs
        return RegressionMoments(
            sums.rows,
            sums.cells,
            sums.losses,
            sums.gradient,
            information,
            self._none(k) if previous is None else previous,
            previous is None,
            shared.log_base,
        )

    def maximise(
        self,
        moments: RegressionMoments,
        previous: RegressionParameters | None,
        prior: RegressionPrior,
    ) -> RegressionParameters:
        """Return what a step of Newton leads to, and the precisions that are likeliest there.

        Raises
        ------
        ParameterError
            If a component has no loss left, and no prior keeps it.
        """
        counted = prior.augment(moments)
        step = newton(counted, self._reach, self.bounds, self.frame)
        if not self.response.has_precision:
            return RegressionParameters(step.coefficients, np.ones(len(step.losses)))
        least = 0.0 if prior.cells else self.least_loss * counted.cells
        if self.response.name == "gaussian" and not (step.losses > least).all():
            raise ParameterError("a component has no residuals")
        return RegressionParameters(step.coefficients, self._precisions(counted.cells, step.losses))

    @property
    def _reach(self) -> float | None:
        return None if self.response.is_quadratic else self.reach

    def _precisions(self, cells: Float, losses: Float) -> Float:
        if self.bounds is not None and self.bounds.alike_precision:
            cells, losses = np.full_like(cells, cells.sum()), np.full_like(losses, losses.sum())
        return self.response.precision(np.maximum(losses, LEAST) / np.maximum(cells, LEAST))

    def expected_log_density(
        self, parameters: RegressionParameters, moments: RegressionMoments
    ) -> float:
        """Return no more than Σ_k Σ_i w r log f_k, and just that at the sweep's parameters."""
        losses = reduced(moments, parameters.coefficients, self._reach)
        constants = self.response.constant(parameters.precisions)
        return float(moments.cells @ constants - parameters.precisions @ losses) + moments.log_base

    def n_free(self, n_components: int) -> int:
        """Return the number of free coefficients and precisions."""
        if self.bounds is None:
            return n_components * (self.n_terms + self.response.has_precision)
        spreads = 1 if self.bounds.alike_precision else n_components
        return self.bounds.n_free(n_components) + spreads * self.response.has_precision

    def prior(self, name: Any, shared: RegressionTotals, n_components: int) -> RegressionPrior:
        """Return the penalty of that name: of Gaussian responses only, others are bounded."""
        if isinstance(name, RegressionPrior):
            return name
        strength = 0.0 if name is None else STRENGTHS.get(name)
        if strength is None:
            raise ParameterError(f"regressions have a 'weak' prior or None, not {name!r}")
        felt = self.response.name == "gaussian"
        return RegressionPrior(strength * shared.weight if felt else 0.0, self.loss)

    def coordinates(self, moments: RegressionMoments, total: float) -> Float:
        """Return shares, the coefficients of the next step and logs of precisions."""
        step = newton(moments, self._reach, self.bounds, self.frame)
        logs = np.log(self._precisions(moments.cells, step.losses))
        found = [moments.effective_rows / total, step.coefficients.ravel()]
        return np.concatenate([*found, logs] if self.response.has_precision else found)

    def moments_at(
        self, coordinates: Float, like: RegressionMoments, total: float
    ) -> RegressionMoments | None:
        """Return moments that a step stays at, or None where a share is too small."""
        k = len(like.effective_rows)
        shares, rest = np.split(coordinates, [k])
        rows = shares * total
        if not (np.isfinite(coordinates).all() and (rows > 0.1 * like.effective_rows).all()):
            return None
        coefficients = rest[: k * self.n_terms].reshape(k, -1)
        logs = rest[k * self.n_terms :] if self.response.has_precision else np.zeros(k)
        with np.errstate(over="ignore"):
            precisions = np.exp(logs)
        times = rows / np.maximum(like.effective_rows, LEAST)
        cells = like.cells * times
        if not np.isfinite(precisions).all():
            return None
        return replace(
            like,
            effective_rows=rows,
            cells=cells,
            losses=cells * self.response.mean_loss(precisions),
            gradient=np.zeros_like(like.gradient),
            information=like.information * times[:, None, None],
            about=RegressionParameters(coefficients, precisions),
            is_guess=False,
        )

    def in_user_units(
        self, parameters: RegressionParameters
    ) -> tuple["RegressionFamily", RegressionParameters]:
        """Return the family and the parameters out of the frame."""
        family = RegressionFamily.in_own_units(self.response, self.terms, self.per_row)
        family = replace(family, bounds=self.bounds)
        return family, replace(parameters, coefficients=parameters.coefficients @ self.frame)

    def in_frame(self, parameters: RegressionParameters) -> RegressionParameters:
        """Return parameters given in the user's units in the frame."""
        framed = np.linalg.solve(self.frame.T, parameters.coefficients.T).T
        return replace(parameters, coefficients=framed)

    def row_log_density(self, rows: NDArray[Any], parameters: RegressionParameters) -> Float:
        """Return log f(y | x, β_k, τ_k) (n, K) of rows (n, D)."""
        tile = self.prepare(rows, self.workspace(len(rows)))
        found = np.empty((parameters.n_components, len(rows)))
        self.bind(np.zeros(len(found)), parameters).log_density(tile, found)
        return (found + self._bases(tile)).T

    def title(self, n_components: int) -> str:
        """Return a line such as "Poisson regressions (log link), 3 components"."""
        return title_of(self.response, n_components)

    def tables(
        self, parameters: RegressionParameters, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return coefficients and what else there is as text tables."""
        return tables_of(self.response, parameters, self.terms, names)

    def describe(
        self, parameters: RegressionParameters, columns: Sequence[str]
    ) -> Mapping[str, Any]:
        """Return the same as plain tables."""
        return described(self.response, parameters, self.terms)

    def to_arrays(
        self, parameters: RegressionParameters
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays: dict[str, NDArray[Any]] = {
            "coefficients": parameters.coefficients,
            "precisions": parameters.precisions,
        }
        document: dict[str, Any] = {
            "family": self.name,
            "response": self.response.name,
            "terms": list(self.terms),
            "per_row": self.per_row,
        }
        if self.bounds is not None:
            document["alike_precision"] = self.bounds.alike_precision
            arrays["bounds.held"] = self.bounds.held
            arrays["bounds.alike"] = self.bounds.alike.astype(np.int64)
        return arrays, document

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["RegressionFamily", RegressionParameters]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no parameters of regressions.
        """
        terms = tuple(map(str, document["terms"]))
        family = cls.in_own_units(RESPONSES[document["response"]], terms, int(document["per_row"]))
        count = len(arrays["precisions"])
        precisions = as_shape("precisions", arrays["precisions"], (count,))
        coefficients = as_shape("coefficients", arrays["coefficients"], (count, len(terms)))
        if not ((precisions > 0) & np.isfinite(precisions)).all() or family.per_row < 1:
            raise ParameterError("'precisions' should be above 0, and rows have a cell")
        if "bounds.held" in arrays:
            held, alike = arrays["bounds.held"].astype(np.float64), arrays["bounds.alike"] > 0
            if held.ndim != 2 or held.shape[1] != len(terms) or alike.shape != (len(terms),):
                raise ParameterError("what is held or alike is of other terms")
            bounds = Bounds(held, alike, document["alike_precision"] is True)
            family = replace(family, bounds=bounds)
        return family, RegressionParameters(coefficients, precisions)
