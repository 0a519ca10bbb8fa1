"""The numbers of components that are tried, and the memory that they need."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

from mixtura.arrays import whole_number as checked_integer
from mixtura.components.gaussian.structures import Structure
from mixtura.data import RowSource
from mixtura.data.checks import check_memory
from mixtura.errors import ParameterError

__all__ = [
    "MOST_SIZES",
    "check_parameters",
    "checked_sizes",
    "is_auto",
    "possible_sizes",
    "size_of",
]

# More are a slip, and would not end.
MOST_SIZES = 10_000

WITHOUT_MATRICES = (
    "for a code, covariances_ are whole matrices: covariance_type='diag' or 'spherical' hands out "
    "variances alone, and select(X, {}, '{}').result.mixture keeps to them"
)

# Of a setting that is found from the rows.
AUTO = "auto"


def is_auto(setting: Any) -> bool:
    """Return whether a setting is to be found from the rows."""
    return isinstance(setting, str) and setting == AUTO


def size_of(estimator: Any) -> int:
    """Return K as it is set, or where that is "auto" as it was found.

    Raises
    ------
    ParameterError
        If it is no whole number from 1 up, or not found yet.
    """
    if isinstance(estimator.n_components, str) and not is_auto(estimator.n_components):
        raise ParameterError(
            "n_components should be a whole number from 1 up, or 'auto', but got "
            f"{estimator.n_components!r}"
        )
    if not is_auto(estimator.n_components):
        return checked_integer("n_components", estimator.n_components, 1)
    mixture = getattr(estimator, "mixture_", None)
    if mixture is None:
        raise ParameterError("n_components='auto' is found by `fit`; fit first, or give a number")
    return mixture.n_components - int(mixture.family.has_noise)


def checked_sizes(n_components: Any) -> list[int]:
    """Return numbers of components in order, each once.

    Parameters
    ----------
    n_components : a number or several, from 1 up
    """
    several = isinstance(n_components, Iterable) and not isinstance(n_components, str)
    given = list(islice(n_components, MOST_SIZES + 1)) if several else [n_components]
    if len(given) > MOST_SIZES:
        raise ParameterError(f"n_components has more than {MOST_SIZES:,} numbers; give fewer")
    if not given:
        raise ParameterError(
            "n_components is empty: there is no number of components to try; give one from 1 up"
        )
    given = [int(size) if isinstance(size, np.integer) else size for size in given]
    return sorted({checked_integer("n_components", size, 1) for size in given})


def possible_sizes(sizes: list[int], source: RowSource) -> tuple[list[int], tuple[str, ...]]:
    """Return the sizes up to the number of distinct rows, and a sentence on the others."""
    distinct = source.count_distinct(max(sizes))
    possible = [size for size in sizes if size <= distinct]
    larger = [size for size in sizes if size > distinct]
    if not larger:
        return possible, ()
    several = f"{larger[0]} to {larger[-1]}" if len(larger) > 1 else f"{larger[0]}"
    rows = "1 distinct row" if distinct == 1 else f"{distinct} distinct rows"
    instead = "" if possible else f", but of {distinct}"
    sentence = f"there are only {rows}, so no model of {several} components was tried{instead}"
    return possible or [distinct], (sentence,)


def check_parameters(form: Structure, n_components: int, n_columns: int, called: str = "") -> None:
    """Raise `ParameterError` if what a fit makes of covariances is more than this machine's memory.

    Parameters
    ----------
    form : the structure
    called : by which name an estimator hands covariances out, which decides in which shape
    """
    n_bytes = form.n_bytes(n_components, n_columns)
    many = "1 component" if n_components == 1 else f"{n_components:,} components"
    what = f"{many} of structure {called or form.code} in {n_columns:,} columns"
    if form.storage != "full" and called == form.code:
        # The fit itself takes little; the estimator's attributes are whole matrices.
        n_bytes = max(n_bytes, 24 * n_components * n_columns**2)
        check_memory(n_bytes, what, WITHOUT_MATRICES.format(n_components, form.code))
        return
    if called not in ("", "diag", "spherical"):
        # Covariances, precisions and their factors, of which tied ones have one each.
        handed = 1 if called == "tied" else n_components
        n_bytes = max(n_bytes, 24 * handed * n_columns**2)
    check_memory(n_bytes, what)
