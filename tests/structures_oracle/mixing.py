"""Anderson's mixing of the steps of a fixed-point iteration (Walker and Ni 2011)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixing"]

Float = NDArray[np.float64]

MEMORY = 6


class Mixing:
    """The last points and the steps from them."""

    def __init__(self) -> None:
        self.points: list[Float] = []
        self.steps: list[Float] = []

    def mixed(self, point: Float, step: Float, scale: Float) -> Float:
        """Return where a mixture of the last steps leads, the one of the shortest scaled step."""
        self.points = [*self.points, point][-MEMORY:]
        self.steps = [*self.steps, step][-MEMORY:]
        if len(self.points) == 1:
            return point + step
        moves = np.stack([(point - before).ravel() for before in self.points[:-1]], axis=1)
        turns = np.stack([(step - before).ravel() for before in self.steps[:-1]], axis=1)
        weigh = np.broadcast_to(scale, point.shape).ravel()
        found = np.linalg.lstsq(turns * weigh[:, None], step.ravel() * weigh, rcond=1e-10)[0]
        return point + step - ((moves + turns) @ found).reshape(point.shape)
