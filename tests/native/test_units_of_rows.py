"""M-steps where rows are counted in other units: sums of weights may be 1e-250 or 1e250."""

import numpy as np
import pytest

from mixtura.components.gaussian.structures.catalogue import STRUCTURES
from mixtura.native.updates import native_update

POWERS = (-830, -400, 400, 830)


def height(factors, scatter, rows):
    """Return what an M-step raises, of one row on average."""
    total, one = 0.0, scatter[0].ndim
    for k, n in enumerate(rows):
        factor, own = factors[k], scatter[k]
        width = own.shape[0]
        if one == 1:
            factor, own = np.diag(np.broadcast_to(factor, width)), np.diag(own)
        total += n * np.log(np.abs(np.diagonal(factor))).sum()
        total -= 0.5 * np.trace(factor.T @ own @ factor)
    return total / np.sum(rows)


def drawn(structure, width, rng):
    half = rng.normal(size=(3, width, 4 * width)) * rng.uniform(0.2, 3, (3, width, 1))
    rows = rng.uniform(2, 90, 3)
    whole = np.einsum("k,kij,klj->kil", rows / (4 * width), half, half)
    return whole if structure.storage == "full" else np.einsum("kii->ki", whole).copy(), rows


@pytest.mark.parametrize("floored", [False, True])
@pytest.mark.parametrize("width", [3, 12])
@pytest.mark.parametrize("code", sorted(STRUCTURES))
def test_an_m_step_is_as_high_in_any_unit_of_rows(code, width, floored):
    structure = STRUCTURES[code]
    rng = np.random.default_rng([width, floored, *code.encode()])
    scatter, rows = drawn(structure, width, rng)
    floor = rng.uniform(0.2, 2.0, width) if floored else None
    given = scatter.sum(axis=0) if structure.shares_covariance else scatter

    def found(power):
        unit = 2.0**power
        return height(
            native_update(code, given * unit, rows * unit, None, floor=floor), scatter, rows
        )

    ordinary = found(0)
    for power in POWERS:
        assert found(power) == pytest.approx(ordinary, abs=1e-7)
