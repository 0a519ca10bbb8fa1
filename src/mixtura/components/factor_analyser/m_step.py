"""M-steps of factor analysers: conditional maxima, and factors of free covariance.

Given the factors' posterior, loadings are maximised under the noise there was, and noise under the
new loadings (McNicholas and Murphy 2008, with AECM's second cycle: scatter is about new means).
The factors' own covariance is then taken into the loadings: parameter expansion (Liu, Rubin and Wu
1998), which raises the same objective in fewer steps.
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.components.factor_analyser.parameters import VANISHED, FactorParameters
from mixtura.components.factor_analyser.structures import FactorStructure
from mixtura.errors import ParameterError

__all__ = ["floored_noise", "maximised"]

Float = NDArray[np.float64]

# Of a column's variance, of rows and of loadings, what rounding leaves of a noise variance of none.
ROUNDED_AWAY = 1e-12


def maximised(
    form: FactorStructure, moments: FactorMoments, previous: FactorParameters, floor: Float
) -> FactorParameters:
    """Return parameters of a higher expected log-likelihood than the previous ones.

    Parameters
    ----------
    floor : (D,) least noise variances, zero where there are none

    Raises
    ------
    ParameterError
        If a noise variance reaches zero, and no floor keeps it, or factors have no scatter left.
    """
    rows = moments.effective_rows
    gone = rows <= VANISHED
    means = np.where(gone[:, None], previous.means, moments.means)
    # What has no rows adds nothing to what components share.
    kept = ~gone[:, None, None]
    crossed, inner = kept * moments.crossed, kept * moments.factor_scatter()
    try:
        loadings = _loadings(form, crossed, inner, gone, previous)
    except np.linalg.LinAlgError as error:
        raise ParameterError(
            "the factors of some component have no scatter left; take fewer factors or components, "
            "or the default prior"
        ) from error
    left = kept[:, 0] * moments.scatter - 2.0 * (loadings * crossed).sum(axis=2)
    left += ((loadings @ inner) * loadings).sum(axis=2)
    loadings = _reduced(form, loadings, inner, rows)
    # A component of one row has no scatter, and where loadings are shared it has theirs.
    lost = moments.scatter + rows[:, None] * (loadings**2).sum(axis=2)
    return FactorParameters(
        means, loadings, floored_noise(form, left, rows, lost, previous.noise, floor)
    )


def _loadings(
    form: FactorStructure,
    crossed: Float,
    inner: Float,
    gone: NDArray[np.bool_],
    previous: FactorParameters,
) -> Float:
    """Return the loadings (K, D, q) that maximise under the noise there was."""
    if not form.shares_loadings:
        own = np.array(previous.loadings, dtype=np.float64)
        sides = crossed[~gone].transpose(0, 2, 1)
        own[~gone] = np.linalg.solve(inner[~gone], sides).transpose(0, 2, 1)
        return own
    n_components = len(crossed)
    if form.shares_noise:
        one = np.linalg.solve(inner.sum(axis=0), crossed.sum(axis=0).T).T
    elif form.isotropic:
        precisions = 1.0 / previous.noise[:, :1, None]
        sides = (precisions * inner).sum(axis=0), (precisions * crossed).sum(axis=0)
        one = np.linalg.solve(sides[0], sides[1].T).T
    else:
        precisions = 1.0 / previous.noise
        sides = np.einsum("kd,kpq->dpq", precisions, inner)
        one = np.linalg.solve(sides, (precisions[:, :, None] * crossed).sum(axis=0)[:, :, None])
        one = one[:, :, 0]
    return np.repeat(np.asarray(one, dtype=np.float64)[None], n_components, axis=0)


def floored_noise(
    form: FactorStructure,
    left: Float,
    rows: Float,
    lost: Float,
    previous: Float,
    floor: Float,
) -> Float:
    """Return noise variances (K, D) by what loadings leave of the scatter, and above a floor.

    Parameters
    ----------
    left : (K, D) Σ w r (d - Λ z)²
    lost : (K, D) the sums of which digits of `left` are lost
    previous : (K, D) for components without rows
    """
    counted = np.maximum(rows, VANISHED)[:, None]
    if form.shares_noise:
        left, lost = (np.repeat(a.sum(axis=0)[None], len(a), axis=0) for a in (left, lost))
        counted = np.full_like(counted, counted.sum())
    if form.isotropic:
        left, lost, floor = (
            np.broadcast_to(a, left.shape)
            for a in (
                left.mean(axis=1, keepdims=True),
                lost.mean(axis=1, keepdims=True),
                floor.max(initial=0.0),
            )
        )
    noise = np.maximum(left / counted, floor)
    gone = (rows <= VANISHED) & (not form.shares_noise)
    noise = np.where(gone[:, None], np.maximum(previous, floor), noise)
    nothing = noise <= ROUNDED_AWAY * lost / counted
    if nothing.any():
        component, column = np.argwhere(nothing)[0]
        raise ParameterError(
            f"the noise variance of column {column} reaches zero in component {component}; use "
            "prior='weak', fewer factors or fewer components"
        )
    return noise


def _reduced(form: FactorStructure, loadings: Float, inner: Float, rows: Float) -> Float:
    """Return loadings (K, D, q) of factors of unit variance, where those of a step have others."""
    if form.shares_loadings:
        spread = inner.sum(axis=0) / max(float(rows.sum()), VANISHED)
        return loadings @ np.linalg.cholesky(spread)
    kept = (rows > VANISHED)[:, None, None]
    own = inner / np.maximum(rows, VANISHED)[:, None, None]
    return loadings @ np.linalg.cholesky(np.where(kept, own, np.eye(inner.shape[1])))
