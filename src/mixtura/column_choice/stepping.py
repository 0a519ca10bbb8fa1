"""The steps by which columns are added and removed, whatever judges them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixtura.column_choice.choice import Step
from mixtura.column_choice.judges import Clustered, Columns, Judge

__all__ = ["backward", "forward"]

# More steps than this would go round in a circle that rounding makes.
MOST_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Looked:
    """The most promising column of a step.

    Attributes
    ----------
    column : its place
    evidence : as in `Step`
    found : the mixture with it, or without it where it is to be removed
    """

    column: int
    evidence: float
    found: Clustered


def forward(
    judge: Judge, named: Callable[[int], str | int], least: float
) -> tuple[Columns, list[Step]]:
    """Return columns chosen from none on, and the steps (Raftery and Dean 2006).

    The second is added whatever is said for it, since clusters may show in two columns only.

    Parameters
    ----------
    judge : of columns
    named : what a column is called
    least : the evidence above which a column is chosen
    """
    chosen: Columns = ()
    steps: list[Step] = []
    seen: set[Columns] = set()
    while len(steps) < MOST_STEPS:
        before = chosen
        looked = _best_to_add(judge, chosen)
        if looked is not None:
            forced = len(steps) < 2 and looked.evidence > -np.inf
            done = looked.evidence > least or forced
            steps.append(_told("add", looked, named, done=done))
            chosen = tuple(sorted((*chosen, looked.column))) if done else chosen
        if len(steps) > 2 or looked is None:
            chosen = _removed(judge, chosen, steps, named, least)
        if (chosen == before and len(steps) > 2) or chosen in seen or not chosen:
            break
        if chosen != before:
            seen.add(before)
    return chosen, steps


def backward(
    judge: Judge, named: Callable[[int], str | int], least: float
) -> tuple[Columns, list[Step]]:
    """Return columns chosen from all on, and the steps; arguments as in `forward`."""
    chosen: Columns = tuple(range(judge.n_columns))
    steps: list[Step] = []
    seen: set[Columns] = set()
    while len(steps) < MOST_STEPS:
        before = chosen
        chosen = _removed(judge, chosen, steps, named, least)
        out = judge.n_columns - len(chosen)
        if chosen and out > int(chosen != before):
            but = set(before) - set(chosen)
            looked = _best_to_add(judge, chosen, but)
            if looked is not None:
                done = looked.evidence > least
                steps.append(_told("add", looked, named, done=done))
                chosen = tuple(sorted((*chosen, looked.column))) if done else chosen
        if chosen == before or chosen in seen or not chosen:
            break
        seen.add(before)
    return chosen, steps


def _removed(
    judge: Judge,
    chosen: Columns,
    steps: list[Step],
    named: Callable[[int], str | int],
    least: float,
) -> Columns:
    """Return columns without the one that says least, if that is too little."""
    looked = _best_to_remove(judge, chosen)
    if looked is None:
        return chosen
    done = looked.evidence <= least
    steps.append(_told("remove", looked, named, done=done))
    return tuple(j for j in chosen if j != looked.column) if done else chosen


def _best_to_add(judge: Judge, chosen: Columns, but: set[int] | None = None) -> Looked | None:
    others = [j for j in range(judge.n_columns) if j not in chosen and j not in (but or ())]
    apart = judge.clustered(chosen).bic if chosen else 0.0
    looked: list[Looked] = []
    for column in judge.promising(chosen, others):
        found = judge.clustered((*chosen, column))
        evidence = _evidence(apart + judge.told(column, chosen), found.bic)
        looked.append(Looked(column, evidence, found))
    return max(looked, key=lambda one: one.evidence, default=None)


def _best_to_remove(judge: Judge, chosen: Columns) -> Looked | None:
    if not chosen:
        return None
    whole = judge.clustered(chosen).bic
    looked: list[Looked] = []
    for column in chosen:
        rest = tuple(j for j in chosen if j != column)
        found = judge.clustered(rest) if rest else Clustered(0.0)
        evidence = _evidence(found.bic + judge.told(column, rest), whole)
        looked.append(Looked(column, evidence, found))
    return min(looked, key=lambda one: (one.evidence, one.found.bic))


def _evidence(told: float, clustered: float) -> float:
    """Return how much lower BIC is with clusters of a column: they are none without a mixture."""
    return -np.inf if clustered == np.inf else float(told - clustered)


def _told(action: str, looked: Looked, named: Callable[[int], str | int], *, done: bool) -> Step:
    found = looked.found
    return Step(
        "add" if action == "add" else "remove",
        named(looked.column),
        looked.evidence,
        done,
        found.bic,
        found.kind,
        found.n_components,
    )
