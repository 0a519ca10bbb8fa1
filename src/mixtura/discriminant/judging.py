"""How well a classifier tells the classes of rows: errors, Brier score, calibration, ROC."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from mixtura.data.checks import row_weights
from mixtura.discriminant.folds import folds_of
from mixtura.discriminant.rules import brier, checked_costs, least_costly
from mixtura.errors import DataError, ParameterError
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["Judgement", "cross_judged", "judge", "judgement_of"]

Float = NDArray[np.float64]

# Of the probabilities that calibration is looked at in.
BINS = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True, slots=True, eq=False)
class Judgement(Tabled):
    """Posteriors of rows whose classes are known.

    Attributes
    ----------
    classes : (C,) labels, in order
    codes : (N,) the place of each row's class among them
    shares : (N, C) posterior probabilities
    weights : (N,) row weights
    costs : (C, C) of saying the class of the column of a row of the class of the row, or None where
        all errors cost the same
    """

    classes: NDArray[Any]
    codes: NDArray[np.intp]
    shares: Float
    weights: Float
    costs: Float | None = None

    @property
    def said(self) -> NDArray[np.intp]:
        """Return the place of the class that is said of each row (N,), that of least cost."""
        return least_costly(self.shares, self.costs)

    @property
    def cost(self) -> float:
        """Return the mean cost of what is said, the share of errors where there are no costs."""
        if self.costs is None:
            return self.error
        return float(self.weights @ self.costs[self.codes, self.said] / self.weights.sum())

    @property
    def confusion(self) -> Float:
        """Return Σ w of the rows of each class, in rows, that each class is said of (C, C)."""
        places = np.arange(len(self.classes))
        return confusion_matrix(
            self.codes, self.said, labels=places, sample_weight=self.weights
        ).astype(np.float64)

    @property
    def error(self) -> float:
        """Return the share of rows, by weight, of which a wrong class is said."""
        return float(self.weights @ (self.said != self.codes) / self.weights.sum())

    @property
    def brier(self) -> float:
        """Return half the mean squared distance of posteriors from what is so (Brier 1950)."""
        return brier(self.shares, self.codes, self.weights)

    def calibration(self) -> list[dict[str, float]]:
        """Return how often the likeliest class is right, by tenths of its probability.

        Tenths without rows are left out.
        """
        sure, right = self.shares.max(axis=1), self.shares.argmax(axis=1) == self.codes
        tenth = np.clip(np.digitize(sure, BINS) - 1, 0, len(BINS) - 2)
        found = []
        for place in range(len(BINS) - 1):
            own = self.weights * (tenth == place)
            if own.sum() > 0:
                found.append(
                    {
                        "above": float(BINS[place]),
                        "rows": float(own.sum()),
                        "probability": float(own @ sure / own.sum()),
                        "right": float(own @ right / own.sum()),
                    }
                )
        return found

    @property
    def has_roc(self) -> bool:
        """Return whether there are two classes, and rows of weight of both."""
        return len(self.classes) == 2 and len(np.unique(self.codes[self.weights > 0])) == 2

    def roc(self) -> tuple[Float, Float]:
        """Return the rates of false and of true alarms, of two classes for the second.

        Raises
        ------
        ParameterError
            If there are more.
        """
        self._check_two()
        wrong, right, _ = roc_curve(self.codes == 1, self.shares[:, 1], sample_weight=self.weights)
        return wrong, right

    @property
    def auc(self) -> float:
        """Return the area under that curve.

        Raises
        ------
        ParameterError
            If there are more classes than two.
        """
        self._check_two()
        area = roc_auc_score(self.codes == 1, self.shares[:, 1], sample_weight=self.weights)
        return float(area)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each class: what is said of its rows."""
        names = [f"said {label}" for label in self.classes.tolist()]
        return [
            {"class": label} | dict(zip(names, self.confusion[row].tolist(), strict=True))
            for row, label in enumerate(self.classes.tolist())
        ]

    def summary(self) -> Summary:
        """Return errors, Brier score and the confusion matrix, what is said in columns."""
        names = [str(label) for label in self.classes.tolist()]
        rows = [
            [name, *(f"{count:g}" for count in counts)]
            for name, counts in zip(names, self.confusion, strict=True)
        ]
        told = f"error {self.error:.4f}, Brier score {self.brier:.4f}"
        if self.costs is not None:
            told += f", mean cost {self.cost:.4f}"
        if self.has_roc:
            told += f", area under the ROC curve {self.auc:.4f}"
        table = Table.of(["class, said:", *names], rows)
        return Summary([Passage(told, (table,))], self.table())

    def _check_two(self) -> None:
        if len(self.classes) != 2:
            raise ParameterError(
                f"a ROC curve is of two classes, and there are {len(self.classes)}; look at "
                "calibration()"
            )


def judge(
    model: Any,
    X: Any,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    costs: ArrayLike | None = None,
) -> Judgement:
    """Return what a classifier that is fitted says of rows whose classes are known.

    Parameters
    ----------
    model : a fitted classifier
    X : (N, D) rows, which the fit has not seen
    y : (N,) labels of their classes
    sample_weight : (N,) row weights
    costs : (C, C) what errors cost, as in `predict`

    Raises
    ------
    DataError
        If a label is of no class that was fitted, or rows cannot be used.
    """
    return judgement_of(model.classes_, y, model.predict_proba(X), sample_weight, costs)


def cross_judged(
    model: Any,
    X: Any,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    cv: int = 5,
    random_state: int = 0,
    costs: ArrayLike | None = None,
) -> Judgement:
    """Return what copies of a classifier say of rows that each was not fitted to.

    Rows are parted so that all parts have the classes alike; those of a part have no weight in the
    fit that judges them, so that all fits know the same levels of categories.

    Parameters
    ----------
    model : a classifier with its settings
    X : (N, D) rows
    y : (N,) labels of their classes
    sample_weight : (N,) row weights
    cv : number of parts
    random_state : seed of the parts
    costs : (C, C) what errors cost, as in `predict`

    Raises
    ------
    ParameterError
        If a class has fewer rows than there are parts.
    """
    labels = np.asarray(y)
    classes, codes = np.unique(labels, return_inverse=True)
    given = row_weights(sample_weight, len(labels))
    weights = np.ones(len(labels)) if given is None else given
    shares = np.empty((len(labels), len(classes)))
    for _, judged in folds_of(codes, classes, cv, random_state):
        own = weights.copy()
        own[judged] = 0.0
        fitted: Any = clone(model)
        fitted.fit(X, labels, sample_weight=own)
        shares[judged] = fitted.predict_proba(X)[judged]
    return judgement_of(classes, labels, shares, weights, costs)


def judgement_of(
    classes: NDArray[Any],
    y: ArrayLike,
    shares: Float,
    sample_weight: ArrayLike | None,
    costs: ArrayLike | None = None,
) -> Judgement:
    """Return the judgement of posteriors (N, C).

    Raises
    ------
    DataError
        If a label is of none of the classes.
    """
    labels = np.asarray(y)
    if labels.shape != (len(shares),):
        raise DataError(f"y has the shape {labels.shape}, and there are {len(shares)} rows")
    known = {label: place for place, label in enumerate(classes.tolist())}
    codes = [known.get(label, -1) for label in labels.tolist()]
    if -1 in codes:
        row = codes.index(-1)
        raise DataError(
            f"class {labels.tolist()[row]!r} of row {row} (counted from 0) is none of those that "
            f"were fitted, {', '.join(map(repr, list(known)[:8]))}; leave the row out"
        )
    weights = row_weights(sample_weight, len(codes))
    weights = np.ones(len(codes)) if weights is None else weights
    asked = checked_costs(costs, len(classes))
    return Judgement(classes, np.array(codes, dtype=np.intp), shares, weights, asked)
