"""`CategoricalMixture`: latent class analysis."""

from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.components.categorical import CategoricalFamily
from mixtura.components.noise import beside_noise
from mixtura.data import ArrayRows, RowSource
from mixtura.data.categories import (
    codes_of,
    column_labels,
    columns_of,
    levels_and_codes,
)
from mixtura.data.distinct import distinct_rows
from mixtura.em.solve import FitResult
from mixtura.errors import DataError
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.inputs import check_columns, names_of
from mixtura.estimators.settings import checked_choice
from mixtura.mixture import Mixture

__all__ = ["CategoricalMixture"]

# A column of more levels is more likely an identifier than a category.
MANY_LEVELS = 1000


@final
class CategoricalMixture(DiscreteMixture):
    """Mixture of independent categorical columns: latent class analysis.

    Columns may hold text, numbers, truth values, or the categories of pandas, polars and Arrow.
    Values are compared, never a library's codes: 1 and 1.0 are one category; 1, "1" and True are
    three. A missing cell (None, NaN, null) is left out of its row's likelihood.

    Parameters
    ----------
    n_components : int
        K, the number of classes.
    unknown : "error" or "ignore"
        What a category not seen in the fit is at prediction: an error that names it, or a missing
        cell.
    noise : None or "uniform"
        Add a component whose levels are equally probable in each column, for rows that belong to
        no other; `predict` says -1, and `weights_` has its share last.
    tol, max_iter, n_init, responsibilities_init, mixing_weights, fix, equal, use_y, prior
    random_state, warm_start, engine, n_jobs
        As in `MultinomialMixture`; a class's pseudo-rows have the overall share of each level.
    verbose, verbose_interval : int

    Attributes
    ----------
    weights_ : (K,)
    categories_ : list of tuples
        The levels of each column, in the order of the probabilities.
    probabilities_ : list of (K, levels)
        For each column.
    mixture_ : Mixture
        The fitted value, whose rows are numbers of levels.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> from mixtura import CategoricalMixture
    >>> X = [["yes", "red"], ["yes", "red"], ["no", "blue"], ["no", None]]
    >>> CategoricalMixture(1).fit(X).categories_
    [('no', 'yes'), ('blue', 'red')]
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        unknown: str = "error",
        tol: float | None = None,
        algorithm: str = "auto",
        max_iter: int | None = None,
        n_init: int = 1,
        responsibilities_init: ArrayLike | None = None,
        mixing_weights: Any = "free",
        noise: str | None = None,
        fix: Any = None,
        equal: Any = None,
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
            noise=noise,
            fix=fix,
            equal=equal,
            use_y=use_y,
            prior=prior,
            random_state=random_state,
            warm_start=warm_start,
            engine=engine,
            n_jobs=n_jobs,
            verbose=verbose,
            verbose_interval=verbose_interval,
        )
        self.unknown = unknown

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        checked_choice("unknown", self.unknown, ("error", "ignore"))
        self._fresh_notes()
        columns, names = columns_of(data)
        if len(columns[0]) < 2:
            raise DataError("X has one row, and a mixture needs at least 2; give more rows")
        called = column_labels(names, len(columns))
        labels, codes = zip(*map(levels_and_codes, columns, called), strict=True)
        self._labels = labels
        for label, levels in zip(called, self._labels, strict=True):
            if len(levels) == 1:
                self._note(
                    f"{label} holds {levels[0]!r} only, which tells no classes apart", warn=True
                )
            elif len(levels) > MANY_LEVELS:
                self._note(
                    f"{label} has {len(levels):,} levels in {len(columns[0]):,} rows; drop it if "
                    "it is an identifier, or bin it if it is a number",
                    warn=True,
                )
        return np.column_stack(codes), names

    def _rows(self, data: Any) -> NDArray[np.int32]:
        check_is_fitted(self, "mixture_")
        columns, names = columns_of(data)
        check_columns(len(columns), names, self)
        called = column_labels(names or names_of(self), len(columns))
        rows = [
            codes_of(column, labels, label, ignore=self.unknown == "ignore")
            for column, labels, label in zip(columns, self._labels, called, strict=True)
        ]
        return np.column_stack(rows)

    def _source(self, rows: Any, weights: Any, *, as_given: bool = False) -> RowSource:
        self._tell_missing(rows < 0)
        self._n_rows = len(rows)
        if as_given or self.responsibilities_init is not None:
            return ArrayRows(rows, weights)
        patterns, totals = distinct_rows(rows, weights)
        # Rows that are nearly all different cost less without a weight each.
        if 2 * len(patterns) > len(rows):
            return ArrayRows(rows, weights)
        return ArrayRows(patterns, totals)

    def _tell_missing(self, gaps: NDArray[np.bool_]) -> None:
        if not gaps.any():
            return
        self._note(f"{int(gaps.sum())} missing cell(s) are left out of the likelihood")
        unanswered = int(gaps.all(axis=1).sum())
        if unanswered:
            self._note(
                f"{unanswered} row(s) have no answer at all; their posterior is the class shares"
            )

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> CategoricalFamily:
        return CategoricalFamily(tuple(map(len, self._labels)), self._labels)

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        family, parameters = beside_noise(mixture.family, mixture.parameters)
        self._labels = tuple(kind.labels for kind in mixture.kinds)
        self.categories_ = list(self._labels)
        self.probabilities_ = family.items(parameters)

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        return {**super()._more_facts(result, source), "n_rows": self._n_rows}
