"""`partial_fit`: rows taken in as they arrive, whatever the mixture."""

import warnings
from dataclasses import replace
from math import isfinite
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import order_by_pattern
from mixtura.components.resuming import Seen
from mixtura.components.weighing import Weighing
from mixtura.data import ArrayRows
from mixtura.data.checks import row_weights
from mixtura.data.weights import given_weights
from mixtura.em.annealing import prior_named
from mixtura.em.arriving import Taken, take_in
from mixtura.em.solve import SolveOptions
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.engines import engine_named
from mixtura.errors import DataError, DriftWarning, ParameterError
from mixtura.estimators.labels import by_name
from mixtura.estimators.settings import DEFAULT_MAX_ITER, Settings
from mixtura.estimators.spooled import is_spooled
from mixtura.kinds import NUMBER
from mixtura.mixture import Mixture

__all__ = ["PartialFit", "arrived", "checked_half_life"]

# Sums of weights from which what is seen of rows has squares beyond the floats.
MOST_WEIGHT = 1e280


def checked_half_life(half_life: Any) -> float | None:
    """Return a number of rows above 0, or None."""
    if half_life is None:
        return None
    if isinstance(half_life, Real) and not isinstance(half_life, bool):
        number = float(half_life)
        if isfinite(number) and number > 0:
            return number
    raise ParameterError(f"half_life should be a number of rows above 0, not {half_life!r}")


class PartialFit:
    """What estimators share that take rows in as they arrive."""

    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        half_life: float | None = None,
    ) -> Self:
        """Take further rows in, without a look at those before.

        The first call on an estimator that is not fitted is `fit`, with all its starts. Each
        further one runs EM on its rows from where the mixture stands, beside what the earlier rows
        left: their expected sufficient statistics, as they were. So all rows count alike, however
        they are cut, and the end is near that of one fit to all of them, though not the same.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted, 1 at least; frames by name
        y : as in `fit`
        sample_weight : (N,) row weights from 0 up
        half_life : after so many further rows, by weight, those before count half; None: for ever

        Returns
        -------
        self
            `log_likelihood_` is the sum over all parts, each under the model that had just taken
            it in, faded as its rows are; `drift_` says how these rows compared with those before.

        Raises
        ------
        DataError
            If the rows have other columns or categories, a cell cannot be used, or weights add up
            to more than 1e280.
        ParameterError
            If a setting cannot be used, or the estimator was made of parameters and never fitted.

        Warns
        -----
        DriftWarning
            If these rows are less likely than the model would have them, by more than chance.

        References
        ----------
        Neal and Hinton (1998), A view of the EM algorithm that justifies incremental, sparse, and
        other variants. Cappé and Moulines (2009), On-line expectation-maximization algorithm for
        latent data models.
        """
        estimator: Any = self
        faded = checked_half_life(half_life)
        X, y = by_name(X, y)
        X = estimator._as_fitted(X) if hasattr(estimator, "mixture_") else estimator._as_read(X)
        if is_spooled(X):
            raise ParameterError(
                "partial_fit takes rows that are in memory; fit reads those beyond it, or give "
                "them part by part: for part in X.parts(): model.partial_fit(part)"
            )
        if not hasattr(estimator, "mixture_"):
            return estimator.fit(X, y, sample_weight)
        seen: Seen | None = getattr(estimator, "_seen", None)
        if seen is None:
            raise ParameterError(
                "this estimator knows nothing of the rows that it was fitted to: it was made of "
                "parameters or by an earlier mixtura, or there was too much to keep; fit it"
            )
        taken = _taken(estimator, seen, X, y, sample_weight, faded)
        estimator._adopt_taken(taken)
        if taken.drift.is_worse:
            warnings.warn(
                f"the data may have changed: {taken.drift.sentence()}; fit anew, or let earlier "
                "rows fade by half_life",
                DriftWarning,
                stacklevel=2,
            )
        return estimator

    def _adopt_taken(self, taken: Taken) -> None:
        """Set what a fit sets, as far as it is known of rows that are not there any more."""
        estimator: Any = self
        result = taken.whole
        before: Mixture = estimator.mixture_
        estimator.mixture_ = replace(
            result.mixture, reading=before.reading, component_names=before.component_names
        )
        estimator.facts_ = taken.facts()
        estimator.drift_ = taken.drift
        estimator._seen = taken.seen
        estimator._trail = ()
        estimator._tell(result)
        estimator.lower_bound_ = result.log_likelihood / result.total_weight
        estimator.lower_bounds_ = [estimator.lower_bound_]
        estimator._take(estimator.mixture_, estimator.weights_.dtype)


def _taken(
    estimator: Any, seen: Seen, data: Any, y: Any, sample_weight: Any, half_life: float | None
) -> Taken:
    """Return what the mixture of an estimator becomes with further rows."""
    mixture = estimator.mixture_
    settings = Settings.of(estimator)
    given_weight = given_weights(data, sample_weight)
    if hasattr(estimator, "_fresh_notes"):
        estimator._fresh_notes()
    rows = estimator._rows(data)
    weights = row_weights(given_weight, rows.shape[0])
    _check_weight(weights, seen)
    n_components = mixture.n_components - mixture.family.has_noise
    given = estimator._arranged(rows, estimator._column_names(), weights, y, n_components)
    taken = take_in(
        mixture,
        seen,
        given.source,
        engine_named(estimator.engine, estimator.n_jobs),
        lambda family: estimator._options(settings, family),
        n_rows=given.rows.shape[0],
        half_life=half_life,
    )
    return replace(taken, notes=given.notes)


def _check_weight(weights: NDArray[np.float64] | None, seen: Seen) -> None:
    """Raise `DataError` where rows weigh more than sums of them can hold."""
    with np.errstate(over="ignore"):
        further = 0.0 if weights is None else float(weights.sum())
    if seen.total_weight + further > MOST_WEIGHT:
        raise DataError(
            f"the row weights add up to {further:.3g}, beside {seen.total_weight:.3g} of the rows "
            f"before, and the sum may be {MOST_WEIGHT:g} at most; give weights in another unit, "
            "from the first fit on"
        )


def arrived(
    mixture: Mixture,
    seen: Seen,
    rows: NDArray[Any],
    weights: NDArray[np.float64] | None = None,
    *,
    prior: Any = "auto",
    half_life: float | None = None,
    n_jobs: int | None = None,
) -> Taken:
    """Return what a mixture becomes with further rows, by the settings that fits have by default.

    Parameters
    ----------
    rows : (N, D) coded as the family reads them, dense
    weights : (N,) row weights from 0 up, or None
    prior, half_life, n_jobs : as in estimators
    """
    _check_weight(weights, seen)
    order = np.arange(len(rows)) if weights is None else np.flatnonzero(weights)
    numbers = [column for column, kind in enumerate(mixture.kinds) if kind == NUMBER]
    if numbers:
        order = order[order_by_pattern(rows[order][:, numbers])]
    shares = mixture.weights[mixture.labels >= 0]
    weighing = Weighing.holding(shares) if mixture.held else Weighing()

    def options(family: Any) -> SolveOptions:
        named = prior_named(prior, family)
        return SolveOptions(
            rule=GainLeft(),
            max_iter=DEFAULT_MAX_ITER,
            prior=named,
            rescue=bool(numbers) and named is not None,
            monotone=True,
            starts=StartOptions(0),
            weighing=weighing,
            accelerate=True,
        )

    source = ArrayRows(rows[order], None if weights is None else weights[order])
    engine = engine_named("threads", n_jobs)
    return take_in(mixture, seen, source, engine, options, half_life=half_life)
