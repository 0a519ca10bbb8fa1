"""Merged components beside mclust's clustCombi, on clusters of non-normal shape, drawn anew.

    OPENBLAS_NUM_THREADS=1 python benchmarks/merged.py [--draws 5] [--seed 0]

For each shape the mean adjusted Rand index with the clusters drawn: of each criterion of `merge` at
the number of clusters that it finds, and of clustCombi with clustCombiOptim(reg = 2), where Rscript
has mclust; then entropy and clustCombi at the true number.
"""

import argparse
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from mixtura import select
from mixtura.inference import merge

Drawn = tuple[NDArray[np.float64], NDArray[np.intp]]

CRITERIA = ("entropy", "overlap", "bhattacharyya", "ridge", "dip", "modes")

THEIRS = """
suppressMessages(library(mclust)); at <- commandArgs(TRUE)
x <- as.matrix(read.csv(at[1], header = FALSE)); k <- as.integer(at[2])
m <- Mclust(x, verbose = FALSE); o <- clustCombi(m)
found <- clustCombiOptim(o, reg = 2)$cluster.combi
forced <- if (m$G >= k) o$classification[[k]] else m$classification
write.table(cbind(found, forced), at[3], row.names = FALSE, col.names = FALSE)
"""


def moons(rng: np.random.Generator) -> Drawn:
    """Return two half circles that reach into each other."""
    labels = rng.integers(2, size=500)
    angle = rng.uniform(0, np.pi, 500)
    x = np.where(labels == 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(labels == 0, np.sin(angle), 0.5 - np.sin(angle))
    return np.column_stack([x, y]) + rng.normal(scale=0.08, size=(500, 2)), labels


def ring(rng: np.random.Generator) -> Drawn:
    """Return a ball within a ring."""
    labels = rng.integers(2, size=500)
    angle = rng.uniform(0, 2 * np.pi, 500)
    radius = np.where(labels == 0, 0.0, 5.0)
    rows = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return rows + rng.normal(scale=0.6, size=(500, 2)), labels


def skewed(rng: np.random.Generator) -> Drawn:
    """Return three clusters with long tails to one side."""
    labels = rng.integers(3, size=600)
    places = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    return places[labels] + rng.gamma(1.2, 1.2, size=(600, 2)), labels


def squares(rng: np.random.Generator) -> Drawn:
    """Return two even squares and a cross of two bars."""
    labels = rng.integers(3, size=600)
    rows = rng.uniform(-1.5, 1.5, size=(600, 2))
    bars = rng.integers(2, size=600) == 0
    cross = np.where(bars[:, None], [[0.15, 2.5]], [[2.5, 0.15]]) * rng.normal(size=(600, 2)) / 1.5
    places = np.array([[0.0, 0.0], [8.0, 0.0], [4.0, 8.0]])
    return np.where((labels == 2)[:, None], cross, rows) + places[labels], labels


SHAPES: dict[str, Callable[[np.random.Generator], Drawn]] = {
    "moons": moons,
    "ring": ring,
    "skewed": skewed,
    "squares": squares,
}


def clust_combi(rows: NDArray[np.float64], count: int) -> list[NDArray[np.float64]]:
    """Return the clusters that clustCombi finds, and those of the true number."""
    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder) / name) for name in ("rows.csv", "found.txt")]
        np.savetxt(names[0], rows, delimiter=",")
        asked = ["Rscript", "-e", THEIRS, names[0], str(count), names[1]]
        subprocess.run(asked, capture_output=True, check=True)
        return list(np.loadtxt(names[1]).T)


def main() -> None:
    """Print the means for each shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for place, (name, draw) in enumerate(SHAPES.items()):
        scores: dict[str, list[float]] = {}
        for seed in range(asked.seed, asked.seed + asked.draws):
            rows, labels = draw(np.random.default_rng([seed, place]))
            count = len(np.unique(labels))
            mixture = select(rows, random_state=0, n_jobs=1).result.mixture
            said = {one: merge(mixture, rows, criterion=one).predict(rows) for one in CRITERIA}
            most = min(count, mixture.n_components)
            said["entropy, true number"] = merge(mixture, rows).predict(rows, most)
            try:
                found, forced = clust_combi(rows, count)
                said |= {"clustCombi": found, "clustCombi, true number": forced}
            except (OSError, subprocess.CalledProcessError):
                pass
            for one, clusters in said.items():
                scores.setdefault(one, []).append(adjusted_rand_score(labels, clusters))
        told = "  ".join(f"{one} {np.mean(values):.3f}" for one, values in scores.items())
        print(f"{name:8s} {told}", flush=True)


if __name__ == "__main__":
    main()
