"""The grid of MclustDA beside mclust: 14 structures x 5 sizes x 10 classes of digits' projections.

    python benchmarks/known.py grid [--classes 10] [--sizes 5]
    python benchmarks/known.py auto
    python benchmarks/known.py error

`grid` takes both systems' CPU seconds in one run; `auto` the time of n_components="auto" over that
of a fit of nine components, on problems drawn anew; `error` errors and Brier scores of EDDA and
MclustDA on rows that were not fitted, the same for both. mclust takes part where Rscript has it.
Set OPENBLAS_NUM_THREADS=1, so that CPU seconds are those of one core.
"""

import argparse
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold

from mixtura import GaussianMixture, GaussianMixtureClassifier
from mixtura.discriminant import judge

SETS = Path(__file__).parent.parent / "tests" / "reference" / "datasets"

THEIRS = """
suppressMessages(library(mclust)); mclust.options(hcUse = "VARS")
at <- commandArgs(TRUE)
x <- as.matrix(read.csv(at[1], header = FALSE)); y <- scan(at[2], quiet = TRUE)
t <- as.matrix(read.csv(at[3], header = FALSE)); k <- scan(at[4], quiet = TRUE)
G <- as.integer(strsplit(at[5], ",")[[1]])
time <- system.time(m <- MclustDA(x, y, G = G, modelType = at[6], verbose = FALSE))
z <- predict(m, t)$z; d <- outer(k, sort(unique(y)), "==") * 1
wrong <- mean(sort(unique(y))[max.col(z)] != k)
cat(time[1] + time[2], wrong, sum((z - d)^2) / (2 * nrow(z)), "\\n")
"""


def mclust(parts: tuple[Any, ...], sizes: range, kind: str) -> list[float]:
    """Return CPU seconds, error and Brier score of mclust on rows that it was not fitted to."""
    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder) / f"{place}.csv") for place in range(4)]
        for name, part in zip(names, parts, strict=True):
            np.savetxt(name, part, delimiter=",")
        asked = ["Rscript", "-e", THEIRS, *names, ",".join(map(str, sizes)), kind]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return [float(word) for word in done.stdout.split()] if done.returncode == 0 else [np.nan] * 3


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds that some work takes, and what it returns."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def compared(name: str, parts: tuple[Any, ...], sizes: range, kind: str) -> None:
    """Print time, error and Brier score of both."""
    X, y, test, known = parts
    model = GaussianMixtureClassifier(sizes, random_state=0, n_jobs=1)
    seconds, _ = timed(lambda: model.fit(X, y))
    told, theirs = judge(model, test, known), mclust(parts, sizes, kind)
    print(
        f"{name:10s} {kind:9s} seconds {seconds:8.2f} {theirs[0]:8.2f}  ratio "
        f"{theirs[0] / seconds:6.1f}  error {told.error:.4f} {theirs[1]:.4f}  Brier "
        f"{told.brier:.4f} {theirs[2]:.4f}",
        flush=True,
    )


def halves(X: Any, y: Any, seed: int = 0) -> tuple[Any, ...]:
    """Return rows to fit and rows to judge by, two thirds and a third."""
    order = np.random.default_rng(seed).permutation(len(X))
    first, second = order[len(X) // 3 :], order[: len(X) // 3]
    return X[first], y[first], X[second], y[second]


def grid(classes: int, sizes: int) -> None:
    """Print the times of the whole grid on digits' first 10 projections."""
    digits = load_digits()
    X, y = PCA(10, svd_solver="full").fit_transform(digits.data), digits.target
    X, y = X[y < classes], y[y < classes]
    compared("digits", halves(X, y), range(1, sizes + 1), "MclustDA")


def error() -> None:
    """Print errors and Brier scores on public sets, of five parts left out in turn."""
    for name, (X, y) in sets().items():
        for sizes, kind in ((range(1, 2), "EDDA"), (range(1, 4), "MclustDA")):
            told = []
            for fitted, judged in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
                parts = (X[fitted], y[fitted], X[judged], y[judged])
                model = GaussianMixtureClassifier(sizes, random_state=0, n_jobs=1)
                seconds, _ = timed(lambda parts=parts, model=model: model.fit(*parts[:2]))
                own = judge(model, *parts[2:])
                both = [seconds, own.error, own.brier, *mclust(parts, sizes, kind)]
                told.append([*both, len(judged)])
            found = np.array(told)
            rows = found[:, -1]
            error, brier, theirs, others = (rows @ found[:, j] / len(X) for j in (1, 2, 4, 5))
            print(
                f"{name:9s} {kind:9s} wrong {error * len(X):3.0f} {theirs * len(X):3.0f} of "
                f"{len(X)}  Brier {brier:.4f} {others:.4f}  seconds {found[:, 0].sum():.2f} "
                f"{found[:, 3].sum():.2f}",
                flush=True,
            )


def sets() -> dict[str, tuple[Any, Any]]:
    """Return rows and classes, as numbers, of six public sets."""
    found = {}
    for name in ("iris", "banknote", "crabs", "diabetes", "wdbc10"):
        table = pd.read_csv(SETS / f"{name}.csv")
        found[name] = (table.iloc[:, :-1].to_numpy(float), pd.factorize(table.iloc[:, -1])[0])
    wine = load_wine()
    return found | {"wine": (wine.data, wine.target)}


def auto() -> None:
    """Print how long finding the size takes, in fits of nine components."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        means = 4 * rng.normal(size=(4, 4))
        X = rng.normal(size=(2000, 4)) + means[rng.integers(4, size=2000)]
        largest, _ = timed(lambda X=X: GaussianMixture(9, random_state=0, n_jobs=1).fit(X))
        seconds, model = timed(lambda X=X: GaussianMixture("auto", random_state=0, n_jobs=1).fit(X))
        size = len(model.weights_)
        print(f"{seed} K {size} auto {seconds:.2f} largest {largest:.2f} {seconds / largest:.2f}")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("of", choices=("grid", "auto", "error"))
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--sizes", type=int, default=5)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.of == "grid":
        grid(asked.classes, asked.sizes)
    else:
        {"auto": auto, "error": error}[asked.of]()


if __name__ == "__main__":
    main()
