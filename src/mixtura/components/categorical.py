"""Categorical components, the latent class model: rows of independent items with levels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mixtura.components.evidence import Cells
from mixtura.components.exponential import ExponentialFamily
from mixtura.components.segments import SegmentKind, Segments
from mixtura.components.simplex import as_probabilities, narrowed, normalised
from mixtura.components.sparse import is_mostly_zeros
from mixtura.components.stacked import Probabilities
from mixtura.components.words import component_count, level_table
from mixtura.errors import ParameterError
from mixtura.kinds import ColumnKind, category
from mixtura.text import Passage

__all__ = ["CategoricalFamily", "categorical_resumed"]

Float = NDArray[np.float64]


@final
@dataclass(frozen=True)
class CategoricalFamily(ExponentialFamily):
    """K products of categorical items: log f_k(x) = Σ_j log p_kj[x_j].

    Rows hold the number of each item's level, and -1 where a cell is missing; a missing cell is
    left out of the sum. The probabilities of all items stand side by side in one (K, ΣL) array.

    Attributes
    ----------
    levels : number of levels of each item
    labels : the values that the levels stand for, by item; None where they are their numbers
    unseen : numbers of levels that no row of weight has, by item, which are no parameters; empty
        where each is had
    """

    levels: tuple[int, ...]
    labels: tuple[tuple[Any, ...], ...] | None = None
    unseen: tuple[tuple[int, ...], ...] = ()

    name: ClassVar[str] = "categorical"

    @property
    def n_columns(self) -> int:
        """Return the number of items J."""
        return len(self.levels)

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return a category for each item."""
        return tuple(category(tuple(labels)) for labels in self._labels())

    @classmethod
    def of(cls, labels: tuple[tuple[Any, ...], ...], blocks: Iterable[NDArray[Any]]) -> Self:
        """Return the family of levels of these labels and rows of weight, in blocks (n, J)."""
        lacking = [np.ones(len(own), dtype=bool) for own in labels]
        for rows in blocks:
            for own, codes in zip(lacking, np.asarray(rows).T, strict=True):
                own[np.unique(codes[codes >= 0]).astype(np.intp)] = False
        unseen = tuple(tuple(np.flatnonzero(own).tolist()) for own in lacking)
        return cls(tuple(map(len, labels)), labels, unseen if any(unseen) else ())

    @property
    def levels_seen(self) -> tuple[int, ...]:
        """Return the number of levels of each item that some row of weight has, one at least."""
        unseen = self.unseen or ((),) * len(self.levels)
        pairs = zip(self.levels, unseen, strict=True)
        return tuple(max(count - len(own), 1) for count, own in pairs)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where each item's levels begin (J,)."""
        return np.cumsum([0, *self.levels[:-1]])

    def width(self) -> int:
        """Return 1 + ΣL."""
        return 1 + sum(self.levels)

    def swept_sparse(self) -> bool:
        """Return whether so few features are not zero that products with all of them cost more."""
        return is_mostly_zeros(self.width(), self.n_columns)

    def swept_levels(self) -> tuple[int, ...]:
        """Return the numbers of levels: rows are swept as they come."""
        return self.levels

    def segments(self) -> Segments:
        """Return shares of each item's levels."""
        return Segments(
            tuple((SegmentKind.SHARES, count, 0) for count in self.levels), Probabilities
        )

    def cells(self, rows: NDArray[Any]) -> csr_array:
        """Return a one at each item's level, as CSR."""
        known = rows >= 0
        places = (rows + self.starts)[known].astype(np.int32)
        bounds = np.concatenate([[0], np.cumsum(known.sum(axis=1))]).astype(np.int32)
        return csr_array(
            (np.ones(len(places)), places, bounds), shape=(len(rows), self.width() - 1)
        )

    @cached_property
    def _features(self) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """Return the item of each feature but the constant (ΣL,), and its level (ΣL, 1)."""
        items = np.repeat(np.arange(self.n_columns), self.levels)
        levels = np.concatenate([np.arange(count) for count in self.levels])
        return items, levels.astype(np.min_scalar_type(-max(self.levels)))[:, None]

    def fill(self, rows: NDArray[Any], features: Float) -> None:
        """Write [1, a one at each item's level].

        Comparing every level with codes of one byte takes a third of the time of scattering ones.
        """
        items, levels = self._features
        codes = rows.T.astype(levels.dtype)
        np.equal(codes[items], levels, out=features[1:], casting="unsafe")

    def log_base(self, rows: NDArray[Any]) -> Float:
        """Return zeros."""
        return np.zeros(len(rows))

    def natural(self, parameters: Probabilities) -> Float:
        """Return [0, log p_k]."""
        logs = parameters.logs
        return np.hstack([np.zeros((len(logs), 1)), logs])

    def estimate(self, features: Float, previous: Probabilities | None) -> Probabilities:
        """Return the shares of each item's levels among the rows that answer it."""
        kept = None if previous is None else previous.probabilities
        return Probabilities(normalised(features[:, 1:], self.starts.tolist(), kept))

    def even(self) -> Probabilities:
        """Return one over the number of levels for each level."""
        levels = np.array(self.levels)
        return Probabilities(np.repeat(1.0 / levels, levels)[None])

    def items(self, parameters: Probabilities) -> list[Float]:
        """Return the probabilities (K, L) of each item."""
        return np.split(parameters.probabilities, self.starts[1:], axis=1)

    def level_probabilities(self, parameters: Probabilities) -> Float:
        """Return the probabilities (K, ΣL) of all levels side by side."""
        return parameters.probabilities

    def cell_counts(self, features: Float) -> Cells:
        """Return the counts of levels."""
        return Cells(features[:, 1:], self.starts.tolist())

    def pseudo(self, cells: Float, shared: Any) -> Float:
        """Return counts of no row."""
        return np.concatenate([[0.0], cells])

    def n_free(self, n_components: int) -> int:
        """Return K Σ_j (L_j - 1), of levels that are seen."""
        return n_components * (sum(self.levels_seen) - len(self.levels))

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return ones at levels: the squared distance counts the items that differ, twice."""
        return narrowed(self.cells(rows))

    def sample(
        self, parameters: Probabilities, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> NDArray[np.int32]:
        """Return one row of level numbers (J,) per label."""
        rows = np.empty((len(labels), self.n_columns), dtype=np.int32)
        for item, probabilities in enumerate(self.items(parameters)):
            cumulative = np.cumsum(probabilities, axis=1)
            # Scaled to the last sum, which rounding may have left below one.
            drawn = rng.random(len(labels)) * cumulative[labels, -1]
            for k in range(parameters.n_components):
                own = labels == k
                rows[own, item] = np.searchsorted(cumulative[k], drawn[own], side="right")
        return rows

    def title(self, n_components: int) -> str:
        """Return "Latent class model, 3 components"."""
        return f"Latent class model (mixture of categories), {component_count(n_components)}"

    def tables(
        self, parameters: Probabilities, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return the response probabilities as a text table."""
        levels = [
            f"{column} = {label}"
            for column, labels in zip(columns, self._labels(), strict=True)
            for label in labels
        ]
        return [level_table("Probabilities by component", levels, parameters.probabilities, names)]

    def describe(self, parameters: Probabilities, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return the items with their levels and probabilities."""
        return {
            "items": [
                {"column": column, "levels": list(labels), "probabilities": values.tolist()}
                for column, labels, values in zip(
                    columns, self._labels(), self.items(parameters), strict=True
                )
            ]
        }

    def to_arrays(
        self, parameters: Probabilities
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the document of a model file.

        Raises
        ------
        ParameterError
            If a label is none that a file can hold.
        """
        labels = None if self.labels is None else [list(map(_plain, row)) for row in self.labels]
        return {"probabilities": parameters.probabilities}, {
            "family": self.name,
            "levels": list(self.levels),
            "labels": labels,
            **({"unseen": [list(own) for own in self.unseen]} if self.unseen else {}),
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["CategoricalFamily", Probabilities]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no probabilities of such items.
        """
        levels, labels = tuple(map(int, document["levels"])), document["labels"]
        probabilities = as_probabilities("probabilities", arrays["probabilities"])
        if not levels or min(levels) < 1 or sum(levels) != probabilities.shape[1]:
            raise ParameterError(f"'probabilities' should have a column for each of {levels}")
        if labels is not None and tuple(map(len, labels)) != levels:
            raise ParameterError("'labels' should name every level")
        if labels is not None:
            labels = tuple(tuple(map(_plain, names)) for names in labels)
        unseen = tuple(tuple(map(int, own)) for own in document.get("unseen", ()))
        if unseen and not (
            len(unseen) == len(levels)
            and all(set(own) <= set(range(n)) for own, n in zip(unseen, levels, strict=True))
        ):
            raise ParameterError("'unseen' should have numbers of levels for each item")
        return cls(levels, labels, unseen), Probabilities(probabilities)

    def _labels(self) -> Sequence[Sequence[Any]]:
        return self.labels or [range(levels) for levels in self.levels]


def categorical_resumed(
    family: CategoricalFamily, moments: Any, rows: Any
) -> tuple[CategoricalFamily, Any]:
    """Return the family of rows that were seen and further ones, and the moments of the former."""
    if not family.unseen:
        return family, moments
    pairs = zip(family.unseen, np.asarray(rows).T, strict=True)
    left = tuple(tuple(np.setdiff1d(own, codes).astype(int).tolist()) for own, codes in pairs)
    return replace(family, unseen=left if any(left) else ()), moments


def _plain(label: Any) -> Any:
    """Return a label that a model file can hold: text, a truth value or a finite number."""
    if isinstance(label, (str, bool, int)) or (isinstance(label, float) and np.isfinite(label)):
        return label
    raise ParameterError(
        f"a model file cannot hold the category {label!r}; turn that column into text before the "
        "fit"
    )
