"""`DeconvolvedGaussianMixture`: Gaussian components of what underlies rows measured with errors."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.components.gaussian.structures import Structure
from mixtura.components.measured.family import MeasuredFamily
from mixtura.data import ArrayRows
from mixtura.data.checks import (
    check_enough_rows,
    check_squares,
    check_varying,
    check_within_reach,
    row_weights,
)
from mixtura.data.columns import column_moments
from mixtura.deconvolution.errors_of_rows import (
    Measurements,
    check_measured,
    measured,
)
from mixtura.deconvolution.face import FittedDeconvolution
from mixtura.deconvolution.starts import SharpStarts
from mixtura.estimators.inputs import checked_rows
from mixtura.estimators.settings import Settings, checked_integer
from mixtura.estimators.sizes import check_parameters, is_auto
from mixtura.estimators.underlying import check_labels, telling_rows
from mixtura.summary import MEASURED

__all__ = ["DeconvolvedGaussianMixture"]

Float = NDArray[np.float64]


class DeconvolvedGaussianMixture(FittedDeconvolution):
    """Mixture of Gaussians of the values that underlie rows measured with known errors.

    x_n ~ Σ_k π_k N(μ_k, Σ_k + S_n) with S_n known row by row: extreme deconvolution (Bovy, Hogg and
    Roweis 2011). So Σ_k is the width of what was measured, without that of measuring.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" grows it from one as long as BIC falls, and keeps what was tried.
    covariance_type : str
        The structure of the Σ_k, by the names that `GaussianMixture` has: scikit-learn's four, or
        mclust's fourteen codes.
    tol, algorithm, max_iter, n_init : as in `GaussianMixture`
    responsibilities_init : (N, K) array or None
        Start with an M-step from these.
    mixing_weights : "free", "equal" or (K,) array
        "equal" holds them at 1/K, an array at its numbers, which sum to one.
    prior : "weak", "conjugate", None or a penalty
        As in `GaussianMixture`; what rows look like is asked of them as they were measured.
    random_state : int, RandomState or None
    engine : "threads", "processes", "serial" or an engine
    n_jobs : int or None

    Attributes
    ----------
    weights_ : (K,)
    means_ : (K, D)
    covariances_, precisions_, precisions_cholesky_
        Of underlying values, in the shapes of `GaussianMixture`.
    log_likelihood_, n_parameters_, bic_, aic_, icl_ : of the rows of the fit, as they were measured
    mixture_ : Mixture
        Of underlying values: a plain Gaussian one, with margins, samples and all else.
    history_, converged_, ending_, n_iter_, starts_agreeing_
    selection_ : what was tried for "auto", one for each size, with its criteria
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import DeconvolvedGaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> v = rng.normal(size=(4000, 1))
    >>> sd = rng.uniform(0.5, 2, size=v.shape)
    >>> x = v + sd * rng.normal(size=v.shape)
    >>> model = DeconvolvedGaussianMixture().fit(x, covariance=sd**2)
    >>> x.var().round(1).item(), model.covariances_.round(1).item()
    (2.8, 1.0)
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
        covariance: ArrayLike | None = None,
    ) -> Self:
        """Fit the mixture by EM.

        Parameters
        ----------
        X : (N, D) numbers as they were measured, NaN where a cell was not: array, frame or table
        y : not read; refused where it is more than a label per row, as errors in its place are
        sample_weight : (N,) row weights from 0 up; weight 2 is the row twice
        covariance : (N, D) or (N, D, D)
            Variances of the errors of each row, or their covariances; infinite where a cell was not
            measured. None: rows have no errors.

        Raises
        ------
        DataError
            If rows, errors or weights cannot be used; it names column and row.
        ParameterError
            If a setting cannot be used.
        """
        if is_auto(self.n_components):
            return self._chosen(lambda one: one.fit(X, y, sample_weight, covariance=covariance))
        if hasattr(self, "selection_"):
            # That of an earlier choice.
            del self.selection_
        checked_integer("n_components", self.n_components, 1)
        settings, form = Settings.of(self), self._form()
        penalty = settings.prior
        cells, names = checked_rows(X, self, least_rows=2, missing=True)
        check_labels(y, cells.shape[1], "errors", "covariance")
        every = measured(cells, covariance, names)
        weights = row_weights(sample_weight, len(cells))
        kept, notes = telling_rows(np.asarray(~every.seen.any(axis=1)), weights)
        found = Measurements(every.cells[kept], every.errors[kept])
        check_enough_rows(len(kept), settings.n_components)
        check_measured(found, names)
        check_parameters(form, settings.n_components, cells.shape[1], self.covariance_type)
        counted = None if weights is None or (weights[kept] == 1.0).all() else weights[kept]
        family: Any = family_of(form, found, counted, names)
        given = self.responsibilities_init
        return self._solved(
            settings.options(prior=penalty, monotone=True, rescue=penalty is not None),
            family,
            ArrayRows(found.rows, counted),
            SharpStarts(settings.n_components, settings.start_options())
            if given is None
            else self._start(given, len(cells), kept),
            names,
            {MEASURED: found.has_errors, **notes},
            n_rows=len(kept),
        )


def family_of(
    form: Structure, found: Measurements, weights: Float | None, names: tuple[str, ...] | None
) -> MeasuredFamily:
    """Return the family for rows, in a frame about the cells that were measured.

    Raises
    ------
    DataError
        Naming a column of one value, or a cell beyond what numbers reach.
    """
    source = ArrayRows(np.where(found.seen, found.cells, np.nan), weights)
    middle, spread = column_moments(source)
    check_varying(spread, names, "drop it")
    check_squares(spread, names)
    check_within_reach(source, names, middle, spread)
    typical = found.typical(weights)
    return MeasuredFamily.measuring(
        form, middle, spread, typical, has_covariances=found.layout.has_covariances
    )
