"""`IntervalGaussianMixture`: Gaussian components of values that are known as intervals."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.components.gaussian.structures import Structure
from mixtura.components.interval.family import IntervalFamily
from mixtura.data import ArrayRows
from mixtura.data.checks import check_enough_rows, check_squares, row_weights
from mixtura.data.columns import column_moments
from mixtura.errors import ParameterError
from mixtura.estimators.settings import Settings, checked_integer
from mixtura.estimators.sizes import check_parameters, is_auto
from mixtura.estimators.underlying import check_labels, telling_rows
from mixtura.intervals.cells import check_known, intervals_of
from mixtura.intervals.face import FittedIntervals
from mixtura.intervals.places import drawn_places, in_parts
from mixtura.summary import WITHIN

__all__ = ["IntervalGaussianMixture"]

Float = NDArray[np.float64]


class IntervalGaussianMixture(FittedIntervals):
    """Mixture of Gaussians of values that are known as intervals: rounded, binned or censored.

    A row's density is Σ_k π_k Π_j f_kj, where f is the density of a cell that is known exactly and
    the probability of the interval that it lies in else. So components are as wide as values are,
    without the width of the bins, and a limit of detection does not bend their means.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" grows it from one as long as BIC falls, and keeps what was tried.
    covariance_type : str
        The structure of the covariances, by the names that `GaussianMixture` has. Columns are
        independent in a component: "diag", "spherical", or the codes EII, VII, EEI, VEI, EVI and
        VVI. One column may have any.
    tol, algorithm, max_iter, n_init : as in `GaussianMixture`
    responsibilities_init : (N, K) array or None
        Start with an M-step from these.
    mixing_weights : "free", "equal" or (K,) array
        "equal" holds them at 1/K, an array at its numbers, which sum to one.
    prior : "weak", "conjugate", None or a penalty
        As in `GaussianMixture`; what rows look like is asked of numbers drawn in their intervals.
    random_state : int, RandomState or None
    engine : "threads", "processes", "serial" or an engine
    n_jobs : int or None

    Attributes
    ----------
    weights_ : (K,)
    means_ : (K, D)
    covariances_, precisions_, precisions_cholesky_
        Of values, in the shapes of `GaussianMixture`.
    log_likelihood_, n_parameters_, bic_, aic_, icl_ : of the rows of the fit, as they were known
    mixture_ : Mixture
        Of values: a plain Gaussian one, with margins, samples and all else.
    history_, converged_, ending_, n_iter_, starts_agreeing_
    selection_ : what was tried for "auto", one for each size, with its criteria
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import IntervalGaussianMixture
    >>> values = np.random.default_rng(0).normal(10, 1, size=(4000, 1))
    >>> low = 2 * np.floor(values / 2)
    >>> model = IntervalGaussianMixture().fit(low, upper=low + 2)
    >>> low.std().round(2).item(), np.sqrt(model.covariances_).round(2).item()
    (1.15, 1.0)
    """

    def __init__(
        self,
        n_components: int | str = 1,
        *,
        covariance_type: str = "diag",
        tol: float | None = None,
        algorithm: str = "auto",
        max_iter: int | None = None,
        n_init: int = 1,
        responsibilities_init: ArrayLike | None = None,
        mixing_weights: Any = "free",
        prior: Any = "weak",
        random_state: Any = None,
        engine: Any = "threads",
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.algorithm = algorithm
        self.max_iter = max_iter
        self.n_init = n_init
        self.responsibilities_init = responsibilities_init
        self.mixing_weights = mixing_weights
        self.prior = prior
        self.random_state = random_state
        self.engine = engine
        self.n_jobs = n_jobs

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        upper: ArrayLike | None = None,
    ) -> Self:
        """Fit the mixture by EM.

        Parameters
        ----------
        X : (N, D) lower ends of the intervals, -inf or NaN where open: array, frame or table; or a
            frame that holds intervals of pandas beside numbers
        y : not read; refused where it is more than a label per row, as upper ends in its place are
        sample_weight : (N,) row weights from 0 up; the counts of a histogram's bins
        upper : (N, D) upper ends, inf or NaN where open, equal to X where a cell is known exactly.
            A cell that is open at both ends is missing. None: X has all that is known, and a cell
            that is NaN is missing

        Raises
        ------
        DataError
            If rows or weights cannot be used; it names column and row.
        ParameterError
            If a setting cannot be used.
        """
        if is_auto(self.n_components):
            return self._chosen(lambda one: one.fit(X, y, sample_weight, upper=upper))
        if hasattr(self, "selection_"):
            # That of an earlier choice.
            del self.selection_
        checked_integer("n_components", self.n_components, 1)
        settings, form = Settings.of(self), self._form()
        penalty = settings.prior
        shape = getattr(X, "shape", ())
        check_labels(y, shape[1] if len(shape) == 2 else 0, "upper ends", "upper")
        every = intervals_of(X, upper, self, least_rows=2)
        n_rows, n_columns = every.low.shape
        _check_form(form, self.covariance_type, n_columns)
        weights = row_weights(sample_weight, n_rows)
        kept, notes = telling_rows(np.asarray(every.missing.all(axis=1)), weights)
        found = every.taken(kept)
        check_enough_rows(len(kept), settings.n_components)
        check_known(found)
        check_parameters(form, settings.n_components, n_columns, self.covariance_type)
        counted = None if weights is None or (weights[kept] == 1.0).all() else weights[kept]
        given, facts = self.responsibilities_init, {WITHIN: found.has_intervals, **notes}
        if given is None:
            found, counted = in_parts(found, counted)
            places = drawn_places(found, counted, settings.seed)
        else:
            places = found.middles
        middle, spread = column_moments(ArrayRows(places, counted))
        check_squares(spread, found.names)
        return self._solved(
            settings.options(prior=penalty, monotone=True, rescue=penalty is not None),
            IntervalFamily.holding(form, middle, spread),
            ArrayRows(found.standing_at(places), counted),
            None if given is None else self._start(given, n_rows, kept),
            found.names,
            facts,
            n_rows=len(kept),
        )


def _check_form(form: Structure, called: str, n_columns: int) -> None:
    """Raise `ParameterError` for a structure in which columns are not independent."""
    if form.storage == "full" and n_columns > 1:
        raise ParameterError(
            f"covariance_type={called!r} has columns that go together, and probabilities of "
            "intervals are known of columns that are independent in a component; use 'diag', "
            "'spherical', or one of EII, VII, EEI, VEI, EVI and VVI"
        )
