"""The posterior of a mixture as a query, for rows that stay in a database.

All that a query reads it selects under names of its own, so that columns of the table may have any.
"""

from collections.abc import Iterable, Sequence
from math import inf, log
from typing import Any

from mixtura.components.sql import identifier, sql_number, terms_of
from mixtura.errors import ParameterError
from mixtura.mixture.sql_cells import Dialect, cell_of, is_of_kind

__all__ = ["query_of"]

# How the largest of several numbers is called.
LARGEST = {"duckdb": "greatest", "postgres": "greatest", "sqlite": "max"}

# A smaller logarithm is that of 0: the exponential of one is an error in PostgreSQL.
LEAST_LOG = "-700e0"


def query_of(mixture: Any, table: Any, keep: Any, dialect: Dialect) -> str:
    """Return the query; arguments as in `Mixture.to_sql`."""
    if dialect not in LARGEST:
        known = ", ".join(map(repr, LARGEST))
        raise ParameterError(f"dialect should be one of {known}, but got {dialect!r}")
    path, names = _path(table), mixture.names
    kept = _kept(keep, [*(f"p_{name}" for name in names), "component"])
    own = "mx_"
    while path[-1].lower().startswith(own):
        own = f"m{own}"
    read, cells, sound = _cells(mixture, own, dialect)
    terms = terms_of(mixture.family, mixture.parameters, list(cells), own)
    logs = {
        f"{own}l{k}": f"CAST({sql_number(constant)} + {text} AS double precision)"
        for k, (constant, text) in enumerate(zip(_log_weights(mixture), terms.sums, strict=True))
    }
    top, shares = f"{own}top", {f"{own}e{k}": _share(name, own) for k, name in enumerate(logs)}
    largest = next(iter(logs)) if len(logs) == 1 else f"{LARGEST[dialect]}({', '.join(logs)})"
    whole = " AND ".join([*sound, *(f"{name} IS NOT NULL" for name in logs)])
    steps = [cells, *terms.steps, logs, {top: f"CASE WHEN {whole} THEN {largest} END"}, shares]
    total = " + ".join(shares)
    chosen = " ".join(
        f"WHEN {name} = {top} THEN {label}"
        for name, label in zip(logs, mixture.labels.tolist(), strict=True)
    )
    answers = {f"p_{name}": f"{part} / ({total})" for name, part in zip(names, shares, strict=True)}
    answers["component"] = f"CASE {chosen} END"
    here = {f"{own}k{j}": f"{own}t.{identifier(name)}" for j, name in enumerate(kept)}
    source = f"{'.'.join(map(identifier, path))} AS {own}t"
    parts = [f"{own}0 AS (\n  SELECT\n{_listed({**here, **read})}\n  FROM {source}\n)"]
    for number, step in enumerate(filter(None, steps)):
        parts.append(
            f"{own}{number + 1} AS (\n  SELECT *,\n{_listed(step)}\n  FROM {own}{number}\n)"
        )
    told = {
        **{identifier(name): inner for name, inner in zip(kept, here, strict=True)},
        **{identifier(name): text for name, text in answers.items()},
    }
    return f"WITH {', '.join(parts)}\nSELECT\n{_listed(told)}\nFROM {own}{len(parts) - 1}"


def _cells(
    mixture: Any, own: str, dialect: Dialect
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Return cells as they are read, those of their kind, and what holds of sound rows."""
    read: dict[str, str] = {}
    cells: dict[str, str] = {}
    sound: list[str] = []
    for j, (name, kind) in enumerate(zip(_columns(mixture), mixture.kinds, strict=True)):
        cell = f"{own}r{j}"
        read[cell] = cell_of(kind, f"{own}t.{identifier(name)}", dialect)
        condition = is_of_kind(kind, cell)
        cells[f"{own}x{j}"] = (
            cell if condition is None else f"CASE WHEN {condition} THEN {cell} END"
        )
        if condition is not None:
            known = f"{own}x{j} IS NOT NULL"
            sound.append(f"({cell} IS NULL OR {known})" if kind.may_be_missing else known)
    return read, cells, sound


def _share(name: str, own: str) -> str:
    """Return the density of a component, the largest being 1."""
    less = f"{name} - {own}top"
    return f"CASE WHEN {less} < {LEAST_LOG} THEN 0e0 ELSE exp({less}) END"


def _log_weights(mixture: Any) -> list[float]:
    return [log(weight) if weight > 0 else -inf for weight in mixture.weights.tolist()]


def _columns(mixture: Any) -> Sequence[str]:
    """Return the names of columns; without any they are called by their places in the table."""
    if mixture.columns is not None:
        return mixture.columns
    places = None if mixture.reading is None else mixture.reading.places
    return [f"x{place}" for place in (places or range(mixture.n_columns))]


def _path(table: Any) -> list[str]:
    """Return the name of a table, after that of its schema where there is one."""
    names = [table] if isinstance(table, str) or not isinstance(table, Iterable) else list(table)
    if names and all(isinstance(name, str) and name.strip() for name in names):
        return names
    raise ParameterError(
        f"table should be a name, or names such as ('schema', 'people'), but got {table!r}"
    )


def _kept(keep: Any, answers: Sequence[str]) -> list[str]:
    """Return the columns to keep, checked against the names of the answers."""
    if isinstance(keep, (str, bytes)) or not isinstance(keep, Iterable):
        raise ParameterError(f"keep should be a list of columns such as ['id'], but got {keep!r}")
    kept, taken = list(keep), {name.lower() for name in answers}
    for name in kept:
        if not isinstance(name, str) or not name.strip():
            raise ParameterError(f"keep should be names of columns, but one is {name!r}")
        if name.lower() in taken:
            raise ParameterError(
                f"keep has '{name}', but a column of the answer is called so already; keep each "
                "column once, and rename one that is called as an answer in a view of the table"
            )
        taken.add(name.lower())
    return kept


def _listed(expressions: dict[str, str]) -> str:
    return ",\n".join(f"    {text} AS {name}" for name, text in expressions.items())
