"""Columns that tell clusters apart: steps that lead to them, and as good as they say."""

from typing import Any

import numpy as np

from fuzzing import tables
from fuzzing.claims import holds
from mixtura.column_choice import choose_columns

__all__ = ["chosen"]

MOST_ROWS, MOST_COLUMNS = 60, 5
STRUCTURES = ["EII", "VVI", "EEE", "VVV", "VEV", "EVE"]


def chosen(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any, Any]:
    """Return settings, rows, what chooses their columns, and what holds of that."""
    n_rows, n_columns = (
        min(n, most) for n, most in zip(tables.small(rng), (MOST_ROWS, MOST_COLUMNS), strict=True)
    )
    n_columns = max(n_columns, int(rng.choice([1, 2, 3], p=[0.05, 0.5, 0.45])))
    family = str(rng.choice(["gaussian", "categorical"], p=[0.7, 0.3]))
    table = tables.numbers if family == "gaussian" else tables.categories
    rows = table(rng, n_rows, n_columns)
    direction = str(rng.choice(["auto", "backward", "forward"], p=[0.5, 0.35, 0.15]))
    settings: dict[str, Any] = {
        "n_components": [[1, 2], 2, [1, 2, 3]][rng.integers(3)],
        "family": family,
        "direction": direction,
        "random_state": int(rng.integers(1000)),
        "least_evidence": float(rng.choice([0.0, 0.0, 6.0])),
        "n_tried": [None, None, 1][rng.integers(3)],
    }
    if family == "gaussian":
        some = rng.choice(STRUCTURES, size=rng.integers(1, 3), replace=False)
        settings["covariance_type"] = [str(each) for each in some]
    if rng.random() < 0.25:
        settings["sample_weight"] = rng.random(n_rows) * (rng.random(n_rows) < 0.8)

    def ask(n_jobs: int) -> Any:
        return choose_columns(rows, **settings, n_jobs=n_jobs)

    def hold(found: Any, number: int) -> None:
        check_choice(found, n_columns, settings)
        if number % 3 == 0:
            holds(ask(3).table() == found.table(), "threads change the steps")

    return settings, rows, ask, hold


def check_choice(found: Any, n_columns: int, settings: dict[str, Any]) -> None:
    """Check that columns are where the steps lead to, each of which is as good as it says."""
    holds(sorted([*found.columns, *found.left_out]) == [*range(n_columns)], "columns are lost")
    by_default = "backward" if settings["family"] == "categorical" else "forward"
    direction = by_default if settings["direction"] == "auto" else settings["direction"]
    now = set(range(n_columns)) if direction == "backward" else set()
    for place, step in enumerate(found.steps):
        holds(not np.isnan(step.evidence), "evidence is NaN")
        holds(step.n_components != 1, "one component has no clusters")
        # The first two columns that are added are there for the others.
        forced = direction == "forward" and place < 2 and step.evidence > -np.inf
        wanted = step.evidence > settings["least_evidence"] or forced
        holds(step.accepted == (wanted == (step.action == "add")), "a step is against its evidence")
        if step.accepted:
            holds((step.action == "add") == (step.column not in now), "a step is done twice")
            now ^= {step.column}
    holds(now == set(found.columns), "the steps lead elsewhere")
    holds((found.selection is None) == (not found.columns), "clusters of no column")
    holds(len(found.table()) == len(found.steps) and str(found.summary()), "no summary")
    if found.selection is not None:
        holds(np.isfinite(found.selection.best.value("bic")), "the best has no criterion")
