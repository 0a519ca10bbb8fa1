"""One covariance structure: what it shares between components, as a value."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.native.updates import CODES

__all__ = ["Features", "Storage", "Structure", "Update", "count_by_letters", "unpooled"]

Float = NDArray[np.float64]

Storage: TypeAlias = Literal["spherical", "diagonal", "full"]
Features: TypeAlias = Literal["linear", "diagonal", "full"]
Update: TypeAlias = Callable[[Float, Float, Float | None], Float]


def count_by_letters(code: str, n_components: int, n_columns: int) -> int:
    """Return the free parameters of Σ_k = λ_k Q_k A_k Q_kᵀ, letter by letter.

    A letter is E (one for all components), V (one for each) or I (identity, nothing free), for the
    volume λ (1 number), the shape A with |A| = 1 (D - 1) and the orientation Q (D (D - 1) / 2).
    """
    times = {"E": 1, "V": n_components, "I": 0}
    sizes = (1, n_columns - 1, n_columns * (n_columns - 1) // 2)
    return sum(times[letter] * size for letter, size in zip(code, sizes, strict=True))


@dataclass(frozen=True, slots=True)
class Structure:
    """A covariance structure of Celeux and Govaert (1995), Σ_k = λ_k Q_k A_k Q_kᵀ.

    Attributes
    ----------
    code : three letters for volume, shape and orientation: Equal, Varying or Identity
    words : the same in words
    storage : the shape of the factors of the precisions: (K,), (K, D) or (K, D, D)
    features : the scatter asked for: pooled over components ("linear"; (D, D) for full storage and
        its diagonal (D,) for others), the diagonals (K, D), or the full matrices (K, D, D)
    iterative : whether the update iterates, and so gains from a warm start
    one_scale : whether all columns must be scaled alike for the structure to survive
    update : maps scatter, rows (K,) and the previous factors (or None) to the factors of the
        precisions that maximise `m_step_objective`, or raise it where that has no closed form
    count : maps K and D to the number of free covariance parameters
    """

    code: str
    words: str
    storage: Storage
    features: Features
    update: Update = field(compare=False, repr=False)
    count: Callable[[int, int], int] = field(compare=False, repr=False)
    iterative: bool = False
    one_scale: bool = False

    @classmethod
    def lettered(
        cls,
        code: str,
        words: str,
        storage: Storage,
        features: Features,
        update: Update,
        *,
        iterative: bool = False,
        one_scale: bool = False,
    ) -> "Structure":
        """Return the structure whose parameters are counted by the letters of its code."""
        count = partial(count_by_letters, code)
        return cls(code, words, storage, features, update, count, iterative, one_scale)

    @property
    def is_compiled(self) -> bool:
        """Whether compiled code knows the structure by its code."""
        return self.code in CODES

    @property
    def shares_covariance(self) -> bool:
        """Whether all components have one covariance."""
        return "V" not in self.code

    def least_rows(self, n_columns: int) -> float:
        """Return up to how many rows say nothing yet of how wide a component is.

        D + 1 rows determine a covariance that is free, and two the variances along the columns; one
        row more can tell. Common axes that are free themselves turn to where D rows have no width.
        What components share is determined by the rows of all.
        """
        if "V" not in self.code[:2]:
            return 0.0
        given = self.code[1] != "V" or self.code[2] == "I"
        return 3.0 if given else n_columns + 2.0

    def n_bytes(self, n_components: int, n_columns: int) -> int:
        """Return about how many bytes a fit of K components in D columns needs beside its rows.

        That are means and their sums, and what is kept of covariances: scatter, factors and what is
        made of them.
        """
        numbers = {"spherical": 1, "diagonal": n_columns, "full": n_columns * n_columns}
        return 24 * n_components * (n_columns + numbers[self.storage])

    def n_parameters(self, n_components: int, n_columns: int) -> int:
        """Return the number of free covariance parameters of K components in D columns."""
        return self.count(n_components, n_columns)


def unpooled(structure: Structure) -> Structure:
    """Return the structure with a scatter for each component, though it shares a covariance."""
    if structure.features != "linear":
        return structure
    features = "full" if structure.storage == "full" else "diagonal"
    return replace(structure, features=features, update=partial(_of_all, structure.update))


def _of_all(update: Update, scatter: Float, rows: Float, previous: Float | None) -> Float:
    """Return the update by the scatter of all components together."""
    return update(scatter.sum(axis=0), rows, previous)
