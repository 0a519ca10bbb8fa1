"""The rows that a mixture reads, from the columns of a file."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mixtura.data.encoding import encoded
from mixtura.data.joints import Joint, with_joints
from mixtura.data.table import Table
from mixtura.data.transforms import with_those_wanted
from mixtura.errors import DataError
from mixtura.kinds import ColumnKind
from mixtura.mixture import Mixture
from mixtura.text import quoted_names

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["frame_of", "rows_of", "text_columns"]


def text_columns(mixture: Mixture) -> list[str]:
    """Return the names of the columns whose categories are all text, numbers though they spell."""
    return [
        name
        for name, kind in zip(mixture.columns or (), mixture.kinds, strict=False)
        if kind.labels and all(isinstance(label, str) for label in kind.labels)
    ]


def rows_of(
    mixture: Mixture, table: Table, *, ignore: bool = False, gaps: bool = True
) -> NDArray[Any]:
    """Return the rows (N, D) of a file, its columns found by name whatever their order.

    A missing number is NaN, and left out of its row's density. A column "log(x)" that is not there
    is the logarithm of x.

    Parameters
    ----------
    ignore : count a category that the fit did not see as missing
    gaps : let numbers, counts and amounts be missing

    Raises
    ------
    DataError
        Naming a column that is missing, or the first cell that cannot be used.
    """
    table = _with_derived(mixture, table)
    names = _columns(mixture, table)
    cells = [_cells(table, *one) for one in zip(names, mixture.kinds, strict=True)]
    return encoded(cells, mixture.kinds, names, ignore=ignore, gaps=gaps)


def frame_of(mixture: Mixture, table: Table) -> "pa.Table":
    """Return the columns of a file that a mixture reads, as a frame that it reads by itself."""
    import pyarrow as pa

    table = _with_derived(mixture, table)
    names = _columns(mixture, table)
    cells = [_cells(table, *one) for one in zip(names, mixture.kinds, strict=True)]
    return pa.table(dict(zip(names, cells, strict=True)))


def _with_derived(mixture: Mixture, table: Table) -> Table:
    """Return a file with the functions and pairs of its columns that a mixture is of."""
    wanted = mixture.columns or ()
    pairs = (Joint.named(name, table.kinds) for name in wanted if name not in table.kinds)
    return with_those_wanted(with_joints(table, [one for one in pairs if one is not None]), wanted)


def _cells(table: Table, name: str, kind: ColumnKind) -> Any:
    if kind.name == "category":
        return table.categories(name, kind.labels)
    return table.numeric([name], "nan" if kind.may_be_missing else "error")[:, 0]


def _columns(mixture: Mixture, table: Table) -> Sequence[str]:
    if mixture.columns is None:
        if len(table.names) != mixture.n_columns:
            raise DataError(
                f"'{table.path}' has {len(table.names)} columns, and the model, which has no "
                f"column names, was fitted on {mixture.n_columns}"
            )
        return table.names
    missing = [name for name in mixture.columns if name not in table.kinds]
    if missing:
        names = quoted_names(missing)
        raise DataError(
            f"'{table.path}' lacks {names}, on which the model was fitted; add what it lacks, or "
            "fit a model without it"
        )
    return mixture.columns
