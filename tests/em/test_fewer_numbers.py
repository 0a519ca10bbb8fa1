"""Starts of many columns on few rows: from principal components, and from columns one by one."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from mixtura import ContaminatedMixture, GaussianMixture, StudentTMixture
from mixtura.components.gaussian.narrower import FEW_COLUMNS, MOST_LEADING, has_narrower, narrower
from mixtura.components.gaussian.structures import STRUCTURES

Float = NDArray[np.float64]


def drawn(seed: int, apart: float, n_columns: int = 60) -> tuple[Float, NDArray[np.intp]]:
    """Return three clusters of 240 rows, each of axes and widths of its own."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), 240)
    means = rng.normal(size=(3, n_columns)) * apart
    rows = rng.normal(size=(labels.size, n_columns))
    for k in range(3):
        turn = np.linalg.qr(rng.normal(size=(n_columns, n_columns)))[0]
        widths = np.exp(rng.uniform(-1, 1, n_columns))
        rows[labels == k] = rows[labels == k] * widths @ turn + means[k]
    return rows, labels


# Of ten problems of each kind, those of which starts by distances alone found no cluster.
@pytest.mark.parametrize("estimator", [GaussianMixture, StudentTMixture, ContaminatedMixture])
@pytest.mark.parametrize(("seed", "apart"), [(5, 0.2), (9, 0.25)])
def test_clusters_of_more_parameters_than_rows_are_found(
    estimator: type[Any], seed: int, apart: float
) -> None:
    rows, labels = drawn(seed, apart)
    model = estimator(3, random_state=0).fit(rows)
    assert adjusted_rand_score(labels, model.predict(rows)) > 0.95
    sources = {run.source for run in model.history_.outcomes.short_runs}
    assert "rows parted by fewer numbers" in sources


@pytest.mark.parametrize(
    ("columns", "rows", "settings"),
    [
        (FEW_COLUMNS, 30, {}),
        (60, 240, {"covariance_type": "tied"}),
        (60, 240, {"covariance_type": "diag"}),
        (24, 720, {}),
    ],
    ids=["few columns", "axes shared", "no axes", "rows enough"],
)
def test_others_start_as_they_are(columns: int, rows: int, settings: dict[str, Any]) -> None:
    given, _ = drawn(0, 1.0, columns)
    some = given[:: len(given) // rows]
    n_components = 2 if rows == 720 else 3
    model = GaussianMixture(n_components, random_state=0, **settings).fit(some)
    sources = {run.source for run in model.history_.outcomes.short_runs}
    assert "rows parted by fewer numbers" not in sources


def test_rows_of_weight_two_are_told_as_rows_that_are_there_twice(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows, weights = rng.normal(size=(90, 30)), rng.integers(1, 4, 90)
    weighted = [told for _, told in narrower(rows, weights.astype(float), 2)]
    repeated = [told for _, told in narrower(rows.repeat(weights, axis=0), None, 2)]
    for one, other in zip(weighted, repeated, strict=True):
        # Axes have no direction.
        assert np.abs(one.repeat(weights, axis=0)) == pytest.approx(np.abs(other), abs=1e-8)


def test_components_are_those_of_the_correlations_whatever_the_units(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = rng.normal(size=(200, 40)) @ rng.normal(size=(40, 40))
    units = np.exp(rng.uniform(-20, 20, 40))
    (_, plain), (_, scaled) = (list(narrower(each, None, 1))[1] for each in (rows, rows * units))
    assert np.abs(scaled) == pytest.approx(np.abs(plain), abs=1e-7)
    values = np.linalg.eigvalsh(np.corrcoef(rows.T))[::-1][: plain.shape[1]]
    assert plain.var(axis=0) == pytest.approx(values)


@pytest.mark.parametrize("n_components", [1, 2, 5, 40])
def test_rows_determine_covariances_of_as_many_components_as_there_are(n_components: int) -> None:
    rows = np.random.default_rng().normal(size=(200, 30))
    _, told = list(narrower(rows, None, n_components))[1]
    sizes = [q for q in range(1, 31) if q + q * (q + 1) / 2 <= 200 / n_components]
    assert told.shape[1] == min(max(sizes[-1], 2), MOST_LEADING)


def test_structures_that_share_their_axes_have_none() -> None:
    found = {code for code in STRUCTURES if has_narrower(STRUCTURES[code], 60)}
    assert found == {"EEV", "VEV", "EVV", "VVV"}
