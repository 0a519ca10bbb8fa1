"""What a fit needs is known before it begins, and is no square where variances are all (F)."""

import re
import resource
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from nightly import first

from mixtura import GaussianMixture, ParameterError, load, select
from mixtura.cli.command import command
from mixtura.components.gaussian.structures import structure
from mixtura.em.splits import _axes
from mixtura.estimators.sizes import check_parameters

pytestmark = pytest.mark.drawn(3, among="file")

MANY = 6000


def wide(seed: int, n_columns: int = MANY) -> Any:
    rows = np.random.default_rng(seed).normal(size=(30, n_columns))
    return rows + np.repeat([[0.0], [1.0]], 15, axis=0)


@pytest.mark.parametrize("kind", first(1, ["diag", "spherical"]))
def test_row_27_very_many_columns_take_no_square_of_their_number(kind: str, tmp_path: Path) -> None:
    rows = wide(0)
    tracemalloc.start()
    try:
        fitted = GaussianMixture(2, covariance_type=kind, random_state=0).fit(rows)
        fitted.save(tmp_path / "model")
        again = load(tmp_path / "model")
        np.testing.assert_array_equal(again.predict(rows), fitted.predict(rows))
        assert len(fitted.summary()) < 10**6
        fitted.mixture_.family.describe(fitted.mixture_.parameters, [""] * MANY)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A third of one square.
    assert peak < 95e6


@pytest.mark.parametrize("code", first(1, ["VEI", "EII"]))
def test_a_search_of_diagonal_structures_takes_none_either(code: str) -> None:
    tracemalloc.start()
    try:
        found = select(wide(1), [1, 2], [code], random_state=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.isfinite(found.result.log_likelihood)
    assert peak < 95e6


@pytest.mark.parametrize("kind", ["full", "tied", "VVE", "EEI"])
def test_row_27_squares_that_do_not_fit_are_refused_before_any_work(kind: str) -> None:
    rows = np.zeros((3, 10**5)) + np.arange(3)[:, None]
    began = time.process_time()
    with pytest.raises(ParameterError, match=f"1 component of structure {kind} in 100,000 col"):
        GaussianMixture(1, covariance_type=kind).fit(rows)
    if kind != "EEI":
        with pytest.raises(ParameterError, match="in 1,000,000 columns would take about"):
            check_parameters(structure(kind), 1, 10**6)
    assert time.process_time() - began < 20


@pytest.mark.parametrize("code", ["EII", "VII", "EEI", "VEI", "EVI", "VVI"])
def test_codes_of_variances_alone_say_how_to_do_without_matrices(code: str) -> None:
    rows = np.random.default_rng(0).normal(size=(3, 100_000))
    words = re.escape(f"select(X, 1, '{code}').result.mixture keeps to them")
    with pytest.raises(ParameterError, match=words):
        GaussianMixture(1, covariance_type=code).fit(rows)


def test_a_search_of_variances_alone_makes_no_matrices() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 30_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert select(rows, 1, "VEI", random_state=0).result.mixture.n_columns == 30_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_estimates_are_those_of_the_structure() -> None:
    GaussianMixture(2, covariance_type="diag")._check_size(2, 10**6)
    GaussianMixture(2, covariance_type="spherical")._check_size(2, 10**6)
    with pytest.raises(ParameterError, match="GiB"):
        select(np.zeros((2, 10**5)) + np.arange(2)[:, None], [1], ["full"])


def test_thin_and_wide_rows_have_the_same_axes() -> None:
    rng = np.random.default_rng(0)
    deviations, own = rng.normal(size=(9, 40)), rng.random(9)
    sizes, axes = _axes(deviations, own, own.sum())
    whole, other = np.linalg.eigh((deviations.T * own) @ deviations / own.sum())
    np.testing.assert_allclose(sizes, whole[-9:], rtol=1e-8, atol=1e-12)
    kept = sizes > 1e-9 * sizes[-1]
    np.testing.assert_allclose(np.abs(axes.T @ other[:, -9:])[kept].max(axis=1), 1.0)


@pytest.mark.nightly
def test_very_many_columns_of_a_file_are_no_wait(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    names = ",".join(f"c{place}" for place in range(8_000))
    rows = np.random.default_rng(0).integers(0, 100, (3, 8_000))
    lines = [names, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines), "utf-8")
    began = time.process_time()
    given = ["fit", str(path), "-k", "1", "-s", "diag", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(command, given)
    assert done.exit_code == 0, done.output
    assert time.process_time() - began < 60
    assert len(done.stdout) < 10**5
    assert (tmp_path / "out" / "report.html").stat().st_size < 2 * 10**7
