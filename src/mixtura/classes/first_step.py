"""What step one did not know, carried to step three.

Step three solves Σ w s₂(b; r) = 0, where the posteriors r are those of the classes' parameters ψ,
for which Σ w s₁(ψ) = 0. So row i moves the estimate by H₂⁻¹ (s₂ + G I₁⁻¹ s₁), with G the derivative
of Σ w s₂ by ψ (Murphy and Topel 1985; Bakk, Oberski and Vermunt 2014). Posteriors move by
∂ log r_ik/∂ψ = u_ik - Σ_t r_it u_it, with u_ik = ∇ log(π_k f_k(x_i)).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data.checks import check_memory
from mixtura.data.weights import given_weights
from mixtura.inference.information import information
from mixtura.inference.numbers import Numbers
from mixtura.inference.rows import checked
from mixtura.inference.scores import tiles
from mixtura.inference.survey import SurveyDesign
from mixtura.mixture import Mixture

__all__ = ["FirstStep", "first_step_of"]

Float = NDArray[np.float64]

# Of a standard error of ψ, by which posteriors are moved to see how step three changes.
STEP = 1e-4


@dataclass(frozen=True, slots=True)
class FirstStep:
    """How sure the parameters of classes are, and how posteriors move with them.

    Attributes
    ----------
    scores : (N, M) s₁ of each row
    inverse : (M, M) I₁⁻¹
    slopes : (M, N, K) ∂ log r/∂ψ
    """

    scores: Float
    inverse: Float
    slopes: Float

    def carried(self, total: Callable[[Float], Float]) -> Float:
        """Return G I₁⁻¹ s₁ of each row (N, P).

        Parameters
        ----------
        total : Σ w s₂ (P,) at the estimate, if log posteriors were moved by so much (N, K)
        """
        moved = []
        for slope, variance in zip(self.slopes, np.diagonal(self.inverse), strict=True):
            step = STEP * np.sqrt(variance)
            moved.append((total(step * slope) - total(-step * slope)) / (2.0 * step))
        if not moved:
            return np.zeros((len(self.scores), len(total(np.zeros(self.slopes.shape[1:])))))
        return self.scores @ self.inverse @ np.array(moved)


def first_step_of(
    mixture: Mixture,
    X: Any,
    sample_weight: ArrayLike | None,
    missing: str,
    survey: SurveyDesign | None,
) -> FirstStep:
    """Return what rows tell of a mixture that was fitted to them.

    Numbers on the edge of their range are taken as known.

    Raises
    ------
    InformationError
        If the information is singular, or the mixture is no maximum for these rows.
    """
    rows = checked(mixture, X, None, missing)
    weights = given_weights(X, sample_weight)
    options: Any = {"boundary": "hold", "missing": missing, "survey": survey}
    found = information(mixture.coded, rows.array, weights, **options)
    numbers = Numbers(mixture, rows.family)
    chart = numbers.chart(found.held)
    n_components = mixture.n_components
    size = 8 * rows.n_rows * chart.n_free * (n_components + 1)
    check_memory(size, f"the scores of {chart.n_free:,} parameters in {n_components} classes")
    slopes = np.empty((chart.n_free, rows.n_rows, n_components))
    scores = np.empty((rows.n_rows, chart.n_free))
    for part in tiles(0, rows.n_rows, numbers):
        chunk = rows.array[part]
        each = numbers.scores(chunk)
        each[found.held] = 0.0
        shares = mixture.coded.responsibilities(chunk)
        for k in range(n_components):
            jacobian = chart.jacobian[k * chart.n_numbers : (k + 1) * chart.n_numbers]
            slopes[:, part, k] = jacobian.T @ each[k]
        scores[part] = np.einsum("mnk,nk->nm", slopes[:, part], shares)
        slopes[:, part] -= scores[part].T[:, :, None]
    return FirstStep(scores, found.covariance("observed"), slopes)
