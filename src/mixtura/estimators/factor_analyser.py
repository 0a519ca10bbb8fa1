"""`FactorAnalyserMixture`: Gaussian components of many columns, by a few factors each."""

from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.components.factor_analyser.family import FactorAnalyserFamily
from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.components.factor_analyser.structures import FactorStructure, factor_structure
from mixtura.components.noise import beside_noise, without_noise
from mixtura.data import RowSource
from mixtura.data.checks import check_memory
from mixtura.em.noise_starts import with_noise
from mixtura.em.solve import FitResult, SolveOptions
from mixtura.em.starts import StartMaker
from mixtura.errors import ParameterError
from mixtura.estimators.complete import CompleteRows
from mixtura.estimators.factor_search import (
    check_prior,
    checked_factors,
    factor_family_maker,
    factor_search,
    heywood_words,
)
from mixtura.estimators.gaussian_shapes import within_precision
from mixtura.estimators.inputs import Kept, Sourced
from mixtura.estimators.noise import noise_maker
from mixtura.estimators.settings import Settings
from mixtura.estimators.sizes import is_auto
from mixtura.mixture import Mixture
from mixtura.selection import Selection

__all__ = ["FactorAnalyserMixture"]

Float = NDArray[np.float64]

# The structure and the number of factors that stand for those that are to be found.
SIMPLEST = FactorStructure("CCC", 1)


@final
class FactorAnalyserMixture(CompleteRows):
    """Mixture of factor analysers: covariances Λ_k Λ_kᵀ + Ψ_k, for clusters in many columns.

    A component has q factors, whose loadings Λ_k (D, q) say how columns move together, and noise of
    variances Ψ_k, which is each column's own (Ghahramani and Hinton 1996). So rows may be fewer
    than full covariances ask for, and nothing takes more than K D q numbers.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" is the size of the lowest BIC, found as in `GaussianMixture`.
    n_factors : int, several or "auto"
        q, less than D; of several that of the lowest BIC, and "auto" tries 1, 2, ... while more
        factors lower it, up to where a covariance has no more parameters.
    covariance_type : str
        One of the eight structures of McNicholas and Murphy (2008), or "auto" for that of the
        lowest BIC. Of three letters, C for constrained and U for free, the first says whether
        loadings are the same in all components, the second whether noise variances are, the third
        whether those of a component are the same in all columns.
    tol : float or None
        None: stop when less than 1e-3 nats + 1e-9 |ℓ| is left to gain. A number: stop when the
        mean log-likelihood changes by less.
    algorithm : "auto", "em" or "squarem"
        "squarem" extrapolates EM (Varadhan and Roland 2008) where the objective rises by it;
        "auto" does so unless `tol` is a number.
    max_iter : int or None
        Sweeps over the data at the most; None for 1000.
    n_init : int
        Starts carried to the end, but for those that an earlier one is too far ahead of.
    responsibilities_init : (N, K) array or None
        Start with an M-step from these.
    mixing_weights : "free", "equal" or (K,) array
        "equal" holds them at 1/K, an array at its numbers, which sum to one.
    use_y : "auto", True or False
        Whether `fit(X, y)` takes y for known components, as in `GaussianMixture`.
    constant : "error" or "drop"
        What a column of one value is: an error, or left out with a warning.
    prior : "weak" or None
        "weak": no noise variance is below 1e-10 of its column's, nor below that within the steps
        of a rounded column. None: pure maximum likelihood, which fails where one reaches zero.
    noise : None or "uniform"
        Add a component of constant density; `predict` says -1, and `weights_` has its share last.
        In 100 columns at most.
    noise_volume : float or None
        The volume that the noise fills, as in `GaussianMixture`.
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
    means_ : (K, D)
    loadings_ : (K, D, q)
        Λ_k, turned so that Λ_kᵀ Ψ_k⁻¹ Λ_k is diagonal with the largest first; the largest entry of
        each column is positive. Where components share Λ, the mean of their Ψ_k⁻¹ is in its place.
    noise_variances_ : (K, D)
        The diagonals of Ψ_k.
    covariances_, precisions_ : (K, D, D)
        Made when asked for; the only arrays that are so large.
    n_factors_ : int
    kept_columns_ : (D',) int
        Which columns of X were fitted; all but with `constant="drop"`.
    mixture_ : Mixture
        The fitted value; `mixture_.family.structure` tells the structure.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import FactorAnalyserMixture
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 50)) + rng.normal(size=(300, 50))
    >>> X[:100] += 2
    >>> model = FactorAnalyserMixture(2, n_factors=2, random_state=0).fit(X)
    >>> model.loadings_.shape, np.bincount(model.predict(X)).tolist()
    ((2, 50, 2), [200, 100])
    """

    def __init__(
        self,
        n_components: int | str = 1,
        *,
        n_factors: Any = 1,
        covariance_type: str = "UUU",
        tol: float | None = None,
        algorithm: str = "auto",
        max_iter: int | None = None,
        n_init: int = 1,
        responsibilities_init: ArrayLike | None = None,
        mixing_weights: Any = "free",
        use_y: Any = "auto",
        constant: str = "error",
        prior: Any = "weak",
        noise: str | None = None,
        noise_volume: float | None = None,
        random_state: Any = None,
        warm_start: bool = False,
        engine: Any = "threads",
        n_jobs: int | None = None,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        self.n_components = n_components
        self.n_factors = n_factors
        self.covariance_type = covariance_type
        self.tol = tol
        self.algorithm = algorithm
        self.max_iter = max_iter
        self.n_init = n_init
        self.responsibilities_init = responsibilities_init
        self.mixing_weights = mixing_weights
        self.use_y = use_y
        self.constant = constant
        self.prior = prior
        self.noise = noise
        self.noise_volume = noise_volume
        self.random_state = random_state
        self.warm_start = warm_start
        self.engine = engine
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.verbose_interval = verbose_interval

    fix = equal = None

    @property
    def partial_fit(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """There is none: what a fit keeps of its rows holds for its own parameters only."""
        raise AttributeError(
            "factor analysers take no rows in later, as what a fit keeps of its rows holds for its "
            "own parameters only; fit all rows together"
        )

    @property
    def covariances_(self) -> Float:
        """Return Λ_k Λ_kᵀ + Ψ_k (K, D, D)."""
        return self._fitted().dense()

    @property
    def precisions_(self) -> Float:
        """Return the inverses (K, D, D) of the covariances."""
        return Factored.of(self._fitted()).dense()

    def _fitted(self) -> FactorParameters:
        check_is_fitted(self, "mixture_")
        n_components, n_columns = self.means_.shape
        check_memory(
            16 * n_components * n_columns**2,
            f"matrices of {n_columns:,} columns",
            "loadings_ and noise_variances_ hold the same",
        )
        return beside_noise(self.mixture_.family, self.mixture_.parameters)[1]

    def _form(self) -> FactorStructure:
        if not self._finds_structure():
            return factor_structure(self.covariance_type, checked_factors(self.n_factors)[0])
        mixture = getattr(self, "mixture_", None)
        return SIMPLEST if mixture is None else without_noise(mixture.family).structure

    def _finds_structure(self) -> bool:
        several = is_auto(self.n_factors) or len(checked_factors(self.n_factors)) > 1
        return several or super()._finds_structure()

    def _check_size(self, n_components: int, n_columns: int) -> None:
        form = self._form()
        if n_columns < 2:
            raise ParameterError(
                "factor analysers say how columns move together, and there is one only "
                "(n_features = 1); fit GaussianMixture"
            )
        if form.n_factors >= n_columns:
            raise ParameterError(
                f"n_factors, {form.n_factors}, should be less than the number of columns, "
                f"{n_columns}; give fewer, or fit GaussianMixture"
            )
        many = f"{n_components:,} component(s) of {form.n_factors} factors"
        check_memory(form.n_bytes(n_components, n_columns), f"{many} in {n_columns:,} columns")

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> FactorAnalyserFamily:
        return factor_family_maker(source, names)(self._form())

    def _options(self, settings: Settings, family: FactorAnalyserFamily) -> SolveOptions:
        check_prior(settings.prior)
        return settings.options(
            prior=settings.prior,
            monotone=True,
            rescue=False,
            earlier=self._earlier(settings),
            progress=self._progress(),
        )

    def _ranked(self, given: Sourced, sizes: list[int], kinds: Any, **how: Any) -> Selection:
        plain = factor_family_maker(given.source, given.names)
        noisy = noise_maker(self.noise, given.source, given.names, self.noise_volume)
        settings = Settings.of(self, sizes)
        check_prior(settings.prior)
        options = settings.options(prior=settings.prior, monotone=True, rescue=False)
        made = (self, given, sizes, kinds, lambda form: noisy(plain(form)), self.n_factors)
        return factor_search(*made, options, **how)

    def _starts(
        self, family: Any, rows: NDArray[Any], kept: Kept | None, settings: Settings
    ) -> StartMaker | None:
        n_components, noise = settings.n_components, int(family.has_noise)
        told = self._told_start(family, rows, kept, n_components + noise)
        if told is not None:
            return told
        return with_noise(None, n_components, settings.start_options()) if noise else None

    def _last_fit(self, n_components: int, family: Any) -> Mixture:
        fitted, now = without_noise(self.mixture_.family), without_noise(family)
        alike = (
            self.mixture_.n_components == n_components
            and self.mixture_.n_columns == family.n_columns
            and fitted.structure == now.structure
            and self.mixture_.family.has_noise == family.has_noise
        )
        if not alike:
            raise ParameterError(
                "warm_start goes on from a fit of as many components in as many columns, with the "
                "same structure, n_factors and noise; set warm_start=False for this one"
            )
        return self.mixture_

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        notes = heywood_words(result)
        return {"notes": notes} if notes else {}

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        family, parameters = beside_noise(mixture.family, mixture.parameters)
        self.n_features_in_ = mixture.n_columns
        self._take_columns(mixture)
        self.weights_ = mixture.weights.astype(dtype)
        self.means_ = within_precision(parameters.means, dtype)
        self.loadings_ = within_precision(parameters.loadings, dtype)
        self.noise_variances_ = within_precision(parameters.noise, dtype)
        self.n_factors_ = family.structure.n_factors
