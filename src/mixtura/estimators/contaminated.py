"""`ContaminatedMixture`: Gaussian components of which a share of rows is wider."""

from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.components.contaminated.family import ContaminatedFamily
from mixtura.components.contaminated.partition import contaminated_moments
from mixtura.components.contaminated.values import badness
from mixtura.components.gaussian.structures import Structure
from mixtura.components.noise import beside_noise
from mixtura.estimators.gaussian_shapes import within_precision
from mixtura.estimators.scaled import ScaledMixture
from mixtura.mixture import Mixture

__all__ = ["ContaminatedMixture"]

Float = NDArray[np.float64]


@final
class ContaminatedMixture(ScaledMixture):
    """Mixture of contaminated normal densities, which tells bad rows of each component from good.

    f_k(x) = α_k N(x | μ_k, Σ_k) + (1 - α_k) N(x | μ_k, η_k Σ_k) with α_k ≥ ½ and η_k > 1 (Punzo and
    McNicholas 2016): a bad row counts 1 / η_k in means and covariances.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" is the size of the lowest BIC, found as in `GaussianMixture`.
    covariance_type : str
        The structure of the Σ_k, by the names that `GaussianMixture` has; "auto" is that of the
        lowest BIC among the fourteen.
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
        Start with an M-step from these, in which rows far out in a column count for less.
    mixing_weights : "free", "equal" or (K,) array
        "equal" holds them at 1/K, an array at its numbers, which sum to one.
    use_y : "auto", True or False
        Whether `fit(X, y)` takes y for known components, as in `GaussianMixture`.
    constant : "error" or "drop"
        What a column of one value is: an error, or left out with a warning.
    prior : "weak", "conjugate", None or a penalty
        On means and covariances, as in `GaussianMixture`; the weak one looks like the rows that are
        not wild.
    noise : None or "uniform"
        Add a component of constant density beside the tails; `predict` says -1, and `weights_` has
        its share last.
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
    covariances_, precisions_, precisions_cholesky_
        Of good rows, in the shapes of `GaussianMixture`; `component_covariances_` holds those of
        all.
    component_covariances_ : (K, D, D)
        (α + (1 - α) η) Σ.
    good_shares_ : (K,)
        α.
    inflations_ : (K,)
        η.
    kept_columns_ : (D',) int
        Which columns of X were fitted; all but with `constant="drop"`.
    mixture_ : Mixture
        The fitted value.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import ContaminatedMixture
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> X[:20] *= 8
    >>> model = ContaminatedMixture().fit(X)
    >>> model.good_shares_.round(2).item(), model.outlying([[0, 0], [9, 9]]).tolist()
    (0.95, [False, True])
    """

    def __init__(
        self,
        n_components: int | str = 1,
        *,
        covariance_type: str = "full",
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

    @property
    def component_covariances_(self) -> Float:
        """Return the covariances (α + (1 - α) η) Σ of the components (K, D, D)."""
        check_is_fitted(self, "mixture_")
        family, parameters = beside_noise(self.mixture_.family, self.mixture_.parameters)
        return contaminated_moments(family, parameters)[1]

    def outlying(self, X: Any) -> NDArray[np.bool_]:
        """Return which rows (N,) are bad ones of the component that they most probably belong to.

        A row that is most probably noise is one.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted
        """
        rows = self._rows(X)
        labels = self.mixture_.responsibilities(rows).argmax(axis=1)
        parameters = beside_noise(self.mixture_.family, self.mixture_.parameters)[1]
        noise = labels >= parameters.n_components
        bad = badness(np.asarray(rows, np.float64), parameters)
        own = np.where(noise, 0, labels)
        return noise | (bad[np.arange(len(bad)), own] > 0.5)

    def _made(
        self, form: Structure, middle: Float, spread: Float, steps: Float
    ) -> ContaminatedFamily:
        return ContaminatedFamily.of(form, middle, spread, steps)

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        parameters = beside_noise(mixture.family, mixture.parameters)[1]
        self.good_shares_ = within_precision(parameters.shares, dtype)
        self.inflations_ = within_precision(parameters.inflations, dtype)
