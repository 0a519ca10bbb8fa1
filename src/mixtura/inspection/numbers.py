"""What a column of numbers is: amounts, counts, answers, years, identifiers, numbers of rows."""

import re

import numpy as np
from numpy.typing import NDArray

from mixtura.inspection.column import Kind

__all__ = ["kind_of_numbers", "remarks_on_amounts"]

Float = NDArray[np.float64]
Told = tuple[Kind, str]

# Whole numbers with so many different values at the most are answers or categories.
FEW_LEVELS = 12
# Amounts that are few: cells a level below which a few levels say only that there are few rows.
CELLS_A_LEVEL = 3
# A tail is thin where its last level holds less than this share of the most frequent one.
THIN = 0.15
# Decimals are categories with so many levels at the most, and so many cells of each.
FEW_DECIMALS, OF_EACH = 5, 10
# Counts begin near 0, and half of them are no more than this.
FIRST_COUNT, MIDDLE_COUNT, FILLED = 2, 20, 0.8
# Years, with a name that says so and without one.
YEARS, LIKELY_YEARS, MOST_YEARS = (1000, 2100), (1850, 2050), 250
# Ties that evenly spread amounts would have, where identifiers have none.
EXPECTED_TIES = 10
# EVEN is the least statistic of Kolmogorov and Smirnov that one in twenty even columns has.
LONG_NUMBER, EVEN, MANY_CELLS = 1e5, 1.358, 50
# Skewness from which on a logarithm is advised; shares of one value that are told.
SKEWED, SPIKE, SPIKE_OVER = 1.5, 0.1, 10

YEAR = re.compile(r"(^|[^a-z])(years?|yr|jahr|annee|année|anno|año|ano)([^a-z]|$)", re.IGNORECASE)
# Names that say what a number is whatever it looks like; below, if numbers are all different.
NAMES = re.compile(
    r"(^|[^a-z])(ids?|uuid|guid|row_?id|row_?names?|participants?|subjects?|zip|zip_?code|"
    r"post_?code|phone)([^a-z]|$)|(?-i:[a-z](ID|Id)$)",
    re.IGNORECASE,
)
NUMBERS = re.compile(
    r"(^|[^a-z])(key|index|idx|rows?|nr|no|code|serial|number|num)([^a-z]|$)|(?-i:[a-z](Nr|No)$)",
    re.IGNORECASE,
)
TIMES = re.compile(r"(^|[^a-z])(time|times|timestamp|elapsed|clock)([^a-z]|$)", re.IGNORECASE)
# A clock has more times than this, and runs evenly but for pauses of so great a part of all;
# durations that a file is sorted by do not.
MANY_TIMES, RUNS_EVENLY = 20, 0.2


def kind_of_numbers(
    name: str, cells: Float, levels: Float, counts: NDArray[np.intp], n_rows: int
) -> Told:
    """Return what a column of numbers is, and what that was told from.

    Parameters
    ----------
    name : of the column
    cells : (n,) numbers, in the order of the rows
    levels : (L,) different ones, ascending, at least two
    counts : (L,) how many cells hold each
    n_rows : N, missing cells included
    """
    whole = bool((levels == np.floor(levels)).all())
    if len(levels) == 2 and levels.tolist() == [0.0, 1.0]:
        return "yes/no", "0 and 1"
    numbered = _numbering(name, cells, levels, n_rows, whole=whole)
    if numbered is not None:
        return numbered
    if not whole:
        if len(levels) <= FEW_DECIMALS and len(cells) >= OF_EACH * len(levels):
            return "categories", f"{len(levels)} different decimals"
        return "amounts", "decimals"
    if _are_years(name, levels):
        return "years", f"whole numbers from {levels[0]:g} to {levels[-1]:g}"
    if len(levels) <= FEW_LEVELS and len(cells) >= CELLS_A_LEVEL * len(levels):
        return _few(levels, counts)
    told = f"whole numbers, {len(levels):,} levels"
    if _are_counts(cells, levels):
        return "counts", f"whole numbers from {levels[0]:g} up, most of them small"
    return "amounts", told


def remarks_on_amounts(cells: Float, counts: NDArray[np.intp], levels: Float) -> list[str]:
    """Return what a fit of amounts (n,) would suffer from: skew and spikes, as sentences."""
    found = []
    most = int(counts.argmax())
    share = counts[most] / len(cells)
    if len(levels) > FEW_LEVELS and share > SPIKE and counts[most] > SPIKE_OVER * np.median(counts):
        found.append(
            f"{share:.0%} of the cells are {levels[most]:g}: a component may be that alone"
        )
    if len(cells) >= MANY_CELLS and levels[0] > 0:
        plain, logs = _skewness(cells), _skewness(np.log(cells))
        if plain > SKEWED and abs(logs) < plain / 2:
            found.append(
                f"skewness {plain:.1f}, of logarithms {logs:.1f}: fit the logarithm "
                "(mixtura fit --log), or take gamma components"
            )
    return found


def _skewness(cells: Float) -> float:
    far = cells / np.abs(cells).max() if np.abs(cells).max() > 0 else cells
    away = far - far.mean()
    width = np.sqrt(np.mean(away**2))
    return float(np.mean((away / width) ** 3)) if width > 0 else 0.0


def _few(levels: Float, counts: NDArray[np.intp]) -> Told:
    """Return what few whole numbers are."""
    first, last, n_levels = levels[0], levels[-1], len(levels)
    told = f"whole numbers from {first:g} to {last:g}"
    consecutive = last - first == n_levels - 1
    thin = counts[-1] <= THIN * counts.max() and counts.argmax() <= (n_levels - 1) / 2
    if thin and n_levels >= 4 and first in (0, 1) and counts[: n_levels // 2].min() > counts[-1]:
        return "counts", f"{told}, fewer and fewer at the end"
    if n_levels > 2 and consecutive and first in (0, 1):
        return "ordered answers", told
    if n_levels > 2 and np.allclose(levels + levels[::-1], 0) and consecutive:
        return "ordered answers", told
    return "categories", f"{n_levels} different whole numbers"


def _are_counts(cells: Float, levels: Float) -> bool:
    if levels[0] < 0 or levels[0] > FIRST_COUNT:
        return False
    middle = float(np.median(cells))
    small = levels[levels <= middle]
    return middle <= MIDDLE_COUNT and len(small) >= FILLED * (middle - levels[0] + 1)


def _are_years(name: str, levels: Float) -> bool:
    first, last = levels[0], levels[-1]
    span = last - first + 1
    if YEAR.search(name):
        return YEARS[0] <= first and last <= YEARS[1]
    within = LIKELY_YEARS[0] <= first and last <= LIKELY_YEARS[1] and span <= MOST_YEARS
    return bool(within and (len(levels) >= span / 2 or len(levels) >= 10))


def _numbering(name: str, cells: Float, levels: Float, n_rows: int, *, whole: bool) -> Told | None:
    """Return what numbers rows, or names what they are of; None if a column does neither."""
    n_cells, span = len(cells), float(levels[-1] - levels[0])
    steps = np.diff(cells)
    if n_cells == n_rows and n_cells > 2 and len(levels) == n_cells:
        even = np.abs(steps - steps[0]).max() <= 1e-9 * np.abs(levels).max()
        if even and ((whole and abs(steps[0]) == 1) or n_cells >= 10):
            return "row numbers", "each row has the next number"
        if whole and span == n_cells - 1 and n_cells >= 10:
            return "row numbers", "each number of the rows stands once"
    rises = len(levels) > MANY_TIMES and bool((steps >= 0).all())
    if rises and TIMES.search(name) and _unevenness(cells) < RUNS_EVENLY:
        return "row times", "by its name, and never falls from a row to the next"
    if not whole or n_cells < 10:
        return None
    distinct = len(levels) == n_cells
    if NAMES.search(name) and (distinct or len(levels) > FEW_LEVELS):
        return "identifiers", "whole numbers, by its name"
    if NUMBERS.search(name) and len(levels) > max(FEW_LEVELS, n_cells / 2):
        return "identifiers", "whole numbers, by its name and nearly all different"
    if distinct and n_cells >= 20 and (steps > 0).all() and np.median(steps) <= 2:
        return "identifiers", "all different, and nearly every row has the next"
    if distinct and n_cells**2 / (2 * (span + 1)) > EXPECTED_TIES:
        return "identifiers", "whole numbers, all different where amounts would repeat"
    if distinct and n_cells >= MANY_CELLS and levels[0] >= LONG_NUMBER and _is_even(levels):
        return "identifiers", "long whole numbers, all different and evenly spread"
    if len(levels) > 20 and _in_runs(cells, levels) and span <= 3 * len(levels):
        return "identifiers", "whole numbers in runs, one after the other"
    return None


def _in_runs(cells: Float, levels: Float) -> bool:
    """Return whether equal cells stand together, in the order of their numbers."""
    return len(levels) < len(cells) and bool((np.diff(cells) >= 0).all())


def _is_even(levels: Float) -> bool:
    """Return whether numbers are spread evenly from the first to the last, rounded by no tens."""
    if (levels % 10 == 0).mean() > 0.5:
        return False
    return _unevenness(levels) < EVEN / np.sqrt(len(levels))


def _unevenness(ascending: Float) -> float:
    """Return how far numbers (n,) are from even steps, of the way from the first to the last."""
    shares = (ascending - ascending[0]) / (ascending[-1] - ascending[0])
    return float(np.abs(shares - np.linspace(0, 1, len(shares))).max())
