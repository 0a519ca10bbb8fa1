"""`BernoulliMixture`: rows of zeros and ones."""

from typing import Any, final

import numpy as np
from scipy.sparse import issparse

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.data import RowSource
from mixtura.data.checks import column_label
from mixtura.errors import DataError
from mixtura.estimators.count_inputs import checked_binary, fitted_binary
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.mixture import Mixture

__all__ = ["BernoulliMixture"]


@final
class BernoulliMixture(DiscreteMixture):
    """Mixture of independent yes-or-no columns: 0, 1, True, False, and NaN where a cell is missing.

    A missing cell is left out of its row's likelihood.

    Parameters
    ----------
    n_components : int
        K.
    tol, max_iter, n_init, responsibilities_init, mixing_weights, use_y, prior, random_state
    warm_start, engine, n_jobs
        As in `MultinomialMixture`; the weak prior's pseudo-rows are beta pseudo-counts.
    verbose, verbose_interval : int

    Attributes
    ----------
    weights_ : (K,)
    probabilities_ : (K, D)
        Of a one.
    mixture_ : Mixture
        The fitted value.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> from mixtura import BernoulliMixture
    >>> X = [[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 1], [0, 0, 1]]
    >>> BernoulliMixture(1).fit(X).probabilities_.round(2).tolist()
    [[0.5, 0.5, 0.5]]
    """

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        self._fresh_notes()
        return checked_binary(data, self, least_rows=2)

    def _rows(self, data: Any) -> Any:
        rows = fitted_binary(data, self)
        family: Any = self.mixture_.family
        if issparse(rows) and family.missing:
            return rows.toarray()
        if not issparse(rows) and (rows < 0).any() and not family.missing:
            raise DataError(
                "X has missing cells, and the fit had none; fit again with rows that have some"
            )
        return rows

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> BernoulliFamily:
        rows = source.block(0, source.n_rows).rows
        missing = not issparse(rows) and bool((rows < 0).any())
        if missing:
            self._tell_missing(rows < 0, names)
        return BernoulliFamily(source.n_columns, missing, issparse(rows))

    def _tell_missing(self, gaps: Any, names: tuple[str, ...] | None) -> None:
        empty = np.flatnonzero(gaps.all(axis=0))
        if empty.size:
            label = column_label(names, int(empty[0]))
            raise DataError(f"{label} is missing in every row; drop it")
        self._note(f"{int(gaps.sum())} missing cell(s) are left out of the likelihood")
        unanswered = int(gaps.all(axis=1).sum())
        if unanswered:
            self._note(
                f"{unanswered} row(s) have no cell at all; their posterior is the mixing weights"
            )

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        self.probabilities_ = mixture.parameters.probabilities
