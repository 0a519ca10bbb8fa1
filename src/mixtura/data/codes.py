"""Codes of missing cells in a column of a file: which values they are, and cells without them."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["coded", "emptied", "spelling"]


def spelling(value: Any) -> str:
    """Return how a value stands in a file of text: 1.0 as "1", True as "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return text.lower() if text.lower() in ("true", "false") else text


def coded(cells: "pa.ChunkedArray", codes: Collection[str]) -> list[Any]:
    """Return the values of a column that are spelled as one of some codes."""
    wanted = {spelling(code) for code in codes}
    found: list[Any] = cells.unique().to_pylist()
    return [value for value in found if value is not None and spelling(value) in wanted]


def emptied(cells: "pa.ChunkedArray", values: list[Any]) -> "pa.ChunkedArray":
    """Return a column in which cells that hold one of some values are missing."""
    import pyarrow as pa
    from pyarrow import compute

    pc: Any = compute
    missing = pc.is_in(cells, value_set=pa.array(values, cells.type))
    return pa.chunked_array(pc.if_else(missing, pa.scalar(None, cells.type), cells))
