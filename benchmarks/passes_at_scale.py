"""Time one pass over many rows, by engines and where rows are, beside Spark MLlib and bare scans.

Draws N rows of 10 columns as `scale.py` does into 14 Parquet files, and prints seconds and CPU
seconds of one pass of EM with 10 full covariances, from a start that all share: the time of some
passes more, divided by them. Beside them a sum of each column by pyarrow and, where installed,
DuckDB. `python benchmarks/passes_at_scale.py 1e6 --spark` adds Spark (pyspark and Java): MLlib's
GaussianMixture, and mixtura's passes by the same session; `--fits 10` also so many default fits of
MLlib, by seed, and one of mixtura.
"""

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.compute as pc
import pyarrow.dataset as ds
from scale import N_COLUMNS, N_COMPONENTS, write

from mixtura import GaussianMixture, dataset

NAMES = [f"x{j}" for j in range(N_COLUMNS)]


def cpu_seconds() -> float:
    """Return those of this process and of all that it started and are there."""
    own, total = psutil.Process(), 0.0
    for each in (own, *own.children(recursive=True)):
        try:
            total += sum(each.cpu_times()[:2])
        except psutil.Error:
            continue
    return total


def per_pass(
    run: Callable[[int], Any], few: int, many: int, begin: Callable[[], Any] | None = None
) -> tuple[float, float]:
    """Return seconds and CPU seconds of a pass, once `begin` or a run has started workers."""
    if begin is None:
        run(few)
    else:
        begin()
    taken = []
    for count in (few, many):
        wall, cpu = time.perf_counter(), cpu_seconds()
        run(count)
        taken.append((time.perf_counter() - wall, cpu_seconds() - cpu))
    ((wall, cpu), (more_wall, more_cpu)) = taken
    return (more_wall - wall) / (many - few), (more_cpu - cpu) / (many - few)


def told(what: str, found: tuple[float, float]) -> None:
    load = os.getloadavg()[0]
    print(f"{what:44} {found[0]:8.3f} s {found[1]:8.3f} CPU s   (load {load:.1f})", flush=True)


def passes(rows: Any, engine: Any) -> Callable[[int], Any]:
    """Return a fit of so many passes from one start."""
    rng = np.random.default_rng(2)
    start = {
        "weights_init": np.full(N_COMPONENTS, 1 / N_COMPONENTS),
        "means_init": rng.normal(size=(N_COMPONENTS, N_COLUMNS)) * 2.5,
        "precisions_init": np.stack([np.eye(N_COLUMNS)] * N_COMPONENTS),
    }
    asked = {"algorithm": "em", "tol": 1e-300, "engine": engine, "random_state": 0, **start}
    return lambda count: GaussianMixture(N_COMPONENTS, max_iter=count, **asked).fit(rows)


def by_spark(folder: Path, data: Any, fits: int) -> None:
    from pyspark.ml.clustering import GaussianMixture as OfMLlib
    from pyspark.ml.feature import VectorAssembler
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master("local[2,4]")
        .config("spark.driver.memory", "10g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    told("mixtura from the cache, engine=spark", per_pass(passes(data, session), 2, 6))
    frame = session.read.parquet(str(folder))
    # MLlib keeps the vectors of a frame that is not cached as objects, which takes less time than
    # to decode them from one that is; it goes over the rows several times before and after it
    # iterates, so that is begun on few.
    rows = VectorAssembler(inputCols=NAMES, outputCol="features").transform(frame)
    mllib = lambda count, some=rows: OfMLlib(  # noqa: E731
        k=N_COMPONENTS, maxIter=count, tol=0.0, seed=1
    ).fit(some)
    few = rows.limit(20_000)
    told("Spark MLlib, rows in its memory", per_pass(mllib, 1, 3, lambda: mllib(3, few)))
    if fits:
        wall, cpu = time.perf_counter(), cpu_seconds()
        found = [
            OfMLlib(k=N_COMPONENTS, seed=seed).fit(rows).summary.logLikelihood
            for seed in range(fits)
        ]
        taken = time.perf_counter() - wall, cpu_seconds() - cpu
        told(f"Spark MLlib, {fits} default fits: best {max(found):.1f}", taken)
        print(f"  the others: {', '.join(f'{one:.1f}' for one in sorted(found)[:-1])}")
        wall, cpu = time.perf_counter(), cpu_seconds()
        own = GaussianMixture(N_COMPONENTS, random_state=0).fit(data).log_likelihood_
        taken = time.perf_counter() - wall, cpu_seconds() - cpu
        told(f"mixtura, the default fit: {own:.1f}", taken)
    session.stop()


def scanned(folder: Path) -> None:
    columns = ds.dataset(folder).to_batches(columns=NAMES)
    sums = np.zeros(N_COLUMNS)
    for batch in columns:
        sums += [pc.sum(column).as_py() or 0.0 for column in batch.columns]


def main() -> None:
    """Write, and time each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", nargs="?", type=float, default=1e6)
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--fits", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "rows"
        folder.mkdir()
        write(folder, int(asked.size), 0.0)
        scanned(folder)
        wall, cpu = time.perf_counter(), cpu_seconds()
        scanned(folder)
        told("pyarrow, a sum of each column", (time.perf_counter() - wall, cpu_seconds() - cpu))
        if importlib.util.find_spec("duckdb"):
            import duckdb

            sums = ", ".join(f"sum({name})" for name in NAMES)
            query = f"select {sums} from '{folder}/*.parquet'"
            wall, cpu = time.perf_counter(), cpu_seconds()
            duckdb.sql(query).fetchall()
            told("DuckDB, the same", (time.perf_counter() - wall, cpu_seconds() - cpu))
        with dataset(folder, memory="10 MB", cache=place) as data:
            print(f"{data.n_rows:,} rows")
            told("mixtura from the cache, threads", per_pass(passes(data, "threads"), 2, 12))
            inside = dataset(folder, memory="64 GB").array()
            told("mixtura in memory, threads", per_pass(passes(inside, "threads"), 2, 12))
            if asked.spark:
                by_spark(folder, data, asked.fits)


if __name__ == "__main__":
    main()
