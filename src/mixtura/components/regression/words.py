"""Regressions in words and tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mixtura.components.regression.parameters import RegressionParameters
from mixtura.components.regression.responses import Response
from mixtura.components.words import Wording, component_count, level_table

__all__ = ["WORDING", "Wording", "described", "tables_of", "title_of"]

WORDING = Wording(determined=("its coefficients",), remedies=("fewer terms",))

# What a precision is shown as.
SPREADS = {"gaussian": "standard deviation", "gamma": "shape"}


def title_of(response: Response, n_components: int) -> str:
    """Return a line such as "Poisson regressions (log link), 3 components"."""
    name = response.name.capitalize()
    return f"{name} regressions ({response.link} link), {component_count(n_components)}"


def spreads_of(response: Response, parameters: RegressionParameters) -> Any:
    """Return standard deviations or shapes (K,)."""
    precisions = parameters.precisions
    return 1.0 / np.sqrt(precisions) if response.name == "gaussian" else precisions


def tables_of(
    response: Response, parameters: RegressionParameters, terms: Sequence[str]
) -> list[str]:
    """Return coefficients, and standard deviations or shapes, as text tables."""
    found = [level_table("coefficients", terms, parameters.coefficients)]
    if response.has_precision:
        spreads = spreads_of(response, parameters)[:, None]
        found.append(level_table("of responses", [SPREADS[response.name]], spreads))
    return found


def described(
    response: Response, parameters: RegressionParameters, terms: Sequence[str]
) -> Mapping[str, Any]:
    """Return the same as plain tables."""
    found: dict[str, Any] = {
        "response": response.name,
        "link": response.link,
        "terms": list(terms),
        "coefficients": parameters.coefficients.tolist(),
    }
    if response.has_precision:
        found[SPREADS[response.name].replace(" ", "_")] = spreads_of(response, parameters).tolist()
    return found
