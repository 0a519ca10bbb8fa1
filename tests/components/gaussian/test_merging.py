"""What merging two components costs, against densities of rows that are parted for certain."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import multinomial, multivariate_normal

from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.merging import merging_losses
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.prior import NoPrior
from mixtura.data import ArrayRows
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

Float = NDArray[np.float64]

SIZES = (40, 25, 60)
# In either order, which costs the same.
PAIRS = np.array([0, 0, 1, 2, 2]), np.array([1, 2, 2, 0, 1])


def groups() -> list[Float]:
    rng = np.random.default_rng(3)
    return [
        rng.normal(size=(size, 3)) @ rng.normal(size=(3, 3)) + 4 * rng.normal(size=3)
        for size in SIZES
    ]


def covariance(rows: Float, storage: str) -> Float:
    full = np.cov(rows.T, bias=True)
    if storage == "spherical":
        return np.eye(3) * np.trace(full) / 3
    return full if storage == "full" else np.diag(np.diag(full))


def log_likelihood(rows: Float, storage: str) -> float:
    normal = multivariate_normal(rows.mean(axis=0), covariance(rows, storage))  # pyright: ignore
    return float(normal.logpdf(rows).sum())


def test_components_without_rows_lose_nothing_by_merging() -> None:
    means, ones = np.arange(9.0).reshape(3, 3), np.ones((3, 3))
    parameters = GaussianParameters(means, covariance_from("diagonal", ones, 3))
    with np.errstate(all="raise", under="ignore"):
        losses = merging_losses(parameters, np.array([0.0, 0.0, 7.0]), PAIRS)
    assert losses == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("storage", ["full", "diagonal", "spherical"])
def test_merging_costs_what_the_rows_of_both_lose(storage: str) -> None:
    parts = groups()
    dense = np.array([covariance(part, storage) for part in parts])
    stored = {
        "full": dense,
        "diagonal": np.diagonal(dense, axis1=1, axis2=2),
        "spherical": dense[:, 0, 0],
    }[storage]
    means = np.array([part.mean(axis=0) for part in parts])
    parameters = GaussianParameters(means, covariance_from(storage, stored, 3))  # pyright: ignore
    losses = merging_losses(parameters, np.array(SIZES, dtype=float), PAIRS)
    for i, j, loss in zip(*PAIRS, losses, strict=True):
        apart = log_likelihood(parts[i], storage) + log_likelihood(parts[j], storage)
        together = log_likelihood(np.vstack([parts[i], parts[j]]), storage)
        assert loss == pytest.approx(apart - together, rel=1e-9)


def test_merging_multinomials_costs_what_the_rows_of_both_lose() -> None:
    rng = np.random.default_rng(4)
    parts = [rng.multinomial(20, rng.dirichlet(np.ones(4)), size).astype(float) for size in SIZES]
    rows, labels = np.vstack(parts), np.repeat(np.arange(3), SIZES)
    family = MultinomialFamily(4)
    sweep = Sweep(family, ArrayRows(rows), Serial())
    hard = (labels[:, None] == np.arange(3)).astype(float)
    moments = sweep.from_responsibilities(hard)
    losses = family.merging_losses(family.maximise(moments, None, NoPrior()), moments, PAIRS)
    for i, j, loss in zip(*PAIRS, losses, strict=True):
        both = np.vstack([parts[i], parts[j]])
        alone = sum(
            multinomial(20, part.sum(axis=0) / part.sum()).logpmf(part).sum()
            for part in (parts[i], parts[j])
        )
        together = multinomial(20, both.sum(axis=0) / both.sum()).logpmf(both).sum()
        assert loss == pytest.approx(alone - together, rel=1e-9)
