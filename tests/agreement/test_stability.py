"""Clusters that are there are found again in samples, those that are not are not."""

import numpy as np
import pytest

from mixtura import CategoricalMixture, GaussianMixture, ParameterError, PoissonMixture
from mixtura.agreement import stability
from mixtura.agreement.stability import jaccard
from tests.oracles import dataset


def test_it_is_as_fpc_finds_it() -> None:
    rows = dataset("faithful").values
    model = GaussianMixture(2, random_state=0).fit(rows)
    told = stability(model.mixture_, rows, random_state=0)
    # library(fpc); clusterboot(as.matrix(faithful), B = 100, bootmethod = "boot",
    # clustermethod = noisemclustCBI, G = 2, modelNames = "VVV", seed = 5)$bootmean, fpc 2.2-10
    assert told.mean == pytest.approx([0.9993648, 0.9988585], abs=2e-3)
    assert told.recovered.tolist() == [1, 1]
    assert told.failed == 0


def test_a_coefficient_is_the_rows_of_both_over_those_of_either(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels, others, weights = rng.integers(3, size=50), rng.integers(4, size=50), rng.random(50)
    told = jaccard(labels, others, weights, np.arange(3), np.arange(5))
    for a in range(3):
        for b in range(4):
            both = weights[(labels == a) & (others == b)].sum()
            either = weights[(labels == a) | (others == b)].sum()
            assert told[a, b] == pytest.approx(both / either)
    assert (told[:, 4] == 0).all()
    # library(fpc); clujaccard(c(T, T, F, F, T), c(T, F, F, T, T))
    one, other = np.array([1, 1, 0, 0, 1]), np.array([1, 0, 0, 1, 1])
    assert jaccard(one, other, np.ones(5), np.array([1]), np.array([1]))[0, 0] == 0.5


def test_clusters_that_are_there_are_stable_and_halves_of_one_are_not(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = np.vstack([rng.normal(size=(150, 3)), rng.normal(size=(150, 3)) + 12])
    told = {}
    for size in (2, 3):
        model = GaussianMixture(size, covariance_type="diag", random_state=0).fit(rows)
        told[size] = stability(model.mixture_, rows, n_replicates=30, random_state=0)
    assert told[2].mean == pytest.approx([1, 1])
    assert told[3].mean.min() < 0.75
    # The other of the two clusters may be found whole each time.
    assert np.sort(told[3].mean)[1] < 0.95
    assert told[2].dissolved.max() == 0 < told[3].dissolved.max()
    assert "dissolved" in told[3].summary()
    assert [row["component"] for row in told[3].table()] == [0, 1, 2]


def test_bits_depend_on_neither_workers_nor_the_number_of_replicates() -> None:
    rng = np.random.default_rng(0)
    rows = rng.poisson(np.repeat([[2, 9], [8, 1]], 60, axis=0))
    mixture = PoissonMixture(2, random_state=0).fit(rows).mixture_
    seen: list[tuple[int, int]] = []
    one = stability(
        mixture,
        rows,
        n_replicates=6,
        random_state=3,
        engine="serial",
        progress=lambda done, total: seen.append((done, total)),
    )
    two = stability(mixture, rows, n_replicates=9, random_state=3, n_jobs=2)
    np.testing.assert_array_equal(one.replicates, two.replicates[:6])
    assert seen == [(done, 6) for done in range(1, 7)]


def test_rows_without_weight_are_never_counted(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = np.vstack([rng.normal(size=(80, 2)), rng.normal(size=(80, 2)) + 9])
    wild = np.vstack([rows, rng.normal(size=(40, 2)) * 50])
    weights = np.repeat([1.0, 0.0], [160, 40])
    mixture = GaussianMixture(2, random_state=0).fit(wild, sample_weight=weights).mixture_
    told = stability(mixture, wild, weights, n_replicates=10, random_state=0)
    assert told.mean == pytest.approx([1, 1], abs=0.02)


def test_noise_is_no_cluster() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack(
        [rng.normal(size=(150, 2)), rng.normal(size=(150, 2)) + 8, rng.uniform(-30, 40, (40, 2))]
    )
    mixture = GaussianMixture(2, noise="uniform", random_state=0).fit(rows).mixture_
    told = stability(mixture, rows, n_replicates=5, random_state=0)
    assert told.replicates.shape == (5, 2)
    assert told.mean.min() > 0.8


def test_an_interrupt_is_passed_on() -> None:
    rows = np.random.default_rng(0).integers(2, size=(60, 4))
    mixture = CategoricalMixture(2, random_state=0).fit(rows).mixture_

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stability(mixture, rows, n_replicates=50, progress=interrupt)


def test_what_cannot_be_done_is_named() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 2))
    model = GaussianMixture(2, random_state=0).fit(rows)
    with pytest.raises(ParameterError, match="n_replicates"):
        stability(model.mixture_, rows, n_replicates=0)
    with pytest.raises(ParameterError, match="give its mixture_"):
        stability(model, rows)
    held = GaussianMixture(2, fix={"means": [[0, 0], [1, 1]]}, random_state=0).fit(rows)
    with pytest.raises(ParameterError, match="held or equal"):
        stability(held.mixture_, rows)
