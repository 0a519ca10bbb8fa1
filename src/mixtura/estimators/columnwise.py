"""The estimators of families whose columns are independent in a component, made of their rows.

A row of the catalogue names a family and what its estimator is called. Which arguments it takes,
which cells it refuses, what its fitted attributes are and how its docstring goes follow from the
family; so such a family has no file here.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from inspect import Parameter, Signature, cleandoc, signature
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from mixtura.components.catalogue import Row
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.data import RowSource
from mixtura.data.checks import check_varying
from mixtura.data.columns import column_moments
from mixtura.data.counts import canonical
from mixtura.data.encoding import CHECKS
from mixtura.data.resolution import column_steps
from mixtura.em.solve import FitResult
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.inputs import check_columns, checked_rows
from mixtura.mixture import Mixture

__all__ = ["ColumnwiseMixture", "family_of_rows", "mixture_of", "remarks_of"]

# What a family is told by its rows rather than by the user.
TOLD = ("columns", "sparse", "keys", "unit", "steps", "floored")

SHARED = """\
tol, max_iter, n_init, responsibilities_init, mixing_weights, use_y, prior, random_state
warm_start, engine, n_jobs
    As in `MultinomialMixture`; the weak prior's pseudo-rows look like all rows together.
verbose, verbose_interval : int
"""


class ColumnwiseMixture(DiscreteMixture):
    """Base of the estimators that are made of a row of the catalogue."""

    row: ClassVar[Row]

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        self._fresh_notes()
        return self._numbers(data, least_rows=2)

    def _rows(self, data: Any) -> Any:
        check_is_fitted(self, "mixture_")
        rows, names = self._numbers(data)
        check_columns(rows.shape[1], names, self)
        return rows

    def _numbers(self, data: Any, least_rows: int = 1) -> tuple[Any, tuple[str, ...] | None]:
        family = self.row.family
        sparse = any(field.name == "sparse" for field in fields(family))
        rows, names = checked_rows(data, self, least_rows=least_rows, missing=True, sparse=sparse)
        rows = canonical(rows) if issparse(rows) else rows.astype(np.float64, copy=False)
        check: Any = CHECKS[family.kind.name]
        check(rows, names)
        return rows, names

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> ColumnwiseFamily:
        settings = {name: getattr(self, name) for name in settings_of(self.row.family)}
        return family_of_rows(self.row, source, names, prior=self.prior, **settings)

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        for number in self.row.family.numbers:
            setattr(self, f"{number.name}_", getattr(mixture.parameters, number.name))

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        mixture = result.mixture
        columns = mixture.columns or tuple(f"x{j}" for j in range(mixture.n_columns))
        for remark in remarks_of(mixture.family, mixture.parameters, columns):
            self._note(remark)
        return super()._more_facts(result, source)


def remarks_of(family: Any, parameters: Any, columns: tuple[str, ...]) -> list[str]:
    """Return what a family of the columnwise tier says of a fit's numbers, others nothing."""
    if not isinstance(family, ColumnwiseFamily):
        return []
    return family.remarks(parameters, columns)


def settings_of(family: type[ColumnwiseFamily]) -> dict[str, Any]:
    """Return what a user may tell a family, with defaults."""
    return {field.name: field.default for field in fields(family) if field.name not in TOLD}


def family_of_rows(
    row: Row,
    source: RowSource,
    names: tuple[str, ...] | None,
    *,
    prior: Any,
    **settings: Any,
) -> ColumnwiseFamily:
    """Return the family of a row of the catalogue, told what it needs to know of some rows.

    Raises
    ------
    DataError
        Naming a column of one value, if the family has widths.
    """
    family: Any = row.family(source.n_columns, **{**settings, **row.settings})
    if getattr(family, "has_widths", False):
        check_varying(column_moments(source)[1], names, "drop it")
        # As for Gaussians, pure maximum likelihood has no floor, but says where one is crossed.
        steps = tuple(column_steps(source).tolist())
        family = replace(family, steps=steps, floored=prior is not None)
    return family.reading(source.block(0, source.n_rows).rows)


def mixture_of(row: Row) -> type[ColumnwiseMixture]:
    """Return the estimator of a row of the catalogue, as a class of its own."""
    made = type(row.estimator, (ColumnwiseMixture,), {"row": row, "__doc__": docstring_of(row)})
    made.__module__ = "mixtura.estimators"
    settings = settings_of(row.family)
    if settings:
        made.__init__ = _constructor(made, settings)
    return made


def _constructor(made: type[ColumnwiseMixture], settings: Mapping[str, Any]) -> Any:
    """Return a constructor that also takes settings, and says so to whoever asks."""
    base = signature(DiscreteMixture.__init__)
    own = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default)
        for name, default in settings.items()
    ]
    first, *rest = base.parameters.values()
    told = Signature([first, rest[0], *own, *rest[1:]])

    def __init__(self: Any, n_components: int = 1, **given: Any) -> None:  # noqa: N807
        told.bind(self, n_components, **given)
        for name, default in settings.items():
            setattr(self, name, given.pop(name, default))
        DiscreteMixture.__init__(self, n_components, **given)

    __init__.__signature__ = told  # pyright: ignore[reportFunctionMemberAccess]
    __init__.__qualname__ = f"{made.__name__}.__init__"
    return __init__


def docstring_of(row: Row) -> str:
    """Return a docstring from what the family says of itself and of its settings."""
    about, _, settings = cleandoc(row.family.about).partition("\n\nParameters\n----------\n")
    arrays = "\n".join(
        f"{number.name}_ : (K, D)\n    {number.heading}." for number in row.family.numbers
    )
    return (
        f"{about}\n\nParameters\n----------\nn_components : int\n    K.\n"
        f"{settings}{chr(10) if settings else ''}{SHARED}\n"
        f"Attributes\n----------\nweights_ : (K,)\n{arrays}\nmixture_ : Mixture\n"
        "    The fitted value.\n"
        "log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_\n"
    )
