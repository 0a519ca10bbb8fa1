"""`DirichletMultinomialMixture`: rows of counts over items that vary more than chance."""

from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from mixtura.components.noise import beside_noise
from mixtura.components.polya import DirichletMultinomialFamily
from mixtura.data import RowSource, blocks_of
from mixtura.estimators.draws import DrawsMixture
from mixtura.mixture import Mixture

__all__ = ["DirichletMultinomialMixture"]


@final
class DirichletMultinomialMixture(DrawsMixture):
    """Mixture of Dirichlet-multinomials, for rows of counts over items that come in clusters.

    The probabilities of items differ from row to row as a Dirichlet's: a word that a text has once
    it has again. Any two draws of a row are alike beyond chance with the correlation ρ, which is
    1 / (Σ a + 1) of the Dirichlet's concentrations a = p (1 - ρ) / ρ: 0 is a multinomial, and at 1
    all draws of a row are of one item (Mosimann 1962).

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" is the size of the lowest BIC, found as in `GaussianMixture`.
    allow_unidentified : bool
        Fit also where the data cannot tell components apart, and say so.
    tol, algorithm, max_iter, n_init, responsibilities_init, mixing_weights, noise, use_y
        As in `MultinomialMixture`.
    fix, equal : None
        Nothing can be held here.
    prior : "auto", "weak", "conjugate", None or a penalty
        Pseudo-rows that look like all rows together; "auto" is the weak one.
    random_state, warm_start, engine, n_jobs, verbose, verbose_interval
        As in `MultinomialMixture`.

    Attributes
    ----------
    weights_ : (K,)
    probabilities_ : (K, D)
    correlations_ : (K,)
    mixture_ : Mixture
        The fitted value.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> from mixtura import DirichletMultinomialMixture
    >>> X = [[9, 1, 0], [5, 5, 0], [8, 2, 2], [0, 1, 9], [1, 4, 5], [0, 0, 9]]
    >>> DirichletMultinomialMixture(random_state=0).fit(X).correlations_.round(2).tolist()
    [0.0]
    """

    def __init__(
        self,
        n_components: int | str = 1,
        *,
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
        self.allow_unidentified = allow_unidentified

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> Any:
        kept = self._kept_totals(source, names)
        family = DirichletMultinomialFamily(source.n_columns + 1, totals=kept)
        parts = (family.reading(block.rows) for block in blocks_of(source))
        found = next(parts)
        for part in parts:
            found = found.beside(part)
        return found

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        self.probabilities_ = beside_noise(mixture.family, mixture.parameters)[1].probabilities
        self.correlations_ = beside_noise(mixture.family, mixture.parameters)[1].correlations
