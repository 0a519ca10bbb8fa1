"""Files of rows beyond memory: of their cells, and of what stands beside each row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.data.blocks import Block
from mixtura.data.chained import ChainedRecords, SharedFolder
from mixtura.data.records import Records, RecordWriter

__all__ = ["BlockWriter", "RowFiles"]

Numbers: TypeAlias = Records | ChainedRecords


@dataclass(frozen=True, slots=True)
class RowFiles:
    """Where rows lie.

    Attributes
    ----------
    cells : (N, D)
    weights : (N, 1) float64, or None where every row counts once
    labels : (N, 1) float64, what a column says of the rows' components, or None
    """

    cells: Numbers
    weights: Numbers | None = None
    labels: Numbers | None = None

    @property
    def all(self) -> list[Numbers]:
        """Return those that there are."""
        return [each for each in (self.cells, self.weights, self.labels) if each is not None]

    @classmethod
    def chained(
        cls, pieces: "Sequence[RowFiles]", lengths: Sequence[int], folder: SharedFolder
    ) -> Self:
        """Return several as one, of so many rows each, in a folder that goes with them."""

        def chain(name: str) -> Any:
            own: list[Any] = [getattr(piece, name) for piece in pieces]
            return None if own[0] is None else ChainedRecords(own, lengths, folder)

        return cls(chain("cells"), chain("weights"), chain("labels"))

    def block(self, start: int, stop: int) -> Block:
        """Return some rows, read into memory of their own."""
        beside = (self.weights, self.labels)
        weights, labels = (None if own is None else own.read(start, stop)[:, 0] for own in beside)
        return Block(self.cells.read(start, stop), weights, labels=labels)

    def of_columns(self, columns: slice) -> "RowFiles":
        """Return those of some columns."""
        return replace(self, cells=self.cells.of_columns(columns))

    def remove(self) -> None:
        """Take them away."""
        for each in self.all:
            each.remove()

    def leave(self) -> None:
        """Let them stay where nobody here needs them any more, for others."""
        for each in self.all:
            if isinstance(each, Records):
                each.leave()


class BlockWriter:
    """Writes blocks of rows to files, which are gone unless they are asked for.

    Parameters
    ----------
    folder : for the files; None for the system's own for temporary files
    """

    def __init__(self, folder: Path | None) -> None:
        self._writers = [RecordWriter(folder) for _ in range(3)]

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files, and take them away unless their rows were asked for."""
        for each in self._writers:
            each.__exit__()

    @property
    def is_begun(self) -> bool:
        """Return whether there are rows."""
        return self._writers[0].is_begun

    def add(self, block: Block) -> None:
        """Write some rows more."""
        parts: tuple[NDArray[np.float64] | None, ...] = (block.weights, block.labels)
        self._writers[0].add(block.rows)
        for writer, part in zip(self._writers[1:], parts, strict=True):
            if part is not None:
                writer.add(part[:, None])

    def ended(self) -> RowFiles:
        """Return all rows."""
        cells, *beside = self._writers
        weights, labels = (each.ended() if each.is_begun else None for each in beside)
        return RowFiles(cells.ended(), weights, labels)
