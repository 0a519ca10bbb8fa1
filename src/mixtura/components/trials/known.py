"""What families of counts of successes in a known number of trials are told, and say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.errors import ParameterError
from mixtura.kinds import COUNT, ColumnKind, count_of

__all__ = ["TRIALS", "TrialsFamily"]

Float = NDArray[np.float64]

# What trials may be: sums of so many keep their digits.
MOST_TRIALS = 2**40

# What estimators say of the setting.
TRIALS = """

    Parameters
    ----------
    trials : int, (D,) int or None
        n of all columns, or of each. None is the highest cell of each column, which a summary
        shows: fewer than there were, where nobody succeeded in all.
    """


@dataclass(frozen=True)
class TrialsFamily(ColumnwiseFamily):
    """Components of columns of counts of successes.

    Attributes
    ----------
    columns, gaps, sparse
        As in `ColumnwiseFamily`.
    trials : n, of all columns or of each (D,); None before rows are read, whose highest it is then
    """

    trials: int | Sequence[int] | None = None

    kind = COUNT

    def __post_init__(self) -> None:
        """Hold trials as a tuple (D,); raise `ParameterError` where they are none."""
        if self.trials is not None:
            object.__setattr__(self, "trials", trials_of(self.trials, self.columns))

    @cached_property
    def trials_each(self) -> Float:
        """The trials n of each column (D,)."""
        return np.asarray(self.trials, dtype=np.float64)

    @classmethod
    def kinds_of(cls, columns: int, settings: Mapping[str, Any]) -> list[ColumnKind]:
        """Return counts up to the trials, where these are told."""
        told = settings.get("trials")
        if told is None:
            return super().kinds_of(columns, settings)
        return [count_of(most) for most in trials_of(told, columns)]

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return counts up to the trials."""
        return tuple(self.kinds_of(self.columns, {"trials": self.trials}))

    def reading(self, rows: Any) -> Self:
        """Return the family for rows with cells missing or without, and with trials."""
        family = super().reading(rows)
        if self.trials is not None:
            return family
        highest = rows.max(axis=0).toarray() if issparse(rows) else np.nanmax(rows, axis=0)
        highest = np.maximum(highest, 1.0)
        return replace(family, trials=tuple(int(most) for most in highest))

    def settings(self) -> dict[str, Any]:
        """Return the trials."""
        return {"trials": [int(most) for most in self.trials_each]}

    def described(self, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the trials."""
        return self.settings()

    def title(self, n_components: int) -> str:
        """Return what the components are, with the trials."""
        several = sorted({int(most) for most in self.trials_each})
        shown = f"{several[0]:,}" if len(several) == 1 else f"{several[0]:,} to {several[-1]:,}"
        return f"{super().title(n_components)}\nsuccesses in {shown} trial(s)"

    def of_columns(self, columns: list[int]) -> Self:
        """Return the family of some columns, with their trials."""
        trials = tuple(int(self.trials_each[j]) for j in columns)
        return replace(self, columns=len(columns), trials=trials)

    def points(self, cells: Any) -> Any:
        """Return 2 √n arcsin √(x/n), whose deviation is about one wherever its mean is."""
        if issparse(cells):
            trials = self.trials_each[cells.indices]
            return csr_array((_even(cells.data, trials), cells.indices, cells.indptr), cells.shape)
        return _even(np.asarray(cells, np.float64), self.trials_each)


def _even(counts: Float, trials: Float) -> Float:
    return 2.0 * np.sqrt(trials) * np.arcsin(np.sqrt(np.clip(counts / trials, 0.0, 1.0)))


def trials_of(told: Any, columns: int) -> tuple[int, ...]:
    """Return the trials of each column (D,).

    Raises
    ------
    ParameterError
        If they are no whole numbers from 1 up, or not as many as columns.
    """
    array = np.asarray(told)
    numeric = array.dtype.kind in "iuf" and array.ndim <= 1
    if not numeric or not ((array >= 1) & (array == np.floor(array)) & np.isfinite(array)).all():
        raise ParameterError(
            f"trials should be a whole number from 1 up, or one for each column, but got {told!r}"
        )
    if (array > MOST_TRIALS).any():
        raise ParameterError(
            f"trials may be up to {MOST_TRIALS:,}, but got {array.max():.16g}; fit shares "
            "of the trials by BetaMixture, or counts by PoissonMixture or NegativeBinomialMixture"
        )
    if array.ndim and len(array) != columns:
        raise ParameterError(
            f"trials should be one number, or one for each of the {columns} columns, but got "
            f"{len(array)}"
        )
    return tuple(int(most) for most in np.broadcast_to(array, columns))
