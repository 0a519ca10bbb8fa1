"""What is said of the columns of a table: which are left out, codes in them, and remarks."""

from collections.abc import Sequence

from mixtura.inspection.column import Column, codes_note
from mixtura.text import quoted_names

__all__ = ["sentences", "sentences_of_codes", "sentences_of_remarks", "sentences_on_left_out"]


def sentences(columns: Sequence[Column]) -> list[str]:
    """Return all that is to be said."""
    return [
        *sentences_on_left_out(columns),
        *sentences_of_codes(columns),
        *sentences_of_remarks(columns),
    ]


def sentences_on_left_out(columns: Sequence[Column]) -> list[str]:
    """Return which columns are left out, and why."""
    return [
        f"column '{one.name}' is left out: {one.objection}"
        for one in columns
        if one.objection is not None
    ]


def sentences_of_codes(columns: Sequence[Column]) -> list[str]:
    """Return which numbers look like codes for missing cells, columns of the same ones at once."""
    alike: dict[tuple[float, ...], list[Column]] = {}
    for column in columns:
        if column.codes:
            alike.setdefault(tuple(code for code, _ in column.codes), []).append(column)
    said = []
    for codes, those in alike.items():
        cells = [sum(one.codes[place][1] for one in those) for place in range(len(codes))]
        note = codes_note(tuple(zip(codes, cells, strict=True)))
        said.append(f"{quoted_names([one.name for one in those])}: {note}")
    return said


def sentences_of_remarks(columns: Sequence[Column]) -> list[str]:
    """Return what else a reader should know of each."""
    return [f"'{one.name}': {remark}" for one in columns for remark in one.remarks]
