"""The posterior of a mixture as a query, for rows that stay in a database."""

from collections.abc import Sequence
from math import inf, log
from typing import Any, Literal

from mixtura.components.sql_terms import identifier, sql_number, terms_of
from mixtura.errors import ParameterError

__all__ = ["Dialect", "query_of"]

Dialect = Literal["duckdb", "postgres", "sqlite"]

# How the largest of several numbers is called.
LARGEST = {"duckdb": "greatest", "postgres": "greatest", "sqlite": "max"}


def query_of(mixture: Any, table: str, keep: Sequence[str], dialect: Dialect) -> str:
    """Return the query; arguments as in `Mixture.to_sql`."""
    if dialect not in LARGEST:
        known = ", ".join(map(repr, LARGEST))
        raise ParameterError(f"dialect should be one of {known}, but got {dialect!r}")
    labels, names = mixture.labels.tolist(), mixture.names
    terms = terms_of(
        mixture.family, mixture.parameters, [identifier(name) for name in _columns(mixture)], "mx_"
    )
    logs = [f"mx_l{k}" for k in range(len(labels))]
    with_weights = {
        log: f"{sql_number(constant)} + {text}"
        for log, constant, text in zip(logs, _log_weights(mixture), terms.sums, strict=True)
    }
    top = logs[0] if len(logs) == 1 else f"{LARGEST[dialect]}({', '.join(logs)})"
    relative = {f"mx_e{k}": f"exp({log} - mx_top)" for k, log in enumerate(logs)}
    steps = [terms.whitened, with_weights, {"mx_top": top}, relative]
    total = " + ".join(relative)
    answers = {
        **{f"p_{name}": f"{part} / ({total})" for name, part in zip(names, relative, strict=True)},
        "component": "CASE "
        + " ".join(
            f"WHEN {log} = mx_top THEN {label}" for log, label in zip(logs, labels, strict=True)
        )
        + " END",
    }
    source, parts = identifier(table), []
    for number, step in enumerate(filter(None, steps)):
        parts.append(f"mx_{number} AS (\n  SELECT *,\n{_listed(step)}\n  FROM {source}\n)")
        source = f"mx_{number}"
    kept = "".join(f"    {identifier(name)},\n" for name in keep)
    return f"WITH {', '.join(parts)}\nSELECT\n{kept}{_listed(answers)}\nFROM {source}"


def _log_weights(mixture: Any) -> list[float]:
    return [log(weight) if weight > 0 else -inf for weight in mixture.weights.tolist()]


def _columns(mixture: Any) -> Sequence[str]:
    """Return the names of columns; without any they are called by their places in the table."""
    if mixture.columns is not None:
        return mixture.columns
    places = None if mixture.reading is None else mixture.reading.places
    return [f"x{place}" for place in (places or range(mixture.n_columns))]


def _listed(expressions: dict[str, str]) -> str:
    return ",\n".join(f"    {text} AS {identifier(name)}" for name, text in expressions.items())
