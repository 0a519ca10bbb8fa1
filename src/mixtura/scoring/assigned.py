"""Which component, cluster or class each row belongs to, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from mixtura.scoring.answers import Answers
from mixtura.text.digits import in_places, significant
from mixtura.text.formulas import cells_written
from mixtura.writing import replacing

__all__ = ["ASSIGNMENTS", "AssignedRows", "assigned_rows"]

# The file of a fit.
ASSIGNMENTS = "assignments.csv"


@dataclass(frozen=True, slots=True)
class AssignedRows:
    """One entry for each row.

    Attributes
    ----------
    names : the rows' identifiers
    id_column : what the column of identifiers is called
    component : (N,) the most probable component, counted from 0, noise being the last, or the class
        of the least cost
    label : (N,) the same as the table calls it: -1 for noise, or a class
    probability : (N,) its posterior probability
    uncertainty : (N,) 1 less that
    log_density : (N,) in nats
    columns : (K,) what the probabilities of all are called
    weights : (N,) of the rows, or None
    keeps_formulas : whether identifiers that begin as a formula does are written as they are
    posterior : (N, K) probabilities of all, where they are asked for
    what : "component", "cluster" or "class"
    """

    names: Sequence[Any]
    id_column: str
    component: NDArray[np.intp]
    label: NDArray[Any]
    probability: NDArray[np.float64]
    uncertainty: NDArray[np.float64]
    log_density: NDArray[np.float64]
    columns: tuple[str, ...]
    weights: NDArray[np.float64] | None = None
    keeps_formulas: bool = False
    posterior: NDArray[np.float64] | None = None
    what: str = "component"

    file: ClassVar[str] = ASSIGNMENTS

    @property
    def sizes(self) -> NDArray[Any]:
        """Return the weight (K,) of the rows that each component is the most probable one of."""
        return np.bincount(self.component, weights=self.weights, minlength=len(self.columns))

    def table(self) -> pa.Table:
        """Return the columns of `assignments.csv`, to the last digit."""
        safe = cells_written(keep_formulas=self.keeps_formulas)
        columns = {
            safe([self.id_column])[0]: _stored(safe(self.names)),
            self.what: self.label
            if self.label.dtype.kind in "iu"
            else pa.array(safe(self.label.tolist())),
            "probability": self.probability,
            "uncertainty": self.uncertainty,
            "log_density": self.log_density,
        }
        if self.posterior is not None:
            columns |= dict(
                zip(safe([*self.columns]), np.ascontiguousarray(self.posterior.T), strict=True)
            )
        return pa.table(columns)

    def for_readers(self) -> "AssignedRows":
        """Return the same with the digits that a CSV file has."""
        posterior = None if self.posterior is None else significant(self.posterior)
        return replace(
            self,
            probability=significant(self.probability),
            uncertainty=significant(self.uncertainty),
            log_density=in_places(self.log_density),
            posterior=posterior,
        )

    def write(self, path: Path) -> None:
        """Write the table to a CSV file, which appears whole or not at all."""
        with replacing(path) as temporary:
            pyarrow.csv.write_csv(self.for_readers().table(), temporary)


def _stored(names: Any) -> Any:
    """Return identifiers as Arrow has them; a range would be gone through number by number."""
    if isinstance(names, pa.ChunkedArray):
        return names
    return pa.array(np.arange(names.start, names.stop) if isinstance(names, range) else names)


def assigned_rows(
    answers: Answers,
    rows: Any,
    names: Sequence[Any] | None,
    id_column: str | None,
    keeps_formulas: bool = False,
    *,
    weights: NDArray[np.float64] | None = None,
    all_components: bool = False,
) -> AssignedRows:
    """Return the assignments of rows (N, D), dense or sparse; those without names are numbered."""
    density, posterior = answers.tell(rows)
    component = answers.decided(posterior)
    n_rows = rows.shape[0]
    probability = posterior[np.arange(n_rows), component]
    called = id_column or "row"
    taken = {answers.what, "probability", "uncertainty", "log_density"}
    if all_components:
        taken |= {*answers.names}
    return AssignedRows(
        range(n_rows) if names is None else names,
        f"{called} (id)" if called in taken else called,
        component,
        answers.labels[component],
        probability,
        1.0 - probability,
        density,
        answers.names,
        weights,
        keeps_formulas,
        posterior if all_components else None,
        answers.what,
    )
