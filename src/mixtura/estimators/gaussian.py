"""`GaussianMixture`: scikit-learn's class, and more."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.arrays import as_shape
from mixtura.components.constrained import constraints_of
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.prior import Ridge
from mixtura.components.gaussian.structures import Structure, structure
from mixtura.components.noise import NoiseFamily, without_noise
from mixtura.data import RowSource
from mixtura.data.checks import check_normal, check_varying, words_of_held_up
from mixtura.data.columns import column_moments
from mixtura.data.dataset import Dataset
from mixtura.data.gaps import Gaps, has_gaps
from mixtura.data.masks import MaskedRows
from mixtura.data.resolution import column_steps
from mixtura.data.spool import SpooledRows
from mixtura.em.failures import attempted
from mixtura.em.fit import FitOptions, log_weights_of
from mixtura.em.labelled import first_models
from mixtura.em.model import Model
from mixtura.em.noise_starts import with_noise
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.solve import SolveOptions
from mixtura.em.starts import StartMaker
from mixtura.em.sweep import Sweep
from mixtura.errors import MixturaWarning, ParameterError
from mixtura.estimators.binding import bound_family
from mixtura.estimators.gaps import (
    check_gaps,
    checked_gappy_rows,
    family_for,
    pattern_order,
)
from mixtura.estimators.gaussian_inits import (
    GivenStart,
    checked_responsibilities,
    checked_weights,
)
from mixtura.estimators.gaussian_search import gaussian_search
from mixtura.estimators.gaussian_shapes import (
    attributes_of,
    parameters_of_covariances,
    within_precision,
)
from mixtura.estimators.initialisers import INITIALISERS, initial_responsibilities
from mixtura.estimators.inputs import Kept, Sourced, fitted_rows, own_columns
from mixtura.estimators.mixing import checked_weighing
from mixtura.estimators.settings import (
    Settings,
    checked_choice,
    checked_number,
    seed_of,
)
from mixtura.estimators.sizes import check_parameters
from mixtura.estimators.spooled import fitted_beyond, numbers_beyond, words_of_left_out
from mixtura.estimators.structured import Structured
from mixtura.mixture import Mixture
from mixtura.selection import Selection

__all__ = ["GaussianMixture"]

Float = NDArray[np.float64]

SKLEARN_NAMES = ("full", "tied", "diag", "spherical")


@final
class GaussianMixture(Structured):
    """Gaussian mixture fitted by expectation-maximisation.

    A superset of `sklearn.mixture.GaussianMixture`: the same numbers for `tol` and `reg_covar`
    mean the same, and None, the default, means a rule in nats and a scale-free penalty too weak to
    be felt.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" is the size of the lowest BIC, from 1 to 9 and on while the largest is the best.
        The search is kept as `selection_`.
    covariance_type : str
        "auto" is that of the lowest BIC among the fourteen structures; else
        "full", "tied", "diag", "spherical", or a code from EII to VVV (Celeux and Govaert 1995).
    tol : float or None
        None: stop when less than 1e-3 nats + 1e-9 |ℓ| is left to gain. A number: stop when the
        mean log-likelihood changes by less.
    algorithm : "auto", "em" or "squarem"
        "squarem" extrapolates EM (Varadhan and Roland 2008) where the objective rises by it;
        "auto" does so unless `tol` is a number.
    reg_covar : float or None
        A number is added to every variance after each M-step, and turns `prior` off.
    max_iter : int or None
        Sweeps over the data at the most; None for 1000.
    n_init : int
        Starts carried to the end, but for those that an earlier one is too far ahead of. Each has
        short runs of its own, so more starts never end lower.
    init_params : str
        "auto": short runs on a subsample of distinct rows from trees, k-means in several units,
        lonely rows set aside and random shares, the best of them bettered by merging and splitting;
        or one of scikit-learn's "kmeans", "k-means++", "random", "random_from_data".
    weights_init, means_init, precisions_init : array or None
        (K,), (K, D), and precisions in the structure's shape.
    responsibilities_init : (N, K) array or None
        Start with an M-step from these.
    mixing_weights : "free", "equal" or (K,) array
        "equal" holds them at 1/K, an array at its numbers, which sum to one: component k has the
        k-th. They are no free parameters then. Beside noise, whose weight stays free,
        they are the parts of what it leaves.
    fix : dict or None
        What is held of components and no free parameter: {"means": (K, D) array}, NaN or None where
        free, or a dict of columns with one number for each component; {"covariances": array} in
        the shape of `covariances_`, or a list with None where one is free, whole ones and, where
        components share anything of theirs, all or none. Component k has those of row k.
    equal : dict or None
        Means that are the same: {"means": True} in all components, column by column, a list of
        columns, or whole numbers (K, D), where means of a column that have the same one above 0 are
        equal.
    use_y : "auto", True or False
        Whether `fit(X, y)` takes y for known components (-1 where unknown) or allowed ones. "auto":
        where y is a matrix of truth values, or holds whole numbers of which some are -1 and not
        only -1 and 1; other y are ignored, as pipelines pass class labels along.
    missing : "error" or "marginal"
        What a missing cell, NaN, is: an error, or left out of its row's density, which is then
        that of the other columns; nothing is filled in. Right where cells are missing at random.
    constant : "error" or "drop"
        What a column of one value is, in which no density has a width: an error, or left out with a
        warning. Parameters and starts are of the columns left, `kept_columns_`; rows to predict
        have all columns still, or by name those left.
    prior : "weak", None or a penalty
        "weak" keeps the likelihood bounded by a penalty too weak to be felt, and covariances no
        narrower than the values of a column step (h²/12 for the least step h between values that
        repeat); None is pure maximum likelihood.
    noise : None or "uniform"
        Add a component of constant density for rows that belong to no other; `predict` says -1,
        and `weights_` has its share last.
    noise_volume : float or None
        The volume that the noise fills; None for the smaller of the boxes around the data along
        columns and along principal axes, or where cells are missing that along columns, over the
        known cells of each row.
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
        (K, D, D); for "tied" (D, D), for "diag" (K, D), for "spherical" (K,).
    kept_columns_ : (D',) int
        Which columns of X were fitted; all but with `constant="drop"`.
    mixture_ : Mixture
        The fitted value.
    log_likelihood_ : float
        Total, in nats.
    history_ : History
        Log-likelihood, objective and Jensen's bound with its gap, by sweep.
    n_parameters_, converged_, ending_, n_iter_, lower_bound_, lower_bounds_, starts_agreeing_

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import GaussianMixture
    >>> X = np.array([[1.0, 2], [1, 4], [1.5, 0], [10, 2], [10, 4], [10.5, 0]])
    >>> GaussianMixture(2, random_state=0).fit(X).predict([[0, 0], [12, 3]]).tolist() in (
    ...     [0, 1], [1, 0])
    True
    """

    def __init__(
        self,
        n_components: int | str = 1,
        *,
        covariance_type: str = "full",
        tol: float | None = None,
        algorithm: str = "auto",
        reg_covar: float | None = None,
        max_iter: int | None = None,
        n_init: int = 1,
        init_params: str = "auto",
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        responsibilities_init: ArrayLike | None = None,
        mixing_weights: Any = "free",
        fix: Any = None,
        equal: Any = None,
        use_y: Any = "auto",
        missing: str = "error",
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
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.responsibilities_init = responsibilities_init
        self.mixing_weights = mixing_weights
        self.fix = fix
        self.equal = equal
        self.use_y = use_y
        self.missing = missing
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

    def _structure(self) -> Structure:
        return structure(self._form())

    def _searched(
        self, X: Any, sample_weight: ArrayLike | None, sizes: list[int], *how: Any, **more: Any
    ) -> tuple[Selection, Sourced]:
        if self.reg_covar is not None or self.init_params != "auto":
            name = "init_params" if self.reg_covar is None else "reg_covar"
            raise ParameterError(
                f"{name} says nothing to a search for sizes and structures; leave it out, or give "
                "n_components and covariance_type"
            )
        return super()._searched(X, sample_weight, sizes, *how, **more)

    def _ranked(self, given: Sourced, sizes: list[int], kinds: Any, **how: Any) -> Selection:
        return gaussian_search(self, given, sizes, kinds, **how)

    def _check_size(self, n_components: int, n_columns: int) -> None:
        check_parameters(self._structure(), n_components, n_columns, self._form())

    def _may_shrink(self) -> bool:
        return self.reg_covar is None and all(
            given is None
            for given in (
                self.weights_init,
                self.means_init,
                self.precisions_init,
                self.responsibilities_init,
            )
        )

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: whether NaN is taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "marginal"
        return tags

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        rows, names = checked_gappy_rows(data, self, self.missing)
        return self._varying(rows, names)

    def _beyond(self, data: Dataset) -> Sourced:
        asked = self.init_params != "auto" or self.responsibilities_init is not None
        if asked or (self.means_init is not None and self.precisions_init is None):
            raise ParameterError(
                "starts of rows beyond memory are found by init_params='auto', or given whole by "
                "weights_init, means_init and precisions_init"
            )
        rows = numbers_beyond(data, self.missing)
        places, names = self._varying_beyond(data)
        fitted = fitted_beyond(rows, places)
        notes = words_of_left_out(rows, fitted)
        if fitted.survey.has_gaps:
            notes = (*notes, Gaps.among(block.rows for block in fitted.blocks()).words())
        return Sourced(fitted, names, None, fitted, notes)

    def _rows(self, data: Any) -> NDArray[Any]:
        check_is_fitted(self, "mixture_")
        if self._leaves_out:
            return self.mixture_.encode(data)
        rows = fitted_rows(data, self, missing=True)
        check_gaps(rows, self._column_names(), self.missing)
        return rows

    def _order(self, rows: Any, weights: Float | None) -> NDArray[np.intp] | None:
        return pattern_order(rows, super()._order(rows, weights))

    def _sourced(
        self,
        data: Any,
        sample_weight: ArrayLike | None,
        fewest: int,
        most: int,
        y: Any = None,
    ) -> Sourced:
        given = super()._sourced(data, sample_weight, fewest, most, y)
        if isinstance(given.source, MaskedRows) and self.init_params != "auto":
            raise ParameterError(
                f"init_params={self.init_params!r} knows nothing of y; leave it at 'auto', which "
                "starts from the rows whose components are known"
            )
        if not isinstance(given.rows, SpooledRows) and has_gaps(given.rows):
            return replace(given, notes=(*given.notes, Gaps.of(given.rows).words()))
        return given

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> GaussianFamily:
        form = self._structure()
        family = family_for(source, names)
        mean, spread = column_moments(source)
        # One variance for all columns is zero only where all of theirs are.
        if self.reg_covar is None:
            if form.storage != "spherical" or not spread.any():
                check_varying(spread, names)
            else:
                check_normal(np.where(spread < spread.max(), 0.0, spread), names)
        else:
            for words in words_of_held_up(spread, names):
                warnings.warn(words, MixturaWarning, stacklevel=4)
        return family.of(form, mean, spread, steps=column_steps(source))

    def _options(self, settings: Settings, family: GaussianFamily | NoiseFamily) -> SolveOptions:
        plain = self.reg_covar is not None
        prior = self._ridge(family) if plain else settings.prior
        return settings.options(
            prior=prior,
            monotone=not plain,
            rescue=not plain and settings.prior is not None,
            earlier=self._earlier(settings),
            progress=self._progress(),
        )

    def _ridge(self, family: GaussianFamily | NoiseFamily) -> Ridge:
        frame = without_noise(family).frame
        # By halves, as the square of a scale may be beyond the floats, and so may what is added.
        with np.errstate(over="ignore"):
            return Ridge(checked_number("reg_covar", self.reg_covar) / frame.scale / frame.scale)

    def _starts(
        self,
        family: GaussianFamily | NoiseFamily,
        rows: NDArray[Any],
        kept: Kept | None,
        settings: Settings,
    ) -> StartMaker | None:
        if isinstance(family, GaussianFamily):
            return self._gaussian_starts(family, rows, kept, settings)
        n_components = settings.n_components
        if self._carries_on():
            last = self._last_fit(n_components + 1, family)
            parameters = family.in_frame(last.parameters)
            return lambda sweep, options: [Model(log_weights_of(last.weights), parameters)]
        if self.responsibilities_init is not None:
            start = checked_responsibilities(
                self.responsibilities_init, len(rows), n_components + 1, kept
            )
            return lambda sweep, options: [model_from_responsibilities(sweep, start, options)]
        gaussian_starts = self._gaussian_starts(family.inner, rows, kept, settings)
        return with_noise(gaussian_starts, n_components, settings.start_options())

    def _gaussian_starts(
        self,
        family: GaussianFamily,
        rows: NDArray[Any],
        kept: Kept | None,
        settings: Settings,
    ) -> StartMaker | None:
        n_components = settings.n_components
        init = checked_choice("init_params", self.init_params, ("auto", *INITIALISERS))
        given = GivenStart.of(self, n_components, rows.shape[1])
        if self._carries_on():
            mixture = self._last_fit(n_components, family)
            parameters = family.in_frame(mixture.parameters)
            return lambda sweep, options: [Model(log_weights_of(mixture.weights), parameters)]
        if given.complete:
            return lambda sweep, options: [given.model(family)]
        if self.responsibilities_init is not None:
            start = checked_responsibilities(
                self.responsibilities_init, len(rows), n_components, kept
            )
            return lambda sweep, options: [
                given.replaced(family, model_from_responsibilities(sweep, start, options))
            ]
        if init == "auto" and given.means is None:
            return None if given.empty else _improved(given, settings)

        def made(number: int) -> Float:
            if init == "auto":
                return given.nearest(family, rows)
            random = np.random.RandomState((settings.seed + number) % 2**32)
            filled = np.where(np.isnan(rows), family.frame.origin.astype(rows.dtype), rows)
            return initial_responsibilities(init, filled, n_components, random)

        def begun(sweep: Sweep, options: FitOptions, number: int) -> Model:
            shares = made(number)
            return given.replaced(family, model_from_responsibilities(sweep, shares, options))

        return lambda sweep, options: [
            attempted(partial(begun, sweep, options, number)) for number in range(settings.n_init)
        ]

    def _last_fit(self, n_components: int, family: GaussianFamily | NoiseFamily) -> Mixture:
        last = self.mixture_
        fitted: Any = last.family
        before = (last.n_components, last.n_columns, fitted.structure.code)
        now = (n_components, family.n_columns, family.structure.code)
        if before != now:
            raise ParameterError(
                "warm_start goes on from the last fit, which had {} components in {} columns with "
                "structure {}, and this one has {}, {} and {}; set warm_start=False".format(
                    *before, *now
                )
            )
        return last

    def impute(self, X: Any, n_imputations: int | None = None) -> Float:
        """Return rows with their missing cells filled in, as the fit expects them.

        Parameters
        ----------
        X : (N, D) numbers, NaN where a cell is missing, whatever `missing` says
        n_imputations : None for the means given the other cells; M for M draws, which keep the
            spread that means take away (multiple imputation)

        Returns
        -------
        (N, D) float64, or (M, N, D) for draws

        Raises
        ------
        DataError
            If there are other columns than in the fit, or infinite cells.
        """
        check_is_fitted(self, "mixture_")
        X = own_columns(X, self)
        if len(self.kept_columns_) < self.n_features_in_:
            rows = self.mixture_.encode(X, missing="marginal")
            return self.mixture_.impute(rows, n_imputations, seed_of(self.random_state))
        rows = fitted_rows(X, self, missing=True)
        check_gaps(rows, self._column_names(), "marginal")
        return self.mixture_.impute(rows, n_imputations, seed_of(self.random_state))

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        self._set_mixture(mixture, dtype)

    def _set_mixture(self, mixture: Mixture, dtype: np.dtype[Any] | type = np.float64) -> None:
        self.mixture_ = mixture
        covariances, precisions, factors = attributes_of(self._form(), mixture.parameters)
        self.n_features_in_ = mixture.n_columns
        self._take_columns(mixture)
        self.weights_ = mixture.weights.astype(dtype)
        self.means_ = within_precision(mixture.parameters.means, dtype)
        self.covariances_ = within_precision(covariances, dtype)
        self.precisions_ = within_precision(precisions, dtype)
        self.precisions_cholesky_ = within_precision(factors, dtype)

    @classmethod
    def from_parameters(
        cls,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        *,
        covariance_type: str = "full",
        **settings: Any,
    ) -> Self:
        """Return an estimator that counts as fitted, with the given parameters.

        Parameters
        ----------
        weights : (K,)
        means : (K, D)
        covariances : in the shape of `covariances_` for this `covariance_type`
        covariance_type : as in the constructor
        settings : other arguments of the constructor

        Raises
        ------
        ParameterError
            If a parameter has the wrong shape, a covariance is not positive definite, or
            parameters are others than `mixing_weights`, `fix` and `equal` bind them to.
        """
        means = np.array(means, dtype=np.float64)
        if means.ndim != 2:
            raise ParameterError(f"'means' should be (K, D), but got {means.ndim} dimensions")
        estimator = cls(len(means), covariance_type=covariance_type, **settings)
        form = estimator._structure()
        parameters = parameters_of_covariances(
            covariance_type, form, as_shape("means", means, means.shape), covariances
        )
        family = GaussianFamily.in_own_units(form, means.shape[1])
        shares = checked_weights(weights, len(means))
        shares = shares / shares.sum()
        weighing = checked_weighing(estimator.mixing_weights, [len(means)])
        if weighing.is_held and not np.allclose(shares, weighing.shares(len(means))):
            raise ParameterError(
                "'weights' are others than mixing_weights holds; give the same, or leave "
                "mixing_weights at 'free'"
            )
        bound = bound_family(family, estimator.fix, estimator.equal, len(means), None)
        constraints = constraints_of(bound)
        if constraints is not None and not bound.obeyed(parameters):
            raise ParameterError(
                "'means' or 'covariances' are others than fix and equal bind them to; give the "
                "same, or leave these out"
            )
        mixture = Mixture(
            shares,
            family,
            parameters,
            held=weighing.is_held,
            reading=estimator._reading(),
            constraints=constraints,
        )
        estimator._set_mixture(mixture)
        estimator.converged_, estimator.n_iter_, estimator.lower_bound_ = True, 0, -np.inf
        return estimator

    @classmethod
    def from_sklearn(cls, model: Any) -> Self:
        """Return a fitted estimator with the parameters of another.

        Parameters
        ----------
        model : a fitted `sklearn.mixture.GaussianMixture`
        """
        estimator = cls.from_parameters(
            model.weights_,
            model.means_,
            model.covariances_,
            covariance_type=model.covariance_type,
            random_state=model.random_state,
        )
        if hasattr(model, "feature_names_in_"):
            estimator.feature_names_in_ = model.feature_names_in_
            columns = tuple(model.feature_names_in_)
            estimator.mixture_ = replace(estimator.mixture_, columns=columns)
        return estimator

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with these parameters, counted as fitted.

        Structures that scikit-learn has no name for become "full".
        """
        # Loaded here, as the mixtures of scikit-learn bring half of it along.
        from sklearn.mixture import GaussianMixture as SklearnGaussianMixture

        check_is_fitted(self, "mixture_")
        name = self.covariance_type if self.covariance_type in SKLEARN_NAMES else "full"
        model: Any = SklearnGaussianMixture(
            len(self.weights_), covariance_type=name, random_state=self.random_state
        )
        covariances, precisions, factors = attributes_of(name, self.mixture_.parameters)
        model.weights_, model.means_ = self.mixture_.weights, self.mixture_.parameters.means
        model.covariances_, model.precisions_, model.precisions_cholesky_ = (
            covariances,
            precisions,
            factors,
        )
        model.converged_, model.n_iter_, model.lower_bound_ = True, self.n_iter_, self.lower_bound_
        model.n_features_in_ = self.n_features_in_
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_
        return model


def _improved(given: GivenStart, settings: Settings) -> StartMaker:
    """Return a maker of short-run starts with the given parts put in."""

    def make(sweep: Sweep, options: FitOptions) -> Sequence[Model]:
        starts = settings.start_options()
        models = first_models(sweep, settings.n_components, options, starts)
        family: Any = sweep.family
        return [given.replaced(family, model) for model in models]

    return make
