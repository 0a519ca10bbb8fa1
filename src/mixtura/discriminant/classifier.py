"""A classifier of mixtures of any kind, one for each class."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from mixtura.data.dataset import Dataset
from mixtura.data.plain import plain_table
from mixtura.discriminant.face import ClassMixtures
from mixtura.discriminant.labelled import labelled, parted
from mixtura.errors import DataError, ParameterError
from mixtura.estimators.base import MixtureEstimator
from mixtura.mixture import Mixture

__all__ = ["MixtureClassifier"]


class MixtureClassifier(ClassMixtures):
    """Classes by Bayes' rule, the rows of each being a mixture of its own.

    With one component of independent columns it is naive Bayes; with more, a class may be of
    several sorts of rows, and columns may go together.

    Parameters
    ----------
    estimator : a mixture that is not fitted, such as ``CategoricalMixture(2)``, ``PoissonMixture``
        or ``MixedMixture``; each class is fitted by a copy of it. Of Gaussians, whose structure is
        chosen too, see `GaussianMixtureClassifier`
    n_components : numbers of components of which each class takes that of the lowest BIC; None for
        that of the estimator
    priors : (C,) probabilities of the classes in the order of `classes_`; None for their shares

    Attributes
    ----------
    classes_ : (C,) labels, in order
    priors_ : (C,)
    mixtures_ : C mixtures, one of each class
    log_likelihood_ : Σ w log(share of its class · density) over the rows of the fit, in nats
    bic_ : -2 log_likelihood_ + n_parameters_ log Σw
    n_parameters_ : free parameters, shares of the classes included
    n_features_in_ : D
    feature_names_in_ : (D,) where X had names
    """

    def __init__(
        self,
        estimator: Any,
        n_components: Iterable[int] | None = None,
        *,
        priors: ArrayLike | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_components = n_components
        self.priors = priors

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit a mixture to the rows of each class.

        Parameters
        ----------
        X : (N, D) rows as the estimator takes them; frames by name
        y : (N,) labels of the classes, or the name of their column in X
        sample_weight : (N,) row weights from 0 up

        Raises
        ------
        DataError
            If rows, labels or weights cannot be used.
        ParameterError
            If a setting cannot be used.
        """
        X, y = parted(X, y)
        given = labelled(y, sample_weight, self._count_rows(X))
        # Rows of other classes stay, without weight: what levels there are is the same for all.
        fits = [
            self._fitted(X, given.weights * (given.codes == place))
            for place in range(len(given.classes))
        ]
        mixtures = tuple(mixture for _, mixture in fits)
        self.n_features_in_ = fits[0][0].n_features_in_
        names = getattr(fits[0][0], "feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        count = sum(mixture.n_parameters for mixture in mixtures) + len(mixtures) - 1
        self._adopt(mixtures, given, count)
        self._tell(X, given)
        return self

    def _count_rows(self, X: Any) -> int:
        """Return N, of any table that can be weighed for each class."""
        if not isinstance(self.estimator, MixtureEstimator):
            raise ParameterError(
                "estimator should be a mixture that is not fitted, such as PoissonMixture(2), but "
                f"got {self.estimator!r}"
            )
        table = plain_table(X)
        if isinstance(table, Dataset):
            if table.has_weights:
                raise ParameterError(
                    "MixtureClassifier weighs the rows for each class, so it takes row weights as "
                    "sample_weight; make the dataset without weights="
                )
            # What is text or beyond memory is refused.
            table = table.array()
        if hasattr(table, "shape"):
            return int(table.shape[0])
        if not hasattr(table, "__len__"):
            raise DataError(f"X is a {type(X).__name__}, and no table of rows and columns")
        return len(table)

    def _fitted(self, X: Any, weights: NDArray[np.float64]) -> tuple[Any, Mixture]:
        """Return a copy of the estimator fitted to rows, and its mixture."""
        own: Any = clone(self.estimator)
        if self.n_components is None:
            own.fit(X, sample_weight=weights)
        elif hasattr(own, "select"):
            own.select(X, self.n_components, sample_weight=weights)
        else:
            raise ParameterError(
                f"{type(own).__name__} does not choose its size by itself; leave n_components out, "
                "or take GaussianMixtureClassifier for Gaussians"
            )
        return own, own.mixture_

    def _rows(self, data: Any) -> NDArray[Any]:
        return self.mixtures_[0].encode(data)
