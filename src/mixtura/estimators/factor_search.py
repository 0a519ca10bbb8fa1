"""The search over sizes, structures and numbers of factors, as an estimator's settings ask it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from mixtura.arrays import whole_number
from mixtura.components.factor_analyser.family import FactorAnalyserFamily
from mixtura.components.factor_analyser.prior import FactorPrior
from mixtura.components.factor_analyser.structures import (
    CODES,
    FactorStructure,
    factor_structure,
    most_factors,
)
from mixtura.components.family import Family
from mixtura.components.noise import beside_noise, without_noise
from mixtura.data import RowSource
from mixtura.data.checks import check_squares, check_varying
from mixtura.data.columns import column_moments
from mixtura.data.resolution import column_steps
from mixtura.em.solve import FitResult, SolveOptions
from mixtura.engines import engine_named
from mixtura.errors import ParameterError
from mixtura.estimators.inputs import Sourced
from mixtura.estimators.sizes import is_auto, possible_sizes
from mixtura.selection import Candidate, Cell, Selection, search

__all__ = [
    "check_prior",
    "checked_factors",
    "factor_family_maker",
    "factor_search",
    "heywood_words",
]

# Starts of each size that all structures share, tried by short runs.
SHORT = 8
MAX_SWEEPS = 2000
# Numbers of factors that are tried at once where they are to be found.
AT_ONCE = 3
# Columns that a sentence lists, and noise that is none: a share of what factors explain.
LISTED, LEFT = 5, 1e-3


def checked_factors(n_factors: Any) -> list[int]:
    """Return numbers of factors in order, each once; 1 where they are to be found.

    Raises
    ------
    ParameterError
        If one is no whole number from 1 up.
    """
    if is_auto(n_factors):
        return [1]
    several = isinstance(n_factors, Iterable) and not isinstance(n_factors, str)
    given = list(n_factors) if several else [n_factors]
    if not given:
        raise ParameterError("n_factors is empty; give at least one number from 1 up, or 'auto'")
    given = [int(count) if isinstance(count, np.integer) else count for count in given]
    return sorted({whole_number("n_factors", count, 1) for count in given})


def check_prior(prior: Any) -> None:
    """Raise `ParameterError` for a prior that factor analysers do not have."""
    known = prior is None or isinstance(prior, FactorPrior)
    if not known and not (isinstance(prior, str) and prior == "weak"):
        raise ParameterError(f"prior should be weak or None for factor analysers, not {prior!r}")


def factor_family_maker(
    source: RowSource, names: tuple[str, ...] | None
) -> Callable[[FactorStructure], FactorAnalyserFamily]:
    """Return what makes the family of a structure for these rows.

    Raises
    ------
    DataError
        Naming a column of one value, or one whose variance is beyond numbers.
    """
    mean, spread = column_moments(source)
    check_varying(spread, names, "drop it, or set constant='drop'")
    check_squares(spread, names)
    steps = column_steps(source)
    return lambda form: FactorAnalyserFamily.of(form, mean, spread, steps)


def factor_search(
    estimator: Any,
    given: Sourced,
    sizes: Sequence[int],
    covariance_type: str | Sequence[str],
    made: Callable[[FactorStructure], Family],
    n_factors: Any,
    options: SolveOptions,
    *,
    criterion: str = "bic",
    progress: Callable[[Candidate, int], None] | None = None,
) -> Selection:
    """Return the mixtures of several sizes, structures and numbers of factors, ranked.

    Parameters
    ----------
    estimator : what else the models are asked for
    given : the rows, checked
    sizes : numbers of components, in order
    covariance_type : "all", a code, or several
    made : the family of a structure for these rows
    n_factors : a number, several, or "auto" to go on while the most of them are best
    options : what each model is fitted by
    criterion : "bic", "icl" or "aic"
    progress : called after each model with the candidate and how many there are in all
    """
    source, most = given.source, given.source.n_columns - 1
    sizes, notes = possible_sizes(list(sizes), source)
    codes = _codes(covariance_type)
    grows = is_auto(n_factors)
    if grows:
        most = most_factors(source.n_columns)
    counts = list(range(1, min(AT_ONCE, most) + 1)) if grows else checked_factors(n_factors)
    if counts[-1] > most:
        raise ParameterError(
            f"n_factors, {counts[-1]}, should be less than the number of columns, "
            f"{source.n_columns}; give fewer, or fit GaussianMixture"
        )
    family = cache(made)
    found: Selection | None = None
    while True:
        cells = _cells(codes, sizes, counts, family)
        more = _searched(estimator, given, cells, criterion, progress, options)
        candidates = more.candidates if found is None else (*found.candidates, *more.candidates)
        found = replace(more, candidates=candidates, notes=notes)
        if not grows or more.interrupted or counts[-1] == most or not found.ranked:
            return found
        best = found.result.mixture.family
        if without_noise(best).structure.n_factors < counts[-1]:
            return found
        counts = list(range(counts[-1] + 1, min(counts[-1] + AT_ONCE, most) + 1))


def _codes(covariance_type: str | Sequence[str]) -> list[str]:
    if isinstance(covariance_type, str):
        names = CODES if covariance_type == "all" else (covariance_type,)
    else:
        names = tuple(covariance_type)
    return list(dict.fromkeys(factor_structure(name, 1).code for name in names))


def _cells(
    codes: Sequence[str],
    sizes: Sequence[int],
    counts: Sequence[int],
    family: Callable[[FactorStructure], Family],
) -> list[Cell]:
    """Return the models, each distinct one once: of one component there is nothing to share."""
    cells = []
    for size in sizes:
        own = [f"CC{code[2]}" if size == 1 else code for code in codes]
        for code in dict.fromkeys(own):
            for count in counts:
                form = FactorStructure(code, count)
                cells.append(Cell(form.kind, family(form), size))
    return cells


def _searched(
    estimator: Any,
    given: Sourced,
    cells: Sequence[Cell],
    criterion: str,
    progress: Callable[[Candidate, int], None] | None,
    options: SolveOptions,
) -> Selection:
    return search(
        cells,
        given.source,
        engine_named(estimator.engine, estimator.n_jobs),
        replace(
            options,
            max_iter=MAX_SWEEPS if estimator.max_iter is None else options.max_iter,
            starts=replace(options.starts, short=SHORT),
        ),
        criterion=criterion,
        columns=given.names,
        reading=estimator._reading(),
        progress=None if progress is None else lambda candidate: progress(candidate, len(cells)),
    )


def heywood_words(result: FitResult) -> list[str]:
    """Return what is to be said of columns without noise of their own (Heywood cases)."""
    mixture = result.mixture
    parameters = beside_noise(mixture.family, mixture.parameters)[1]
    names = mixture.column_names
    explained = (parameters.loadings**2).sum(axis=2)
    without = np.argwhere(parameters.noise <= LEFT * explained)
    if not len(without):
        return []
    listed = ", ".join(f"'{names[j]}' in component {k}" for k, j in without[:LISTED])
    more = f" and {len(without) - LISTED} more" if len(without) > LISTED else ""
    return [
        f"factors leave next to no noise in {listed}{more}, less than a thousandth of what they "
        "explain (a Heywood case, or nearly); fewer factors leave some"
    ]
