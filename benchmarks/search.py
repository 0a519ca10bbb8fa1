"""A full search, 14 structures x 1 to 9 components, against R's mclust.

Needs Rscript with mclust (on Debian: r-base-core and r-cran-mclust).
"""

import csv
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from mixtura import select

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles import dataset

PROGRAM = """
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- as.matrix(read.csv(arguments[1])); set.seed(1)
time <- system.time(bic <- mclustBIC(rows, G = 1:9, verbose = FALSE))
cat(time["elapsed"], time["user.self"] + time["sys.self"], "\\n")
write.csv(as.data.frame(unclass(bic)), arguments[2])
"""


def large():
    rng = np.random.default_rng(7)
    centres = rng.normal(0, 3.0, (5, 4))
    labels = rng.integers(5, size=10_000)
    shapes = rng.normal(0, 1, (5, 4, 4))
    noise = rng.normal(0, 1, (10_000, 4))
    return np.einsum("nij,nj->ni", shapes[labels] * 0.7, noise) + centres[labels]


def wide(n_rows, n_columns):
    """Return three clusters in many columns for so few rows."""
    rng = np.random.default_rng([n_rows, n_columns])
    centres = rng.normal(size=(3, n_columns))
    noise = rng.normal(size=(n_rows, n_columns)) * rng.uniform(0.5, 2, n_columns)
    return centres[np.arange(n_rows) % 3] + noise


def problems():
    """Return rows by title: those of the reference, wide ones and many."""
    named = {name: dataset(name).values for name in ("iris", "faithful", "diabetes", "banknote")}
    more = {"100 x 20": wide(100, 20), "300 x 30": wide(300, 30), "10 000 x 4": large()}
    return named | more


def mclust(rows, folder):
    """Return seconds, CPU seconds and the BIC (lower is better here) by structure and K."""
    data, table, program = folder / "rows.csv", folder / "bic.csv", folder / "search.R"
    header = ",".join(f"x{j}" for j in range(rows.shape[1]))
    np.savetxt(data, rows, delimiter=",", header=header, comments="")
    program.write_text(PROGRAM)
    done = subprocess.run(
        ["Rscript", str(program), str(data), str(table)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    with table.open(newline="") as file:
        header, *lines = csv.reader(file)
    cells = {
        (code, int(line[0])): -float(value)
        for line in lines
        for code, value in zip(header[1:], line[1:], strict=True)
        if value != "NA"
    }
    seconds, cpu = map(float, done.stdout.split())
    return seconds, cpu, cells


def main():
    if shutil.which("Rscript") is None:
        sys.exit("Rscript is not installed; see the top of this file")
    chosen = sys.argv[1:]
    for title, rows in problems().items():
        if chosen and title not in chosen:
            continue
        with tempfile.TemporaryDirectory() as folder:
            their_seconds, their_cpu, theirs = mclust(rows, Path(folder))
        began, busy = perf_counter(), process_time()
        selection = select(rows, random_state=0)
        seconds, cpu = perf_counter() - began, process_time() - busy
        ours = {
            (candidate.kind, candidate.n_components): candidate.result
            for candidate in selection.candidates
            if candidate.result is not None
        }
        shared = [cell for cell in theirs if cell in ours]
        # Half a BIC is the log-likelihood, as the counts of parameters are the same.
        better = [ours[cell].bic / 2 <= theirs[cell] / 2 + 0.1 for cell in shared]
        print(
            f"{title}: {seconds:.2f} s, mclust {their_seconds:.2f} s, "
            f"{their_seconds / seconds:.1f} times ({their_cpu / cpu:.1f} by CPU time), "
            f"as likely or likelier in {np.mean(better):.1%} of {len(shared)} cells (asked: 95 %)"
        )


if __name__ == "__main__":
    main()
