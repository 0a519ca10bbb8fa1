"""Volumes of components of one shape against the minimum by fifty digits (VEI, VEE and VEV)."""

from typing import Any

import numpy as np
import pytest
from mpmath import matrix, mp, mpf

from mixtura.native.updates import native_update

EPS = np.finfo(float).eps


def drawn(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return scatters (K, D, D) of unlike sizes, thin by up to 1e-5 in some direction, and rows."""
    n_components, n_columns = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    shared, scatters, rows = rng.normal(size=(n_columns, n_columns)), [], []
    thin = 10.0 ** rng.uniform(-5, 0)
    for _ in range(n_components):
        n_rows = int(rng.integers(n_columns + 2, 60))
        own = shared + 0.3 * rng.normal(size=shared.shape)
        cells = rng.normal(size=(n_rows, n_columns)) @ own * 10.0 ** rng.uniform(-2, 2)
        cells[:, 0] = cells[:, 1:].sum(axis=1) * (1 + thin * rng.normal(size=n_rows))
        scatters.append(cells.T @ cells)
        rows.append(n_rows * rng.uniform(0.1, 3.0))
    return np.array(scatters), np.array(rows)


def minimised(scatters: list[Any], rows: list[Any]) -> Any:
    """Return the M-step's objective at its maximum, by Newton's steps in -log λ_k."""
    n_components, n_columns, total = len(rows), scatters[0].rows, sum(rows)
    shares, size = [each / total for each in rows], range(len(rows))

    def trace(square: Any) -> Any:
        return sum(square[i, i] for i in range(n_columns))

    def value(u: list[Any]) -> tuple[Any, Any]:
        whole = matrix(n_columns, n_columns)
        for k in size:
            whole += mp.exp(u[k]) * scatters[k]
        middle = sum(share * each for share, each in zip(shares, u, strict=True))
        return mp.log(mp.det(whole)) - n_columns * middle, whole

    u = [mp.log(rows[k] * n_columns / trace(scatters[k])) for k in size]
    now, whole = value(u)
    for _ in range(200):
        inverse = whole**-1
        parts = [mp.exp(u[k]) * (inverse * scatters[k]) for k in size]
        slope = matrix([n_columns * shares[k] - trace(parts[k]) for k in size])
        if max(abs(each) for each in slope) < mpf(10) ** -22:
            break
        curved = matrix(n_components, n_components)
        for k in size:
            for other in size:
                curved[k, other] = n_columns * shares[k] * shares[other]
                curved[k, other] -= trace(parts[k] * parts[other])
            curved[k, k] += trace(parts[k])
        step = mp.lu_solve(curved, slope)
        step *= min(mpf(1), 3 / max(abs(each) for each in step))
        while (then := value([a + b for a, b in zip(u, step, strict=True)]))[0] > now:
            step /= 2
        u, (now, whole) = [a + b for a, b in zip(u, step, strict=True)], then
    return -total / 2 * (now - n_columns * mp.log(total) + n_columns)


def objective(factors: np.ndarray, scatters: list[Any], rows: list[Any]) -> Any:
    found = mpf(0)
    for factor, scatter, count in zip(factors.tolist(), scatters, rows, strict=True):
        upper = matrix(factor)
        white = upper.T * scatter * upper
        for j in range(upper.rows):
            found += count * mp.log(abs(upper[j, j])) - white[j, j] / 2
    return found


@pytest.mark.parametrize("code", ["VEI", "VEE", "VEV"])
def test_no_volumes_and_shape_are_better_but_for_rounding(code: str, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    for _ in range(6):
        scatter, rows = drawn(rng)
        if code == "VEE":
            given = own = scatter
        else:
            # Of one spectrum along axes of their own only the eigenvalues in order count.
            values = (
                np.linalg.eigvalsh(scatter)
                if code == "VEV"
                else np.vecdot(scatter, np.eye(scatter.shape[1]))
            )
            own = values[:, :, None] * np.eye(scatter.shape[1])
            given = own if code == "VEV" else values
        factors = native_update(code, given, rows)
        if factors.ndim < 3:
            factors = factors[:, :, None] * np.eye(scatter.shape[1])
        units = np.sqrt(np.einsum("kdd->d", own))
        condition = np.linalg.cond(own.sum(axis=0) / np.outer(units, units))
        with mp.workdps(50):
            exact = [matrix(each) for each in own.tolist()], [mpf(each) for each in rows.tolist()]
            missed = float(minimised(*exact) - objective(factors, *exact))
        # The end is where the slope is nothing, so that rounding counts by its square.
        assert missed < rows.sum() * (1e-12 + (EPS * condition) ** 2)
