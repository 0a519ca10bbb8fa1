"""A family whose components are bound: its M-steps obey, and in all else it is the family."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self, final

import numpy as np
import scipy
from numpy.typing import NDArray

from mixtura.components.constrained.rule import Rule
from mixtura.components.constrained.rules import rule_of
from mixtura.components.constraints import Constraints
from mixtura.components.ordinal import is_ordinal
from mixtura.errors import NUMERICAL

__all__ = ["ConstrainedFamily", "bound_part", "bound_to", "constraints_of", "freed", "n_lost"]

Float = NDArray[np.float64]

# The gain of what is impossible.
LOWEST = -1e300

# By how much equal numbers may differ, and numbers miss what they are held at, in units of the
# largest: those in units of the rows, these in units whose origin may be far away.
ROUNDING, HELD_TO = 1e-9, 1e-14


@final
class ConstrainedFamily:
    """A family of K components that are bound to constraints.

    There are no compiled runs and no charts of it, as neither knows what is held: every step goes
    by the M-step here, and extrapolations go by its moments.

    Parameters
    ----------
    inner : the family
    constraints : what its K components are bound to
    """

    def __init__(self, inner: Any, constraints: Constraints) -> None:
        self.inner, self.constraints = inner, constraints

    def __getattr__(self, name: str) -> Any:
        """Return what the family has."""
        if name.startswith("__") or name in ("inner", "constraints"):
            raise AttributeError(name)
        return getattr(self.inner, name)

    @cached_property
    def rule(self) -> Rule:
        """How the family's M-step obeys."""
        return rule_of(self.inner)

    @property
    def tells_apart(self) -> bool:
        """Return whether components are bound to unlike things."""
        return self.constraints.tells_apart

    def reading(self, rows: Any) -> Self:
        """Return the family set to read these rows, bound as before."""
        return type(self)(self.inner.reading(rows), self.constraints)

    def kernel(self, *told: Any) -> None:
        """Return None: compiled M-steps know nothing of what is held."""
        return

    def chart(self, *told: Any) -> None:
        """Return None: coordinates of all numbers would move those that are held."""
        return

    def prior(self, name: Any, shared: Any, n_components: int) -> Any:
        """Return the family's penalty of that name.

        Raises
        ------
        ParameterError
            If no M-step under it obeys.
        """
        found = self.inner.prior(name, shared, n_components)
        self.rule.check_prior(self.constraints, found)
        return found

    def maximise(self, moments: Any, previous: Any, prior: Any) -> Any:
        """Return the parameters that maximise the penalised expectation among those that obey."""
        return self.rule.maximise(self.constraints, moments, previous, prior)

    def n_free(self, n_components: int) -> int:
        """Return the number of free parameters of the components."""
        return self.inner.n_free(n_components) - self._lost

    @cached_property
    def _lost(self) -> int:
        return self.rule.lost(self.constraints)

    def in_user_units(self, parameters: Any) -> tuple[Any, Any]:
        """Return the family, unbound, and parameters that are held to the last digit."""
        family, found = self.inner.in_user_units(parameters)
        return family, rule_of(family).exactly(self.constraints, found)

    def unsupported(self, parameters: Any, support: Float) -> NDArray[np.bool_]:
        """Return which components (K,) rest on too few rows, of those with a width to be found."""
        return self.inner.unsupported(parameters, support) & ~self.rule.rests(self.constraints)

    def finer(self, parameters: Any) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components whose width is free are narrower than steps."""
        return self._of_free(self.inner.finer(parameters))

    def flat(self, *told: Any) -> Mapping[int, tuple[int, ...]]:
        """Return the columns in which components whose width is free have none."""
        return self._of_free(self.inner.flat(*told))

    def _of_free(self, columns: Mapping[int, tuple[int, ...]]) -> Mapping[int, tuple[int, ...]]:
        known = self.rule.rests(self.constraints)
        return {k: own for k, own in columns.items() if not known[k]}

    def obeyed(self, parameters: Any) -> bool:
        """Return whether parameters are what they are bound to."""
        family, found = self.inner.in_user_units(parameters)
        numbers, constraints = rule_of(family).numbers(found), self.constraints
        slack = HELD_TO * np.maximum(np.abs(numbers).max(axis=0), np.finfo(float).tiny)
        held = np.where(constraints.fixed, np.abs(numbers - constraints.values), 0.0) <= slack
        own, ties = self.rule.numbers(parameters), constraints.ties
        equal = (own[ties == tie] for tie in np.unique(ties[ties > 0]))
        alike = (float(np.ptp(one)) <= ROUNDING * float(np.abs(one).max()) for one in equal)
        ordered = is_ordinal(numbers, constraints.ordinal)
        return bool(held.all()) and all(alike) and ordered

    def order(self, moments: Any, prior: Any) -> list[int]:
        """Return which of K clusters each component takes, so that all fit their rows best.

        The gain of each pair is the expected log density of the M-step from the cluster alone,
        under what the component is bound to; the assignment is the best for all together.
        """
        n_components = self.constraints.n_components
        gains = np.full((n_components, n_components), LOWEST)
        for k in range(n_components):
            bound = self.constraints.take([k])
            for cluster in range(n_components):
                alone = moments.take([cluster])
                try:
                    found = self.rule.maximise(bound, alone, None, prior)
                except NUMERICAL:
                    continue
                gain = self.inner.expected_log_density(found, alone)
                gains[k, cluster] = max(gain, LOWEST) if np.isfinite(gain) else LOWEST
        order = scipy.optimize.linear_sum_assignment(-gains)[1]
        return [int(cluster) for cluster in order]


def bound_to(family: Any, constraints: Constraints | None) -> Any:
    """Return the family with its components, but for noise, bound to constraints, if any are."""
    if constraints is None:
        return family
    if family.has_noise:
        return replace(family, inner=ConstrainedFamily(family.inner, constraints))
    return ConstrainedFamily(family, constraints)


def bound_part(family: Any) -> ConstrainedFamily | None:
    """Return the family of the components that are bound, noise left out, or None."""
    inner = family.inner if family.has_noise else family
    return inner if isinstance(inner, ConstrainedFamily) else None


def freed(family: Any) -> Any:
    """Return the family without what its components are bound to."""
    bound = bound_part(family)
    if bound is None:
        return family
    return replace(family, inner=bound.inner) if family.has_noise else bound.inner


def n_lost(family: Any, constraints: Constraints | None) -> int:
    """Return how many free parameters components have less by what they are bound to, if so."""
    inner = family.inner if family.has_noise else family
    return 0 if constraints is None else rule_of(inner).lost(constraints)


def constraints_of(family: Any) -> Constraints | None:
    """Return what the components of a family are bound to, or None."""
    bound = bound_part(family)
    return None if bound is None else bound.constraints
