"""Problems by number: each is a function of its number, which draws the kind too."""

from functools import partial

import numpy as np

from problems.columns import COLUMNS
from problems.discrete import DISCRETE
from problems.drawn import MANY_COLUMNS, TRAITS, drawn
from problems.kinds import KINDS
from problems.problem import OUTLIER, Problem
from problems.sizes import SIZES

__all__ = ["GROUPS", "NAMES", "OUTLIER", "Problem", "group_of", "kind_of", "problem"]

# New kinds go last, so that the problems of the others stay what they are.
GROUPS = {
    "gaussian": ("random",),
    "kinds": (*KINDS, *COLUMNS),
    **{name: (name,) for name in DISCRETE},
    "sizes": (*SIZES,),
    "many": (*MANY_COLUMNS,),
}
# How often kinds are drawn, where it is not once.
OFTEN = {"random": 15.0, "classes": 4.0, "counts": 4.0, "texts": 2.0}
NAMES = tuple(dict.fromkeys([*(kind for kinds in GROUPS.values() for kind in kinds), *TRAITS]))


def group_of(kind):
    """Return the group that a kind belongs to."""
    return next(group for group, kinds in GROUPS.items() if kind in kinds)


def kind_of(seed, groups, without=()):
    """Return the kind of a problem.

    Every kind draws a time, and the first wins: to leave out kinds changes no problem of others.
    """
    rng = np.random.default_rng(seed)
    kinds = [kind for of_group in GROUPS.values() for kind in of_group]
    times = rng.exponential([1 / OFTEN.get(kind, 1.0) for kind in kinds])
    return min(
        (time, kind)
        for time, kind in zip(times, kinds, strict=True)
        if group_of(kind) in groups and kind not in without
    )[1]


def problem(seed, kind, without=()):
    """Return the problem of this number and kind."""
    makers = {
        **KINDS,
        **COLUMNS,
        **DISCRETE,
        **SIZES,
        **MANY_COLUMNS,
        "random": partial(drawn, without=without),
    }
    return makers[kind](np.random.default_rng([seed, 1]))
