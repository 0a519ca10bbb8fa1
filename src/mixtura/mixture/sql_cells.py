"""Cells of a table in a database as a query takes them: numbers, of their kind or missing."""

from typing import Literal

from mixtura.components.sql import sql_number
from mixtura.kinds import SMALLEST_AMOUNT, ColumnKind

__all__ = ["Dialect", "cell_of", "is_of_kind"]

Dialect = Literal["duckdb", "postgres", "sqlite"]

# A number for SQLite, which would take text that is none for 0; infinity is of no kind.
NUMBER_IN_SQLITE = "CASE typeof({0}) WHEN 'text' THEN 9e999 ELSE {0} + 0e0 END"

# A number that is NULL where it is NaN, as data frames are often written; two NaN are equal here.
NUMBER = "nullif(CAST({0} AS double precision), CAST('NaN' AS double precision))"

# PostgreSQL makes no such number of a truth value.
BINARY_IN_POSTGRES = (
    "CASE CAST({0} AS text) WHEN 'true' THEN 1e0 WHEN 'false' THEN 0e0 WHEN 'NaN' THEN NULL "
    "ELSE CAST(CAST({0} AS text) AS double precision) END"
)

# Amounts are from here to there.
LEAST, MOST = sql_number(SMALLEST_AMOUNT), sql_number(1 / SMALLEST_AMOUNT)

# What cells of a kind are, as `CHECKS` of tables say.
HOLDS = {
    "number": "{0} BETWEEN -1e308 AND 1e308",
    "count": "{0} BETWEEN 0e0 AND 1e308 AND {0} = floor({0})",
    "draws": "{0} BETWEEN 0e0 AND 1e308 AND {0} = floor({0})",
    "binary": "{0} IN (0e0, 1e0)",
    "exposure": "{0} > 0e0 AND {0} <= 1e308",
    "positive": f"{{0}} BETWEEN {LEAST} AND {MOST}",
    "share": f"{{0}} >= {LEAST} AND {{0}} < 1e0",
}


def cell_of(kind: ColumnKind, column: str, dialect: Dialect) -> str:
    """Return the expression of a cell, of a column by its quoted name; a category as it is."""
    if kind.name == "category":
        return column
    if dialect == "sqlite":
        return NUMBER_IN_SQLITE.format(column)
    if dialect == "postgres" and kind.name == "binary":
        return BINARY_IN_POSTGRES.format(column)
    return NUMBER.format(column)


def is_of_kind(kind: ColumnKind, cell: str) -> str | None:
    """Return the condition for a cell to be of its kind; a category may be anything."""
    return HOLDS[kind.name].format(cell) if kind.name in HOLDS else None
