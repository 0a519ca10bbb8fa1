"""What a model file answers of a row: its component, its cluster of components, or its class."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from mixtura.archive import read_archive
from mixtura.errors import ModelFileError
from mixtura.mixture import Mixture
from mixtura.scoring.answers import Answers
from mixtura.store import CLASSIFIER, described_mixture

__all__ = ["CLUSTERS", "answers_of", "described_rows", "is_of_regressions"]

# The fact that says which components are one cluster.
CLUSTERS = "clusters"


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
