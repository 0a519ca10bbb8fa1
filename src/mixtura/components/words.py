"""Components in words and tables."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixtura.text import text_table

__all__ = ["component_count", "level_table"]

SHOWN_LEVELS = 40


def component_count(n_components: int) -> str:
    """Return "1 component" or "3 components"."""
    return "1 component" if n_components == 1 else f"{n_components} components"


def level_table(title: str, names: Sequence[str], values: NDArray[np.float64]) -> str:
    """Return a table with a row for each name and a column for each component.

    Parameters
    ----------
    title : printed above
    names : M names
    values : (K, M)
    """
    shown: list[int] = list(range(len(names)))
    if len(names) > SHOWN_LEVELS:
        shown = sorted(np.argsort(-np.ptp(values, axis=0), kind="stable")[:SHOWN_LEVELS].tolist())
        title += f" (the {SHOWN_LEVELS} of {len(names)} that differ most)"
    header = ["", *(str(k) for k in range(len(values)))]
    rows = [[names[j], *(f"{value:.4g}" for value in values[:, j])] for j in shown]
    return f"{title}\n" + text_table(header, rows)
