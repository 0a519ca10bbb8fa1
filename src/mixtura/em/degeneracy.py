"""Covariances that are singular in an M-step: kept by a stronger prior, which is reported."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixtura.components.family import Family
from mixtura.em.statistics import Statistics
from mixtura.errors import ParameterError

__all__ = ["Recovery", "maximise_or_recover", "maximise_strictly"]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Which components collapsed, and what was done.

    Attributes
    ----------
    components : their numbers at the time
    reason : a sentence
    """

    components: tuple[int, ...]
    reason: str


def maximise_or_recover(
    family: Family,
    statistics: Statistics,
    previous: Any,
    prior: Any,
    fallback: Any,
    recovery: Recovery | None,
) -> tuple[Any, Recovery | None]:
    """Return the M-step's parameters; where a covariance is singular, those under `fallback`.

    Raises
    ------
    ParameterError
        If there is no fallback, or it does not help.
    """
    try:
        return maximise_strictly(family, statistics.moments, previous, prior), recovery
    except ParameterError:
        if fallback is None or recovery is not None:
            raise
        components = tuple(int(k) for k in np.flatnonzero(_collapsed(statistics)))
        named = f"component(s) {', '.join(map(str, components))} have no width in some direction"
        reason = (
            f"{named if components else 'the covariances have no width in some direction'}; "
            "a stronger prior, of 1e-8 of all rows, keeps them finite"
        )
        return family.maximise(statistics.moments, previous, fallback), Recovery(components, reason)


def maximise_strictly(family: Family, moments: Any, previous: Any, prior: Any) -> Any:
    """Return the M-step's parameters, or raise rather than hand on an infinity.

    Raises
    ------
    ParameterError
        If a component has no spread in some direction.
    """
    try:
        with np.errstate(divide="raise", invalid="raise"):
            return family.maximise(moments, previous, prior)
    except (ParameterError, FloatingPointError, np.linalg.LinAlgError) as error:
        raise ParameterError(f"{family.wording.failure} ({error})") from error


def _collapsed(statistics: Statistics) -> Any:
    return (statistics.effective_size < 2) | statistics.moments.collapsed()
