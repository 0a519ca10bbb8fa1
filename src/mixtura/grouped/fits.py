"""What is known of the mixtures of many groups, and what they say of rows."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.frames import is_frame
from mixtura.errors import DataError, ParameterError
from mixtura.grouped.makers import Numbers, Told
from mixtura.grouped.names import places_by_group
from mixtura.grouped.numbers import numbers_by_group
from mixtura.grouped.parts import grouped_parts
from mixtura.grouped.stored import save_groups
from mixtura.kinds import ColumnKind
from mixtura.mixture import Mixture
from mixtura.text import Backend, Passage, Summary, Table, Tabled, frame_of_columns, number

__all__ = ["GroupedMixtures"]

Float = NDArray[np.float64]

# Groups that a summary names of those that are not to be trusted.
NAMED = 10


@dataclass(frozen=True, eq=False, repr=False)
class GroupedMixtures(Tabled):
    """A mixture for each group of rows, as `fit_by` returns them.

    `fits[name]` is the `Mixture` of a group, `name in fits` says whether it has one, and `fits`
    iterates over all names. `table` and `to_frame` have a row for each group, `components` and
    `components_frame` one for each number of each component.

    Attributes
    ----------
    by : what the groups are called
    groups : (G) their names, in order
    mixtures : (G) their mixtures, None where there is none
    n_rows : (G,) rows of weight above zero
    total_weight : (G,) of these, as many where each counts once
    log_likelihood : (G,) total, in nats
    converged : (G,) whether the fit came to its end
    sound : (G,) whether densities mean something: all components have the rows they need
    n_parameters : (G,) free parameters, NaN where there is no mixture
    notes : what is to be said of some groups, by their numbers
    """

    by: str
    groups: tuple[Any, ...]
    mixtures: Sequence[Mixture | None]
    n_rows: NDArray[np.int64]
    total_weight: Float
    log_likelihood: Float
    converged: NDArray[np.bool_]
    sound: NDArray[np.bool_]
    n_parameters: Float
    notes: dict[int, str]

    def __repr__(self) -> str:
        fitted = int(np.isfinite(self.log_likelihood).sum())
        return f"<GroupedMixtures by {self.by}: {len(self.groups):,} groups, {fitted:,} fitted>"

    def __len__(self) -> int:
        """Return G."""
        return len(self.groups)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the names of all groups."""
        return iter(self.groups)

    def __contains__(self, group: Any) -> bool:
        """Return whether a group has a mixture."""
        number = self._numbers.get(group)
        return number is not None and self.mixtures[number] is not None

    def __getitem__(self, group: Any) -> Mixture:
        """Return the mixture of a group.

        Raises
        ------
        ParameterError
            If there is no such group, or it has no mixture, with the reason.
        """
        number = self._numbers.get(group)
        if number is None:
            raise ParameterError(f"there is no group {group!r}; .groups has the names of all")
        found = self.mixtures[number]
        if found is None:
            raise ParameterError(f"group {group!r} has no mixture: {self._why(number)}")
        return found

    def _why(self, number: int) -> str:
        """Return why a group has no mixture; the notes of a file may lack it."""
        return self.notes.get(number, "the file does not say why")

    @cached_property
    def _numbers(self) -> dict[Any, int]:
        return {name: g for g, name in enumerate(self.groups)}

    @property
    def trusted(self) -> NDArray[np.bool_]:
        """Return whether each fit (G,) came to its end and its density means something."""
        return self.converged & self.sound

    @property
    def bic(self) -> Float:
        """Return -2 ℓ + df log Σw of each group (G,), NaN of those not fitted; lower is better."""
        with np.errstate(divide="ignore"):
            return -2 * self.log_likelihood + self.n_parameters * np.log(self.total_weight)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each group: its rows, log-likelihood, BIC, and how far it is trusted."""
        return _rows_of(self._columns())

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """Return the rows of `table` as a data frame.

        Parameters
        ----------
        backend : the library that it is a frame of: "pandas", "polars" or "pyarrow"
        """
        return frame_of_columns(self._columns(), backend)

    def _columns(self) -> dict[str, list[Any]]:
        return {
            self.by: list(self.groups),
            "n_rows": self.n_rows.tolist(),
            "log_likelihood": _known(self.log_likelihood),
            "bic": _known(self.bic),
            "converged": self.converged.tolist(),
            "trusted": self.trusted.tolist(),
            "note": [self.notes.get(g, "") for g in range(len(self))],
        }

    def components(self) -> list[dict[str, Any]]:
        """Return a row for each number of each component of each group, as `Mixture.table` does."""
        return _rows_of(numbers_by_group(self.by, self.groups, self.mixtures))

    def components_frame(self, backend: Backend = "pandas") -> Any:
        """Return the rows of `components` as a data frame.

        Parameters
        ----------
        backend : the library that it is a frame of: "pandas", "polars" or "pyarrow"
        """
        columns = numbers_by_group(self.by, self.groups, self.mixtures)
        return frame_of_columns(columns, backend)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all mixtures to a model file, which `mixtura.load` reads.

        Parameters
        ----------
        path : where to write

        Raises
        ------
        ParameterError
            If groups are named by no text, numbers or dates, or mixtures are of unlike forms.
        """
        save_groups(path, self)

    def summary(self) -> Summary:
        """Return how many groups are fitted, and those that are not to be trusted."""
        fitted = np.isfinite(self.log_likelihood)
        header = ["groups", "rows", "fitted", "trusted", "log-likelihood"]
        total = float(self.log_likelihood[fitted].sum())
        counts = (len(self), int(self.n_rows.sum()), int(fitted.sum()), int(self.trusted.sum()))
        table = Table.of(header, [[*(f"{count:,}" for count in counts), number(total)]])
        doubted = np.flatnonzero(~self.trusted).tolist()
        said = [f"{self.groups[g]}: {self.notes.get(g, '')}" for g in doubted[:NAMED]]
        if len(doubted) > NAMED:
            said.append(f"and {len(doubted) - NAMED:,} more, as the table of groups says")
        title = f"A mixture for each group by {self.by}"
        return Summary([Passage(title, (table,), "\n".join(said))], self.table())

    def predict(self, data: Any, by: Any = None) -> NDArray[np.intp]:
        """Return the component of each row in the mixture of its group.

        Parameters
        ----------
        data, by : as `fit_by` takes them, in memory or in files, which are read once; by is that
            of the fit when None. A missing cell is left out of its row's density

        Raises
        ------
        DataError
            Naming the first group that has no mixture.
        """
        return self._answered(data, by, lambda one, rows: one.predict(rows, 1), np.intp)

    def score_samples(self, data: Any, by: Any = None) -> Float:
        """Return the log density of each row in the mixture of its group.

        Parameters
        ----------
        data, by : as `predict` takes them
        """
        return self._answered(data, by, lambda one, rows: one.log_density(rows, 1), np.float64)

    def _answered(
        self, data: Any, by: Any, asked: Callable[[Mixture, Float], Any], dtype: Any
    ) -> Any:
        first = next((one for one in self.mixtures if one is not None), None)
        has_names = is_frame(data) or not isinstance(data, np.ndarray | list)
        columns = first.columns if first is not None and has_names else None
        # Levels of categories are those of all groups.
        kinds = () if first is None else first.kinds
        told = any(kind.name == "category" for kind in kinds)
        maker = Told(first) if first is not None and told else Numbers(gaps=True)
        found = [np.empty(0, dtype=dtype)]
        for part in grouped_parts(data, self.by if by is None else by, columns)(rows=True):
            cells = np.ascontiguousarray(maker.cells(part.cells, part.place)[0])
            answers = np.empty(len(cells), dtype=dtype)
            for group, places in places_by_group(part.groups, self.by):
                mixture = self._mixture_of(group, kinds if told else None)
                answers[places] = asked(mixture.coded, cells[places])
            found.append(answers)
        if not any(map(len, found)):
            raise DataError("there are no rows")
        return np.concatenate(found)

    def _mixture_of(self, group: Any, kinds: tuple[ColumnKind, ...] | None) -> Mixture:
        """Return what a group was fitted by, which has columns of some kinds if these are given."""
        number = self._numbers.get(group)
        mixture = None if number is None else self.mixtures[number]
        if mixture is None:
            why = "the fit had no such group" if number is None else self._why(number)
            raise DataError(f"group {group!r} has no mixture: {why}; leave its rows out")
        if kinds is not None and mixture.kinds != kinds:
            raise DataError(
                f"the mixture of group {group!r} has other columns than those of others; ask it "
                "alone"
            )
        return mixture


def _rows_of(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _known(values: Float) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
