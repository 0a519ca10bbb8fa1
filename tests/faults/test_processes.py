"""Processes that come of this one, and where they run, change no bit (rows 50 and 58)."""

import multiprocessing
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from mixtura import GaussianMixture

pytestmark = pytest.mark.drawn(4)


def rows_of(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    # Enough for several units, so that threads have swept before a process forks.
    return rng.normal(size=(6000, 3)) + 4.0 * (np.arange(6000)[:, None] % 3)


def digest(seed: int, n_jobs: int | None = None) -> str:
    """Return a digest of all numbers of a fit."""
    model = GaussianMixture(3, random_state=seed, max_iter=20, n_jobs=n_jobs).fit(rows_of(seed))
    parts = [model.weights_, model.means_, model.covariances_, model.predict_proba(rows_of(seed))]
    return sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", sorted({*multiprocessing.get_all_start_methods()}))
def test_row_50_processes_begun_after_threads_fit_the_same(method: str) -> None:
    expected = digest(1, 2)
    with multiprocessing.get_context(method).Pool(2) as pool:
        answers = pool.starmap_async(digest, [(1, 2), (1, 1)])
        # A lock that is held in a fork would never be let go.
        assert answers.get(timeout=120) == [expected, expected]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_row_50_workers_of_joblib_fit_the_same(backend: str) -> None:
    expected = digest(2, 2)
    jobs = [joblib.delayed(digest)(2, n_jobs) for n_jobs in (1, 2)]
    assert joblib.Parallel(2, backend=backend, timeout=120)(jobs) == [expected, expected]


@pytest.mark.filterwarnings("ignore")
def test_row_50_a_grid_in_processes_is_that_of_one() -> None:
    rows = rows_of(3)[:400]
    found = [
        GridSearchCV(GaussianMixture(random_state=0), {"n_components": [1, 2]}, n_jobs=n, cv=2)
        .fit(rows)
        .cv_results_["mean_test_score"]
        .tolist()
        for n in (1, 2)
    ]
    assert found[0] == found[1]


SETTINGS = [
    {"LC_ALL": "C", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "64"},
    {"LC_ALL": "de_DE.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "4242"},
]


# The page, which takes most of the time, is not what is compared.
FITTING = """
from mixtura.cli import main
from mixtura.report import page
page.render_report = lambda report: f"<!doctype html>{report.title}"
main()
"""


@pytest.mark.parametrize("family", ["gaussian", "mixed"])
def test_row_58_locale_zone_hash_seed_and_threads_change_no_byte(
    family: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    colours = np.array(["rot", "grün", "blau"])[rng.integers(0, 3, 90)]
    numbers = rng.normal(size=(90, 2)) + 4.0 * (np.arange(90)[:, None] % 2)
    lines = [f"{a!r},{b!r},{c}" for (a, b), c in zip(numbers.tolist(), colours, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c", *lines]) + "\n", encoding="utf-8")
    own = {"gaussian": ["--columns", "a,b", "--structures", "full"], "mixed": []}[family]
    found = set()
    for place, setting in enumerate([{}, *SETTINGS]):
        out = tmp_path / f"out{place}"
        words = ["fit", "rows.csv", "-f", family, *own, "-k", "2", "-o", out.name]
        done = subprocess.run(
            [sys.executable, "-c", FITTING, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": "0", **setting},
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        found.add((out / "assignments.csv").read_bytes())
    assert len(found) == 1
