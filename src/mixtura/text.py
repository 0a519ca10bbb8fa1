"""Tables of text for a terminal."""

from collections.abc import Sequence

__all__ = ["text_table"]

# Wider tables than this are cut, and say so.
SHOWN_COLUMNS = 12


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with columns set right, the first one set left."""
    cells = [list(header), *map(list, rows)]
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
