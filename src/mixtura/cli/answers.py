"""What a model file answers of a row: its component, its cluster of components, or its class."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.archive import read_archive
from mixtura.components.predictions import merged_shares
from mixtura.discriminant.rules import least_costly, of_any, posteriors
from mixtura.errors import ModelFileError
from mixtura.mixture import Mixture
from mixtura.store import CLASSIFIER, described_mixture

__all__ = [
    "CLUSTERS",
    "Answers",
    "answers_of",
    "described_rows",
    "is_of_regressions",
    "said_labels",
]

Float = NDArray[np.float64]

# The fact that says which components are one cluster.
CLUSTERS = "clusters"


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


def answers_of(
    path: str | os.PathLike[str], read: tuple[Any, Mapping[str, Any]] | None = None
) -> Answers:
    """Return what a model file says of rows.

    Parameters
    ----------
    read : its arrays and document, where they are read already

    Raises
    ------
    ModelFileError
        If it is damaged, or no model file.
    """
    arrays, document = read_archive(path) if read is None else read
    if CLASSIFIER in document:
        # An estimator, which brings scikit-learn.
        from mixtura.loading import load

        return Answers.of_classes(load(path))
    mixture, facts = described_rows(path, arrays, document)
    if CLUSTERS not in facts:
        return Answers.of(mixture)
    parts = _checked_parts(path, mixture, facts[CLUSTERS])
    numbers = np.arange(len(parts))
    labels = np.append(numbers, -1) if mixture.family.has_noise else numbers
    return Answers("cluster", mixture, labels, parts)


def described_rows(
    path: str | os.PathLike[str], arrays: Any, document: Any
) -> tuple[Mixture, Mapping[str, Any]]:
    """Return the mixture and the facts of a model file, of which commands read rows.

    Raises
    ------
    ModelFileError
        If it is no mixture, or one of regressions, whose rows are terms and a response.
    """
    mixture, facts = described_mixture(path, arrays, document)
    if mixture.family.name == "regression":
        raise ModelFileError(
            f"model file '{path}' is of regressions, which mixtura predict and summary read; in "
            f"Python mixtura.load('{path}') predicts responses, and says which regression a row "
            "follows"
        )
    return mixture, facts


def is_of_regressions(document: Mapping[str, Any]) -> bool:
    """Return whether a document is of regressions, which say more of rows than components."""
    described = document.get("mixture")
    is_one = isinstance(described, Mapping) and described.get("family") == "regression"
    return is_one and "estimator" in document


def _checked_parts(path: Any, mixture: Mixture, told: Any) -> tuple[tuple[int, ...], ...]:
    """Return the components of each cluster that a file tells."""
    try:
        parts = tuple(tuple(int(k) for k in part) for part in told)
    except (TypeError, ValueError):
        parts = ()
    if sorted(k for part in parts for k in part) != mixture.labels[mixture.labels >= 0].tolist():
        raise ModelFileError(
            f"model file '{path}' is whole, but its clusters are not of its components; merge them "
            "again by mixtura merge"
        )
    return parts
