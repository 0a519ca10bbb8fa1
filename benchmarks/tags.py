"""Bernoulli mixtures of the tags of Debian's packages, against R's flexmix.

Needs Rscript with flexmix (on Debian: r-base-core and r-cran-flexmix). Tags are read from the
package index where there is one, as on Debian; elsewhere as many rows are drawn.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np

from mixtura import BernoulliMixture

SIZE = (30_000, 600)
N_COMPONENTS, SWEEPS = 5, 12

# Both take the same steps from the same responsibilities; flexmix drops no component.
PROGRAM = """
suppressMessages(library(flexmix))
arguments <- commandArgs(trailingOnly = TRUE)
size <- scan(arguments[1], quiet = TRUE, nmax = 3)
read <- function(name, n, m) {
  file <- file(name, "rb"); on.exit(close(file))
  matrix(readBin(file, "double", n * m), nrow = n)
}
rows <- read(arguments[2], size[1], size[2])
start <- read(arguments[3], size[1], size[3])
control <- list(iter.max = as.integer(arguments[4]), tolerance = 0, minprior = 0)
seconds <- system.time(suppressWarnings(
  fit <- flexmix(rows ~ 1, cluster = start, model = FLXMCmvbinary(), control = control)
))["elapsed"]
cat(seconds, sprintf("%.6f", as.numeric(logLik(fit))), "\\n")
"""


def packages():
    """Return who has which tag (N, D), and where that is from."""
    if shutil.which("apt-cache") is not None:
        index = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True).stdout
        fields = re.findall(r"^Tag: (.*(?:\n .*)*)", index, re.MULTILINE)
        if fields:
            tagged = [re.split(r",\s*", " ".join(field.split())) for field in fields]
            tags = {tag: place for place, tag in enumerate(sorted(set().union(*tagged)))}
            rows = np.zeros((len(tagged), len(tags)))
            for row, its_tags in zip(rows, tagged, strict=True):
                row[[tags[tag] for tag in its_tags]] = 1.0
            return rows, "tags of Debian's packages"
    rng = np.random.default_rng(0)
    probabilities = rng.beta(0.2, 8.0, (N_COMPONENTS, SIZE[1]))
    drawn = rng.random(SIZE) < probabilities[rng.integers(N_COMPONENTS, size=SIZE[0])]
    return drawn.astype(float), "drawn rows (there is no package index here)"


def flexmix(rows, start, folder):
    """Return seconds and log-likelihood of as many EM steps."""
    size, values, shares = folder / "size.txt", folder / "rows.bin", folder / "start.bin"
    size.write_text(f"{rows.shape[0]} {rows.shape[1]} {start.shape[1]}\n")
    values.write_bytes(np.asfortranarray(rows).tobytes("F"))
    shares.write_bytes(np.asfortranarray(start).tobytes("F"))
    program = folder / "fit.R"
    program.write_text(PROGRAM)
    done = subprocess.run(
        ["Rscript", str(program), str(size), str(values), str(shares), str(SWEEPS)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds, log_likelihood = map(float, done.stdout.split())
    return seconds, log_likelihood


def main():
    if shutil.which("Rscript") is None:
        sys.exit("Rscript is not installed; see the top of this file")
    warnings.simplefilter("ignore")
    rows, source = packages()
    rng = np.random.default_rng(1)
    start = rng.dirichlet(np.full(N_COMPONENTS, 0.3), len(rows))
    print(f"{source}: {rows.shape[0]} x {rows.shape[1]}, K={N_COMPONENTS}, {SWEEPS} steps of EM")
    with tempfile.TemporaryDirectory() as folder:
        their_seconds, theirs = flexmix(rows, start, Path(folder))
    for n_jobs, words in ((1, "one thread"), (None, "all threads")):
        seconds = np.inf
        for _ in range(3):
            mixture = BernoulliMixture(
                N_COMPONENTS,
                responsibilities_init=start,
                algorithm="em",
                tol=0.0,
                max_iter=SWEEPS,
                prior=None,
                n_jobs=n_jobs,
            )
            began = perf_counter()
            mixture.fit(rows)
            seconds = min(seconds, perf_counter() - began)
        print(
            f"  {words}: {seconds:.2f} s against {their_seconds:.2f} s of flexmix: "
            f"{their_seconds / seconds:.1f} times (asked: 10); log-likelihood "
            f"{mixture.history_.log_likelihood[-1]:.3f} against {theirs:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
