"""`StudentTMixture`: multivariate t components, for rows of which some lie far out."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.components.gaussian.structures import Structure, structure
from mixtura.components.noise import beside_noise, without_noise
from mixtura.components.student_t.degrees import Degrees
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.student_t.partition import covariances_of
from mixtura.data import RowSource
from mixtura.data.checks import check_varying, check_within_reach
from mixtura.data.columns import column_moments, robust_columns
from mixtura.data.resolution import column_steps
from mixtura.em.noise_starts import with_noise
from mixtura.em.solve import SolveOptions
from mixtura.em.starts import StartMaker
from mixtura.errors import ParameterError
from mixtura.estimators.complete import CompleteRows
from mixtura.estimators.gaussian_search import structure_search
from mixtura.estimators.gaussian_shapes import attributes_of, within_precision
from mixtura.estimators.held_degrees import in_order
from mixtura.estimators.inputs import Kept, Sourced
from mixtura.estimators.noise import noise_maker
from mixtura.estimators.settings import Settings
from mixtura.estimators.sizes import check_parameters
from mixtura.mixture import Mixture
from mixtura.selection import Selection

__all__ = ["StudentTMixture"]

Float = NDArray[np.float64]


@final
class StudentTMixture(CompleteRows):
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

    fix = equal = None

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
        check_parameters(structure(self._form()), n_components, n_columns, self._form())

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> StudentTFamily:
        return self._family_maker(source, names)(structure(self._form()))

    def _family_maker(
        self, source: RowSource, names: tuple[str, ...] | None
    ) -> Callable[[Structure], StudentTFamily]:
        remedy = "drop it, or set constant='drop'"
        check_varying(column_moments(source)[1], names, remedy)
        degrees, (middle, spread) = self._degrees(), robust_columns(source)
        check_within_reach(source, names, middle, spread)
        steps = column_steps(source)
        return lambda form: StudentTFamily.of(form, degrees, middle, spread, steps)

    def _options(self, settings: Settings, family: StudentTFamily) -> SolveOptions:
        return settings.options(
            prior=settings.prior,
            monotone=True,
            rescue=settings.prior is not None,
            earlier=self._earlier(settings),
            progress=self._progress(),
        )

    def _ranked(self, given: Sourced, sizes: list[int], kinds: Any, **how: Any) -> Selection:
        if self._degrees().tell_apart:
            raise ParameterError(
                "degrees_of_freedom holds numbers by component, which say nothing to a search; "
                "give n_components and covariance_type, or one number"
            )
        plain = self._family_maker(given.source, given.names)
        noisy = noise_maker(self.noise, given.source, given.names, self.noise_volume)
        return structure_search(self, given, sizes, kinds, lambda form: noisy(plain(form)), **how)

    def _starts(
        self,
        family: Any,
        rows: NDArray[Any],
        kept: Kept | None,
        settings: Settings,
    ) -> StartMaker | None:
        n_components, degrees = settings.n_components, without_noise(family).degrees
        noise = int(family.has_noise)
        told = self._told_start(family, rows, kept, n_components + noise)
        if told is not None:
            return told
        alone = None
        if degrees.tell_apart:
            freed = replace(without_noise(family), degrees=Degrees())
            alone = partial(in_order, freed, degrees, self._options(settings, freed))
        if not noise:
            return alone
        return with_noise(alone, n_components, settings.start_options())

    def _last_fit(self, n_components: int, family: Any) -> Mixture:
        fitted, now = without_noise(self.mixture_.family), without_noise(family)
        alike = (
            self.mixture_.n_components == n_components
            and self.mixture_.n_columns == family.n_columns
            and fitted.structure.code == now.structure.code
            and fitted.degrees == now.degrees
            and self.mixture_.family.has_noise == family.has_noise
        )
        if not alike:
            raise ParameterError(
                "warm_start goes on from a fit of as many components in as many columns, with the "
                "same structure, degrees_of_freedom and noise; set warm_start=False for this one"
            )
        return self.mixture_

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        parameters = beside_noise(mixture.family, mixture.parameters)[1]
        shapes = attributes_of(self._form(), parameters.gaussian)
        self.n_features_in_ = mixture.n_columns
        self._take_columns(mixture)
        self.weights_ = mixture.weights.astype(dtype)
        self.means_ = within_precision(parameters.means, dtype)
        self.covariances_, self.precisions_, self.precisions_cholesky_ = (
            within_precision(array, dtype) for array in shapes
        )
        self.degrees_of_freedom_ = within_precision(parameters.degrees, dtype)
