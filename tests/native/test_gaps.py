"""The compiled sweep of rows with missing cells is a loop over rows, whatever the patterns."""

from ctypes import byref
from typing import Any, NamedTuple

import numpy as np
import pytest
from mixed_tiles import CellRows, swept_parts
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixtura.arrays import order_by_pattern
from mixtura.components.gaussian.features import feature_map
from mixtura.native import library
from mixtura.native.gaps import GappyRows
from mixtura.native.parts import DensePart, readable

pytestmark = pytest.mark.drawn(5)

Float = NDArray[np.float64]


class Normals(NamedTuple):
    """K components in D columns."""

    log_weights: Float
    means: Float
    covariances: Float

    @classmethod
    def drawn(cls, n_components: int, n_columns: int, *, diagonal: bool = False) -> "Normals":
        """Return components that overlap."""
        rng = np.random.default_rng(100 * n_components + n_columns)
        roots = rng.normal(size=(n_components, n_columns, 2 * n_columns))
        covariances = roots @ roots.swapaxes(1, 2) / (2 * n_columns) + 0.1 * np.eye(n_columns)
        if diagonal:
            covariances = covariances * np.eye(n_columns)
        weights = rng.dirichlet(np.full(n_components, 5.0))
        return cls(np.log(weights), rng.normal(0, 2, (n_components, n_columns)), covariances)

    def natural(self, *, diagonal: bool = False) -> Float:
        """Return θ (K, P) of [x, 1, products], without log 2π."""
        precisions = np.linalg.inv(self.covariances)
        linear = np.einsum("kij,kj->ki", precisions, self.means)
        constants = self.log_weights + 0.5 * np.linalg.slogdet(precisions)[1]
        constants = constants - 0.5 * (linear * self.means).sum(axis=1)
        quadratic = (
            -0.5 * np.einsum("kii->ki", precisions)
            if diagonal
            else feature_map("full").quadratic(precisions)
        )
        return np.ascontiguousarray(np.column_stack([linear, constants, quadratic]))


class Step(NamedTuple):
    """What a sweep finds."""

    sums: Float
    squared: Float
    log_likelihood: float
    log_largest: float
    entropies: Float


def log_densities(rows: Float, normals: Normals) -> Float:
    """Return log π_k + log N(x_o) (K, n), without log 2π."""
    found = np.tile(normals.log_weights[:, None], len(rows))
    for i, row in enumerate(rows):
        seen = ~np.isnan(row)
        if seen.any():
            for k, (mean, spread) in enumerate(zip(*normals[1:], strict=True)):
                law: Any = multivariate_normal(mean[seen], spread[np.ix_(seen, seen)])
                found[k, i] += law.logpdf(row[seen]) + 0.5 * seen.sum() * np.log(2 * np.pi)
    return found


def by_rows(
    rows: Float, weights: Float, normals: Normals, logs: Float, *, diagonal: bool = False
) -> Step:
    """Return what one E-step adds up to, one row after the other."""
    n_components, n_columns = normals.means.shape
    shares = np.exp(logs - logsumexp(logs, axis=0))
    first, entropies = np.zeros((n_components, n_columns)), np.zeros(n_components)
    second = np.zeros((n_components, n_columns, n_columns))
    for row, held in zip(rows, (shares * weights).T, strict=True):
        seen, gap = ~np.isnan(row), np.isnan(row)
        for k, (mean, spread) in enumerate(zip(*normals[1:], strict=True)):
            gains = spread[np.ix_(gap, seen)] @ np.linalg.inv(spread[np.ix_(seen, seen)])
            rest = spread[np.ix_(gap, gap)] - gains @ spread[np.ix_(seen, gap)]
            filled = np.where(seen, row, 0.0)
            filled[gap] = mean[gap] + gains @ (row - mean)[seen]
            first[k] += held[k] * filled
            second[k] += held[k] * np.outer(filled, filled)
            second[k][np.ix_(gap, gap)] += held[k] * rest
            entropies[k] += 0.5 * held[k] * np.linalg.slogdet(rest)[1]
    products = np.einsum("kii->ki", second) if diagonal else feature_map("full").products_of(second)
    return Step(
        np.column_stack([first, shares @ weights, products]),
        shares**2 @ weights,
        float(weights @ logsumexp(logs, axis=0)),
        float(weights @ np.log(shares.max(axis=0))),
        entropies,
    )


def gappy(n_rows: int, n_columns: int, share: float, seed: int = 0) -> Float:
    """Return rows by patterns, some cells missing, in the first all of them."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 2, (n_rows, n_columns))
    rows[rng.random(rows.shape) < share] = np.nan
    rows[0] = np.nan
    return rows[order_by_pattern(rows)]


def in_own_units(rows: NDArray[Any]) -> GappyRows:
    """Return rows in a frame that changes nothing."""
    n_columns = rows.shape[1]
    return GappyRows(readable(rows), np.zeros(n_columns), np.ones(n_columns), np.zeros(n_columns))


def swept(rows: GappyRows, natural: Float, weights: Float | None, excluded: Any = None) -> Step:
    """Return what compiled code finds."""
    sums, squared, values, entropies = rows.sweep(natural, [len(natural)], weights, excluded)
    return Step(sums, squared, *values[0], entropies)


def assert_same(found: Step, expected: Step, digits: float = 1e-11) -> None:
    for one, other in zip(found, expected, strict=True):
        size = max(1e-6, np.abs(other).max())
        assert_allclose(one, other, rtol=0, atol=digits * size)


# Many rows of few patterns go by sweeps of complete rows, others four, two or one at a time.
CASES = [
    (1, 1, 40, 0.3),
    (2, 1, 9, 0.5),
    (3, 4, 2, 0.3),
    (1, 3, 500, 0.1),
    (2, 5, 700, 0.2),
    (3, 3, 400, 0.02),
    (8, 4, 200, 0.5),
    (9, 6, 150, 0.2),
    (17, 5, 80, 0.3),
    (32, 4, 60, 0.3),
    (3, 20, 60, 0.1),
    (2, 14, 30, 0.8),
    (4, 12, 40, 0.9),
]


@pytest.mark.parametrize("diagonal", [False, True], ids=["full", "diagonal"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_a_sweep_is_a_loop_over_rows(case: Any, diagonal: bool) -> None:
    n_components, n_columns, n_rows, share = case
    normals = Normals.drawn(n_components, n_columns, diagonal=diagonal)
    natural, rows = normals.natural(diagonal=diagonal), gappy(n_rows, n_columns, share)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, n_rows)
    logs = log_densities(rows, normals)
    compiled = in_own_units(rows)
    assert_allclose(compiled.densities(natural), logs, rtol=0, atol=1e-11 * np.abs(logs).max())
    expected = by_rows(rows, weights, normals, logs, diagonal=diagonal)
    assert_same(swept(compiled, natural, weights), expected)
    ones = np.ones(n_rows)
    assert_same(swept(compiled, natural, None), swept(compiled, natural, ones), 1e-13)
    shares = np.exp(logs - logsumexp(logs, axis=0))
    for given, own in ((shares * weights, None), (np.asfortranarray(shares), weights)):
        sums, entropies = compiled.totals(natural, given, own)
        assert_same(expected._replace(sums=sums, entropies=entropies), expected)


def test_the_order_of_rows_and_columns_does_not_matter() -> None:
    normals, rows = Normals.drawn(3, 5), gappy(300, 5, 0.3)
    found = swept(in_own_units(rows), normals.natural(), None)
    rng = np.random.default_rng(2)
    shuffled = rows[rng.permutation(300)]
    assert_same(swept(in_own_units(shuffled), normals.natural(), None), found, 1e-13)
    turn = rng.permutation(5)
    turned = Normals(
        normals.log_weights,
        normals.means[:, turn],
        normals.covariances[:, turn[:, None], turn],
    )
    other = swept(in_own_units(rows[:, turn]), turned.natural(), None)
    assert_allclose(other.sums[:, :5], found.sums[:, turn], rtol=1e-11, atol=1e-9)
    assert_same(other._replace(sums=found.sums), found, 1e-12)


def test_a_weight_is_a_row_repeated_and_zero_a_row_left_out() -> None:
    normals, rows = Normals.drawn(4, 4), gappy(200, 4, 0.2)
    times = np.random.default_rng(3).integers(0, 3, 200)
    repeated = in_own_units(np.repeat(rows, times, axis=0))
    found = swept(in_own_units(rows), normals.natural(), times.astype(np.float64))
    assert_same(found, swept(repeated, normals.natural(), None), 1e-12)


@pytest.mark.parametrize("n_rows", [5, 63, 2000])
def test_complete_rows_give_what_the_sweep_of_complete_rows_gives(n_rows: int) -> None:
    normals = Normals.drawn(3, 4)
    rows = np.random.default_rng(4).normal(size=(n_rows, 4))
    natural = normals.natural()
    part = DensePart(natural, (np.zeros(4), np.ones(4)))
    (sums,), squared, values = swept_parts((part,), [3], CellRows(rows), None)
    found = swept(in_own_units(rows), natural, None)
    assert_same(found, Step(sums, squared, *values[0], np.zeros(3)), 1e-13)


def test_cells_are_read_where_they_are_and_brought_into_the_frame() -> None:
    normals, rows = Normals.drawn(3, 4), gappy(200, 4, 0.2)
    origin, scale = np.array([1.0, -2.0, 5.0, 0.0]), np.array([0.5, 1.0, 2.0, 3.0])
    moved = rows / scale + origin
    plain = swept(in_own_units(rows), normals.natural(), None)
    wide = np.full((200, 9), 7.0)
    wide[:, 1::2] = moved
    for cells in (moved, np.asfortranarray(moved), wide[:, 1::2], moved.astype(np.float32)):
        found = swept(GappyRows(cells, origin, scale, np.zeros(4)), normals.natural(), None)
        assert_same(found, plain, 1e-5 if cells.dtype == np.float32 else 1e-12)
    single = moved.astype(np.float32)
    double = GappyRows(single.astype(np.float64), origin, scale, np.zeros(4))
    found = GappyRows(single, origin, scale, np.zeros(4))
    assert_same(swept(found, normals.natural(), None), swept(double, normals.natural(), None), 0)


def test_mixtures_of_a_stack_are_those_alone() -> None:
    one, other, rows = Normals.drawn(3, 4), Normals.drawn(9, 4), in_own_units(gappy(200, 4, 0.2))
    sums, squared, values, entropies = rows.sweep(
        np.vstack([one.natural(), other.natural()]), [3, 9], None, None
    )
    for own, part, value in zip((one, other), (slice(3), slice(3, 12)), values, strict=True):
        alone = swept(rows, own.natural(), None)
        found = Step(sums[part], squared[part], *value, entropies[part])
        for each, expected in zip(found, alone, strict=True):
            assert_array_equal(each, expected)


def test_rows_are_excluded_from_components() -> None:
    normals, rows = Normals.drawn(3, 4), gappy(600, 4, 0.1)
    rng = np.random.default_rng(5)
    excluded = rng.random((3, 600)) < 0.3
    excluded[rng.integers(3, size=600), np.arange(600)] = False
    logs = np.where(excluded, -np.inf, log_densities(rows, normals))
    expected = by_rows(rows, np.ones(600), normals, logs)
    assert_same(swept(in_own_units(rows), normals.natural(), None, excluded), expected)


def test_entropies_have_what_cells_of_a_column_add() -> None:
    normals, rows = Normals.drawn(2, 3), gappy(100, 3, 0.3)
    each = np.array([1.0, 10.0, 100.0])
    plain = swept(in_own_units(rows), normals.natural(), None)
    found = swept(GappyRows(rows, np.zeros(3), np.ones(3), each), normals.natural(), None)
    added = found.entropies.sum() - plain.entropies.sum()
    assert_allclose(added, (np.isnan(rows) @ each).sum(), rtol=1e-12)


def test_sums_are_the_slopes_of_the_log_likelihood() -> None:
    normals, rows = Normals.drawn(2, 3), in_own_units(gappy(150, 3, 0.3))
    found = swept(rows, normals.natural(), None)
    precisions = np.linalg.inv(normals.covariances)
    rows_of, first = found.sums[:, 3], found.sums[:, :3]
    slopes = np.einsum("kij,kj->ki", precisions, first - rows_of[:, None] * normals.means)
    for k, d in np.ndindex(2, 3):
        sides = []
        for step in (1e-5, -1e-5):
            means = normals.means.copy()
            means[k, d] += step
            moved = normals._replace(means=means).natural()
            sides.append(swept(rows, moved, None).log_likelihood)
        assert_allclose((sides[0] - sides[1]) / 2e-5, slopes[k, d], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_rows", [1, 200])
def test_shares_are_responsibilities(n_rows: int) -> None:
    kernels = library.kernels()
    normals, rows = Normals.drawn(3, 4), gappy(n_rows, 4, 0.2)
    natural, shares = normals.natural(), np.empty((3, n_rows))
    told = in_own_units(rows).told(natural.shape[1])
    room = np.empty(kernels.mx_gaps_workspace(byref(told), 3))
    places = (each.ctypes.data for each in (natural, shares, room))
    kernels.mx_gaps_responsibilities(byref(told), 3, *places)
    logs = log_densities(rows, normals)
    assert_allclose(shares, np.exp(logs - logsumexp(logs, axis=0)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("diagonal", [False, True], ids=["full", "diagonal"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_sums_about_other_points_are_those_about_the_origin_moved(
    case: Any, diagonal: bool
) -> None:
    n_components, n_columns, n_rows, share = case
    normals = Normals.drawn(n_components, n_columns, diagonal=diagonal)
    rows = in_own_units(gappy(n_rows, n_columns, share))
    about = np.random.default_rng(6).normal(size=normals.means.shape)
    moved = Normals(normals.log_weights, normals.means - about, normals.covariances)
    plain = swept(rows, normals.natural(diagonal=diagonal), None)
    natural = moved.natural(diagonal=diagonal)
    sums, squared, values, entropies = rows.sweep(natural, [n_components], None, None, about)
    densities = rows.densities(natural, about)
    assert_allclose(densities, rows.densities(normals.natural(diagonal=diagonal)), atol=1e-9)
    shares = np.exp(densities - logsumexp(densities, axis=0))
    for found in (sums, rows.totals(natural, shares, about=about)[0]):
        back = at_origin(found, about, diagonal=diagonal)
        assert_same(Step(back, squared, *values[0], entropies), plain, 1e-10)


def at_origin(sums: Float, about: Float, *, diagonal: bool) -> Float:
    """Return sums of [x, 1, products] of what was about points, about the origin."""
    n_columns = about.shape[1]
    rows, first = sums[:, n_columns, None], sums[:, :n_columns]
    products = sums[:, n_columns + 1 :].copy()
    for p in range(products.shape[1]):
        i = p % n_columns
        j = i if diagonal else (i + p // n_columns) % n_columns
        products[:, p] += about[:, i] * first[:, j] + first[:, i] * about[:, j]
        products[:, p] += rows[:, 0] * about[:, i] * about[:, j]
    return np.hstack([first + rows * about, rows, products])
