"""Mixtures of regressions beside flexmix, from the same labels and by searches, in one run.

    python benchmarks/regressions.py

Needs R with flexmix. Prints CPU seconds of a fit and its log-likelihood; flexmix stops by its own
rule, and Gaussian likelihoods of it are a little lower, as it divides residuals by N - p. A search
is a default fit, which tries 24 starts and carries four on, beside `stepFlexmix` of 24 starts.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from mixtura import MixtureRegressor

SCRIPT = """
suppressMessages(library(flexmix))
for (file in commandArgs(trailingOnly = TRUE)) {
  d <- read.csv(file); family <- sub("-.*", "", basename(file))
  again <- max(1, 2000 %/% nrow(d))
  t <- system.time(for (i in seq_len(again)) m <- flexmix(y ~ a + b, data = d, k = 2,
    cluster = d$start, model = FLXMRglm(family = family), control = list(minprior = 0)))
  cat(basename(file), (t[[1]] + t[[2]]) / again, as.numeric(logLik(m)), "\\n")
  if (nrow(d) > 5000) next
  set.seed(1)
  t <- system.time(m <- stepFlexmix(y ~ a + b, data = d, k = 2, nrep = 24, verbose = FALSE,
    model = FLXMRglm(family = family), control = list(minprior = 0)))
  cat(sub(".csv", "-search.csv", basename(file)), t[[1]] + t[[2]], as.numeric(logLik(m)), "\\n")
}
"""
# Rows up to which searches are compared: flexmix takes half a minute for more.
SEARCHED = 5000
LINES = np.array([[0.8, 0.9, -0.4], [1.2, -0.8, 0.5]])


def drawn(family: str, n_rows: int) -> np.ndarray:
    """Return terms, a response and labels of which a third are wrong."""
    rng = np.random.default_rng(3)
    X, labels = rng.normal(size=(n_rows, 2)), rng.integers(2, size=n_rows)
    eta = (np.column_stack([np.ones(n_rows), X]) * LINES[labels]).sum(axis=1)
    y = rng.poisson(np.exp(eta)) if family == "poisson" else eta + 0.7 * rng.normal(size=n_rows)
    start = np.where(rng.random(n_rows) < 0.7, labels, 1 - labels)
    return np.column_stack([X, y, start + 1])


def ours(family: str, rows: np.ndarray, *, searches: bool) -> tuple[float, float]:
    """Return CPU seconds of a fit, and its log-likelihood."""
    start = None if searches else np.eye(2)[rows[:, 3].astype(int) - 1]
    model = MixtureRegressor(
        2, family, responsibilities_init=start, random_state=0, engine="serial"
    )
    model.fit(rows[:, :2], rows[:, 2])
    again = max(1, 2000 // len(rows))
    began = time.process_time()
    for _ in range(again):
        model.fit(rows[:, :2], rows[:, 2])
    return (time.process_time() - began) / again, model.log_likelihood_


def main() -> None:
    """Print a line for each problem."""
    cases = [(family, size) for family in ("gaussian", "poisson") for size in (200, 5000, 50_000)]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "flexmix.R"
        script.write_text(SCRIPT, encoding="utf-8")
        files, found = [], []
        for family, size in cases:
            rows = drawn(family, size)
            files.append(Path(folder) / f"{family}-{size}.csv")
            np.savetxt(files[-1], rows, delimiter=",", header="a,b,y,start", comments="")
            found.append(ours(family, rows, searches=False))
            if size <= SEARCHED:
                found.append(ours(family, rows, searches=True))
        told = subprocess.run(
            ["Rscript", script, *files], check=True, capture_output=True, text=True
        ).stdout
    for line, (seconds, log_likelihood) in zip(told.splitlines(), found, strict=True):
        name, theirs, other = line.split()
        print(
            f"{name.removesuffix('.csv'):22} mixtura {seconds:8.4f} s {log_likelihood:14.3f}   "
            f"flexmix {float(theirs):8.4f} s {float(other):14.3f}   "
            f"{float(theirs) / seconds:5.1f} x"
        )


if __name__ == "__main__":
    main()
