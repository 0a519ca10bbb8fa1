"""Numbers that stand for missing cells: 99999, -9 and the like."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["CODES", "codes_for_missing"]

Float = NDArray[np.float64]

NINES = tuple(float("9" * digits) for digits in range(1, 10))
POSITIVE = (*NINES, *(7.0, 8.0, 77.0, 88.0, 96.0, 97.0, 98.0, 777.0, 888.0, 996.0, 997.0, 998.0))
CODES = np.array([*POSITIVE, *(-code for code in POSITIVE), -1.0])
# A number no shorter than this is a code even where it stands once.
TELLING = 999.0
# Scales of answers have no more levels than this; a code stands so far beyond them, so often, and
# where it is nearer as often as half of the answers next to it.
SCALE, APART, NEAR, OFTEN = 12, 3.0, 2.0, 3
# Among decimals a code is so much more frequent than any other number.
MORE_OFTEN = 5


def codes_for_missing(levels: Float, counts: NDArray[np.intp]) -> list[float]:
    """Return the numbers of a column that look like codes for missing cells.

    One looks so if it is such a code and far beyond all numbers that are none, or the only
    negative one, or whole among decimals and by far the most frequent.

    Parameters
    ----------
    levels : (L,) different numbers of the column, ascending
    counts : (L,) how many cells hold each
    """
    doubted = np.isin(levels, CODES)
    plain = np.flatnonzero(~doubted)
    if len(plain) < 2:
        return []
    low, high = plain[0], plain[-1]
    found: list[float] = []
    # From the inside out: one that is no code is a number for those beyond it.
    for place in (*range(low - 1, -1, -1), *range(high + 1, len(levels))):
        rest, often = levels[low : high + 1], counts[low : high + 1]
        if _is_beyond(float(levels[place]), int(counts[place]), rest, often):
            found.append(float(levels[place]))
        else:
            low, high = min(low, place), max(high, place)
    rest = levels[low : high + 1]
    if (rest == np.floor(rest)).all():
        return found
    spikes = doubted & (levels >= rest[0]) & (levels <= rest[-1]) & (np.abs(levels) >= NINES[1])
    most = max(OFTEN, MORE_OFTEN * int(counts[~doubted].max()))
    return found + levels[spikes & (counts >= most)].tolist()


def _is_beyond(code: float, count: int, rest: Float, often: NDArray[np.intp]) -> bool:
    """Return whether a code at either end of other numbers is none of them."""
    gap = float(np.abs(rest - code).min())
    span = float(rest[-1] - rest[0])
    whole = bool((rest == np.floor(rest)).all())
    if code < 0 <= rest[0]:
        return count >= 2 or gap > span
    if whole and len(rest) <= SCALE and span == len(rest) - 1 and abs(code) < TELLING:
        alike = gap >= NEAR and 2 * count > int(often[-1])
        return count >= OFTEN and (gap >= APART or alike)
    return abs(code) > SCALE and gap >= span and (count >= 2 or abs(code) >= TELLING)
