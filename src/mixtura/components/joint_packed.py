"""A mixture of blocks of columns and its last sweep, as compiled runs read and write them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.feature_sums import FeatureMoments, FeatureSums
from mixtura.components.kernel import Mixed
from mixtura.components.packed import Numbers
from mixtura.components.segments import Block
from mixtura.native.runs import State

__all__ = ["Joining", "JointPacked"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Joining:
    """What makes one value of those of the blocks, and parts it again."""

    parameters: Callable[[tuple[Any, ...]], Any]
    sums: Callable[[tuple[Any, ...]], Any]
    moments: Callable[[tuple[Any, ...]], Any]
    parts: Callable[[Any], Sequence[Any]]


class JointRows(Protocol):
    """What the kernel of blocks knows."""

    @property
    def blocks(self) -> tuple[Block | None, ...]: ...
    @property
    def joining(self) -> Joining: ...
    @property
    def even(self) -> Float | None: ...
    @property
    def beside(self) -> bool: ...


class JointPacked:
    """A mixture of all blocks and its last sweep."""

    __slots__ = ("_beside", "_kernel", "_numbers")

    def __init__(self, kernel: JointRows, numbers: Numbers, beside: Any) -> None:
        self._kernel, self._numbers, self._beside = kernel, numbers, beside

    @property
    def log_weights(self) -> Float:
        """Return the log mixing weights (K,)."""
        return self._numbers.log_weights

    @property
    def squared(self) -> Float:
        """Return Σ w r² (K,)."""
        return self._numbers.squared

    @property
    def rows(self) -> Float:
        """Return N_k (K,)."""
        return self._numbers.rows

    @property
    def besides(self) -> Float | None:
        """Return the sums (K, 1) of the feature that only noise reads, or None."""
        return self._numbers.sums[:, -1:].copy() if self._kernel.beside else None

    def mixed(self) -> Mixed:
        """Return the mixture."""
        return self.log_weights, self.parameters()

    def filled(self, log_weights: Float, parameters: Any) -> Self:
        """Set the mixture, and return this."""
        self._numbers.log_weights[:] = log_weights
        values = self._kernel.joining.parts(parameters)
        for (block, place), value in zip(self._placed(), values, strict=True):
            if block is None:
                self._beside.filled(log_weights, value)
            else:
                places = block.segments.places + place.start
                values = block.segments.values(value)
                self._numbers.extras[: len(values), places] = values
        return self

    def state(self, history: int | None = None) -> State:
        """Return where everything is."""
        return self._numbers.state(history)

    def parameters(self) -> Any:
        """Return the parameters of the blocks."""
        extras = self._numbers.extras[: self._n_plain]
        return self._kernel.joining.parameters(
            tuple(
                self._beside.parameters()
                if block is None
                else block.segments.value_of(extras[:, place])
                for block, place in self._placed()
            )
        )

    def sums(self) -> Any:
        """Return the blocks' sums of the last sweep that was taken."""
        return self._kernel.joining.sums(
            tuple(
                self._beside.sums() if block is None else FeatureSums(self._features(place))
                for block, place in self._placed()
            )
        )

    def moments(self) -> Any:
        """Return the blocks' moments of it."""
        return self._kernel.joining.moments(
            tuple(
                self._beside.moments()
                if block is None
                else FeatureMoments(self._features(place)[: self._n_plain], block.log_base)
                for block, place in self._placed()
            )
        )

    @property
    def _n_plain(self) -> int:
        """Return K, noise left out."""
        return len(self._numbers.rows) - (self._kernel.even is not None)

    def _features(self, place: slice) -> Float:
        """Return N_k and the sums of a block (K, 1 + E)."""
        numbers = self._numbers
        extras = numbers.sums[:, -numbers.extras.shape[1] :]
        return np.hstack([numbers.rows[:, None], extras[:, place]])

    def _placed(self) -> list[tuple[Block | None, slice]]:
        """Return the blocks, and where in E each is."""
        found, start = [], 0
        for block in self._kernel.blocks:
            stop = start + (0 if block is None else block.segments.width)
            found.append((block, slice(start, stop)))
            start = stop
        return found
