"""Tiles of level codes, sparse counts and dense features, and their sums by one-hot products."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import logsumexp

from mixtura.native.parts import CountPart, DensePart, LevelPart, Part, Told
from mixtura.native.sweeps import StackedSweep

__all__ = ["CellRows", "FeatureRows", "Problem", "agrees", "problem", "swept_parts"]

Float = NDArray[np.float64]


class FeatureRows:
    """Features (P, n) that are there."""

    is_made = True

    def __init__(self, features: Float) -> None:
        self.features, self.n_rows = features, features.shape[1]


class CellRows:
    """Cells (n, D) that features are made of on the way."""

    is_made = False

    def __init__(self, cells: Float) -> None:
        self.cells, self.n_rows = cells, len(cells)


class LevelRows:
    """Codes (n, J)."""

    def __init__(self, rows: NDArray[Any]) -> None:
        self.rows, self.n_rows = rows, len(rows)


class CountRows:
    """CSR (n, P)."""

    def __init__(self, cells: Any) -> None:
        self.cells, self.n_rows = cells, cells.shape[0]


@dataclass(frozen=True)
class Problem:
    """Parts with a tile and dense features (n, P) of each, and what rows weigh."""

    sizes: list[int]
    parts: tuple[Part, ...]
    tiles: tuple[Any, ...]
    features: list[Float]
    weights: Float | None
    excluded: NDArray[np.bool_] | None = None


def swept_parts(
    parts: tuple[Part, ...],
    sizes: list[int],
    tile: Any,
    weights: Float | None,
    excluded: NDArray[np.bool_] | None = None,
) -> tuple[list[Float], Float, Float]:
    """Return the sums of each part, squared and values of one compiled sweep."""
    swept = StackedSweep(sizes)
    swept.begin(Told(parts))
    swept.add(tile, weights, excluded)
    return swept.ended()


def problem(
    kinds: str,
    n_rows: int,
    sizes: list[int],
    *,
    weighted: bool = False,
    levels: tuple[int, ...] = (4, 3, 300, 2, 2, 1, 4),
    cell: Any = np.int32,
    index: Any = np.int32,
    n_words: int = 40,
) -> Problem:
    """Return rows drawn at random, some answers missing and some rows without an entry."""
    rng = np.random.default_rng([n_rows, *sizes, len(levels)])
    n_components = sum(sizes)
    parts: list[Part] = []
    tiles, dense = [], []
    ones = np.ones((n_rows, 1))
    for kind in kinds.split():
        if kind == "levels":
            codes = np.column_stack([rng.integers(-1, each, n_rows) for each in levels])
            tiles.append(LevelRows(codes.astype(cell)))
            hot = [codes[:, [j]] == np.arange(each) for j, each in enumerate(levels)]
            dense.append(np.hstack([ones, *hot]).astype(np.float64))
            natural = rng.normal(size=(n_components, dense[-1].shape[1]))
            parts.append(LevelPart(natural, levels))
        elif kind == "counts":
            cells = rng.poisson(0.3, (n_rows, n_words)) * (rng.random((n_rows, 1)) < 0.8)
            csr = sparse.csr_array(cells.astype(np.float64))
            csr.indices, csr.indptr = csr.indices.astype(index), csr.indptr.astype(index)
            tiles.append(CountRows(csr))
            dense.append(np.hstack([ones, csr.toarray()]))
            parts.append(CountPart(0.3 * rng.normal(size=(n_components, 1 + n_words))))
        else:
            dense.append(rng.normal(size=(n_rows, 3)))
            tiles.append(FeatureRows(np.ascontiguousarray(dense[-1].T)))
            parts.append(DensePart(rng.normal(size=(n_components, 3))))
    weights = rng.uniform(0.1, 3.0, n_rows) if weighted else None
    return Problem(sizes, tuple(parts), tuple(tiles), dense, weights)


def agrees(given: Problem) -> None:
    """Assert that one compiled sweep finds what products of dense features do."""
    told = given.parts, given.sizes, given.tiles, given.weights, given.excluded
    sums, squared, values = swept_parts(*told)
    both = zip(given.parts, given.features, strict=True)
    densities = sum(features @ part.natural.T for part, features in both)
    mass = np.ones(len(densities)) if given.weights is None else given.weights
    first = 0
    for size, value in zip(given.sizes, values, strict=True):
        own = slice(first, first + size)
        first += size
        if given.excluded is not None:
            densities[:, own][given.excluded.T] = -np.inf
        total = logsumexp(densities[:, own], axis=1)
        shares = np.exp(densities[:, own] - total[:, None])
        held = shares * mass[:, None]
        for found, features in zip(sums, given.features, strict=True):
            assert_close(found[own], held.T @ features, np.abs(held).T @ np.abs(features))
        assert_close(squared[own], (held * shares).sum(axis=0), 1e-300)
        largest = np.log(shares.max(axis=1))
        assert_close(value[0], mass @ total, mass @ np.abs(total))
        assert_close(value[1], mass @ largest, mass @ (1.0 + np.abs(largest)))


def assert_close(found: Any, expected: Any, size: Any) -> None:
    assert np.isfinite(found).all()
    assert (np.abs(found - expected) <= 1e-12 * np.maximum(np.abs(expected), size) + 1e-300).all()
