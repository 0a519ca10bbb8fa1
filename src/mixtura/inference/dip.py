"""Hartigan's dip: how far a distribution of one column is from the nearest of one mode."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["dip", "dip_p_value"]

Float = NDArray[np.float64]

# Quantiles of √N times the dip of N rows of the uniform distribution at these levels, by 25 000
# draws (300 000 below N = 10, 10 000 from N = 1280 on) of R's diptest.
LEVELS = (
    *(0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    *(0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999),
)
ROUNDING = 1e-9
QUANTILES = {
    4: (
        *(0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500, 0.2500),
        *(0.2653, 0.3148, 0.3748, 0.4141, 0.4471, 0.4630, 0.4737, 0.4885),
    ),
    5: (
        *(0.2236, 0.2236, 0.2236, 0.2236, 0.2236, 0.2432, 0.2719, 0.3004),
        *(0.3294, 0.3602, 0.3952, 0.4167, 0.4329, 0.4393, 0.4429, 0.4464),
    ),
    6: (
        *(0.2041, 0.2041, 0.2041, 0.2262, 0.2542, 0.2787, 0.3014, 0.3229),
        *(0.3443, 0.3660, 0.3897, 0.4036, 0.4380, 0.4686, 0.4942, 0.5350),
    ),
    7: (
        *(0.1890, 0.1923, 0.2165, 0.2491, 0.2734, 0.2937, 0.3119, 0.3287),
        *(0.3451, 0.3616, 0.3823, 0.4242, 0.4643, 0.4871, 0.5055, 0.5353),
    ),
    8: (
        *(0.1768, 0.2091, 0.2323, 0.2613, 0.2819, 0.2991, 0.3140, 0.3277),
        *(0.3408, 0.3547, 0.4012, 0.4362, 0.4700, 0.4902, 0.5065, 0.5501),
    ),
    10: (
        *(0.1954, 0.2279, 0.2469, 0.2702, 0.2864, 0.2990, 0.3099, 0.3249),
        *(0.3495, 0.3779, 0.4151, 0.4433, 0.4810, 0.5091, 0.5327, 0.5762),
    ),
    20: (
        *(0.2134, 0.2369, 0.2544, 0.2771, 0.2951, 0.3109, 0.3279, 0.3471),
        *(0.3690, 0.3952, 0.4345, 0.4691, 0.5096, 0.5384, 0.5628, 0.6135),
    ),
    40: (
        *(0.2184, 0.2465, 0.2638, 0.2870, 0.3061, 0.3236, 0.3422, 0.3620),
        *(0.3846, 0.4118, 0.4549, 0.4926, 0.5364, 0.5663, 0.5923, 0.6500),
    ),
    80: (
        *(0.2254, 0.2540, 0.2712, 0.2949, 0.3149, 0.3332, 0.3516, 0.3714),
        *(0.3943, 0.4229, 0.4673, 0.5063, 0.5528, 0.5831, 0.6121, 0.6756),
    ),
    160: (
        *(0.2313, 0.2595, 0.2785, 0.3025, 0.3220, 0.3400, 0.3586, 0.3794),
        *(0.4029, 0.4323, 0.4776, 0.5194, 0.5677, 0.6004, 0.6340, 0.7022),
    ),
    320: (
        *(0.2365, 0.2654, 0.2825, 0.3075, 0.3274, 0.3465, 0.3659, 0.3869),
        *(0.4111, 0.4406, 0.4865, 0.5262, 0.5754, 0.6061, 0.6389, 0.7096),
    ),
    640: (
        *(0.2385, 0.2680, 0.2856, 0.3104, 0.3306, 0.3496, 0.3693, 0.3901),
        *(0.4144, 0.4444, 0.4903, 0.5315, 0.5828, 0.6164, 0.6476, 0.7127),
    ),
    1280: (
        *(0.2429, 0.2718, 0.2891, 0.3144, 0.3347, 0.3531, 0.3718, 0.3933),
        *(0.4166, 0.4474, 0.4965, 0.5376, 0.5856, 0.6175, 0.6503, 0.7227),
    ),
    5120: (
        *(0.2438, 0.2725, 0.2910, 0.3168, 0.3375, 0.3556, 0.3744, 0.3953),
        *(0.4205, 0.4499, 0.4963, 0.5407, 0.5900, 0.6300, 0.6632, 0.7207),
    ),
}


def dip(values: Float, weights: Float | None = None) -> float:
    """Return the least of all sup |F - G|, F being that of rows and G of one mode.

    Between the greatest convex minorant of F and its least concave majorant an interval is made
    smaller that holds the mode, until the two are no farther apart in it than F is from them
    outside (Hartigan and Hartigan 1985).

    Parameters
    ----------
    values : (N,)
    weights : (N,) row weights

    Examples
    --------
    >>> import numpy as np
    >>> round(dip(np.array([0.0, 0.1, 0.9, 1.0])), 4)
    0.2222
    """
    row_weights = np.ones(len(values)) if weights is None else weights
    x, places = np.unique(values[row_weights > 0], return_inverse=True)
    jumps = np.bincount(places, row_weights[row_weights > 0])
    above = np.cumsum(jumps) / jumps.sum()
    below = np.concatenate([[0.0], above[:-1]])
    low, high, found = 0, len(x) - 1, 0.0
    while True:
        minorant = low + _hull(x[low : high + 1], below[low : high + 1], 1.0)
        majorant = low + _hull(x[low : high + 1], above[low : high + 1], -1.0)
        inside = np.arange(low, high + 1)
        under = np.interp(x[inside], x[minorant], below[minorant])
        over = np.interp(x[inside], x[majorant], above[majorant])
        knots = np.union1d(minorant, majorant)
        gaps = over[knots - low] - under[knots - low]
        widest = int(knots[gaps.argmax()])
        if gaps.max() <= found or high == low:
            break
        left = int(minorant[minorant <= widest][-1])
        right = int(majorant[majorant >= widest][0])
        before = (above[inside] - under)[: left - low].max(initial=0.0)
        after = (over - below[inside])[right - low + 1 :].max(initial=0.0)
        found = max(found, float(before), float(after))
        if (left, right) == (low, high):
            break
        low, high = left, right
    # A mode of one point may hold as many rows as it likes; the ends of a longer one may not.
    ends = 0.0 if low == high else float(max(above[low] - below[low], above[high] - below[high]))
    return max(found, ends) / 2


def dip_p_value(value: float, n_rows: float) -> float:
    """Return how often so many rows of the uniform distribution have a larger dip.

    It is the distribution of one mode whose rows have the largest.

    Parameters
    ----------
    value : the dip
    n_rows : N
    """
    if n_rows < min(QUANTILES) or 2 * n_rows * value <= 1 + ROUNDING:
        # No rows have a smaller dip than 1 / 2N, and fewer than four always have it.
        return 1.0
    sizes = np.log(np.array(list(QUANTILES)))
    table = np.array(list(QUANTILES.values()))
    at = [np.interp(np.log(n_rows), sizes, column) for column in table.T]
    return float(1.0 - np.interp(value * np.sqrt(n_rows), [0.0, *at], [0.0, *LEVELS], right=1.0))


def _hull(x: Float, y: Float, sign: float) -> NDArray[np.intp]:
    """Return the places of the knots of the convex hull of points from below, or from above."""
    kept: list[int] = []
    for place in range(len(x)):
        while len(kept) > 1:
            one, two = kept[-2], kept[-1]
            turn = (y[two] - y[one]) * (x[place] - x[one]) - (y[place] - y[one]) * (x[two] - x[one])
            if sign * turn < 0:
                break
            kept.pop()
        kept.append(place)
    return np.array(kept, dtype=np.intp)
