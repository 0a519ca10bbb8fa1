"""What a mixture says of rows: log densities, responsibilities, components, and where they end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.native.predictions import CompiledRows, Predictions, predicted

__all__ = ["Predictor", "merged_shares"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """A mixture that fills in what is asked for of rows, be they many or one.

    Compiled code takes complete rows whose densities are whitened deviations. All other rows go by
    the family's log densities, and those that no component has any density for by its posterior of
    rows that are far.

    Attributes
    ----------
    family : Family
    parameters : of the K components
    weights : (K,)
    """

    family: Family
    parameters: Any
    weights: Float
    log_weights: Float = field(init=False, repr=False)
    compiled: CompiledRows | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        with np.errstate(divide="ignore"):
            object.__setattr__(self, "log_weights", np.log(self.weights))
        object.__setattr__(self, "compiled", self.family.compiled_rows(self.parameters))

    def fill(self, rows: Any, asked: Predictions) -> None:
        """Fill what is asked for of rows (n, D)."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.compiled is None:
                n_open = self._by_densities(rows, asked)
            else:
                n_open = self.compiled.predict(rows, self.log_weights, asked)
                if n_open:
                    self._fill_incomplete(rows, asked)
            if n_open:
                self._fill_far(rows, asked)

    def _by_densities(self, rows: Any, asked: Predictions) -> int:
        densities = self.family.row_log_density(rows, self.parameters)
        return predicted(densities, self.log_weights, asked)

    def _fill_incomplete(self, rows: NDArray[Any], asked: Predictions) -> None:
        gappy = np.logical_or.reduce(np.isnan(rows), axis=1)
        if gappy.any():
            found = asked.like(int(np.count_nonzero(gappy)))
            self._by_densities(rows[gappy], found)
            asked.put(gappy, found)

    def _fill_far(self, rows: Any, asked: Predictions) -> None:
        for found, lost in asked.lost():
            if lost.any():
                posterior = self.family.far_posterior(rows[lost], self.parameters)
                found[lost] = posterior if found.ndim == 2 else posterior.argmax(axis=1)


def merged_shares(shares: Float, parts: Sequence[tuple[int, ...]]) -> Float:
    """Return posteriors of clusters (N, C) from those of components, noise as it is."""
    found = [shares[:, list(part)].sum(axis=1) for part in parts]
    known = sum(len(part) for part in parts)
    return np.column_stack([*found, shares[:, known:]])
