"""Derivatives of components whose log density is -½ log|Σ| and a function h of a distance.

With δ = (x - μ)ᵀ Σ⁻¹ (x - μ) and numbers θ of tails, log f = h(δ, θ) - ½ log|Σ|; of a Gaussian h is
-½ δ. So with w = -2 ∂h/∂δ, by means and scale matrices scores are those of a Gaussian whose row
counts w times in what is about distances, and once in what is about determinants.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma, psi

from mixtura.components.contaminated.family import (
    LEAST_GOOD,
    MOST_WIDER,
    ContaminatedFamily,
)
from mixtura.components.contaminated.parameters import ContaminatedMoments, ContaminatedParameters
from mixtura.components.derivatives.chart import Chart, identity, of_dense, side_by_side
from mixtura.components.derivatives.contract import Edge, Scale, edge_rows
from mixtura.components.derivatives.gaussian import GaussianDerivatives
from mixtura.components.student_t.degrees import LEAST, MOST
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.student_t.parameters import StudentTMoments, StudentTParameters

__all__ = ["ContaminatedDerivatives", "StudentTDerivatives"]

Float = NDArray[np.float64]

# Of the end of a range, a number so near to it is there.
AT_AN_END = 1e-6
# Bad rows of an inflation below are no wider than good ones, for all that rows say.
ALIKE = 1.01


@dataclass(frozen=True, slots=True, eq=False)
class Bends:
    """Derivatives of h for rows (n,) by their distance δ, and by T numbers of tails.

    Attributes
    ----------
    first, second : (n,) ∂h/∂δ and ∂²h/∂δ²
    tails : (T, n) ∂h/∂θ
    across : (T, n) ∂²h/∂δ∂θ
    among : (T, T, n) ∂²h/∂θ∂θ
    """

    first: Float
    second: Float
    tails: Float
    across: Float
    among: Float


class ScaledDerivatives(ABC):
    """Base of such: numbers of a component are means, its scale matrix, and T of its tails."""

    # Of the numbers of tails: what they are called, and on which scale they are nearest to normal.
    names: tuple[str, ...]
    tail_scales: tuple[int, ...]

    def __init__(self, family: Any, parameters: Any) -> None:
        self._family, self._parameters = family, parameters
        self._gaussian = GaussianDerivatives(family.inner, parameters.gaussian)

    @property
    @abstractmethod
    def _tails(self) -> Float:
        """Return the numbers of tails (K, T)."""

    @abstractmethod
    def _bends(self, k: int, distances: Float) -> Bends:
        """Return the derivatives of h for rows of component k."""

    @abstractmethod
    def _ended(self, effective_rows: Float) -> NDArray[np.bool_]:
        """Return which numbers of tails (K, T) are at an end of their range, or of no row."""

    @abstractmethod
    def _tail_gradient(self, moments: Any) -> Float:
        """Return Σ w r ∂h/∂θ (K, T)."""

    def _shared(self) -> bool:
        """Return whether all components have the same numbers of tails."""
        return False

    @property
    def n_numbers(self) -> int:
        """Return q."""
        return self._gaussian.n_numbers + len(self.names)

    @property
    def n_extra(self) -> int:
        """Return q²."""
        return self.n_numbers**2

    @property
    def values(self) -> Float:
        """Return means, scale matrices and tails (K, q)."""
        return np.hstack([self._gaussian.values, self._tails])

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return the scales of these (q,)."""
        own = np.array(self.tail_scales, dtype=np.int8)
        return np.concatenate([self._gaussian.scales, own])

    def edge(self, effective_rows: Float) -> Edge:
        """Return components without rows, and tails that rows do not tell."""
        whole, ended = self._gaussian.edge(effective_rows), self._ended(effective_rows)
        if self._shared():
            ended = np.broadcast_to(np.any(ended, axis=0, keepdims=True), ended.shape)
        reason = whole.reason
        if ended.any() and not reason:
            k, place = np.argwhere(ended)[0]
            value = self._tails[k, place]
            reason = f"{self.names[place]}[{k}] is {value:.3g}, on the edge of its range"
        ended = ended | whole.numbers[:, :1]
        return Edge(np.hstack([whole.numbers, ended]), reason)

    def scores(self, rows: NDArray[Any]) -> Float:
        """Return the derivatives of log densities of rows (n, D), (K, q, n)."""
        plain = self._gaussian.scores(rows)
        found = np.empty((len(plain), self.n_numbers, plain.shape[2]))
        for k, distances in enumerate(self._distances(rows)):
            bends, alone = self._bends(k, distances), self._alone(k)
            weights = -2.0 * bends.first
            found[k, : len(alone)] = weights * (plain[k] + alone) - alone
            found[k, len(alone) :] = bends.tails
        return found

    def extra(self, rows: NDArray[Any], responsibilities: Float) -> Float:
        """Return Σ w r ∇² log f_k (K, q²)."""
        self._gaussian.check(squares=True)
        plain = self._gaussian.scores(rows)
        q = plain.shape[1]
        found = np.zeros((len(plain), self.n_numbers, self.n_numbers))
        hessian, precisions = self._gaussian.layout.hessian, self._gaussian.precisions
        for k, distances in enumerate(self._distances(rows)):
            bends, shares = self._bends(k, distances), responsibilities[k]
            weighted = -2.0 * bends.first * shares
            # -½ ∇δ; what second derivatives of h by δ multiply.
            slopes = plain[k] + self._alone(k)
            own = found[k, :q, :q]
            own += hessian(precisions[k], weighted.sum(), plain[k] @ weighted)
            own += 4.0 * (slopes * (bends.second * shares)) @ slopes.T
            # Determinants count rows once.
            once = hessian(precisions[k], 1.0, np.zeros(q))
            n_means = self._gaussian.n_columns
            own[n_means:, n_means:] -= (shares.sum() - weighted.sum()) * once[n_means:, n_means:]
            across = -2.0 * slopes @ (bends.across * shares).T
            found[k, :q, q:], found[k, q:, :q] = across, across.T
            found[k, q:, q:] = bends.among @ shares
        return found.reshape(len(found), -1)

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return the sums that `extra` took (K, q, q)."""
        return extra.reshape(-1, self.n_numbers, self.n_numbers)

    def gradient(self, moments: Any) -> Float:
        """Return Σ w r ∇ log f_k (K, q) from the moments of a sweep, by Fisher's identity."""
        self._gaussian.check()
        weighted, layout, precisions = moments.weighted, self._gaussian.layout, self._precisions
        shift = weighted.means - self._parameters.means
        times = weighted.effective_rows
        first = times[:, None] * self._parameters.covariance.precision_times(shift)
        shape = (-1, *(1,) * (precisions.ndim - 1))
        scatter = weighted.scatter + times.reshape(shape) * layout.spread(shift)
        second = layout.between(precisions, scatter)
        second = second - moments.effective_rows.reshape(shape) * precisions
        return np.hstack([first, layout.slopes(0.5 * second), self._tail_gradient(moments)])

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return means, the free parameters of the structure, and those of tails."""
        q = self._gaussian.n_numbers
        inner = self._gaussian.chart(None if fixed is None else fixed[:, :q])
        tails = self._tails
        free = np.ones(tails.shape, dtype=bool) if fixed is None else ~fixed[:, q:]
        charts = [inner]
        for place, name in enumerate(self.names):
            own = free[:, place : place + 1]
            if self._shared() and own.all():
                charts.append(of_dense([name], np.ones((len(tails), 1, 1))))
            else:
                charts.append(identity(name, own, [""]))
        return side_by_side(charts)

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return arrays by name, what components share once."""
        q = self._gaussian.n_numbers
        found = dict(self._gaussian.arranged(numbers[:, :q]))
        for place, name in enumerate(self.names):
            found[name] = numbers[0, q + place] if self._shared() else numbers[:, q + place]
        return found

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return gradients by name, summed where components share a number."""
        q = self._gaussian.n_numbers
        found = dict(self._gaussian.gradients(gradient[:, :q]))
        for place, name in enumerate(self.names):
            own = gradient[:, q + place]
            found[name] = own.sum() if self._shared() else own
        return found

    @property
    def _precisions(self) -> Float:
        return self._gaussian.precisions

    def _distances(self, rows: NDArray[Any]) -> list[Float]:
        """Return δ of rows (n,), for each component."""
        transposed = np.asarray(rows, dtype=np.float64).T
        found = []
        for mean, precision in zip(self._parameters.means, self._precisions, strict=True):
            away = transposed - mean[:, None]
            found.append((away * self._gaussian.layout.times(precision, away)).sum(axis=0))
        return found

    def _alone(self, k: int) -> Float:
        """Return what a Gaussian's scores (q, 1) take off for the determinant."""
        n_columns = self._gaussian.n_columns
        white = np.zeros((n_columns, 1))
        own = -self._gaussian.layout.scores(self._precisions[k], white)
        return np.vstack([white, own])


@final
class StudentTDerivatives(ScaledDerivatives):
    """K t components: locations, scale matrices, and degrees of freedom where these are free."""

    _parameters: StudentTParameters

    def __init__(self, family: StudentTFamily, parameters: StudentTParameters) -> None:
        super().__init__(family, parameters)
        held = bool(family.degrees.held)
        self.names = () if held else ("degrees_of_freedom",)
        self.tail_scales = () if held else (Scale.POSITIVE,)

    @property
    def _tails(self) -> Float:
        return self._parameters.degrees[:, None][:, : len(self.names)]

    def _shared(self) -> bool:
        return self._family.degrees.shared

    def _bends(self, k: int, distances: Float) -> Bends:
        d, nu = self._gaussian.n_columns, float(self._parameters.degrees[k])
        most, total = nu + d, nu + distances
        first, second = -0.5 * most / total, 0.5 * most / total**2
        if not self.names:
            none = np.zeros((0, len(distances)))
            return Bends(first, second, none, none, none[None][:0])
        # δ / (ν (ν + δ)), which is 1/ν - 1/(ν + δ).
        share = distances / (nu * total)
        by_nu = psi(0.5 * most) - psi(0.5 * nu) - d / nu - np.log1p(distances / nu) + most * share
        bend = 0.5 * float(polygamma(1, 0.5 * most) - polygamma(1, 0.5 * nu)) + d / nu**2
        bend = bend + 2.0 * share - most * share * (1.0 / nu + 1.0 / total)
        across = -0.5 * (distances - d) / total**2
        return Bends(first, second, 0.5 * by_nu[None], across[None], 0.5 * bend[None, None])

    def _ended(self, effective_rows: Float) -> NDArray[np.bool_]:
        tails = self._tails
        return (tails >= MOST * (1.0 - AT_AN_END)) | (tails <= LEAST * (1.0 + AT_AN_END))

    def _tail_gradient(self, moments: StudentTMoments) -> Float:
        half = 0.5 * self._parameters.degrees
        by_degrees = 0.5 * (moments.effective_rows * (np.log(half) - psi(half)) - moments.gaps)
        return by_degrees[:, None][:, : len(self.names)]


@final
class ContaminatedDerivatives(ScaledDerivatives):
    """K contaminated components: means, covariances, shares of good rows, inflations of bad ones.

    With v the chance that a row is good and b the slope of a bad one's log density, they are those
    of a mixture of two.
    """

    names = ("good_shares", "inflations")
    tail_scales = (Scale.SHARE, Scale.POSITIVE)

    _parameters: ContaminatedParameters

    def __init__(self, family: ContaminatedFamily, parameters: ContaminatedParameters) -> None:
        super().__init__(family, parameters)

    @property
    def _tails(self) -> Float:
        return np.column_stack([self._parameters.shares, self._parameters.inflations])

    def _bends(self, k: int, distances: Float) -> Bends:
        d = self._gaussian.n_columns
        share, eta = self._tails[k].tolist()
        with np.errstate(divide="ignore", over="ignore"):
            odds = np.log1p(-share) - np.log(share) - 0.5 * d * np.log(eta)
            bad = 1.0 / (1.0 + np.exp(-(odds + 0.5 * distances * (1.0 - 1.0 / eta))))
        good, apart = 1.0 - bad, 0.5 * (1.0 - 1.0 / eta)
        both = good * bad
        slope = 0.5 * (distances / eta - d) / eta
        bend = (0.5 * d - distances / eta) / eta**2
        by_share = good / share - bad / (1.0 - share)
        moved = both / (share * (1.0 - share))
        by_both = -moved * slope
        among = [
            [-(by_share**2), by_both],
            [by_both, bad * bend + both * slope**2],
        ]
        return Bends(
            -0.5 * (good + bad / eta),
            both * apart**2,
            np.stack([by_share, bad * slope]),
            np.stack([-apart * moved, both * slope * apart + 0.5 * bad / eta**2]),
            np.array(among),
        )

    def _ended(self, effective_rows: Float) -> NDArray[np.bool_]:
        share, eta = self._tails.T
        # Bad rows that are few, or no wider than good ones, tell neither number.
        alike = eta <= ALIKE
        alike |= effective_rows * (1.0 - share) < edge_rows(effective_rows)
        half = share <= LEAST_GOOD * (1.0 + AT_AN_END)
        return np.column_stack([alike | half, alike | (eta >= MOST_WIDER)])

    def _tail_gradient(self, moments: ContaminatedMoments) -> Float:
        share, eta = self._tails.T
        good, bad = moments.good.effective_rows, moments.bad.effective_rows
        layout, precisions = self._gaussian.layout, self._precisions
        shape = (-1, *(1,) * (precisions.ndim - 1))
        spread = layout.spread(moments.bad.means - self._parameters.means)
        scatter = moments.bad.scatter + bad.reshape(shape) * spread
        distances = (precisions * scatter).reshape(len(bad), -1).sum(axis=1)
        by_eta = 0.5 * (distances / eta - self._gaussian.n_columns * bad) / eta
        return np.column_stack([good / share - bad / (1.0 - share), by_eta])
