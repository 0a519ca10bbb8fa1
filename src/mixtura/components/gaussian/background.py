"""The background of Gaussian components: uniform over a box, with cells missing or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import as_shape
from mixtura.components.background import density_words
from mixtura.components.gaussian.box import Box

__all__ = ["BoxBackground"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoxBackground:
    """A density that is one over a volume, that of the box around the rows unless another is given.

    Attributes
    ----------
    box : where rows are drawn from
    log_constant : the log density of complete rows, in the user's units
    """

    box: Box
    log_constant: float

    @classmethod
    def of(cls, box: Box, volume: float | None = None) -> Self:
        """Return the background of a box, of density 1 / `volume` where that is given."""
        return cls(box, -(box.log_volume if volume is None else float(np.log(volume))))

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Return which columns (D,) hold one value."""
        return np.abs(self.box.edges).sum(axis=0) == 0

    @property
    def n_free(self) -> int:
        """Return 1: the volume."""
        return 1

    @cached_property
    def log_widths(self) -> Float:
        """Return the logarithms of what columns (D,) take up, which sum to that of the volume.

        They are the box's extents along columns, all multiplied by one number where the box is
        aslant or a volume was given.
        """
        extents = np.log(np.abs(self.box.edges).sum(axis=0))
        return extents - (extents.sum() + self.log_constant) / len(extents)

    def log_density(self, rows: NDArray[Any]) -> Float:
        """Return the constant (n,), or -Σ_j log width of the known cells where some are missing."""
        missing = np.isnan(rows)
        return self.log_constant + missing @ self.log_widths

    def margin(self, columns: Sequence[int]) -> Self:
        """Return the background of some columns: what is left where the others are missing."""
        lowest, highest = self.box.ends
        chosen = list(columns)
        box = Box(lowest[chosen], np.diag((highest - lowest)[chosen]))
        return type(self)(box, -float(self.log_widths[chosen].sum()))

    def sample(self, n_rows: int, rng: np.random.Generator) -> Float:
        """Return rows (n, D)."""
        return self.box.sample(n_rows, rng)

    def words(self) -> str:
        """Return what it is in words."""
        return density_words(self.log_constant)

    def to_arrays(self) -> dict[str, Float]:
        """Return the arrays of a model file."""
        log_noise = np.array([self.log_constant])
        return {"box_corner": self.box.corner, "box_edges": self.box.edges, "log_noise": log_noise}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_columns: int) -> Self:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays have other shapes.
        """
        corner = as_shape("box_corner", arrays["box_corner"], (n_columns,))
        edges = as_shape("box_edges", arrays["box_edges"], (n_columns, n_columns))
        log_noise = as_shape("log_noise", arrays["log_noise"], (1,))
        return cls(Box(corner, edges), float(log_noise[0]))
