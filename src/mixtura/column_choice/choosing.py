"""`choose_columns`: which columns tell clusters apart."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import whole_number
from mixtura.column_choice.choice import ColumnChoice
from mixtura.column_choice.judges import Items, Numbers
from mixtura.column_choice.regression import Moments
from mixtura.column_choice.stepping import backward, forward
from mixtura.data.checks import check_varying, row_weights
from mixtura.data.frames import is_frame, picked
from mixtura.data.plain import plain_table
from mixtura.data.weights import given_weights
from mixtura.errors import DataError, DegenerateComponentWarning, ParameterError
from mixtura.estimators import CategoricalMixture, GaussianMixture, select
from mixtura.estimators.gaps import checked_gappy_rows
from mixtura.estimators.settings import checked_choice, checked_number, seed_of
from mixtura.estimators.sizes import checked_sizes
from mixtura.selection import Selection

__all__ = ["choose_columns"]

Float = NDArray[np.float64]

FAMILIES = ("gaussian", "categorical")
DIRECTIONS = ("auto", "forward", "backward")


def choose_columns(
    X: Any,
    n_components: int | Iterable[int] = range(1, 10),
    covariance_type: str | Sequence[str] = "all",
    *,
    family: str = "gaussian",
    direction: str = "auto",
    least_evidence: float = 0.0,
    n_tried: int | None = None,
    sample_weight: ArrayLike | None = None,
    n_init: int = 1,
    prior: Any = None,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> ColumnChoice:
    """Choose the columns that tell clusters apart, a column at a time, by BIC.

    A column is added where a mixture of it and those that are chosen has a lower BIC than one of
    those alone with the column told by a line through the best of them (Raftery and Dean 2006,
    Maugis and others 2009); of categories, where the column depends on no class (Dean and Raftery
    2010). After each one that is added, the one that says least is looked at to be removed.

    Parameters
    ----------
    X : (N, D) numbers or categories, no cell of numbers missing; frames by name
    n_components : the numbers of components; those of two and more say which columns are chosen,
        and all of them which mixture the chosen ones have
    covariance_type : structures of Gaussian components, as in `select`
    family : "gaussian" for numbers, "categorical" for categories
    direction : "forward" from no column on, "backward" from all; "auto" is forward for numbers, and
        backward for categories, which in few columns determine no classes
    least_evidence : how much lower BIC is to be with a column for it to be chosen; from 6 on
        evidence is strong (Kass and Raftery 1995), which leaves out more of many that are noise
    n_tried : how many columns are tried in a step, those that promise most by what the components
        that are there say of them; None for all
    sample_weight : (N,) row weights
    n_init : starts of each mixture
    prior : as in `GaussianMixture` or `CategoricalMixture`; None for that estimator's default
    random_state : int, RandomState or None
    n_jobs : threads, as in `GaussianMixture`

    Returns
    -------
    ColumnChoice
        `columns`, `left_out`, `steps`, `selection`, `summary()`.

    Raises
    ------
    DataError, ParameterError
        If rows, weights or settings cannot be used.
    """
    checked_choice("family", family, FAMILIES)
    steps_of = _steps_of(direction, family)
    sizes = checked_sizes(n_components)
    several = [size for size in sizes if size > 1]
    if not several:
        raise ParameterError(
            "n_components should have a number from 2 up: columns are chosen by the clusters that "
            f"they tell apart, but got {n_components!r}"
        )
    if n_tried is not None:
        whole_number("n_tried", n_tried, 1)
    least = checked_number("least_evidence", least_evidence)
    settings: dict[str, Any] = {
        "n_init": n_init,
        "random_state": seed_of(random_state),
        "n_jobs": n_jobs,
    }
    settings |= {} if prior is None else {"prior": prior}
    table = plain_table(X)
    if family == "gaussian":
        judge, names = _of_numbers(
            table, sample_weight, several, covariance_type, settings, n_tried
        )
    else:
        judge, names = _of_items(table, sample_weight, several, settings, n_tried)
    called: Any = range(judge.n_columns) if names is None else names
    with warnings.catch_warnings():
        # The last fit says what is to be said of the mixture that is kept.
        warnings.simplefilter("ignore", DegenerateComponentWarning)
        chosen, steps = steps_of(judge, called.__getitem__, least)
    return ColumnChoice(
        tuple(called[j] for j in chosen),
        tuple(called[j] for j in range(judge.n_columns) if j not in chosen),
        tuple(steps),
        _last(table, chosen, names, sizes, covariance_type, family, judge.weights, settings)
        if chosen
        else None,
    )


def _steps_of(direction: str, family: str) -> Any:
    """Return what goes from column to column in a direction.

    Raises
    ------
    ParameterError
        If there is none such, or it is not of the family.
    """
    checked_choice("direction", direction, DIRECTIONS)
    if family == "categorical" and direction == "forward":
        raise ParameterError(
            'direction="forward" begins with one column, which determines no latent classes; take '
            'direction="backward"'
        )
    if direction == "auto":
        return backward if family == "categorical" else forward
    return backward if direction == "backward" else forward


def _weights(table: Any, sample_weight: ArrayLike | None, n_rows: int) -> Float:
    given = row_weights(given_weights(table, sample_weight), n_rows)
    return np.ones(n_rows) if given is None else given


def _check_several(n_columns: int) -> None:
    if n_columns < 2:
        raise DataError(f"X has {n_columns} column(s), and there is nothing to choose; give two")


def _of_numbers(
    table: Any,
    sample_weight: ArrayLike | None,
    sizes: Sequence[int],
    structures: Any,
    settings: dict[str, Any],
    n_tried: int | None,
) -> tuple[Numbers, tuple[str, ...] | None]:
    rows, names = checked_gappy_rows(table, GaussianMixture(), "error")
    rows = np.asarray(rows, dtype=np.float64)
    _check_several(rows.shape[1])
    weights = _weights(table, sample_weight, len(rows))
    used = rows[weights > 0]
    check_varying(used.max(axis=0) - used.min(axis=0), names, "leave it out")
    moments = Moments.of(rows, weights)
    return Numbers(rows, weights, sizes, structures, settings, moments, n_tried), names


def _of_items(
    table: Any,
    sample_weight: ArrayLike | None,
    sizes: Sequence[int],
    settings: dict[str, Any],
    n_tried: int | None,
) -> tuple[Items, tuple[str, ...] | None]:
    # It knows how categories are read; one class is fitted at once.
    alone = CategoricalMixture(1).fit(table, sample_weight=sample_weight).mixture_
    codes = np.asarray(alone.encode(table), dtype=np.float64)
    codes = np.where(codes < 0, np.nan, codes)
    _check_several(codes.shape[1])
    weights = _weights(table, sample_weight, len(codes))
    return Items(codes, weights, sizes, settings, n_tried), alone.columns


def _last(
    table: Any,
    chosen: tuple[int, ...],
    names: tuple[str, ...] | None,
    sizes: Sequence[int],
    structures: Any,
    family: str,
    weights: Float,
    settings: dict[str, Any],
) -> Selection:
    """Return the mixtures of the columns that were chosen."""
    if is_frame(table) and names is not None:
        own = picked(table, [names[j] for j in chosen])
    else:
        whole = table if hasattr(table, "shape") else np.asarray(table)
        own = whole[:, list(chosen)]
    if family == "categorical":
        return CategoricalMixture(**settings).select(own, sizes, sample_weight=weights)
    return select(own, sizes, structures, sample_weight=weights, **settings)
