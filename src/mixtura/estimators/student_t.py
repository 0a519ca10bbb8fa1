"""`StudentTMixture`: multivariate t components, for rows of which some lie far out."""

from dataclasses import replace
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.components.gaussian.structures import Structure
from mixtura.components.noise import beside_noise
from mixtura.components.student_t.degrees import Degrees
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.student_t.partition import covariances_of
from mixtura.em.starts import StartMaker
from mixtura.errors import ParameterError
from mixtura.estimators.gaussian_shapes import within_precision
from mixtura.estimators.held_degrees import in_order
from mixtura.estimators.scaled import ScaledMixture
from mixtura.mixture import Mixture
from mixtura.selection import Selection

__all__ = ["StudentTMixture"]

Float = NDArray[np.float64]


@final
class StudentTMixture(ScaledMixture):
    """Mixture of multivariate t densities, for clusters with tails and rows that are wild.

    A row far from a component counts for less in its location and scale (Peel and McLachlan 2000),
    so a wild cell bends no component and, with K given, takes none of its own as a rule.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" is the size of the lowest BIC, found as in `GaussianMixture`.
    covariance_type : str
        The structure of the scale matrices, by the names that `GaussianMixture` has; "auto" is that
        of the lowest BIC among the fourteen.
    degrees_of_freedom : "free", "equal", number or (K,) array
        "free": one for each component, from 0.5 to 200, where a t density is a Gaussian for all
        that rows say; "equal": the same for all; numbers are held, of an array component k has the
        k-th, and are no free parameters.
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
        On locations and scale matrices, as in `GaussianMixture`; the weak one looks like the rows
        that are not wild.
    noise : None or "uniform"
        Add a component of constant density beside the tails; `predict` says -1, and `weights_` has
        its share last.
    noise_volume : float or None
        The volume that the noise fills, as in `GaussianMixture`; a box around all rows, wild ones
        too, says little.
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
        Locations; the means where there are more than one degree of freedom.
    covariances_, precisions_, precisions_cholesky_
        Of the scale matrices Σ, in the shapes of `GaussianMixture`; `component_covariances_` holds
        the covariances.
    component_covariances_ : (K, D, D)
        ν/(ν - 2) Σ, infinite where ν is 2 or less.
    degrees_of_freedom_ : (K,)
    kept_columns_ : (D',) int
        Which columns of X were fitted; all but with `constant="drop"`.
    mixture_ : Mixture
        The fitted value.
    log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import StudentTMixture
    >>> X = np.random.default_rng(0).standard_t(3, size=(300, 2))
    >>> X[:150] += 12
    >>> X[0, 0] = 99999
    >>> StudentTMixture(2, random_state=0).fit(X).means_.round().astype(int).tolist() in (
    ...     [[12, 12], [0, 0]], [[0, 0], [12, 12]])
    True
    """

    def __init__(
        self,
        n_components: int | str = 1,
        *,
        covariance_type: str = "full",
        degrees_of_freedom: Any = "free",
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
        self.degrees_of_freedom = degrees_of_freedom
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
        """Return the covariances ν/(ν - 2) Σ of the components (K, D, D)."""
        check_is_fitted(self, "mixture_")
        return covariances_of(beside_noise(self.mixture_.family, self.mixture_.parameters)[1])

    def _degrees(self, n_components: int | None = None) -> Degrees:
        return Degrees.of(self.degrees_of_freedom, n_components)

    def _is_numbered(self) -> bool:
        return super()._is_numbered() or self._degrees().tell_apart

    def _may_shrink(self) -> bool:
        return super()._may_shrink() and not self._degrees().tell_apart

    def _check_size(self, n_components: int, n_columns: int) -> None:
        self._degrees(n_components)
        super()._check_size(n_components, n_columns)

    def _made(self, form: Structure, middle: Float, spread: Float, steps: Float) -> StudentTFamily:
        return StudentTFamily.of(form, self._degrees(), middle, spread, steps)

    def _ranked(self, given: Any, sizes: list[int], kinds: Any, **how: Any) -> Selection:
        if self._degrees().tell_apart:
            raise ParameterError(
                "degrees_of_freedom holds numbers by component, which say nothing to a search; "
                "give n_components and covariance_type, or one number"
            )
        return super()._ranked(given, sizes, kinds, **how)

    def _alone(self, family: Any, settings: Any) -> StartMaker | None:
        degrees = family.degrees
        if not degrees.tell_apart:
            return None
        freed = replace(family, degrees=Degrees())
        return partial(in_order, freed, degrees, self._options(settings, freed))

    def _alike(self, fitted: Any, now: Any) -> bool:
        return fitted.degrees == now.degrees

    ALIKE = " degrees_of_freedom"

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        parameters = beside_noise(mixture.family, mixture.parameters)[1]
        self.degrees_of_freedom_ = within_precision(parameters.degrees, dtype)
