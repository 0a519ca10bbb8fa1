"""Outcomes that follow from classes: means and proportions by class, and whether they differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.class_means import class_means
from mixtura.classes.third_step import ThirdStep
from mixtura.covariates.variables import Variable
from mixtura.inference.wald import WaldTest, interval, shown, wald_test
from mixtura.text import Passage, Summary, Table, Tabled, probability

__all__ = ["DistalOutcome", "DistalOutcomes", "distal_outcomes"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DistalOutcome:
    """One outcome by class.

    Attributes
    ----------
    name : what it is called
    classes : (K,) what classes are called
    levels : (L,) of categories; none for numbers
    means : (K, 1) of numbers, or the proportions (K, L) of levels; by "bch" some may be below 0
    covariance : (K M, K M) of the means, class by class, robust, with the errors of classification
        taken as known
    n : the weight of the rows that were used
    n_left_out : the number of rows that lack the outcome
    """

    name: str
    classes: tuple[str, ...]
    levels: tuple[Any, ...]
    means: Float
    covariance: Float
    n: float
    n_left_out: int

    @property
    def standard_errors(self) -> Float:
        """Return those of the means (K, M); NaN of what does not vary."""
        variances = np.diag(self.covariance).reshape(self.means.shape)
        return np.where(variances > 0.0, np.sqrt(np.maximum(variances, 0.0)), np.nan)

    @property
    def overall(self) -> WaldTest:
        """Return the test that all classes are alike."""
        return self._alike([(0, k) for k in range(1, len(self.means))])

    @property
    def pairwise(self) -> dict[tuple[str, str], WaldTest]:
        """Return the test of each two classes by their names, not adjusted for their number."""
        pairs = combinations(range(len(self.means)), 2)
        return {(self.classes[j], self.classes[k]): self._alike([(j, k)]) for j, k in pairs}

    def _alike(self, pairs: Sequence[tuple[int, int]]) -> WaldTest:
        n_classes, n_means = self.means.shape
        kept = n_means - 1 if self.levels else 1  # The last proportion follows from the others.
        contrasts = np.zeros((len(pairs), n_classes))
        for row, (j, k) in enumerate(pairs):
            contrasts[row, j], contrasts[row, k] = 1.0, -1.0
        every = np.kron(contrasts, np.eye(n_means)[:kept])
        return wald_test(every @ self.means.ravel(), every @ self.covariance @ every.T)


@dataclass(frozen=True, slots=True)
class DistalOutcomes(Tabled):
    """Outcomes by class.

    Attributes
    ----------
    classes : (K,) what classes are called
    outcomes : by name
    how : what was done about errors of classification, in words
    """

    classes: tuple[str, ...]
    outcomes: Mapping[str, DistalOutcome]
    how: str

    @property
    def means(self) -> dict[str, Float]:
        """Return the means (K,), or proportions (K, L), of each outcome by name."""
        return {
            name: one.means if one.levels else one.means[:, 0]
            for name, one in self.outcomes.items()
        }

    def __iter__(self) -> Iterator[DistalOutcome]:
        return iter(self.outcomes.values())

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each outcome, level and class, with 95 % intervals."""
        rows: list[dict[str, Any]] = []
        for one in self:
            lower, upper = interval(one.means, one.standard_errors)
            rows += [
                {
                    "outcome": one.name,
                    "level": level,
                    "class": name,
                    "mean": float(one.means[k, j]),
                    "standard_error": float(one.standard_errors[k, j]),
                    "lower": float(lower[k, j]),
                    "upper": float(upper[k, j]),
                }
                for j, level in enumerate(one.levels or (None,))
                for k, name in enumerate(self.classes)
            ]
        return rows

    def tests(self) -> list[dict[str, Any]]:
        """Return a row for each test: all classes of an outcome first, then each two."""
        rows: list[dict[str, Any]] = []
        for one in self:
            tests = {"all": one.overall}
            tests |= {f"{j} and {k}": test for (j, k), test in one.pairwise.items()}
            rows += [
                {
                    "outcome": one.name,
                    "classes": classes,
                    "wald": test.statistic,
                    "df": test.df,
                    "p_value": test.p_value,
                }
                for classes, test in tests.items()
            ]
        return rows

    def summary(self) -> Summary:
        """Return the tables as text."""
        header = ["outcome", "class", "mean", "std. error", "95 %", ""]
        rows = [
            [
                row["outcome"] if row["level"] is None else f"{row['outcome']}={row['level']}",
                row["class"],
                *(shown(row[n], ".4f") for n in ("mean", "standard_error", "lower", "upper")),
            ]
            for row in self.table()
        ]
        tests = [
            [
                row["outcome"],
                row["classes"],
                shown(row["wald"], ".3f"),
                str(row["df"]),
                probability(row["p_value"]),
            ]
            for row in self.tests()
        ]
        counts = [
            f"{one.name}: n = {one.n:g}"
            + (f", {one.n_left_out} rows without it left out" if one.n_left_out else "")
            for one in self
        ]
        passages = [
            Passage(
                "Outcomes by class: means, or proportions of levels", (Table.of(header, rows),)
            ),
            Passage(
                "Are classes alike?",
                (Table.of(["outcome", "classes", "Wald", "df", "p"], tests),),
                f"{self.how}.\n{'; '.join(counts)}. p-values are not adjusted for their number.",
            ),
        ]
        return Summary(passages, self.table())


def distal_outcomes(step: ThirdStep, outcomes: Sequence[Variable]) -> DistalOutcomes:
    """Return outcomes by class, each of the rows that have it.

    Raises
    ------
    DataError
        If an outcome has one value.
    InformationError
        If some class has no rows to go by.
    """
    found: dict[str, DistalOutcome] = {}
    for one in outcomes:
        present = ~np.isnan(one.cells)
        rows = present & (step.posteriors.weights > 0)
        used, outcome = step.of(rows), one.of(rows)
        means, covariance = class_means(used, outcome)
        found[one.name] = DistalOutcome(
            one.name,
            step.posteriors.names,
            outcome.levels,
            means,
            covariance,
            float(used.assigned.weights.sum()),
            int((~present).sum()),
        )
    return DistalOutcomes(step.posteriors.names, found, step.whole.how)
