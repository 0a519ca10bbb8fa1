"""Functions of columns of a table, which are called so: "log(income)", "arcsinh(CD4/150)"."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.table import Table
from mixtura.errors import DataError, ParameterError

__all__ = [
    "SCALES",
    "Transform",
    "may_be_function",
    "transforms_of",
    "with_those_wanted",
    "with_transforms",
]

Float = NDArray[np.float64]

NAMED = re.compile(r"(log|arcsinh|logicle)\((.+)\)", re.DOTALL)
SCALED = re.compile(r"(.+)/([^/]+)", re.DOTALL)
# The scale of a function that is asked for by its name alone: what cytometers of light are
# transformed by as a rule.
SCALES = {"log": 1.0, "arcsinh": 150.0, "logicle": 262144.0}


@dataclass(frozen=True, slots=True)
class Transform:
    """A function of a column.

    Attributes
    ----------
    column : its name
    function : "log", the natural logarithm; "arcsinh" of x / scale; or "logicle" (Parks, Roederer
        and Moore 2006), linear about 0 and logarithmic beyond, 1 where x is the scale
    scale : 1 for "log"
    """

    column: str
    function: str
    scale: float

    @classmethod
    def of(cls, column: str, spelled: str) -> "Transform":
        """Return a function of a column by its name, or by name and scale, such as "arcsinh/5".

        Raises
        ------
        ParameterError
            If there is no such function, or the scale is none.
        """
        function, _, after = spelled.partition("/")
        scale = _scale(after) if after else SCALES.get(function)
        if function not in SCALES or scale is None or (function == "log" and after):
            raise ParameterError(
                f"'{column}' should be taken by 'log', 'arcsinh', 'arcsinh/SCALE', 'logicle' or "
                f"'logicle/SCALE', a scale above 0, but got {spelled!r}"
            )
        return cls(column, function, scale)

    @classmethod
    def named(cls, name: str, known: Mapping[str, object]) -> "Transform | None":
        """Return what a name stands for among columns that are known, None where for nothing."""
        found = NAMED.fullmatch(name)
        if found is None:
            return None
        function, column = found.groups()
        if function == "log":
            return cls(column, function, 1.0) if column in known else None
        parted = SCALED.fullmatch(column)
        scale = _scale(parted[2]) if parted else None
        if parted is None or scale is None or parted[1] not in known:
            return None
        return cls(parted[1], function, scale)

    @property
    def name(self) -> str:
        """Return what the column is called then.

        Examples
        --------
        >>> Transform.of("income", "log").name, Transform.of("CD4", "arcsinh/5").name
        ('log(income)', 'arcsinh(CD4/5)')
        """
        if self.function == "log":
            return f"log({self.column})"
        return f"{self.function}({self.column}/{np.format_float_positional(self.scale, trim='-')})"

    @property
    def spelled(self) -> str:
        """Return the function as `of` takes it."""
        if self.function == "log":
            return self.function
        return f"{self.function}/{self.scale!r}"

    def cells(self, table: Table) -> Float:
        """Return the cells of the column (N,), transformed.

        Raises
        ------
        DataError
            Naming the first cell that has no logarithm, or the package that is missing.
        """
        cells = table.numeric([self.column], "nan")[:, 0]
        return FUNCTIONS[self.function](cells, self, table)


def may_be_function(name: str) -> bool:
    """Return whether a column is called as a function of another is."""
    return NAMED.fullmatch(name) is not None


def transforms_of(asked: Mapping[str, str]) -> tuple[Transform, ...]:
    """Return functions of columns as a user names them, such as {"income": "log"}.

    Raises
    ------
    ParameterError
        If one is none.
    """
    if not isinstance(asked, Mapping):
        raise ParameterError(
            f'transforms should name a function for columns, such as {{"income": "log"}}, but got '
            f"{asked!r}"
        )
    return tuple(Transform.of(column, spelled) for column, spelled in asked.items())


def with_transforms(table: Table, transforms: Sequence[Transform]) -> Table:
    """Return the table with functions of some columns in their place.

    Raises
    ------
    DataError
        Naming a column that is not there or already has its function beside it, or the first
        cell that has none.
    """
    import pyarrow as pa

    table.check_known([one.column for one in transforms])
    names, content = list(table.names), table.content
    for one in transforms:
        name, place = one.name, names.index(one.column)
        if name in table.kinds:
            raise DataError(f"'{table.path}' has a column '{name}' already; leave one of them out")
        content = content.set_column(place, name, pa.chunked_array([one.cells(table)]))
        names[place] = name
    kinds = {name: table.kinds.get(name, "number") for name in names}
    return replace(table, names=tuple(names), kinds=kinds, content=content)


def with_those_wanted(table: Table, wanted: Iterable[str]) -> Table:
    """Return the table with the functions beside it that are wanted, of columns that it has."""
    import pyarrow as pa

    names, content = list(table.names), table.content
    for name in wanted:
        found = None if name in table.kinds else Transform.named(name, table.kinds)
        if found is not None:
            content = content.append_column(name, pa.array(found.cells(table)))
            names.append(name)
    kinds = {name: table.kinds.get(name, "number") for name in names}
    return replace(table, names=tuple(names), kinds=kinds, content=content)


def _scale(spelled: str) -> float | None:
    try:
        scale = float(spelled)
    except ValueError:
        return None
    return scale if 0 < scale < np.inf else None


def _log(cells: Float, asked: Transform, table: Table) -> Float:
    bad = np.flatnonzero(cells <= 0)
    if len(bad):
        raise DataError(
            f"column '{asked.column}' of '{table.path}' holds {cells[bad[0]]:g} in row "
            f"{bad[0] + 1}, which has no logarithm; {len(bad):,} cell(s) have none in all: fit the "
            "column as it is, or drop such rows"
        )
    return np.log(cells)


def _arcsinh(cells: Float, asked: Transform, _: Table) -> Float:
    return np.arcsinh(cells / asked.scale)


def _logicle(cells: Float, asked: Transform, _: Table) -> Float:
    if find_spec("flowutils") is None:
        raise DataError(
            f"the logicle function of '{asked.column}' needs flowutils; install it: pip install "
            "'mixtura[cytometry]'"
        )
    transforms: Any = import_module("flowutils.transforms")
    known = np.isfinite(cells)
    found = np.full(len(cells), np.nan)
    found[known] = transforms.logicle(cells[known][:, None], [0], t=asked.scale)[:, 0]
    return found


FUNCTIONS: dict[str, Callable[[Float, Transform, Table], Float]] = {
    "log": _log,
    "arcsinh": _arcsinh,
    "logicle": _logicle,
}
