"""Means that are held or equal, where covariances are given, against 60 digits."""

import mpmath
import numpy as np
import pytest

from mixtura.components.constrained.means import bound_means
from mixtura.components.gaussian.covariance import FullCovariance

N_COMPONENTS, WIDTH = 2, 5


def lost_by(means, rows, centres, factors):
    """Return half of Σ N_k |Uᵀ_k (x̄_k - μ_k)|², in 60 digits."""
    total = mpmath.mpf(0)
    for n, centre, mean, factor in zip(rows, centres, means, factors, strict=True):
        shift = mpmath.matrix(list(map(mpmath.mpf, map(float, centre)))) - mean
        along = mpmath.matrix(factor.tolist()).T * shift
        total += mpmath.mpf(float(n)) * sum(a * a for a in along) / 2
    return total


def least(rows, centres, factors, number, values):
    """Return the least that is lost, by the normal equations of all free numbers."""
    size = int(number.max()) + 1
    matrix, right = mpmath.zeros(size), mpmath.zeros(size, 1)
    for k in range(N_COMPONENTS):
        factor = mpmath.matrix(factors[k].tolist())
        information = factor * factor.T * mpmath.mpf(float(rows[k]))
        for i in range(WIDTH):
            if number[k, i] < 0:
                continue
            for j in range(WIDTH):
                entry = information[i, j]
                right[int(number[k, i])] += entry * mpmath.mpf(float(centres[k, j]))
                if number[k, j] < 0:
                    right[int(number[k, i])] -= entry * mpmath.mpf(float(values[k, j]))
                else:
                    matrix[int(number[k, i]), int(number[k, j])] += entry
    solved = mpmath.lu_solve(matrix, right)
    means = [
        mpmath.matrix(
            [
                solved[int(number[k, j])] if number[k, j] >= 0 else mpmath.mpf(float(values[k, j]))
                for j in range(WIDTH)
            ]
        )
        for k in range(N_COMPONENTS)
    ]
    return lost_by(means, rows, centres, factors)


@pytest.mark.parametrize("flat", [1.0, 1e-3, 1e-6])
@pytest.mark.parametrize("tied", [0, 1, 2])
@pytest.mark.parametrize("held", [False, True])
def test_bound_means_lose_the_least_whatever_is_flat(flat, tied, held):
    rng = np.random.default_rng([tied, held, int(-np.log10(flat))])
    rows, centres = rng.uniform(1, 9, N_COMPONENTS), rng.normal(size=(N_COMPONENTS, WIDTH))
    values = np.full(centres.shape, np.nan)
    ties = np.zeros(centres.shape, dtype=np.intp)
    ties[:, :tied] = np.arange(1, tied + 1)
    if held:
        values[0, 3] = 0.25
    spreads = []
    for _ in range(N_COMPONENTS):
        turn = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))[0]
        spreads.append(turn * [1.0, 0.7, flat**2, flat**2, 0.4] @ turn.T)
    factors = np.linalg.inv(np.linalg.cholesky(np.array(spreads))).transpose(0, 2, 1)
    number = np.arange(centres.size).reshape(centres.shape)
    number[:, :tied] = number[0, :tied]
    number[~np.isnan(values)] = -1
    number[number >= 0] = np.unique(number[number >= 0], return_inverse=True)[1]
    with mpmath.workdps(60):
        found = bound_means(rows, centres, FullCovariance(factors), values, ties)
        exact = [mpmath.matrix(list(map(float, mean))) for mean in found]
        best = least(rows, centres, factors, number, values)
        assert lost_by(exact, rows, centres, factors) - best <= 1e-9 * (1 + best)
    assert (found[0, :tied] == found[1, :tied]).all()
    assert not held or found[0, 3] == 0.25
