"""What classes are: shares, and each column's probabilities, means or other numbers by class."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.classes.posteriors import mixture_of
from mixtura.errors import InformationError
from mixtura.inference.survey import SurveyDesign
from mixtura.inference.uncertainty import confidence_intervals, standard_errors
from mixtura.inference.wald import shown
from mixtura.mixture import Mixture
from mixtura.text import Passage, Summary, Table, Tabled, component_title

__all__ = ["ClassProfile", "profile"]

Float = NDArray[np.float64]

# A measure, its column and level, how its standard errors are called and where they stand, and it.
Found = tuple[str, str, Any, str, int, Float]

# What a measure of one column is called.
SINGLE = {"probabilities": "probability"}


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
    names = mixture.names[: len(mixture.names) - mixture.family.has_noise]
    rows: list[dict[str, Any]] = []
    for measure, column, level, key, place, values in _measures(mixture):
        end = ends.get(key)
        for k, name in enumerate(names):
            error = _known(errors.get(key), k, place)
            # What is held has neither variance nor an interval.
            own = end if error > 0.0 else None
            rows.append(
                {
                    "column": column,
                    "measure": measure,
                    "level": level,
                    "class": name,
                    "estimate": float(values[k]),
                    "standard_error": float("nan") if own is None else error,
                    "lower": _known(None if own is None else own.lower, k, place),
                    "upper": _known(None if own is None else own.upper, k, place),
                }
            )
    return ClassProfile(names, tuple(rows), doubt)


def _known(array: Float | None, k: int, place: int) -> float:
    """Return the number of class k, NaN if there is none."""
    if array is None:
        return float("nan")
    return float(array[k] if array.ndim == 1 else array[k, place])


def _measures(mixture: Mixture) -> Iterator[Found]:
    yield "share", "class", None, "weights", 0, mixture.weights
    columns = mixture.columns or tuple(f"x{j}" for j in range(mixture.n_columns))
    described = mixture.family.describe(mixture.parameters, columns)
    if "items" in described or "columns" in described:
        yield from _of_block(described, "")
        return
    for name, block in described.items():
        if isinstance(block, Mapping):
            yield from _of_block(block, f"{name}.")


def _of_block(described: Mapping[str, Any], before: str) -> Iterator[Found]:
    """Yield the numbers of columns of one kind."""
    place = 0
    for item in described.get("items", ()):
        for level, values in zip(item["levels"], np.transpose(item["probabilities"]), strict=True):
            key = f"{before}probabilities"
            yield "probability", item["column"], level, key, place, values
            place += 1
    names = list(described.get("columns", ()))
    for key, numbers in described.items():
        if key == "columns" or not isinstance(numbers, (list, tuple, np.ndarray)):
            continue
        if np.ndim(numbers) != 2 or np.shape(numbers)[1] != len(names):
            continue
        # Infinite ones stand as None.
        values = np.array([[np.inf if one is None else one for one in row] for row in numbers])
        called = SINGLE.get(key, key.removesuffix("s"))
        for j, name in enumerate(names):
            yield called, name, None, f"{before}{key}", j, values[:, j]
