"""A graph of ONNX as it grows: nodes, and the numbers that they are given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.errors import ParameterError
from mixtura.kinds import SMALLEST_AMOUNT, ColumnKind

__all__ = ["Cells", "Graph", "log_density_of"]

# Numbers are no larger.
BEYOND = 1e308
# The number of double precision among the types of ONNX.
DOUBLE = 11


@dataclass(slots=True)
class Graph:
    """Nodes and constants of a graph, by the names of what they give.

    Attributes
    ----------
    prefix : of names that are made
    nodes : (op, inputs, output, attributes), in their order
    constants : arrays by name
    """

    prefix: str = "mx_"

    nodes: list[tuple[str, list[str], str, dict[str, Any]]] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def call(self, op: str, *inputs: Any, output: str = "", **attributes: Any) -> str:
        """Return the name of what an operator makes of names and numbers."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        output = output or f"{self.prefix}n{len(self.nodes)}"
        self.nodes.append((op, names, output, attributes))
        return output

    def constant(self, values: Any) -> str:
        """Return the name of numbers or texts: floats are in double precision."""
        name = f"{self.prefix}c{len(self.constants)}"
        self.constants[name] = np.asarray(values)
        return name

    def total(self, names: Sequence[str]) -> str:
        """Return the sum of tensors."""
        found = names[0]
        for name in names[1:]:
            found = self.call("Add", found, name)
        return found

    def sum_of(self, tensor: str, axis: int, *, keeps: bool = False) -> str:
        """Return a tensor summed over one axis, which goes unless it is kept."""
        return self.call("ReduceSum", tensor, np.array([axis]), keepdims=int(keeps))

    def as_numbers(self, truth: str) -> str:
        """Return truth values as 0 and 1."""
        return self.call("Cast", truth, to=DOUBLE)

    def squares(self, tensor: str) -> str:
        """Return the sums of squares over the last of three axes."""
        return self.sum_of(self.call("Mul", tensor, tensor), 2)

    def by_rows(self, tensor: str) -> str:
        """Return (K, n) as (n, K)."""
        return self.call("Transpose", tensor, perm=[1, 0])

    def known(self, cells: str, terms: str) -> str:
        """Return the terms (K, n, D) of cells (n, D), 0 where a cell is missing, by row and sum."""
        left = self.call("Where", self.call("IsNaN", cells), np.float64(0.0), terms)
        return self.by_rows(self.sum_of(left, 2))


@dataclass(frozen=True, slots=True)
class Cells:
    """Some columns of what a graph is given.

    Attributes
    ----------
    graph : which reads them
    columns : the name of a tensor (n, 1) for each column, or the number of one of `table`
    kinds : of the columns
    table : the name of a tensor (n, any number) where they stand in one
    """

    graph: Graph
    columns: tuple[Any, ...]
    kinds: tuple[ColumnKind, ...]
    table: str | None = None

    def within(self, block: slice) -> "Cells":
        """Return some of the columns."""
        return Cells(self.graph, self.columns[block], self.kinds[block], self.table)

    def numbers(self) -> str:
        """Return the cells (n, D), infinite where one is not of its kind."""
        graph = self.graph
        if self.table is not None:
            cells = graph.call("Gather", self.table, np.array(self.columns), axis=1)
        else:
            cells = graph.call("Concat", *self.columns, axis=1)
        kinds = [kind.name for kind in self.kinds]
        least, most = np.array([RANGES.get(kind, (-BEYOND, BEYOND)) for kind in kinds]).T.copy()
        bad = graph.call("Less", cells, least)
        bad = graph.call("Or", bad, graph.call("Greater", cells, most))
        whole = np.array([kind in ("count", "draws", "binary") for kind in kinds])
        parts = graph.call("Sub", cells, graph.call("Floor", cells))
        broken = graph.call("And", graph.call("Greater", parts, np.float64(0.0)), whole)
        return graph.call("Where", graph.call("Or", bad, broken), np.float64(np.inf), cells)


# The least and the most that cells of a kind are; exposures are above 0.
RANGES = {
    **dict.fromkeys(("count", "draws"), (0.0, BEYOND)),
    "binary": (0.0, 1.0),
    "exposure": (np.nextafter(0.0, 1.0), BEYOND),
    "positive": (SMALLEST_AMOUNT, 1.0 / SMALLEST_AMOUNT),
    "share": (SMALLEST_AMOUNT, np.nextafter(1.0, 0.0)),
}


@singledispatch
def log_density_of(family: Any, parameters: Any, cells: Cells) -> str:
    """Return the log densities (n, K) of components, less what is the same in all.

    Raises
    ------
    ParameterError
        If the operators of ONNX cannot say them.
    """
    raise ParameterError(f"there is no ONNX graph for a '{family.name}' mixture")
