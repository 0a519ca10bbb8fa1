"""How mclust and flexmix are asked, in R."""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from conforming.systems import CannotBeAsked, refuse

__all__ = ["PACKAGES", "asked", "version_of"]

PACKAGES = ("mclust", "flexmix")
CODES = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}

COMMON = """
suppressMessages(library(%s))
folder <- commandArgs(trailingOnly = TRUE)[1]
size <- scan(file.path(folder, "size"), quiet = TRUE)
columns <- size[1]; k <- size[2]; set.seed(size[3])
read <- function(name, m) {
  path <- file.path(folder, name)
  matrix(readBin(path, "double", file.size(path) / 8), ncol = m)
}
write <- function(values, name) writeBin(as.double(values), file.path(folder, name))
rows <- read("rows", columns); weights <- as.vector(read("weights", 1))
"""

MCLUST = """
code <- readLines(file.path(folder, "code"))
model <- Mclust(if (columns == 1) as.vector(rows) else rows, G = k, modelNames = code,
                verbose = FALSE)
if (is.null(model) || is.na(model$loglik)) stop("no fit of this structure and size")
p <- model$parameters
write(p$pro, "shares"); write(t(p$mean), "means")
sigma <- if (columns == 1) rep(p$variance$sigmasq, length.out = k) else p$variance$sigma
write(sigma, "covariances")
if (file.exists(file.path(folder, "far")))
  write(predict(model, read("far", columns))$z, "posteriors")
"""

FLEXMIX = """
code <- readLines(file.path(folder, "code"))
told <- if (all(weights == 1)) NULL else as.integer(weights)
control <- list(minprior = 0)
if (code == "classes") {
  model <- flexmix(rows ~ 1, k = k, weights = told, model = FLXMCmvbinary(), control = control)
  found <- parameters(model)
  write(prior(model), "shares"); write(found, "tables")
} else {
  model <- flexmix(rows ~ 1, k = k, weights = told,
                   model = FLXMCmvnorm(diagonal = code == "VVI"), control = control)
  write(prior(model), "shares")
  of <- lapply(seq_len(model@k), function(i) parameters(model, component = i))
  write(t(sapply(of, function(one) one[seq_len(columns)])), "means")
  write(sapply(of, function(one) one[-seq_len(columns)]), "covariances")
}
"""


def version_of(name):
    """Return the version of a package of R, or None where it is not there."""
    program = f'cat(as.character(packageVersion("{name}")))'
    try:
        done = subprocess.run(["Rscript", "-e", program], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def asked(name, question, seed, seconds):
    """Return what a package answers, as `systems.py` says."""
    if name == "mclust":
        refuse(question, weights=True, gaps=True)
        program, code = MCLUST, CODES[question.structure]
        code = code[0] if question.rows.shape[1] == 1 else code
    else:
        program, code = FLEXMIX, CODES.get(question.structure, "classes")
        refuse(question, structures=("full", "diag", "classes"), gaps=True, far=True)
        if code == "classes" and question.rows.max() > 1:
            raise CannotBeAsked
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "program.R").write_text(COMMON % name + program)
        size = question.rows.shape[1], question.n_components, seed + 1
        (folder / "size").write_text(" ".join(map(str, size)))
        (folder / "code").write_text(code + "\n")
        told = {"rows": question.rows, "weights": question.weights, "far": question.far}
        for part, values in told.items():
            if values is not None:
                (folder / part).write_bytes(values.astype(float).tobytes(order="F"))
        done = subprocess.run(
            ["Rscript", str(folder / "program.R"), place],
            capture_output=True, text=True, timeout=seconds, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(" ".join(done.stderr.split()))
        return answer(folder, question)


def answer(folder, question):
    n_columns = question.rows.shape[1]

    def read(name):
        return np.frombuffer((folder / name).read_bytes())

    shares = read("shares")
    if question.is_of_classes:
        ones = read("tables").reshape(len(shares), n_columns)
        return (shares, [np.stack([1 - own, own], axis=1) for own in ones.T]), None
    means = read("means").reshape(n_columns, len(shares)).T
    covariances = read("covariances").reshape(len(shares), n_columns, n_columns)
    posteriors = folder / "posteriors"
    far = None
    if posteriors.exists():
        far = read("posteriors").reshape(len(shares), -1).T
    return (shares, means, covariances), far
