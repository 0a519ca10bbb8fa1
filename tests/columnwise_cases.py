"""The table of families of the columnwise tier: a row gives a family all laws and checks."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from mpmath import mp
from numpy.typing import NDArray
from scipy import stats

from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.geometric import GeometricFamily, SuccessProbabilities
from mixtura.estimators.named import estimator_of

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Columnwise:
    """What other systems know of a family.

    Attributes
    ----------
    family : of three columns
    truth : the numbers (2, 3) of two components, well apart
    distribution : SciPy's of one component, by arrays (D,) of its numbers
    logs : log f_k(x) (n, K) up to log h(x), for complex numbers too, by arrays (K, D)
    exact : log f(x) of one cell by mpmath
    cells : of which the density is looked at
    """

    family: ColumnwiseFamily
    truth: Any
    distribution: Callable[..., Any]
    logs: Callable[..., NDArray[Any]]
    exact: Callable[..., Any]
    cells: tuple[float, ...]

    def estimator(self, n_components: int = 1, **settings: Any) -> Any:
        """Return the estimator, with what the row of the catalogue fixes."""
        (name,) = (name for name, one in COLUMNWISE.items() if one is self)
        return estimator_of(name)(n_components, **settings)

    def numbers(self, parameters: Any) -> list[Float]:
        """Return the arrays (K, D) of a value, in their order."""
        return [getattr(parameters, field.name) for field in fields(parameters)]

    def drawn(self, rng: np.random.Generator, labels: NDArray[np.intp]) -> Float:
        """Return a row of the truth for each label, drawn by SciPy."""
        numbers = [array[labels] for array in self.numbers(self.truth)]
        return self.distribution(*numbers).rvs(random_state=rng) * 1.0

    def rows(self, rng: np.random.Generator, n_rows: int) -> Float:
        """Return rows of both components."""
        return self.drawn(rng, rng.integers(0, 2, n_rows))

    def log_density(self, rows: Float, parameters: Any, k: int) -> Float:
        """Return log f_k(x) (n,) by SciPy."""
        law = self.distribution(*(array[k] for array in self.numbers(parameters)))
        found = law.logpmf(rows) if hasattr(law, "logpmf") else law.logpdf(rows)
        return found.sum(axis=1)


def geometric_logs(rows: Float, probabilities: NDArray[Any]) -> NDArray[Any]:
    p = probabilities
    return (np.log(p) + rows[:, None] * np.log(1 - p)).sum(axis=2)


COLUMNWISE: dict[str, Columnwise] = {
    "geometric": Columnwise(
        GeometricFamily(3),
        SuccessProbabilities(np.array([[0.6, 0.08, 0.3], [0.1, 0.5, 0.04]])),
        lambda p: stats.geom(p, loc=-1),
        geometric_logs,
        lambda x, p: mp.log(p) + x * mp.log(1 - p),
        (0.0, 1.0, 7.0, 1e3, 1e7),
    ),
}
