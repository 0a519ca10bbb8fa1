"""What a query computes of a row, and how numbers, names and categories are written in SQL.

Numbers have an exponent, as SQL takes others for decimals of few places. What is the same for all
components may be left out, since posteriors do not depend on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np

from mixtura.components.finite_logs import IMPOSSIBLE
from mixtura.errors import ParameterError

__all__ = [
    "Terms",
    "identifier",
    "joined",
    "known",
    "literal",
    "sql_number",
    "terms_of",
    "times",
]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a query computes of a row.

    Attributes
    ----------
    sums : (K,) the log density of each component as an expression
    steps : expressions of which those speak, by name, each step of what stands before it
    """

    sums: tuple[str, ...]
    steps: tuple[dict[str, str], ...] = ()


def sql_number(value: float) -> str:
    """Return a number that SQL takes for a float, and as the same one.

    Examples
    --------
    >>> sql_number(0.1), sql_number(-2.0), sql_number(1e-20)
    ('0.1e0', '-2.0e0', '1e-20')
    """
    text = repr(float(max(value, IMPOSSIBLE)))
    return text if "e" in text else f"{text}e0"


def identifier(name: str) -> str:
    """Return a name of a column or a table, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """Return a category as SQL writes it.

    Raises
    ------
    ParameterError
        If it is no text, number or truth value.
    """
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real) and isfinite(float(value)):
        return sql_number(float(value))
    raise ParameterError(
        f"the category {value!r} has no word in SQL; make it text or a number before the fit"
    )


@singledispatch
def terms_of(family: Any, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    """Return the log densities of components, of columns by names that need no quotes.

    Parameters
    ----------
    prefix : of names that are made

    Raises
    ------
    ParameterError
        If there are none for the family.
    """
    raise ParameterError(f"there is no SQL for a '{family.name}' mixture")


def joined(terms: Sequence[str]) -> str:
    """Return a sum of expressions."""
    return " + ".join(terms) if terms else "0e0"


def times(factor: float, expression: str) -> str:
    """Return an expression times a number."""
    return f"{sql_number(factor)} * {expression}"


def known(expression: str) -> str:
    """Return an expression of a cell, which is left out where that is missing."""
    return f"coalesce({expression}, 0e0)"
