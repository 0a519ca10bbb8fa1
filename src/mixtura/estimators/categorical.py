"""`CategoricalMixture`: latent class analysis."""

from collections.abc import Iterable
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.components.categorical import CategoricalFamily
from mixtura.components.noise import beside_noise
from mixtura.data import ArrayRows, RowSource, blocks_of
from mixtura.data.categories import column_labels, columns_of
from mixtura.data.dataset import Dataset
from mixtura.data.distinct import distinct_rows
from mixtura.data.frames import declared_orders
from mixtura.data.gaps import Gaps
from mixtura.data.levels import Labels, codes_of, levels_and_codes, recoded
from mixtura.data.streamed_distinct import BYTES_OF_CELL, MOST_PATTERN_CELLS, streamed_distinct
from mixtura.em.solve import FitResult
from mixtura.errors import DataError
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.inputs import ONE_ROW, Sourced, check_columns, names_of
from mixtura.estimators.settings import checked_choice
from mixtura.estimators.spooled import labels_of, spooled_rows, telling, words_of_left_out
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
    n_components : int or "auto"
        K, the number of classes; "auto" is that of the lowest BIC, found as in `GaussianMixture`.
    unknown : "error" or "ignore"
        What a category not seen in the fit is at prediction: an error that names it, or a missing
        cell.
    noise : None or "uniform"
        Add a component whose levels are equally probable in each column, for rows that belong to
        no other; `predict` says -1, and `weights_` has its share last.
    ordinal : None, True, columns or dict
        Items whose levels have an order: all, some, or a dict of columns with their levels from
        lowest to highest. Classes differ in one number for each such item, by adjacent-category
        logits: log p_kl / p_km = b_l - b_m + (s_l - s_m) λ_k, where the thresholds b are those of
        all classes. Scores s are the values where levels are numbers, else their places in the
        order, which the type of a column, words such as "never, sometimes, often" and a dict say.
    ordinal_link : "adjacent" or "cumulative"
        The logits of such items; cumulative ones are logit P(level <= l) = b_l - λ_k, proportional
        odds, for which scores count by their order only.
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
        n_components: int | str = 1,
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
        ordinal: Any = None,
        ordinal_link: str = "adjacent",
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
        self.ordinal = ordinal
        self.ordinal_link = ordinal_link

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: text and missing cells are taken."""
        own = (tags := super().__sklearn_tags__()).input_tags
        own.categorical = own.string = own.allow_nan = True
        return tags

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        checked_choice("unknown", self.unknown, ("error", "ignore"))
        self._fresh_notes()
        if isinstance(data, Dataset):
            labels, rows, names = labels_of(data), data.array().astype(np.int32), data.names
        else:
            columns, names = columns_of(data)
            self._orders = declared_orders(data)
            called = column_labels(names, len(columns))
            labels, codes = zip(*map(levels_and_codes, columns, called), strict=True)
            rows = np.column_stack(codes)
        if len(rows) < 2:
            raise DataError(ONE_ROW)
        self._know(labels, names, len(rows))
        return rows, names

    def _know(self, labels: tuple[Labels, ...], names: tuple[str, ...] | None, n_rows: int) -> None:
        """Take the levels of the columns, and say where they are one or very many."""
        self._labels = labels
        for label, levels in zip(column_labels(names, len(labels)), labels, strict=True):
            if len(levels) == 1:
                self._note(
                    f"{label} holds {levels[0]!r} only, which tells no classes apart", warn=True
                )
            elif len(levels) > MANY_LEVELS:
                self._note(
                    f"{label} has {len(levels):,} levels in {n_rows:,} rows; drop it if "
                    "it is an identifier, or bin it if it is a number",
                    warn=True,
                )

    def _as_read(self, data: Any) -> Any:
        return data.coded() if isinstance(data, Dataset) else data

    def _rows_beyond(self, data: Dataset) -> Sourced:
        rows = spooled_rows(data)
        self._know(labels_of(data), data.names, rows.n_rows)
        given = rows
        rows = telling(given)
        notes = words_of_left_out(given, rows)
        self._tell_missing(block.rows for block in rows.blocks())
        self._n_rows = rows.n_rows
        most = max(MOST_PATTERN_CELLS, data.memory // BYTES_OF_CELL)
        if rows.has_labels:
            # Equal rows may be of different components.
            return Sourced(rows, data.names, None, rows, notes)
        patterns = streamed_distinct(rows.blocks(), most)
        if patterns is None or not are_few(patterns, rows.n_rows):
            return Sourced(rows, data.names, None, rows, notes)
        return Sourced(rows, data.names, None, ArrayRows(*patterns), notes)

    def _rows(self, data: Any) -> NDArray[np.int32]:
        check_is_fitted(self, "mixture_")
        ignore = self.unknown == "ignore"
        if isinstance(data, Dataset):
            data = data.coded()
            rows, names = data.array(), data.names
            check_columns(rows.shape[1], names, self)
            called = column_labels(names or names_of(self), rows.shape[1])
            each = zip(rows.T, labels_of(data), self._labels, called, strict=True)
            codes = [recoded(*one, ignore=ignore) for one in each]
            return np.column_stack(codes)
        columns, names = columns_of(data)
        check_columns(len(columns), names, self)
        called = column_labels(names or names_of(self), len(columns))
        each = zip(columns, self._labels, called, strict=True)
        return np.column_stack([codes_of(*one, ignore=ignore) for one in each])

    def _source(self, rows: Any, weights: Any, *, as_given: bool = False) -> RowSource:
        self._tell_missing([rows])
        self._n_rows = len(rows)
        if as_given or self.responsibilities_init is not None:
            return ArrayRows(rows, weights)
        patterns = distinct_rows(rows, weights)
        return ArrayRows(*patterns) if are_few(patterns, len(rows)) else ArrayRows(rows, weights)

    def _tell_missing(self, blocks: Iterable[NDArray[Any]]) -> None:
        gaps = Gaps.among(blocks, categories=True)
        if gaps.n_missing:
            self._note(gaps.words())

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> CategoricalFamily:
        return CategoricalFamily.of(self._labels, (block.rows for block in blocks_of(source)))

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        family, parameters = beside_noise(mixture.family, mixture.parameters)
        self._labels = tuple(kind.labels for kind in mixture.kinds)
        self.categories_ = list(self._labels)
        self.probabilities_ = family.items(parameters)

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        return {**super()._more_facts(result, source), "n_rows": self._n_rows}


def are_few(patterns: tuple[NDArray[Any], NDArray[np.float64]], n_rows: int) -> bool:
    """Return whether distinct rows stand for all: such as are nearly all cost less without."""
    return 2 * len(patterns[0]) <= n_rows
