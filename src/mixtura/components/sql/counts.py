"""Log densities of components of counts and categories as expressions of SQL."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.finite_logs import finite_logs
from mixtura.components.geometric import GeometricFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.negative_binomial import NegativeBinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.polya import BetaBinomialFamily, DirichletMultinomialFamily
from mixtura.components.rising import ARTANH, LARGEST_ARTANH, LEAST_STIRLING, STIRLING
from mixtura.components.sql.terms import (
    Terms,
    joined,
    known,
    literal,
    sql_number,
    terms_of,
    times,
)
from mixtura.components.trials import BinomialFamily
from mixtura.components.zeros import (
    ZeroAlteredNegativeBinomialFamily,
    ZeroAlteredPoissonFamily,
)

__all__: list[str] = []

Float = NDArray[np.float64]

# The total that items of Dirichlet-multinomials have on average, which no density depends on.
DRAWS_AT = 10.0


@terms_of.register
def _(family: CategoricalFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    items = [finite_logs(values) for values in family.items(parameters)]
    written = [[literal(label) for label in kind.labels] for kind in family.kinds]
    return Terms(
        tuple(
            joined(
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
    logs = np.stack([finite_logs(1.0 - ones), finite_logs(ones)], axis=-1)
    return Terms(
        tuple(
            joined([_chosen(name, ("0e0", "1e0"), logs[k, j]) for j, name in enumerate(names)])
            for k in range(len(ones))
        )
    )


@terms_of.register
def _(family: PoissonFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    counted = [name for place, name in enumerate(names) if place != family.exposure]
    exposure = None if family.exposure is None else names[family.exposure]
    return Terms(
        tuple(
            joined(
                [
                    known(f"{times(log, name)} - {_exposed(rate, exposure)}")
                    for name, rate, log in zip(counted, rates, finite_logs(rates), strict=True)
                ]
            )
            for rates in parameters.rates
        )
    )


def _exposed(rate: float, exposure: str | None) -> str:
    return sql_number(rate) if exposure is None else times(rate, exposure)


@terms_of.register
def _(family: MultinomialFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    logs = finite_logs(parameters.probabilities)
    return Terms(
        tuple(
            joined([times(log, name) for name, log in zip(names, own, strict=True)]) for own in logs
        )
    )


@terms_of.register
def _(family: GeometricFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    ends = parameters.probabilities
    logs = finite_logs(1.0 - ends)
    return Terms(
        tuple(
            joined(
                [
                    known(f"{sql_number(np.log(ends[k, j]))} + {times(logs[k, j], name)}")
                    for j, name in enumerate(names)
                ]
            )
            for k in range(len(ends))
        )
    )


@terms_of.register
def _(family: BinomialFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    shares = parameters.probabilities
    right, wrong = finite_logs(shares), finite_logs(1.0 - shares)
    return Terms(
        tuple(
            joined(
                [
                    known(
                        f"{times(right[k, j], name)} + "
                        f"{times(wrong[k, j], f'({sql_number(kind.most)} - {name})')}"
                    )
                    for j, (name, kind) in enumerate(zip(names, family.kinds, strict=True))
                ]
            )
            for k in range(len(shares))
        )
    )


@terms_of.register
def _(family: BetaBinomialFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    right, wrong, both = family.sides(parameters)
    kinds = zip(names, family.kinds, strict=True)
    failures = [f"({sql_number(kind.most)} - {name})" for name, kind in kinds]
    first, halves = _spread_cells(right.means, right.sizes, names, f"{prefix}s")
    second, others = _spread_cells(wrong.means, wrong.sizes, failures, f"{prefix}f")
    cells = [
        [
            known(f"{first[k][j]} + {second[k][j]} - {sql_number(both[k, j])}")
            for j in range(len(names))
        ]
        for k in range(len(first))
    ]
    return _with_halves(cells, halves | others)


@terms_of.register
def _(
    family: DirichletMultinomialFamily, parameters: Any, names: Sequence[str], prefix: str
) -> Terms:
    items, total = family.sides(parameters, DRAWS_AT)
    whole = {f"{prefix}n": " + ".join(names)}
    first, halves = _spread_cells(items.means, items.sizes, names, f"{prefix}i")
    last, others = _spread_cells(total.means, total.sizes, list(whole), f"{prefix}t")
    steps = (whole, halves | others) if halves or others else (whole,)
    pairs = zip(first, last, strict=True)
    return Terms(tuple(f"{joined(own)} - ({every})" for own, (every,) in pairs), steps)


@terms_of.register
def _(family: NegativeBinomialFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    cells, halves = _spread_cells(parameters.means, parameters.sizes, names, prefix)
    return _with_halves([[known(cell) for cell in own] for own in cells], halves)


def _with_halves(cells: Sequence[Sequence[str]], halves: dict[str, str]) -> Terms:
    return Terms(tuple(joined(own) for own in cells), (halves,) if halves else ())


def _spread_cells(
    means: Float, sizes: Float, names: Sequence[str], prefix: str
) -> tuple[list[list[str]], dict[str, str]]:
    """Return log f(x) without its factorials by component and column, and what these go by."""
    # log(1 + x/r) = 2 artanh of these.
    halves = {
        f"{prefix}s{k}_{j}": f"{names[j]} / ({sql_number(float(2.0 * sizes[k, j]))} + {names[j]})"
        for k, j in np.ndindex(*sizes.shape)
        if LEAST_STIRLING <= sizes[k, j] < np.inf
    }
    logs = finite_logs(means)
    found = []
    for k, own in enumerate(sizes):
        cells = []
        for j, (name, size) in enumerate(zip(names, own, strict=True)):
            if size == np.inf:
                rising, opening, slope = "", -means[k, j], logs[k, j]
            else:
                ratio = np.log1p(means[k, j] / size)
                opening, slope = -size * ratio, logs[k, j] - ratio
                rising = f" + {_rising(float(size), name, f'{prefix}s{k}_{j}')}"
            cells.append(f"{sql_number(opening)} + {times(slope, name)}{rising}")
        found.append(cells)
    return found, halves


@terms_of.register
def _(
    family: ZeroAlteredNegativeBinomialFamily,
    parameters: Any,
    names: Sequence[str],
    prefix: str,
) -> Terms:
    counts, zeros = family.around_zero(parameters)
    cells, halves = _spread_cells(counts.means, counts.sizes, names, prefix)
    return _with_halves(_altered(cells, zeros, names), halves)


@terms_of.register
def _(
    family: ZeroAlteredPoissonFamily, parameters: Any, names: Sequence[str], prefix: str
) -> Terms:
    rates, zeros = family.around_zero(parameters)
    endless = np.full(rates.shape, np.inf)
    return _with_halves(_altered(_spread_cells(rates, endless, names, prefix)[0], zeros, names), {})


def _altered(
    cells: Sequence[Sequence[str]], zeros: tuple[Float, Float], names: Sequence[str]
) -> list[list[str]]:
    """Return log f(x) of cells that have log f(0) by themselves, and something above 0."""
    none, some = zeros
    return [
        [
            known(
                f"CASE WHEN {name} > 0e0 THEN {sql_number(some[k, j])} + {cell} "
                f"ELSE {times(0.0, name)} + {sql_number(none[k, j])} END"
            )
            for j, (name, cell) in enumerate(zip(names, own, strict=True))
        ]
        for k, own in enumerate(cells)
    ]


def _rising(size: float, x: str, half: str) -> str:
    """Return log Γ(x + r) - log Γ(r) - x log r by Stirling's series."""
    if size >= LEAST_STIRLING:
        squared = f"{half} * {half}"
        series = f"{sql_number(1 / ARTANH[0])}"
        for odd in ARTANH[1:]:
            series = f"{sql_number(1 / odd)} + {squared} * ({series})"
        log = (
            f"CASE WHEN {half} < {sql_number(LARGEST_ARTANH)} THEN 2e0 * {half} * ({series}) "
            f"ELSE ln(1e0 + {x} / {sql_number(size)}) END"
        )
        start = sum(part / size**power for power, part in STIRLING.items())
        return (
            f"(({sql_number(size - 0.5)} + {x}) * ({log}) - {x}"
            f" + {_tail(f'({sql_number(size)} + {x})')} - {sql_number(start)})"
        )
    raised = f"({sql_number(size + LEAST_STIRLING)} + {x})"
    product = " * ".join(f"({sql_number(size + i)} + {x})" for i in range(LEAST_STIRLING))
    rest = 0.5 * np.log(2 * np.pi) - gammaln(size)
    return (
        f"(({raised} - 0.5e0) * ln({raised}) - {raised} + {_tail(raised)} + {sql_number(rest)}"
        f" - ln({product}) - {times(np.log(size), x)})"
    )


def _tail(z: str) -> str:
    """Return what is left of log Γ(z) beyond (z - ½) log z - z + ½ log 2π."""
    return " + ".join(
        f"{sql_number(part)} / ({' * '.join([z] * power)})" for power, part in STIRLING.items()
    )
