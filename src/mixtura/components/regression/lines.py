"""What regressions say of components on few rows, of widths, and of what they do without."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs, in_parts
from mixtura.components.regression.bounds import Bounds
from mixtura.components.regression.kernel import MOST_CELLS, RegressionKernel
from mixtura.components.regression.parameters import (
    RegressionMoments,
    RegressionParameters,
    RegressionPrior,
)
from mixtura.components.regression.responses import Response
from mixtura.components.wording import Wording
from mixtura.errors import ParameterError

__all__ = ["Lines"]

Float = NDArray[np.float64]

# A component is flat where its own cells have no more than this of the losses that the prior has.
FELT = 1.0
# What residuals are of responses, squared, where they are but rounding.
ROUNDED = 1e-26
# Mean squares of residuals that are such a part of all are rounding.
NO_RESIDUALS = 1e-20


class Lines:
    """The part of a family of regressions that is about rows and widths.

    Attributes
    ----------
    response : what y is
    terms : names of the p terms
    loss : mean loss of all cells as one component without terms
    each : mean cells of a row
    per_row : cells of a row at the most
    bounds : what coefficients are held or alike, or None
    reach : of the longest row of terms
    """

    response: Response
    terms: tuple[str, ...]
    loss: float
    each: float
    per_row: int
    bounds: Bounds | None
    reach: float

    @property
    def least_loss(self) -> float:
        """Return what a cell's loss is on average at the least, where no prior keeps it."""
        return NO_RESIDUALS * self.loss

    def reading(self, rows: Any) -> Self:
        """Return the family: it reads all rows alike."""
        return self

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: Any, distinct_share: float
    ) -> RegressionKernel | None:
        """Return the compiled loop, or None where rows are many or coefficients are bound."""
        if self.bounds is not None or len(rows) * self.per_row > MOST_CELLS:
            return None
        return RegressionKernel.of(self, rows, row_weights, shared)

    def chart(self, log_weights: Float, parameters: Any, rows: Float, prior: Any) -> None:
        """Return None: extrapolated moments are all that accelerates a run."""

    def centres(self, previous: Any, sums: Any, moments: Any) -> None:
        """Return None: sums are about the coefficients of the sweep, and lose no digits."""

    @property
    def wording(self) -> Wording:
        """Return words of coefficients."""
        return Wording(determined=("its coefficients",), remedies=("fewer terms",))

    def unsupported(self, parameters: Any, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) have no more cells than determine a line and a width."""
        if not self.response.has_precision:
            return np.zeros(len(support), dtype=bool)
        return support * self.each <= len(self.terms) + 1

    def borrowed(self, moments: RegressionMoments) -> RegressionMoments:
        """Return the moments: few rows tell of few directions, and the others are left."""
        return moments

    def widened(
        self, parameters: RegressionParameters, which: NDArray[np.bool_], shared: Any
    ) -> RegressionParameters:
        """Return parameters in which the components `which` (K,) are as wide as all rows."""
        wide = float(self.response.precision(np.array([self.loss]))[0])
        return replace(parameters, precisions=np.where(which, wide, parameters.precisions))

    def flat(
        self, parameters: RegressionParameters, effective_rows: Float, prior: RegressionPrior
    ) -> Mapping[int, tuple[int, ...]]:
        """Return the components whose widths are but the prior's; the column is that of y."""
        if self.response.name != "gaussian":
            return {}
        losses = 0.5 / parameters.precisions * effective_rows * self.each
        lent = (1.0 + FELT) * prior.cells * prior.loss
        # Without a prior it is rounding that is left.
        least = np.maximum(lent, ROUNDED * effective_rows * self.each * self.loss)
        return {int(k): (0,) for k in np.flatnonzero(losses <= least)}

    def finer(self, parameters: Any) -> Mapping[int, tuple[int, ...]]:
        """Return nothing: columns are not asked how finely they are measured."""
        return {}

    def excess(self, parameters: Any, shared: Any) -> Float:
        """Return zeros (K,)."""
        return np.zeros(parameters.n_components)

    def rounding(self, parameters: Any, moments: RegressionMoments) -> float:
        """Return the rounding of Σ w log h, which cancels against losses where counts are large.

        Where there is a precision it is that of residuals too, which of a Gaussian are nothing else
        where rows lie on a line.
        """
        eps = float(np.finfo(np.float64).eps)
        lost = eps * abs(moments.log_base)
        if not self.response.has_precision:
            return lost
        if not self.response.is_quadratic:
            gaps = parameters.precisions * np.sqrt(
                2.0 * self.response.mean_loss(parameters.precisions)
            )
            farthest = self.reach * np.linalg.norm(parameters.coefficients, axis=1)
            return lost + eps * float(moments.cells @ (gaps * (1.0 + farthest)))
        steps = ROUNDED * parameters.precisions * self.loss
        return lost + float(moments.cells @ (np.sqrt(steps) + steps))

    def merging_losses(
        self, parameters: RegressionParameters, moments: RegressionMoments, pairs: Pairs
    ) -> Float:
        """Return what two components lose by having one line (M,), to second order."""
        found = np.empty(len(pairs[0]))
        curvatures = parameters.precisions[:, None, None] * moments.information
        for part in in_parts(len(pairs[0]), 4 * curvatures[0].size):
            i, j = pairs[0][part], pairs[1][part]
            apart = parameters.coefficients[i] - parameters.coefficients[j]
            pinned = np.linalg.pinv(curvatures[i] + curvatures[j], hermitian=True)
            both = curvatures[i] @ pinned @ curvatures[j]
            found[part] = 0.5 * np.einsum("mi,mij,mj->m", apart, both, apart)
        return found

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return responses and terms (n, D) in units of their spreads."""
        points = np.asarray(rows, np.float64)
        spread = points.std(axis=0)
        return (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)

    def compiled_rows(self, parameters: Any) -> None:
        """Return None: log densities are found first."""

    def far_posterior(self, rows: NDArray[Any], parameters: RegressionParameters) -> Float:
        """Return even shares of rows whose densities are no numbers."""
        return np.full((len(rows), parameters.n_components), 1.0 / parameters.n_components)

    def sample(self, parameters: Any, labels: NDArray[np.intp], rng: Any) -> Float:
        """Refuse: a regression says nothing of its terms.

        Raises
        ------
        ParameterError
            Always.
        """
        raise ParameterError(
            "a regression says nothing of the terms, so it draws no rows; draw responses for rows "
            "of terms by MixtureRegressor.sample"
        )
