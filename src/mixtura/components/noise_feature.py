"""The one feature that only noise reads, where its density is linear in no feature of the others.

It stands beside what the family of the components makes of rows, as a block of mixed columns does.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.beside_noise import BesideNoise
from mixtura.components.exponential import NaturalEvaluator
from mixtura.components.family import Evaluator
from mixtura.components.feature_sums import FeatureSums
from mixtura.components.product import ProductEvaluator, ProductFamily, ProductSums

__all__ = ["NoiseFeature"]

Float = NDArray[np.float64]


@final
class FeatureTile:
    """A tile of the feature (1, n)."""

    __slots__ = ("features",)

    def __init__(self, feature: Float) -> None:
        self.features = feature[None]

    @property
    def n_rows(self) -> int:
        """Return n."""
        return self.features.shape[1]


@dataclass(frozen=True, slots=True)
class NoiseFeature:
    """Joins the feature to tiles, evaluators and sums of a family, and parts it again.

    All of it does nothing where the family `adds_feature` not.

    Attributes
    ----------
    family : of the components beside noise
    """

    family: BesideNoise

    def _blocks(self, value: Any) -> tuple[Any, ...]:
        """Return the blocks of a tile, an evaluator or sums."""
        if not isinstance(self.family, ProductFamily):
            return (value,)
        return value if isinstance(value, tuple) else tuple(value.parts)

    def joined(self, tile: Any, feature: Float) -> tuple[Any, ...]:
        """Return a tile with the feature (n,) of its rows."""
        return (*self._blocks(tile), FeatureTile(feature))

    def beside(self, evaluator: Any, noise: NDArray[np.bool_]) -> Evaluator:
        """Return an evaluator by which components that are noise (K',) have the feature too."""
        if not self.family.adds_feature:
            return evaluator
        own = NaturalEvaluator(noise[:, None].astype(np.float64))
        return ProductEvaluator([*self._blocks(evaluator), own])

    def with_sums(self, sums: Any, besides: Float | None) -> Any:
        """Return sums with those (K', 1) of the feature."""
        if besides is None:
            return sums
        return ProductSums((*self._blocks(sums), FeatureSums(besides)))

    def without(self, value: Any) -> Any:
        """Return a tile or sums as the family makes them."""
        if not self.family.adds_feature:
            return value
        is_tile = isinstance(value, tuple)
        blocks = value[:-1] if is_tile else value.parts[:-1]
        if not isinstance(self.family, ProductFamily):
            return blocks[0]
        return blocks if is_tile else ProductSums(blocks)

    def total(self, sums: Any, noise: NDArray[np.bool_]) -> float:
        """Return what components that are noise (K',) have of the feature."""
        return float(sums.parts[-1].features[noise].sum()) if self.family.adds_feature else 0.0
