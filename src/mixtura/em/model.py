"""What EM moves: log mixing weights and component parameters, in the family's frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Model"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    """One point of the parameter space.

    Attributes
    ----------
    log_weights : (K,) float64
    parameters : the family's parameters of K components
    """

    log_weights: Float
    parameters: Any

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.log_weights)

    @classmethod
    def stack(cls, models: Sequence[Self]) -> Self:
        """Return several models side by side, for one product in the sweep."""
        if len(models) == 1:
            return models[0]
        return cls(
            np.concatenate([model.log_weights for model in models]),
            type(models[0].parameters).concatenate([model.parameters for model in models]),
        )
