"""Many components moved at once."""

import tracemalloc

import numpy as np
import pytest
from nightly import first
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from mixtura import BernoulliMixture, GaussianMixture
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.relocation import relocated
from mixtura.em.responsibilities import (
    model_from_labels,
    model_from_responsibilities,
    responsibilities_of,
)
from mixtura.em.softmax import softmax_in_place
from mixtura.em.sources import MANY
from mixtura.em.split_and_merge import split_and_merged
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

Float = NDArray[np.float64]

STARTS = StartOptions(0)
SIDE = 7
N_CLUSTERS = SIDE**2


def grid() -> tuple[Float, NDArray[np.intp]]:
    """Return rows of clusters on a grid, and which each is of."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(N_CLUSTERS), 40)
    centres = 10.0 * np.stack(np.divmod(labels, SIDE), axis=1)
    return centres + rng.normal(size=centres.shape), labels


def sweep_over(rows: Float, name: str = "VVI") -> tuple[Sweep, FitOptions]:
    source = ArrayRows(rows)
    family = GaussianFamily.of(structure(name), *column_moments(source))
    sweep = Sweep(family, source, Serial())
    weak = sweep.prior("weak", N_CLUSTERS)
    return sweep, FitOptions(GainLeft(), max_iter=300, prior=weak, fallback=weak, accelerate=True)


@pytest.mark.parametrize("name", ["VVI", "VVV", "EEE", "VII"])
def test_all_misplaced_components_are_moved_together(name: str) -> None:
    rows, labels = grid()
    sweep, options = sweep_over(rows, name)
    right = fit(sweep, [model_from_labels(sweep, labels, N_CLUSTERS, options)], options)[0]
    wrong = labels.copy()
    for one, shared in ((0, 22), (4, 24), (14, 33), (18, 45)):
        # Two clusters under one component, and two components in one cluster.
        wrong[wrong == one + 1] = one
        inside = labels == shared
        wrong[inside & (rows[:, 0] > rows[inside, 0].mean())] = one + 1
    start = model_from_labels(sweep, wrong, N_CLUSTERS, options)
    stuck = fit(sweep, [start], options)[0]
    assert stuck.objective < right.objective - 100
    found = fit(sweep, [relocated(sweep, [start], options, STARTS)], options)[0]
    assert found.objective == pytest.approx(right.objective, abs=0.01)


def test_many_components_go_this_way() -> None:
    assert N_CLUSTERS > MANY
    rows, labels = grid()
    sweep, options = sweep_over(rows)
    start = model_from_labels(sweep, labels, N_CLUSTERS, options)
    one, other = (way(sweep, [start], options, STARTS) for way in (split_and_merged, relocated))
    assert_array_equal(one.parameters.means, other.parameters.means)


def test_clusters_are_all_found_by_default() -> None:
    rows, labels = grid()
    fitted = GaussianMixture(N_CLUSTERS, covariance_type="diag", random_state=0).fit(rows)
    groups = fitted.predict(rows)
    assert len(np.unique(groups[:: len(rows) // N_CLUSTERS])) == N_CLUSTERS
    assert all(len(set(groups[labels == k])) == 1 for k in range(N_CLUSTERS))


def test_shares_are_the_responsibilities_but_for_small_ones() -> None:
    rows, labels = grid()
    sweep, options = sweep_over(rows)
    model = model_from_labels(sweep, labels, N_CLUSTERS, options)
    every = responsibilities_of(sweep, model)
    found = sweep.responsibilities(model, 0.05).toarray()
    assert_allclose(found, np.where(every >= 0.05, every, 0.0), atol=1e-9)
    without = np.arange(N_CLUSTERS) == 3
    every[:, without] = -1.0
    assert_array_equal(sweep.labels(model, without)[labels != 3], every.argmax(1)[labels != 3])


def test_shares_that_are_sparse_give_the_same_model() -> None:
    rows, labels = grid()
    sweep, options = sweep_over(rows)
    dense = np.eye(N_CLUSTERS)[labels]
    sparse = sweep.responsibilities(model_from_labels(sweep, labels, N_CLUSTERS, options), 0.0)
    assert sparse.shape == dense.shape
    one = model_from_responsibilities(sweep, dense, options)
    other = model_from_responsibilities(sweep, type(sparse)(dense), options)
    assert_allclose(one.parameters.means, other.parameters.means, rtol=1e-12)


def test_softmax_of_many_components_is_that_of_few() -> None:
    rng = np.random.default_rng(1)
    values = -rng.uniform(0, 3000, (2, 40, 101))
    logs, expected = log_softmax(values, axis=1).max(axis=1), softmax(values, axis=1)
    most = values.max(axis=1)
    largest, total = np.empty((2, 2, 101))
    softmax_in_place(values, largest, total)
    assert_allclose(values, expected, atol=1e-14)
    assert_allclose(total, logs, atol=1e-14)
    assert_array_equal(largest, most)


@pytest.mark.parametrize("max_iter", first(1, [12, 60]))
def test_nothing_is_held_for_each_row_and_component(max_iter: int) -> None:
    rng = np.random.default_rng(2)
    n_components, n_rows = 200, 60_000
    rows = rng.normal(size=(n_components, 3))[rng.integers(0, n_components, n_rows)] * 5
    rows += rng.normal(size=rows.shape)
    tracemalloc.start()
    GaussianMixture(n_components, covariance_type="diag", max_iter=max_iter, random_state=0).fit(
        rows
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Responsibilities alone would take 96 MB.
    assert peak < 64e6


def test_many_classes_of_items_are_moved_too() -> None:
    rng = np.random.default_rng(3)
    chances = rng.uniform(0.02, 0.98, (40, 30)).round()
    rows = (rng.random((4000, 30)) < np.clip(chances, 0.03, 0.97)[rng.integers(0, 40, 4000)]) * 1
    fitted = BernoulliMixture(40, random_state=0).fit(rows)
    assert fitted.weights_.min() > 0.005
