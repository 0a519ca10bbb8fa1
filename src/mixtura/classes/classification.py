"""How well rows are told apart by classes: posteriors against the classes that they are put in."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.classes.posteriors import posteriors_of
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["Classification", "classification"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Classification(Tabled):
    """Rows put into their most probable class, against their posteriors.

    Attributes
    ----------
    names : (K,) what classes are called
    sizes : (K,) Σ w r, the estimated size of each class
    modal_sizes : (K,) the weight of rows whose most probable class it is
    average_posteriors : (K, K) the mean posterior of class t among rows put in class s, at [s, t];
        NaN where none is
    modal_given_class : (K, K) the probability that a row of class t is put in class s, at [t, s]:
        the classification errors of three-step methods
    proportional_given_class : (K, K) the same where rows are put in each class by its posterior
    """

    names: tuple[str, ...]
    sizes: Float
    modal_sizes: Float
    average_posteriors: Float
    modal_given_class: Float
    proportional_given_class: Float

    @property
    def odds_of_correct_classification(self) -> Float:
        """Return the odds (K,) that a row put in a class is of it, over those by chance.

        Above 5 is thought to be good (Nagin 2005).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.diag(self.average_posteriors)
            chance = self.sizes / self.sizes.sum()
            return own / (1.0 - own) / (chance / (1.0 - chance))

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each class."""
        total = float(self.sizes.sum())
        odds = self.odds_of_correct_classification
        return [
            {
                "class": name,
                "share": float(self.sizes[k]) / total,
                "modal_share": float(self.modal_sizes[k]) / total,
                "average_posterior": float(self.average_posteriors[k, k]),
                "odds_of_correct_classification": float(odds[k]),
                "correctly_classified": float(self.modal_given_class[k, k]),
            }
            for k, name in enumerate(self.names)
        ]

    def summary(self) -> Summary:
        """Return the tables as text."""
        header = ["class", "share", "modal share", "average posterior", "odds", "correct"]
        rows = [
            [
                row["class"],
                f"{row['share']:.4f}",
                f"{row['modal_share']:.4f}",
                f"{row['average_posterior']:.4f}",
                f"{row['odds_of_correct_classification']:.4g}",
                f"{row['correctly_classified']:.4f}",
            ]
            for row in self.table()
        ]
        said = (
            "average posterior: of the class, among rows put in it; odds: of correct "
            "classification over\nthose by chance, above 5 is good; correct: the share of a "
            "class that is put in it."
        )
        passages = [
            Passage(tables=(Table.of(header, rows),), said=said),
            Passage(
                "Average posteriors: rows are put in the class of the row",
                (self._matrix(self.average_posteriors),),
            ),
            Passage(
                "Probability of being put in the class of the column, of those of the class of the "
                "row",
                (self._matrix(self.modal_given_class),),
            ),
        ]
        return Summary(passages, self.table())

    def _matrix(self, values: Float) -> Table:
        rows = [
            [name, *("" if np.isnan(value) else f"{value:.4f}" for value in row)]
            for name, row in zip(self.names, values, strict=True)
        ]
        return Table.of(["", *self.names], rows)


def classification(
    model: Any, X: Any, sample_weight: ArrayLike | None = None, *, missing: str = "marginal"
) -> Classification:
    """Return how well rows are told apart by the classes of a mixture.

    Parameters
    ----------
    model : a fitted estimator, or a `Mixture`
    X : (N, D) rows, read as the fit read its own
    sample_weight : (N,) row weights
    missing : "error", or "marginal" to leave missing cells out

    Raises
    ------
    DataError, ParameterError
        If the rows or weights cannot be used, or the model is neither.
    """
    found = posteriors_of(model, X, sample_weight, missing, counts=True)
    modal = found.modal
    modal_sizes = found.weights @ modal
    weighted = found.probabilities * found.weights[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        average = modal.T @ weighted / modal_sizes[:, None]
    return Classification(
        found.names,
        found.sizes,
        modal_sizes,
        average,
        found.given_class(modal),
        found.given_class(found.probabilities),
    )
