"""Gaussian mixture regression: what some columns are expected to be, given others, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.partition import conditional
from mixtura.components.positions import positions
from mixtura.errors import DataError, ParameterError
from mixtura.mixture.mixture import CHUNK_ROWS, Mixture

__all__ = ["Regression", "regression"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Regression:
    """The rest of the columns given some.

    Attributes
    ----------
    means : (N, R) E[x_r | x_g]
    covariances : (N, R, R) Cov[x_r | x_g]
    columns : (R,) the positions of the rest
    """

    means: Float
    covariances: Float
    columns: tuple[int, ...]


def regression(mixture: Mixture, given: Sequence[int | str], values: ArrayLike) -> Regression:
    """Return means and covariances of the other columns given rows of some.

    With h_k(x_g) the posterior probabilities given those columns and m_k the components' own
    regressions, E = Σ h_k m_k and Cov = Σ h_k (Σ_k + m_k m_kᵀ) - E Eᵀ (Ghahramani and Jordan 1994).

    Parameters
    ----------
    mixture : Gaussian
    given : positions or names of G columns
    values : (N, G) what they are

    Raises
    ------
    ParameterError
        If the mixture is not Gaussian, or no column is left.
    DataError
        If the values are no such array.
    """
    if not isinstance(mixture.family, GaussianFamily):
        raise ParameterError("regression is for Gaussian mixtures; see Mixture.conditional")
    known = positions(given, mixture.columns, mixture.n_columns)
    rest = [column for column in range(mixture.n_columns) if column not in known]
    if not known or not rest:
        raise ParameterError("some columns should be given and some be left")
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != len(known) or not np.isfinite(rows).all():
        raise DataError(f"values should be (N, {len(known)}) finite numbers")
    parts = conditional(mixture.parameters, known, rest)
    margin = mixture.coded.marginal(known)
    own: Any = parts.rest.covariance.dense()
    means = np.empty((len(rows), len(rest)))
    covariances = np.empty((len(rows), len(rest), len(rest)))
    for start in range(0, len(rows), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        responsibilities, each = margin.responsibilities(rows[part]), parts.means(rows[part])
        means[part] = np.einsum("nk,nkr->nr", responsibilities, each)
        deviations = each - means[part, None]
        covariances[part] = np.einsum("nk,kij->nij", responsibilities, own)
        covariances[part] += np.einsum("nk,nki,nkj->nij", responsibilities, deviations, deviations)
    return Regression(means, covariances, tuple(rest))
