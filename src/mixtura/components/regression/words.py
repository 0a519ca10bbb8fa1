"""Regressions in words and tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.regression.parameters import RegressionParameters
from mixtura.components.regression.responses import Response
from mixtura.components.words import component_count, level_table
from mixtura.text import Passage

__all__ = ["described", "spread_name", "spreads_of", "tables_of", "title_of"]

Float = NDArray[np.float64]

# What a precision is shown as, and what users call it.
SPREADS = {"gaussian": "standard deviation", "gamma": "shape"}
NAMES = {"gaussian": "sigma", "gamma": "shape"}


def title_of(response: Response, n_components: int) -> str:
    """Return a line such as "Poisson regressions (log link), 3 components"."""
    name = response.name.capitalize()
    return f"{name} regressions ({response.link} link), {component_count(n_components)}"


def spread_name(response: Response) -> str | None:
    """Return what the numbers beside coefficients are called, or None where there are none."""
    return NAMES.get(response.name)


def spreads_of(response: Response, parameters: RegressionParameters) -> Float:
    """Return standard deviations or shapes (K,), empty where there are none."""
    if not response.has_precision:
        return np.empty(0)
    precisions = parameters.precisions
    return 1.0 / np.sqrt(precisions) if response.name == "gaussian" else precisions.copy()


def tables_of(
    response: Response,
    parameters: RegressionParameters,
    terms: Sequence[str],
    names: Sequence[str],
) -> list[Passage]:
    """Return coefficients, and standard deviations or shapes, as text tables."""
    found = [level_table("coefficients", terms, parameters.coefficients, names)]
    if response.has_precision:
        spreads = spreads_of(response, parameters)[:, None]
        found.append(level_table("of responses", [SPREADS[response.name]], spreads, names))
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
