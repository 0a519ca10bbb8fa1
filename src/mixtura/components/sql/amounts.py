"""Log densities of components of amounts as expressions of SQL."""

from collections.abc import Sequence
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
from mixtura.components.sql.terms import Terms, joined, known, sql_number, terms_of, times
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.von_mises import VonMisesFamily

__all__: list[str] = []

Float = NDArray[np.float64]


def _distances(parameters: Any, names: Sequence[str], prefix: str) -> tuple[dict[str, str], Float]:
    """Return deviations whitened by full factors, by name, and the log determinants (K,)."""
    factors, means = parameters.covariance.factors, parameters.means
    found = {
        f"{prefix}z{k}_{j}": joined(
            [
                times(factors[k, i, j], f"({names[i]} - {sql_number(means[k, i])})")
                for i in range(j + 1)
            ]
        )
        for k, j in np.ndindex(len(means), len(names))
    }
    return found, np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)


def _by_column(parameters: Any, names: Sequence[str], prefix: str) -> tuple[dict[str, str], Float]:
    """Return deviations over standard deviations, by name, and these (K, D)."""
    means = parameters.means
    # Squares of these may be beyond numbers.
    inverse = parameters.covariance.factors.reshape(len(means), -1)
    widths: Float = np.broadcast_to(1.0 / inverse, means.shape)
    found = {
        f"{prefix}z{k}_{j}": f"({names[j]} - {sql_number(means[k, j])})"
        f" / {sql_number(float(widths[k, j]))}"
        for k, j in np.ndindex(*widths.shape)
    }
    return found, widths


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
        return Terms(tuple(sums), (whitened,))
    whitened, widths = _by_column(parameters, names, prefix)
    heights = -np.log(widths) - 0.5 * np.log(2 * np.pi)
    sums = [
        joined(
            [
                known(f"{sql_number(heights[k, j])} - 0.5e0 * {_square(f'{prefix}z{k}_{j}')}")
                for j in range(n_columns)
            ]
        )
        for k in range(n_components)
    ]
    return Terms(tuple(sums), (whitened,))


def _square(name: str) -> str:
    return f"{name} * {name}"


def _squares(prefix: str, k: int, n_columns: int) -> str:
    return joined([_square(f"{prefix}z{k}_{j}") for j in range(n_columns)])


def _scaled(
    parameters: Any, names: Sequence[str], prefix: str
) -> tuple[dict[str, str], tuple[Float, list[str]]]:
    """Return whitened deviations by name, and log determinants (K,) and squared distances (K,)."""
    scales = parameters.gaussian
    if scales.covariance.factors.ndim == 3:
        whitened, heights = _distances(scales, names, prefix)
    else:
        whitened, widths = _by_column(scales, names, prefix)
        heights = -np.log(widths).sum(axis=1)
    return whitened, (heights, [_squares(prefix, k, len(names)) for k in range(len(heights))])


@terms_of.register
def _(family: StudentTFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    degrees, n_columns = parameters.degrees, len(names)
    whitened, (heights, distances) = _scaled(parameters, names, prefix)
    half = 0.5 * (degrees + n_columns)
    heights = heights + gammaln(half) - gammaln(0.5 * degrees)
    heights = heights - 0.5 * n_columns * np.log(np.pi * degrees)
    sums = [
        f"{sql_number(heights[k])} - {sql_number(half[k])} * "
        f"ln(1e0 + ({distance}) / {sql_number(degrees[k])})"
        for k, distance in enumerate(distances)
    ]
    return Terms(tuple(sums), (whitened,))


@terms_of.register
def _(family: ContaminatedFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    whitened, (heights, distances) = _scaled(parameters, names, prefix)
    squares = {f"{prefix}d{k}": distance for k, distance in enumerate(distances)}
    own, wider = parameters.shares, parameters.inflations
    heights = heights - 0.5 * len(names) * np.log(2 * np.pi)
    good, bad = heights + finite_logs(own), heights + finite_logs(1.0 - own)
    bad = bad - 0.5 * len(names) * np.log(wider)
    sums = []
    for k, name in enumerate(squares):
        logs = [f"({sql_number(good[k])} - 0.5e0 * {name})"]
        logs.append(f"({sql_number(bad[k])} - {sql_number(0.5 / wider[k])} * {name})")
        sums.append(_added(*logs))
    return Terms(tuple(sums), (whitened, squares))


def _added(one: str, other: str) -> str:
    """Return the logarithm of the sum of two numbers from theirs; no exponential is too small."""
    more = f"({one} - {other})"
    return (
        f"CASE WHEN {more} > 700e0 THEN {one} WHEN {more} < -700e0 THEN {other} "
        f"ELSE {other} + ln(1e0 + exp({more})) END"
    )


@terms_of.register
def _(family: FactorAnalyserFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    # |Ψ^(-½)(y - Λ z)|² + |z|² at the mean z of the factors: a sum of squares loses no digits.
    (n_components, n_columns), n_factors = parameters.means.shape, parameters.n_factors
    maps, heights = parameters.factor_maps()
    deviations = [
        [f"({name} - {sql_number(mean)})" for name, mean in zip(names, own, strict=True)]
        for own in parameters.means
    ]
    factors = {
        f"{prefix}f{k}_{q}": joined([times(maps[k, q, j], y) for j, y in enumerate(deviations[k])])
        for k, q in np.ndindex(n_components, n_factors)
    }
    widths, loadings = np.sqrt(parameters.noise), parameters.loadings
    rest = {
        f"{prefix}z{k}_{j}": f"({deviations[k][j]} - ("
        + joined([times(loadings[k, j, q], f"{prefix}f{k}_{q}") for q in range(n_factors)])
        + f")) / {sql_number(widths[k, j])}"
        for k, j in np.ndindex(n_components, n_columns)
    }
    heights = heights - 0.5 * n_columns * np.log(2 * np.pi)
    sums = []
    for k in range(n_components):
        squares = [_square(f"{prefix}z{k}_{j}") for j in range(n_columns)]
        squares += [_square(f"{prefix}f{k}_{q}") for q in range(n_factors)]
        sums.append(f"{sql_number(heights[k])} - 0.5e0 * ({joined(squares)})")
    return Terms(tuple(sums), (factors, rest))


@terms_of.register
def _(family: GammaFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    shapes, rates = parameters.shapes, parameters.rates
    heights = shapes * np.log(rates) - gammaln(shapes)
    return Terms(
        tuple(
            joined(
                [
                    known(
                        f"{sql_number(heights[k, j])} + {times(shapes[k, j], f'ln({name})')}"
                        f" - {times(rates[k, j], name)}"
                    )
                    for j, name in enumerate(names)
                ]
            )
            for k in range(len(shapes))
        )
    )


@terms_of.register
def _(family: BetaFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    alphas, betas = parameters.alphas, parameters.betas
    heights = beta_heights(alphas, betas)
    return Terms(
        tuple(
            joined(
                [
                    known(
                        f"{sql_number(heights[k, j])} + {times(alphas[k, j], f'ln({name})')}"
                        f" + {times(betas[k, j], f'ln(1e0 - {name})')}"
                    )
                    for j, name in enumerate(names)
                ]
            )
            for k in range(len(alphas))
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
    return Terms(tuple(joined([known(cells[k, j]) for j in every]) for k in range(len(own))))
