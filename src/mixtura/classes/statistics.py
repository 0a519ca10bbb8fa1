"""`ModelFit`: what says how far the answers are from what classes say of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from mixtura.goodness.residuals import PatternResiduals
from mixtura.text import Passage, Summary, Table, Tabled, probability

__all__ = ["STATISTICS", "ModelFit"]

Float = NDArray[np.float64]

STATISTICS = ("g2", "x2", "cressie_read", "dissimilarity")
CALLED = ("likelihood ratio G²", "Pearson X²", "Cressie-Read", "dissimilarity index")
# Patterns that are seen and expected more rarely say little.
FEWEST = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class ModelFit(Tabled):
    """How well classes fit the table of all answers.

    Attributes
    ----------
    values : G², X², Cressie and Read's divergence of power 2/3, and the share of rows that would
        have to answer otherwise for the fit to be perfect (dissimilarity index), by name
    residual_df : cells but one, or rows where these are fewer, less the free parameters
    p_values : of the first three by chi-squared, which holds where rows are many for the cells
    bootstrap_p : of all four by rows drawn from the model, none without replicates
    n_replicates : how many were drawn and could be fitted
    residuals : (J, J) bivariate residuals, X² of each pair of items over its degrees of freedom
    residuals_p : (J, J) p-values of these by the same replicates, NaN without
    columns : (J,) what items are called
    mcar : likelihood ratio of the rows' own tables, by which items they lack, against one table of
        all: whether cells are missing completely at random; None where none is missing, or gaps
        leave nothing to test
    mcar_df : its degrees of freedom
    n_cells : of the table
    n : the weight of the rows
    patterns : how often each pattern of answers is seen and expected
    labels : (J,) of each item what the numbers of its answers stand for
    """

    values: dict[str, float]
    residual_df: int
    p_values: dict[str, float]
    bootstrap_p: dict[str, float]
    n_replicates: int
    residuals: Float
    residuals_p: Float
    columns: tuple[str, ...]
    mcar: float | None
    mcar_df: int
    n_cells: int
    n: float
    patterns: PatternResiduals
    labels: tuple[tuple[Any, ...], ...]

    @property
    def mcar_p(self) -> float | None:
        """Return the p-value of the test of missing completely at random, by chi-squared."""
        return None if self.mcar is None else float(chi2.sf(self.mcar, self.mcar_df))

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each statistic."""
        return [
            {
                "statistic": name,
                "value": self.values[name],
                "df": self.residual_df if name in self.p_values else None,
                "p_value": self.p_values.get(name),
                "bootstrap_p": self.bootstrap_p.get(name),
            }
            for name in STATISTICS
        ]

    def pairs_table(self) -> list[dict[str, Any]]:
        """Return a row for each pair of items, the largest residual first."""
        rows = [
            {
                "first": self.columns[i],
                "second": self.columns[j],
                "residual": float(self.residuals[i, j]),
                "bootstrap_p": float(self.residuals_p[i, j]),
            }
            for i in range(len(self.columns))
            for j in range(i + 1, len(self.columns))
        ]
        return sorted(rows, key=lambda row: -row["residual"])

    def patterns_table(self) -> list[dict[str, Any]]:
        """Return a row for each pattern of answers, the most frequent first.

        `observed` is the weight of rows with it, `expected` that by the model (of as many rows as
        lack the same answers), `pearson` (O - E) / √E, and `standardised` the same over its
        standard deviation, √(1 - E / n). A missing answer is None. Patterns that nobody gave are
        among them where no answer is missing, the table has no more than 65 536 cells, and one is
        expected at least half a time.
        """
        return self._patterns_told(np.arange(len(self.patterns.observed)))

    def _patterns_told(self, places: NDArray[np.intp]) -> list[dict[str, Any]]:
        found = self.patterns
        numbers = {
            "observed": found.observed[places],
            "expected": found.expected[places],
            "pearson": found.pearson[places],
            "standardised": found.standardised[places],
        }
        answers = [
            [None if code < 0 else own[code] for code in codes]
            for own, codes in zip(self.labels, found.patterns[places].T.tolist(), strict=True)
        ]
        columns = dict(zip(self.columns, answers, strict=True))
        for name, values in numbers.items():
            # An item may be called so too.
            columns[f"{name} rows" if name in self.columns else name] = values.tolist()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def summary(self, pairs: int = 10, patterns: int = 10) -> Summary:
        """Return the statistics and the largest residuals of pairs and patterns as text.

        Parameters
        ----------
        pairs : how many pairs of items
        patterns : how many patterns, of those that are seen or expected at least five times
        """
        rows = [
            [
                called,
                f"{row['value']:.4g}" if name == "dissimilarity" else f"{row['value']:.3f}",
                "" if row["df"] is None else str(row["df"]),
                *(
                    "" if p is None else probability(p)
                    for p in (row["p_value"], row["bootstrap_p"])
                ),
            ]
            for called, name, row in zip(CALLED, STATISTICS, self.table(), strict=True)
        ]
        said = f"{self.n:.10g} rows, {self.n_cells:,} cells"
        if self.n_replicates:
            said += f"; bootstrap p by {self.n_replicates} replicates"
        if self.mcar is not None:
            said += (
                f".\nMissing completely at random: likelihood ratio {self.mcar:.3f}, df "
                f"{self.mcar_df}, p {probability(float(chi2.sf(self.mcar, self.mcar_df)))}"
            )
        header = ["statistic", "value", "df", "p", "bootstrap p"]
        passages = [
            Passage("Fit to the table of all answers", (Table.of(header, rows),), f"{said}.")
        ]
        return Summary(
            [*passages, *self._told_of_pairs(pairs), *self._told_of_patterns(patterns)],
            self.table(),
        )

    def _told_of_pairs(self, count: int) -> list[Passage]:
        told = [
            [
                f"{row['first']} and {row['second']}",
                f"{row['residual']:.3f}",
                "" if np.isnan(row["bootstrap_p"]) else probability(row["bootstrap_p"]),
            ]
            for row in self.pairs_table()[:count]
        ]
        heading = "Bivariate residuals: what classes leave between two items"
        return [Passage(heading, (Table.of(["items", "residual", "p"], told),))] if told else []

    def _told_of_patterns(self, count: int) -> list[Passage]:
        rows = self._patterns_told(self.patterns.most(count, FEWEST))
        told = [[_written(cell) for cell in row.values()] for row in rows]
        header = [*self.columns, "observed", "expected", "Pearson", "standardised"]
        heading = "Patterns of answers that are seen most unlike what classes say"
        return [Passage(heading, (Table.of(header, told),))] if told else []


def _written(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}".removesuffix(".00")
    return "" if cell is None else str(cell)
