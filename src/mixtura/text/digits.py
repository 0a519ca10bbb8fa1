"""Numbers of CSV files with the digits that readers take in; Parquet files have all."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["beside_spread", "in_places", "significant"]

Float = NDArray[np.float64]

DIGITS, PLACES = 6, 6

# Powers of ten up to here are floats themselves, so that what is divided by one prints short.
MOST_PLACES = 22


def significant(values: Float) -> Float:
    """Return numbers to six significant digits, of tiny ones to 22 places.

    Examples
    --------
    >>> significant(np.array([1 / 3, 2e-9 / 3, 0.0, 0.99999997])).tolist()
    [0.333333, 6.66667e-10, 0.0, 1.0]
    """
    sizes = np.maximum(np.abs(values), 1e-300)
    places = np.clip(DIGITS - 1 - np.floor(np.log10(sizes)), 0, MOST_PLACES)
    scale = 10.0**places
    return np.where(np.isfinite(values), np.round(values * scale) / scale, values)


def in_places(values: Float) -> Float:
    """Return numbers to six places after the point.

    Examples
    --------
    >>> in_places(np.array([-1234.56789012, np.inf])).tolist()
    [-1234.56789, inf]
    """
    return np.round(values, PLACES)


def beside_spread(values: Float) -> Float:
    """Return numbers to six significant digits of their standard deviation, wherever they lie.

    Examples
    --------
    >>> beside_spread(np.array([1e6 + 1 / 3, 1e6 - 1 / 3])).tolist()
    [1000000.333333, 999999.666667]
    """
    with np.errstate(all="ignore"):
        spread = float(np.std(values))
    if not 0 < spread < np.inf:
        return values
    places = DIGITS - 1 - int(np.floor(np.log10(spread)))
    return np.round(values, places) if places <= MOST_PLACES else values
