"""Which of several ends is the best.

The rule: the higher objective, where a component on too few rows counts for no more than it would
as wide as all rows.
A component is unsupported where it has no more distinct rows than determine its parameters; its
likelihood then has no maximum, so how high it stands says nothing.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from mixtura.components.kernel import Limits, Terms
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.statistics import Statistics
from mixtura.em.sweep import Sweep

__all__ = [
    "ALONE",
    "AS_GOOD",
    "is_supportable",
    "ranked",
    "ranked_by_weight",
    "unsupported",
    "without_rows",
    "worth",
]

Float = NDArray[np.float64]

# Ends of which no component is supported are below all others by so many nats.
ALONE = 1e9

# Ends that are worth as much, to so many nats, are equally good.
AS_GOOD = 1e-3

# A sweep without the M-step after it.
LOOK = Limits(1, never=True)


class End(Protocol):
    """Where a run ended."""

    @property
    def objective(self) -> float: ...

    @property
    def model(self) -> Model: ...


class SweptEnd(End, Protocol):
    """Where a run ended, with what its last sweep found."""

    @property
    def statistics(self) -> Statistics: ...


AnyEnd = TypeVar("AnyEnd", bound=End)
AnySweptEnd = TypeVar("AnySweptEnd", bound=SweptEnd)


def unsupported(sweep: Sweep, end: SweptEnd, prior: Any) -> NDArray[np.bool_]:
    """Return which components (K,) have no more distinct rows than determine their parameters.

    Equal rows count each, as ties are no accident; where every row is there ten times, ten count
    one: N_k is scaled by distinct rows over rows. A prior that is meant to be felt supports all.
    """
    return without_rows(sweep, end.model, end.statistics.moments.effective_rows, prior)


def worth(sweep: Sweep, end: SweptEnd, options: FitOptions) -> float:
    """Return the objective of an end, or, if less, with unsupported components wide as all rows."""
    return _worth(sweep, end, end.statistics.moments.effective_rows, options)


def ranked(sweep: Sweep, ends: Sequence[AnySweptEnd], options: FitOptions) -> list[AnySweptEnd]:
    """Return ends by what they are worth, best first."""
    return _in_order(ends, [worth(sweep, end, options) for end in ends])


def ranked_by_weight(
    sweep: Sweep, ends: Sequence[AnyEnd], options: FitOptions, most: int | None = None
) -> list[AnyEnd]:
    """Return ends of short runs, which keep no statistics, best first.

    N_k is taken as π_k Σ w; where weights are held they say nothing of it, and it is swept for.

    Parameters
    ----------
    most : how many are returned, or None for all
    """
    most = len(ends) if most is None else most
    values: dict[int, float] = {}
    # None is worth more than its objective, so those too low are not looked at.
    for place in sorted(range(len(ends)), key=lambda place: -_number(ends[place].objective)):
        if len(values) >= most > 0:
            reach = sorted(values.values())[-most] - AS_GOOD
            if _number(ends[place].objective) < reach:
                break
        end = ends[place]
        values[place] = _number(_worth(sweep, end, _rows_of(sweep, end.model, options), options))
    seen = sorted(values)
    return _in_order([ends[place] for place in seen], [values[place] for place in seen])[:most]


def _number(value: float) -> float:
    """Return a value: what overflowed is no number, and no maximum either."""
    return -np.inf if np.isnan(value) else value


def _rows_of(sweep: Sweep, model: Model, options: FitOptions) -> Float:
    if options.weighing.is_held:
        return sweep([model])[0].moments.effective_rows
    return np.exp(model.log_weights) * sweep.total_weight


def without_rows(
    sweep: Sweep, model: Model, effective_rows: Float, prior: Any
) -> NDArray[np.bool_]:
    """Return which components (K,) are unsupported with N_k rows each."""
    # A penalty of the user's own is meant to be felt, unless it says otherwise.
    if getattr(prior, "supports", True):
        return np.zeros(len(effective_rows), dtype=bool)
    return sweep.family.unsupported(model.parameters, effective_rows * sweep.distinct_share)


def is_supportable(sweep: Sweep, model: Model, prior: Any, spare: float = 1.0) -> bool:
    """Return whether there are rows enough for all components to be supported, were they alike.

    Parameters
    ----------
    spare : how many times as many as it takes there should be
    """
    n_components = model.n_components
    alike = np.full(n_components, sweep.total_weight / n_components / spare)
    return not without_rows(sweep, model, alike, prior).any()


def _worth(sweep: Sweep, end: End, effective_rows: Float, options: FitOptions) -> float:
    weak = without_rows(sweep, end.model, effective_rows, options.prior)
    if not weak.any():
        return end.objective
    if weak.all():
        return end.objective - ALONE
    parameters = sweep.family.widened(end.model.parameters, weak, sweep.shared)
    wide = Model(end.model.log_weights, parameters)
    found = _log_likelihood(sweep, wide, options) + options.log_prior(wide, options.prior)
    return min(end.objective, found)


def _log_likelihood(sweep: Sweep, model: Model, options: FitOptions) -> float:
    """Return that of a model that is only looked at: of few rows as compiled code has it."""
    if sweep.kernel is not None:
        terms = Terms(options.prior, options.weighing)
        found = sweep.kernel.run(model.log_weights, model.parameters, terms, LOOK)
        if found is not None:
            return float(found.steps[0, 0])
    return sweep([model])[0].log_likelihood


def _in_order(ends: Sequence[AnyEnd], values: Sequence[float]) -> list[AnyEnd]:
    """Return ends by their values.

    Those as good as the best are taken in the order given: rounding, which differs with the units
    and the order of the rows, must not choose between them.
    """
    left, order = list(zip(map(_number, values), ends, strict=True)), []
    while left:
        best = max(value for value, _ in left)
        first = next(i for i, (value, _) in enumerate(left) if value >= best - AS_GOOD)
        order.append(left.pop(first)[1])
    return order
