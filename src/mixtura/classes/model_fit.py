"""How far the answers are from what classes say of them: G², X² and the like, pairs, gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from mixtura.arrays import generator_of, whole_number
from mixtura.classes.posteriors import mixture_of
from mixtura.classes.statistics import STATISTICS, ModelFit
from mixtura.components.noise import without_noise
from mixtura.data.distinct import distinct_rows
from mixtura.errors import DataError, MixturaError, ParameterError
from mixtura.goodness.facts import ItemFamily, level_counts, levels_seen
from mixtura.goodness.pairs import pair_residuals
from mixtura.goodness.patterns import PatternFit, pattern_fit
from mixtura.goodness.residuals import pattern_residuals
from mixtura.goodness.saturated import Saturated, saturated
from mixtura.inference.refit import from_mixture, options_of, refit
from mixtura.inference.replicates import drawn_rows, seeded
from mixtura.inference.rows import Rows, checked
from mixtura.mixture import Mixture

__all__ = ["ModelFit", "model_fit"]

Float = NDArray[np.float64]


def model_fit(
    model: Any,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    replicates: int = 0,
    missing: str = "marginal",
    prior: Any = "weak",
    random_state: int | np.random.Generator = 0,
) -> ModelFit:
    """Return how well classes of answers fit their table, with missing cells by full information.

    Where cells are missing the table that the model is held against is the unrestricted one of all
    rows, by maximum likelihood (Fuchs 1982), so G² = 2 (ℓ_unrestricted - ℓ_model).

    Parameters
    ----------
    model : a fitted estimator of categories or of yes or no, or a `Mixture`
    X : (N, D) the rows of the fit
    sample_weight : (N,) row weights; weight 2 is the row twice
    replicates : tables drawn from the model, with the gaps of the rows, and fitted anew: p-values
        also where cells are too many for chi-squared (Langeheine, Pannekoek and van de Pol 1996)
    missing : "error", or "marginal" to leave missing cells out
    prior : on the components of replicates, as in the fit
    random_state : a seed or a numpy Generator, for the replicates

    Returns
    -------
    ModelFit
        `table()`, `pairs_table()`, `patterns_table()`, `summary()`.

    Raises
    ------
    ParameterError
        If columns are no items with levels.
    DataError
        If rows or weights cannot be used, or cells are missing and the table has too many.
    """
    mixture = mixture_of(model)
    if not isinstance(without_noise(mixture.family), ItemFamily) or mixture.family.has_noise:
        raise ParameterError(
            "tables of answers are of categories or of yes or no, without noise; this model has "
            "other columns"
        )
    replicates = whole_number("replicates", replicates, 0)
    rows = checked(mixture, X, sample_weight, missing, counts=True)
    fitted = replace(mixture, family=rows.family)
    observed = _measured(fitted, rows)
    seen = levels_seen(without_noise(rows.family))
    seed = int(generator_of(random_state).integers(2**31))
    drawn = [_of_replicate(fitted, rows, prior, seed, number) for number in range(replicates)]
    found = [one for one in drawn if one is not None]
    df, gaps = observed.table.residual_df, observed.unrestricted
    # Where each row lacks much there may be nothing left to test.
    gaps = gaps if gaps is not None and gaps.mcar_df > 0 else None
    return ModelFit(
        observed.values,
        df,
        {
            name: float(chi2.sf(observed.values[name], df)) if df > 0 else float("nan")
            for name in STATISTICS[:3]
        },
        _bootstrap_p(observed, found),
        len(found),
        observed.residuals,
        _residuals_p(observed, found),
        tuple(mixture.column_names),
        None if gaps is None else gaps.mcar,
        0 if gaps is None else gaps.mcar_df,
        observed.table.n_cells,
        observed.table.total,
        pattern_residuals(fitted, rows.array, rows.weights, seen),
        tuple(kind.labels if kind.name == "category" else (0, 1) for kind in mixture.kinds),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """What is measured of rows and a model of them.

    Attributes
    ----------
    table : observed and expected, or of rows with gaps unrestricted and expected
    unrestricted : this, of rows with gaps
    """

    values: dict[str, float]
    residuals: Float
    table: PatternFit
    unrestricted: Saturated | None


def _bootstrap_p(observed: _Measured, found: list[_Measured]) -> dict[str, float]:
    """Return the p-values of the statistics by replicates, none without."""
    if not found:
        return {}
    return {
        name: (1 + sum(one.values[name] >= observed.values[name] for one in found))
        / (1 + len(found))
        for name in STATISTICS
    }


def _residuals_p(observed: _Measured, found: list[_Measured]) -> Float:
    """Return the p-values (J, J) of bivariate residuals by replicates, NaN without."""
    if not found:
        return np.full_like(observed.residuals, np.nan)
    as_large = np.array([one.residuals >= observed.residuals for one in found])
    return (1.0 + as_large.sum(axis=0)) / (1 + len(found))


def _measured(mixture: Mixture, rows: Rows) -> _Measured:
    family, levels = without_noise(mixture.family), level_counts(mixture.kinds)
    patterns, totals = distinct_rows(np.asarray(rows.array, dtype=np.float64), rows.weights)
    coded = np.where(np.isnan(patterns), -1, patterns).astype(np.intp)
    known = (coded >= 0).any(axis=1)
    coded, totals = coded[known], totals[known]
    density = mixture.coded.log_density(patterns[known].astype(rows.array.dtype))
    seen, unrestricted = levels_seen(family), None
    if (coded < 0).any():
        unrestricted = _unrestricted(coded, totals, seen)
        table = _filled(unrestricted, mixture, totals, seen, rows.array.dtype)
        g2 = 2.0 * (unrestricted.log_likelihood - float(totals @ density))
    else:
        table = pattern_fit(density, totals, [len(own) for own in seen], mixture.n_parameters)
        g2 = table.g2
    values = (g2, table.x2, table.cressie_read, table.dissimilarity)
    probabilities = family.level_probabilities(mixture.parameters)
    pairs = pair_residuals(mixture.weights, probabilities, coded, totals, levels)
    return _Measured(dict(zip(STATISTICS, values, strict=True)), pairs.values, table, unrestricted)


def _unrestricted(
    coded: NDArray[np.intp], totals: Float, seen: Sequence[NDArray[np.intp]]
) -> Saturated:
    """Return the unrestricted table of rows with gaps.

    Raises
    ------
    DataError
        If it has too many cells.
    """
    sizes = [len(own) for own in seen]
    places = np.column_stack([np.searchsorted(*pair) for pair in zip(seen, coded.T, strict=True)])
    found = saturated(np.where(coded < 0, -1, places), totals, sizes)
    if found is None:
        raise DataError(
            f"cells are missing, and the table of all answers has {prod(sizes):,} cells, too many "
            "to be found without them; take fewer items, or rows without a missing cell"
        )
    return found


def _filled(
    unrestricted: Saturated,
    mixture: Mixture,
    totals: Float,
    seen: Sequence[NDArray[np.intp]],
    dtype: Any,
) -> PatternFit:
    """Return the unrestricted table against that of the mixture."""
    sizes, total = [len(own) for own in seen], float(totals.sum())
    there = unrestricted.probabilities > 0.0
    places = np.unravel_index(np.flatnonzero(there), sizes)
    cells = np.column_stack([own[place] for own, place in zip(seen, places, strict=True)])
    return PatternFit(
        total * unrestricted.probabilities[there],
        np.log(total) + mixture.coded.log_density(cells.astype(dtype)),
        total,
        prod(sizes),
        mixture.n_parameters,
    )


def _of_replicate(
    mixture: Mixture, rows: Rows, prior: Any, seed: int, number: int
) -> _Measured | None:
    """Return what is measured of rows drawn from the model and of its fit to them, or None."""
    source = drawn_rows(mixture, rows, seeded(seed, number))
    drawn = np.asarray(source.block(0, source.n_rows).rows)
    options = options_of(mixture, prior, seed)
    try:
        found = refit(mixture, source, mixture.n_components, options, [from_mixture(mixture)])
        return _measured(found.mixture, Rows(found.mixture.family, drawn, None))
    except MixturaError:
        return None
