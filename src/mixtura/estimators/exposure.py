"""Which column of rows is the exposure."""

from typing import Any

import numpy as np

from mixtura.errors import ParameterError

__all__ = ["exposure_place"]


def exposure_place(given: Any, n_columns: int, names: tuple[str, ...] | None) -> int:
    """Return the position of a column that is called by name or by number.

    Raises
    ------
    ParameterError
        If there is no such column.
    """
    if isinstance(given, str):
        if names is None or given not in names:
            listed = "the columns have no names" if names is None else f"not among {names}"
            raise ParameterError(f"exposure names the column '{given}': {listed}")
        return names.index(given)
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
        raise ParameterError(f"exposure should be a column's name or number, not {given!r}")
    if not -n_columns <= given < n_columns:
        raise ParameterError(f"exposure is column {given}, and there are {n_columns}")
    return int(given) % n_columns
