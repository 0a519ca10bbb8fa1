"""What a family of the command is asked for, and what it gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.cli.codes import without_codes
from mixtura.cli.long import Long
from mixtura.data.cleaning import Cleaning
from mixtura.data.dataset import Dataset
from mixtura.data.files import Table, read_tables
from mixtura.data.joints import Joint, with_joints
from mixtura.data.transforms import Transform
from mixtura.errors import ParameterError
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.selection import Candidate, Selection

__all__ = ["Beyond", "Fitting", "Offer", "Progress", "Request", "fitting_of"]

Progress = Callable[[Candidate, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    Attributes
    ----------
    columns : those named, or none
    left_out : columns with another job (row weights, identifiers), and those excluded
    sizes : numbers of components
    structures : of covariances, or "all"
    factors : numbers of them for factor analysers, or "auto"
    noise : "uniform" where a component of constant density is added, or None
    exposure : the column of exposures, or None
    period : after which columns of angles or hours begin anew, or None for 2π
    trials : which columns count successes in, or None for the highest cell of each
    mixing_weights : "free", "equal" or numbers
    fix, equal : what components' numbers are bound to, by name, or None
    ordinal_link : "adjacent" or "cumulative"
    ordinal : True, or the items whose answers have an order, with these where they are said
    prior : by name, pseudo-counts, or None for maximum likelihood
    criterion, seed : of the search
    starts : carried to the end for each model; None for the family's own number
    weights_column, id_column : columns of row weights and of identifiers, or None
    sampled : whether these are sampling weights, brought to mean 1
    missing : codes of missing cells, as they are spelled
    transforms : functions by which columns are fitted
    joints : pairs of items that are one
    keep_formulas : whether identifiers that begin as a formula does are written as they are
    engine : who does the work, by name or address
    budget : seconds that the search may take
    skips : whether row groups that are damaged are left out
    weights : (N,) row weights, or None
    long : what the columns of a file of one cell a line are, or None where a line is a row
    """

    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    sizes: tuple[int, ...]
    structures: str | tuple[str, ...]
    noise: str | None
    exposure: str | None
    mixing_weights: str | tuple[float, ...]
    prior: str | float | None
    criterion: str
    seed: int
    starts: int | None
    fix: Mapping[str, Any] | None = None
    equal: Mapping[str, Any] | None = None
    ordinal_link: str = "adjacent"
    ordinal: bool | Mapping[str, Sequence[str] | bool] | None = None
    weights_column: str | None = None
    sampled: bool = False
    id_column: str | None = None
    missing: tuple[str, ...] = ()
    transforms: tuple[Transform, ...] = ()
    joints: tuple[Joint, ...] = ()
    keep_formulas: bool = False
    engine: str = "threads"
    budget: float = inf
    skips: bool = False
    weights: NDArray[np.float64] | None = None
    factors: str | tuple[int, ...] = "auto"
    period: float | None = None
    trials: int | tuple[int, ...] | None = None
    long: Long | None = None

    def read(self, files: Sequence[Path], called: Path) -> Table:
        """Return files as one table, with what is missing in it and with functions as asked."""
        table = read_tables(files, called, skips=self.skips)
        if self.long is None:
            table.check_known(self.left_out)
            self.check_transformed(table)
            table = without_codes(table, self.missing, self._beside)
            return with_joints(Cleaning(transforms=self.transforms).of(table), self.joints)
        own = [name for name in (*self._beside, *self.left_out) if name in table.kinds]
        named = (*self._beside, self.long.row, self.long.column)
        wide = self.long.of(without_codes(table, self.missing, named), own)
        wide.check_known(self.left_out)
        self.check_transformed(wide)
        return with_joints(Cleaning(transforms=self.transforms).of(wide), self.joints)

    def check_transformed(self, table: Table) -> None:
        """Raise `DataError` for the first column that is not there to be transformed."""
        table.check_known([one.column for one in self.transforms])

    @property
    def cleaning(self) -> Cleaning:
        """Return what is done to the columns before they are fitted."""
        return Cleaning(self.missing, self._beside, self.transforms)

    @property
    def _beside(self) -> tuple[str, ...]:
        """Return the columns of row weights and of identifiers."""
        return tuple(name for name in (self.weights_column, self.id_column) if name is not None)

    def of(self, table: Table) -> "Request":
        """Return what is asked for of a table, with the row weights that it holds."""
        if self.weights_column is None:
            return self
        weights = table.numeric([self.weights_column])[:, 0]
        return replace(self, weights=weights / weights.mean() if self.sampled else weights)

    def ordered(self, table: Table, names: Sequence[str]) -> Any:
        """Return which of some columns of categories are ordinal, as estimators take it.

        Answers have the order that was said, in the words of the table; else that of the codes
        which the file has labels for; else the one that estimators know.
        """
        if self.ordinal is None or self.ordinal is False:
            return None
        given = dict.fromkeys(names, True) if self.ordinal is True else dict(self.ordinal)
        found: dict[str, Any] = {}
        for name, order in given.items():
            if isinstance(order, bool):
                found[name] = table.order(name) or True
            else:
                cells = {str(cell): cell for cell in table.categories(name)}
                found[name] = [cells.get(answer, answer) for answer in order]
        return found

    @property
    def prior_of_numbers(self) -> str | float | None:
        """Return the prior where columns are neither probabilities nor counts to smooth.

        Raises
        ------
        ParameterError
            If it is pseudo-counts of these.
        """
        if self.prior == "auto":
            return "weak"
        if self.prior not in ("weak", "conjugate", None):
            raise ParameterError(
                f"--prior {self.prior} is for answers, counts and words; for such columns it may "
                "be weak, conjugate or none"
            )
        return self.prior


# Runs the search, and returns it with what a summary says of the best.
Fitting = Callable[[Progress], tuple[Selection, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Beyond:
    """How columns of rows beyond memory are fitted, as the first rows look.

    Attributes
    ----------
    names : of those that are read
    search : takes a dataset of these, and returns what fits them
    read : takes the dataset, and returns it as that reads it
    """

    names: list[str]
    search: Callable[[Dataset], Fitting]
    read: Callable[[Dataset], Dataset] = lambda data: data


@dataclass(frozen=True, slots=True)
class Offer:
    """A family that `--family` names.

    Attributes
    ----------
    name : the word on the command line
    prepare : takes the columns from a file and returns what fits them
    beyond : takes the first rows of files that are beyond memory, and says how all are fitted
    options : names of the options that only some families have and this one does
    """

    name: str
    prepare: Callable[[Table, Request], Fitting]
    beyond: Callable[[Table, Request], Beyond]
    options: frozenset[str] = frozenset()


def fitting_of(estimator: DiscreteMixture, frame: Any, request: Request) -> Fitting:
    """Return what searches the sizes of an estimator on a data frame."""

    def search(progress: Progress) -> tuple[Selection, dict[str, Any]]:
        selection = estimator.select(
            frame,
            request.sizes,
            criterion=request.criterion,
            sample_weight=request.weights,
            progress=progress,
        )
        return selection, estimator.facts_

    return search
