"""Which component each row belongs to, as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mixtura.cli.output import ASSIGNMENTS
from mixtura.cli.voice import unformulated
from mixtura.errors import DataError
from mixtura.mixture import Mixture
from mixtura.writing import replacing

__all__ = ["Assignments", "assignments_of", "write_parts"]


@dataclass(frozen=True, slots=True)
class Assignments:
    """One entry for each row.

    Attributes
    ----------
    names : the rows' identifiers
    id_column : what the column of identifiers is called
    component : (N,) the most probable component, counted from 0, noise being the last
    label : (N,) the same as the table calls it: -1 for noise
    probability : (N,) its posterior probability
    log_density : (N,) in nats
    n_components : K, noise counted
    weights : (N,) of the rows, or None
    keeps_formulas : whether identifiers that begin as a formula does are written as they are
    posterior : (N, K) probabilities of all components, where they are asked for
    """

    names: Sequence[Any]
    id_column: str
    component: NDArray[np.intp]
    label: NDArray[np.intp]
    probability: NDArray[np.float64]
    log_density: NDArray[np.float64]
    n_components: int
    weights: NDArray[np.float64] | None = None
    keeps_formulas: bool = False
    posterior: NDArray[np.float64] | None = None

    file: ClassVar[str] = ASSIGNMENTS

    @property
    def sizes(self) -> NDArray[Any]:
        """Return the weight (K,) of the rows that each component is the most probable one of."""
        return np.bincount(self.component, weights=self.weights, minlength=self.n_components)

    def table(self) -> pa.Table:
        """Return the columns of `assignments.csv`."""
        safe = (lambda cells: cells) if self.keeps_formulas else unformulated
        columns = {
            safe([self.id_column])[0]: pa.array(safe(self.names)),
            "component": self.label,
            "probability": self.probability,
            "uncertainty": 1.0 - self.probability,
            "log_density": self.log_density,
        }
        if self.posterior is not None:
            columns |= {f"p{k}": self.posterior[:, k] for k in range(self.n_components)}
        return pa.table(columns)

    def write(self, path: Path) -> None:
        """Write the table to a CSV file, which appears whole or not at all."""
        with replacing(path) as temporary:
            pyarrow.csv.write_csv(self.table(), temporary)


def assignments_of(
    mixture: Mixture,
    rows: NDArray[np.float64],
    names: Sequence[Any] | None,
    id_column: str | None,
    keeps_formulas: bool = False,
    *,
    weights: NDArray[np.float64] | None = None,
    all_components: bool = False,
) -> Assignments:
    """Return the assignments of rows (N, D); rows without names are numbered from 0."""
    density, posterior = mixture.coded.density_and_responsibilities(rows)
    component = posterior.argmax(axis=1)
    called = id_column or "row"
    taken = {"component", "probability", "uncertainty", "log_density"}
    if all_components:
        taken |= {f"p{k}" for k in range(mixture.n_components)}
    return Assignments(
        range(len(rows)) if names is None else names,
        f"{called} (id)" if called in taken else called,
        component,
        mixture.labels[component],
        posterior[np.arange(len(rows)), component],
        density,
        mixture.n_components,
        weights,
        keeps_formulas,
        posterior if all_components else None,
    )


def write_parts(parts: Iterator[Assignments], target: Path | BinaryIO) -> None:
    """Write assignments part by part: to a CSV or Parquet file, or as CSV to an open stream.

    A file appears whole or not at all.
    """
    if not isinstance(target, Path):
        _write_tables(parts, target, pyarrow.csv.CSVWriter)
        return
    many = target.suffix.lower() in (".parquet", ".pq")
    with replacing(target) as temporary:
        _write_tables(parts, temporary, pq.ParquetWriter if many else pyarrow.csv.CSVWriter)


def _write_tables(parts: Iterator[Assignments], sink: Path | BinaryIO, make: Any) -> None:
    writer: Any = None
    try:
        for part in parts:
            table = part.table()
            writer = writer or make(sink, table.schema)
            if make is pq.ParquetWriter and table.schema != writer.schema:
                name, kind = table.schema.names[0], table.schema.types[0]
                raise DataError(
                    f"column '{name}' holds {writer.schema.types[0]} in the first rows and {kind} "
                    "in others, which a Parquet file does not take; write a CSV file, or let --id "
                    "name a column that holds one kind"
                )
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
