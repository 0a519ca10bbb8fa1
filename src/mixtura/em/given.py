"""A mixture as it was given, on rows: what a fit says of its end, though nothing was fitted."""

from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from mixtura.components.resuming import Seen
from mixtura.em.history import History
from mixtura.em.model import Model
from mixtura.em.options import log_weights_of
from mixtura.em.solve import FitResult
from mixtura.em.stopping import Ending
from mixtura.mixture import Mixture

__all__ = ["as_given"]

Float = NDArray[np.float64]


def as_given(
    mixture: Mixture, rows: Any, weights: Float | None = None, excess_each: Float | None = None
) -> FitResult:
    """Return a mixture on rows, by its densities there.

    Parameters
    ----------
    mixture : whatever it was fitted to
    rows : (N, D) as `Mixture.encode` returns them
    weights : (N,) row weights, or None where each counts one
    excess_each : (K,) as `FitResult` has it, where that is known
    """
    began = perf_counter()
    density, shares = mixture.coded.density_and_responsibilities(rows)
    counted = np.ones(len(density)) if weights is None else weights
    log_likelihood = float(counted @ density)
    return FitResult(
        mixture=mixture,
        model=Model(log_weights_of(mixture.weights), mixture.parameters),
        log_likelihood=log_likelihood,
        log_largest=float(counted @ np.log(shares.max(axis=1))),
        entropy=float(counted @ entr(shares).sum(axis=1)),
        effective_rows=counted @ shares,
        history=History(),
        ending=Ending.GIVEN,
        starts_agreeing=0,
        n_starts=0,
        n_rows=len(density),
        total_weight=float(counted.sum()),
        seconds=perf_counter() - began,
        remaining_gain=np.inf,
        # Of which nothing goes on.
        seen=Seen(mixture.family, None, log_likelihood, 0.0, len(density)),
        excess_each=excess_each,
    )
