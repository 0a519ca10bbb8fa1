"""What a model answers of a row: its component, its cluster of components, or its class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.predictions import merged_shares
from mixtura.discriminant.rules import least_costly, of_any, posteriors
from mixtura.mixture import Mixture

__all__ = ["Answers", "said_labels"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What is said of rows.

    Attributes
    ----------
    what : "component", "cluster" or "class"
    mixture : whose columns are read
    labels : (C,) all that may be said, -1 being noise
    parts : the components of each cluster, where clusters are said
    classes : the mixture and the prior of each class, where classes are
    known : (N, C) their posteriors for the rows that are asked about, by fits that left these out
    costs : (C, C) of what is said, in columns, of a class, in rows
    """

    what: str
    mixture: Mixture
    labels: NDArray[Any]
    parts: tuple[tuple[int, ...], ...] = ()
    classes: tuple[tuple[Mixture, float], ...] = ()
    known: Float | None = None
    costs: Float | None = None

    @classmethod
    def of(cls, mixture: Mixture) -> "Answers":
        """Return those of the components of a mixture."""
        return cls("component", mixture, said_labels(mixture))

    @classmethod
    def of_classes(
        cls, model: Any, shares: Float | None = None, costs: Float | None = None
    ) -> "Answers":
        """Return those of a fitted classifier.

        Parameters
        ----------
        shares : (N, C) posteriors of the rows that are asked about, where they are known
        costs : (C, C) of errors
        """
        pairs = tuple(zip(model.mixtures_, model.priors_.tolist(), strict=True))
        first, labels = model.mixtures_[0], model.classes_
        return cls("class", first, labels, classes=pairs, known=shares, costs=costs)

    @property
    def names(self) -> tuple[str, ...]:
        """Return what columns of probabilities (C,) are called."""
        if self.what == "class" or self.labels.dtype.kind not in "iu":
            return tuple(f"p_{label}" for label in self.labels.tolist())
        return tuple(f"p{place}" for place in range(len(self.labels)))

    def tell(self, rows: NDArray[Any]) -> tuple[Float, Float]:
        """Return log densities (N,) and probabilities of all answers (N, C) of encoded rows."""
        if self.classes:
            densities = np.column_stack([each.coded.log_density(rows) for each, _ in self.classes])
            priors = np.array([prior for _, prior in self.classes])
            shares = posteriors(densities, priors) if self.known is None else self.known
            return of_any(densities, priors), shares
        density, shares = self.mixture.coded.density_and_responsibilities(rows)
        return density, merged_shares(shares, self.parts) if self.parts else shares

    def decided(self, shares: Float) -> NDArray[np.intp]:
        """Return the place of what is said of rows (N,) by the probabilities of all answers."""
        return least_costly(shares, self.costs)


def said_labels(mixture: Mixture) -> NDArray[Any]:
    """Return what components (K,) are called in tables of rows: by name, or else by number."""
    if mixture.component_names is None:
        return mixture.labels
    return np.array(mixture.names, dtype=object)
