"""A mixture handed on to other programs: as a query of SQL, and as a document of JSON."""

from collections.abc import Sequence
from typing import Any

from mixtura.mixture.document import document_of, json_text
from mixtura.mixture.sql import Dialect, query_of

__all__ = ["HandedOn"]


class HandedOn:
    """The part of `Mixture` that other programs take."""

    def to_sql(
        self,
        table: str | Sequence[str],
        *,
        keep: Sequence[str] = (),
        dialect: Dialect = "duckdb",
    ) -> str:
        """Return a query that gives the posterior of each row of a table in a database.

        Parameters
        ----------
        table : its name, or several such as ("schema", "people"), as a dot is part of a name; it
            has the columns of the fit by their names, without any x0, x1, ...
        keep : columns of the table that the answer has too, such as an identifier
        dialect : "duckdb", "postgres" or "sqlite"

        Returns
        -------
        str
            A query of one statement. Its answer has the posterior of each component, as "p_0" or by
            its name, and `component`, the likeliest, -1 for noise. A missing cell, NULL or NaN, is
            left out where columns are independent within components, as an unknown category is;
            else its row has NULLs, as has one with a cell that the fit would refuse.

        Raises
        ------
        ParameterError
            If the family has no SQL: regressions, and noise beside others than Gaussian, t and
            contaminated components; if a name is none, or that of a column to keep is an answer's
            too.

        Examples
        --------
        >>> from mixtura import PoissonMixture
        >>> mixture = PoissonMixture(1).fit([[1], [3]]).mixture_
        >>> for line in mixture.to_sql("visits").splitlines()[-4:]:
        ...     print(line)
        SELECT
            mx_e0 / (mx_e0) AS "p_0",
            CASE WHEN mx_l0 = mx_top THEN 0 END AS "component"
        FROM mx_4
        """
        mixture: Any = self
        return query_of(mixture, table, keep, dialect)

    def to_json(self) -> str:
        """Return the family, the weights and all numbers of components as JSON.

        The page of mixtures in the reference says what each key holds. A model file has more: how
        tables are read, and numbers to the last digit where this has covariances of precisions.
        """
        return json_text(document_of(self))
