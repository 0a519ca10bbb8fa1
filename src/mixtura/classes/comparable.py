"""What groups can be compared: of which mixtures, by which columns, and of which rows."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from mixtura.classes.multiple_groups import Groups
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.beta import BetaFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.gamma import GammaFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.geometric import GeometricFamily
from mixtura.components.negative_binomial import NegativeBinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.polya import BetaBinomialFamily
from mixtura.components.positions import positions
from mixtura.components.product import ProductFamily
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.trials import BinomialFamily
from mixtura.components.zeros import (
    ZeroAlteredNegativeBinomialFamily,
    ZeroAlteredPoissonFamily,
)
from mixtura.data.checks import column_label
from mixtura.data.frames import is_frame, values_of_series
from mixtura.data.levels import levels_and_codes
from mixtura.data.weights import given_weights
from mixtura.errors import DataError, MixturaWarning, ParameterError
from mixtura.inference.rows import checked
from mixtura.inference.survey import SurveyDesign, sampling_of
from mixtura.mixture import Mixture

__all__ = [
    "check_comparable",
    "check_family",
    "free_columns",
    "grouped",
    "groups_of",
    "may_differ_alone",
    "warn_of_few_rows",
]

Float = NDArray[np.float64]
Codes = NDArray[np.intp]

GAUSSIAN = (GaussianFamily, IncompleteGaussianFamily)
COMPARED = (
    *GAUSSIAN,
    CategoricalFamily,
    BernoulliFamily,
    PoissonFamily,
    NegativeBinomialFamily,
    ZeroAlteredPoissonFamily,
    ZeroAlteredNegativeBinomialFamily,
    BinomialFamily,
    BetaBinomialFamily,
    GeometricFamily,
    GammaFamily,
    BetaFamily,
)
SAID = (
    "groups are compared by Gaussian, categorical, Bernoulli, Poisson, negative binomial (with "
    "zeros of their own too), binomial, beta-binomial, geometric, gamma and beta columns, by mixed "
    "ones of these, and by Student's t of full covariance"
)


def check_comparable(mixture: Mixture) -> None:
    """Raise `ParameterError` for a mixture whose multiple-group models are not fitted here."""
    bound = mixture.constraints is not None and not mixture.constraints.binds_none_alone
    if mixture.family.has_noise or mixture.held or bound:
        raise ParameterError(
            "groups are compared without noise, and with nothing held or equal; fit the model so "
            "first"
        )
    for family in _families(mixture):
        if isinstance(family, StudentTFamily) and family.structure.storage == "full":
            continue
        if isinstance(family, PoissonFamily) and family.has_exposure:
            raise ParameterError(f"{SAID}, not with an exposure; fit the model without it first")
        if isinstance(family, StudentTFamily) or not isinstance(family, COMPARED):
            raise _not_compared(family.name)


def check_family(family: type[Any]) -> None:
    """Raise `ParameterError` for a family of which no mixture is compared by groups."""
    if not issubclass(family, (*COMPARED, StudentTFamily)):
        raise _not_compared(family.name)


def may_differ_alone(mixture: Mixture) -> bool:
    """Return whether single columns may differ by group: none covaries with others."""
    forms = [getattr(one, "structure", None) for one in _families(mixture)]
    return all(form is None or form.storage != "full" for form in forms)


def free_columns(free: Any, mixture: Mixture) -> tuple[int, ...]:
    """Return the positions of the columns that are to differ by group.

    Raises
    ------
    ParameterError
        If they are no columns of the mixture.
    """
    if isinstance(free, str) or not isinstance(free, Iterable):
        raise ParameterError(
            f"free should be a list of columns, by name or by number, but got {free!r}; leave it "
            "out where none is to differ by itself"
        )
    return tuple(positions(list(free), mixture.columns, mixture.n_columns))


def groups_of(
    values: Sequence[Any], weights: Float | None = None, column: str = "groups"
) -> tuple[tuple[Any, ...], Codes]:
    """Return what groups are called, and the group of each row, -1 where it has no part.

    Parameters
    ----------
    values : (N,) the group of each row, None where it has none
    weights : (N,); rows of weight 0 have no part
    column : what an error calls theirs

    Raises
    ------
    DataError
        If there are not two groups of two rows each.
    """
    labels, codes = levels_and_codes(values, column_label((column,), 0))
    used = codes >= 0 if weights is None else (codes >= 0) & (weights > 0)
    there, numbers = np.unique(codes[used], return_inverse=True)
    if not len(there):
        raise DataError("no row has both a group and a weight; there is nothing to compare")
    if len(there) < 2:
        one = labels[int(there[0])]
        raise DataError(f"all rows are of the group {one!r}; there is nothing to compare")
    few = np.bincount(numbers) < 2
    if few.any():
        one = labels[int(there[int(few.argmax())])]
        raise DataError(f"group {one!r} has one row only; leave it out, or join it to another")
    found = np.full(len(codes), -1, dtype=np.intp)
    found[used] = numbers
    return tuple(labels[int(code)] for code in there), found


def grouped(
    mixture: Mixture,
    X: Any,
    groups: Any,
    sample_weight: ArrayLike | None,
    survey: SurveyDesign | None,
    missing: str,
) -> tuple[Groups, int]:
    """Return the rows that have a group and weight, and how many have no group.

    Raises
    ------
    DataError
        If rows, weights or groups cannot be used, or a group has nothing to fit a column to.
    """
    rows = checked(mixture, X, None, missing)
    sampling = sampling_of(rows.n_rows, given_weights(X, sample_weight), survey)
    if issparse(rows.array):
        raise DataError("groups are compared by dense rows; pass X.toarray()")
    series = None if is_frame(groups) else values_of_series(groups)
    if series is None:
        array = groups if isinstance(groups, np.ndarray) else np.array(groups, dtype=object)
        if array.ndim != 1:
            raise DataError("groups should be one column, the group of each row")
        series = array.tolist()
    if len(series) != rows.n_rows:
        raise DataError(f"groups has {len(series)} rows and X has {rows.n_rows}; give one for each")
    labels, codes = groups_of(series, sampling.weights)
    used = np.flatnonzero(codes >= 0)
    family = _with_all_levels(rows.family)
    known = Groups(labels, family, rows.array[used], codes[used], sampling.of(used))
    _check_columns(mixture, known)
    left = sum(1 for code in levels_and_codes(series, "groups")[1] if code < 0)
    return known, left


def warn_of_few_rows(groups: Groups, n_parameters: int) -> None:
    """Warn of groups that have no more rows than the free model has parameters in each.

    Parameters
    ----------
    n_parameters : of the mixture of one group
    """
    few = [
        f"{label!r} ({size:.10g})"
        for label, size in zip(groups.labels, groups.sizes, strict=True)
        if size <= n_parameters
    ]
    if few:
        warnings.warn(
            f"{len(few)} group(s) have no more rows than the {n_parameters} parameters that are "
            f"free in each: {', '.join(few[:5])}{', ...' if len(few) > 5 else ''}; p-values of "
            "tests do not hold there. Join groups, leave these out, or take fewer classes",
            MixturaWarning,
            stacklevel=3,
        )


def _not_compared(name: str) -> ParameterError:
    return ParameterError(f"{SAID}, not by a '{name}' mixture; fit one of these")


def _families(mixture: Mixture) -> Sequence[Any]:
    family: Any = mixture.family
    return family.families if isinstance(family, ProductFamily) else (family,)


def _with_all_levels(family: Any) -> Any:
    """Return the family that counts all levels: which of them no row has is looked up by group."""
    if isinstance(family, ProductFamily):
        return replace(family, families=tuple(map(_with_all_levels, family.families)))
    return replace(family, unseen=()) if isinstance(family, CategoricalFamily) else family


def _has_widths(family: Any) -> bool:
    own = (*GAUSSIAN, StudentTFamily)
    return isinstance(family, own) or getattr(family, "has_widths", False)


def _check_columns(mixture: Mixture, groups: Groups) -> None:
    """Raise `DataError` for a column that has no cell in a group, or no width there."""
    column = 0
    for family in _families(mixture):
        for _ in range(family.n_columns):
            cells = groups.rows[:, column]
            empty = ~(cells >= 0) if isinstance(family, CategoricalFamily) else np.isnan(cells)
            for group, label in enumerate(groups.labels):
                own = cells[(groups.codes == group) & ~empty]
                called = column_label(mixture.columns, column)
                if not len(own):
                    raise DataError(
                        f"{called} has no answer in group {label!r}; leave the column or the group "
                        "out"
                    )
                if _has_widths(family) and (own == own[0]).all():
                    raise DataError(
                        f"{called} is {float(own[0]):.10g} in all rows of group {label!r}, where "
                        "it has no width; leave the column or the group out"
                    )
            column += 1
