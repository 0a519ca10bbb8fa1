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
from mixtura.components.noise import beside_noise
from mixtura.components.product import ProductFamily
from mixtura.data import RowSource, blocks_of
from mixtura.data.checks import (
    Names,
    check_observed,
    check_varying,
    column_label,
    words_of_one_value,
)
from mixtura.data.columns import column_moments
from mixtura.data.counts import canonical, row_totals
from mixtura.data.dataset import Dataset
from mixtura.data.encoding import check_cells
from mixtura.data.gaps import ADVICE, Gaps, has_gaps, with_one_nan
from mixtura.data.resolution import column_steps
from mixtura.data.stand_ins import cells_of, ends_of, extremes_of
from mixtura.em.solve import FitResult
from mixtura.errors import DataError
from mixtura.estimators.constant import VaryingColumns
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.exposure import exposure_place
from mixtura.estimators.inputs import check_columns, checked_rows, names_of
from mixtura.estimators.settings import checked_choice
from mixtura.kinds import COUNT, EXPOSURE, NUMBER
from mixtura.mixture import Mixture

__all__ = ["ColumnwiseMixture", "family_of_rows", "mixture_of", "notes_of", "remarks_of"]

# What a family is told by its rows rather than by the user.
TOLD = ("columns", "gaps", "sparse", "keys", "unit", "steps", "floored")

MISSING = """\
missing : "error" or "marginal"
    What a NaN cell is: refused, or left out of its row's likelihood, which is right where cells
    are missing at random.
""".splitlines()

CONSTANT = """\
constant : "error" or "drop"
    What a column of one value is, in which no density has a width: an error, or left out with a
    warning. Parameters are of the columns left, `kept_columns_`.
""".splitlines()
KEPT = """\
kept_columns_ : (D',) int
    Which columns of X were fitted; all but with `constant="drop"`.
"""

SHARED = """\
noise : None or "uniform"
    Add a component that is even from each column's lowest cell to its highest, for rows that
    belong to no other; `predict` says -1, and `weights_` has its share last.
tol, max_iter, n_init, responsibilities_init, mixing_weights, fix, equal, use_y, prior
random_state, warm_start, engine, n_jobs
    As in `MultinomialMixture`; the weak prior's pseudo-rows look like all rows together.
verbose, verbose_interval : int
"""


class ColumnwiseMixture(VaryingColumns, DiscreteMixture):
    """Base of the estimators that are made of a row of the catalogue."""

    row: ClassVar[Row]

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: which rows are taken."""
        family, tags = self.row.family, super().__sklearn_tags__()
        tags.input_tags.sparse = family.reads_sparse and getattr(self, "exposure", None) is None
        tags.input_tags.positive_only = family.kind is not NUMBER
        tags.input_tags.allow_nan = getattr(self, "missing", "marginal") == "marginal"
        return tags

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        self._fresh_notes()
        rows, names = self._cells(data, least_rows=2)
        if issparse(rows):
            return rows, names
        return self._varying(with_one_nan(rows) if has_gaps(rows) else rows, names)

    def _rows(self, data: Any) -> Any:
        check_is_fitted(self, "mixture_")
        if self._leaves_out:
            return self.mixture_.encode(data)
        rows, names = self._cells(data)
        check_columns(rows.shape[1], names, self)
        kinds = self.mixture_.kinds
        if any(np.isfinite(kind.most) for kind in kinds):
            check_cells(rows, kinds, names, gaps=True)
        return rows

    def _cells(self, data: Any, least_rows: int = 1) -> tuple[Any, tuple[str, ...] | None]:
        """Return rows (N, D) of float64 or CSR whose cells are of their kinds, and their names."""
        family, exposure = self.row.family, getattr(self, "exposure", None)
        if exposure is not None and issparse(data):
            raise DataError("exposure is for dense rows; pass X.toarray()")
        rows, names = checked_rows(
            data, self, least_rows=least_rows, missing=True, sparse=family.reads_sparse
        )
        rows = canonical(rows) if issparse(rows) else rows.astype(np.float64, copy=False)
        told = {name: getattr(self, name) for name in settings_of(family)}
        kinds = family.kinds_of(rows.shape[1], told)
        if exposure is not None:
            kinds[exposure_place(exposure, rows.shape[1], names or names_of(self))] = EXPOSURE
        gaps = getattr(self, "missing", "marginal")
        checked_choice("missing", gaps, ("error", "marginal"))
        check_cells(rows, kinds, names, gaps=gaps == "marginal", advice=ADVICE)
        return rows, names

    def _silent(self, rows: Any, names: tuple[str, ...] | None = None) -> Any:
        exposure = getattr(self, "exposure", None)
        if exposure is not None:
            place = exposure_place(exposure, rows.shape[1], names or names_of(self))
            rows = np.delete(rows, place, axis=1)
        return super()._silent(rows)

    def _columns_beyond(
        self, data: Dataset
    ) -> tuple[tuple[int, ...] | None, tuple[str, ...] | None]:
        return self._varying_beyond(data)

    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> ColumnwiseFamily:
        settings = {name: getattr(self, name) for name in settings_of(self.row.family)}
        if settings.get("exposure") is not None:
            place = exposure_place(settings["exposure"], source.n_columns, names)
            settings["exposure"] = place
        family = family_of_rows(self.row, source, names, prior=self.prior, **settings)
        for sentence in notes_of(family, source):
            self._note(sentence)
        low, high = ends_of(source)
        if settings.get("exposure") is not None:
            high[settings["exposure"]] = np.nan
        for sentence in words_of_one_value(low, high, names):
            self._note(sentence, warn=True)
        return family

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        super()._take(mixture, dtype)
        if "constant" in told_by_user(self.row):
            self._take_columns(mixture)
        parameters = beside_noise(mixture.family, mixture.parameters)[1]
        for number in self.row.family.numbers:
            setattr(self, f"{number.name}_", getattr(parameters, number.name))

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        for remark in remarks_of(result.mixture):
            self._note(remark)
        return super()._more_facts(result, source)


def remarks_of(mixture: Mixture) -> list[str]:
    """Return what families of the columnwise tier say of a fit's numbers, others nothing."""
    columns = mixture.column_names
    family, parameters = beside_noise(mixture.family, mixture.parameters)
    parts: list[tuple[Any, Any, slice]] = [(family, parameters, slice(None))]
    if isinstance(family, ProductFamily):
        parts = list(zip(family.families, parameters.parts, family.blocks, strict=True))
    return [
        remark
        for own, values, block in parts
        if isinstance(own, ColumnwiseFamily)
        for remark in own.remarks(values, columns[block])
    ]


def settings_of(family: type[ColumnwiseFamily]) -> dict[str, Any]:
    """Return what a user may tell a family, with defaults."""
    return {field.name: field.default for field in fields(family) if field.name not in TOLD}


def told_by_user(row: Row) -> dict[str, Any]:
    """Return what an estimator's own settings are, with defaults."""
    settings = settings_of(row.family)
    if row.gaps == "asked":
        settings["missing"] = "error"
    if row.has_widths:
        settings["constant"] = "error"
    return settings


def family_of_rows(
    row: Row,
    source: RowSource,
    names: Names,
    *,
    prior: Any,
    constant: str = "drop it, or set constant='drop'",
    **settings: Any,
) -> ColumnwiseFamily:
    """Return the family of a row of the catalogue, told what it needs to know of some rows.

    Parameters
    ----------
    constant : what to try where a column holds one value

    Raises
    ------
    DataError
        Naming a column without a cell, or of one value where the family has widths.
    """
    n_cells = source.n_columns - (settings.get("exposure") is not None)
    if n_cells == 0:
        raise DataError("X holds the exposure and no column of counts; give some counts")
    family: Any = row.family(n_cells, **{**settings, **row.settings})
    rows = cells_of(source) if family.reads_every_cell else extremes_of(source)
    if not issparse(rows):
        check_observed(rows, names)
    wrong = family.out_of_reach(rows)
    if wrong is not None:
        raise DataError(f"{column_label(names, wrong[0])}: {wrong[1]}")
    if family.has_widths:
        check_varying(column_moments(source)[1], names, constant)
        # As for Gaussians, pure maximum likelihood has no floor, but says where one is crossed.
        steps = tuple(column_steps(source).tolist())
        family = replace(family, steps=steps, floored=prior is not None)
    return family.reading(rows)


def notes_of(family: ColumnwiseFamily, source: RowSource, block: str = "") -> list[str]:
    """Return what a summary should say of rows before they are fitted."""
    found = []
    if family.gaps:
        found.append(Gaps.among(own.rows for own in blocks_of(source)).words(block))
    if family.kind == COUNT and not family.has_exposure:
        empty = sum(int((row_totals(own.rows) == 0).sum()) for own in blocks_of(source))
        if empty:
            found.append(f"{empty} row(s) hold zeros only, which is information about rates")
    return found


def mixture_of(row: Row) -> type[ColumnwiseMixture]:
    """Return the estimator of a row of the catalogue, as a class of its own."""
    made = type(row.estimator, (ColumnwiseMixture,), {"row": row, "__doc__": docstring_of(row)})
    made.__module__ = "mixtura.estimators"
    settings = told_by_user(row)
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

    def __init__(self: Any, n_components: int | str = 1, **given: Any) -> None:  # noqa: N807
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
    own = told_by_user(row)
    more = [*(MISSING if "missing" in own else []), *(CONSTANT if "constant" in own else [])]
    settings = "\n".join([*settings.splitlines(), *more])
    arrays = "\n".join(
        f"{number.name}_ : (K, D)\n    {number.heading}." for number in row.family.numbers
    )
    return (
        f'{about}\n\nParameters\n----------\nn_components : int or "auto"\n    K; '
        '"auto" is the size of the lowest BIC, found as in `GaussianMixture`.\n'
        f"{settings}{chr(10) if settings else ''}{SHARED}\n"
        f"Attributes\n----------\nweights_ : (K,)\n{arrays}\n"
        f"{KEPT if 'constant' in own else ''}mixture_ : Mixture\n"
        "    The fitted value.\n"
        "log_likelihood_, history_, n_parameters_, converged_, ending_, n_iter_, starts_agreeing_\n"
    )
