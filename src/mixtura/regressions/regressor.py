"""`MixtureRegressor`: mixtures of generalised linear models, scikit-learn's regressor."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from mixtura.arrays import whole_number
from mixtura.data.checks import check_enough_rows
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.solve import FitResult, SolveOptions, solve
from mixtura.em.starts import StartMaker
from mixtura.engines import engine_named
from mixtura.errors import ParameterError
from mixtura.estimators.doubted import warn_of_fit
from mixtura.estimators.gaussian_inits import checked_responsibilities
from mixtura.estimators.inputs import checked_rows
from mixtura.estimators.settings import Settings, checked_choice
from mixtura.estimators.sizes import checked_sizes, is_auto
from mixtura.estimators.tried import CRITERIA, SizeTried, best_of, grown, size_table
from mixtura.regressions.binding import bounds_of
from mixtura.regressions.cells import Beside, cells_of
from mixtura.regressions.concomitants import asked_of, gated
from mixtura.regressions.doubts import doubts_of
from mixtura.regressions.face import FittedRegressions
from mixtura.regressions.rows import Laid, family_of, laid_out
from mixtura.regressions.starts import LineStarts
from mixtura.regressions.terms import Given, terms_by_formula, with_intercept

__all__ = ["MixtureRegressor"]

Float = NDArray[np.float64]


class MixtureRegressor(FittedRegressions):
    """Mixture of regressions: which of K lines a row belongs to is not known.

    Every component is a generalised linear model of y given X (McLachlan and Peel 2000, chapter
    5), fitted by EM whose M-steps are damped steps of Newton, so the likelihood never falls.

    Parameters
    ----------
    n_components : int or "auto"
        K; "auto" grows it from one as long as BIC falls, and keeps what was tried in `selection_`.
    family : "gaussian", "poisson", "binomial" or "gamma"
        What y is: of mean η; counts of mean exp(η); 0 and 1, or successes and failures, of
        probability 1/(1 + exp(-η)); amounts of mean exp(η), each component with a shape of its own.
    formula : str or None
        Terms of frames as formulaic writes them, ``"visits ~ age * C(sex) + bs(dose, df=4)"``: y is
        its left side, of binomials ``cbind(successes, failures)``; without one y is given. ``0 +``
        leaves the intercept out.
    concomitant : str or None
        Covariates of the frame by which the weights of components go, as a multinomial logit
        (mixture of experts): ``"age + C(sex)"``. Rows of one group have the same.
    fit_intercept : bool
        Whether η has a constant; of a formula that says it.
    fix : dict or None
        Numbers that are held: ``{"coef": {"age": 0.5}}`` by the columns of X or terms of
        a formula, each one number or K of them, or an array (K, p); ``"intercept"`` (K,). None or
        NaN where free.
    equal : dict or None
        What all components have alike: ``{"coef": ["age"]}`` or True for all columns,
        ``"intercept"``, ``"sigma"`` (Gaussian) and ``"shape"`` (gamma) True.
    tol, algorithm, max_iter, n_init : as in `GaussianMixture`
    responsibilities_init : (N, K) array or None
        Start with an M-step from these; the rows of a group share their mean.
    mixing_weights : "free", "equal" or (K,) array
        "equal" holds them at 1/K, an array at its numbers, which sum to one.
    prior : "weak" or None
        "weak" keeps variances above 0, and moves no other; None is pure maximum likelihood.
    random_state : int, RandomState or None
    engine : "threads", "processes", "serial" or an engine
    n_jobs : int or None

    Attributes
    ----------
    weights_ : (K,)
    coef_ : (K, p)
    terms_ : (p,)
        What its columns are called.
    intercept_ : (K,)
        Zeros without one.
    sigma_, shape_ : (K,)
        Standard deviations of a Gaussian y, shapes of a gamma one.
    log_likelihood_, n_parameters_, bic_, aic_, icl_ : of the rows of the fit
    n_units_ : float
        Rows, or groups of rows, by their weights; the n of `bic_`.
    concomitant_ : by what weights go, or None
        Its coefficients (P, K - 1) are over the first component; `errors` has them with errors.
    mixture_ : Mixture
        The fitted value, with mean weights where these go by covariates; its rows are
        [y, trials, offset, terms].
    history_, converged_, ending_, n_iter_, starts_agreeing_
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import MixtureRegressor
    >>> rng = np.random.default_rng(0)
    >>> x, line = rng.uniform(0, 10, 400), rng.integers(2, size=400)
    >>> y = np.where(line == 0, 2 * x, 30 - x) + rng.normal(size=400)
    >>> model = MixtureRegressor(2, random_state=0).fit(x[:, None], y)
    >>> sorted(model.coef_[:, 0].round().tolist())
    [-1.0, 2.0]
    """

    n_features_in_: int
    selection_: tuple[SizeTried, ...]
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        n_components: int = 2,
        family: str = "gaussian",
        *,
        formula: str | None = None,
        concomitant: str | None = None,
        fit_intercept: bool = True,
        fix: Any = None,
        equal: Any = None,
        tol: float | None = None,
        algorithm: str = "auto",
        max_iter: int | None = None,
        n_init: int = 1,
        responsibilities_init: ArrayLike | None = None,
        mixing_weights: Any = "free",
        prior: str | None = "weak",
        random_state: Any = None,
        engine: Any = "threads",
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.family = family
        self.formula = formula
        self.concomitant = concomitant
        self.fit_intercept = fit_intercept
        self.fix = fix
        self.equal = equal
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
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Self:
        """Fit the mixture by EM.

        Parameters
        ----------
        X : (N, p) numbers: array, pandas or polars frame, or Arrow table; with a formula the frame
            that has its columns
        y : (N,) responses; of binomials 0 and 1, or (N, 2) successes and failures. None where a
            formula says it
        sample_weight : (N,) row weights from 0 up; weight 2 is the row twice
        groups : (N,) labels; all rows of one label are in one component, as the visits of a person
        offset : (N,) or a number, added to η
        exposure : (N,) or a number above 0, of which the log is added to η

        Raises
        ------
        DataError
            If rows, responses or weights cannot be used; it names column and row.
        ParameterError
            If a setting cannot be used.
        """
        if hasattr(self, "selection_"):
            # That of an earlier choice.
            del self.selection_
        response = self._response()
        if is_auto(self.n_components):
            told: dict[str, Any] = {"groups": groups, "offset": offset, "exposure": exposure}
            best, tried = grown(lambda size: self._of_size(size).fit(X, y, sample_weight, **told))
            self.__dict__.update(best.__dict__ | {"n_components": "auto", "selection_": tried})
            return self
        whole_number("n_components", self.n_components, 1)
        settings = Settings.of(self)
        if settings.prior not in ("weak", None):
            raise ParameterError(f"prior should be 'weak' or None, but got {self.prior!r}")
        given = self._given(X, y, sample_weight)
        self.formula_ = given.formula
        beside = Beside(groups, offset, exposure, sample_weight)
        terms = self._named_terms(given.labels)
        cells = cells_of(given.design, terms, response, given.y, beside)
        laid = laid_out(cells, response)
        check_enough_rows(len(laid.kept), settings.n_components)
        asked = None if self.concomitant is None else asked_of(self.concomitant, X, laid)
        bounds = bounds_of(
            self.fix,
            self.equal,
            given.labels,
            settings.n_components,
            response,
            intercept=bool(self._n_first),
            columns={} if given.formula is None else given.formula.columns,
        )
        family: Any = family_of(response, cells, laid, bounds)
        numbered = self.responsibilities_init is not None or (
            bounds is not None and bounds.tells_apart
        )
        options = settings.options(
            prior=settings.prior, monotone=True, rescue=settings.prior is not None
        )
        if asked is not None and options.weighing.is_held:
            raise ParameterError(
                "mixing_weights are held, and concomitant says that they go by covariates; leave "
                "one of them out"
            )
        result = solve(
            family,
            laid.source,
            engine_named(self.engine, self.n_jobs),
            settings.n_components,
            replace(options, by_size=not numbered),
            models=self._starts(settings, options, laid),
        )
        self._name_features(given)
        doubts, self.concomitant_ = doubts_of(result, family.frame), None
        if asked is not None:
            result, self.concomitant_, unbound = gated(
                result, family, laid, asked, options, numbered=numbered
            )
            doubts += unbound
        self._adopt(result, doubts)
        warn_of_fit(result, doubts, settings.max_iter)
        return self

    def select(
        self,
        X: Any,
        y: Any = None,
        n_components: Iterable[int] = range(1, 6),
        criterion: str = "bic",
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Self:
        """Fit several numbers of components and become the fit of the lowest criterion.

        What was tried is in `selection_`, and as text in `selection_table()`.

        Parameters
        ----------
        n_components : the numbers to try
        criterion : "bic", "aic" or "icl"; the n of BIC counts rows, or groups of rows
        X, y, sample_weight, groups, offset, exposure : as in `fit`

        Raises
        ------
        ParameterError
            If there is no such criterion or number.
        """
        sizes = checked_sizes(n_components)
        name = checked_choice("criterion", criterion, CRITERIA)
        told: dict[str, Any] = {"groups": groups, "offset": offset, "exposure": exposure}

        fits = (
            (size, partial(self._of_size(size).fit, X, y, sample_weight, **told)) for size in sizes
        )
        best, tried = best_of(fits, name)
        self.__dict__.update(best.__dict__)
        self.selection_ = tried
        return self

    def _of_size(self, n_components: int) -> Any:
        """Return one of so many components that is not fitted."""
        own: Any = clone(self)
        return own.set_params(n_components=n_components)

    def selection_table(self) -> str:
        """Return what `select` or "auto" tried, a line for each number of components."""
        check_is_fitted(self, "selection_")
        return size_table(self.selection_)

    def _given(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Given:
        """Return what is fitted, with the intercept first."""
        if self.formula is None:
            design, names = checked_rows(X, self, least_rows=2)
            labels = names or tuple(f"x{j}" for j in range(design.shape[1]))
            design = with_intercept(design, bool(self.fit_intercept))
            return Given(design, labels, names, y, None)
        if not self.fit_intercept:
            raise ParameterError(
                "fit_intercept=False is for columns; write '0 +' into the formula to leave the "
                "intercept out"
            )
        found, design, told = terms_by_formula(self.formula, X, y, sample_weight)
        return Given(design, found.labels, found.names, told, found)

    def _name_features(self, given: Given) -> None:
        self.n_features_in_ = len(given.labels if given.names is None else given.names)
        if given.names is not None:
            self.feature_names_in_ = np.array(given.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _starts(self, settings: Settings, options: SolveOptions, laid: Laid) -> StartMaker:
        given = self.responsibilities_init
        if given is None:
            return LineStarts(settings.n_components, options.starts)
        shares = checked_responsibilities(given, len(laid.places), settings.n_components, None)
        sums = np.zeros((len(laid.rows), settings.n_components))
        if laid.per_row == 1:
            sums[laid.places] = shares
        else:
            np.add.at(sums, laid.places, shares)
        means = (sums / sums.sum(axis=1, keepdims=True))[laid.kept]
        return lambda sweep, loop: [model_from_responsibilities(sweep, means, loop)]

    def _adopt(self, result: FitResult, doubts: list[str]) -> None:
        self.mixture_ = replace(result.mixture, reading=None)
        self.facts_ = result.facts()
        # What is said of widths in columns has been said of lines.
        others = [one for one in self.facts_["cautions"] if one not in result.cautions]
        self.facts_["cautions"] = [*doubts, *others]
        self._tell_of(result, CRITERIA)
        self.n_units_ = result.total_weight
        self._take()
