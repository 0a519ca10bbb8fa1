"""What is said of components that want rows or width, in a family's own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

__all__ = ["Wording", "listed"]


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said of components of a family that want rows or width.

    Attributes
    ----------
    determined : what takes rows to determine, for each kind of column
    remedies : what takes fewer
    bounds : what keeps likelihoods finite where there is no width
    several : how columns without width are named where they are several
    failed : what is said where an M-step fails, or None for `failure`
    """

    determined: tuple[str, ...] = ("its parameters",)
    remedies: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ("the prior",)
    several: str = "each of"
    failed: str | None = None

    @classmethod
    def beside(cls, wordings: Sequence["Wording"]) -> Self:
        """Return the words of several kinds of columns together."""
        widths = [one for one in wordings if one.remedies] or wordings[:1]
        ways = {one.several for one in widths}
        return cls(
            tuple(dict.fromkeys(word for one in widths for word in one.determined)),
            tuple(dict.fromkeys(word for one in widths for word in one.remedies)),
            tuple(dict.fromkeys(word for one in widths for word in one.bounds)),
            ways.pop() if len(ways) == 1 else "some of, or a combination of,",
        )

    @property
    def failure(self) -> str:
        """Return what is said where an M-step fails."""
        return self.failed or (
            "Fitting the mixture model failed because the rows of some component do not determine "
            f"{listed(self.determined)}. Try fewer components, more starts "
            "(n_init), or the default prior."
        )

    @property
    def advice(self) -> str:
        """Return what to try where components have too few rows."""
        return f"try {', or '.join(('fewer components', *self.remedies))}"


def listed(words: Sequence[str]) -> str:
    """Return words with an "or" between them."""
    return " or ".join(words)
