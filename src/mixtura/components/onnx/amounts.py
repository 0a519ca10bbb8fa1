"""Log densities of components of amounts by the operators of ONNX."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mixtura.components.beta import BetaFamily
from mixtura.components.beta_shapes import log_heights as beta_heights
from mixtura.components.concentrations import log_heights
from mixtura.components.contaminated.family import ContaminatedFamily
from mixtura.components.factor_analyser.family import FactorAnalyserFamily
from mixtura.components.finite_logs import finite_logs
from mixtura.components.gamma import GammaFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.onnx.graph import Cells, Graph, log_density_of
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.von_mises import VonMisesFamily

__all__: list[str] = []

Float = NDArray[np.float64]

LOG_TWO_PI = float(np.log(2 * np.pi))


def _deviations(graph: Graph, cells: str, means: Float) -> str:
    """Return x - μ_k (K, n, D) of cells (n, D)."""
    return graph.call("Sub", graph.call("Unsqueeze", cells, np.array([0])), means[:, None])


def _distances(parameters: Any, cells: Cells) -> tuple[str, Float]:
    """Return squared distances (K, n), and log determinants (K,) of factors of precisions."""
    graph = cells.graph
    deviations = _deviations(graph, cells.numbers(), parameters.means)
    factors = parameters.covariance.factors
    if factors.ndim == 3:
        whitened = graph.call("MatMul", deviations, factors)
        heights = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    else:
        widths = np.sqrt(parameters.covariance.variances())
        whitened = graph.call("Div", deviations, widths[:, None])
        heights = -np.log(widths).sum(axis=1)
    return graph.squares(whitened), heights


def _line(graph: Graph, heights: Float, slope: Any, distances: str) -> str:
    """Return h_k - s_k d²_k (K, n)."""
    fall = graph.call("Mul", distances, np.broadcast_to(slope, heights.shape)[:, None].copy())
    return graph.call("Sub", heights[:, None], fall)


@log_density_of.register
def _(family: GaussianFamily, parameters: Any, cells: Cells) -> str:
    graph = cells.graph
    if family.structure.storage == "full":
        distances, heights = _distances(parameters, cells)
        heights = heights - 0.5 * len(cells.columns) * LOG_TWO_PI
        return graph.by_rows(_line(graph, heights, 0.5, distances))
    known = cells.numbers()
    widths = np.sqrt(parameters.covariance.variances())
    whitened = graph.call("Div", _deviations(graph, known, parameters.means), widths[:, None])
    squares = graph.call("Mul", graph.call("Mul", whitened, whitened), np.float64(0.5))
    heights = -np.log(widths) - 0.5 * LOG_TWO_PI
    return graph.known(known, graph.call("Sub", heights[:, None], squares))


@log_density_of.register
def _(family: StudentTFamily, parameters: Any, cells: Cells) -> str:
    graph, degrees, n_columns = cells.graph, parameters.degrees, len(cells.columns)
    distances, heights = _distances(parameters.gaussian, cells)
    half = 0.5 * (degrees + n_columns)
    heights = heights + gammaln(half) - gammaln(0.5 * degrees)
    heights = heights - 0.5 * n_columns * np.log(np.pi * degrees)
    ratios = graph.call("Div", distances, degrees[:, None])
    logs = graph.call("Log", graph.call("Add", ratios, np.float64(1.0)))
    return graph.by_rows(_line(graph, heights, half, logs))


@log_density_of.register
def _(family: ContaminatedFamily, parameters: Any, cells: Cells) -> str:
    graph, n_columns = cells.graph, len(cells.columns)
    shares, wider = parameters.shares, parameters.inflations
    distances, heights = _distances(parameters.gaussian, cells)
    heights = heights - 0.5 * n_columns * LOG_TWO_PI
    good = _line(graph, heights + finite_logs(shares), 0.5, distances)
    bad = heights + finite_logs(1.0 - shares) - 0.5 * n_columns * np.log(wider)
    return graph.by_rows(_added(graph, good, _line(graph, bad, 0.5 / wider, distances)))


def _added(graph: Graph, one: str, other: str) -> str:
    """Return the logarithm of the sum of two numbers from theirs."""
    gap = graph.call("Neg", graph.call("Abs", graph.call("Sub", one, other)))
    more = graph.call("Log", graph.call("Add", graph.call("Exp", gap), np.float64(1.0)))
    return graph.call("Add", graph.call("Max", one, other), more)


@log_density_of.register
def _(family: FactorAnalyserFamily, parameters: Any, cells: Cells) -> str:
    # |Ψ^(-½)(y - Λ z)|² + |z|² at the mean z of the factors: a sum of squares loses no digits.
    graph, (maps, heights) = cells.graph, parameters.factor_maps()
    deviations = _deviations(graph, cells.numbers(), parameters.means)
    factors = graph.call("MatMul", deviations, maps.transpose(0, 2, 1).copy())
    told = graph.call("MatMul", factors, parameters.loadings.transpose(0, 2, 1).copy())
    widths = np.sqrt(parameters.noise)[:, None]
    rest = graph.call("Div", graph.call("Sub", deviations, told), widths)
    distances = graph.call("Add", graph.squares(rest), graph.squares(factors))
    heights = heights - 0.5 * len(cells.columns) * LOG_TWO_PI
    return graph.by_rows(_line(graph, heights, 0.5, distances))


@log_density_of.register
def _(family: GammaFamily, parameters: Any, cells: Cells) -> str:
    graph, known = cells.graph, cells.numbers()
    shapes, rates = parameters.shapes, parameters.rates
    each = graph.call("Unsqueeze", known, np.array([0]))
    risen = graph.call("Mul", graph.call("Log", each), shapes[:, None])
    fallen = graph.call("Mul", each, rates[:, None])
    heights = shapes * np.log(rates) - gammaln(shapes)
    terms = graph.call("Add", graph.call("Sub", risen, fallen), heights[:, None])
    return graph.known(known, terms)


@log_density_of.register
def _(family: BetaFamily, parameters: Any, cells: Cells) -> str:
    graph, known = cells.graph, cells.numbers()
    alphas, betas = parameters.alphas, parameters.betas
    each = graph.call("Unsqueeze", known, np.array([0]))
    rest = graph.call("Log", graph.call("Sub", np.float64(1.0), each))
    first = graph.call("Mul", graph.call("Log", each), alphas[:, None])
    second = graph.call("Mul", rest, betas[:, None])
    heights = beta_heights(alphas, betas)
    terms = graph.call("Add", graph.call("Add", first, second), heights[:, None])
    return graph.known(known, terms)


@log_density_of.register
def _(family: VonMisesFamily, parameters: Any, cells: Cells) -> str:
    graph, known = cells.graph, cells.numbers()
    own = parameters.concentrations
    halves = graph.call(
        "Mul", _deviations(graph, known, parameters.means), np.float64(np.pi / family.period)
    )
    sines = graph.call("Sin", halves)
    fall = graph.call("Mul", graph.call("Mul", sines, sines), 2.0 * own[:, None])
    heights = -log_heights(own) - np.log(family.period)
    return graph.known(known, graph.call("Sub", heights[:, None], fall))
