"""What classes are: shares, and each column's probabilities, means or other numbers by class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.classes.posteriors import mixture_of
from mixtura.components.measures import Measure
from mixtura.errors import InformationError
from mixtura.inference.information import Interval
from mixtura.inference.survey import SurveyDesign
from mixtura.inference.uncertainty import confidence_intervals, standard_errors
from mixtura.inference.wald import shown
from mixtura.mixture import Mixture
from mixtura.text import Passage, Summary, Table, Tabled, component_title

__all__ = ["ClassProfile", "measures_of_columns", "profile", "profile_of"]


@dataclass(frozen=True, slots=True)
class ClassProfile(Tabled):
    """A row for each number of a class, and what is known of its error.

    Attributes
    ----------
    classes : (K,) what classes are called, without noise
    rows : of `table`
    doubt : why there are no standard errors, or None
    """

    classes: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    doubt: str | None

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each column, level and class, with 95 % intervals; NaN if unknown."""
        return [dict(row) for row in self.rows]

    def summary(self) -> Summary:
        """Return the table: numbers by class, with standard errors in brackets."""
        lines: dict[tuple[str, str], list[str]] = {}
        for row in self.rows:
            name = row["column"] if row["level"] is None else f"{row['column']}={row['level']}"
            cell = f"{row['estimate']:.4g}"
            error = shown(row["standard_error"], ".2g")
            lines.setdefault((name, row["measure"]), []).append(
                f"{cell} ({error})" if error else cell
            )
        rows = [[name, measure, *cells] for (name, measure), cells in lines.items()]
        header = [
            "column",
            "number",
            *(component_title(name, "class") for name in self.classes),
        ]
        said = f"no standard errors: {self.doubt}" if self.doubt else "in brackets: standard errors"
        return Summary([Passage("", (Table.of(header, rows),), said)], self.table())


def profile(
    model: Any,
    X: Any = None,
    sample_weight: ArrayLike | None = None,
    *,
    survey: SurveyDesign | None = None,
    missing: str = "marginal",
) -> ClassProfile:
    """Return what classes are, with standard errors and intervals where rows are given.

    Parameters
    ----------
    model : a fitted estimator, or a `Mixture`
    X : (N, D) the rows of the fit, or None for estimates alone
    sample_weight : (N,) row weights, as in the fit
    survey : how the rows were drawn, in place of `sample_weight`: errors are by linearisation
    missing : "error", or "marginal" to leave missing cells out

    Returns
    -------
    ClassProfile
        Shares, probabilities of levels, means, rates or whatever else the columns have, but no
        covariances. What lies on the edge of its range is taken as known.

    Raises
    ------
    DataError, ParameterError
        If rows or weights cannot be used, or the model was not fitted.
    """
    mixture = mixture_of(model)
    errors, ends, doubt = {}, {}, None
    if X is not None:
        options: Any = {"boundary": "hold", "missing": missing, "survey": survey}
        options["method"] = "observed" if survey is None else "sandwich"
        try:
            errors = standard_errors(mixture, X, sample_weight, **options)
            ends = confidence_intervals(mixture, X, sample_weight, **options)
        except InformationError as error:
            errors, ends, doubt = {}, {}, str(error)
    share = replace(mixture.measures()[0], name="share", column="class")
    return profile_of(mixture, [share, *measures_of_columns(mixture)], errors, ends, doubt)


def measures_of_columns(mixture: Mixture) -> list[Measure]:
    """Return the numbers that columns have in each class: no covariances, and no loadings."""
    return [one for one in mixture.measures()[1:] if one.column and len(one.place) == 1]


def profile_of(
    mixture: Mixture,
    measures: Sequence[Measure],
    errors: Mapping[str, NDArray[np.float64]],
    ends: Mapping[str, Interval],
    doubt: str | None = None,
) -> ClassProfile:
    """Return what classes are, once standard errors and ends of intervals are known.

    Parameters
    ----------
    measures : what is told of the classes
    errors, ends : arrays by name, in the shape of the parameters, or none
    doubt : why there are none
    """
    names = mixture.names[: len(mixture.names) - mixture.family.has_noise]
    rows: list[dict[str, Any]] = []
    for one in measures:
        end = ends.get(one.key)
        for k, name in enumerate(names):
            error = one.of(errors, k)
            # What is held has neither variance nor an interval.
            own = end if error > 0.0 else None
            rows.append(
                {
                    "column": one.column,
                    "measure": one.name,
                    "level": one.level,
                    "class": name,
                    "estimate": float(one.values[k]),
                    "standard_error": float("nan") if own is None else error,
                    "lower": float("nan") if own is None else float(own.lower[k, *one.place]),
                    "upper": float("nan") if own is None else float(own.upper[k, *one.place]),
                }
            )
    return ClassProfile(names, tuple(rows), doubt)
