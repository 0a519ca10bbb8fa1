"""Tables of text for a terminal, and what components are called in them."""

from collections.abc import Sequence

__all__ = ["component_name", "count_words", "quoted_names", "row_words", "text_table"]

# Wider tables than this are cut, and say so.
SHOWN_COLUMNS = 12

# Rows are counted up to here, with a tenth.
MANY_ROWS = 1e15

# Names that a sentence lists.
NAMED = 8

# Longer names are cut in them.
LONGEST_CELL = 60


def component_name(label: int, before: str = "") -> str:
    """Return what a component is called.

    Parameters
    ----------
    label : its number, or -1 for noise
    before : what stands before a number

    Examples
    --------
    >>> component_name(2), component_name(2, "component "), component_name(-1, "component ")
    ('2', 'component 2', 'noise')
    """
    return "noise" if label < 0 else f"{before}{label}"


def count_words(count: float) -> str:
    """Return a count as a reader takes it in.

    Examples
    --------
    >>> count_words(1728), count_words(2.0**70), count_words(float("inf"))
    ('1,728', '1.18e+21', 'more than 1e308')
    """
    if count == float("inf"):
        return "more than 1e308"
    return f"{count:,}" if isinstance(count, int) else f"{count:.3g}"


def row_words(rows: float) -> str:
    """Return "17.3" of so many rows, and "2e+250" of what weights may add up to."""
    return f"{rows:.1f}" if rows < MANY_ROWS else f"{rows:.4g}"


def _cut(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else f"{cell[: LONGEST_CELL - 3]}..."


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with columns set right, the first one set left."""
    cells = [list(map(_cut, header)), *(list(map(_cut, row)) for row in rows)]
    if len(header) > SHOWN_COLUMNS:
        left_out = len(header) - SHOWN_COLUMNS
        cells = [row[:SHOWN_COLUMNS] for row in cells]
        cells[0].append(f"({left_out} more)")
        for row in cells[1:]:
            row.append("")
    widths = [max(len(row[j]) for row in cells) for j in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if j == 0 else cell.rjust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def quoted_names(names: Sequence[str]) -> str:
    """Return names in quotes, of many only the first."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:NAMED]) + more
