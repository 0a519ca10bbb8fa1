"""`--family` of the families whose columns are numbers: one offer for each row of the catalogue."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from mixtura.cli.columns import number_columns, number_frame
from mixtura.cli.families.fitting import Beyond, Fitting, Offer, Request, fitting_of
from mixtura.components.catalogue import Row
from mixtura.components.exponential import ExponentialFamily
from mixtura.components.von_mises import FULL_TURN
from mixtura.data.files import Table
from mixtura.errors import MixturaWarning
from mixtura.estimators.named import estimator_of

__all__ = ["offer_of", "searching"]

STARTS = 10

# Angles in radians are written from 0 to 2π, or from -π to π, or both; hours go round more often.
MOST_TURNS = 1.5


def offer_of(row: Row) -> Offer:
    """Return what the command offers of a row of the catalogue."""
    return Offer(row.name, partial(_prepare, row), partial(_beyond, row), row.options)


def _columns(row: Row, table: Table, request: Request) -> list[str]:
    amounts = row.has_widths
    names = number_columns(table, request.columns, request.left_out, amounts=amounts)
    exposure = request.exposure if "exposure" in row.options else None
    return names if exposure is None or exposure in names else [*names, exposure]


def searching(row: Row, rows: Any, request: Request) -> Fitting:
    """Return what searches models for rows of numbers, a frame or a dataset."""
    asked: dict[str, Any] = {option: getattr(request, option) for option in row.options}
    given = {option: value for option, value in asked.items() if value is not None}
    if row.gaps == "asked":
        given["missing"] = "marginal"
    if row.has_widths:
        given["constant"] = "drop"
    estimator = estimator_of(row.name)(
        **given,
        mixing_weights=request.mixing_weights,
        fix=request.fix,
        equal=request.equal,
        noise=request.noise,
        prior=request.prior if _is_smoothed(row) else request.prior_of_numbers,
        n_init=request.starts or STARTS,
        random_state=request.seed,
        engine=request.engine,
    )
    return fitting_of(estimator, rows, request)


def _prepare(row: Row, table: Table, request: Request) -> Fitting:
    missing = "error" if row.gaps == "never" else "nan"
    names = _columns(row, table, request)
    _warn_of_turns(row, table, names, request)
    return searching(row, number_frame(table, names, missing), request)


def _beyond(row: Row, table: Table, request: Request) -> Beyond:
    names = _columns(row, table, request)
    _warn_of_turns(row, table, names, request)
    return Beyond(names, lambda data: searching(row, data, request))


def _warn_of_turns(row: Row, table: Table, names: Sequence[str], request: Request) -> None:
    """Warn of columns that look as if their period were another than the default."""
    if "period" not in row.options or request.period is not None:
        return
    for name in names:
        cells = table.numeric([name], "nan")[:, 0]
        known = cells[np.isfinite(cells)]
        if len(known) and np.ptp(known) > MOST_TURNS * FULL_TURN:
            warnings.warn(
                f"column {name!r} goes from {known.min():.4g} to {known.max():.4g}, and is taken "
                "for radians, which begin anew after 2π; say what it is by --period, 24 for hours "
                "or 360 for degrees",
                MixturaWarning,
                stacklevel=2,
            )


def _is_smoothed(row: Row) -> bool:
    """Return whether a family has cells whose counts a prior may smooth."""
    return row.family.cell_counts is not ExponentialFamily.cell_counts
