"""The one feature that only noise reads, where its density is linear in no feature of the others.

It is the last of dense features where a family has such, and else stands beside what the family
makes of rows, as a block of mixed columns does. (Measured on ten counts: a second block of dense
features makes a sweep a fifth longer.)
"""

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.beside_noise import BesideNoise
from mixtura.components.exponential import ExponentialFamily, NaturalEvaluator
from mixtura.components.family import Evaluator
from mixtura.components.feature_sums import FeatureSums, FeatureTile
from mixtura.components.product import ProductEvaluator, ProductFamily, ProductSums

__all__ = ["NoiseFeature"]

Float = NDArray[np.float64]


@final
class BlockTile:
    """A tile of the feature (1, n) as a block."""

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

    @property
    def _is_last(self) -> bool:
        """Return whether it is the last of dense features."""
        family: Any = self.family
        dense = isinstance(family, ExponentialFamily) and not family.swept_sparse()
        return self.family.adds_feature and dense

    def _blocks(self, value: Any) -> tuple[Any, ...]:
        """Return the blocks of a tile, an evaluator or sums."""
        if not isinstance(self.family, ProductFamily):
            return (value,)
        return value if isinstance(value, tuple) else tuple(value.parts)

    def workspace(self, n_rows: int) -> Any:
        """Return buffers for tiles of up to `n_rows` rows."""
        own = self.family.workspace(n_rows)
        return np.concatenate([own, np.empty((1, n_rows))]) if self._is_last else own

    def prepare(self, rows: Any, workspace: Any) -> Any:
        """Return the tile of rows, which the feature is still to be joined to."""
        family: Any = self.family
        if not self._is_last:
            return family.prepare(rows, workspace)
        own = workspace[:, : len(rows)]
        return FeatureTile(rows, own, lambda rows, features: family.fill(rows, features[:-1]))

    def joined(self, tile: Any, feature: Float) -> Any:
        """Return a tile with the feature (n,) of its rows."""
        if self._is_last:
            tile.workspace[-1] = feature
            return tile
        return (*self._blocks(tile), BlockTile(feature))

    def shared(self, tile: Any, row_weights: Float | None) -> Any:
        """Return the family's sums of a tile that involve no component."""
        if self._is_last:
            found = self.family.shared(tile, row_weights)
            return replace(found, features=found.features[:-1])
        return self.family.shared(self._without_block(tile), row_weights)

    def beside(self, evaluator: Any, noise: NDArray[np.bool_]) -> Evaluator:
        """Return an evaluator by which components that are noise (K',) have the feature too."""
        own = noise[:, None].astype(np.float64)
        if self._is_last:
            return NaturalEvaluator(np.hstack([evaluator.natural, own]))
        if not self.family.adds_feature:
            return evaluator
        return ProductEvaluator([*self._blocks(evaluator), NaturalEvaluator(own)])

    def with_sums(self, sums: Any, besides: Float | None) -> Any:
        """Return sums with those (K', 1) of the feature."""
        if besides is None:
            return sums
        if self._is_last:
            return FeatureSums(np.hstack([sums.features, besides]))
        return ProductSums((*self._blocks(sums), FeatureSums(besides)))

    def without(self, sums: Any) -> Any:
        """Return sums as the family makes them."""
        if self._is_last:
            return FeatureSums(sums.features[:, :-1])
        return self._without_block(sums)

    def _without_block(self, value: Any) -> Any:
        """Return a tile or sums without the block that the feature is."""
        if not self.family.adds_feature:
            return value
        is_tile = isinstance(value, tuple)
        blocks = value[:-1] if is_tile else value.parts[:-1]
        if not isinstance(self.family, ProductFamily):
            return blocks[0]
        return blocks if is_tile else ProductSums(blocks)

    def total(self, sums: Any, noise: NDArray[np.bool_]) -> float:
        """Return what components that are noise (K',) have of the feature."""
        if not self.family.adds_feature:
            return 0.0
        own = sums if self._is_last else sums.parts[-1]
        return float(own.features[noise, -1].sum())
