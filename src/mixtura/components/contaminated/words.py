"""Contaminated normal components in words and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mixtura.components.contaminated.parameters import ContaminatedParameters
from mixtura.components.gaussian.structures import Structure
from mixtura.components.gaussian.words import component_tables, structure_title
from mixtura.components.words import component_count
from mixtura.text import Passage, Table

__all__ = ["described", "mixture_title", "tables_of"]


def mixture_title(form: Structure, n_components: int) -> str:
    """Return "Contaminated normal mixture, full covariance, 3 components", and how it varies."""
    return (
        f"Contaminated normal mixture, {structure_title(form)}, {component_count(n_components)}\n"
        f"{form.code}: {form.words}, of good rows; bad ones are wider by an inflation"
    )


def tables_of(
    parameters: ContaminatedParameters, columns: Sequence[str], names: Sequence[str]
) -> list[Passage]:
    """Return shares and inflations, means, and the covariances that fit on a screen."""
    rows = [
        [name, f"{share:.4g}", f"{wider:.4g}"]
        for name, share, wider in zip(names, parameters.shares, parameters.inflations, strict=True)
    ]
    means, *matrices = component_tables(parameters.gaussian, columns, names)
    return [
        Passage("Good and bad rows", (Table.of(["component", "good", "inflation"], rows),)),
        means,
        *(
            replace(one, heading=one.heading.replace("Covariance of", "Covariance of good rows of"))
            for one in matrices
        ),
    ]


def described(gaussian: Mapping[str, Any], parameters: ContaminatedParameters) -> dict[str, Any]:
    """Return what is told of Gaussian components, with shares of good rows and inflations."""
    own = {"good_shares": parameters.shares, "inflations": parameters.inflations}
    return {**gaussian, **{name: array.tolist() for name, array in own.items()}}
