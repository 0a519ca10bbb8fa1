"""What a fitted estimator shows of itself: a summary, rows of its numbers, a notebook both."""

from abc import ABC
from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from mixtura.doors import Reported
from mixtura.estimators.fitted import Fitted
from mixtura.estimators.transforming import Transforming
from mixtura.text import Backend, frame_of

__all__ = ["Shown", "with_mixture"]


class Shown(Reported, Fitted, Transforming, ABC):
    """The part of a mixture's estimator that hands on what it found, to readers and pipelines."""

    def table(self, X: Any = None, sample_weight: ArrayLike | None = None) -> list[dict[str, Any]]:
        """Return a row for each number of each component, by component, parameter, column, level.

        Parameters
        ----------
        X : (N, D) the rows of the fit, for standard errors, or None for estimates alone
        sample_weight : (N,) row weights, as in the fit

        Returns
        -------
        list of dict
            The `level` is that of a category, the other column of a covariance, or the factor of
            a loading; `standard_error` is NaN for what is held or lies on the edge of its range.

        Raises
        ------
        InformationError
            If these rows do not determine all numbers, or the mixture is no maximum for them.
        ParameterError
            If there are no standard errors of such components.
        """
        check_is_fitted(self, "mixture_")
        if X is None:
            return self.mixture_.table()
        # A fit needs nothing of it.
        from mixtura.inference.known import with_errors

        options = {"boundary": "hold", "missing": "marginal"}
        return with_errors(self.mixture_, X, sample_weight, **options)

    def to_frame(
        self,
        X: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        backend: Backend = "pandas",
    ) -> Any:
        """Return the rows of `table` as a data frame.

        Parameters
        ----------
        X, sample_weight : as in `table`
        backend : the library that it is a frame of: "pandas", "polars" or "pyarrow"
        """
        return frame_of(self.table(X, sample_weight), backend)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Return scikit-learn's diagram, and below it the components where they are fitted."""
        return with_mixture(super()._repr_mimebundle_(**kwargs), self)  # pyright: ignore[reportAttributeAccessIssue]


def with_mixture(bundle: dict[str, str], estimator: Any) -> dict[str, str]:
    """Return what a notebook shows of an estimator, with the table of its components."""
    mixture = getattr(estimator, "mixture_", None)
    if mixture is None or "text/html" not in bundle:
        return bundle
    return bundle | {"text/html": bundle["text/html"] + mixture._repr_html_()}
