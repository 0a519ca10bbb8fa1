"""What regressions say of rows of a file: which one each follows, and its response to come."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from mixtura.cli.columns import related_frame
from mixtura.data.table import Table
from mixtura.errors import MixturaWarning, ModelFileError, ParameterError
from mixtura.scoring.answers import said_labels
from mixtura.scoring.assigned import ASSIGNMENTS
from mixtura.text.digits import in_places, significant
from mixtura.text.formulas import cells_written
from mixtura.writing import replacing

__all__ = [
    "FollowedRows",
    "Roles",
    "check_plain",
    "complete_rows",
    "followed",
    "parts_followed",
]

Float = NDArray[np.float64]

# The fact that says which columns have other jobs than terms and responses.
ROLES = "regression_roles"
# Columns of numbers that are rounded for readers.
NUMBERS = ("probability", "uncertainty", "log_density", "predicted")
OF_EACH = re.compile("(p|mean)(_.*|[0-9]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Roles:
    """Columns beside terms and responses, by name.

    Attributes
    ----------
    groups : of whom a row is
    offset, exposure : what moves linear predictors
    """

    groups: str | None = None
    offset: str | None = None
    exposure: str | None = None

    @property
    def names(self) -> list[str]:
        """Return those that are named."""
        return [name for name in (self.groups, self.offset, self.exposure) if name is not None]

    def told(self, table: Table, rows: NDArray[np.bool_]) -> dict[str, Any]:
        """Return what they hold in some rows (N,), as `MixtureRegressor.fit` takes it."""
        found: dict[str, Any] = {}
        for name in ("offset", "exposure"):
            if (column := getattr(self, name)) is not None:
                found[name] = table.numeric([column], "nan")[rows, 0]
        if self.groups is not None:
            found["groups"] = np.array(table.categories(self.groups), dtype=object)[rows].astype(
                str
            )
        return found

    def facts(self) -> dict[str, Any]:
        """Return them as a model file keeps them."""
        return {ROLES: {each.name: getattr(self, each.name) for each in fields(self)}}


@dataclass(frozen=True, slots=True, eq=False)
class FollowedRows:
    """A table with a row for each of a file's; what a row lacks the cells for is empty there.

    Attributes
    ----------
    columns : by name, the identifiers first
    """

    columns: Mapping[str, pa.Array]
    file: ClassVar[str] = ASSIGNMENTS

    def table(self) -> pa.Table:
        """Return it to the last digit."""
        return pa.table(dict(self.columns))

    def for_readers(self) -> Self:
        """Return the same with the digits that a CSV file has."""
        (first, names), *others = self.columns.items()
        return type(self)({first: names, **{name: _short(name, each) for name, each in others}})

    def write(self, path: Path) -> None:
        """Write it to a CSV file, which appears whole or not at all."""
        with replacing(path) as temporary:
            pyarrow.csv.write_csv(self.for_readers().table(), temporary)


def _roles_told(path: Path, facts: Mapping[str, Any]) -> Roles:
    """Return the columns that a model file says have other jobs.

    Raises
    ------
    ModelFileError
        If what it says is none.
    """
    told = facts.get(ROLES, {})
    try:
        found = Roles(**told)
    except TypeError:
        found = None
    if found is None or not all(isinstance(name, str) for name in found.names):
        raise ModelFileError(f"model file '{path}' is whole, but tells no columns of other jobs")
    return found


def complete_rows(frame: pa.Table, table: Table, roles: Roles) -> NDArray[np.bool_]:
    """Return which rows (N,) lack no cell of a frame, nor of the columns of other jobs."""
    columns = [*frame.columns, *(pa.chunked_array([_cells(table, one)]) for one in roles.names)]
    found = np.ones(table.n_rows, dtype=bool)
    for column in columns:
        found &= ~column.is_null(nan_is_null=True).to_numpy()
    return found


def _cells(table: Table, name: str) -> pa.Array:
    return pa.array(table.categories(name), from_pandas=True)


def followed(
    model: Any,
    table: Table,
    names: tuple[Sequence[str], Sequence[str]],
    roles: Roles,
    identifiers: tuple[str, Sequence[Any]],
    *,
    everything: bool,
    keeps_formulas: bool,
) -> FollowedRows:
    """Return what regressions say of each row: of those with a response, which it follows too.

    Parameters
    ----------
    model : a `MixtureRegressor` of frames
    names : columns of its terms, and of its response
    roles : of other columns
    identifiers : what they are called, and one for each row
    everything : whether probabilities and means of all regressions are told too
    """
    terms, response = names
    has_response = bool(response) and all(name in table.kinds for name in response)
    wanted = [*dict.fromkeys([*terms, *(response if has_response else ())])]
    frame = related_frame(table, wanted)
    place = Roles(offset=roles.offset, exposure=roles.exposure)
    predicted = complete_rows(frame.select(list(terms)), table, place)
    safe = cells_written(keep_formulas=keeps_formulas)
    means = model.component_means(frame.filter(predicted), **place.told(table, predicted))
    labels = said_labels(model.mixture_)
    called = [f"_{name}" if labels.dtype.kind == "O" else f"{name}" for name in labels.tolist()]
    found: dict[str, Any] = {}
    if has_response:
        told = complete_rows(frame, table, roles)
        density, shares = _told(model, frame.filter(told), roles.told(table, told))
        found["component"] = _spread(labels[shares.argmax(axis=1)], told)
        found["probability"] = _spread(shares.max(axis=1), told)
        found["uncertainty"] = _spread(1.0 - shares.max(axis=1), told)
        found["log_density"] = _spread(density, told)
        if everything:
            found |= {f"p{name}": _spread(shares[:, k], told) for k, name in enumerate(called)}
    expected = model.predict(frame.filter(predicted), **place.told(table, predicted))
    found["predicted"] = _spread(expected, predicted)
    if everything:
        found |= {f"mean{name}": _spread(means[:, k], predicted) for k, name in enumerate(called)}
    name, cells = identifiers
    name = f"{name} (id)" if name in found else name
    found = {name: pa.array(safe([*cells])), **found}
    return FollowedRows({safe([name])[0]: cells for name, cells in found.items()})


def _told(model: Any, frame: pa.Table, told: Mapping[str, Any]) -> tuple[Float, Float]:
    """Return log densities (N,), of a row of several its group's, and probabilities (N, K)."""
    if not frame.num_rows:
        return np.empty(0), np.empty((0, len(model.weights_)))
    density = model.log_density(frame, **told)
    if "groups" in told:
        density = density[np.unique(told["groups"], return_inverse=True)[1]]
    return density, model.predict_proba(frame, **told)


def _spread(values: NDArray[Any], rows: NDArray[np.bool_]) -> pa.Array:
    """Return a column that holds values in some rows, and nothing in others."""
    found = np.zeros(len(rows), dtype=values.dtype)
    found[rows] = values
    return pa.array(found, mask=~rows, type=pa.string() if values.dtype.kind == "O" else None)


def _short(name: str, cells: pa.Array) -> pa.Array:
    """Return numbers with the digits that a CSV file has."""
    if name not in NUMBERS and not OF_EACH.fullmatch(name):
        return cells
    rounded = in_places if name == "log_density" else significant
    values = rounded(cells.fill_null(0.0).to_numpy(zero_copy_only=False))
    return pa.array(values, mask=cells.is_null().to_numpy(zero_copy_only=False))


def parts_followed(
    path: Path,
    tables: Iterator[Table],
    id_column: str | None,
    *,
    everything: bool,
    keeps_formulas: bool,
) -> Iterator[FollowedRows]:
    """Yield what a model file of regressions says of tables, rows numbered from 0 over all.

    Raises
    ------
    ModelFileError
        If it is damaged, or its columns have no names.
    """
    from mixtura.loading import load
    from mixtura.regressions.terms import names_read

    model: Any = load(path)
    roles, names = _roles_told(path, model.facts_), names_read(model)
    if names is None:
        raise ModelFileError(
            f"model file '{path}' is of regressions on columns without names, which no file has; "
            f"in Python mixtura.load('{path}') predicts arrays"
        )
    start, lacking = 0, 0
    for table in tables:
        identifiers: Sequence[Any] = range(start, start + table.n_rows)
        if id_column is not None:
            identifiers = table.column(id_column)
        found = followed(
            model,
            table,
            names,
            roles,
            (id_column or "row", identifiers),
            everything=everything,
            keeps_formulas=keeps_formulas,
        )
        lacking += found.columns["predicted"].null_count
        yield found
        start += table.n_rows
    if lacking:
        warnings.warn(
            f"{lacking} row(s) without a cell that the terms need have no prediction",
            MixturaWarning,
            stacklevel=2,
        )


def check_plain(options: Mapping[str, bool]) -> None:
    """Raise `ParameterError` for options that say nothing to regressions."""
    for option, given in options.items():
        if given:
            raise ParameterError(f"{option} says nothing to a model of regressions; leave it out")
