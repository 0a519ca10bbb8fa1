"""Model files: a mixture and what is known of its fit, in one archive."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from mixtura.archive import read_archive, write_archive
from mixtura.arrays import as_shape
from mixtura.components.catalogue import FAMILIES
from mixtura.components.gaussian.noise import GaussianNoiseFamily
from mixtura.components.product import ProductFamily
from mixtura.errors import ModelFileError, ParameterError
from mixtura.mixture import Mixture

__all__ = ["load", "load_with_facts", "save"]

# Families that are no part of another, by name.
WHOLE: dict[str, Any] = {family.name: family for family in (ProductFamily, GaussianNoiseFamily)}


def save(
    path: str | os.PathLike[str], mixture: Mixture, facts: Mapping[str, Any] | None = None
) -> None:
    """Write a mixture, and facts about its fit that JSON can hold, to a file."""
    arrays, document = mixture.family.to_arrays(mixture.parameters)
    columns = None if mixture.columns is None else list(mixture.columns)
    described = {**document, "columns": columns}
    write_archive(
        path,
        {"weights": mixture.weights, **arrays},
        {"mixture": described, "weights_held": mixture.held, "facts": dict(facts or {})},
    )


def load(path: str | os.PathLike[str]) -> Mixture:
    """Return the mixture of a model file, of which nothing is executed.

    Parameters
    ----------
    path : what `save` or `mixtura fit` wrote

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, cut short, too large or no model file.
    """
    return load_with_facts(path)[0]


def load_with_facts(path: str | os.PathLike[str]) -> tuple[Mixture, dict[str, Any]]:
    """Return the mixture of a model file and the facts stored with it."""
    arrays, document = read_archive(path)
    try:
        described = document["mixture"]
        readers = FAMILIES | WHOLE
        family, parameters = readers[described["family"]].from_arrays(arrays, described)
        weights = as_shape("weights", arrays["weights"], (parameters.n_components,))
        columns = described["columns"]
        names = None if columns is None else tuple(map(str, columns))
        if not (weights >= 0).all() or not np.isclose(weights.sum(), 1.0):
            raise ParameterError("'weights' are no shares that sum to one")
        if names is not None and len(names) != family.n_columns:
            raise ParameterError(f"{len(names)} column names, but {family.n_columns} columns")
        # Files from before weights could be held do not speak of it.
        held = document.get("weights_held", False) is True
        return Mixture(weights, family, parameters, names, held), dict(document["facts"])
    except (ParameterError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(
            f"model file '{path}' is whole, but does not describe a mixture: {error}; "
            "update mixtura, or fit and save the model again"
        ) from error
