"""A mixture handed on to other programs: as a query of SQL, a model of ONNX, or JSON."""

from collections.abc import Sequence
from typing import Any

from mixtura.mixture.document import document_of, json_text
from mixtura.mixture.sql_cells import Dialect

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
            If the family has no SQL: regressions, and noise beside counts, amounts above 0,
            categories and mixed columns; if a name is none, or that of a column to keep is an
            answer's too.

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
        # Not every process that reads a mixture writes queries and graphs of all families.
        from mixtura.mixture.sql import query_of

        mixture: Any = self
        return query_of(mixture, table, keep, dialect)

    def to_onnx(self) -> Any:
        """Return a model of ONNX that gives the posterior of rows, in double precision.

        Of numbers and counts its input is "X" (N, D), the columns of the table of the fit in their
        order; where some columns are categories it is each column (N, 1) by its name, or x0, x1
        and so on: text, whole numbers, numbers or truth values as the levels are, and double
        precision for other columns.

        Returns
        -------
        onnx.ModelProto
            Of operators from 1.15 on, with the outputs "label" (N,), the likeliest component, -1
            for noise, and "probabilities" (N, K). A missing cell, NaN, is left out where columns
            are independent within components, as an unknown category is; else its row has NaN, as
            has one with a cell that the fit would refuse. Its metadata has the names of `columns`
            and `components`.

        Raises
        ------
        ParameterError
            If the family has no graph: regressions, and noise beside counts, amounts above 0,
            categories and mixed columns; if levels of a column are of several types; or if a column
            beside categories is called as an output.
        MixturaError
            If onnx is not installed.
        """
        from mixtura.mixture.onnx import onnx_model

        return onnx_model(self)

    def to_json(self) -> str:
        """Return the family, the weights and all numbers of components as JSON.

        The page of mixtures in the reference says what each key holds. A model file has more: how
        tables are read, and numbers to the last digit where this has covariances of precisions.
        """
        return json_text(document_of(self))
