"""Which component each row belongs to, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from mixtura.cli.voice import unformulated
from mixtura.mixture import Mixture
from mixtura.writing import replacing

__all__ = ["Assignments", "assignments_of"]


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
    keeps_formulas : whether identifiers that begin as a formula does are written as they are
    """

    names: Sequence[Any]
    id_column: str
    component: NDArray[np.intp]
    label: NDArray[np.intp]
    probability: NDArray[np.float64]
    log_density: NDArray[np.float64]
    keeps_formulas: bool = False

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
        return pa.table(columns)

    def write(self, path: Path) -> None:
        """Write the table to a CSV file, which appears whole or not at all."""
        with replacing(path) as temporary:
            pyarrow.csv.write_csv(self.table(), temporary)

    def write_to(self, stream: BinaryIO) -> None:
        """Write the table as CSV to an open stream."""
        pyarrow.csv.write_csv(self.table(), stream)


def assignments_of(
    mixture: Mixture,
    rows: NDArray[np.float64],
    names: Sequence[Any] | None,
    id_column: str | None,
    keeps_formulas: bool = False,
) -> Assignments:
    """Return the assignments of rows (N, D); rows without names are numbered from 0."""
    density, posterior = mixture.coded.density_and_responsibilities(rows)
    component = posterior.argmax(axis=1)
    called = id_column or "row"
    return Assignments(
        range(len(rows)) if names is None else names,
        called if called not in ("component", "probability", "uncertainty") else f"{called} (id)",
        component,
        mixture.labels[component],
        posterior[np.arange(len(rows)), component],
        density,
        keeps_formulas,
    )
