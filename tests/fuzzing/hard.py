"""Fits drawn at the edges: thin and gappy components, unlike scales, heavy weights, huge counts."""

from typing import Any

import numpy as np

__all__ = ["hard"]

COUNTS = ["poisson", "multinomial", "geometric", "negative binomial"]
CODES = ["VEV", "EEV", "EVE", "VVE", "VEE", "EVV", "VVV", "EEE", "VVI", "VII", "EII"]


def hard(
    rng: np.random.Generator, *, large: bool
) -> tuple[str, dict[str, Any], Any, dict[str, Any]]:
    """Return family, settings, rows and the other arguments of `fit`."""
    most = (7, 11, 120) if large else (4, 6, 40)
    n_components, n_columns = int(rng.integers(1, most[0])), int(rng.integers(1, most[1]))
    n_rows = int(rng.integers(8, most[2]))
    settings: dict[str, Any] = {
        "random_state": int(rng.integers(1000)),
        "max_iter": 300,
        "n_components": n_components,
        "algorithm": str(rng.choice(["auto", "em", "squarem"])),
        "prior": ["weak", None, "conjugate"][rng.integers(3)],
    }
    kind = str(rng.choice(["thin", "gappy", "heavy", "counts"]))
    if kind == "counts":
        rates = 10.0 ** rng.uniform(2, 15, (n_components, n_columns))
        rows: Any = rng.poisson(rates[rng.integers(n_components, size=n_rows)]).astype(float)
        return str(rng.choice(COUNTS)), settings, rows, {}
    settings |= {"covariance_type": str(rng.choice(CODES)), "constant": "drop"}
    rows = thin(rng, n_rows, n_columns)
    if kind == "gappy" or rng.random() < 0.2:
        settings["missing"] = "marginal"
        rows[rng.random(rows.shape) < rng.choice([0.05, 0.3, 0.6])] = np.nan
    weights = rng.random(n_rows) * 10.0 ** rng.choice([35, 100, 200, 280])
    return "gaussian", settings, rows, {"sample_weight": weights} if kind == "heavy" else {}


def thin(rng: np.random.Generator, n_rows: int, n_columns: int) -> Any:
    """Return rows of unlike scales, often with a column that the others nearly explain."""
    rows = rng.normal(size=(n_rows, n_columns)) * 10.0 ** rng.uniform(-6, 6, n_columns)
    if n_columns > 1 and rng.random() < 0.5:
        errors = 10.0 ** rng.uniform(-9, 0) * rng.normal(size=n_rows)
        rows[:, 0] = rows[:, 1:].sum(axis=1) * (1 + errors)
    if rng.random() < 0.3:
        rows = np.round(rows / np.abs(rows).max(axis=0) * rng.integers(2, 30))
    return rows
