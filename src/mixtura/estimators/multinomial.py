"""`MultinomialMixture`: rows of counts over items."""

from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse

from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.noise import beside_noise
from mixtura.data import RowSource
from mixtura.estimators.draws import DrawsMixture
from mixtura.mixture import Mixture

__all__ = ["MultinomialMixture"]


@final
class MultinomialMixture(DrawsMixture):
    """Mixture of multinomials, for rows of counts: words of documents, items of baskets.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" is the size of the lowest BIC, found as in `GaussianMixture`.
    coefficient : bool
        Whether the log-likelihood includes the multinomial coefficients n!/Π x!, which no
        parameter depends on; the summary says which.
    allow_unidentified : bool
        Fit also where the data cannot tell components apart, and say so.
    tol : float or None
        None: stop when less than 1e-3 nats + 1e-9 |ℓ| is left to gain. A number: stop when the
        mean log-likelihood changes by less.
    algorithm : "auto", "em" or "squarem"
        "squarem" extrapolates EM (Varadhan and Roland 2008) where the objective rises by it;
        "auto" does so unless `tol` is a number.
    max_iter : int or None
        Sweeps over the data at the most; None for 1000.
    n_init : int
        Starts carried to the end, but for those that another is too far ahead of; they share
        each read of the data.
    responsibilities_init : (N, K) array or None
        Start with an M-step from these; by default k-means++ in Hellinger distance on row
        proportions, and short runs.
    mixing_weights : "free", "equal" or (K,) array
        "equal" holds them at 1/K, an array at its numbers, which sum to one: component k has the
        k-th. They are no free parameters then. Beside noise, whose weight stays free, they are the
        parts of what it leaves.
    noise : None or "uniform"
        Add a component in which all rows of the same total are equally probable, for rows that
        belong to no other; `predict` says -1, and `weights_` has its share last.
    fix : dict or None
        Numbers of components that are held, by the name of their array, such as
        {"probabilities": array}: in the shape of the fitted array, NaN or None where free, or a
        dict of columns, by name or number, with what each component has there. Component k has
        those of row k; they are no free parameters.
    equal : dict or None
        Numbers that are the same, by the name of their array: True for the same in all components,
        column by column; a list of columns in which they are; or whole numbers in the place of
        those of `fix`, where numbers that have the same one above 0 are equal.
    use_y : "auto", True or False
        Whether `fit(X, y)` takes y for known components (-1 where unknown) or allowed ones. "auto":
        where y is a matrix of truth values, or holds whole numbers of which some are -1 and not
        only -1 and 1; other y are ignored, as pipelines pass class labels along.
    prior : "auto", "evidence", "weak", "conjugate", None, a number or a penalty
        Dirichlet pseudo-counts of each component: 1/N ("weak") or 1/K ("conjugate") rows that look
        like all rows together, a number of counts in each cell, or as many as the counts make most
        likely ("evidence": half as all rows are, half even). "auto" is by evidence where there are
        more than 100 columns, as of words, and weak for fewer, as of survey items. None is pure
        maximum likelihood.
    random_state : int, RandomState or None
    warm_start : bool
        Start from the last fit.
    engine : "threads", "processes", "serial" or an engine
    n_jobs : int or None
        Threads; None for all cores.
    verbose, verbose_interval : int

    Attributes
    ----------
    weights_ : (K,)
    probabilities_ : (K, D)
    mixture_ : Mixture
        The fitted value.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> from mixtura import MultinomialMixture
    >>> X = [[9, 1, 0], [8, 2, 0], [7, 2, 1], [0, 1, 9], [1, 1, 8], [0, 3, 7]]
    >>> sorted(MultinomialMixture(2, random_state=0).fit(X).weights_.round(2).tolist())
    [0.5, 0.5]
    """

    def __init__(
        self,
        n_components: int | str = 1,
        *,
        coefficient: bool = True,
        allow_unidentified: bool = False,
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
        self.coefficient = coefficient
        self.allow_unidentified = allow_unidentified

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> MultinomialFamily:
        kept = self._kept_totals(source, names)
        sparse = issparse(source.block(0, 1).rows)
        return MultinomialFamily(source.n_columns, bool(self.coefficient), sparse, kept)

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        self.probabilities_ = beside_noise(mixture.family, mixture.parameters)[1].probabilities
