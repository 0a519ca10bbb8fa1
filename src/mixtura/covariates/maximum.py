"""The maximum of a log-likelihood of few parameters, and the sandwich there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mixtura.errors import InformationError

__all__ = ["FLAT", "Point", "check_bounded", "climbed", "maximum", "sandwich"]

Float = NDArray[np.float64]

# Of the gradient for each row; one Newton step more takes it to rounding.
TOLERANCE = 1e-8
MOST_STEPS = 200
# Curvature for each row of a direction that goes on without end: columns are of unit size.
FLAT = 1e-7
# Where no direction has more curvature it is flat all about, and no step from there is a number.
LEVEL = 1e-60


class _Level(Exception):
    """A point without curvature in any direction."""

    def __init__(self, point: Float) -> None:
        super().__init__("a point without curvature")
        self.point = point


@dataclass(frozen=True, slots=True)
class Point:
    """A log-likelihood somewhere.

    Attributes
    ----------
    value : Σ w ℓ
    scores : (N, P) the gradients of each row's ℓ
    hessian : (P, P)
    """

    value: float
    scores: Float
    hessian: Float


def climbed(at: Callable[[Float], Point], start: Float, weights: Float) -> Float:
    """Return where (P,) a log-likelihood is highest, or far out where that is without bound.

    By trust regions, as it need not be concave.

    Parameters
    ----------
    at : the log-likelihood at a point (P,)
    start : (P,)
    weights : (N,) of the rows
    """
    total, seen = float(weights.sum()), dict[bytes, Point]()

    def point(parameters: Float) -> Point:
        key = parameters.tobytes()
        if key not in seen:
            seen.clear()
            seen[key] = at(parameters)
        return seen[key]

    def value(parameters: Float) -> float:
        found = point(parameters)
        # A step to where numbers overflow is not taken.
        finite = np.isfinite(found.value) and np.isfinite(found.hessian).all()
        return -found.value / total if finite else np.inf

    def curvature(parameters: Float) -> Float:
        found = -point(parameters).hessian / total
        if np.abs(found).max() < LEVEL:
            raise _Level(np.array(parameters))
        return found

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            return minimize(
                value,
                start,
                method="trust-ncg",
                jac=lambda b: -(weights @ point(b).scores) / total,
                hess=curvature,
                options={"gtol": TOLERANCE, "maxiter": MOST_STEPS},
            ).x
        except _Level as far:
            return far.point


def maximum(
    at: Callable[[Float], Point], start: Float, weights: Float, advice: Callable[[int], str]
) -> tuple[Float, Point]:
    """Return where a log-likelihood is highest, and what it is there.

    Parameters
    ----------
    at, start, weights : as in `climbed`
    advice : the sentence for a parameter, by place, that grows without bound

    Raises
    ------
    InformationError
        If the rows do not determine the parameters.
    """
    found = climbed(at, start, weights)
    best = at(found)
    check_bounded(best, weights, advice)
    found = found - np.linalg.solve(best.hessian, weights @ best.scores)
    return found, at(found)


def check_bounded(point: Point, weights: Float, advice: Callable[[int], str]) -> None:
    """Raise where a log-likelihood goes on without end in some direction.

    Raises
    ------
    InformationError
        With the advice for the parameter that has most of it.
    """
    curvatures, axes = np.linalg.eigh(-point.hessian / float(weights.sum()))
    if curvatures[0] < FLAT:
        raise InformationError(advice(int(np.abs(axes[:, 0]).argmax())))


def sandwich(point: Point, middle: Float) -> Float:
    """Return the robust covariance H⁻¹ Var(Σ w s) H⁻¹ (P, P) (White 1982; Binder 1983)."""
    bread = np.linalg.inv(point.hessian)
    return bread @ middle @ bread
