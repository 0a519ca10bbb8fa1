"""What pages say of how sure components are, from the facts of a fit."""

from collections.abc import Sequence

from mixtura.report.contents import Report

__all__ = ["certainty", "note_sentences", "shares_note", "shares_of_modes"]


def certainty(report: Report) -> list[tuple[str, str, str]]:
    """Return the relative entropy as a number on top of the page, if it is known."""
    value = report.facts.get("relative_entropy")
    meaning = "1: all rows are sure; Mplus's entropy"
    return [] if value is None else [("entropy", f"{value:.4f}", meaning)]


def shares_of_modes(report: Report) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return modal shares as a column of the table of components, if they are known."""
    modal = report.facts.get("modal_shares")
    if modal is None:
        return (), ()
    return ("modal share",), [(f"{share:.4f}",) for share in modal]


def shares_note(report: Report) -> str:
    """Return what modal shares are, if they are known."""
    if "modal_shares" not in report.facts:
        return ""
    return (
        "Weight: the estimated share of the component. Modal share: the share of rows whose most "
        "probable component it is."
    )


def note_sentences(report: Report) -> list[str]:
    """Return the notes of a fit as sentences."""
    lines = [line for note in report.facts.get("notes", ()) for line in note.splitlines()]
    return [f"{line[0].upper()}{line[1:]}." for line in lines]
