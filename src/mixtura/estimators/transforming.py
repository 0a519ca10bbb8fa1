"""The transformer face of the estimators: posterior probabilities as features."""

from abc import ABC, abstractmethod
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from mixtura.mixture import Mixture

__all__ = ["Transforming"]


class Transforming(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ABC):
    """Mixin of estimators whose `transform` gives the posteriors, as a step of a pipeline.

    `get_feature_names_out` gives the class's name and the component's number, such as
    "gaussianmixture0"; `set_output(transform="pandas")`, or "polars", makes it a frame.
    """

    mixture_: Mixture

    @abstractmethod
    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the mixture."""

    @abstractmethod
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the posterior probabilities of the components (N, K)."""

    def transform(self, X: Any) -> NDArray[Any]:
        """Return the posterior probabilities of the components (N, K), as `predict_proba` does.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name

        Raises
        ------
        DataError
            If the rows have other columns, or a cell cannot be used.
        """
        return self.predict_proba(X)

    def fit_transform(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Fit, and return the posterior probabilities (N, K); arguments as in `fit`."""
        return self.fit(X, y, sample_weight).transform(X)

    @property
    def _n_features_out(self) -> int:
        return self.mixture_.n_components
