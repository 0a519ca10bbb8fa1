"""What a fitted mixture of regressions says of rows."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from mixtura.components.regression.responses import RESPONSES, Response
from mixtura.errors import DataError
from mixtura.estimators.inputs import fitted_rows
from mixtura.estimators.settings import checked_choice
from mixtura.estimators.stored import Pickled
from mixtura.mixture import Mixture
from mixtura.regressions.binding import spread_name
from mixtura.regressions.cells import Beside, cells_of, offsets_of
from mixtura.regressions.rows import Laid, laid_out
from mixtura.summary import summary_of

__all__ = ["FittedRegressions"]

Float = NDArray[np.float64]

INTERCEPT = "intercept"


class FittedRegressions(RegressorMixin, Pickled):
    """Base of `MixtureRegressor`: all but the fit.

    Attributes
    ----------
    family, fit_intercept : settings
    mixture_ : the fitted value
    """

    family: str
    fit_intercept: bool
    mixture_: Mixture
    weights_: Float
    coef_: Float
    intercept_: Float
    facts_: dict[str, Any]

    def predict(
        self, X: Any, *, offset: ArrayLike | None = None, exposure: ArrayLike | None = None
    ) -> Float:
        """Return E[y | x] (N,), of a binomial for one trial: Σ_k π_k μ_k(x).

        Parameters
        ----------
        X : (N, p) rows of the columns that were fitted; frames by name
        offset, exposure : as in `fit`
        """
        return self.component_means(X, offset=offset, exposure=exposure) @ self.weights_

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
        y : (N,) responses as in `fit`; without them x alone says nothing, so rows have `weights_`
        groups, offset, exposure : as in `fit`; rows of one group have one answer
        """
        if y is None:
            n_rows = len(self._design(X))
            return np.tile(self.weights_, (n_rows, 1))
        mixture, laid = self._laid(X, y, groups, offset, exposure)
        return mixture.responsibilities(laid.rows)[laid.places]

    def log_density(
        self,
        X: Any,
        y: Any,
        *,
        groups: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Float:
        """Return log f(y | x) of each row, or of each group in the order of their labels.

        Arguments as in `predict_proba`.
        """
        mixture, laid = self._laid(X, y, groups, offset, exposure)
        return mixture.log_density(laid.rows)

    def summary(self) -> str:
        """Return the fit in words and tables."""
        check_is_fitted(self, "mixture_")
        return summary_of(self.mixture_, self.facts_)

    def _response(self) -> Response:
        return RESPONSES[checked_choice("family", self.family, tuple(RESPONSES))]

    def _terms(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if self.fit_intercept and INTERCEPT in names:
            raise DataError(f"a column is called '{INTERCEPT}'; rename it, or fit_intercept=False")
        return (INTERCEPT, *names) if self.fit_intercept else names

    def _with_intercept(self, design: NDArray[Any]) -> Float:
        design = np.asarray(design, dtype=np.float64)
        ones = np.ones((len(design), int(bool(self.fit_intercept))))
        return np.hstack([ones, design])

    def _take(self) -> None:
        """Set the attributes that follow from the mixture."""
        parameters = self.mixture_.parameters
        coefficients = parameters.coefficients
        self.weights_ = self.mixture_.weights
        first = int(bool(self.fit_intercept))
        self.coef_ = coefficients[:, first:].copy()
        self.intercept_ = coefficients[:, 0].copy() if first else np.zeros(len(coefficients))
        response = self._response()
        name = spread_name(response)
        if name == "sigma":
            self.sigma_ = 1.0 / np.sqrt(parameters.precisions)
        elif name == "shape":
            self.shape_ = parameters.precisions.copy()

    def _design(self, X: Any) -> NDArray[Any]:
        check_is_fitted(self, "mixture_")
        return fitted_rows(X, self)

    def _predictors(self, X: Any, offset: ArrayLike | None, exposure: ArrayLike | None) -> Float:
        """Return η (N, K)."""
        design = self._with_intercept(self._design(X))
        moved = offsets_of(offset, exposure, len(design))
        return design @ self.mixture_.parameters.coefficients.T + moved[:, None]

    def _laid(
        self,
        X: Any,
        y: Any,
        groups: ArrayLike | None,
        offset: ArrayLike | None,
        exposure: ArrayLike | None,
    ) -> tuple[Mixture, Laid]:
        """Return the mixture that reads rows as they are laid out, and these."""
        design = self._with_intercept(self._design(X))
        family: Any = self.mixture_.family
        beside, response = Beside(groups, offset, exposure), self._response()
        laid = laid_out(cells_of(design, family.terms, response, y, beside), response)
        return replace(self.mixture_, family=replace(family, per_row=laid.per_row)), laid
