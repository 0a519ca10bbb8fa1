"""What a column of text is: categories, ordered answers, yes/no, dates, names, free text."""

import re
from collections import Counter
from collections.abc import Sequence

from mixtura.data.table import NUMBER
from mixtura.inspection.column import Kind

__all__ = ["kind_of_text", "mostly_numbers", "number_spelled", "scale_of"]

Told = tuple[Kind, str]

# Text with more different values than this, and in more than half of the rows, names the rows.
MANY_TEXTS = 20
# So do names that so few rows share.
CELLS_A_NAME = 4
# Words of text that is no name.
WORDS = 5
# A text column in which this share of cells are numbers is a damaged numeric one.
MOSTLY_NUMBERS = 0.5
# A column of text holds dates where nearly all cells are spelled so.
MOSTLY_DATES = 0.95
LOOKED_AT = 1000
FEW_LEVELS = 12

DATE = re.compile(
    r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|"
    r"\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4})([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?.*)?\s*"
)
TIME = re.compile(r"\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*([AaPp][Mm])?\s*")
# A number with a currency in front or behind, or a unit.
CURRENCY = r"[$€£¥₹₩₽¢]|USD|EUR|GBP|CHF|JPY|CNY|INR"
UNIT = rf"[%‰°µa-zA-Z/²³]{{1,8}}|{CURRENCY}"
WITH_UNIT = re.compile(rf"[-+(\s]*({CURRENCY})?[-+\s]*\d[\d,.'\s]*({UNIT})?[)\s]*")
# All have the same unit, but for slips.
ONE_UNIT = 0.95
LEADING = re.compile(r"\s*[<>≤≥]?\s*(\d+(?:[.,]\d+)?)")
YES_NO = (
    *({"yes", "no"}, {"y", "n"}, {"true", "false"}, {"t", "f"}, {"ja", "nein"}, {"j", "n"}),
    *({"oui", "non"}, {"si", "no"}, {"sí", "no"}, {"on", "off"}, {"present", "absent"}),
)
# Scales of answers, lowest first; a column that has three or more of one, and nothing else, is one.
SCALES = tuple(
    tuple(scale.split(", "))
    for scale in (
        "very low, low, medium, moderate, high, very high",
        "never, almost never, rarely, seldom, sometimes, occasionally, often, usually, very often, "
        "almost always, always",
        "strongly disagree, disagree, somewhat disagree, slightly disagree, neutral, "
        "neither agree nor disagree, undecided, slightly agree, somewhat agree, agree, "
        "strongly agree",
        "very poor, poor, fair, average, good, very good, excellent",
        "very bad, bad, fair, good, very good",
        "none, minimal, mild, moderate, severe, very severe",
        "not at all, a little, slightly, somewhat, moderately, very, very much, extremely",
        "very dissatisfied, dissatisfied, neutral, satisfied, very satisfied",
        "xs, s, m, l, xl, xxl",
        "tiny, small, medium, large, huge",
        "first, second, third, fourth, fifth",
        "i, ii, iii, iv, v, vi",
        "primary, secondary, tertiary",
        "daily, weekly, monthly, yearly, never",
    )
)


def kind_of_text(cells: Sequence[str], rows: Sequence[int]) -> Told:
    """Return what a column of text (n,) is, and what that was told from.

    Parameters
    ----------
    rows : (n,) the rows that the cells stand in, from 0 on
    """
    levels = Counter(cells)
    n_levels, n_cells = len(levels), len(cells)
    if {level.strip().lower() for level in levels} in YES_NO:
        return "yes/no", f"text, {' and '.join(sorted(levels))}"
    if _share(levels, DATE) > MOSTLY_DATES or _share(levels, TIME) > MOSTLY_DATES:
        return "dates", "text that spells dates or times"
    if n_levels > min(FEW_LEVELS, n_cells / 2) and mostly_numbers(cells):
        for cell, row in zip(cells, rows, strict=True):
            if not re.fullmatch(NUMBER, cell):
                told = f"text, most of it numbers, but row {row + 1} holds '{cell}'"
                return "damaged numbers", told
    if n_levels > FEW_LEVELS and _have_a_unit(levels):
        example = cells[0].strip()
        return "numbers with units", f"text such as '{example}'; as plain numbers they are amounts"
    if n_levels > max(MANY_TEXTS, n_cells / CELLS_A_NAME):
        told = f"text with {n_levels:,} different values in {n_cells:,} rows"
        words = sum(len(level.split()) for level in levels) / n_levels
        return ("free text" if words >= WORDS else "identifiers"), told
    if _is_scale(list(levels)):
        return "ordered answers", "text whose values have an order"
    return "categories", "text"


def mostly_numbers(cells: Sequence[str]) -> bool:
    """Return whether text holds so many numbers that it was meant to hold no text."""
    some = cells[:LOOKED_AT]
    return sum(map(number_spelled, some)) > MOSTLY_NUMBERS * max(len(some), 1)


def number_spelled(cell: object) -> bool:
    """Return whether a cell spells a number."""
    try:
        # With commas too: a decimal one, or between thousands, which reading it then names.
        float(str(cell).replace(",", ""))
    except ValueError:
        return False
    return True


def _share(levels: Counter[str], pattern: re.Pattern[str]) -> float:
    return sum(n for level, n in levels.items() if pattern.fullmatch(level)) / levels.total()


def _have_a_unit(levels: Counter[str]) -> bool:
    """Return whether text is numbers that nearly all have the same unit."""
    units = Counter[tuple[str, str]]()
    for level, n in levels.items():
        found = WITH_UNIT.fullmatch(level)
        if found:
            units[found[1] or "", found[2] or ""] += n
    units.pop(("", ""), None)
    return bool(units) and units.most_common(1)[0][1] > ONE_UNIT * levels.total()


def scale_of(levels: Sequence[str]) -> list[str] | None:
    """Return levels of text in their order, where they are of a known scale or begin with numbers.

    None where nothing says what the order is.
    """
    words = {level: " ".join(level.lower().split()) for level in levels}
    for scale in SCALES:
        if set(words.values()) <= set(scale):
            return sorted(levels, key=lambda level: scale.index(words[level]))
    starts = {level: LEADING.match(level) for level in levels}
    numbers = {level: float(s[1].replace(",", ".")) for level, s in starts.items() if s}
    if len(set(numbers.values())) < len(levels):
        return None
    return sorted(levels, key=lambda level: numbers[level])


def _is_scale(levels: Sequence[str]) -> bool:
    """Return whether a few values of text are answers on a known scale, or begin with numbers."""
    if not 3 <= len(levels) <= FEW_LEVELS:
        return False
    words = {" ".join(level.lower().split()) for level in levels}
    if any(words <= set(scale) for scale in SCALES):
        return True
    starts = [LEADING.match(level) for level in levels]
    longer = any(not number_spelled(level) for level in levels)
    return longer and all(starts) and len({s[1] for s in starts if s}) >= len(levels) - 1
