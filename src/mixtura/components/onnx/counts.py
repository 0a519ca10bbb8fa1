"""Log densities of components of counts and categories by the operators of ONNX."""

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
from mixtura.components.onnx.graph import Cells, Graph, log_density_of
from mixtura.components.poisson import PoissonFamily
from mixtura.components.polya import BetaBinomialFamily, DirichletMultinomialFamily
from mixtura.components.rising import ARTANH, LARGEST_ARTANH, LEAST_STIRLING, STIRLING
from mixtura.components.trials import BinomialFamily
from mixtura.components.zeros import (
    ZeroAlteredNegativeBinomialFamily,
    ZeroAlteredPoissonFamily,
)
from mixtura.errors import ParameterError

__all__ = ["typed_labels"]

Float = NDArray[np.float64]


def typed_labels(labels: Sequence[Any], column: Any) -> NDArray[Any]:
    """Return the levels of a column as a tensor of one type: text, whole numbers, numbers, truth.

    Raises
    ------
    ParameterError
        If they are of several types, or of another.
    """
    for kinds, dtype in TYPES.items():
        if all(isinstance(label, kinds) for label in labels) and (
            bool in kinds or not any(isinstance(label, bool) for label in labels)
        ):
            return np.array(labels, dtype=dtype)
    raise ParameterError(
        f"the levels of column '{column}' are of several types, or of one that no tensor holds; "
        "make them all text, or all numbers, before the fit"
    )


TYPES: dict[tuple[type[Any], ...], Any] = {
    (str,): object,
    (bool, np.bool_): np.bool_,
    (int, np.integer): np.int64,
    (int, float, np.integer, np.floating): np.float64,
}


@log_density_of.register
def _(family: CategoricalFamily, parameters: Any, cells: Cells) -> str:
    graph, found = cells.graph, []
    items = family.items(parameters)
    for cell, kind, values in zip(cells.columns, cells.kinds, items, strict=True):
        labels = typed_labels(kind.labels, cell)
        # A missing or an unknown one is equal to none of them.
        chosen = graph.as_numbers(graph.call("Equal", cell, labels[None]))
        found.append(graph.call("MatMul", chosen, finite_logs(values).T.copy()))
    return graph.total(found)


def _each(graph: Graph, cells: str) -> str:
    """Return cells (n, D) as (1, n, D)."""
    return graph.call("Unsqueeze", cells, np.array([0]))


@log_density_of.register
def _(family: BernoulliFamily, parameters: Any, cells: Cells) -> str:
    graph, known = cells.graph, cells.numbers()
    each, ones = _each(graph, known), parameters.probabilities[:, None]
    neither = graph.call("Mul", each, np.float64(0.0))
    for value, shares in ((0.0, 1.0 - ones), (1.0, ones)):
        # What is more than 1 is as little of its kind as what is broken.
        is_it = graph.call("Equal", each, np.float64(value))
        neither = graph.call("Where", is_it, finite_logs(shares), neither)
    beyond = graph.call("Greater", each, np.float64(1.0))
    return graph.known(known, graph.call("Where", beyond, np.float64(np.nan), neither))


@log_density_of.register
def _(family: PoissonFamily, parameters: Any, cells: Cells) -> str:
    graph, everything = cells.graph, cells.numbers()
    counted = [place for place in range(len(cells.columns)) if place != family.exposure]
    known = graph.call("Gather", everything, np.array(counted), axis=1)
    rates: Any = parameters.rates[:, None]
    if family.exposure is not None:
        exposure = graph.call("Gather", everything, np.array([family.exposure]), axis=1)
        rates = graph.call("Mul", _each(graph, exposure), rates)
    risen = graph.call("Mul", _each(graph, known), finite_logs(parameters.rates)[:, None])
    return graph.known(known, graph.call("Sub", risen, rates))


@log_density_of.register
def _(family: MultinomialFamily, parameters: Any, cells: Cells) -> str:
    return cells.graph.call(
        "MatMul", cells.numbers(), finite_logs(parameters.probabilities).T.copy()
    )


@log_density_of.register
def _(family: GeometricFamily, parameters: Any, cells: Cells) -> str:
    graph, known, ends = cells.graph, cells.numbers(), parameters.probabilities[:, None]
    risen = graph.call("Mul", _each(graph, known), finite_logs(1.0 - ends))
    return graph.known(known, graph.call("Add", risen, finite_logs(ends)))


@log_density_of.register
def _(family: BinomialFamily, parameters: Any, cells: Cells) -> str:
    graph, known, shares = cells.graph, cells.numbers(), parameters.probabilities[:, None]
    each, most = _each(graph, known), np.array([kind.most for kind in family.kinds])
    right = graph.call("Mul", each, finite_logs(shares))
    wrong = graph.call("Mul", graph.call("Sub", most, each), finite_logs(1.0 - shares))
    return graph.known(known, graph.call("Add", right, wrong))


@log_density_of.register
def _(family: BetaBinomialFamily, parameters: Any, cells: Cells) -> str:
    graph, known = cells.graph, cells.numbers()
    right, wrong, both = family.sides(parameters)
    each, most = _each(graph, known), np.array([kind.most for kind in family.kinds])
    failures = graph.call("Sub", most, each)
    sides = graph.call(
        "Add",
        _spread_counts(graph, each, right.means, right.sizes),
        _spread_counts(graph, failures, wrong.means, wrong.sizes),
    )
    return graph.known(known, graph.call("Sub", sides, both[:, None]))


@log_density_of.register
def _(family: DirichletMultinomialFamily, parameters: Any, cells: Cells) -> str:
    graph, known = cells.graph, cells.numbers()
    # The total that items have on average: no density depends on it.
    items, total = family.sides(parameters, 10.0)
    draws = graph.sum_of(known, 1, keeps=True)
    own = _spread_counts(graph, _each(graph, known), items.means, items.sizes)
    every = _spread_counts(graph, _each(graph, draws), total.means, total.sizes)
    both = graph.call("Sub", graph.sum_of(own, 2, keeps=True), every)
    return graph.by_rows(graph.call("Squeeze", both, np.array([2])))


@log_density_of.register
def _(family: NegativeBinomialFamily, parameters: Any, cells: Cells) -> str:
    graph, known = cells.graph, cells.numbers()
    each = _each(graph, known)
    return graph.known(known, _spread_counts(graph, each, parameters.means, parameters.sizes))


def _spread_counts(graph: Graph, each: str, all_means: Float, all_sizes: Float) -> str:
    """Return log f(x) without its factorials (K, n, D)."""
    means, sizes = all_means[:, None], all_sizes[:, None]
    finite = np.isfinite(sizes)
    ratios = np.log1p(means / sizes)
    opening = np.where(finite, -np.where(finite, sizes, 0.0) * ratios, -means)
    line = graph.call("Mul", each, finite_logs(means) - ratios)
    terms = graph.call("Add", line, opening)
    for own, rising in (
        (sizes < LEAST_STIRLING, _rising_of_few),
        (finite & (sizes >= LEAST_STIRLING), _rising_of_many),
    ):
        if own.any():
            more = rising(graph, each, np.where(own, sizes, LEAST_STIRLING))
            terms = graph.call("Add", terms, graph.call("Where", own, more, np.float64(0.0)))
    return terms


@log_density_of.register
def _(family: ZeroAlteredNegativeBinomialFamily, parameters: Any, cells: Cells) -> str:
    counts, zeros = family.around_zero(parameters)
    return _altered(cells, counts.means, counts.sizes, zeros)


@log_density_of.register
def _(family: ZeroAlteredPoissonFamily, parameters: Any, cells: Cells) -> str:
    rates, zeros = family.around_zero(parameters)
    return _altered(cells, rates, np.full(rates.shape, np.inf), zeros)


def _altered(cells: Cells, means: Float, sizes: Float, zeros: tuple[Float, Float]) -> str:
    """Return log f(x) of counts that have log f(0) by themselves, and something above 0."""
    graph, known = cells.graph, cells.numbers()
    each = _each(graph, known)
    none, some = (own[:, None] for own in zeros)
    above = graph.call("Add", _spread_counts(graph, each, means, sizes), some)
    zero = graph.call("Equal", each, np.float64(0.0))
    return graph.known(known, graph.call("Where", zero, none, above))


def _rising_of_few(graph: Graph, each: str, sizes: Float) -> str:
    """Return log Γ(x + r) - log Γ(r) - x log r (K, n, D) of sizes too small for a series."""
    raised = graph.call("Add", each, sizes + LEAST_STIRLING)
    product = graph.call("Add", each, sizes)
    for i in range(1, LEAST_STIRLING):
        product = graph.call("Mul", product, graph.call("Add", each, sizes + i))
    log = graph.call("Log", raised)
    whole = graph.call("Mul", graph.call("Sub", raised, np.float64(0.5)), log)
    whole = graph.call("Add", graph.call("Sub", whole, raised), _tail(graph, raised))
    whole = graph.call("Sub", whole, graph.call("Log", product))
    whole = graph.call("Sub", whole, graph.call("Mul", each, np.log(sizes)))
    return graph.call("Add", whole, 0.5 * np.log(2 * np.pi) - gammaln(sizes))


def _rising_of_many(graph: Graph, each: str, sizes: Float) -> str:
    """Return the same of others, where r may be so large that log(1 + x/r) has no digits."""
    half = graph.call("Div", each, graph.call("Add", each, 2.0 * sizes))
    squared = graph.call("Mul", half, half)
    series = graph.call("Mul", squared, np.float64(0.0))
    for odd in ARTANH:
        series = graph.call("Add", graph.call("Mul", series, squared), np.float64(1 / odd))
    small = graph.call("Mul", graph.call("Mul", half, np.float64(2.0)), series)
    raised = graph.call("Add", each, sizes)
    large = graph.call("Log", graph.call("Div", raised, sizes))
    log = graph.call("Where", graph.call("Less", half, np.float64(LARGEST_ARTANH)), small, large)
    whole = graph.call("Mul", graph.call("Sub", raised, np.float64(0.5)), log)
    start = sum(part / sizes**power for power, part in STIRLING.items())
    rest = graph.call("Sub", _tail(graph, raised), start)
    return graph.call("Add", graph.call("Sub", whole, each), rest)


def _tail(graph: Graph, z: str) -> str:
    """Return what is left of log Γ(z) beyond (z - ½) log z - z + ½ log 2π."""
    inverse = graph.call("Reciprocal", z)
    squared = graph.call("Mul", inverse, inverse)
    parts = list(STIRLING.values())
    found = graph.call("Mul", squared, np.float64(0.0))
    for part in reversed(parts):
        found = graph.call("Add", graph.call("Mul", found, squared), np.float64(part))
    return graph.call("Mul", found, inverse)
