"""Which page each family has: those of the columnwise tier one for all, others one of their own."""

from collections.abc import Mapping

from mixtura.components.catalogue import ROWS
from mixtura.components.noise import BESIDE_NOISE
from mixtura.report.beside_noise import noisy_page
from mixtura.report.columnwise import COLUMNWISE
from mixtura.report.counts import MULTINOMIAL, POISSON
from mixtura.report.factor_analyser import FACTOR_ANALYSER
from mixtura.report.gaussian import GAUSSIAN
from mixtura.report.items import ITEMS
from mixtura.report.mixed import mixed_page
from mixtura.report.parts import FamilyPage
from mixtura.report.scaled import CONTAMINATED, STUDENT_T

__all__ = ["PAGES", "has_page", "page_of"]

PAGES: Mapping[str, FamilyPage] = {
    "gaussian": GAUSSIAN,
    "gaussian with noise": GAUSSIAN,
    "t": STUDENT_T,
    "contaminated": CONTAMINATED,
    "factor_analyser": FACTOR_ANALYSER,
    "categorical": ITEMS,
    "bernoulli": ITEMS,
    "multinomial": MULTINOMIAL,
    "dirichlet_multinomial": MULTINOMIAL,
    "poisson": POISSON,
}

# Any family can be shown by what all families have; its own tables follow as text.
PLAIN = FamilyPage()


def page_of(family: str) -> FamilyPage:
    """Return what the page of a family shows."""
    shared = {row.family.name: COLUMNWISE for row in ROWS.values() if row.is_columnwise}
    pages = {**shared, **PAGES}
    pages = {**pages, "mixed": mixed_page(pages)}
    plain = family.removesuffix(BESIDE_NOISE)
    if family in pages or plain not in pages:
        return pages.get(family, PLAIN)
    return noisy_page(pages[plain])


def has_page(family: str) -> bool:
    """Return whether a family has a page of its own."""
    return page_of(family) is not PLAIN
