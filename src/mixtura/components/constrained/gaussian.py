"""Constraints on the means and covariances of Gaussian components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constrained.covariances import factors_held, held_covariances
from mixtura.components.constrained.means import bound_means
from mixtura.components.constrained.rule import refuse_mixed
from mixtura.components.constraints import Constraints
from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import (
    VANISHED,
    GaussianMoments,
    GaussianParameters,
)
from mixtura.components.gaussian.prior import NoPrior, Ridge, ScatterPrior
from mixtura.components.remembered import Remembered
from mixtura.errors import ParameterError

__all__ = ["GaussianRule"]

Float = NDArray[np.float64]

# Structures in which each component has a covariance of its own, so that some can be held.
OWN = ("VVV", "VVI", "VII")
# Means are held no further from the rows than so many of their standard deviations.
FARTHEST = 1e6
# Turns of means given covariances and covariances given means, and what gain ends them, a row.
TURNS, ENOUGH = 3, 1e-12


@final
@dataclass(frozen=True, slots=True)
class GaussianRule:
    """Means are held or equal one by one, covariances are held whole.

    Means given covariances, and covariances given means, have closed forms; where means are free
    or held by whole vectors, one turn of these is exact. Where single entries are held or equal,
    turns from the last point never lower the objective (expectation conditional maximisation, Meng
    and Rubin 1993). From the covariances of free means, one that a component has for its own takes
    one turn: the free entries follow by their regression on those that are held.
    """

    family: GaussianFamily

    @property
    def arrays(self) -> Mapping[str, slice]:
        """Return means, and then the numbers of covariances."""
        width = self.family.n_columns
        return {"means": slice(0, width), "covariances": slice(width, width + self._entries)}

    @property
    def _entries(self) -> int:
        width = self.family.n_columns
        return width * (width + 1) // 2 if self.family.structure.storage == "full" else width

    def columns(self, name: str) -> Sequence[Sequence[int]]:
        """Return one mean for each column, and no column for covariances, which are whole."""
        return [[j] for j in range(self.family.n_columns)] if name == "means" else []

    def titles(self, name: str, columns: Sequence[str]) -> Sequence[str]:
        """Return the names of all columns."""
        return columns

    def as_numbers(self, name: str, given: Any, n_components: int) -> Float | None:
        """Return the numbers (K, E) of covariances in the shape of the fitted ones, None of means.

        Raises
        ------
        ParameterError
            If they have another shape.
        """
        if name == "means":
            return None
        return held_covariances(given, self.family.structure, n_components, self.family.n_columns)

    def completed(self, constraints: Constraints) -> Constraints:
        """Return the constraints, if such covariances may be."""
        refuse_mixed(constraints, self.arrays)
        for name, part in self.arrays.items():
            infinite = np.isinf(constraints.values[:, part]).any(axis=1)
            if infinite.any():
                raise ParameterError(
                    f"fix holds infinite {name} of component {int(infinite.argmax())}; hold finite "
                    "numbers, or NaN where they are free"
                )
        self._check_reach(constraints.values[:, self.arrays["means"]])
        covariances = constraints.values[:, self.arrays["covariances"]]
        form, held = self.family.structure, ~np.isnan(covariances)
        if (constraints.ties[:, self.arrays["covariances"]] > 0).any():
            raise ParameterError(
                "equal speaks of covariances; use a covariance_type that shares them, such as "
                "'tied'"
            )
        means = constraints.ties[:, self.arrays["means"]]
        for tie in np.unique(means[means > 0]):
            if len(np.unique(np.nonzero(means == tie)[1])) > 1:
                raise ParameterError(
                    "equal speaks of means of different columns; means can be equal in one column, "
                    "between components"
                )
        partly = held.any(axis=1) & ~held.all(axis=1)
        if partly.any():
            raise ParameterError(
                f"fix holds some entries of the covariance of component {int(partly.argmax())}; "
                "hold all of them or none"
            )
        if held.any() and not held.all() and form.code not in OWN:
            raise ParameterError(
                f"the covariances of {form.code} have something in common, so fix holds all of "
                f"them or none; or use one of {', '.join(OWN)}"
            )
        if form.shares_covariance and held.all() and np.ptp(covariances, axis=0).any():
            raise ParameterError(
                f"fix holds covariances that differ, and {form.code} has one for all components"
            )
        self._factors(constraints)
        return constraints

    def _check_reach(self, means: Float) -> None:
        """Raise `ParameterError` for a mean so far out that no width about it has digits."""
        frame = self.family.frame
        # A file says nothing of where rows are.
        if not frame.origin.any() and (frame.spread == 1.0).all():
            return
        with np.errstate(invalid="ignore"):
            far = np.argwhere(np.abs(means / 2 - frame.origin / 2) / FARTHEST > frame.spread / 2)
        if len(far):
            k, j = map(int, far[0])
            raise ParameterError(
                f"fix holds means[{k}, {j}] at {means[k, j]:g}, and rows there lie about "
                f"{frame.origin[j]:.3g}, {frame.spread[j]:.2g} wide: so far away that no width "
                "about it has digits; mend the number, or leave it free"
            )

    def rests(self, constraints: Constraints) -> NDArray[np.bool_]:
        """Return which components have a covariance that is held."""
        held = constraints.fixed[:, self.arrays["covariances"]]
        return np.logical_and.reduce(held, axis=1)

    def _factors(self, constraints: Constraints) -> Float:
        """Return the factors of the precisions held, in the user's units, of those components."""
        values = constraints.values[self.rests(constraints), self.arrays["covariances"]]
        return factors_held(values, self.family.structure.storage, self.family.n_columns)

    def lost(self, constraints: Constraints) -> int:
        """Return the means held, of equal ones all but one, and the parameters of covariances."""
        means = self.arrays["means"]
        tied = constraints.ties[:, means]
        tied = tied[tied > 0]
        fewer = int(constraints.fixed[:, means].sum()) + len(tied) - len(np.unique(tied))
        held, width = self.rests(constraints), self.family.n_columns
        if held.all():
            return fewer + self.family.structure.n_parameters(len(held), width)
        return fewer + int(held.sum()) * self.family.structure.n_parameters(1, width)

    def numbers(self, parameters: GaussianParameters) -> Float:
        """Return means, and the entries of covariances on and above the diagonal, or variances."""
        if self.family.structure.storage != "full":
            return np.hstack([parameters.means, parameters.covariance.variances()])
        left, right = np.triu_indices(self.family.n_columns)
        return np.hstack([parameters.means, parameters.covariance.dense()[:, left, right]])

    def exactly(
        self, constraints: Constraints, parameters: GaussianParameters
    ) -> GaussianParameters:
        """Return parameters with the very means and covariances that are held."""
        values = constraints.values[:, self.arrays["means"]]
        means = np.where(np.isnan(values), parameters.means, values)
        return self.with_factors(constraints, replace(parameters, means=means), 1.0)

    def with_factors(
        self, constraints: Constraints, parameters: GaussianParameters, scale: Any
    ) -> GaussianParameters:
        """Return parameters with the covariances that are held, in a frame of that scale (D,)."""
        held = self.rests(constraints)
        if not held.any():
            return parameters
        storage, width = self.family.structure.storage, self.family.n_columns
        own = covariance_of_factors(storage, self._factors(constraints), width)
        factors = parameters.covariance.factors.copy()
        factors[held] = own.scaled(np.broadcast_to(1.0 / scale, width)).factors
        return replace(parameters, covariance=covariance_of_factors(storage, factors, width))

    def within(self, constraints: Constraints) -> Constraints:
        """Return the constraints: no row is impossible."""
        return constraints

    def typical(self, constraints: Constraints) -> None:
        """Return None: no row is impossible."""
        return

    def check_prior(self, constraints: Constraints, prior: Any) -> None:
        """Raise `ParameterError` for a prior on means of which some are held or equal."""
        means = self.arrays["means"]
        bound = constraints.fixed[:, means].any() or constraints.ties[:, means].any()
        if bound and not isinstance(prior, NoPrior | ScatterPrior | Ridge):
            raise ParameterError(
                "a prior of your own may pull means, of which fix or equal binds some; use "
                "prior='weak' or None"
            )

    def maximise(
        self,
        constraints: Constraints,
        moments: GaussianMoments,
        previous: GaussianParameters | None,
        prior: Any,
    ) -> GaussianParameters:
        """Return the means and covariances of the next iteration."""
        if isinstance(prior, Remembered):
            # Means and scatter about what is held are those of all rows.
            moments, prior = moments + prior.moments, prior.prior
        part = self.arrays["means"]
        values = self.family.frame.enter(constraints.values[:, part])
        ties = constraints.ties[:, part]
        step = _Step(self, constraints, moments, prior)
        if np.isnan(values).all() and not ties.any():
            return step.covariances(None, previous)
        own = _own_means(moments, previous)
        if not ties.any() and _by_whole_vectors(values):
            return step.covariances(np.where(np.isnan(values), own, values), previous)

        def turned(now: GaussianParameters) -> GaussianParameters:
            rows = np.maximum(moments.effective_rows, VANISHED)
            return step.covariances(bound_means(rows, own, now.covariance, values, ties), now)

        best = turned(step.covariances(None, previous) if previous is None else previous)
        if previous is not None and not ties.any():
            best = max(best, turned(step.covariances(None, previous)), key=step.height)
        height = step.height(best)
        for _ in range(TURNS):
            after = turned(best)
            now = step.height(after)
            if now - height <= ENOUGH * moments.effective_rows.sum():
                break
            best, height = after, now
        return best


@dataclass(frozen=True, slots=True)
class _Step:
    """An M-step under way."""

    rule: GaussianRule
    constraints: Constraints
    moments: GaussianMoments
    prior: Any

    def height(self, parameters: GaussianParameters) -> float:
        """Return the objective of the M-step."""
        expected = self.rule.family.expected_log_density(parameters, self.moments)
        return expected + self.prior.log_density(parameters)

    def covariances(
        self, means: Float | None, previous: GaussianParameters | None
    ) -> GaussianParameters:
        """Return the best covariances where means (K, D) are given, or both where None are."""
        family, constraints = self.rule.family, self.constraints
        moments = self.moments if means is None else _about(self.moments, means)
        held = self.rule.rests(constraints)
        if held.any():
            moments = self._with_scatter_of(moments, held)
        found = family.maximise(moments, previous, self.prior)
        if means is not None:
            found = replace(found, means=means)
        return self.rule.with_factors(constraints, found, family.frame.scale)

    def _with_scatter_of(
        self, moments: GaussianMoments, held: NDArray[np.bool_]
    ) -> GaussianMoments:
        """Return moments in which components that are held have the scatter of one row each.

        What is made of it is put away, but it must be no reason to fail.
        """
        if moments.pooled:
            spread = np.square(self.rule.family.frame.spread / self.rule.family.frame.scale)
            own = np.diag(spread) if moments.scatter.ndim == 2 else spread
            return replace(moments, scatter=own * moments.effective_rows.sum())
        spread = np.square(self.rule.family.frame.spread / self.rule.family.frame.scale)
        own = np.diag(spread) if moments.scatter.ndim == 3 else spread
        chosen = held.reshape(-1, *(1,) * own.ndim)
        rows = np.where(held, np.maximum(moments.effective_rows, 1.0), moments.effective_rows)
        scatter = np.where(chosen, rows.reshape(chosen.shape) * own, moments.scatter)
        return replace(moments, scatter=scatter, effective_rows=rows)


def _about(moments: GaussianMoments, means: Float) -> GaussianMoments:
    """Return moments with the scatter about given means (K, D) instead of their own."""
    shift = moments.means - means
    weighted = moments.effective_rows[:, None] * shift
    of_one = moments.scatter.ndim - (not moments.pooled)
    more = weighted * shift if of_one == 1 else weighted[:, :, None] * shift[:, None, :]
    more = more.sum(axis=0) if moments.pooled else more
    return replace(moments, means=means, scatter=moments.scatter + more)


def _own_means(moments: GaussianMoments, previous: GaussianParameters | None) -> Float:
    """Return x̄_k (K, D), of components without rows those they had."""
    vanished = moments.effective_rows <= VANISHED
    if previous is None or not vanished.any():
        return moments.means
    return np.where(vanished[:, None], previous.means, moments.means)


def _by_whole_vectors(values: Float) -> bool:
    """Return whether the means of a component are held all or not at all."""
    held = ~np.isnan(values)
    return bool((held.all(axis=1) | ~held.any(axis=1)).all())
