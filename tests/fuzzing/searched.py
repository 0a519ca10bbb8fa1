"""Searches over structures and sizes: a table of cells, of which the best is the best."""

from typing import Any

import numpy as np

from fuzzing import tables
from fuzzing.claims import holds, is_distribution
from mixtura import select
from mixtura.selection import Selection

__all__ = ["searched"]

MOST_ROWS, MOST_COLUMNS = 80, 6
STRUCTURES = [
    *("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE"),
    *("VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"),
]
CRITERIA = ("bic", "aic", "icl")


def searched(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any, Any]:
    """Return settings, rows, what searches, and what holds of that."""
    n_rows, n_columns = (
        min(n, most) for n, most in zip(tables.small(rng), (MOST_ROWS, MOST_COLUMNS), strict=True)
    )
    rows = tables.numbers(rng, n_rows, n_columns)
    some = rng.choice(STRUCTURES, size=rng.integers(1, 6), replace=False)
    settings: dict[str, Any] = {
        "n_components": range(1, int(rng.integers(2, 6))),
        "covariance_type": [str(each) for each in some],
        "criterion": str(rng.choice(CRITERIA)),
        "random_state": int(rng.integers(1000)),
    }
    if rng.random() < 0.2:
        settings["noise"] = "uniform"
    if rng.random() < 0.3:
        times = 10.0 ** rng.choice([0, 0, -100, 100])
        settings["sample_weight"] = rng.random(n_rows) * (rng.random(n_rows) < 0.8) * times
    if rng.random() < 0.2 and rows.dtype.kind == "f":
        rows = np.where(rng.random(rows.shape) < 0.1, np.nan, rows)
        settings["missing"] = "marginal"

    def ask(n_jobs: int) -> Any:
        return select(rows, **settings, n_jobs=n_jobs)

    def hold(found: Any, number: int) -> None:
        check_cells(found, settings)
        is_distribution(found.predict_proba(rows), "posteriors of the best")
        if number % 3 == 0:
            holds(values_of(ask(3)) == values_of(found), "threads change the values")

    return settings, rows, ask, hold


def values_of(found: Selection) -> list[float]:
    """Return the log-likelihood of each cell, infinite where it has no fit."""
    return [
        -np.inf if one.result is None else one.result.log_likelihood for one in found.candidates
    ]


def check_cells(found: Selection, settings: dict[str, Any]) -> None:
    """Check that all cells are there, each a number or a reason, and that none beats the best."""
    # Structures that are one of few columns or components stand there once.
    there = [(one.kind, one.n_components) for one in found.candidates]
    holds(len(set(there)) == len(there), "a cell stands there twice")
    holds({k for _, k in there} <= set(settings["n_components"]), "sizes that nobody asked for")
    for one in found.candidates:
        if one.result is None:
            holds(bool(one.failure), "a cell has neither a fit nor a reason")
            continue
        holds(np.isfinite(one.result.log_likelihood), "a likelihood is no number")
        history = one.result.history
        room = 1e-8 * max(1.0, *map(abs, history.objective))
        holds(history.largest_fall < room, "an objective fell")
    criterion = settings["criterion"]
    orders = [one.order(criterion) for one in found.candidates if one.result is not None]
    holds(found.best.order(criterion) <= min(orders), "the best is not the best")
    holds(str(found.table()) and str(found), "no table")
