"""The multinomial logit of classes as it is told: coefficients with errors, odds ratios, tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.covariates.design import Covariate, Design
from mixtura.inference.wald import WaldTest, interval, two_sided, wald_test
from mixtura.text import Passage, Summary, Table, Tabled, probability

__all__ = ["ClassMembership", "membership_of", "start_of", "unbounded"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassMembership(Tabled):
    """A multinomial logit of classes: log P(t | z) / P(reference | z) = z b_t.

    Attributes
    ----------
    classes : (K - 1,) what the classes but the reference are called
    reference : what the class is called that they are compared with
    terms : (P,) the intercept, numbers by name, and the levels of categories but the first; of a
        formula what formulaic calls them
    coefficients : (P, K - 1) b
    standard_errors : (P, K - 1) robust, NaN of what is taken as known; `how` says whether that is
        step one
    covariance : ((K - 1) P, (K - 1) P) of the coefficients, one class after the other
    tests : by covariate, or term of a formula, whether all its coefficients are zero
    log_likelihood : of step three; by one step that of the rows
    n : the weight of the rows that were used
    n_left_out : the number of rows that lack a covariate
    how : what was done about errors of classification, in words
    """

    classes: tuple[str, ...]
    reference: str
    terms: tuple[str, ...]
    coefficients: Float
    standard_errors: Float
    covariance: Float
    tests: Mapping[str, WaldTest]
    log_likelihood: float
    n: float
    n_left_out: int
    how: str

    @property
    def z(self) -> Float:
        """Return the coefficients over their standard errors (P, K - 1)."""
        return self.coefficients / self.standard_errors

    @property
    def p_values(self) -> Float:
        """Return the two-sided p-value of each coefficient (P, K - 1)."""
        return two_sided(self.z)

    @property
    def odds_ratios(self) -> Float:
        """Return exp b (P, K - 1)."""
        with np.errstate(over="ignore"):
            return np.exp(self.coefficients)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each class and term; `lower` and `upper` are of the odds ratio, 95 %."""
        with np.errstate(over="ignore"):
            lower, upper = np.exp(interval(self.coefficients, self.standard_errors))
        columns = {
            "coefficient": self.coefficients,
            "standard_error": self.standard_errors,
            "z": self.z,
            "p_value": self.p_values,
            "odds_ratio": self.odds_ratios,
            "lower": lower,
            "upper": upper,
        }
        return [
            {"class": name, "reference": self.reference, "term": term}
            | {key: float(values[j, k]) for key, values in columns.items()}
            for k, name in enumerate(self.classes)
            for j, term in enumerate(self.terms)
        ]

    def summary(self) -> Summary:
        """Return the tables as text."""
        header = ["class", "term", "coefficient", "std. error", "z", "p", "odds ratio", "95 %", ""]
        rows = [
            [
                row["class"],
                row["term"],
                f"{row['coefficient']:.4f}",
                f"{row['standard_error']:.4f}",
                f"{row['z']:.2f}",
                probability(row["p_value"]),
                *(f"{row[name]:.4g}" for name in ("odds_ratio", "lower", "upper")),
            ]
            for row in self.table()
        ]
        tests = [
            [name, f"{test.statistic:.3f}", str(test.df), probability(test.p_value)]
            for name, test in self.tests.items()
        ]
        left = f"; {self.n_left_out} rows without a covariate left out" if self.n_left_out else ""
        passages = [
            Passage(
                f"Class membership by covariates, against class {self.reference}",
                (Table.of(header, rows),),
            ),
            Passage(
                tables=(Table.of(["covariate", "Wald", "df", "p"], tests),),
                said=f"{self.how}.\nn = {self.n:g}{left}.",
            ),
        ]
        return Summary(passages, self.table())


def membership_of(
    found: Float,
    covariance: Float,
    *,
    design: Design,
    covariates: Sequence[Covariate],
    names: Sequence[str],
    reference: int,
    log_likelihood: float,
    n: float,
    n_left_out: int,
    how: str,
) -> ClassMembership:
    """Return what coefficients (K - 1) P of a design say, in the user's units.

    Parameters
    ----------
    found, covariance : by the design's columns, of one class after the other
    names : (K,) what classes are called
    """
    others = [name for k, name in enumerate(names) if k != reference]
    back = np.kron(np.eye(len(others)), design.back)
    covariance = back @ covariance @ back.T
    shape, coefficients = (len(others), -1), back @ found
    # What is taken as known has no error to be told.
    variances = np.diag(covariance)
    errors = np.where(variances > 0.0, np.sqrt(np.maximum(variances, 0.0)), np.nan)
    tests = {}
    for place, one in enumerate(covariates):
        own = np.flatnonzero(np.tile(design.owners == place, len(others)))
        tests[one.name] = wald_test(coefficients[own], covariance[np.ix_(own, own)])
    return ClassMembership(
        tuple(others),
        names[reference],
        design.terms,
        coefficients.reshape(shape).T,
        errors.reshape(shape).T,
        covariance,
        tests,
        log_likelihood,
        n,
        n_left_out,
        how,
    )


def start_of(sizes: Float, design: Design, reference: int) -> Float:
    """Return coefficients by which each class (K,) has its size, whatever the covariates."""
    start = np.zeros((len(sizes), len(design.terms)))
    start[:, 0] = np.log(sizes / sizes[reference])
    return np.delete(start, reference, axis=0).ravel()


def unbounded(design: Design, names: Sequence[str], reference: int, place: int) -> str:
    """Return the sentence for a coefficient, by place, that grows without bound."""
    of_class, term = divmod(place, len(design.terms))
    others = [name for k, name in enumerate(names) if k != reference]
    return (
        f"the coefficient of '{design.terms[term]}' for class {others[of_class]} has no bound: "
        "covariates foretell that class, or its absence, without error in some rows; leave the "
        "covariate out, join levels of few rows, or fit fewer classes"
    )
