"""Fits of Gaussian mixtures by scikit-learn and by R's mclust."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from sklearn.mixture import GaussianMixture as SklearnMixture

__all__ = ["by_mclust", "by_sklearn", "sklearn_has"]

SKLEARN = {
    "full": "full", "tied": "tied", "diag": "diag", "spherical": "spherical",
    "VVV": "full", "EEE": "tied", "VVI": "diag", "VII": "spherical",
}  # fmt: skip
CODES = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}

PROGRAM = """
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]; columns <- as.integer(arguments[2])
sizes <- as.integer(strsplit(arguments[3], ",")[[1]])
names <- if (arguments[4] == "all") NULL else arguments[4]
read <- function(name) {
  path <- file.path(folder, name)
  matrix(readBin(path, "double", file.size(path) / 8), ncol = columns)
}
write <- function(values, name) writeBin(as.double(values), file.path(folder, name))
fitted <- read("fitted"); held_out <- read("held_out"); set.seed(1)
time <- system.time(
  model <- Mclust(fitted, G = sizes, modelNames = names, verbose = FALSE)
)
if (is.null(model) || is.na(model$loglik)) stop("Mclust has no fit of this structure and size")
densities <- function(rows) {
  if (columns == 1) rows <- as.vector(rows)
  dens(rows, modelName = model$modelName, parameters = model$parameters, logarithm = TRUE)
}
write(densities(fitted), "fitted_density"); write(densities(held_out), "held_out_density")
write(model$classification, "labels")
cat(sum(time[c(1, 2, 4, 5)], na.rm = TRUE), model$G, model$modelName)
"""


def sklearn_has(problem):
    """Return whether scikit-learn has the problem's structure; a search is over all of its own."""
    return problem.sizes is not None or problem.structure in SKLEARN


def sklearn_fit(problem, seed, n_components, structure):
    model = SklearnMixture(
        n_components, covariance_type=structure, n_init=10, tol=1e-6, max_iter=1000,
        random_state=seed % 2**32,
    )  # fmt: skip
    return model.fit(problem.fitted)


def by_sklearn(problem, seed):
    """Return scikit-learn's best of ten starts, and of a search the one with the least BIC."""
    if problem.sizes is None:
        return sklearn_fit(problem, seed, problem.n_components, SKLEARN[problem.structure])
    models = [
        sklearn_fit(problem, seed, size, structure)
        for size in problem.sizes
        for structure in ("full", "tied", "diag", "spherical")
    ]
    best = min(models, key=lambda model: model.bic(problem.fitted))
    best.note = f"{best.covariance_type} {best.n_components}"
    return best


class Remembered:
    """What mclust says of the fitted and the held-out rows."""

    def __init__(self, fitted, densities, labels, seconds, n_components, note):
        self._fitted, self._labels = fitted, labels
        self._fitted_density, self._held_out_density = densities
        self.seconds, self.n_components, self.note = seconds, n_components, note

    def score_samples(self, rows):
        return self._fitted_density if rows is self._fitted else self._held_out_density

    def predict(self, rows):
        return self._labels


def r_name(problem):
    """Return what mclust calls the structure; of one column there are but two."""
    if problem.sizes is not None:
        return "all"
    code = CODES.get(problem.structure, problem.structure)
    return code[0] if problem.fitted.shape[1] == 1 else code


def by_mclust(problem, seed):
    """Return what mclust fits, from its own start; no seed changes it below 2000 rows."""
    sizes = (problem.n_components,) if problem.sizes is None else problem.sizes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = folder / "fit.R"
        program.write_text(PROGRAM)
        for part in ("fitted", "held_out"):
            (folder / part).write_bytes(getattr(problem, part).astype(float).tobytes(order="F"))
        done = subprocess.run(
            ["Rscript", str(program), name, str(problem.fitted.shape[1]),
             ",".join(map(str, sizes)), r_name(problem)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(" ".join(done.stderr.split()))
        seconds, size, code = done.stdout.split()
        densities = [
            np.frombuffer((folder / f"{part}_density").read_bytes())
            for part in ("fitted", "held_out")
        ]
        labels = np.frombuffer((folder / "labels").read_bytes()).astype(np.intp)
    return Remembered(problem.fitted, densities, labels, float(seconds), int(size), code)
