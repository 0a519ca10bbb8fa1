"""Rows of every shape that a user may have, from a seed."""

from typing import Any

import numpy as np

__all__ = ["amounts", "categories", "counts", "large", "numbers", "small", "yes_or_no"]


def large(rng: np.random.Generator) -> tuple[int, int]:
    """Return how many rows and columns, as many as take a while."""
    n_rows = rng.choice(
        [rng.integers(2, 12), rng.integers(12, 120), rng.integers(120, 600), 2500],
        p=[0.2, 0.5, 0.27, 0.03],
    )
    n_columns = rng.choice(
        [1, rng.integers(2, 5), rng.integers(5, 13), 39], p=[0.2, 0.5, 0.27, 0.03]
    )
    return int(n_rows), int(n_columns)


def small(rng: np.random.Generator) -> tuple[int, int]:
    """Return how many rows and columns, few by a law with a heavy tail."""
    n_rows = min(2 + int(8 * rng.pareto(1.0)), 300)
    n_columns = min(1 + int(rng.pareto(1.2)), 12)
    return n_rows, n_columns


def numbers(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """Return rows of numbers of some shape, scale, offset and type."""
    shape = rng.choice([*SHAPES])
    rows = SHAPES[shape](rng, n_rows, n_columns)
    if rng.random() < 0.3:
        rows = rows * 10.0 ** rng.uniform(-6, 6, n_columns)
    if rng.random() < 0.15:
        rows = rows * 10.0 ** rng.choice([-250, -150, -30, 30, 150, 250])
    elif rng.random() < 0.2:
        rows = rows + 10.0 ** rng.uniform(0, 9, n_columns)
    return typed(rng, rows)


def typed(rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    kind = rng.choice(
        ["plain", "float32", "whole", "Fortran", "strided"], p=[0.6, 0.1, 0.1, 0.1, 0.1]
    )
    small = np.abs(rows).max() < 1e15
    if kind == "float32" and 1e-15 < np.abs(rows).max() < 1e15:
        return rows.astype(np.float32)
    if kind == "whole" and small:
        return np.round(rows).astype(np.int64)
    if kind == "Fortran":
        return np.asfortranarray(rows)
    return np.repeat(rows, 2, axis=0)[::2] if kind == "strided" else rows


def blobs(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    centres = rng.normal(size=(rng.integers(1, 6), n_columns)) * rng.choice([1, 5, 100])
    return centres[rng.integers(len(centres), size=n_rows)] + rng.normal(size=(n_rows, n_columns))


def collinear(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    rank = int(rng.integers(1, n_columns + 1))
    return rng.normal(size=(n_rows, rank)) @ rng.normal(size=(rank, n_columns))


def copies(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    few = rng.normal(size=(rng.integers(1, 8), n_columns))
    return few[rng.integers(len(few), size=n_rows)]


def outliers(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    rows = rng.normal(size=(n_rows, n_columns))
    rows[: rng.integers(1, 4)] *= 10.0 ** rng.uniform(2, 9)
    return rows


def nearly_constant(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    rows = rng.normal(size=(n_rows, n_columns))
    column = rng.integers(n_columns)
    rows[:, column] = 1.0
    rows[: rng.integers(0, 3), column] += 10.0 ** rng.uniform(-12, 0)
    return rows


SHAPES: dict[str, Any] = {
    "blobs": blobs,
    "normal": lambda rng, n, d: rng.normal(size=(n, d)),
    "uniform": lambda rng, n, d: rng.random((n, d)),
    "Cauchy": lambda rng, n, d: rng.standard_cauchy((n, d)),
    "grid": lambda rng, n, d: rng.integers(0, rng.integers(2, 20), (n, d)).astype(float),
    "line": lambda rng, n, d: np.linspace(0, 1, n)[:, None] * np.ones(d),
    "collinear": collinear,
    "copies": copies,
    "outliers": outliers,
    "nearly constant": nearly_constant,
}


def counts(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """Return counts, of which some are large or all are small."""
    rates = rng.gamma(1.0, 10.0 ** rng.uniform(-2, 4), (rng.integers(1, 5), n_columns))
    rows = rng.poisson(rates[rng.integers(len(rates), size=n_rows)])
    return rows * (rng.random(rows.shape) > rng.choice([0, 0.5, 0.95]))


def yes_or_no(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """Return zeros and ones."""
    chances = rng.beta(0.5, 0.5, (rng.integers(1, 4), n_columns))
    return (rng.random((n_rows, n_columns)) < chances[rng.integers(len(chances), size=n_rows)]) * 1


def categories(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """Return words, numbers and gaps."""
    words = np.array(["a", "b", "", "ä", 1, 2.5, True, None], dtype=object)
    own = rng.permutation(words)[: rng.integers(1, len(words))]
    return own[rng.integers(len(own), size=(n_rows, n_columns))]


def amounts(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """Return amounts above 0."""
    rows = rng.gamma(10.0 ** rng.uniform(-1, 3), 10.0 ** rng.uniform(-8, 8), (n_rows, n_columns))
    rows = np.maximum(rows, 1e-60)
    return np.ceil(rows) if rng.random() < 0.2 else rows
