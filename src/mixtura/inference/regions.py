"""Highest-density regions: the smallest sets that hold a share of a mixture (Hyndman 1996)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from mixtura.arrays import as_share
from mixtura.components.gaussian.one_column import OneColumn
from mixtura.mixture import Mixture

__all__ = ["Region", "highest_density_region"]

Float = NDArray[np.float64]

SAMPLES = 100_000


@dataclass(frozen=True, slots=True)
class Region:
    """The set {x : log f(x) >= log_height}.

    Attributes
    ----------
    level : the share of the mixture that it holds
    log_height : the log density on its border
    error : the standard error of `log_height`, zero where it is exact
    intervals : (M, 2) the intervals that it is made of, in one column; None in more
    mixture : the mixture
    """

    level: float
    log_height: float
    error: float
    intervals: Float | None
    mixture: Mixture

    def contains(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which rows (N, D) it holds."""
        return self.mixture.log_density(rows) >= self.log_height


def highest_density_region(
    mixture: Mixture, level: float = 0.95, n_samples: int = SAMPLES, random_state: Any = None
) -> Region:
    """Return the smallest region that holds a share `level` of a mixture.

    For Gaussian mixtures of one column it is exact, a union of intervals. Otherwise the height of
    its border is the quantile of log f over rows drawn, with the error of that.

    Parameters
    ----------
    mixture : Mixture of a density; of counts and categories the region may hold a little more
    level : between 0 and 1
    n_samples, random_state : rows drawn, where they are

    Raises
    ------
    ParameterError
        If `level` is not between 0 and 1.
    """
    level = as_share("level", level)
    if getattr(mixture.family, "name", "") == "gaussian" and mixture.n_columns == 1:
        return _exact(mixture, level)
    rows, _ = mixture.coded.sample(n_samples, random_state)
    logs = np.sort(mixture.coded.log_density(rows))
    height = float(np.quantile(logs, 1.0 - level))
    # The order statistics one standard error of a binomial count to both sides.
    width = np.sqrt(level * (1.0 - level) / len(logs))
    ends = np.quantile(logs, np.clip([1.0 - level - width, 1.0 - level + width], 0.0, 1.0))
    return Region(level, height, float(0.5 * (ends[1] - ends[0])), None, mixture)


def _exact(mixture: Mixture, level: float) -> Region:
    column = OneColumn.of(mixture.weights, mixture.family, mixture.parameters)
    turns = column.turning_points()
    top = float(np.log(column.density(turns).max()))

    def excess(log_height: float) -> float:
        intervals = column.above(float(np.exp(log_height)))
        inside = column.cdf(intervals[:, 1]) - column.cdf(intervals[:, 0])
        return float(inside.sum()) - level

    bottom = top - 1.0
    while excess(bottom) < 0:
        bottom = top - 2.0 * (top - bottom)
    log_height: Any = scipy.optimize.brentq(excess, bottom, top, xtol=1e-13)
    return Region(level, log_height, 0.0, column.above(float(np.exp(log_height))), mixture)
