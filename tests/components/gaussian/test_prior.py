"""The default penalty is that of 1/N pseudo-rows of the data's own covariance in each component."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from mixtura import GaussianMixture
from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.parameters import GaussianParameters, RowTotals
from mixtura.components.gaussian.prior import weak_prior

Float = NDArray[np.float64]


def rows_and_shares(weighted: bool) -> tuple[Float, Float, Float]:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 2)) @ [[2.0, 0.5], [0.0, 1.0]] + [10, -5]
    mass = rng.integers(1, 4, size=40).astype(float) if weighted else np.ones(40)
    return rows, mass, rng.dirichlet([1.0, 2.0], size=40)


def one_step(rows: Float, mass: Float, shares: Float, structure: str) -> Any:
    """Return the parameters after the M-step of a start from responsibilities."""
    mixture = GaussianMixture(
        2, covariance_type=structure, responsibilities_init=shares, max_iter=0
    )
    return mixture.fit(rows, sample_weight=mass).mixture_.parameters


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("structure", ["full", "tied", "diag", "spherical"])
def test_covariances_are_those_with_the_pseudo_rows(structure: str, weighted: bool) -> None:
    rows, mass, shares = rows_and_shares(weighted)
    total = mass.sum()
    counts = (shares * mass[:, None]).sum(axis=0)
    means = (shares * mass[:, None]).T @ rows / counts[:, None]
    deviations = rows[:, None] - means
    scatter = np.einsum("nk,nki,nkj->kij", shares * mass[:, None], deviations, deviations)
    added = np.cov(rows.T, aweights=mass, bias=True) / total
    expected = (scatter + added) / (counts + 1 / total)[:, None, None]
    if structure == "tied":
        shared = (scatter.sum(axis=0) + 2 * added) / (total + 2 / total)
        expected = np.array([shared, shared])
    if structure in ("diag", "spherical"):
        expected = expected * np.eye(2)
    if structure == "spherical":
        expected = np.trace(expected, axis1=1, axis2=2)[:, None, None] / 2 * np.eye(2)
    found = one_step(rows, mass, shares, structure)
    assert_allclose(found.covariance.dense(), expected, rtol=1e-10, atol=1e-12)
    assert_allclose(found.means, means, rtol=1e-12)


@pytest.mark.parametrize("storage", ["full", "diagonal", "spherical"])
def test_the_penalty_is_half_the_trace_and_half_the_pseudo_rows_of_the_log_determinant(
    storage: str,
) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(25, 3))
    rows -= rows.mean(axis=0)
    second = rows.T @ rows
    if storage != "full":
        second = np.diag(second)
    prior = weak_prior(RowTotals(25.0, np.zeros(3), second))
    roots = rng.normal(size=(2, 3, 3)) + 2 * np.eye(3)
    covariances = {
        "full": roots @ roots.transpose(0, 2, 1),
        "diagonal": rng.uniform(1, 2, size=(2, 3)),
        "spherical": rng.uniform(1, 2, size=2),
    }[storage]
    parameters = GaussianParameters(np.zeros((2, 3)), covariance_from(storage, covariances, 3))
    data = np.cov(rows.T, bias=True)
    expected = sum(
        -(np.trace(np.linalg.solve(each, data)) + np.linalg.slogdet(each).logabsdet) / 50
        for each in parameters.covariance.dense()
    )
    assert prior.log_density(parameters) == pytest.approx(expected, rel=1e-10)


def test_columns_that_repeat_each_other_are_kept_apart_by_the_penalty() -> None:
    rows = np.random.default_rng(2).normal(size=(60, 2))
    repeated = np.column_stack([rows, rows[:, 0]])
    mixture = GaussianMixture(2, random_state=0).fit(repeated)
    assert np.isfinite(mixture.log_likelihood_)
    assert np.linalg.eigvalsh(mixture.covariances_).min() > 0
