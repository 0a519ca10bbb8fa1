"""Rows of factor analysers one by one: log densities, and what is nearest where there are none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.evaluator import FactorEvaluator
from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.tiles import FactorTile, FactorWorkspace

__all__ = ["nearest_shares", "row_log_density"]

Float = NDArray[np.float64]

LOG_TWO_PI = float(np.log(2 * np.pi))
# Numbers of a tile of rows at a time.
TILE = 1 << 17


def row_log_density(rows: NDArray[Any], parameters: FactorParameters) -> Float:
    """Return log N(x | μ_k, Λ_k Λ_kᵀ + Ψ_k) (n, K) of rows (n, D).

    Where a row is so far that its distance is beyond the floats, it is -inf.
    """
    n_rows, n_columns = rows.shape
    step = max(8, TILE // n_columns)
    # About the middle of the means, which may be far from the origin for their widths.
    origin = parameters.means.mean(axis=0)
    about = FactorParameters(parameters.means - origin, parameters.loadings, parameters.noise)
    evaluator = FactorEvaluator(np.zeros(parameters.n_components), about, products=False)
    workspace = FactorWorkspace(n_columns, min(step, n_rows))
    found = np.empty((parameters.n_components, n_rows))
    for start in range(0, n_rows, step):
        inside = slice(start, min(start + step, n_rows))
        tile = FactorTile.of(rows[inside], origin, np.ones(n_columns), workspace)
        evaluator.log_density(tile, found[:, inside])
    found -= 0.5 * n_columns * LOG_TWO_PI
    return np.where(np.isnan(found), -np.inf, found).T


def nearest_shares(rows: NDArray[Any], parameters: FactorParameters) -> Float:
    """Return 1 for the components (n, K) nearest in their own metric, shared where they tie.

    Distances are compared at a scale where their squares cannot overflow.
    """
    shrunk = np.asarray(rows, dtype=np.float64).T / 4
    scale = np.maximum(np.abs(shrunk).max(axis=0), np.abs(parameters.means).max() / 4)
    unit = np.sqrt(parameters.noise.max())
    found = []
    for k in range(parameters.n_components):
        one = parameters.take([k])
        centred = FactorParameters(0.0 * one.means, one.loadings / unit, one.noise / unit**2)
        deviations = (shrunk - one.means.T / 4) / scale
        workspace = FactorWorkspace(*deviations.shape)
        tile = FactorTile.of(deviations.T, centred.means[0], np.ones(len(shrunk)), workspace)
        found.append(FactorEvaluator(np.zeros(1), centred, products=False).distances(tile)[0])
    distances = np.array(found).T
    nearest = distances == distances.min(axis=1, keepdims=True)
    return nearest / nearest.sum(axis=1, keepdims=True)
