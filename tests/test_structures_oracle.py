"""Axes and factors are right to rounding, however unlike the columns' scales are."""

import mpmath
import numpy as np
import pytest
from scipy import stats
from structures_oracle.axes import (
    axes_of_scatter,
    jacobi_axes,
    principal_axes,
)
from structures_oracle.factors import factors_along, factors_of

from mixtura.components.gaussian.structures import structure

SCALES = {
    "alike": [1.0, 1.0, 1.0, 1.0, 1.0],
    "growing": [1e-9, 1e-4, 1.0, 1e4, 1e9],
    "mixed": [1e5, 1e-9, 1e9, 1e-3, 10.0],
}


def half(name, seed=0):
    """Return a (7, 5) matrix whose columns have the scales of that name."""
    return np.random.default_rng(seed).normal(size=(7, 5)) * SCALES[name]


def exact_axes(matrix):
    """Return eigenvalues, ascending, and eigenvectors of AᵀA, from 80 digits."""
    with mpmath.workdps(80):
        exact = mpmath.matrix(matrix.tolist())
        values, axes = mpmath.eigsy(exact.T * exact)
        return np.array(values.tolist(), float)[:, 0], np.array(axes.tolist(), float)


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("find", [principal_axes, jacobi_axes])
def test_every_entry_of_the_axes_is_right(find, name):
    for seed in range(3):
        matrix = half(name, seed)
        values, axes = find(matrix)
        expected, vectors = exact_axes(matrix)
        np.testing.assert_allclose(values, expected, rtol=1e-12)
        np.testing.assert_allclose(np.abs(axes), np.abs(vectors), rtol=1e-12)
        np.testing.assert_allclose(axes.T @ axes, np.eye(5), atol=1e-14)


def test_one_column_and_equal_columns_have_axes():
    assert jacobi_axes(np.array([[3.0]]))[0] == pytest.approx([9.0])
    np.testing.assert_array_equal(jacobi_axes(2 * np.eye(3))[0], [4.0, 4.0, 4.0])


@pytest.mark.parametrize("condition", [1.0, 1e6, 1e12])
def test_factors_along_axes_have_the_variances_along_each(condition):
    axes = stats.ortho_group.rvs(4, size=3, random_state=1)
    variances = np.geomspace(1.0, 1 / condition, 4) * np.array([[1.0], [3.0], [0.2]])
    factors = factors_along(axes, variances)
    logs = np.log(factors.diagonal(axis1=1, axis2=2)).sum(axis=1)
    np.testing.assert_allclose(logs, -0.5 * np.log(variances).sum(axis=1), atol=1e-9)
    # Cosines between whitened axes: the identity if the factors are those of the covariance.
    white = factors.transpose(0, 2, 1) @ (axes * np.sqrt(variances)[:, None, :])
    np.testing.assert_allclose(white.transpose(0, 2, 1) @ white, [np.eye(4)] * 3, atol=1e-9)
    assert (factors.diagonal(axis1=1, axis2=2) > 0).all()
    np.testing.assert_array_equal(np.tril(factors, -1), 0.0)


def test_factors_along_axes_are_those_of_the_covariances():
    axes = stats.ortho_group.rvs(3, size=2, random_state=2)
    variances = np.array([[1.0, 2.0, 3.0], [4.0, 0.1, 1.0]])
    covariances = (axes * variances[:, None, :]) @ axes.transpose(0, 2, 1)
    np.testing.assert_allclose(
        factors_along(axes, variances), factors_of(covariances), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("rank", [1, 2, 4])
@pytest.mark.parametrize("twins", [False, True])
def test_axes_of_a_singular_matrix_are_right_for_columns_of_any_scale(name, rank, twins):
    for seed in range(5):
        matrix = half(name, seed)[:rank]
        if twins:
            # Of two wide columns that nearly agree the narrow ones know the difference.
            noise = np.random.default_rng(seed).normal(size=rank)
            matrix[:, 2] = matrix[:, 4] * (1.0 + 1e-5 * noise)
        scatter = matrix.T @ matrix
        values, axes = axes_of_scatter(scatter)
        expected, _ = exact_axes(matrix)
        assert (values[:-rank] <= 1e-14 * (scatter.diagonal() @ axes**2)[:-rank]).all()
        np.testing.assert_allclose(values[-rank:], expected[-rank:], rtol=1e-7)
        np.testing.assert_allclose(axes.T @ axes, np.eye(5), atol=1e-14)
        # Along the others a row is next to nothing of the sizes it is made of.
        sizes = np.abs(matrix) @ np.abs(axes)
        assert (np.abs(matrix @ axes)[:, :-rank] <= 1e-12 * sizes[:, :-rank]).all()


@pytest.mark.parametrize("code", ["VEV", "EEV"])
@pytest.mark.parametrize("seed", range(30))
def test_an_m_step_is_not_below_others_where_a_component_is_singular(code, seed):
    rng = np.random.default_rng(seed)
    update = structure(code).update
    n_columns = int(rng.integers(2, 10))
    scales = 10.0 ** rng.uniform(-5, 5, n_columns)
    rows = np.array([float(rng.integers(2, n_columns + 1)), 40.0, 30.0])
    halves = [rng.normal(size=(int(n) - 1, n_columns)) * scales for n in rows]

    def objective(factors):
        logs = np.log(factors.diagonal(axis1=1, axis2=2)).sum(axis=1)
        white = [each @ factor for each, factor in zip(halves, factors, strict=True)]
        return rows @ logs - 0.5 * sum((each**2).sum() for each in white)

    scatter = np.array([each.T @ each for each in halves])
    reached = objective(update(scatter, rows, None))
    for share in (1e-2, 1e-4, 1e-6, 1e-8):
        other = update(scatter + share * np.diag(scales**2), rows, None)
        assert objective(other) <= reached + 1e-9 * abs(reached)
