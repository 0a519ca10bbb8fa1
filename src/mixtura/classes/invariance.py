"""Are classes the same in several groups? Models from equal to free, and tests between them.

Groups are known. In a multiple-group model (Clogg and Goodman 1985) each has class weights of its
own, and what classes are may differ in all items (free), in some (partial) or in none (equal:
measurement invariance); homogeneous groups have the same weights too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import generator_of, whole_number
from mixtura.classes.comparable import (
    check_comparable,
    free_columns,
    grouped,
    may_differ_alone,
    warn_of_few_rows,
)
from mixtura.classes.multiple_groups import Fitter, GroupModel
from mixtura.classes.posteriors import mixture_of
from mixtura.classes.regression import LikelihoodRatio, ratio_of
from mixtura.inference.survey import SurveyDesign
from mixtura.text import Passage, Summary, Table, Tabled, probability

__all__ = ["Invariance", "ItemInvariance", "invariance_test"]

Float = NDArray[np.float64]
Rows = list[dict[str, Any]]

# Which model is tested against which, the more restricted first.
TESTED = (("homogeneous", "equal"), ("equal", "partial"), ("partial", "free"), ("equal", "free"))


@dataclass(frozen=True, slots=True)
class ItemInvariance:
    """The test of one item that is free by group, all others equal, against all equal.

    Attributes
    ----------
    column : the item
    test : by the likelihood ratio
    """

    column: str
    test: LikelihoodRatio


@dataclass(frozen=True, slots=True)
class Invariance(Tabled):
    """Models of several groups, from homogeneous to free.

    Attributes
    ----------
    groups : what groups are called
    sizes : the weight of the rows of each
    models : by name: "homogeneous", "equal", "partial" where items were named, "free"
    tests : by names, the more restricted first
    items : of each item, or none where they were not asked for
    n_left_out : rows without a group, which have no part
    """

    groups: tuple[Any, ...]
    sizes: tuple[float, ...]
    models: dict[str, GroupModel]
    tests: dict[tuple[str, str], LikelihoodRatio]
    items: tuple[ItemInvariance, ...]
    n_left_out: int

    @property
    def sized(self) -> str:
        """Return what groups are called, and their sizes."""
        pairs = zip(self.groups, self.sizes, strict=True)
        return ", ".join(f"{group} (n = {size:.10g})" for group, size in pairs)

    @property
    def left_out(self) -> str:
        """Return a sentence on rows without a group, empty where there are none."""
        return f"{self.n_left_out} row(s) without a group have no part." if self.n_left_out else ""

    def _called(self) -> list[str]:
        """Return the columns of the groups in a table of their shares."""
        called = [str(group) for group in self.groups]
        if len({*called, "class"}) > len(called):
            return called
        return [f"group {group!r}" for group in self.groups]

    def table(self) -> Rows:
        """Return a row for each model."""
        return [
            {
                "model": name,
                "log_likelihood": one.log_likelihood,
                "df": one.n_parameters,
                "aic": one.aic,
                "bic": one.bic,
                "free_items": ", ".join(one.free),
            }
            for name, one in self.models.items()
        ]

    def tests_table(self) -> Rows:
        """Return a row for each test of one model against a freer one."""
        return [
            {"model": name, "against": freer, **_shown(test)}
            for (name, freer), test in self.tests.items()
        ]

    def shares_table(self, model: str = "equal") -> Rows:
        """Return the share of each class in each group, a row for each class.

        Groups that text does not tell apart, or one that is called "class", are columns such as
        "group 'class'".

        Parameters
        ----------
        model : the name of one
        """
        mixtures = self.models[model].mixtures
        names = next(iter(mixtures.values())).names
        called = self._called()
        return [
            {
                "class": name,
                **{
                    group: float(own.weights[k])
                    for group, own in zip(called, mixtures.values(), strict=True)
                },
            }
            for k, name in enumerate(names)
        ]

    def items_table(self) -> Rows:
        """Return a row for each item: whether its classes differ by group."""
        return [{"column": one.column, **_shown(one.test)} for one in self.items]

    def tables(self) -> dict[str, Rows]:
        """Return all tables by what they are of."""
        found = {
            "models": self.table(),
            "tests": self.tests_table(),
            "class shares": self.shares_table(),
            "items": self.items_table(),
        }
        return {name: rows for name, rows in found.items() if rows}

    def summary(self) -> Summary:
        """Return the tables as text."""
        rows = [
            [
                row["model"],
                f"{row['log_likelihood']:.3f}",
                str(row["df"]),
                f"{row['aic']:.2f}",
                f"{row['bic']:.2f}",
                row["free_items"] if row["model"] == "partial" else "",
            ]
            for row in self.table()
        ]
        header = ["model", "log-likelihood", "df", "AIC", "BIC", "free by group"]
        models = Table.of(header, rows)
        tests = [
            [f"{row['model']} against {row['against']}", *_cells(row)] for row in self.tests_table()
        ]
        header = ["likelihood ratio", "statistic", "df", "p"]
        passages = [
            Passage(f"Classes of groups {self.sized}", (models,)),
            Passage(tables=(Table.of(header, tests),)),
        ]
        cells = [
            [str(row["class"]), *(f"{row[one]:.4f}" for one in self._called())]
            for row in self.shares_table()
        ]
        shares = Table.of(["class", *self._called()], cells)
        passages.append(Passage("Shares of classes by group, items equal", (shares,)))
        if self.items:
            rows = [[row["column"], *_cells(row)] for row in self.items_table()]
            header = ["item free by group", "statistic", "df", "p"]
            passages.append(Passage(tables=(Table.of(header, rows),)))
        said = (
            "homogeneous: classes and their shares are those of all groups; equal: classes are, "
            "their\nshares are not; free: nothing is. p-values are not adjusted for their number."
        )
        if any(one.effect is not None for one in self.models.values()):
            said += "\nLikelihood ratios are divided by the effects of the design."
        if self.n_left_out:
            said += f"\n{self.left_out}"
        return Summary([*passages, Passage(said=said)], self.table())


def invariance_test(
    model: Any,
    X: Any,
    groups: Any,
    *,
    free: Sequence[int | str] = (),
    items: bool = True,
    sample_weight: ArrayLike | None = None,
    survey: SurveyDesign | None = None,
    missing: str = "marginal",
    prior: Any = "weak",
    n_init: int = 5,
    random_state: int | np.random.Generator = 0,
) -> Invariance:
    """Test whether classes are the same in several known groups: measurement invariance.

    Multiple-group models are fitted with class weights by group: all items equal across groups,
    those named free, and all free. Each starts from the ends of those more restricted, and from
    short runs.

    Parameters
    ----------
    model : a fitted estimator, or a `Mixture`, which says what and how many classes are. Ordinal
        items stay so
    X : (N, D) rows, read as the fit read its own
    groups : (N,) the group of each row: text, numbers or any categories
    free : columns whose classes differ by group in a model of their own, the partial one
    items : whether to test each item by itself too: free in it against all equal
    sample_weight : (N,) row weights; weight 2 is the row twice
    survey : how the rows were drawn, in place of `sample_weight`: likelihood ratios are divided by
        design effects (Rao and Scott 1984; Asparouhov and Muthén 2005)
    missing : "error", or "marginal" to leave missing cells of X out
    prior : on the components, as in the estimators
    n_init : starts from short runs that are carried to the end
    random_state : a seed or a numpy Generator

    Returns
    -------
    Invariance
        `table()`, `tests_table()`, `shares_table()`, `items_table()`, `summary()`, and the models,
        with a mixture for each group.

    Raises
    ------
    ParameterError
        If the model has noise, or weights or numbers that are held or equal, is of a family whose
        groups are not compared (factor analysers, multinomial rows, counts with an exposure, t
        components without full covariances), or a setting cannot be used.
    DataError
        If rows, weights or groups cannot be used, there is one group only, or a group has no answer
        in a column.

    Warns
    -----
    MixturaWarning
        If a group has no more rows than the free model has parameters in it.
    """
    mixture = mixture_of(model)
    check_comparable(mixture)
    names = mixture.column_names
    chosen = free_columns(free, mixture)
    starts = whole_number("n_init", n_init, 1)
    seed = int(generator_of(random_state).integers(2**31))
    known, n_left_out = grouped(mixture, X, groups, sample_weight, survey, missing)
    warn_of_few_rows(known, mixture.n_parameters)
    fitter = Fitter(mixture, known, prior, starts, seed)
    models = {"homogeneous": fitter.homogeneous()}
    models["equal"] = fitter.joint((), models["homogeneous"])
    if chosen:
        models["partial"] = fitter.joint(chosen, models["equal"])
    models["free"] = fitter.apart(list(models.values())[1:])
    tests = {pair: _test(models[pair[0]], models[pair[1]]) for pair in TESTED if _has(models, pair)}
    found = []
    for column in range(mixture.n_columns) if items and may_differ_alone(mixture) else ():
        one = fitter.joint((column,), models["equal"], alone=True)
        found.append(ItemInvariance(names[column], _test(models["equal"], one)))
    return Invariance(known.labels, known.sizes, models, tests, tuple(found), n_left_out)


def _has(models: dict[str, GroupModel], pair: tuple[str, str]) -> bool:
    """Return whether both were fitted, and one has parameters that the other has not."""
    if not all(name in models for name in pair):
        return False
    first, other = (models[name].n_parameters for name in pair)
    return other > first


def _test(restricted: GroupModel, freer: GroupModel) -> LikelihoodRatio:
    gain = freer.log_likelihood - restricted.log_likelihood
    if restricted.effect is not None and freer.effect is not None:
        gain /= restricted.effect.of_ratio(freer.effect)
    return ratio_of(gain, freer.n_parameters - restricted.n_parameters)


def _shown(test: LikelihoodRatio) -> dict[str, Any]:
    return {"statistic": test.statistic, "df": test.df, "p": test.p_value}


def _cells(row: dict[str, Any]) -> list[str]:
    return [f"{row['statistic']:.3f}", str(row["df"]), probability(row["p"])]
