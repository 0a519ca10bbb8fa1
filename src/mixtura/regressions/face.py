"""What a fitted mixture of regressions says of rows."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.arrays import as_share, generator_of, log_sum_exp
from mixtura.components.regression.responses import RESPONSES, Response
from mixtura.components.regression.words import spread_name, spreads_of
from mixtura.errors import DataError
from mixtura.estimators.fitted import Fitted
from mixtura.estimators.inputs import fitted_rows
from mixtura.estimators.settings import checked_choice
from mixtura.estimators.shown import with_mixture
from mixtura.estimators.stored import Pickled
from mixtura.mixture import Mixture
from mixtura.regressions.cells import Beside, cells_of, offsets_of
from mixtura.regressions.concomitants import Concomitants, first_rows
from mixtura.regressions.effects import PartialEffects, bands_of, check_errors, varied
from mixtura.regressions.information import errors_of
from mixtura.regressions.intervals import mixture_quantile
from mixtura.regressions.rows import Laid, laid_out
from mixtura.regressions.scoring import Scored
from mixtura.regressions.standard_errors import RegressionErrors
from mixtura.regressions.stored import save_regressor
from mixtura.regressions.terms import INTERCEPT, FormulaTerms, with_intercept
from mixtura.text import Tabled

__all__ = ["FittedRegressions"]

Float = NDArray[np.float64]


# Numbers along a column.
POINTS = 101


class FittedRegressions(Fitted, Tabled, Scored, Pickled):
    """Base of `MixtureRegressor`: all but the fit.

    Attributes
    ----------
    family, fit_intercept : settings
    mixture_ : the fitted value
    terms_ : names of the columns of `coef_`
    formula_ : how rows are read by a formula, or None
    concomitant_ : by what weights go, or None
    """

    family: str
    fit_intercept: bool
    mixture_: Mixture
    weights_: Float
    coef_: Float
    intercept_: Float
    facts_: dict[str, Any]
    terms_: tuple[str, ...]
    formula_: FormulaTerms | None
    concomitant_: Concomitants | None

    def predict(
        self, X: Any, *, offset: ArrayLike | None = None, exposure: ArrayLike | None = None
    ) -> Float:
        """Return E[y | x] (N,), of a binomial for one trial: Σ_k π_k μ_k(x), π_k by covariates.

        Parameters
        ----------
        X : (N, p) rows of the columns that were fitted; frames by name
        offset, exposure : as in `fit`
        """
        means = self.component_means(X, offset=offset, exposure=exposure)
        return np.vecdot(means, self._weights(X, len(means)))

    def component_means(
        self, X: Any, *, offset: ArrayLike | None = None, exposure: ArrayLike | None = None
    ) -> Float:
        """Return μ_k(x) (N, K), the mean of y in each component; arguments as in `predict`."""
        eta = self._predictors(X, offset, exposure)
        return self._response().mean(eta)

    def predict_proba(
        self,
        X: Any,
        y: Any = None,
        *,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Float:
        """Return the probabilities of the components (N, K) given x and y; rows sum to one.

        Parameters
        ----------
        X : (N, p) rows of the columns that were fitted; frames by name
        y : (N,) responses as in `fit`, or None where a formula finds them in X; without them x
            alone says nothing, so rows have `weights_`, or those by their covariates
        groups, offset, exposure : as in `fit`; rows of one group have one answer
        """
        y = self._responses(X, y)
        if y is None:
            return self._weights(X, len(self._design(X)))
        mixture, laid = self._laid(X, y, groups, offset, exposure)
        if self.concomitant_ is None:
            return mixture.responsibilities(laid.rows)[laid.places]
        joint = self._joint(mixture, laid, X)
        return np.exp(joint - log_sum_exp(joint)[:, None])[laid.places]

    def log_density(
        self,
        X: Any,
        y: Any = None,
        *,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Float:
        """Return log f(y | x) of each row, or of each group in the order of their labels.

        Arguments as in `predict_proba`.
        """
        mixture, laid = self._laid(X, y, groups, offset, exposure)
        if self.concomitant_ is None:
            return mixture.log_density(laid.rows)
        return log_sum_exp(self._joint(mixture, laid, X))

    def predict_interval(
        self,
        X: Any,
        level: float = 0.95,
        *,
        trials: float = 1,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Float:
        """Return between what a new y of each row is with a probability (N, 2), by its quantiles.

        They are those of Σ_k π_k f_k(y | x) at the estimates, so of all lines together; how surely
        the estimates are known is not in it. Counts have at least that probability.

        Parameters
        ----------
        X : (N, p) rows of the columns that were fitted; frames by name
        level : the probability, in (0, 1)
        trials : of binomials, of how many
        offset, exposure : as in `fit`

        Raises
        ------
        ParameterError
            If `level` is no such probability.
        """
        share = as_share("level", level)
        means = self.component_means(X, offset=offset, exposure=exposure)
        weights = self._weights(X, len(means))
        response, precisions = self._response(), self.mixture_.parameters.precisions
        components = response.distribution(means, np.asarray(trials), precisions)
        ends = (
            mixture_quantile(components, weights, one, whole=not response.has_precision)
            for one in (0.5 * (1.0 - share), 0.5 * (1.0 + share))
        )
        return np.column_stack(list(ends))

    def sample(
        self,
        X: Any,
        *,
        trials: float = 1,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
        random_state: Any = None,
    ) -> tuple[Float, NDArray[np.intp]]:
        """Draw a response of each row of terms, and the component it came from (N,).

        Parameters
        ----------
        X : (N, p) rows of the columns that were fitted; frames by name
        trials : of binomials, of how many; what is drawn are successes
        offset, exposure : as in `fit`
        random_state : a seed or a numpy Generator
        """
        rng = generator_of(random_state)
        means = self.component_means(X, offset=offset, exposure=exposure)
        below = self._weights(X, len(means)).cumsum(axis=1)[:, :-1]
        labels = (rng.random(len(means))[:, None] >= below).sum(axis=1)
        own = means[np.arange(len(means)), labels]
        precisions = self.mixture_.parameters.precisions[labels]
        drawn = self._response().distribution(own, np.asarray(trials), precisions)
        return np.asarray(drawn.rvs(random_state=rng), np.float64), labels

    def errors(
        self,
        X: Any,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> RegressionErrors:
        """Return standard errors by the observed information, with tests of coefficients.

        Parameters
        ----------
        X, y, sample_weight, groups, offset, exposure : what was fitted, as in `fit`

        Raises
        ------
        InformationError
            If these rows do not determine all parameters.
        """
        mixture, laid = self._laid(X, y, groups, offset, exposure, sample_weight)
        first = self._n_first
        columns = {} if self.formula_ is None else self.formula_.columns
        places = {name: tuple(first + one for one in own) for name, own in columns.items()}
        rows = laid.rows[laid.kept]
        asked = None
        if self.concomitant_ is not None and mixture.n_components > 1:
            asked = self.concomitant_.of(X, laid)
        return errors_of(mixture, rows, laid.counted, places, asked)

    def partial_effects(
        self, X: Any, column: Any, errors: RegressionErrors, *, level: float = 0.95
    ) -> PartialEffects:
        """Return means of y along one column in each component, with bands; they can be drawn.

        Other columns stand still: numbers at their mean, categories at the level most rows have.

        Parameters
        ----------
        X : (N, p) rows of the columns that were fitted
        column : its name, or its place where columns have no names
        errors : of this fit, as `errors` returns them; bands are those of the lines
        level : of the bands, in (0, 1)

        Raises
        ------
        ParameterError
            If there is no such column, `level` is no probability, or errors are of another fit.
        """
        share = as_share("level", level)
        check_errors(errors, self.mixture_)
        read = None if self.formula_ is None else self.formula_.names
        rows, values = varied(X, column, read, POINTS)
        bands = bands_of(self._design(rows), errors.coefficients, errors.roots, share)
        means, lower, upper = map(self._response().mean, bands)
        return PartialEffects(str(column), values, means, lower, upper, share, errors.names)

    def save(self, path: Any) -> None:
        """Write the regressor to a model file at `path`, which `mixtura.load` reads.

        Settings, mixture and what is known of the fit are kept, its history is not.
        """
        check_is_fitted(self, "mixture_")
        save_regressor(path, self)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each number of each component; `errors` says how surely it is known."""
        check_is_fitted(self, "mixture_")
        return self.mixture_.table()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Return scikit-learn's diagram, and below it the components where they are fitted."""
        return with_mixture(super()._repr_mimebundle_(**kwargs), self)

    def _response(self) -> Response:
        return RESPONSES[checked_choice("family", self.family, tuple(RESPONSES))]

    @property
    def _n_first(self) -> int:
        """Return how many terms stand before those of X: an intercept, or none."""
        given = self.fit_intercept if self.formula_ is None else self.formula_.has_intercept
        return int(bool(given))

    def _named_terms(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if self._n_first and INTERCEPT in names:
            raise DataError(f"a column is called '{INTERCEPT}'; rename it, or fit_intercept=False")
        return (INTERCEPT, *names) if self._n_first else names

    def _take(self) -> None:
        """Set the attributes that follow from the mixture."""
        parameters = self.mixture_.parameters
        coefficients = parameters.coefficients
        self.weights_ = self.mixture_.weights
        first = self._n_first
        family: Any = self.mixture_.family
        self.terms_ = family.terms[first:]
        self.coef_ = coefficients[:, first:].copy()
        self.intercept_ = coefficients[:, 0].copy() if first else np.zeros(len(coefficients))
        response = self._response()
        name = spread_name(response)
        if name is not None:
            setattr(self, f"{name}_", spreads_of(response, parameters))

    def _design(self, X: Any) -> Float:
        """Return the terms (N, p), the intercept first."""
        check_is_fitted(self, "mixture_")
        if self.formula_ is not None:
            return self.formula_.design(X)
        return with_intercept(fitted_rows(X, self), bool(self.fit_intercept))

    def _responses(self, X: Any, y: Any) -> Any:
        """Return responses that were given, or that a formula finds in X, or None."""
        check_is_fitted(self, "mixture_")
        return y if y is not None or self.formula_ is None else self.formula_.responses(X)

    def _weights(self, X: Any, n_rows: int) -> Float:
        """Return π_ik (N, K) of rows of X, which are so many."""
        if self.concomitant_ is None:
            return np.tile(self.weights_, (n_rows, 1))
        return np.exp(self.concomitant_.log_weights(X))

    def _joint(self, mixture: Mixture, laid: Laid, X: Any) -> Float:
        """Return log π_ik f_k (n, K) of rows or groups, whose weights are by covariates."""
        assert self.concomitant_ is not None
        logs = self.concomitant_.log_weights(X)[first_rows(laid)]
        return mixture.component_log_density(laid.rows) + logs

    def _predictors(self, X: Any, offset: ArrayLike | None, exposure: ArrayLike | None) -> Float:
        """Return η (N, K)."""
        design = self._design(X)
        moved = offsets_of(offset, exposure, len(design))
        return design @ self.mixture_.parameters.coefficients.T + moved[:, None]

    def _laid(
        self,
        X: Any,
        y: Any,
        groups: ArrayLike | None,
        offset: ArrayLike | None,
        exposure: ArrayLike | None,
        sample_weight: ArrayLike | None = None,
    ) -> tuple[Mixture, Laid]:
        """Return the mixture that reads rows as they are laid out, and these."""
        design = self._design(X)
        y = self._responses(X, y)
        family: Any = self.mixture_.family
        beside, response = Beside(groups, offset, exposure, sample_weight), self._response()
        laid = laid_out(cells_of(design, family.terms, response, y, beside), response)
        return replace(self.mixture_, family=replace(family, per_row=laid.per_row)), laid
