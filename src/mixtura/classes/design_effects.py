"""How much a survey design makes likelihood ratios larger than they are of rows drawn one by one.

With H the information and V the variance of the sum of scores by the design, tr(H⁻¹ V) is the
number of parameters times their mean design effect, 1 where rows are drawn one by one from such a
mixture. The ratio of two models is divided by c = (tr_1 - tr_0) / (p_1 - p_0) (Rao and Scott 1984;
Asparouhov and Muthén 2005).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.engines import Serial
from mixtura.inference.information import information_of
from mixtura.inference.rows import checked
from mixtura.inference.survey import Sampling
from mixtura.mixture import Mixture

__all__ = ["Effect", "effect_of", "effect_of_shares"]


@dataclass(frozen=True, slots=True)
class Effect:
    """Design effects of the parameters of a model.

    Attributes
    ----------
    trace : their sum, tr(H⁻¹ V)
    size : how many parameters these are, without those on the edge of their range
    """

    trace: float
    size: int

    def __add__(self, other: "Effect") -> "Effect":
        return Effect(self.trace + other.trace, self.size + other.size)

    def __sub__(self, other: "Effect") -> "Effect":
        return Effect(self.trace - other.trace, self.size - other.size)

    def of_ratio(self, freer: "Effect") -> float:
        """Return what the likelihood ratio against a freer model is to be divided by.

        Where so few rows speak of what the models differ in that it is not above 0, it is the mean
        effect of the freer model.
        """
        between = freer - self
        found = between.trace / between.size if between.size > 0 else 0.0
        return found if found > 0.0 else freer.trace / max(freer.size, 1)


def effect_of(mixture: Mixture, rows: Any, sampling: Sampling) -> Effect:
    """Return the design effects of a mixture at its maximum for some coded rows."""
    mixture = mixture.coded
    read = replace(checked(mixture, rows, None, "marginal"), weights=sampling.weights)
    found = information_of(mixture, read, sampling, hold=True, engine=Serial())
    trace = float(np.trace(found.observed @ found.covariance("sandwich")))
    return Effect(trace, len(found.names))


def effect_of_shares(codes: NDArray[np.intp], sampling: Sampling) -> Effect:
    """Return the design effects of the shares of groups (N,), from 0 on."""
    indicators = (codes[:, None] == np.arange(codes.max() + 1)).astype(np.float64)
    total = float(sampling.weights.sum())
    shares = sampling.weights @ indicators / total
    scores = (indicators - shares)[:, :-1]
    information = total * (np.diag(shares) - np.outer(shares, shares))[:-1, :-1]
    trace = float(np.trace(np.linalg.solve(information, sampling.middle(scores))))
    return Effect(trace, len(shares) - 1)
