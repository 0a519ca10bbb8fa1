"""The components of a finished run in the order of their sizes, where nothing numbers them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constrained import bound_part
from mixtura.components.weighing import Weighing
from mixtura.data.masks import MaskedRows
from mixtura.em.model import Model
from mixtura.em.running import Run
from mixtura.em.statistics import Statistics
from mixtura.em.sweep import Sweep

__all__ = ["by_size"]


def by_size(
    sweep: Sweep, run: Run, statistics: Statistics, weighing: Weighing
) -> tuple[Run, Statistics]:
    """Return a run and the statistics of its end, the largest component first, noise last.

    So a component has the same number whatever start led to it. Where rows, weights or what is
    held say which component is which, the order stays.
    """
    if _are_numbered(sweep, weighing):
        return run, statistics
    parts = run.model.n_components - weighing.has_noise
    order = np.arange(run.model.n_components)
    order[:parts] = np.argsort(-run.model.log_weights[:parts], kind="stable")
    model = Model(run.model.log_weights[order], run.model.parameters.take(order.tolist()))
    own = _taken(run.statistics, order)
    told = own if statistics is run.statistics else _taken(statistics, order)
    return replace(run, model=model, statistics=own), told


def _are_numbered(sweep: Sweep, weighing: Weighing) -> bool:
    """Return whether something says which component is which."""
    bound = bound_part(sweep.family)
    numbered = bound is not None and bound.tells_apart
    return numbered or weighing.tells_apart or isinstance(sweep.source, MaskedRows)


def _taken(statistics: Statistics, order: NDArray[np.intp]) -> Statistics:
    return replace(
        statistics,
        sums=statistics.sums.take(order),
        moments=statistics.moments.take(order.tolist()),
        effective_size=statistics.effective_size[order],
    )
