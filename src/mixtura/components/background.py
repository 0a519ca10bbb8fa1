"""Backgrounds: densities that are constant over what rows take up, and hold no free parameter.

Over a box the constant is one over its volume (Banfield and Raftery 1993); over whole numbers, one
over how many there are; where a component with equal probabilities has no preference, it is one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.arrays import as_shape
from mixtura.errors import ParameterError
from mixtura.kinds import EXPOSURE, ColumnKind

__all__ = [
    "Background",
    "Backgrounds",
    "KnownBefore",
    "Member",
    "Passes",
    "Ranges",
    "one_pass",
]

Float = NDArray[np.float64]
# Makes a new pass over rows (n, D) and their weights (n,), or None where each counts once.
Passes: TypeAlias = Callable[[], Iterable[tuple[Any, Float | None]]]


class Background(Protocol):
    """A density of rows (n, D), in the user's units; missing cells are left out."""

    @property
    def n_free(self) -> int:
        """Return 1 where rows say how large what they take up is, 0 where that is known before."""
        ...

    @property
    def log_constant(self) -> float | None:
        """Return the log density of complete rows, or None where it is not the same for all."""
        ...

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Return which columns (D,) take up nothing: no density is constant over a point."""
        ...

    def log_density(self, rows: Any) -> Float:
        """Return log f(x) (n,) of rows (n, D)."""
        ...

    def sample(self, n_rows: int, rng: np.random.Generator) -> NDArray[Any]:
        """Return rows (n, D)."""
        ...

    def words(self) -> str:
        """Return what it is, such as "uniform with density 1 / 12"."""
        ...

    def to_arrays(self) -> dict[str, Float]:
        """Return the arrays of a model file."""
        ...


def one_pass(rows: Any, weights: Float | None = None) -> Passes:
    """Return what passes over rows that are in memory at once."""
    return lambda: [(rows, weights)]


def density_words(log_density: float) -> str:
    """Return a density in words, at any scale."""
    with np.errstate(over="ignore"):
        return f"uniform with density 1 / {np.exp(-log_density):.6g}"


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Columns by themselves, each even from its lowest to its highest cell.

    A row that lies beyond has the same density, as a fit's own rows never do.

    Attributes
    ----------
    lowest, highest : (D,) float64
    whole : (D,) bool, whether a column has whole numbers, and its density is a probability
    """

    lowest: Float
    highest: Float
    whole: NDArray[np.bool_]

    @classmethod
    def of(cls, passes: Passes, kinds: Sequence[ColumnKind]) -> Self:
        """Return the ranges of rows, dense or CSR; an exposure is 1 throughout."""
        ends = np.full((2, len(kinds)), np.nan)
        for rows, _ in passes():
            if issparse(rows):
                own = [rows.min(axis=0).toarray(), rows.max(axis=0).toarray()]
            else:
                own = [np.fmin.reduce(rows, axis=0), np.fmax.reduce(rows, axis=0)]
            np.fmin(ends[0], np.ravel(own[0]), out=ends[0])
            np.fmax(ends[1], np.ravel(own[1]), out=ends[1])
        counts = np.array([kind is not EXPOSURE for kind in kinds])
        lowest, highest = (np.where(counts, np.ravel(end), 1.0) for end in ends)
        whole = np.array([kind.name in ("count", "exposure") for kind in kinds])
        return cls(lowest, highest, whole)

    @property
    def log_widths(self) -> Float:
        """Return the logarithms of what columns (D,) take up: lengths, or numbers of values."""
        return np.log(self.highest - self.lowest + self.whole)

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Return which columns (D,) of amounts hold one value."""
        return ~(self.highest - self.lowest + self.whole > 0)

    @property
    def n_free(self) -> int:
        """Return 1."""
        return 1

    @property
    def log_constant(self) -> float:
        """Return -Σ_j log width."""
        return -float(self.log_widths.sum())

    def log_density(self, rows: Any) -> Float:
        """Return -Σ_j log width over the cells that are known (n,): all of sparse rows."""
        if issparse(rows):
            return np.full(rows.shape[0], self.log_constant)
        return -(~np.isnan(rows) @ self.log_widths)

    def sample(self, n_rows: int, rng: np.random.Generator) -> Float:
        """Return rows (n, D)."""
        drawn = rng.random((n_rows, len(self.lowest)))
        drawn = self.lowest + drawn * (self.highest - self.lowest + self.whole)
        return np.where(self.whole, np.floor(drawn), drawn)

    def words(self) -> str:
        """Return what it is in words."""
        return f"{density_words(self.log_constant)}, from each column's lowest cell to its highest"

    def to_arrays(self) -> dict[str, Float]:
        """Return the arrays of a model file."""
        whole = self.whole.astype(np.float64)
        return {"noise_lowest": self.lowest, "noise_highest": self.highest, "noise_whole": whole}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_columns: int) -> Self:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no such ranges.
        """
        names = "noise_lowest", "noise_highest", "noise_whole"
        lowest, highest, whole = (as_shape(name, arrays[name], (n_columns,)) for name in names)
        if not (highest - lowest + whole > 0).all() or not np.isin(whole, (0, 1)).all():
            raise ParameterError("'noise_lowest' and 'noise_highest' should be ends of ranges")
        return cls(lowest, highest, whole == 1)


class KnownBefore:
    """What backgrounds share whose cells are known before any row is seen."""

    __slots__ = ()

    family: Any

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Return False for each column."""
        return np.zeros(self.family.n_columns, dtype=bool)

    @property
    def n_free(self) -> int:
        """Return 0: what cells may be is known before."""
        return 0

    @property
    def log_constant(self) -> None:
        """Return None: it differs from row to row."""
        return

    def to_arrays(self) -> dict[str, Float]:
        """Return nothing: the family says what it is."""
        return {}


@dataclass(frozen=True, slots=True, eq=False)
class Member(KnownBefore):
    """A component of the family itself that prefers no cell to another.

    Attributes
    ----------
    family : of the components beside it
    parameters : of one component
    """

    family: Any
    parameters: Any

    def log_density(self, rows: Any) -> Float:
        """Return the component's log density (n,)."""
        return self.family.row_log_density(rows, self.parameters)[:, 0]

    def sample(self, n_rows: int, rng: np.random.Generator) -> NDArray[Any]:
        """Return rows (n, D) of the component."""
        return self.family.sample(self.parameters, np.zeros(n_rows, dtype=np.intp), rng)

    def words(self) -> str:
        """Return what it is in words."""
        return self.family.even_words


@dataclass(frozen=True, slots=True, eq=False)
class Backgrounds:
    """The backgrounds of blocks of columns that follow one another.

    Attributes
    ----------
    parts : of the blocks
    sizes : how many columns each has
    """

    parts: tuple[Background, ...]
    sizes: tuple[int, ...]

    @property
    def blocks(self) -> Sequence[slice]:
        """Return the columns of each block."""
        bounds = np.cumsum([0, *self.sizes]).tolist()
        return [slice(*pair) for pair in pairwise(bounds)]

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Return which columns (D,) take up nothing."""
        return np.concatenate([part.is_empty for part in self.parts])

    @property
    def n_free(self) -> int:
        """Return 1 where rows say how large some block is."""
        return max(part.n_free for part in self.parts)

    @property
    def log_constant(self) -> float | None:
        """Return the sum of the blocks' constants, or None where one has none."""
        found = [part.log_constant for part in self.parts]
        return None if None in found else float(sum(filter(None, found)))

    def log_density(self, rows: Any) -> Float:
        """Return the sum of the blocks' log densities (n,)."""
        pairs = zip(self.parts, self.blocks, strict=True)
        return np.sum([part.log_density(rows[:, block]) for part, block in pairs], axis=0)

    def sample(self, n_rows: int, rng: np.random.Generator) -> NDArray[Any]:
        """Return rows (n, D)."""
        return np.hstack([part.sample(n_rows, rng) for part in self.parts])

    def words(self) -> str:
        """Return what the blocks are, each once."""
        return "; ".join(dict.fromkeys(part.words() for part in self.parts))

    def to_arrays(self) -> dict[str, Float]:
        """Return the arrays of a model file, named by block."""
        return {
            f"{number}.{name}": array
            for number, part in enumerate(self.parts)
            for name, array in part.to_arrays().items()
        }
