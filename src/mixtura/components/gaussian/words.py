"""Gaussian components in words and tables."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import Structure
from mixtura.components.wording import Wording
from mixtura.text import Passage, Table, component_title

__all__ = ["MANY_COLUMNS", "WORDING", "component_tables", "mixture_title", "structure_title"]

# The sentence of a failing M-step is scikit-learn's.
WORDING = Wording(
    ("a covariance",),
    ("a structure that shares more between them",),
    several="a combination of",
    failed=(
        "Fitting the mixture model failed because some components have ill-defined empirical "
        "covariance (for instance caused by singleton or collapsed samples). Try to decrease the "
        "number of components, increase reg_covar, or scale the input data."
    ),
)

# The same where covariances of many columns are free.
MANY_COLUMNS = replace(
    WORDING,
    remedies=(*WORDING.remedies, "FactorAnalyserMixture, which many columns and few rows are for"),
)

COMMON_NAMES = {
    "VVV": "full covariance",
    "EEE": "tied covariance",
    "VVI": "diagonal covariance",
    "VII": "spherical covariance",
}

# A summary shows the matrices of this many columns and components; a model file has them all.
SHOWN_MATRIX_COLUMNS = 6
SHOWN_MATRICES = 9


def structure_title(structure: Structure) -> str:
    """Return the everyday name of a structure, or its words."""
    return COMMON_NAMES.get(structure.code, structure.words)


def mixture_title(structure: Structure, n_components: int) -> str:
    """Return "Gaussian mixture, full covariance, 3 components"."""
    many = "1 component" if n_components == 1 else f"{n_components} components"
    return (
        f"Gaussian mixture, {structure_title(structure)}, {many}\n"
        f"{structure.code}: {structure.words}"
    )


def component_tables(
    parameters: GaussianParameters, columns: Sequence[str], names: Sequence[str]
) -> list[Passage]:
    """Return the means, and the covariances where they fit on a screen."""
    means = [
        [name, *(f"{value:.6g}" for value in own)]
        for name, own in zip(names, parameters.means, strict=True)
    ]
    tables = [Passage("Means", (Table.of(["component", *columns], means),))]
    if len(columns) > SHOWN_MATRIX_COLUMNS or parameters.n_components > SHOWN_MATRICES:
        return tables
    matrices = parameters.covariance.dense()
    if len(matrices) > 1 and (matrices == matrices[0]).all():
        return [*tables, _matrix("Covariance of every component", matrices[0], columns)]
    return tables + [
        _matrix(f"Covariance of {component_title(name)}", matrix, columns)
        for name, matrix in zip(names, matrices, strict=True)
    ]


def _matrix(title: str, matrix: NDArray[np.float64], columns: Sequence[str]) -> Passage:
    rows = [
        [name, *(f"{value:.6g}" for value in row)]
        for name, row in zip(columns, matrix, strict=True)
    ]
    return Passage(title, (Table.of(["", *columns], rows),))
