"""SQUAREM: two EM steps, and a leap along the line and curve that they show.

Squared extrapolation (Varadhan and Roland 2008) of the moments, from which the M-step makes
parameters that are valid whatever the structure. A cycle costs three sweeps, none of them only to
look at the objective: the leap is swept, and taken only if the objective has not fallen.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["Squarem"]

Float = NDArray[np.float64]

FIRST_LENGTH, GROWTH = 4.0, 4.0
# Gain of a step, in nats for each row, below which leaps begin.
STEADY_GAIN = 1e-3
# The rate is still rising when it is read.
SAFETY = 1.5
# Gains below this share of the objective are its last digits, up or down.
EXACT = 1e-14
# For how many cycles a rate counts. Over 144 fits of all families the gain left is within three
# estimates in 95 % with 2 of them, in 98 % with 6, after no more sweeps.
REMEMBERED = 6
# How far to look for more, in multiples of the distance to the limit, and at least of a step.
PROBE, SHORTEST_PROBE = 3.0, 10.0
# How often a leap that leaves the parameter space is shortened.
SHORTENED = 4


class Squarem:
    """The state of one accelerated run: the last points, and how long a leap may be."""

    def __init__(self) -> None:
        self._points: list[Float] = []
        self._objectives: list[float] = []
        self._longest = FIRST_LENGTH
        self._length = 1.0
        self._rates: list[float] = []

    def step(self, point: Float, objective: float) -> None:
        """Take note of where an EM step led, and of the objective before it."""
        self._points = [*self._points[-2:], point]
        self._objectives = [*self._objectives[-2:], objective]

    def ready(self, total_weight: float) -> bool:
        """Return whether there are two steps to leap from, and EM has found its way.

        While a step still gains much for each row, it chooses between optima: a leap might choose
        a worse one.
        """
        if len(self._points) < 3:
            return False
        return self._objectives[-1] - self._objectives[-2] < STEADY_GAIN * total_weight

    def leaps(self) -> Iterator[Float]:
        """Yield points to leap to, each shorter than the one before."""
        first, last = self._steps()
        bend = last - first
        size = float(np.linalg.norm(bend))
        length = float(np.linalg.norm(first)) / size if size > 0 else 1.0
        self._length = min(length, self._longest)
        start = self._points[-3]
        for _ in range(SHORTENED):
            if self._length <= 1.0:
                return
            yield start + 2 * self._length * first + self._length**2 * bend
            self._length = (self._length + 1) / 2 if self._length > 1.5 else 1.0

    def _steps(self) -> tuple[Float, Float]:
        before, middle, now = self._points[-3:]
        return middle - before, now - middle

    def probes(self) -> Iterator[Float]:
        """Yield points far beyond the limit that the last steps point to.

        Next to a saddle point steps shrink as they do at an optimum, but along their line the
        objective goes on rising.
        """
        _, last = self._steps()
        length = max(SHORTEST_PROBE, PROBE / max(1 - self._rate(), 1e-3))
        for _ in range(SHORTENED):
            yield self._points[-1] + length * last
            length /= 4

    def restart(self) -> None:
        """Forget the steps before a probe that led on."""
        self._points, self._objectives, self._rates = [], [], []

    def accept(self) -> None:
        """Go on from a leap that was taken: what was before it is no longer on the way."""
        if self._length >= self._longest:
            self._longest *= GROWTH
        self._keep_rate()
        self._points, self._objectives = [], []

    def reject(self) -> None:
        """Go on from the two EM steps, and leap less far."""
        self._longest = max(FIRST_LENGTH / 2, min(self._longest, self._length) / GROWTH)
        self._keep_rate()
        self._points, self._objectives = self._points[-1:], self._objectives[-1:]

    def _keep_rate(self) -> None:
        self._rates = [*self._rates, self._rate()][-REMEMBERED:]

    def _rate(self) -> float:
        """Return how much shorter the last EM step was than the one before."""
        first, last = self._steps()
        size = float(np.linalg.norm(first))
        return float(np.linalg.norm(last)) / size if size > 0 else 0.0

    def gain_left(self) -> float:
        """Return an estimate of what is left to gain, in nats; infinite while there is none.

        EM converges linearly: steps shrink by a rate ρ and gains by ρ². The rate is the largest
        seen in the last cycles, as a leap hides the slowest direction for a step or two.
        """
        if len(self._objectives) < 3 or not self._rates:
            return float("inf")
        gains = np.diff(self._objectives[-3:])
        if gains[-1] <= EXACT * abs(self._objectives[-1]):
            return 0.0
        shrinking = gains[-1] / gains[0] if gains[0] > 0 else 1.0
        ratio = max(shrinking, *(rate**2 for rate in self._rates), self._rate() ** 2)
        return float(SAFETY * gains[-1] * ratio / (1 - ratio)) if ratio < 1 else float("inf")
