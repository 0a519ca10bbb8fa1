"""Missing cells of rows of a Gaussian mixture, with noise or without: their means, or draws."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.imputation import draws_of, expected_cells
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.margins import background_margin, background_moments
from mixtura.components.noise import beside_noise
from mixtura.errors import ParameterError

__all__ = ["Filling", "filling_of"]

Float = NDArray[np.float64]


def filling_of(family: Any, parameters: Any) -> "Filling":
    """Return what fills in the cells of a family's rows.

    Raises
    ------
    ParameterError
        If rows of the family are no numbers that could be filled in so.
    """
    _, own = beside_noise(family, parameters)
    if not isinstance(own, GaussianParameters):
        raise ParameterError(f"cells of a '{family.name}' mixture are not filled in here")
    return Filling(own, family.background if family.has_noise else None)


@dataclass(frozen=True, slots=True)
class Filling:
    """What missing cells may be, given the others.

    Attributes
    ----------
    parameters : of the Gaussian components
    background : what rows that are noise look like, or None where there is no noise
    """

    parameters: GaussianParameters
    background: Any

    def expected(self, rows: Float, responsibilities: Float) -> Float:
        """Return rows (N, D) with Σ_k r_k E[x_m | x_o, k] for missing cells.

        Parameters
        ----------
        rows : (N, D), NaN where a cell is missing
        responsibilities : (N, K) the rows' responsibilities, of noise last
        """
        if self.background is None:
            return expected_cells(rows, responsibilities, self.parameters)
        filled = expected_cells(rows, responsibilities[:, :-1], self.parameters)
        of_noise = responsibilities[:, -1:] * background_moments(self.background)[0]
        return np.where(np.isnan(rows), filled + of_noise, rows)

    def drawn(
        self, rows: Float, responsibilities: Float, n_fillings: int, rng: np.random.Generator
    ) -> Float:
        """Return rows (M, N, D) whose missing cells are drawn given the others, M times."""
        return np.array([self._drawn(rows, responsibilities, rng) for _ in range(n_fillings)])

    def _drawn(self, rows: Float, responsibilities: Float, rng: np.random.Generator) -> Float:
        labels = _drawn_components(responsibilities, rng)
        noisy = labels == self.parameters.n_components
        if not noisy.any():
            return draws_of(rows, labels, self.parameters, rng)
        filled = rows.copy()
        filled[~noisy] = draws_of(rows[~noisy], labels[~noisy], self.parameters, rng)
        everywhere = background_margin(self.background, range(rows.shape[1]))
        filled[noisy] = everywhere.sample(int(noisy.sum()), rng)
        return np.where(np.isnan(rows), filled, rows)


def _drawn_components(responsibilities: Float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return a component (N,) for each row, by its responsibilities (N, K)."""
    below = np.count_nonzero(
        np.cumsum(responsibilities, axis=1) < rng.random((len(responsibilities), 1)), axis=1
    )
    return np.minimum(below, responsibilities.shape[1] - 1)
