"""t components in words and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mixtura.components.gaussian.structures import Structure
from mixtura.components.gaussian.words import component_tables, structure_title
from mixtura.components.student_t.degrees import Degrees
from mixtura.components.student_t.parameters import StudentTParameters
from mixtura.components.words import component_count
from mixtura.text import Passage, Table

__all__ = ["described", "mixture_title", "tables_of"]


def mixture_title(form: Structure, degrees: Degrees, n_components: int) -> str:
    """Return "t mixture, full scale matrices, 3 components", and how both vary."""
    kind = structure_title(form).replace(" covariance", " scale matrices")
    return (
        f"t mixture, {kind}, {component_count(n_components)}\n"
        f"{form.code}: {form.words}; {degrees.words()}"
    )


def tables_of(
    parameters: StudentTParameters, columns: Sequence[str], names: Sequence[str]
) -> list[Passage]:
    """Return degrees of freedom and locations, and the scale matrices that fit on a screen."""
    rows = [[name, f"{value:.4g}"] for name, value in zip(names, parameters.degrees, strict=True)]
    means, *matrices = component_tables(parameters.gaussian, columns, names)
    return [
        Passage("Degrees of freedom", (Table.of(["component", "ν"], rows),)),
        replace(means, heading="Locations"),
        *(
            replace(one, heading=one.heading.replace("Covariance of", "Scale matrix of", 1))
            for one in matrices
        ),
    ]


def described(gaussian: Mapping[str, Any], parameters: StudentTParameters) -> dict[str, Any]:
    """Return what is told of Gaussian components as of t ones: scales are no covariances."""
    renamed = {"means": "locations", "covariances": "scale_matrices", "variances": "scales"}
    told = {renamed.get(name, name): value for name, value in gaussian.items()}
    return {**told, "degrees_of_freedom": parameters.degrees.tolist()}
