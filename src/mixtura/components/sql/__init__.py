"""Log densities of components as expressions of SQL, family by family."""

from mixtura.components.sql import amounts, blocks, counts
from mixtura.components.sql.terms import Terms, identifier, literal, sql_number, terms_of

__all__ = [
    "Terms",
    "amounts",
    "blocks",
    "counts",
    "identifier",
    "literal",
    "sql_number",
    "terms_of",
]
