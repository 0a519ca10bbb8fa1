"""What a user says of coefficients: `fix` holds some, `equal` lets components have them alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.regression.bounds import Bounds
from mixtura.components.regression.responses import Response
from mixtura.components.regression.words import spread_name
from mixtura.errors import ParameterError

__all__ = ["bounds_of"]

Float = NDArray[np.float64]


def bounds_of(
    fix: Any,
    equal: Any,
    names: Sequence[str],
    n_components: int,
    response: Response,
    *,
    intercept: bool,
    columns: Mapping[str, tuple[int, ...]],
) -> Bounds | None:
    """Return what coefficients are bound to, or None where nothing is.

    Parameters
    ----------
    fix, equal : as `MixtureRegressor` takes them
    names : of the columns of X, without the intercept
    columns : places among these of what a term of a formula has

    Raises
    ------
    ParameterError
        If they speak of no such numbers, or of numbers of another shape.
    """
    if fix is None and equal is None:
        return None
    p = len(names)
    held, alike = np.full((n_components, p + 1), np.nan), np.zeros(p + 1, dtype=bool)
    spread = spread_name(response)
    alike_precision, known = False, _Names(names, columns)
    for name, given in _entries("fix", fix, ("coef", "intercept")):
        place = slice(0, 1) if name == "intercept" else slice(1, p + 1)
        held[:, place] = _values(given, name, known, n_components)
    allowed = ("coef", "intercept", *([spread] if spread else []))
    for name, given in _entries("equal", equal, allowed):
        if name == spread:
            alike_precision = _truth(given, name)
        elif name == "intercept":
            alike[0] = _truth(given, name)
        else:
            alike[1:] = _chosen(given, known)
    mixed = alike & np.isnan(held).any(axis=0) & ~np.isnan(held).all(axis=0)
    if mixed.any():
        raise ParameterError("a coefficient cannot be held in some components and equal in all")
    unlike = alike & (held != held[0]).any(axis=0) & ~np.isnan(held).any(axis=0)
    if unlike.any():
        name = ("intercept", *names)[int(np.flatnonzero(unlike)[0])]
        raise ParameterError(
            f"fix holds '{name}' at unlike numbers, and equal says that it is the same in all "
            "components; leave it out of one of them"
        )
    if not intercept:
        held, alike = held[:, 1:], alike[1:]
    return Bounds(held, alike, alike_precision)


def _entries(word: str, given: Any, allowed: Sequence[str]) -> list[tuple[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise ParameterError(f"{word} should be a dict such as {{'coef': ...}}, not {given!r}")
    for name in given:
        if name not in allowed:
            raise ParameterError(f"{word} knows {', '.join(allowed)}, but not {name!r}")
    return list(given.items())


def _truth(given: Any, name: str) -> bool:
    if isinstance(given, bool | np.bool_):
        return bool(given)
    raise ParameterError(f"equal={{{name!r}: ...}} should be True or False, not {given!r}")


@dataclass(frozen=True, slots=True)
class _Names:
    """What coefficients are called.

    Attributes
    ----------
    labels : of each
    columns : places of those that a term has
    """

    labels: Sequence[str]
    columns: Mapping[str, tuple[int, ...]]

    def places(self, one: Any) -> list[int]:
        """Return those that a name, or a place, is about."""
        if isinstance(one, str) and one in self.columns:
            return list(self.columns[one])
        if isinstance(one, str) and one in self.labels:
            return [list(self.labels).index(one)]
        if isinstance(one, int | np.integer) and 0 <= one < len(self.labels):
            return [int(one)]
        known = dict.fromkeys((*self.labels, *self.columns))
        raise ParameterError(f"X has no column {one!r}; it has {', '.join(known)}")


def _chosen(given: Any, names: _Names) -> NDArray[np.bool_]:
    """Return which columns are meant: True for all, or some by name or place."""
    if isinstance(given, bool):
        return np.full(len(names.labels), given)
    found = np.zeros(len(names.labels), dtype=bool)
    for one in [given] if isinstance(given, str) else list(given):
        found[names.places(one)] = True
    return found


def _values(given: Any, name: str, names: _Names, n_components: int) -> Float:
    """Return held numbers (K, p), NaN where free, of a dict by column or of an array."""
    p = 1 if name == "intercept" else len(names.labels)
    if isinstance(given, Mapping):
        found = np.full((n_components, p), np.nan)
        for one, value in given.items():
            found[:, names.places(one)] = _array(value, (n_components,), name)[:, None]
        return found
    shape = (n_components, p)
    if name == "intercept":
        return _array(given, (n_components,), name)[:, None]
    return _array(given, shape, name)


def _array(given: Any, shape: tuple[int, ...], name: str) -> Float:
    try:
        found = np.broadcast_to(np.asarray(given, dtype=np.float64), shape)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"fix={{{name!r}: ...}} should have the shape {shape}, with None where free: {error}"
        ) from error
    if np.isinf(found).any():
        raise ParameterError(f"fix={{{name!r}: ...}} holds an infinity")
    return found
