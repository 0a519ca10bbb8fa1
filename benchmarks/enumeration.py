"""How many classes: K = 1 to 8 with 100 starts and BLRT with 100 replicates, and peers in part.

python benchmarks/enumeration.py TABLE.csv, of codes with a header and empty cells where they lack:
that of the issue is the election of poLCA (github.com/dlinzer/poLCA), its first 12 columns. StepMix
fits 3 starts of each K and 2 replicates of three tests, poLCA (where Rscript has it) 3 starts of
each K; what all would take is extrapolated.
"""

import shutil
import subprocess
import sys
import warnings
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from mixtura import CategoricalMixture, enumerate_classes

SIZES, STARTS, REPLICATES = range(1, 9), 100, 100
FEW, TESTED = 3, (1, 4, 7)

PROGRAM = """
suppressMessages(library(poLCA))
rows <- read.csv(commandArgs(trailingOnly = TRUE)[1])
asked <- as.formula(paste("cbind(", paste(names(rows), collapse = ","), ") ~ 1"))
for (size in 1:8) {
  set.seed(size)
  time <- system.time(poLCA(asked, rows, nclass = size, nrep = 3, na.rm = FALSE, verbose = FALSE,
                            maxiter = 5000, calc.se = FALSE))
  cat(time["user.self"] + time["sys.self"], "\\n")
}
"""


def ours(rows, replicates):
    model = CategoricalMixture(n_init=STARTS)
    began, busy = perf_counter(), process_time()
    enumerate_classes(rows, SIZES, model, blrt=replicates, random_state=0)
    return perf_counter() - began, process_time() - busy


def stepmix(rows):
    """Return CPU seconds that the fits, and the tests, would take."""
    from stepmix.bootstrap import blrt
    from stepmix.stepmix import StepMix

    answers = rows.astype(float) - 1

    def model(size, starts):
        return StepMix(
            size,
            measurement="categorical_nan",
            n_init=starts,
            random_state=0,
            verbose=0,
            progress_bar=0,
            max_iter=5000,
            abs_tol=1e-7,
            rel_tol=0,
        )

    busy = process_time()
    for size in SIZES:
        model(size, FEW).fit(answers)
    fits = (process_time() - busy) * STARTS / FEW
    taken = []
    for size in TESTED:
        busy = process_time()
        blrt(model(size, 1), model(size + 1, FEW), answers, n_repetitions=2)
        taken.append((process_time() - busy) / 2)
    return fits, float(np.mean(taken)) * REPLICATES * (len(SIZES) - 1)


def polca(path):
    found = subprocess.run(["Rscript", "-e", PROGRAM, path], capture_output=True, text=True)
    if found.returncode:
        return None
    return sum(float(line) for line in found.stdout.split("\n") if line.strip()) * STARTS / FEW


def main():
    path = sys.argv[1]
    rows = pd.read_csv(path).astype("Int64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, alone = ours(rows, 0)
        seconds, cpu = ours(rows, REPLICATES)
        fits, tests = stepmix(rows)
    print(
        f"{len(rows):,} x {rows.shape[1]}: {seconds:.1f} s, {cpu:.1f} CPU s, no tests {alone:.1f}"
    )
    print(f"StepMix: {fits:.0f} + {tests:.0f} CPU s, {(fits + tests) / cpu:.0f} times")
    if shutil.which("Rscript") and (theirs := polca(path)):
        print(f"poLCA, no tests: {theirs:.0f} CPU s, {theirs / alone:.0f} times")


if __name__ == "__main__":
    main()
