"""Axes common to all components: descent over rotations Q for EVE and VVE.

With axes Q and s_kj = q_jᵀ W_k q_j, the best volumes and shapes are known, and what is left of the
M-step is the minimum over rotations of

    VVE   F(Q) = Σ_k N_k Σ_j log s_kj                       (Flury and Gautschi 1986)
    EVE   F(Q) = n D log Σ_k exp(Σ_j log s_kj / D)

Browne and McNicholas (2014) majorise F; their steps converge linearly, and slowly on columns of
unlike scales. Here Q moves to Q·cayley(E), E skew, by Newton's method: E from conjugate gradients
that need only products with the Hessian, then halved until F falls.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Landscape", "Point", "descend"]

Float = NDArray[np.float64]

MOST_HALVINGS = 40
MOST_CONJUGATE_STEPS = 30
# A descent ends when the next Newton step promises less than this per row.
LEAST_DECREASE = 1e-13
# Pairs of axes that look interchangeable get this curvature, relative to the number of rows.
LEAST_CURVATURE = 1e-6

# Maps log s (K, D) and rows (K,) to F and to c_k = ∂F / ∂ log s_kj (K,), the same for every j.
Weigh: TypeAlias = Callable[[Float, Float], tuple[float, Float]]


@dataclass(frozen=True, slots=True)
class Landscape:
    """F as a function of the axes.

    Attributes
    ----------
    lower : (K, D, D) Cholesky factors of the scatters W_k
    rows : (K,)
    weigh : F of the spreads along the axes, and its derivatives
    coupled : whether F is the logarithm of a sum over components (EVE) or linear in log s (VVE)
    """

    lower: Float
    rows: Float
    weigh: Weigh
    coupled: bool

    def height(self, axes: Float) -> float:
        """Return F."""
        half = self.lower.transpose(0, 2, 1) @ axes
        return self.weigh(np.log((half * half).sum(axis=1)), self.rows)[0]

    def at(self, axes: Float) -> "Point":
        """Return F and what its derivatives are made of."""
        half = self.lower.transpose(0, 2, 1) @ axes
        spread = (half * half).sum(axis=1)
        value, weights = self.weigh(np.log(spread), self.rows)
        turned = half.transpose(0, 2, 1) @ half
        precisions = 1.0 / spread
        slopes = (turned * (weights[:, None] * precisions)[:, None, :]).sum(axis=0)
        return Point(axes, value, weights, turned, precisions, slopes, self.coupled)


@dataclass(frozen=True, slots=True)
class Point:
    """F and its derivatives at one choice of axes.

    Attributes
    ----------
    axes : (D, D) Q
    value : F(Q)
    weights : (K,) c_k = ∂F / ∂ log s_kj
    turned : (K, D, D) S_k = Qᵀ W_k Q
    precisions : (K, D) 1 / s_kj
    slopes : (D, D) Σ_k c_k S_k diag(1 / s_k)
    coupled : as in `Landscape`
    """

    axes: Float
    value: float
    weights: Float
    turned: Float
    precisions: Float
    slopes: Float
    coupled: bool

    def gradient(self) -> Float:
        """Return the skew G with F(Q·cayley(E)) = F(Q) + ⟨G, E⟩ + ..."""
        return self.slopes - self.slopes.T

    def curvature(self) -> Float:
        """Return (D, D) the second derivatives in each pair's plane as if every S_k were diagonal.

        They are Σ_k c_k (s_i - s_j)² / (s_i s_j), never negative.
        """
        spread = 1.0 / self.precisions
        rows = self.weights.sum()
        ratios = (self.weights[:, None] / rows * spread).T @ self.precisions
        return rows * np.maximum(ratios + ratios.T - 2, LEAST_CURVATURE)

    def hessian_times(self, skew: Float) -> Float:
        """Return the skew H·E of the second-order term ½ ⟨E, H·E⟩."""
        moved = self.turned @ skew
        changes = 2 * moved.diagonal(axis1=1, axis2=2) * self.precisions
        bends = -2 * changes
        if self.coupled:
            means = changes.mean(axis=1)
            bends += 2 * (means - means @ self.weights / self.weights.sum())[:, None]
        weighted = self.weights[:, None, None] * self.precisions[:, None, :]
        product = (weighted * (2 * moved + self.turned * bends[:, None, :])).sum(axis=0)
        product -= skew @ self.slopes + self.slopes @ skew
        return 0.5 * (product - product.T)


def descend(landscape: Landscape, axes: Float, most_steps: int) -> Point:
    """Return the point that at most so many Newton steps from `axes` lead to; F never rises.

    Parameters
    ----------
    landscape : F
    axes : (D, D) float64, orthogonal
    most_steps : Newton steps to stop after
    """
    here = landscape.at(axes)
    least = LEAST_DECREASE * landscape.rows.sum()
    for _ in range(most_steps):
        skew, promised = newton_direction(here, least)
        if promised <= least:
            break
        there = lower_point(landscape, here, skew)
        if there is None:
            break
        here = there
    return here


def lower_point(landscape: Landscape, here: Point, skew: Float) -> Point | None:
    """Return a point in the direction of `skew` where F is lower; None if rounding hides it."""
    for _ in range(MOST_HALVINGS):
        there = landscape.at(here.axes @ cayley(skew))
        if there.value < here.value:
            return there
        skew = 0.5 * skew
    return None


def newton_direction(point: Point, least: float) -> tuple[Float, float]:
    """Return a skew direction of descent E ≈ -H⁻¹ G, and the decrease -½ ⟨G, E⟩ it promises.

    Conjugate gradients preconditioned by the curvature of single planes. They stop early where
    H bends down, at what was gathered so far, which still descends.
    """
    gradient = point.gradient()
    curvature = point.curvature()
    residual = -gradient
    scaled = residual / curvature
    size = start = float(np.vdot(residual, scaled))
    direction = np.zeros_like(gradient)
    if 0.5 * start <= least:
        return direction, 0.5 * start
    search = scaled
    # The more there is to gain, the less it pays to solve exactly.
    tolerance = start * min(0.01, start / point.weights.sum())
    for _ in range(MOST_CONJUGATE_STEPS):
        image = point.hessian_times(search)
        bend = float(np.vdot(search, image))
        if bend <= 0:
            break
        length = size / bend
        direction = direction + length * search
        residual = residual - length * image
        scaled = residual / curvature
        size, before = float(np.vdot(residual, scaled)), size
        if size <= tolerance:
            break
        search = scaled + (size / before) * search
    if not direction.any():
        direction = scaled
    return direction, -0.5 * float(np.vdot(gradient, direction))


def cayley(skew: Float) -> Float:
    """Return the rotation (I - E/2)⁻¹ (I + E/2), which is exp(E) to second order."""
    identity = np.eye(len(skew))
    turned = np.linalg.solve(identity - 0.5 * skew, identity + 0.5 * skew)
    return turned.astype(np.float64, copy=False)
