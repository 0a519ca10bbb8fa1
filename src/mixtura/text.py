"""Tables of text for a terminal, and what components are called in them."""

from collections.abc import Sequence

__all__ = ["component_name", "text_table"]

# Wider tables than this are cut, and say so.
SHOWN_COLUMNS = 12


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
