"""Components in words and tables."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixtura.text import Passage, Table

__all__ = ["component_count", "level_table"]

SHOWN_LEVELS = 40


def component_count(n_components: int) -> str:
    """Return "1 component" or "3 components"."""
    return "1 component" if n_components == 1 else f"{n_components} components"


def level_table(
    title: str, levels: Sequence[str], values: NDArray[np.float64], names: Sequence[str]
) -> Passage:
    """Return a table with a row for each level and a column for each component.

    Parameters
    ----------
    title : printed above
    levels : M names of what is in the rows
    values : (K, M)
    names : (K,) what components are called
    """
    shown: list[int] = list(range(len(levels)))
    if len(levels) > SHOWN_LEVELS:
        shown = sorted(np.argsort(-np.ptp(values, axis=0), kind="stable")[:SHOWN_LEVELS].tolist())
        title += f" (the {SHOWN_LEVELS} of {len(levels)} that differ most)"
    header = ["", *names]
    rows = [[levels[j], *(f"{value:.4g}" for value in values[:, j])] for j in shown]
    return Passage(title, (Table.of(header, rows),))
