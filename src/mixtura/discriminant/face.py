"""The scikit-learn face of classifiers that have a mixture for each class."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from mixtura.arrays import as_share, generator_of
from mixtura.data.checks import row_weights
from mixtura.data.plain import is_missing
from mixtura.data.weights import given_weights
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
from mixtura.errors import DataError, MixturaWarning
from mixtura.mixture import Mixture
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["ClassMixtures", "Labelled", "labelled"]

Float = NDArray[np.float64]

# Rows drawn for the threshold below which a row is of no known class.
DRAWN = 20_000

# Of fewer rows than this a class may well have one.
FEW_ROWS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """What is known of rows' classes.

    Attributes
    ----------
    classes : (C,) labels, in order
    codes : (N,) the place of each row's class among them
    weights : (N,) row weights
    """

    classes: NDArray[Any]
    codes: NDArray[np.intp]
    weights: Float

    def take(self, rows: NDArray[np.intp]) -> "Labelled":
        """Return that of some rows, of the same classes."""
        return Labelled(self.classes, self.codes[rows], self.weights[rows])

    @property
    def shares(self) -> Float:
        """Return the share of each class (C,)."""
        totals = np.bincount(self.codes, self.weights, minlength=len(self.classes))
        return totals / totals.sum()

    def likelihood(self, densities: Float, n_parameters: int) -> tuple[float, float]:
        """Return Σ w log(share of its class · density) and the BIC of so many parameters.

        Parameters
        ----------
        densities : (N, C) log f_c(x)
        n_parameters : shares of the classes included
        """
        own = densities[np.arange(len(self.codes)), self.codes] + np.log(self.shares[self.codes])
        used = self.weights > 0
        total = float(self.weights[used] @ own[used])
        return total, -2 * total + n_parameters * float(np.log(self.weights.sum()))


def labelled(y: Any, sample_weight: ArrayLike | None, n_rows: int) -> Labelled:
    """Return what y says of rows' classes.

    Raises
    ------
    DataError
        If it has not one label for each row, or fewer than two classes, or one without weight.
    """
    if y is None:
        raise DataError("a classifier requires y to be passed, but the target y is None")
    try:
        labels = column_or_1d(y, warn=True)
        _check_present(labels)
        with warnings.catch_warnings():
            # What it says of many classes is said below.
            warnings.simplefilter("ignore", UserWarning)
            check_classification_targets(labels)
    except (TypeError, ValueError) as error:
        raise DataError(str(error)) from error
    if not n_rows:
        raise DataError("X has no rows; give at least one of each class")
    if len(labels) != n_rows:
        raise DataError(f"y has {len(labels)} labels, and X has {n_rows} rows; give one each")
    weights = row_weights(sample_weight, n_rows)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"y holds 1 class, {classes.tolist()[0]!r}; a classifier needs two")
    if 2 * len(classes) > n_rows > FEW_ROWS:
        warnings.warn(
            f"y holds {len(classes):,} classes in {n_rows:,} rows, so most have a row of their "
            "own; is it an identifier, or an amount?",
            MixturaWarning,
            stacklevel=3,
        )
    found = Labelled(classes, codes, np.ones(n_rows) if weights is None else weights)
    empty = np.flatnonzero(found.shares == 0)
    if len(empty):
        label = classes.tolist()[empty[0]]
        raise DataError(f"class {label!r} has no row of weight; leave it out of y")
    return found


def _check_present(labels: NDArray[Any]) -> None:
    """Raise `DataError` for the first row without a label, and for labels of unlike types."""
    # NaN alone is not equal to itself.
    missing = [
        row for row, one in enumerate(labels.tolist()) if is_missing(one) or bool(one != one)
    ]
    if missing:
        raise DataError(
            f"y holds no label at row {missing[0]} (counted from 0), and {len(missing)} row(s) in "
            "all have none; leave them out, or fit all rows as one mixture, by use_y=True"
        )
    types = sorted({type(label).__name__ for label in labels.tolist()})
    if labels.dtype == object and len(types) > 1:
        raise DataError(
            f"y holds labels of several types ({', '.join(types)}); give all of one, such as text"
        )


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
