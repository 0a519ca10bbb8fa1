"""The M-step never lowers the objective where scatters are singular but for rounding (row 30)."""

import mpmath
import numpy as np
import pytest

from mixtura.native.updates import SingularCovariance, native_update


def objective(factors: np.ndarray, scatter: np.ndarray, rows: np.ndarray) -> float:
    """Return the M-step's objective by 60 digits."""
    total = mpmath.mpf(0)
    with mpmath.workdps(60):
        for factor, own, count in zip(factors.tolist(), scatter.tolist(), rows, strict=True):
            upper = mpmath.matrix(factor)
            white = upper.T * mpmath.matrix(own) * upper
            for j in range(len(factor)):
                total += float(count) * mpmath.log(upper[j, j]) - white[j, j] / 2
    return float(total)


def nearly_singular(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (3, n, D), of which one column is another but for 1e-7, and weights."""
    n_columns = int(rng.integers(3, 6))
    n_rows = int(rng.integers(n_columns + 2, n_columns + 6))
    scales = 10.0 ** rng.uniform(-7, 7, n_columns)
    cells = rng.standard_normal((3, n_rows, n_columns)) * scales
    widest = int(np.argmax(scales))
    copy = (widest + int(rng.integers(1, n_columns))) % n_columns
    apart = scales[widest] * 10.0 ** rng.uniform(-7.2, -6.5) * np.array([[1], [3], [3]])
    cells[:, :, copy] = cells[:, :, widest] + apart * rng.standard_normal((3, n_rows))
    return cells, rng.uniform(0.5, 1.0, (3, n_rows))


@pytest.mark.parametrize("code", ["EEV", "VEV", "EVE", "VVE", "VEE", "EVV", "VVV"])
def test_row_30_an_m_step_about_the_border_of_singular_is_not_lower(
    code: str, fresh_seed: int
) -> None:
    rng = np.random.default_rng(fresh_seed)
    for _ in range(20):
        cells, weights = nearly_singular(rng)
        axes = np.empty(2 * cells.shape[2:]) if code in ("EVE", "VVE") else None
        nearby = weights * (1 + 1e-3 * rng.standard_normal(weights.shape))
        scatters = [np.einsum("kn,kni,knj->kij", w, cells, cells) for w in (nearby, weights)]
        rows = weights.sum(axis=1)
        try:
            before = native_update(code, scatters[0], nearby.sum(axis=1), None, axes)
            found = native_update(code, scatters[1], rows, before, axes)
        except SingularCovariance:
            continue
        # Rounding of such a scatter is worth hundredths of a nat, and a lost direction a half.
        assert objective(found, scatters[1], rows) > objective(before, scatters[1], rows) - 0.03
