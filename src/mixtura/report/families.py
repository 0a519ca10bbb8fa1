"""Which page each family has. A new family that wants its own figures adds one line."""

from collections.abc import Mapping

from mixtura.report.gaussian import GAUSSIAN
from mixtura.report.parts import CRITERION, TRACE, UNCERTAINTY, FamilyPage

__all__ = ["PAGES", "page_of"]

PAGES: Mapping[str, FamilyPage] = {"gaussian": GAUSSIAN}

# Any family can be shown by what all families have; its own tables follow as text.
PLAIN = FamilyPage((CRITERION, UNCERTAINTY, TRACE), lambda _: ((), ()))


def page_of(family: str) -> FamilyPage:
    """Return what the page of a family shows."""
    return PAGES.get(family, PLAIN)
