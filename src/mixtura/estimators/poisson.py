"""`PoissonMixture`: rows of counts with a rate each."""

from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse

from mixtura.components.poisson import PoissonFamily
from mixtura.data import RowSource
from mixtura.data.checks import column_label
from mixtura.data.counts import check_counts, check_positive, row_totals
from mixtura.errors import DataError, ParameterError
from mixtura.estimators.count_inputs import checked_counts, fitted_counts
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.inputs import check_columns, checked_rows, names_of
from mixtura.mixture import Mixture

__all__ = ["PoissonMixture"]


@final
class PoissonMixture(DiscreteMixture):
    """Mixture of independent Poisson columns, for counts of events.

    Parameters
    ----------
    n_components : int
        K.
    exposure : str, int or None
        The column (name or number) that holds how long or how large each row's observation was;
        rates are for an exposure of 1. None: all the same.
    tol, max_iter, n_init, responsibilities_init, mixing_weights, use_y, prior, random_state
    warm_start, engine, n_jobs
        As in `MultinomialMixture`; starts are in the distance of square roots of counts, and the
        weak prior's pseudo-rows are those of gamma priors.
    verbose, verbose_interval : int

    Attributes
    ----------
    weights_ : (K,)
    rates_ : (K, D)
        Without the column of the exposure.
    mixture_ : Mixture
        The fitted value.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> from mixtura import PoissonMixture
    >>> X = [[0], [1], [0], [9], [11], [10]]
    >>> mixture = PoissonMixture(2, prior=None, random_state=0).fit(X)
    >>> sorted(mixture.rates_.round(1).ravel().tolist())
    [0.3, 10.0]
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        exposure: str | int | None = None,
        tol: float | None = None,
        algorithm: str = "auto",
        max_iter: int | None = None,
        n_init: int = 1,
        responsibilities_init: ArrayLike | None = None,
        mixing_weights: Any = "free",
        use_y: Any = "auto",
        prior: Any = "auto",
        random_state: Any = None,
        warm_start: bool = False,
        engine: Any = "threads",
        n_jobs: int | None = None,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        super().__init__(
            n_components,
            tol=tol,
            algorithm=algorithm,
            max_iter=max_iter,
            n_init=n_init,
            responsibilities_init=responsibilities_init,
            mixing_weights=mixing_weights,
            use_y=use_y,
            prior=prior,
            random_state=random_state,
            warm_start=warm_start,
            engine=engine,
            n_jobs=n_jobs,
            verbose=verbose,
            verbose_interval=verbose_interval,
        )
        self.exposure = exposure

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        self._fresh_notes()
        return self._counts(data, least_rows=2)

    def _rows(self, data: Any) -> Any:
        if self.exposure is None:
            return fitted_counts(data, self)
        rows, names = self._counts(data)
        check_columns(rows.shape[1], names, self)
        return rows

    def _counts(self, data: Any, least_rows: int = 1) -> tuple[Any, tuple[str, ...] | None]:
        if self.exposure is None:
            return checked_counts(data, self, least_rows=least_rows)
        if issparse(data):
            raise DataError("exposure is for dense rows; pass X.toarray()")
        rows, names = checked_rows(data, self, least_rows=least_rows, missing=True)
        rows = rows.astype(np.float64, copy=False)
        position = self._position(rows.shape[1], names or names_of(self))
        check_positive(rows[:, position], f"the exposure, {column_label(names, position)},")
        counts = rows.copy()
        counts[:, position] = 0.0
        check_counts(counts, names)
        return rows, names

    def _position(self, n_columns: int, names: tuple[str, ...] | None) -> int:
        given = self.exposure
        if isinstance(given, str):
            if names is None or given not in names:
                listed = "the columns have no names" if names is None else f"not among {names}"
                raise ParameterError(f"exposure names the column '{given}': {listed}")
            return names.index(given)
        if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
            raise ParameterError(f"exposure should be a column's name or number, not {given!r}")
        if not -n_columns <= given < n_columns:
            raise ParameterError(f"exposure is column {given}, and there are {n_columns}")
        return int(given) % n_columns

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> PoissonFamily:
        if self.exposure is None:
            rows = source.block(0, source.n_rows).rows
            empty = int((row_totals(rows) == 0).sum())
            if empty:
                self._note(f"{empty} row(s) hold zeros only, which is information about rates")
            return PoissonFamily(source.n_columns, sparse=issparse(rows))
        if source.n_columns == 1:
            raise DataError("X holds the exposure and no column of counts; give some counts")
        return PoissonFamily(source.n_columns - 1, self._position(source.n_columns, names))

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        self.rates_ = mixture.parameters.rates
