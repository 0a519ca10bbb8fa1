"""Fit Gaussian mixtures to files that are more than memory may hold, and say what that takes.

Draws N rows of 10 columns in single precision from 10 clusters into 14 Parquet files, fits them by
default with 10 MB for rows, and prints CPU seconds, the peak of memory, and the same in memory with
more: `python benchmarks/scale.py 1e6 1e7 --memory "10 MB" "8 GB"`. With `--gaps 0.1` a tenth of the
cells is missing, and rows have weights.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

N_FILES, N_COLUMNS, N_COMPONENTS, BATCH = 14, 10, 10, 1 << 16


def write(folder: Path, n_rows: int, gaps: float) -> None:
    """Write about so many rows, a share of their cells missing."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(N_COMPONENTS, N_COLUMNS)) * 2.5
    shapes = rng.normal(size=(N_COMPONENTS, N_COLUMNS, N_COLUMNS)) * 0.4 + np.eye(N_COLUMNS)
    for number in range(N_FILES):
        left, writer = n_rows // N_FILES, None
        while left:
            labels = rng.integers(N_COMPONENTS, size=min(left, BATCH))
            white = rng.standard_normal((len(labels), N_COLUMNS), dtype=np.float32)
            rows = np.empty_like(white)
            for k in range(N_COMPONENTS):
                own = labels == k
                rows[own] = centres[k] + white[own] @ shapes[k]
            columns = {f"x{j}": rows[:, j] for j in range(N_COLUMNS)}
            if gaps:
                rows[rng.random(rows.shape, dtype=np.float32) < gaps] = np.nan
                columns["weight"] = rng.exponential(size=len(rows))
            table = pa.table(columns)
            writer = writer or pq.ParquetWriter(folder / f"{number:02d}.parquet", table.schema)
            writer.write_table(table)
            left -= len(labels)
        if writer is not None:
            writer.close()


def measure(folder: Path, memory: str, gaps: float) -> None:
    """Fit the files of a folder, and print what it took."""
    from mixtura import GaussianMixture, dataset

    wall, cpu = time.perf_counter(), time.process_time()
    weights = "weight" if gaps else None
    with dataset(folder, weights=weights, memory=memory, cache=folder.parent) as data:
        n_rows = data.n_rows
        read = time.process_time() - cpu
        model = GaussianMixture(N_COMPONENTS, missing="marginal", random_state=0).fit(data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    where = "beyond memory" if memory == "10 MB" else "in memory"
    print(
        f"{n_rows:>11,} rows {where:13}: {time.process_time() - cpu:6.1f} CPU s ({read:.1f} to "
        f"read), {time.perf_counter() - wall:6.1f} s, peak {peak:5.0f} MB, {model.n_iter_} "
        f"passes, {model.lower_bound_:.9f} a row",
        flush=True,
    )


def main() -> None:
    """Write, and measure each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=float, default=[1e6, 1e7])
    parser.add_argument("--memory", nargs="*", default=["10 MB"], help="what rows may take")
    parser.add_argument("--gaps", type=float, default=0.0, help="share of missing cells")
    parser.add_argument("--folder", type=Path, help="of files that are there already")
    asked = parser.parse_args()
    if asked.folder is not None:
        measure(asked.folder, asked.memory[0], asked.gaps)
        return
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "rows"
            folder.mkdir()
            write(folder, int(size), asked.gaps)
            for memory in asked.memory:
                told = "--folder", folder, "--memory", memory, "--gaps", asked.gaps
                command = [sys.executable, __file__, *map(str, told)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
