"""The scikit-learn face of classifiers that have a mixture for each class."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from mixtura.arrays import as_share, generator_of
from mixtura.data.checks import row_weights
from mixtura.data.weights import given_weights
from mixtura.discriminant.labelled import Labelled
from mixtura.discriminant.pooled import pooled
from mixtura.discriminant.rules import (
    adapted,
    checked_costs,
    checked_priors,
    least_costly,
    of_any,
    posteriors,
)
from mixtura.discriminant.stored import save_classifier
from mixtura.doors import Plotted
from mixtura.mixture import Mixture
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["ClassMixtures"]

Float = NDArray[np.float64]

# Rows drawn for the threshold below which a row is of no known class.
DRAWN = 20_000


class ClassMixtures(Plotted, Tabled, ClassifierMixin, BaseEstimator, ABC):
    """Base of the classifiers; a concrete one says how the mixtures of the classes are found.

    Attributes
    ----------
    classes_ : (C,) labels, in order
    priors_ : (C,) probabilities of the classes, before a row is seen
    mixtures_ : C mixtures, one of each class
    """

    classes_: NDArray[Any]
    priors_: Float
    mixtures_: tuple[Mixture, ...]
    n_parameters_: int
    log_likelihood_: float
    bic_: float
    n_features_in_: int
    priors: ArrayLike | None

    @abstractmethod
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit a mixture to the rows of each class."""

    @abstractmethod
    def _rows(self, data: Any) -> NDArray[Any]:
        """Return rows that are checked, as the mixtures' `coded` read them."""

    def predict_proba(self, X: Any, priors: ArrayLike | None = None) -> Float:
        """Return the posterior probabilities of the classes (N, C), in the order of `classes_`.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        priors : (C,) other probabilities of the classes than `priors_`, where rows come from
            where classes are otherwise common
        """
        densities = self._class_densities(X)
        return posteriors(densities, self._priors(priors))

    def predict_log_proba(self, X: Any, priors: ArrayLike | None = None) -> Float:
        """Return the logarithms of `predict_proba` (N, C).

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        priors : (C,) as in `predict_proba`
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X, priors))

    def predict(
        self, X: Any, priors: ArrayLike | None = None, costs: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Return the likeliest class of each row (N,), or that of least expected cost.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        priors : (C,) as in `predict_proba`
        costs : (C, C) what it costs to say the class of the column of a row that is of the class
            of the row, zero on the diagonal as a rule
        """
        shares = self.predict_proba(X, priors)
        return self.classes_[least_costly(shares, checked_costs(costs, len(self.classes_)))]

    def decision_function(self, X: Any) -> Float:
        """Return log prior + log density of each class (N, C); of two classes the difference (N,).

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        """
        densities = self._class_densities(X)
        with np.errstate(divide="ignore"):
            joint = densities + np.log(self.priors_)
        return joint[:, 1] - joint[:, 0] if joint.shape[1] == 2 else joint

    def score_samples(self, X: Any) -> Float:
        """Return the log density of each row (N,), whatever its class, in nats.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        """
        return of_any(self._class_densities(X), self.priors_)

    def adapted_priors(self, X: Any, sample_weight: ArrayLike | None = None) -> Float:
        """Return the shares of the classes (C,) among rows whose classes are not known.

        The densities of the classes stay as they are; the shares are those that make the rows
        likeliest, by EM (Saerens, Latinne and Decaestecker 2002). Give them to `predict`.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        sample_weight : (N,) row weights
        """
        densities = self._class_densities(X)
        weights = row_weights(given_weights(X, sample_weight), len(densities))
        return adapted(densities, np.full(len(self.classes_), 1 / len(self.classes_)), weights)

    def is_unlike(self, X: Any, false_alarm: float = 0.01, random_state: int = 0) -> NDArray[Any]:
        """Return which rows (N,) are like those of no class.

        A row is where its density is below what all but a share `false_alarm` of rows drawn from
        the classes have; of 20 000 drawn, so the share is exact to about 0.1 of itself at 0.01.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        false_alarm : the share of rows of the known classes that are called unlike, in (0, 1)
        random_state : seed of what is drawn

        Raises
        ------
        ParameterError
            If `false_alarm` is no such share.
        """
        check_is_fitted(self)
        share = as_share("false_alarm", false_alarm)
        rng = generator_of(random_state)
        counts = rng.multinomial(DRAWN, self.priors_)
        drawn = np.concatenate(
            [
                mixture.coded.sample(int(count), rng)[0]
                for mixture, count in zip(self.mixtures_, counts, strict=True)
                if count
            ]
        )
        level = np.quantile(of_any(self._coded_densities(drawn), self.priors_), share)
        return self.score_samples(X) < level

    def summary(self) -> Summary:
        """Return the classes in words and a table."""
        check_is_fitted(self)
        records = [
            {"class": label, "prior": prior, "components": one.n_components, "of": one.family.name}
            for label, prior, one in zip(
                self.classes_.tolist(), self.priors_.tolist(), self.mixtures_, strict=True
            )
        ]
        rows = [
            [str(row["class"]), f"{row['prior']:.4f}", *list(map(str, row.values()))[2:]]
            for row in records
        ]
        heading = (
            f"{type(self).__name__}: {len(rows)} classes, {self.n_parameters_} free parameters, "
            f"log-likelihood {self.log_likelihood_:.4f}, BIC {self.bic_:.4f}."
        )
        table = Table.of(["class", "prior", "components", "of"], rows)
        return Summary([Passage(heading, (table,))], records)

    @property
    def mixture_(self) -> Mixture:
        """Return all classes as one mixture, of Gaussian ones; `plot` draws it."""
        check_is_fitted(self)
        return pooled(self.mixtures_, self.priors_, self.classes_.tolist())

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each number of each component of each class; rows of one class first."""
        check_is_fitted(self)
        return [
            {"class": label} | row
            for label, mixture in zip(self.classes_.tolist(), self.mixtures_, strict=True)
            for row in mixture.table()
        ]

    def save(self, path: Any) -> None:
        """Write the classifier to a model file at `path`, which `mixtura.load` reads.

        Settings, labels and mixtures are kept, the models that were tried are not.
        """
        check_is_fitted(self)
        save_classifier(path, self)

    def _adopt(self, mixtures: tuple[Mixture, ...], given: Labelled, n_parameters: int) -> None:
        """Set what is fitted."""
        self.classes_, self.mixtures_ = given.classes, mixtures
        self.priors_ = checked_priors(self.priors, given.classes, given.shares)
        self.n_parameters_ = n_parameters

    def _tell(self, X: Any, given: Labelled) -> None:
        """Set what the likelihood of rows and classes together says."""
        told = given.likelihood(self._class_densities(X), self.n_parameters_)
        self.log_likelihood_, self.bic_ = told

    def _priors(self, priors: ArrayLike | None) -> Float:
        return checked_priors(priors, self.classes_, self.priors_)

    def _class_densities(self, data: Any) -> Float:
        """Return log f_c(x) (N, C)."""
        check_is_fitted(self)
        return self._coded_densities(self._rows(data))

    def _coded_densities(self, rows: NDArray[Any]) -> Float:
        return np.column_stack([mixture.coded.log_density(rows) for mixture in self.mixtures_])
