"""The numbers of the mixtures of many groups one by one, as columns of a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixtura.grouped.compiled import CompiledMixtures
from mixtura.mixture import Mixture

__all__ = ["numbers_by_group"]

NAMES = ("component", "parameter", "column", "level", "value")


def numbers_by_group(
    by: str, groups: Sequence[Any], mixtures: Sequence[Mixture | None]
) -> dict[str, list[Any]]:
    """Return a row for each number of each component of each group that has a mixture.

    Rows are those of `Mixture.table`, with the group in front.

    Parameters
    ----------
    by : what the groups are called
    groups : (G) their names
    """
    if isinstance(mixtures, CompiledMixtures):
        return _together(by, groups, mixtures)
    columns: dict[str, list[Any]] = {name: [] for name in (by, *NAMES)}
    for group, mixture in zip(groups, mixtures, strict=True):
        rows = [] if mixture is None else mixture.table()
        columns[by].extend([group] * len(rows))
        for name in NAMES:
            columns[name].extend(row[name] for row in rows)
    return columns


def _together(by: str, groups: Sequence[Any], mixtures: CompiledMixtures) -> dict[str, list[Any]]:
    """Return the same of mixtures of one form, by array."""
    fitted = np.flatnonzero(np.isfinite(mixtures.weights[:, 0]))
    if not fitted.size:
        return {name: [] for name in (by, *NAMES)}
    first = mixtures[int(fitted[0])]
    measures, arrays = first.measures(), mixtures.arrays()
    values = np.stack(
        [arrays[one.key][(slice(None), slice(None), *one.place)] for one in measures], axis=1
    )
    each = len(measures) * first.n_components
    told = [(name, one.name, one.column, one.level) for one in measures for name in first.names]
    component, parameter, column, level = (
        list(cells) * len(fitted) for cells in zip(*told, strict=True)
    )
    return {
        by: [groups[g] for g in fitted.tolist() for _ in range(each)],
        "component": component,
        "parameter": parameter,
        "column": column,
        "level": level,
        "value": values[fitted].ravel().tolist(),
    }
