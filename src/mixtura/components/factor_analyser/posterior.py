"""Factors given rows: all that Woodbury's identity says of Λ Λᵀ + Ψ by q directions.

With V = Ψ^(-½) Λ = A S Bᵀ, a thin decomposition by singular values, the factors given a row of
deviation d are normal of mean B S/(1 + S²) Aᵀ Ψ^(-½) d and covariance B 1/(1 + S²) Bᵀ.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.parameters import FactorParameters

__all__ = ["Factored"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Factored:
    """The parts of K precisions.

    Attributes
    ----------
    roots : (K, D) 1/√ψ
    axes : (K, D, q) A
    sizes : (K, q) S
    turns : (K, q, q) Bᵀ
    """

    roots: Float
    axes: Float
    sizes: Float
    turns: Float

    @classmethod
    def of(cls, parameters: FactorParameters) -> Self:
        """Return the parts for some parameters."""
        roots = 1.0 / np.sqrt(parameters.noise)
        scaled = parameters.loadings * roots[:, :, None]
        return cls(roots, *np.linalg.svd(scaled, full_matrices=False))

    def log_determinant(self) -> Float:
        """Return -½ log|Λ Λᵀ + Ψ| (K,)."""
        return np.log(self.roots).sum(axis=1) - 0.5 * np.log1p(self.sizes**2).sum(axis=1)

    def directions(self) -> Float:
        """Return S/√(1 + S²) Aᵀ Ψ^(-½) (K, q, D): with y of a deviation, |y|² is explained."""
        gains = self.sizes / np.sqrt(1.0 + self.sizes**2)
        return (gains[:, :, None] * self.axes.transpose(0, 2, 1)) * self.roots[:, None, :]

    def turned(self) -> Float:
        """Return what makes the factors' means of y (K, q, q)."""
        return self.turns.transpose(0, 2, 1) / np.sqrt(1.0 + self.sizes**2)[:, None, :]

    def projection(self) -> Float:
        """Return the maps (K, q, D) from deviations to the factors' means."""
        return self.turned() @ self.directions()

    def posterior(self) -> Float:
        """Return the covariances (K, q, q) of the factors given a row."""
        back = self.turns.transpose(0, 2, 1)
        found = (back / (1.0 + self.sizes**2)[:, None, :]) @ self.turns
        if self.sizes.shape[1] < self.turns.shape[2]:
            # More factors than columns: of some the rows say nothing.
            found += np.eye(self.turns.shape[2]) - back @ self.turns
        return found

    def precisions(self) -> Float:
        """Return the diagonals (K, D) of the precisions."""
        shares = self.sizes**2 / (1.0 + self.sizes**2)
        explained = (self.axes**2 * shares[:, None, :]).sum(axis=2)
        return self.roots**2 * (1.0 - explained)

    def dense(self) -> Float:
        """Return the precisions (K, D, D), for who asks for them."""
        shares = self.sizes**2 / (1.0 + self.sizes**2)
        scaled = self.axes * self.roots[:, :, None]
        found = -(scaled * shares[:, None, :]) @ scaled.transpose(0, 2, 1)
        columns = np.arange(self.roots.shape[1])
        found[:, columns, columns] += self.roots**2
        return found
