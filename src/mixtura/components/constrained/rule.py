"""What a family says of constraints on its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constraints import Constraints
from mixtura.errors import ParameterError

__all__ = ["Rule", "refuse_mixed"]

Float = NDArray[np.float64]


class Rule(Protocol):
    """How the M-step of one family obeys constraints, and what they may be."""

    @property
    def arrays(self) -> Mapping[str, slice]:
        """Return where among the numbers (q) of a component those of each array are, by name."""
        ...

    def columns(self, name: str) -> Sequence[Sequence[int]]:
        """Return the numbers of an array, counted in it, that each column of the rows has."""
        ...

    def titles(self, name: str, columns: Sequence[str]) -> Sequence[str]:
        """Return the names of the columns that an array has numbers for, of those of the rows."""
        ...

    def as_numbers(self, name: str, given: Any, n_components: int) -> Float | None:
        """Return numbers (K, width) of an array in a shape of its own, None if it has none."""
        ...

    def completed(self, constraints: Constraints) -> Constraints:
        """Return constraints with what follows from them.

        Raises
        ------
        ParameterError
            If no such component exists, or no M-step here obeys them.
        """
        ...

    def lost(self, constraints: Constraints) -> int:
        """Return how many free parameters K components have less."""
        ...

    def numbers(self, parameters: Any) -> Float:
        """Return the numbers (K, q) of parameters in the user's units."""
        ...

    def exactly(self, constraints: Constraints, parameters: Any) -> Any:
        """Return parameters in the user's units with the very numbers that are held."""
        ...

    def rests(self, constraints: Constraints) -> NDArray[np.bool_]:
        """Return which components (K,) have no width left to be found."""
        ...

    def within(self, constraints: Constraints) -> Constraints:
        """Return constraints without numbers held where they make rows impossible."""
        ...

    def typical(self, constraints: Constraints) -> Any:
        """Return parameters that obey, without a look at rows; None where none can be told.

        They are told where a number that is held may make a row impossible.
        """
        ...

    def check_prior(self, constraints: Constraints, prior: Any) -> None:
        """Raise `ParameterError` for a prior under which no M-step here obeys."""
        ...

    def maximise(self, constraints: Constraints, moments: Any, previous: Any, prior: Any) -> Any:
        """Return the parameters that maximise the M-step's objective among those that obey."""
        ...


def refuse_mixed(constraints: Constraints, arrays: Mapping[str, slice]) -> None:
    """Raise `ParameterError` where of numbers of some arrays that are equal some are held."""
    tied, fixed = constraints.ties > 0, constraints.fixed
    both = np.argwhere(tied & fixed)
    if len(both):
        k, number = both[0].tolist()
        name = next(name for name, part in arrays.items() if part.start <= number < part.stop)
        raise ParameterError(
            f"fix and equal both speak of the {name} of component {k}; where equal numbers are "
            "known, hold all of them by fix"
        )
