"""What a family says of a density that is constant, so that noise can be a component beside its."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.background import Background, Passes
from mixtura.components.family import Family

__all__ = ["BesideNoise", "ConstantBesideNoise"]

Float = NDArray[np.float64]


class BesideNoise(Family, Protocol):
    """A family whose components may stand beside noise; its tier says all of this for it.

    Where the background is linear in the features, noise is one more row of natural parameters,
    which no M-step changes; else a feature of its own has what is beyond that.
    """

    def beside_noise(self) -> Self:
        """Return the family as it is beside noise: no moment is one for all rows."""
        ...

    def background(self, passes: Passes) -> Background:
        """Return the density that is constant over what some rows take up."""
        ...

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> Background:
        """Return the background that a model file holds.

        Raises
        ------
        ParameterError
            If it holds none.
        """
        ...

    @property
    def adds_feature(self) -> bool:
        """Return whether noise has a feature of its own."""
        ...

    def feature_beside(self, rows: Any, background: Any) -> Float | None:
        """Return that feature (n,) of rows, or None where there is none."""
        ...

    def told_of(self, background: Any) -> Any:
        """Return what compiled code is told of the background: natural parameters, or a density."""
        ...

    def hold(
        self, evaluator: Any, places: NDArray[np.intp], log_weights: Float, background: Any
    ) -> None:
        """Give components at some places the background's density, and these weights, instead."""
        ...

    def expected_of(self, sums: Any, which: NDArray[np.bool_], background: Any) -> float:
        """Return what the sums of components `which` (K,) say of Σ w r log f of the background."""
        ...

    def kernel_beside(self, kernel: Any, background: Any, beside: Float | None) -> Any | None:
        """Return a compiled loop told of noise and its feature (n,), or None."""
        ...


class ConstantBesideNoise:
    """The part of `BesideNoise` where evaluators hold a constant and there is no compiled loop.

    Sums have Σ r of each component as `rows`; a family says by `told_of` what the log density of a
    background is as its evaluators write it.
    """

    adds_feature: ClassVar[bool] = False

    def told_of(self, background: Any) -> float:
        """Return the log density of the background in the units of the evaluators."""
        raise NotImplementedError

    def hold(
        self, evaluator: Any, places: NDArray[np.intp], log_weights: Float, background: Any
    ) -> None:
        """Give some components the log density of the background, and these weights, instead."""
        evaluator.hold_constant(places, log_weights + self.told_of(background))

    def expected_of(self, sums: Any, which: NDArray[np.bool_], background: Any) -> float:
        """Return Σ w r log f(x) of the background for the rows of some components."""
        return float(sums.rows[which].sum()) * background.log_constant

    def feature_beside(self, rows: Any, background: Any) -> None:
        """Return None: a constant needs no feature."""

    def kernel_beside(self, kernel: Any, background: Any, beside: Any) -> None:
        """Return None: there is no compiled loop."""
