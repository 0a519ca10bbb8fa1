"""The compiled M-step above a floor against the one in NumPy."""

import numpy as np
import pytest
from nightly import first
from scatters import scatter_for
from structures_oracle import ORACLES, floored

from mixtura.components.gaussian.structures import CODES
from mixtura.components.gaussian.structures.floor import is_above
from mixtura.native.updates import native_update

pytestmark = pytest.mark.drawn(5)

COMMON_AXES = ("EVE", "VVE")
TURNED = ("EEV", "VEV")
FLOORS = ("all", "one", "some")
FREE = [code for code in CODES if code not in (*COMMON_AXES, *TURNED)]


def random_case(seed, floors):
    """Return scatters of 1 to 6 components in 1 to 6 columns, rows and floors that bind some."""
    rng = np.random.default_rng(seed)
    n_components, n_columns = int(rng.integers(1, 7)), int(rng.integers(1, 7))
    rows = rng.uniform(10, 80, n_components)
    samples = rng.standard_normal((n_components, 4 * n_columns, n_columns))
    mixing = np.eye(n_columns) + 0.4 * rng.standard_normal((n_components, n_columns, n_columns))
    samples = samples @ mixing * 10 ** rng.uniform(-1, 1, n_components)[:, None, None]
    scatter = samples.transpose(0, 2, 1) @ samples * (rows / 4 / n_columns)[:, None, None]
    scatter[rng.random(n_components) < 0.2] *= 1e-5
    floor = 0.3 * np.exp(rng.uniform(-1, 1, n_columns))
    if floors == "one":
        floor[:] = 0.3
    if floors == "some":
        floor[rng.random(n_columns) < 0.5] = 0.0
    return scatter, rows, floor


def attained(factors, scatter, rows):
    """Return Σ_k [N_k log|Σ_k⁻¹| - tr(Σ_k⁻¹ W_k)]."""
    n_columns = scatter.shape[1]
    if factors.ndim < 3:
        factors = np.eye(n_columns) * factors.reshape(len(factors), -1, 1)
    logs = 2 * np.log(factors.diagonal(axis1=1, axis2=2)).sum(axis=1)
    white = factors.transpose(0, 2, 1) @ scatter @ factors
    return float(rows @ logs - np.einsum("kdd->", white))


@pytest.mark.parametrize("floors", FLOORS)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("n_cases", first(1, [15, 60]))
def test_it_ends_as_high_as_the_oracle(n_cases, code, floors):
    differences = []
    for seed in range(n_cases):
        scatter, rows, floor = random_case(seed, floors)
        given = scatter_for(code, scatter)
        found = native_update(code, given, rows, floor=floor)
        expected = floored(ORACLES[code], given, rows, None, floor)
        assert found.shape == expected.shape
        assert is_above(found, floor)
        higher = attained(found, scatter, rows) - attained(expected, scatter, rows)
        differences.append(higher / rows.sum())
    if code in COMMON_AXES:
        # Searches that begin alike may end in two places, either of them the higher.
        assert np.mean(differences) > -0.01
    else:
        assert np.abs(differences).max() < (1e-6 if code in FREE or floors == "one" else 1e-4)


@pytest.mark.parametrize("code", first(3, ["VVV", "EVV", "VEE", "EVE", "EEV"]))
def test_a_floor_is_kept_in_many_columns(code):
    rng = np.random.default_rng(1)
    samples = rng.standard_normal((2, 300, 70)) * rng.uniform(0.2, 2, 70)
    scatter, rows = samples.transpose(0, 2, 1) @ samples, np.full(2, 300.0)
    floor = np.where(np.arange(70) % 3 == 0, 0.5, 0.0)
    found = native_update(code, scatter, rows, floor=floor)
    assert is_above(found, floor)
    expected = floored(ORACLES[code], scatter, rows, None, floor)
    # Common axes of scatters that have none are local maxima, many and apart.
    missed = 0.05 if code in COMMON_AXES else 1e-6
    assert attained(found, scatter, rows) >= attained(expected, scatter, rows) - missed * 600


@pytest.mark.parametrize("code", CODES)
def test_an_update_above_the_floor_is_the_plain_one_to_the_bit(code):
    for seed in range(20):
        scatter, rows, floor = random_case(seed, "some")
        given = scatter_for(code, scatter)
        plain = native_update(code, given, rows)
        for low in (0.0 * floor, 1e-12 * floor):
            np.testing.assert_array_equal(native_update(code, given, rows, floor=low), plain)


@pytest.mark.parametrize("floors", FLOORS)
@pytest.mark.parametrize("code", FREE)
def test_nothing_lower_than_what_was_before_is_returned(code, floors):
    for seed in range(20):
        scatter, rows, floor = random_case(seed, floors)
        given = scatter_for(code, scatter)
        nearby = scatter_for(code, scatter * np.linspace(0.7, 1.4, len(rows))[:, None, None])
        previous = native_update(code, nearby, rows, floor=floor)
        before = attained(previous, scatter, rows)
        for _ in range(3):
            previous = native_update(code, given, rows, previous, floor=floor)
            after = attained(previous, scatter, rows)
            assert after >= before - 1e-9 * rows.sum()
            before = after
