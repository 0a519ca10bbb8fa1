"""Log densities of components as expressions of SQL, family by family.

Numbers have an exponent, as SQL takes others for decimals of few places. What is the same for all
components may be left out, since posteriors do not depend on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.concentrations import log_heights
from mixtura.components.gamma import GammaFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.geometric import GeometricFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.noise import NoiseFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.product import ProductFamily
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.von_mises import VonMisesFamily
from mixtura.errors import ParameterError

__all__ = ["Terms", "identifier", "literal", "sql_number", "terms_of"]

Float = NDArray[np.float64]

# In place of the logarithm of 0: what no sum of any columns brings back, or beyond the floats.
IMPOSSIBLE = -1e290


@dataclass(frozen=True, slots=True)
class Terms:
    """What a query computes of a row.

    Attributes
    ----------
    sums : (K,) the log density of each component as an expression
    whitened : expressions of which those speak, by name
    """

    sums: tuple[str, ...]
    whitened: dict[str, str] = field(default_factory=dict)


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


def _joined(terms: Sequence[str]) -> str:
    return " + ".join(terms) if terms else "0e0"


def _plus(factor: float, expression: str) -> str:
    return f"{sql_number(factor)} * {expression}"


def _known(expression: str) -> str:
    """Return an expression of a cell, which is left out where that is missing."""
    return f"coalesce({expression}, 0e0)"


def _logs(values: Float) -> Float:
    with np.errstate(divide="ignore"):
        return np.log(values)


def _distances(parameters: Any, names: Sequence[str], prefix: str) -> tuple[dict[str, str], Float]:
    """Return deviations whitened by full factors, by name, and the log determinants (K,)."""
    factors, means = parameters.covariance.factors, parameters.means
    found = {
        f"{prefix}z{k}_{j}": _joined(
            [
                _plus(factors[k, i, j], f"({names[i]} - {sql_number(means[k, i])})")
                for i in range(j + 1)
            ]
        )
        for k, j in np.ndindex(len(means), len(names))
    }
    return found, np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)


@terms_of.register
def _(family: GaussianFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    n_components, n_columns = parameters.means.shape
    if family.structure.storage == "full":
        whitened, heights = _distances(parameters, names, prefix)
        heights = heights - 0.5 * n_columns * np.log(2 * np.pi)
        sums = [
            f"{sql_number(heights[k])} - 0.5e0 * ({_squares(prefix, k, n_columns)})"
            for k in range(n_components)
        ]
        return Terms(tuple(sums), whitened)
    inverse = parameters.covariance.factors.reshape(n_components, -1)
    deviations: Any = np.broadcast_to(1.0 / inverse, (n_components, n_columns))
    heights = -np.log(deviations) - 0.5 * np.log(2 * np.pi)
    whitened = {
        f"{prefix}z{k}_{j}": f"({names[j]} - {sql_number(parameters.means[k, j])})"
        f" / {sql_number(deviations[k, j])}"
        for k, j in np.ndindex(n_components, n_columns)
    }
    sums = [
        _joined(
            [
                _known(f"{sql_number(heights[k, j])} - 0.5e0 * {_square(f'{prefix}z{k}_{j}')}")
                for j in range(n_columns)
            ]
        )
        for k in range(n_components)
    ]
    return Terms(tuple(sums), whitened)


def _square(name: str) -> str:
    return f"{name} * {name}"


def _squares(prefix: str, k: int, n_columns: int) -> str:
    return _joined([_square(f"{prefix}z{k}_{j}") for j in range(n_columns)])


@terms_of.register
def _(family: StudentTFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    degrees, n_columns = parameters.degrees, len(names)
    scales = parameters.gaussian
    if scales.covariance.factors.ndim == 3:
        whitened, heights = _distances(scales, names, prefix)
    else:
        inverse = scales.covariance.factors.reshape(len(degrees), -1)
        widths: Any = np.broadcast_to(1.0 / inverse, (len(degrees), n_columns))
        heights = -np.log(widths).sum(axis=1)
        whitened = {
            f"{prefix}z{k}_{j}": f"({names[j]} - {sql_number(scales.means[k, j])})"
            f" / {sql_number(widths[k, j])}"
            for k, j in np.ndindex(*widths.shape)
        }
    half = 0.5 * (degrees + n_columns)
    heights = heights + gammaln(half) - gammaln(0.5 * degrees)
    heights = heights - 0.5 * n_columns * np.log(np.pi * degrees)
    sums = [
        f"{sql_number(heights[k])} - {sql_number(half[k])} * "
        f"ln(1e0 + ({_squares(prefix, k, n_columns)}) / {sql_number(degrees[k])})"
        for k in range(len(degrees))
    ]
    return Terms(tuple(sums), whitened)


@terms_of.register
def _(family: CategoricalFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    items = [_logs(values) for values in family.items(parameters)]
    written = [[literal(label) for label in kind.labels] for kind in family.kinds]
    return Terms(
        tuple(
            _joined(
                [
                    _chosen(name, labels, logs[k])
                    for name, labels, logs in zip(names, written, items, strict=True)
                ]
            )
            for k in range(parameters.n_components)
        )
    )


def _chosen(expression: str, labels: Sequence[str], logs: Float) -> str:
    """Return the number that stands for a category; a missing or an unknown one has none."""
    cases = " ".join(
        f"WHEN {label} THEN {sql_number(log)}" for label, log in zip(labels, logs, strict=True)
    )
    return f"CASE {expression} {cases} ELSE 0e0 END"


@terms_of.register
def _(family: BernoulliFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    ones = parameters.probabilities
    logs = np.stack([_logs(1.0 - ones), _logs(ones)], axis=-1)
    return Terms(
        tuple(
            _joined([_chosen(name, ("0e0", "1e0"), logs[k, j]) for j, name in enumerate(names)])
            for k in range(len(ones))
        )
    )


@terms_of.register
def _(family: PoissonFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    counted = [name for place, name in enumerate(names) if place != family.exposure]
    exposure = None if family.exposure is None else names[family.exposure]
    return Terms(
        tuple(
            _joined(
                [
                    _known(f"{_plus(log, name)} - {_exposed(rate, exposure)}")
                    for name, rate, log in zip(counted, rates, _logs(rates), strict=True)
                ]
            )
            for rates in parameters.rates
        )
    )


def _exposed(rate: float, exposure: str | None) -> str:
    return sql_number(rate) if exposure is None else _plus(rate, exposure)


@terms_of.register
def _(family: MultinomialFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    logs = _logs(parameters.probabilities)
    return Terms(
        tuple(
            _joined([_plus(log, name) for name, log in zip(names, own, strict=True)])
            for own in logs
        )
    )


@terms_of.register
def _(family: GeometricFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    ends = parameters.probabilities
    logs = _logs(1.0 - ends)
    return Terms(
        tuple(
            _joined(
                [
                    _known(f"{sql_number(np.log(ends[k, j]))} + {_plus(logs[k, j], name)}")
                    for j, name in enumerate(names)
                ]
            )
            for k in range(len(ends))
        )
    )


@terms_of.register
def _(family: GammaFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    shapes, rates = parameters.shapes, parameters.rates
    heights = shapes * np.log(rates) - gammaln(shapes)
    return Terms(
        tuple(
            _joined(
                [
                    _known(
                        f"{sql_number(heights[k, j])} + {_plus(shapes[k, j], f'ln({name})')}"
                        f" - {_plus(rates[k, j], name)}"
                    )
                    for j, name in enumerate(names)
                ]
            )
            for k in range(len(shapes))
        )
    )


@terms_of.register
def _(family: VonMisesFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    means, own = parameters.means, parameters.concentrations
    heights, half = -log_heights(own) - np.log(family.period), sql_number(np.pi / family.period)
    cells = {
        (k, j): f"{sql_number(heights[k, j])} - {sql_number(2.0 * own[k, j])}"
        f" * power(sin({half} * ({names[j]} - {sql_number(means[k, j])})), 2)"
        for k, j in np.ndindex(*own.shape)
    }
    every = range(len(names))
    return Terms(tuple(_joined([_known(cells[k, j]) for j in every]) for k in range(len(own))))


@terms_of.register
def _(family: NoiseFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    if not isinstance(family.inner, GaussianFamily | StudentTFamily):
        raise ParameterError(
            f"there is no SQL for noise beside '{family.inner.name}' components; fit without it"
        )
    own = terms_of(family.inner, parameters.inner, names, prefix)
    background: Any = family.background
    known = [
        f"CASE WHEN {name} IS NULL THEN 0e0 ELSE {sql_number(-width)} END"
        for name, width in zip(names, background.log_widths, strict=True)
    ]
    return Terms((*own.sums, _joined(known)), own.whitened)


@terms_of.register
def _(family: ProductFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    blocks = [
        terms_of(inner, part, names[block], f"{prefix}b{number}_")
        for number, (inner, part, block) in enumerate(
            zip(family.families, parameters.parts, family.blocks, strict=True)
        )
    ]
    sums = zip(*(block.sums for block in blocks), strict=True)
    whitened = {name: text for block in blocks for name, text in block.whitened.items()}
    return Terms(tuple(" + ".join(each) for each in sums), whitened)
