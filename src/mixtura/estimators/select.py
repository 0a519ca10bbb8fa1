"""`select`: the number of components, and of Gaussian ones the structure, in one call."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.components.catalogue import ROWS
from mixtura.components.family import Family
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, STRUCTURES, distinct, structure
from mixtura.data import RowSource, blocks_of
from mixtura.data.checks import check_varying
from mixtura.data.columns import column_moments
from mixtura.data.resolution import column_steps
from mixtura.em.solve import SolveOptions
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.engines import engine_named
from mixtura.errors import ParameterError
from mixtura.estimators.binding import bound_family
from mixtura.estimators.doubted import warn_of_best
from mixtura.estimators.gaps import family_for
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.estimators.mixing import checked_weighing
from mixtura.estimators.named import estimator_of
from mixtura.estimators.noise import noise_maker
from mixtura.estimators.settings import checked_choice, checked_integer, seed_of
from mixtura.estimators.sizes import check_parameters, checked_sizes, possible_sizes
from mixtura.selection import CRITERIA, Candidate, Cell, Selection, search

__all__ = ["gaussian_cells", "select"]

Float = NDArray[np.float64]

MAX_SWEEPS = 2000

# The structures without axes of their own, which few rows determine in any number of columns.
DETERMINED = tuple(code for code in CODES if STRUCTURES[code].storage != "full")


def select(
    X: Any,
    n_components: int | Iterable[int] = range(1, 10),
    covariance_type: str | Sequence[str] = "all",
    *,
    family: str = "gaussian",
    criterion: str = "bic",
    sample_weight: ArrayLike | None = None,
    n_init: int = 1,
    mixing_weights: Any = "free",
    fix: Any = None,
    equal: Any = None,
    missing: str = "error",
    constant: str = "error",
    prior: Any = "weak",
    noise: str | None = None,
    noise_volume: float | None = None,
    random_state: Any = None,
    engine: Any = "threads",
    n_jobs: int | None = None,
    progress: Callable[[Candidate, int], None] | None = None,
) -> Selection:
    """Fit mixtures of several sizes, Gaussian ones of several structures, and rank them.

    Parameters
    ----------
    X : (N, D) numbers: array, data frame or table
    n_components : the numbers of components to try
    covariance_type : "all", a name, or several; all are the fourteen, or where rows are no more
        than columns the six spherical and diagonal ones, which such rows determine
    family : what the components are: "gaussian", or another by the name that the command has for
        it, such as "poisson" or "gamma", to which structures and a volume of noise say nothing
    criterion : "bic", "icl" or "aic"
    sample_weight : (N,) row weights
    n_init : starts carried to the end for each model; the first is bettered by merges and splits
    mixing_weights : "free", "equal" or K numbers, as in `GaussianMixture`; in all models alike, so
        numbers fit one number of components
    fix, equal : numbers of components that are held, or the same, as in `GaussianMixture`; in all
        models alike, so what `fix` holds fits one number of components
    missing : "error", or "marginal" to leave missing cells, NaN, out of their rows' densities
    constant : "error", or "drop" to leave columns of one value out with a warning
    prior : as in `GaussianMixture`; criteria use the likelihood without it
    noise : None or "uniform", as in the family's estimator
    noise_volume : as in `GaussianMixture`
    random_state : int, RandomState or None
    engine, n_jobs : who sweeps, as in `GaussianMixture`
    progress : called after each model with the candidate and how many there are in all

    Returns
    -------
    Selection
        `best`, `result`, `table()`, `summary()`. Models that only a prior keeps finite, or with
        more free parameters than X has numbers, rank below all others.

    Warns
    -----
    DegenerateComponentWarning
        If even the best model is of that kind.

    Raises
    ------
    DataError, ParameterError
        If the rows, weights or settings cannot be used.
    """
    checked_choice("criterion", criterion, CRITERIA)
    if checked_choice("family", family, tuple(ROWS)) != "gaussian":
        given = {
            "covariance_type": covariance_type != "all",
            "missing": missing != "error" and ROWS[family].gaps != "asked",
            "constant": constant != "error",
            "noise_volume": noise_volume is not None,
        }
        _check_said(family, [name for name, said in given.items() if said])
        asked = {"missing": missing} if ROWS[family].gaps == "asked" else {}
        estimator = estimator_of(family)(
            **asked,
            n_init=n_init,
            mixing_weights=mixing_weights,
            noise=noise,
            fix=fix,
            equal=equal,
            prior=prior,
            random_state=random_state,
            engine=engine,
            n_jobs=n_jobs,
        )
        return estimator.select(
            X, n_components, criterion=criterion, sample_weight=sample_weight, progress=progress
        )
    sizes = checked_sizes(n_components)
    # Any structure reads rows alike; this one takes the least memory.
    reader = GaussianMixture(
        covariance_type="spherical", missing=missing, constant=constant, noise=noise
    )
    given = reader._sourced(X, sample_weight, min(sizes), max(sizes))
    source, names = given.source, given.names
    plain = family_for(source, names)
    mean, spread = column_moments(source)
    check_varying(spread, names)
    seed = seed_of(random_state)
    sizes = possible_sizes(sizes, source)
    weighing = checked_weighing(mixing_weights, sizes)
    noisy = noise_maker(noise, source, names, noise_volume)
    determined, notes = _determined(covariance_type, source)
    _check_memory(determined, max(sizes), source.n_columns)
    cells = gaussian_cells(
        determined,
        sizes,
        (mean, spread, column_steps(source)),
        noisy,
        plain=plain,
    )
    if isinstance(covariance_type, str) and covariance_type == "all":
        cells, more = _supportable(cells, source)
        notes += more
    cells = [
        replace(cell, family=bound_family(cell.family, fix, equal, cell.n_components, names))
        for cell in cells
    ]
    count = len(cells)
    found = search(
        cells,
        source,
        engine_named(engine, n_jobs),
        SolveOptions(
            rule=GainLeft(),
            max_iter=MAX_SWEEPS,
            prior=prior,
            rescue=prior is not None,
            monotone=True,
            weighing=weighing,
            accelerate=True,
            starts=StartOptions(
                seed, short=8, finish=checked_integer("n_init", n_init, 1), splits_and_merges=True
            ),
        ),
        criterion=criterion,
        columns=names,
        reading=reader._reading(),
        n_numbers=_count_numbers(source),
        progress=None if progress is None else lambda candidate: progress(candidate, count),
    )
    warn_of_best(found)
    return replace(found, notes=notes)


def _check_said(family: str, given: Sequence[str]) -> None:
    """Raise for arguments that say nothing to a family."""
    if given:
        raise ParameterError(
            f"{' and '.join(given)} say(s) nothing to family={family!r}; leave it out"
        )


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


def gaussian_cells(
    covariance_type: str | Sequence[str],
    sizes: Sequence[int],
    columns: tuple[Float, Float, Float],
    noisy: Callable[[GaussianFamily], Family],
    *,
    plain: type[GaussianFamily] = GaussianFamily,
) -> list[Cell]:
    """Return the models of a search, each distinct one once, with the noise that `noisy` adds.

    `columns` holds their means (D,), deviations (D,) and steps (D,).

    With one component, or in one column, several structures are the same model.
    """
    if isinstance(covariance_type, str):
        names = CODES if covariance_type == "all" else (covariance_type,)
    else:
        names = tuple(covariance_type)
    codes = list(dict.fromkeys(structure(name).code for name in names))
    mean, spread, steps = columns
    family = cache(lambda code: noisy(plain.of(structure(code), mean, spread, steps=steps)))
    cells = []
    for size in sizes:
        same = distinct(codes, size, len(mean))
        cells += [
            Cell(code, family(code), size) for code in dict.fromkeys(same[code] for code in codes)
        ]
    return cells
