"""The default penalty is that of pseudo-rows of the data's own covariance, too few to be felt."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from mixtura import DegenerateComponentWarning, GaussianMixture
from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.parameters import (
    GaussianMoments,
    GaussianParameters,
    RowTotals,
)
from mixtura.components.gaussian.prior import weak_prior

Float = NDArray[np.float64]


@pytest.mark.parametrize("diagonal", [False, True])
def test_pseudo_rows_have_the_covariance_of_all_rows(diagonal: bool) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 2)) @ [[2.0, 0.5], [0.0, 1.0]] + [10, -5]
    mass = rng.integers(1, 4, size=40).astype(float)
    second = (rows.T * mass) @ rows
    scatter = np.array([np.eye(2), 2 * np.eye(2)])
    if diagonal:
        second, scatter = np.diag(second), np.ones((2, 2))
    prior = weak_prior(RowTotals(mass.sum(), mass @ rows, second), share=0.01)
    moments = GaussianMoments(np.array([30.0, 20.0]), np.zeros((2, 2)), scatter, pooled=False)
    found = prior.augment(moments)
    added = 0.01 * mass.sum() * np.cov(rows.T, aweights=mass, bias=True)
    assert_allclose(found.scatter - scatter, [np.diag(added) if diagonal else added] * 2)
    assert_allclose(found.effective_rows - moments.effective_rows, 0.01 * mass.sum())


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
    prior = weak_prior(RowTotals(25.0, np.zeros(3), second), share=0.04)
    roots = rng.normal(size=(2, 3, 3)) + 2 * np.eye(3)
    covariances = {
        "full": roots @ roots.transpose(0, 2, 1),
        "diagonal": rng.uniform(1, 2, size=(2, 3)),
        "spherical": rng.uniform(1, 2, size=2),
    }[storage]
    parameters = GaussianParameters(np.zeros((2, 3)), covariance_from(storage, covariances, 3))
    data = np.cov(rows.T, bias=True)
    expected = sum(
        -(np.trace(np.linalg.solve(each, data)) + np.linalg.slogdet(each).logabsdet) / 2
        for each in parameters.covariance.dense()
    )
    assert prior.log_density(parameters) == pytest.approx(expected, rel=1e-10)


def test_columns_that_repeat_each_other_are_kept_apart_by_the_penalty() -> None:
    rows = np.random.default_rng(2).normal(size=(60, 2))
    repeated = np.column_stack([rows, rows[:, 0]])
    mixture = GaussianMixture(2, random_state=0).fit(repeated)
    assert np.isfinite(mixture.log_likelihood_)
    assert np.linalg.eigvalsh(mixture.covariances_).min() > 0


def thin_cluster(rng: np.random.Generator, n_columns: int, width: float, thin: int) -> Float:
    """Return 3 (D + 1) rows of which `thin` columns are so much narrower than the data."""
    rows = rng.normal(size=(3 * (n_columns + 1), n_columns))
    rows[:, :thin] *= width
    return rows + rng.normal(size=n_columns)


@pytest.mark.parametrize("name", ["full", "diag", "VVE", "VEV", "EVV", "spherical"])
@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9])
def test_a_supported_component_is_what_it_is_without_a_prior(width: float, name: str) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        n_columns = int(rng.integers(2, 5))
        thin = n_columns if name == "spherical" else int(rng.integers(1, n_columns + 1))
        own = thin_cluster(rng, n_columns, width, thin)
        rows = np.vstack([own, 5 + rng.normal(size=(60, n_columns))])
        start = np.repeat(np.eye(2), [len(own), 60], axis=0)
        fits = [
            GaussianMixture(2, covariance_type=name, prior=prior, responsibilities_init=start)
            for prior in ("weak", None)
        ]
        with_prior, without = (fit.fit(rows).log_likelihood_ for fit in fits)
        assert with_prior == pytest.approx(without, abs=0.01)


@pytest.mark.parametrize("widths", [1e3, 1e6, 1e9])
@pytest.mark.parametrize("name", ["full", "diag"])
def test_a_far_row_does_not_move_other_components(widths: float, name: str) -> None:
    rng = np.random.default_rng(3)
    rows = np.vstack([rng.normal(size=(150, 2)), 8 + rng.normal(size=(100, 2))])
    start = np.repeat(np.eye(2), [150, 100], axis=0)
    alone = GaussianMixture(2, covariance_type=name, responsibilities_init=start).fit(rows)
    far = np.vstack([rows, [[widths, -widths]]])
    beside = np.vstack([np.hstack([start, np.zeros((250, 1))]), [[0.0, 0.0, 1.0]]])
    with pytest.warns(DegenerateComponentWarning, match=r"\(1\.0 rows\)"):
        found = GaussianMixture(3, covariance_type=name, responsibilities_init=beside).fit(far)
    standard = np.sqrt(alone.mixture_.parameters.covariance.dense()[:, [0, 1], [0, 1]] / 100)
    assert (np.abs(found.means_[:2] - alone.means_) < 1e-3 * standard).all()
    ours, theirs = (fit.mixture_.parameters.covariance.dense() for fit in (found, alone))
    assert_allclose(ours[:2], theirs, rtol=1e-4)
