"""`Column`: what one column is, and what a fit does with it and why."""

from dataclasses import dataclass
from typing import Any, Literal

from mixtura.text import count_words, quoted_names

__all__ = ["BLOCKS", "Column", "Kind", "codes_note"]

Kind = Literal[
    "amounts",
    "counts",
    "ordered answers",
    "categories",
    "yes/no",
    "dates",
    "years",
    "identifiers",
    "row numbers",
    "row times",
    "free text",
    "damaged numbers",
    "numbers with units",
    "constant",
    "empty",
]

# The family of the block that columns of a kind are fitted in; columns of other kinds are left out.
BLOCKS: dict[str, str] = {
    "amounts": "gaussian",
    "counts": "negative_binomial",
    "ordered answers": "categorical",
    "categories": "categorical",
    "yes/no": "categorical",
}
# What is fitted where the user names a column that would be left out.
NAMED: dict[str, str] = {"dates": "categorical", "free text": "categorical"}
# Numbers that are named are amounts from so many levels on.
AMOUNTS_FROM = 13


@dataclass(frozen=True, slots=True)
class Column:
    """What one column is.

    Attributes
    ----------
    name : of the column
    kind : what its cells are
    why : what that was told from
    levels : number of different values, without codes for missing cells
    n_present, n_missing : cells that hold something, and that do not
    codes : numbers in it that look like codes for missing cells, and how many cells hold them
    step : the least step between values that repeat, 0 where few do
    remarks : what else a reader should know, as sentences
    repeats : the columns that it copies or sums, none where it does not
    asked : whether the user named it
    """

    name: str
    kind: Kind
    why: str
    levels: int
    n_present: int
    n_missing: int = 0
    codes: tuple[tuple[float, int], ...] = ()
    step: float = 0.0
    remarks: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()
    asked: bool = False

    @property
    def block(self) -> str | None:
        """Return the family of the block that it is fitted in, or None if it is left out."""
        if self.objection is not None:
            return None
        if self.kind in BLOCKS:
            return BLOCKS[self.kind]
        return NAMED.get(self.kind, "categorical" if self.is_few or self.is_text else "gaussian")

    @property
    def is_few(self) -> bool:
        """Return whether its values are few enough to be categories."""
        return self.levels < AMOUNTS_FROM

    @property
    def is_text(self) -> bool:
        """Return whether its cells are no numbers."""
        return self.why.startswith("text")

    @property
    def objection(self) -> str | None:
        """Return why it should be left out, if it should."""
        if self.kind == "empty":
            return "no value"
        if self.kind == "damaged numbers":
            return self.why
        if self.kind == "constant":
            return "one value only"
        if self.asked:
            return None
        if self.repeats:
            return f"{self.repetition}, and says nothing more"
        if self.kind not in BLOCKS:
            return self.kind if self.kind in self.why else f"{self.kind} ({self.why})"
        return None

    @property
    def repetition(self) -> str:
        """Return what it copies or sums, in words, and nothing where it does not."""
        if not self.repeats:
            return ""
        if len(self.repeats) == 1:
            return f"goes with '{self.repeats[0]}' one to one"
        return f"follows from {quoted_names(self.repeats)} by sums"

    @property
    def words(self) -> str:
        """Return what it holds, for instance "categories, 3 levels"."""
        if self.kind == "amounts":
            return self.why
        return f"{self.kind}, {self.levels:,} level{'' if self.levels == 1 else 's'}"

    @property
    def notes(self) -> list[str]:
        """Return codes for missing cells, and all else that a reader should know of it."""
        return [*([codes_note(self.codes)] if self.codes else []), *self.remarks]

    def row(self) -> dict[str, Any]:
        """Return it as a row of a table, of plain values."""
        return {
            "column": self.name,
            "kind": self.kind,
            "why": self.why,
            "fitted": self.block,
            "left_out": self.objection,
            "levels": self.levels,
            "present": self.n_present,
            "missing": self.n_missing,
            "missing_codes": ", ".join(f"{code:.0f}" for code, _ in self.codes),
            "step": self.step,
            "repeats": ", ".join(self.repeats),
            "notes": "; ".join(self.notes),
        }


def codes_note(codes: tuple[tuple[float, int], ...]) -> str:
    """Return that numbers, each in so many cells, look like codes for missing ones."""
    told = ", ".join(f"{code:.0f} ({count_words(count)} cells)" for code, count in codes)
    names = ",".join(f"{code:.0f}" for code, _ in codes)
    return (
        f"{told} look like codes for missing cells; where they are, make them missing "
        f"(NaN in a frame, --missing {names} by command)"
    )
