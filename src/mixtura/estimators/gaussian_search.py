"""The search over sizes and structures, as an estimator's settings ask it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.components.gaussian.structures import (
    CODES,
    STRUCTURES,
    Structure,
    distinct,
    structure,
)
from mixtura.data import RowSource, blocks_of
from mixtura.data.checks import check_varying
from mixtura.data.columns import column_moments
from mixtura.data.resolution import column_steps
from mixtura.engines import engine_named
from mixtura.estimators.binding import bound_family
from mixtura.estimators.gaps import family_for
from mixtura.estimators.inputs import Sourced
from mixtura.estimators.noise import noise_maker
from mixtura.estimators.settings import Settings
from mixtura.estimators.sizes import check_parameters, possible_sizes
from mixtura.selection import Candidate, Cell, Selection, search

__all__ = ["gaussian_search", "structure_search"]

Float = NDArray[np.float64]

MAX_SWEEPS = 2000

# Starts of each size that all structures share, tried by short runs.
SHORT = 8

# The structures without axes of their own, which few rows determine in any number of columns.
DETERMINED = tuple(code for code in CODES if STRUCTURES[code].storage != "full")


def gaussian_search(
    estimator: Any,
    given: Sourced,
    sizes: Sequence[int],
    covariance_type: str | Sequence[str],
    *,
    criterion: str = "bic",
    progress: Callable[[Candidate, int], None] | None = None,
) -> Selection:
    """Return the Gaussian mixtures of several sizes and structures, ranked.

    Arguments are those of `structure_search`.
    """
    source, names = given.source, given.names
    plain, (mean, spread) = family_for(source, names), column_moments(source)
    check_varying(spread, names)
    steps = column_steps(source)
    noisy = noise_maker(estimator.noise, source, names, estimator.noise_volume)

    def made(form: Structure) -> Family:
        return noisy(plain.of(form, mean, spread, steps=steps))

    return structure_search(
        estimator, given, sizes, covariance_type, made, criterion=criterion, progress=progress
    )


def structure_search(
    estimator: Any,
    given: Sourced,
    sizes: Sequence[int],
    covariance_type: str | Sequence[str],
    made: Callable[[Structure], Family],
    *,
    criterion: str = "bic",
    progress: Callable[[Candidate, int], None] | None = None,
) -> Selection:
    """Return the mixtures of several sizes and structures, ranked.

    Parameters
    ----------
    estimator : what else the models are asked for, beside their sizes and structures
    given : the rows, checked
    sizes : numbers of components, in order
    covariance_type : "all", a name, or several
    made : the family of a structure for these rows
    criterion : "bic", "icl" or "aic"
    progress : called after each model with the candidate and how many there are in all
    """
    settings = Settings.of(estimator, sizes)
    source, names = given.source, given.names
    sizes, notes = possible_sizes(list(sizes), source)
    determined, more = _determined(covariance_type, source)
    notes += more
    _check_memory(determined, max(sizes), source.n_columns)
    cells = structure_cells(determined, sizes, source.n_columns, made)
    if isinstance(covariance_type, str) and covariance_type == "all":
        cells, more = _supportable(cells, source)
        notes += more
    fix, equal = estimator.fix, estimator.equal
    cells = [
        replace(cell, family=bound_family(cell.family, fix, equal, cell.n_components, names))
        for cell in cells
    ]
    count = len(cells)
    options = settings.options(
        prior=settings.prior, monotone=True, rescue=settings.prior is not None
    )
    found = search(
        cells,
        source,
        engine_named(estimator.engine, estimator.n_jobs),
        replace(
            options,
            max_iter=MAX_SWEEPS if estimator.max_iter is None else settings.max_iter,
            starts=replace(options.starts, short=SHORT),
        ),
        criterion=criterion,
        columns=names,
        reading=estimator._reading(),
        n_numbers=_count_numbers(source),
        progress=None if progress is None else lambda candidate: progress(candidate, count),
    )
    return replace(found, notes=notes)


def _determined(
    covariance_type: str | Sequence[str], source: RowSource
) -> tuple[str | Sequence[str], tuple[str, ...]]:
    """Return the structures to try, and a sentence if those are not all that "all" stands for.

    No more rows than columns lie in a plane, where axes of any but a given direction have no width.
    """
    if not isinstance(covariance_type, str) or covariance_type != "all":
        return covariance_type, ()
    n_columns = source.n_columns
    n_rows = source.count_distinct(n_columns + 1)
    if n_rows > n_columns:
        return covariance_type, ()
    return DETERMINED, (
        f"{n_rows} distinct rows do not determine axes in {n_columns} columns, so only spherical "
        f"and diagonal covariances were tried ({', '.join(DETERMINED)}); name a structure to try "
        "it all the same",
    )


def _check_memory(covariance_type: str | Sequence[str], largest: int, n_columns: int) -> None:
    """Raise if a model of the search would not fit into this machine's memory."""
    names = [covariance_type] if isinstance(covariance_type, str) else covariance_type
    for name in CODES if covariance_type == "all" else names:
        check_parameters(structure(name), largest, n_columns)


def _supportable(cells: Sequence[Cell], source: RowSource) -> tuple[list[Cell], tuple[str, ...]]:
    """Return the models whose components can all have rows enough, and a sentence on the others.

    Where N rows are no more than K times what determines a component, one rests on too few
    wherever they lie, so its likelihood has no bound and the model ranks below all others.
    """
    n_columns = source.n_columns
    needed = [cell.n_components * structure(cell.kind).least_rows(n_columns) for cell in cells]
    n_rows = source.count_distinct(int(max(needed)) + 1)
    kept: list[Cell] = []
    left: dict[str, int] = {}
    for cell, rows in zip(cells, needed, strict=True):
        if n_rows > rows or cell.n_components == 1:
            kept.append(cell)
        else:
            left.setdefault(cell.kind, cell.n_components)
    if not left:
        return list(cells), ()
    named = ", ".join(f"{kind} from K={size}" for kind, size in left.items())
    return kept, (
        f"{n_rows} distinct rows in {n_columns} columns are too few for some models, which were "
        f"not tried: {named}; name a structure to try it all the same",
    )


def _count_numbers(source: RowSource) -> float:
    """Return how many cells are not missing; weights are counts, unless they add up to less."""
    whole = weighted = 0.0
    for block in blocks_of(source):
        present = (~np.isnan(block.rows)).sum(axis=1)
        whole += float(present.sum())
        weighted += 0.0 if block.weights is None else float(block.weights @ present)
    return max(whole, weighted)


def structure_cells(
    covariance_type: str | Sequence[str],
    sizes: Sequence[int],
    n_columns: int,
    made: Callable[[Structure], Family],
) -> list[Cell]:
    """Return the models of a search, each distinct one once; families are `made` once.

    With one component, or in one column, several structures are the same model.
    """
    if isinstance(covariance_type, str):
        names = CODES if covariance_type == "all" else (covariance_type,)
    else:
        names = tuple(covariance_type)
    codes = list(dict.fromkeys(structure(name).code for name in names))
    family = cache(lambda code: made(structure(code)))
    cells = []
    for size in sizes:
        same = distinct(codes, size, n_columns)
        cells += [
            Cell(code, family(code), size) for code in dict.fromkeys(same[code] for code in codes)
        ]
    return cells
