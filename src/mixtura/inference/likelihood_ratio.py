"""The bootstrap likelihood-ratio test of K components against K + 1 (McLachlan 1987)."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from mixtura.arrays import whole_number
from mixtura.data import RowSource
from mixtura.em.solve import SolveOptions
from mixtura.em.starts import StartOptions
from mixtura.engines import engine_named
from mixtura.errors import DataError, MixturaError, ParameterError
from mixtura.inference.refit import (
    Refits,
    from_mixture,
    from_short_runs,
    from_splits,
    options_of,
    weighing_of,
)
from mixtura.inference.replicates import drawn_rows, seeded
from mixtura.inference.rows import Rows, checked
from mixtura.mixture import Mixture

__all__ = ["LikelihoodRatioTest", "likelihood_ratio_test"]

Float = NDArray[np.float64]

# Replicates between looks at the number of exceedances; fixed, so that no engine changes it.
BATCH = 32


@dataclass(frozen=True, slots=True)
class LikelihoodRatioTest:
    """The test of K components against K + 1.

    Attributes
    ----------
    n_components : K, noise not counted
    statistic : 2 (ℓ_(K+1) - ℓ_K), from 0 up
    p_value : the share of replicates under K, the rows themselves counted in, whose statistic is
        as large; where it stopped early, exceedances / replicates (Besag and Clifford 1991)
    error : its Monte Carlo standard error, about
    replicates : (B,) the statistics under K, in the order drawn
    stopped_early : whether enough exceedances were seen before all replicates were drawn
    alternative : the fit with K + 1 components
    """

    n_components: int
    statistic: float
    p_value: float
    error: float
    replicates: Float
    stopped_early: bool
    alternative: Mixture


def likelihood_ratio_test(
    mixture: Mixture,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    n_replicates: int = 999,
    exceedances: int | None = 20,
    n_init: int = 3,
    prior: Any = "weak",
    random_state: int | None = None,
    missing: str = "error",
    engine: Any = "threads",
    n_jobs: int | None = None,
) -> LikelihoodRatioTest:
    """Test whether rows need one more component than a fitted mixture has.

    Under K the statistic has no known distribution, so it is taken from rows drawn from the fitted
    mixture, to which both hypotheses are fitted as they are to the rows.

    Parameters
    ----------
    mixture : K components, as fitted to these rows
    X : (N, D)
    sample_weight : (N,) row weights from 0 up; weight 2 is the row twice
    n_replicates : B at the most; the least p-value is 1 / (B + 1)
    exceedances : stop when so many replicates were at least as large, since the p-value is then
        known as well as it needs to be; None draws all
    n_init : starts of K + 1 components carried to the end: of categories and counts one from groups
        of rows, and the others from the fit of K with a component split
    prior : as in the fit
    random_state : a seed
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN
    engine, n_jobs : whose workers fit replicates side by side

    Raises
    ------
    DataError
        If fewer than two rows hold a cell.
    ParameterError
        If the mixture has mixing weights that were held and differ, or other numbers that were held
        or equal, or a setting cannot be used. Mixing weights that were held equal are so under both
        hypotheses, and noise stands beside both, with the same density.
    """
    n_replicates = whole_number("n_replicates", n_replicates, 1)
    n_init = whole_number("n_init", n_init, 1)
    if exceedances is not None:
        exceedances = whole_number("exceedances", exceedances, 1)
    if weighing_of(mixture).tells_apart:
        raise ParameterError(
            "the mixing weights were held at numbers that differ, which do not say what those of "
            "one component more should be; test a fit with mixing_weights='free' or 'equal'"
        )
    if mixture.constraints is not None and not mixture.constraints.binds_none_alone:
        raise ParameterError(
            "numbers of the components were held or equal, which does not say what those of one "
            "component more should be; test a fit without fix and equal"
        )
    rows = checked(mixture, X, sample_weight, missing, counts=True).gathered()
    _check_several(rows)
    null = replace(mixture, family=rows.family)
    seed = int(np.random.default_rng(random_state).integers(2**31))
    options = options_of(null, prior, seed, finish=n_init)
    replicate = NullReplicate(null, rows, options, seed)
    worker = engine_named(engine, n_jobs)
    statistics: list[float] = []
    stopped = False
    with worker.session():
        observed, alternative = _statistic(null, rows.source(), options)
        while len(statistics) < n_replicates and not stopped:
            batch = range(len(statistics), min(len(statistics) + BATCH, n_replicates))
            statistics += worker.map(replicate, batch)
            larger = np.cumsum(np.array(statistics) >= observed)
            if exceedances is not None and larger[-1] >= exceedances:
                statistics = statistics[: int(np.searchsorted(larger, exceedances)) + 1]
                stopped = len(statistics) < n_replicates
    found = np.array(statistics)
    found = found[np.isfinite(found)]
    count = int((found >= observed).sum())
    p_value = count / len(found) if stopped else (1 + count) / (1 + len(found))
    return LikelihoodRatioTest(
        n_components=int((mixture.labels >= 0).sum()),
        statistic=observed,
        p_value=p_value,
        error=float(np.sqrt(p_value * (1.0 - p_value) / max(len(found), 1))),
        replicates=found,
        stopped_early=stopped,
        alternative=alternative,
    )


def _check_several(rows: Rows) -> None:
    """Raise `DataError` for fewer rows than a fit takes."""
    source = rows.source()
    cells = source.block(0, source.n_rows).rows
    known = np.ones(cells.shape[:1]) if issparse(cells) else (~np.isnan(cells)).any(axis=1)
    if known.sum() < 2:
        raise DataError(
            f"of {rows.n_rows} row(s) {int(known.sum())} has weight above 0 and a cell that is "
            "known, and a test needs two at least; pass the rows that the mixture was fitted to"
        )


@dataclass(frozen=True, slots=True)
class NullReplicate:
    """Makes the statistic of rows drawn from the smaller mixture, or NaN where there is none."""

    null: Mixture
    rows: Rows
    options: SolveOptions
    seed: int

    def __call__(self, number: int) -> float:
        """Return 2 (ℓ_(K+1) - ℓ_K)."""
        rng = seeded(self.seed, number)
        starts = StartOptions(int(rng.integers(2**31)), finish=self.options.starts.finish)
        rows = drawn_rows(self.null, self.rows, rng)
        try:
            return _statistic(self.null, rows, replace(self.options, starts=starts))[0]
        except MixturaError:
            return float("nan")


def _statistic(null: Mixture, source: RowSource, options: SolveOptions) -> tuple[float, Mixture]:
    """Return 2 (ℓ_(K+1) - ℓ_K) for some rows, and the larger fit."""
    size = null.n_components
    refits = Refits(null, source, options)
    once = replace(options, starts=replace(options.starts, finish=1))
    if null.family.start_softness == 0:
        smaller = refits.fit(size, options, [from_mixture(null), from_short_runs(size, once)])
        larger = refits.fit(size + 1, options, [from_short_runs(size + 1, options)])
    else:
        # Where components have no shapes, trees find nothing that seeds and splits do not.
        seeds = [from_short_runs(more, once, number=1) for more in (size, size + 1)]
        smaller = refits.fit(size, options, [from_mixture(null), seeds[0]])
        splits = from_splits(smaller.model, options.starts.finish - 1, once)
        larger = refits.fit(size + 1, options, [splits, seeds[1]])
    gain = larger.log_likelihood - smaller.log_likelihood
    return max(2.0 * gain, 0.0), larger.mixture
