"""What makes numbers of the cells of groups: those that are numbers, and categories."""

from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from mixtura.data.checks import check_finite
from mixtura.data.coding import Coder
from mixtura.data.frames import is_frame, numbers_of_frame
from mixtura.data.parts import Coded, Part, ReadAs
from mixtura.data.plain import NO_NUMBER, numbers_of_cells
from mixtura.errors import DataError
from mixtura.mixture import Mixture

__all__ = ["Categories", "Maker", "Numbers", "Told"]

Float = NDArray[np.float64]
Names = tuple[str, ...] | None

# Rows that are put in the order of levels at once.
AT_ONCE = 1 << 16
NUMBERS = "leave it out, by columns= that name the others, or turn it into numbers"


class Maker(Protocol):
    """Makes numbers of cells."""

    def cells(self, frame: Any, place: str) -> tuple[Float, Names]:
        """Return cells (n, D) of some rows, and the names of their columns if there are any."""
        ...

    def ended(self, cells: Float) -> ReadAs | None:
        """Bring the cells of all rows into their order, and return how their columns were read.

        None is for cells that are rows as they are.
        """
        ...


@final
class Numbers:
    """Cells that are numbers.

    Parameters
    ----------
    gaps : whether some may be missing
    """

    def __init__(self, *, gaps: bool) -> None:
        self._gaps = gaps

    def cells(self, frame: Any, place: str) -> tuple[Float, Names]:
        """Return cells of some rows."""
        try:
            whole = is_frame(frame)
            found, named = numbers_of_frame(frame) if whole else (numbers_of_cells(frame), None)
            check_finite(found, named, gaps=self._gaps)
        except DataError as error:
            said = str(error).replace(NO_NUMBER, NUMBERS)
            raise DataError(f"{place}: {said}" if place else said) from error
        if not found.shape[1]:
            raise DataError("there is no column to fit beside that of groups; give one of numbers")
        return np.asarray(found, dtype=np.float64), named

    def ended(self, cells: Float) -> None:
        """Leave cells as they are."""


@final
class Categories:
    """Cells of which some are categories, which have the same levels in all groups.

    Parameters
    ----------
    coded : which columns are fitted, and which of them hold categories
    """

    def __init__(self, coded: Coded) -> None:
        self._coded, self._coder = coded, Coder(coded)

    def cells(self, frame: Any, place: str) -> tuple[Float, Names]:
        """Return cells of some rows, categories by numbers as they come."""
        part = Part(frame, is_frame(frame), place or "the table")
        return self._coder.rows(part).astype(np.float64, copy=False), self._coder.taken

    def ended(self, cells: Float) -> ReadAs:
        """Put the numbers of levels in the place of those that they came by."""
        made = self._coder.ended()
        for start in range(0, len(cells), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            cells[some] = made.rows(cells[some])
        return ReadAs(self._coder.taken, self._coded, made.labels, self._coder.places)


@final
class Told:
    """Cells as a mixture reads them.

    Parameters
    ----------
    mixture : that of one group, which has the levels of all
    """

    def __init__(self, mixture: Mixture) -> None:
        self._mixture = mixture

    def cells(self, frame: Any, place: str) -> tuple[Float, Names]:
        """Return cells of some rows."""
        found = self._mixture.encode(frame, missing="marginal")
        return np.asarray(found, dtype=np.float64), self._mixture.columns

    def ended(self, cells: Float) -> None:
        """Leave cells as they are."""
