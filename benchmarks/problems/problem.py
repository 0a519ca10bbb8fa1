"""A problem: rows to fit, as many held out, and the truth behind both."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OUTLIER", "Parts", "Problem", "choose", "gaussian", "halves", "log_uniform", "shuffled"]

# The label of rows that belong to no true cluster; no agreement of clusters looks at them.
OUTLIER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is to be fitted, and what is known of it.

    Attributes
    ----------
    fitted, held_out : rows; of rounded columns the held-out ones are as before rounding
    labels : (N,) true clusters of the fitted rows, `OUTLIER` for rows of none
    start : (N,) components for EM from the truth, from 0 to K - 1; noise is the last
    family : "gaussian", "categorical", "multinomial", "bernoulli" or "poisson"
    structure : covariance type of a Gaussian
    noise : as `GaussianMixture` takes it
    weights : (N,) counts of the rows, fitted divided by their sum, or None
    sizes : numbers of components to search, or None for a fit
    demand : what is right, see `judging.is_right`: "truth", "select", "means" or "kept"
    least_agreement : adjusted Rand index that a search must reach
    tolerance : nats, or for "means" the distance of means, that is no difference
    traits : of a problem drawn at random, in words
    """

    fitted: Any
    held_out: Any
    labels: NDArray[np.intp]
    start: NDArray[np.intp]
    n_components: int
    family: str = "gaussian"
    structure: str = "full"
    noise: str | None = None
    weights: NDArray[np.float64] | None = None
    sizes: tuple[int, ...] | None = None
    demand: str = "truth"
    least_agreement: float = 0.0
    tolerance: float = 0.5
    traits: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int, int]:
        """Return N, D and K."""
        return (*self.fitted.shape, self.n_components)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Rows (N, D) and their labels (N,)."""

    rows: NDArray[np.float64]
    labels: NDArray[np.intp]


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def choose(rng, *choices):
    """Return one of the choices."""
    return choices[rng.integers(len(choices))]


def gaussian(rng, sizes, means, widths=1.0):
    """Return twice as many rows of normal clusters with independent columns.

    Parameters
    ----------
    sizes : (K,) rows of each cluster in either half
    means : (K, D)
    widths : standard deviations, of a shape that goes with (K, D)
    """
    means = np.asarray(means, dtype=float)
    widths = np.broadcast_to(np.asarray(widths, dtype=float), means.shape)
    labels = np.repeat(np.arange(len(means)), 2 * np.asarray(sizes))
    rows = means[labels] + widths[labels] * rng.normal(size=(len(labels), means.shape[1]))
    return Parts(rows, labels)


def halves(parts):
    """Return what is fitted and what is held out; of each cluster's rows every other one."""
    order = np.argsort(parts.labels, kind="stable")
    first, second = order[::2], order[1::2]
    return Parts(parts.rows[first], parts.labels[first]), Parts(
        parts.rows[second], parts.labels[second]
    )


def shuffled(rng, parts):
    """Return the rows in an order that says nothing of the clusters."""
    order = rng.permutation(len(parts.labels))
    return Parts(parts.rows[order], parts.labels[order])
