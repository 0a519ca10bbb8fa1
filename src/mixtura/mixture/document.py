"""A mixture as a document that JSON can hold."""

import json
from dataclasses import asdict
from math import isfinite
from typing import Any

from mixtura.components.constrained import Constraints, rule_of
from mixtura.components.noise import without_noise

__all__ = ["bound_numbers", "document_of", "json_text"]

# Of documents; it goes up where a key means something else.
VERSION = 1


def document_of(mixture: Any) -> dict[str, Any]:
    """Return what the mixture is, by the keys that `Mixture.to_json` has."""
    columns = mixture.column_names
    return {
        "format": "mixtura",
        "version": VERSION,
        "family": mixture.family.name,
        "n_components": mixture.n_components,
        "n_parameters": mixture.n_parameters,
        "labels": mixture.labels.tolist(),
        "names": list(mixture.names),
        "weights": mixture.weights.tolist(),
        "weights_held": mixture.held,
        "bound": {
            name: {
                "held": own.values.tolist(),
                "equal": own.ties.tolist(),
                "ordinal": [asdict(item) for item in own.ordinal],
            }
            for name, own in bound_numbers(mixture).items()
        },
        **mixture.family.describe(mixture.parameters, columns),
    }


def json_text(document: Any) -> str:
    """Return a document as text, null for numbers that JSON does not have."""
    return json.dumps(_finite(document), indent=2, default=str)


def bound_numbers(mixture: Any) -> dict[str, Constraints]:
    """Return what of each array of numbers is held or equal, by name, where anything is."""
    bound = mixture.constraints
    if bound is None:
        return {}
    arrays = rule_of(without_noise(mixture.family)).arrays
    each = {name: bound.part(part) for name, part in arrays.items()}
    return {name: own for name, own in each.items() if not own.is_empty}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
