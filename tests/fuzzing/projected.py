"""Directions in which components differ: scores of mean 0 and variance 1, and what a file keeps."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import mixtura
from fuzzing import tables
from fuzzing.claims import holds, is_distribution
from mixtura.components.gaussian.structures import CODES
from mixtura.components.margins import covariance_of, moments_of
from mixtura.components.noise import beside_noise
from mixtura.projection import project
from mixtura.store import save

__all__ = ["projected"]

FACTORS = ["UUU", "UUC", "UCU", "UCC", "CUU", "CUC", "CCU", "CCC"]


def projected(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any, Any]:
    """Return settings, rows, what fits and projects them, and what holds of that."""
    n_rows, n_columns = tables.small(rng)
    rows = tables.numbers(rng, n_rows, n_columns)
    settings: dict[str, Any] = {
        "n_components": int(rng.choice([1, 2, 3, 5], p=[0.05, 0.4, 0.35, 0.2])),
        "random_state": int(rng.integers(1000)),
        "max_iter": int(rng.choice([1, 5, 20, 100])),
        "prior": ["weak", None][int(rng.random() < 0.15)],
    }
    kind = str(rng.choice(["gaussian", "t", "factors"], p=[0.6, 0.2, 0.2]))
    made: Any = mixtura.GaussianMixture
    if kind == "factors":
        made = mixtura.FactorAnalyserMixture
        settings["covariance_type"] = str(rng.choice(FACTORS))
    else:
        settings["covariance_type"] = str(rng.choice(CODES))
    if kind == "t":
        made = mixtura.StudentTMixture
        settings["degrees_of_freedom"] = ["free", 5.0, 2.5][rng.integers(3)]
    if rng.random() < 0.15:
        settings["noise"] = "uniform"
    by = str(rng.choice(["both", "means"]))

    def ask(n_jobs: int) -> Any:
        return project(made(**settings, n_jobs=n_jobs).fit(rows), by=by)

    def hold(found: Any, number: int) -> None:
        width = found.n_directions
        n_components = found.mixture.n_components
        holds(1 <= width <= rows.shape[1], "so many directions there are not")
        holds(by != "means" or width < n_components, "crimcoords are fewer than components")
        scores = found.transform(rows)
        holds(
            scores.shape == (len(rows), width) and np.isfinite(scores).all(), "a score is no number"
        )
        fewer = found.transform(rows, 1)
        holds(np.allclose(fewer, scores[:, :1], rtol=1e-9), "fewer scores are others")
        weights, family, parameters = (
            found.mixture.weights,
            found.mixture.family,
            found.mixture.parameters,
        )
        means, _ = moments_of(family, parameters)
        total = covariance_of(weights, family, parameters)
        far = np.abs(found.centre) @ np.abs(found.directions.axes)
        lost = 1e-6 + 8 * np.finfo(float).eps * far
        holds((np.abs(weights @ means) < lost).all(), "scores have a mean")
        # Means are known to the last digit of where they are.
        room = 1e-5 + 100 * np.finfo(float).eps * condition(found.source) + lost.max()
        holds(np.abs(np.diagonal(total) - 1).max() < room, "scores have another variance than 1")
        values = found.directions.eigenvalues
        holds(
            (np.diff(values) <= 1e-9 * values[0]).all() and (values >= 0).all(),
            "eigenvalues are not in order",
        )
        for first in {1, width}:
            doubt = found.uncertainty(rows, first)
            holds(((doubt >= 0) & (doubt <= 1)).all(), "a doubt is no share")
            shares = found.in_first(first).responsibilities(scores[:, :first])
            is_distribution(shares, "posteriors of scores")
        told = found.table()
        holds(len(told) == width and str(found.summary()), "no summary")
        holds(
            all(np.isfinite(each) for row in told for each in row.values()), "a table has no number"
        )
        if number % 3 == 0:
            with tempfile.TemporaryDirectory() as folder:
                save(Path(folder, "model"), found.source)
                again = project(mixtura.load(Path(folder, "model")), by=by)
            holds(np.array_equal(again.transform(rows), scores), "a file changes scores")

    return settings | {"family": kind, "by": by}, rows, ask, hold


def condition(mixture: Any) -> float:
    """Return how far from singular all components together are, in units of their own widths."""
    family, parameters = beside_noise(mixture.family, mixture.parameters)
    weights = mixture.weights[: parameters.n_components]
    whole = covariance_of(weights / weights.sum(), family, parameters)
    units = np.sqrt(np.diagonal(whole))
    return float(np.linalg.cond(whole / np.outer(units, units)))
