"""Rows measured with errors of their own, and models to begin with."""

import numpy as np

from mixtura.components.gaussian.structures import structure
from mixtura.components.measured.family import MeasuredFamily
from mixtura.data import ArrayRows
from mixtura.em.model import Model
from mixtura.em.sweep import Sweep
from mixtura.engines import engine_named

__all__ = ["SERIAL", "family_of", "problem", "started"]

SERIAL = engine_named("serial", None)


def problem(n_columns, has_covariances, missing, n=131):
    """Return cells (n, D), errors and row weights, some cells not measured."""
    rng = np.random.default_rng([n_columns, has_covariances])
    cells = rng.normal(size=(n, n_columns)) * 3 + 40
    half = rng.normal(size=(n, n_columns, n_columns)) * rng.uniform(0.01, 2, size=(n, 1, 1))
    errors = half @ half.mT
    unseen = rng.random(cells.shape) < missing
    variances = np.where(unseen, np.inf, np.diagonal(errors, axis1=1, axis2=2))
    if not has_covariances:
        return cells, variances, rng.uniform(0.5, 2, n)
    places = np.arange(n_columns)
    errors[:, places, places] = variances
    return cells, errors, rng.uniform(0.5, 2, n)


def family_of(code, cells, errors):
    columns = cells.mean(axis=0), cells.std(axis=0), np.ones(cells.shape[1])
    return MeasuredFamily.measuring(structure(code), *columns, has_covariances=errors.ndim == 3)


def started(family, cells, errors, weights, k=3):
    """Return a sweep, and a model as an M-step makes it of drawn responsibilities."""
    rng = np.random.default_rng(7)
    sweep = Sweep(family, ArrayRows(family.layout.joined(cells, errors), weights), SERIAL)
    shares = rng.dirichlet(np.ones(k), size=len(cells))
    moments = sweep.from_responsibilities(shares)
    parameters = family.maximise(moments, None, sweep.prior("weak", k))
    return sweep, Model(np.log([0.2, 0.3, 0.5]), parameters)
