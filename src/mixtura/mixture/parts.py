"""Rows that may be more than memory holds, read once more as a mixture reads a table."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from mixtura.data.dataset import Dataset
from mixtura.data.encoding import AS_IT_COMES, Reading
from mixtura.data.parts import Part
from mixtura.data.paths import is_spelled
from mixtura.data.table import table_of
from mixtura.data.transforms import may_be_function
from mixtura.errors import DataError
from mixtura.mixture.mixture import Mixture
from mixtura.mixture.tables import rows_of, text_columns

__all__ = ["encoded_parts"]


def encoded_parts(
    mixture: Mixture, data: Dataset, ids: str | None = None, *, missing: str | None = None
) -> Iterator[tuple[NDArray[Any], Part]]:
    """Yield rows (n, D) as `Mixture.encode` returns them, some at a time, with where they are from.

    Parameters
    ----------
    ids : a column of identifiers, for `Part.ids`
    missing : as in `Mixture.encode`

    Raises
    ------
    DataError
        Naming file, row group, column and row of the first cell that cannot be used.
    """
    rules = (mixture.reading or AS_IT_COMES).but(None, missing)
    names = mixture.columns
    # Files may have the columns that functions are of, or the functions.
    columns = None if any(map(may_be_function, names or ())) else names
    for part in data.source_parts(columns, ids, text_columns(mixture)):
        try:
            rows = _rows_of(mixture.read_by(rules), part, rules)
        except DataError as error:
            raise DataError(f"{part.place}: {error}") from error
        yield rows, part


def _rows_of(mixture: Mixture, part: Part, rules: Reading) -> NDArray[Any]:
    if part.file is None or not part.is_frame:
        return mixture.encode(part.cells)
    table = table_of(part.file, part.cells, spelled=is_spelled(part.file))
    ignore, gaps = rules.unknown == "ignore", rules.missing == "marginal"
    return rows_of(mixture, table, ignore=ignore, gaps=gaps)
