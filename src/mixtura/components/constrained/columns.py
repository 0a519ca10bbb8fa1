"""Constraints on the numbers of columns that are independent within a component."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.constrained.rule import refuse_mixed
from mixtura.components.constraints import Constraints
from mixtura.errors import ParameterError

__all__ = ["ColumnwiseRule"]

Float = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class ColumnwiseRule:
    """Cells are estimated one by one, so each obeys by itself, and equal ones from pooled sums."""

    family: ColumnwiseFamily

    @property
    def arrays(self) -> Mapping[str, slice]:
        """Return the free numbers, those of one name after those of another."""
        width = self.family.columns
        return {
            number.name: slice(a * width, (a + 1) * width)
            for a, number in enumerate(self.family.free)
        }

    def columns(self, name: str) -> Sequence[Sequence[int]]:
        """Return one number for each column."""
        return [[j] for j in range(self.family.columns)]

    def titles(self, name: str, columns: Sequence[str]) -> Sequence[str]:
        """Return the names of the columns but that of an exposure."""
        return self.family.cell_names(columns)

    def as_numbers(self, name: str, given: Any, n_components: int) -> None:
        """Return None: the array has the shape of the numbers."""
        return

    def completed(self, constraints: Constraints) -> Constraints:
        """Return the constraints, if all numbers held lie in their range."""
        refuse_mixed(constraints, self.arrays)
        for number in self.family.free:
            values = constraints.values[:, self.arrays[number.name]]
            wrong = np.argwhere((values < 0) | (values > number.highest))
            if len(wrong):
                k, j = wrong[0].tolist()
                among = f"lie between 0 and {number.highest:g}"
                if number.highest >= np.finfo(float).max:
                    among = "be finite and not below 0" if values[k, j] > 0 else "not be below 0"
                raise ParameterError(
                    f"fix holds {number.name}[{k}, {j}] at {values[k, j]:g}; it should {among}"
                )
        self.family.check_constraints(*self._parted(constraints))
        return constraints

    def _parted(self, constraints: Constraints) -> tuple[list[Float], list[NDArray[np.int64]]]:
        parts = self.arrays.values()
        values = [constraints.values[:, part] for part in parts]
        return values, [constraints.ties[:, part] for part in parts]

    def lost(self, constraints: Constraints) -> int:
        """Return the numbers held, and of equal ones all but one."""
        tied = constraints.ties[constraints.ties > 0]
        return int(constraints.fixed.sum()) + len(tied) - len(np.unique(tied))

    def numbers(self, parameters: Any) -> Float:
        """Return the free numbers (K, q)."""
        arrays = self.family.arrays(parameters)
        return np.hstack([arrays[number.name] for number in self.family.free])

    def exactly(self, constraints: Constraints, parameters: Any) -> Any:
        """Return the parameters: they have no other units."""
        return parameters

    def rests(self, constraints: Constraints) -> NDArray[np.bool_]:
        """Return which components have no number free."""
        return np.logical_and.reduce(constraints.fixed, axis=1)

    def within(self, constraints: Constraints) -> Constraints:
        """Return constraints without numbers held where they make rows impossible."""
        width = self.family.columns
        highest = np.repeat([number.highest for number in self.family.free], width)
        ends = (constraints.values <= 0.0) | (constraints.values >= highest)
        return replace(constraints, values=np.where(ends, np.nan, constraints.values))

    def typical(self, constraints: Constraints) -> Any:
        """Return the estimates of rows in which every feature is a half on average."""
        family, n_components = self.family, constraints.n_components
        rows = np.ones((n_components, family.columns))
        sums = np.full((n_components, family.n_cells), 0.5)
        return family.estimate_under(rows, sums, None, *self._parted(constraints))

    def check_prior(self, constraints: Constraints, prior: Any) -> None:
        """Do nothing: pseudo-rows are rows like others."""

    def maximise(self, constraints: Constraints, moments: Any, previous: Any, prior: Any) -> Any:
        """Return the estimates of pooled sums, with what is held put in."""
        family = self.family
        rows, sums = family.parted(prior.augment(moments).features)
        values, ties = self._parted(constraints)
        return family.estimate_under(rows, sums, previous, values, ties)
