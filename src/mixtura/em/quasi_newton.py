"""The finish of a run: limited-memory quasi-Newton steps.

In coordinates whitened by the information of the complete data an EM step is the gradient, and
what EM lacks is the information that the components' overlap takes away. Pairs of steps and
changes of the gradient show it (Nocedal and Wright 2006, algorithm 7.4, begun from the identity:
Lange 1995); none costs a sweep.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["QuasiNewton"]

Float = NDArray[np.float64]

# How many pairs are remembered.
MEMORY = 30
# Pairs with less curvature than this of a step's square are of a saddle, or rounding.
FLATTEST = 1e-10
# How a refused step shortens those that follow, and one that was taken lengthens them.
SHRINK, GROW = 0.25, 2.0
# How much longer a step is than the one before it on the way from a saddle point.
STRETCH = 2.0
# How much more may be left than the curvature seen so far says.
SAFETY = 1.5
# Steps that must have been taken before it is trusted.
TRUSTED = 3


class QuasiNewton:
    """The state of a run in its last phase: where it is, and what curvature it has seen."""

    def __init__(self, point: Float, gradient: Float) -> None:
        self._point, self._gradient = point, gradient
        self._pairs: list[tuple[Float, Float, float]] = []
        self._radius = np.inf
        self._length = 0.0
        self._taken = 0
        self._stretch = 1.0

    def proposal(self) -> Float:
        """Return the point to try next."""
        direction = self._stretch * self._times_inverse(self._gradient)
        size = float(np.linalg.norm(direction))
        if size > self._radius:
            direction *= self._radius / size
        self._length = min(size, self._radius)
        return self._point + direction

    def move(self, point: Float, gradient: Float) -> None:
        """Go on from a point that was swept, be it a step of ours or EM's.

        While the gradient grows along the steps, as it does on the way from a saddle point, each
        is longer than the one before.
        """
        curved = self._learn(point, gradient)
        self._stretch = 1.0 if curved else STRETCH * self._stretch
        self._point, self._gradient = point, gradient
        self._taken += 1

    def accept(self) -> None:
        """Take note that the last proposal was taken."""
        self._radius = max(self._radius, GROW * self._length)

    def reject(self, point: Float, gradient: Float) -> None:
        """Take note that the objective is lower at a point, and look less far."""
        self._learn(point, gradient)
        self._stretch = 1.0
        self.shorten()

    def shorten(self) -> None:
        """Look less far from here on."""
        self._radius = SHRINK * min(self._radius, self._length)

    def gain_left(self) -> float:
        """Return half the Newton decrement, an estimate of what is left to gain in nats.

        Directions that no step was taken in count as flat as the flattest step.
        """
        if self._taken < TRUSTED or not self._pairs:
            return float("inf")
        flattest = max(float(step @ step) * inverse for step, _, inverse in self._pairs)
        newton = self._times_inverse(self._gradient, max(1.0, flattest))
        return SAFETY * 0.5 * float(self._gradient @ newton)

    def _learn(self, point: Float, gradient: Float) -> bool:
        """Remember what a step shows of the curvature; return whether it shows any."""
        step, change = point - self._point, self._gradient - gradient
        curvature = float(step @ change)
        curved = bool(np.isfinite(curvature) and curvature > FLATTEST * float(step @ step))
        if curved:
            self._pairs = [*self._pairs, (step, change, 1.0 / curvature)][-MEMORY:]
        return curved

    def _times_inverse(self, vector: Float, begun: float = 1.0) -> Float:
        """Return the inverse of the curvature times a vector, begun from that of EM, times `begun`.

        By the two loops.
        """
        found, weights = vector.copy(), []
        for step, change, inverse in reversed(self._pairs):
            weights.append(inverse * float(step @ found))
            found -= weights[-1] * change
        found *= begun
        for (step, change, inverse), weight in zip(self._pairs, reversed(weights), strict=True):
            found += step * (weight - inverse * float(change @ found))
        return found
