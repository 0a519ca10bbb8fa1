"""Starts of rows of many columns: where rows are parted that are told by fewer numbers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.narrowing import Narrowing
from mixtura.data import ArrayRows
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.responsibilities import responsibilities_of
from mixtura.em.split_and_merge import raced
from mixtura.em.starts import StartOptions, tell, tried
from mixtura.em.sweep import Sweep

__all__ = ["StartFinder", "best_of_fewer_numbers"]

# Finds a start for a sweep, as a fit to its rows would; None if that fails.
StartFinder: TypeAlias = Callable[[Sweep, int, FitOptions, StartOptions], Model | None]


def best_of_fewer_numbers(
    sample: Sweep,
    models: list[Model],
    options: FitOptions,
    starts: StartOptions,
    find: StartFinder,
) -> list[Model]:
    """Return the models, ahead of them the best end of theirs and of rows parted by fewer numbers.

    They are as they were where components have as many rows as parameters, or columns are few.

    Parameters
    ----------
    sample : a sweep over rows in memory
    models : starts, best first
    options : how the fit will go on
    find : finds starts for rows that are told by fewer numbers
    """
    n_components = models[0].n_components
    if n_components == 1 or sample.total_weight >= n_components * sample.family.fewest_rows:
        return models
    labels = list(_parted(sample, n_components, options, starts, find))
    found = tried(sample, labels, n_components, options, starts.sweeps)
    if not found:
        return models
    tell("rows parted by fewer numbers", found, options)
    ends = raced(sample, [models[0], *(one.model for one in found)], options)
    return [*(end.model for end in ends[:1]), *models]


def _parted(
    sample: Sweep,
    n_components: int,
    options: FitOptions,
    starts: StartOptions,
    find: StartFinder,
) -> Iterator[NDArray[np.intp]]:
    """Yield a component for each row, by each way to tell rows by fewer numbers."""
    block = sample.source.block(0, sample.source.n_rows)
    if block.excluded is not None or not isinstance(sample.family, Narrowing):
        return
    for family, rows in sample.family.narrower(block.rows, block.weights, n_components):
        sweep = Sweep(family, ArrayRows(rows, block.weights), sample.engine)
        own = replace(
            options,
            prior=sweep.prior("weak", n_components),
            fallback=sweep.prior("rescue", n_components),
            heard=None,
        )
        model = find(sweep, n_components, own, starts)
        if model is not None:
            yield responsibilities_of(sweep, model).argmax(axis=1)
