"""What few ask for together: noise, gaps, numbers held or equal, exposures, in every family."""

from typing import Any

import numpy as np

__all__ = ["asked", "gappy"]

# An array of each family, and which of its numbers may be held at what is drawn.
ARRAYS = {
    "gaussian": "means",
    "multinomial": "probabilities",
    "bernoulli": "probabilities",
    "poisson": "rates",
    "geometric": "probabilities",
    "negative binomial": "sizes",
    "gamma": "shapes",
    "categorical": "probabilities",
}
# Where every row lacks other cells a sweep takes N K D³ / 10 multiplications or so, an M-step as
# many as thirty rows of it, and a fit beside noise four times as many of both.
M_STEP, NOISY, MOST = 30, 4, 1e8
GAPPY = ["gaussian", "poisson", "geometric", "negative binomial", "gamma"]


def asked(rng: np.random.Generator, family: str, settings: dict[str, Any], rows: Any) -> Any:
    """Add such settings to those of a fit, and return its rows, maybe with gaps."""
    if rng.random() < 0.5:
        settings["noise"] = "uniform"
    elif rng.random() < 0.8 and family in ARRAYS:
        bind(rng, family, settings, rows.shape[1])
    if rng.random() < 0.4 and family in GAPPY:
        rows = gappy(rng, settings, rows)
    elif family == "poisson" and rng.random() < 0.3:
        settings["exposure"] = True
        rows = np.column_stack([rows, 10.0 ** rng.uniform(-3, 3, len(rows))])
    return rows


def gappy(rng: np.random.Generator, settings: dict[str, Any], rows: Any) -> Any:
    """Return rows with missing cells, unless they are so wide that a fit takes minutes."""
    n_rows, n_columns = rows.shape
    size = (n_rows + M_STEP) * settings["n_components"] * n_columns**3
    if size * (NOISY if settings.get("noise") else 1) > MOST:
        return rows
    settings["missing"] = "marginal"
    rows = np.array(rows, dtype=float)
    rows[rng.random(rows.shape) < rng.choice([0.02, 0.2, 0.6])] = np.nan
    return rows


def bind(rng: np.random.Generator, family: str, settings: dict[str, Any], n_columns: int) -> None:
    """Hold numbers of a component, or let a column's be equal."""
    name, n_components = ARRAYS[family], settings["n_components"]
    if rng.random() < 0.5 or family == "categorical":
        settings["equal"] = {name: True if rng.random() < 0.5 else [int(rng.integers(n_columns))]}
        return
    held = np.full((n_components, n_columns), np.nan)
    drawn = {
        "means": rng.normal(size=n_columns),
        "probabilities": rng.uniform(0.05, 0.95, n_columns),
    }
    held[rng.integers(n_components)] = drawn.get(name, rng.uniform(0.1, 10, n_columns))
    if family == "multinomial":
        held /= np.nansum(held)
    settings["fix"] = {name: held}
