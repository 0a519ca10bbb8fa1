"""Starts of t components whose degrees of freedom are held, each at a number of its own."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from mixtura.components.student_t.degrees import Degrees
from mixtura.components.student_t.family import StudentTFamily
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.ranking import ranked
from mixtura.em.solve import SolveOptions, solve
from mixtura.em.sweep import Sweep

__all__ = ["in_order"]

# Components of which all orders are tried.
MOST_PERMUTED = 4


def in_order(
    freed: StudentTFamily, held: Degrees, how: SolveOptions, sweep: Sweep, options: FitOptions
) -> list[Model]:
    """Return the start where degrees of freedom are held by number: a fit in which they are free.

    Its components take the numbers in every order, the likeliest of which is kept, or where they
    are many in the order of theirs.
    """
    n_components = len(held.held)
    model = solve(freed, sweep.source, sweep.engine, n_components, how).model
    numbers = np.argsort(np.argsort(held.held, kind="stable"), kind="stable")
    suited = np.argsort(model.parameters.degrees, kind="stable")[numbers]
    orders: Any = [tuple(suited.tolist())]
    if n_components <= MOST_PERMUTED:
        orders = permutations(range(n_components))
    degrees = held.first(n_components)
    models = [
        Model(
            model.log_weights[list(order)],
            replace(model.parameters.take(list(order)), degrees=degrees),
        )
        for order in orders
    ]
    return [ranked(sweep, fit(sweep, models, options), options)[0].model]
