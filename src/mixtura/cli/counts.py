"""Counts of items by command, kept sparse: matrices with names beside them, and long files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from mixtura.cli.codes import without_codes
from mixtura.cli.long import COUNTED, Long
from mixtura.data.count_files import read_counts
from mixtura.data.draws import Draws
from mixtura.data.files import read_tables
from mixtura.data.long import sparse_counts
from mixtura.data.paths import is_matrix
from mixtura.errors import DataError, ParameterError

__all__ = ["CountedRows", "Naming", "count_options", "counted_rows"]

# Families that are fitted to counts as a matrix has them.
SPARSE = (*COUNTED, "bernoulli")


@dataclass(frozen=True, slots=True)
class Naming:
    """What options say of a matrix of counts.

    Attributes
    ----------
    items, rows : files with the names of its columns and rows, a name a line, or None
    transpose : whether its rows are items
    """

    items: str | None = None
    rows: str | None = None
    transpose: bool = False

    @property
    def given(self) -> dict[str, bool]:
        """Return which options are given."""
        return {
            "--items": self.items is not None,
            "--row-names": self.rows is not None,
            "--transpose": self.transpose,
        }


@dataclass(frozen=True, slots=True, eq=False)
class CountedRows:
    """Rows of counts, of which only those that are there are kept.

    Attributes
    ----------
    path : what an error calls them
    draws : the counts, with the names of their items
    id_column : what the column of identifiers is called, or None where rows have only places
    identifiers : (N,) what rows are called, or None
    weights : (N,) row weights, or None
    """

    path: Path
    draws: Draws
    id_column: str | None = None
    identifiers: Sequence[Any] | None = None
    weights: NDArray[np.float64] | None = None

    def read_by(self, names: Sequence[str]) -> Any:
        """Return the counts (N, D) of the items of a model.

        Raises
        ------
        DataError
            If there is none of these.
        """
        if not set(names) & set(self.draws.names):
            raise DataError(
                f"'{self.path}' has none of the items that the model knows, such as '{names[0]}'; "
                "say by --items what those of a matrix are called"
            )
        return self.draws.of_items(names).counts

    def of(self, wanted: Sequence[str], excluded: Sequence[str]) -> Draws:
        """Return the counts of the items wanted, or of all but those excluded.

        Raises
        ------
        DataError
            If no row has one of those named.
        """
        known = set(self.draws.names)
        for name in (*wanted, *excluded):
            if name not in known:
                raise DataError(f"'{self.path}' has no item '{name}'; look at how it is spelled")
        if not (wanted or excluded):
            return self.draws
        names = wanted or [name for name in self.draws.names if name not in set(excluded)]
        return self.draws.of_items(names)


def count_options(function: Any) -> Any:
    """Add the options that say what a matrix of counts has no names for."""
    options = (
        click.option(
            "--items",
            metavar="FILE",
            help="Of a matrix of counts (.mtx, .svmlight, .npz): the names of its columns, a name "
            "a line.",
        ),
        click.option("--row-names", metavar="FILE", help="The same of its rows."),
        click.option(
            "--transpose",
            is_flag=True,
            help="Its rows are items, as in files of gene counts, and its columns what is grouped.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def counted_rows(
    files: Sequence[Path],
    called: Path,
    family: str,
    naming: Naming,
    long: Long | None,
    *,
    missing: Sequence[str] = (),
    weights: str | None = None,
    id_column: str | None = None,
    refused: Mapping[str, bool],
) -> CountedRows | None:
    """Return counts as files have them, or None where files are tables of rows.

    Parameters
    ----------
    called : what an error calls the files together
    family : by its name
    long : what the columns of a long file are, or None
    missing : codes of missing cells in a long file
    weights, id_column : the columns of row weights and of identifiers in a long file, or None
    refused : options that a matrix has no columns for, by whether they are given

    Raises
    ------
    ParameterError
        If a matrix is of no such family, or an option says nothing of the files.
    DataError
        If they cannot be read.
    """
    matrices = [file for file in files if is_matrix(file)]
    if not matrices:
        for option, given in naming.given.items():
            if given:
                raise ParameterError(
                    f"{option} is for a matrix of counts (.mtx, .svmlight, .npz), and '{called}' "
                    "is none; leave it out"
                )
        if long is None or not long.sums:
            return None
        return _of_lines(files, called, long, missing, weights, id_column or long.row)
    if len(files) > 1:
        raise ParameterError(
            f"'{matrices[0]}' is a matrix of counts, which is fitted by itself; name no other file"
        )
    for option, given in {"--long": long is not None, **refused}.items():
        if given:
            raise ParameterError(
                f"'{matrices[0]}' is a matrix of counts and has no named columns, so {option} says "
                "nothing; --items and --row-names are files with the names of its columns and rows"
            )
    if family not in SPARSE:
        raise ParameterError(
            f"'{matrices[0]}' is a matrix of counts, and models of family {family} are of other "
            f"rows; those of {', '.join(SPARSE[:-1])} and {SPARSE[-1]} take it"
        )
    draws = read_counts(
        matrices[0], items=naming.items, groups=naming.rows, transpose=naming.transpose
    )
    if naming.rows is None:
        return CountedRows(matrices[0], draws)
    return CountedRows(matrices[0], draws, "row", draws.groups)


def _of_lines(
    files: Sequence[Path],
    called: Path,
    long: Long,
    missing: Sequence[str],
    weights: str | None,
    id_column: str,
) -> CountedRows:
    """Return the counts of a file of one cell a line."""
    beside = [name for name in (weights, id_column) if name not in (None, long.row)]
    read, named = read_tables(files, called), (*beside, long.row, long.column)
    table = without_codes(read, missing, named)
    draws, kept = sparse_counts(table, long.row, long.column, long.value, kept=beside)
    given = None if weights is None else kept.numeric([weights])[:, 0]
    return CountedRows(called, draws, id_column, kept.column(id_column), given)
