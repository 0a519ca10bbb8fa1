"""The rows that `mixtura classes` fits, in memory or beyond it, and what else is asked of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixtura.cli.asked import Asked
from mixtura.cli.beyond import fitted_beyond, rows_beyond
from mixtura.cli.class_relations import grouped_by, survey_of
from mixtura.cli.families import OFFERS, Request
from mixtura.cli.fitted import Fitted, fitted_table
from mixtura.data.memory import bytes_of
from mixtura.data.paths import bytes_in_memory, files_of
from mixtura.errors import ParameterError
from mixtura.mixture.tables import frame_of

__all__ = ["ClassRows", "Wanted", "fitted_rows"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What options say of the rows.

    Attributes
    ----------
    family : the word on the command line
    labels : names for classes
    asked : of covariates and outcomes
    drawn : columns that say how rows were drawn, by option
    groups : column of groups, or None
    free : items that differ by group
    """

    family: str
    labels: Sequence[str]
    asked: Mapping[str, Asked]
    drawn: Mapping[str, str | None]
    groups: str | None
    free: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class ClassRows:
    """A fit, and the rows that it is held against.

    Attributes
    ----------
    fitted : the search and its best
    rows : a frame, or a dataset beyond memory
    weights : of the rows of a frame, or None
    told : the same, or how rows were drawn, as functions of classes take them
    related : what goes with classes, by name
    groups : of each row, or None
    """

    fitted: Fitted
    rows: Any
    weights: Any
    told: dict[str, Any]
    related: dict[str, tuple[Any, Any]]
    groups: list[Any] | None


@contextmanager
def fitted_rows(
    files: Sequence[str], called: Path, request: Request, wanted: Wanted, memory: int | None
) -> Iterator[ClassRows]:
    """Yield the fit to files, whose rows are there meanwhile.

    Parameters
    ----------
    files : as they were given
    called : what they are called together
    memory : bytes that rows may take, or None for a part of the machine's

    Raises
    ------
    ParameterError
        If something is asked for of rows beyond memory that takes all of them, row by row.
    """
    found, most = files_of(list(files)) or [], bytes_of(memory)
    if bytes_in_memory(found) > most:
        _check_adds_up(wanted)
        if request.joints:
            raise ParameterError(
                "--dependent takes rows within --memory; give more of it, or leave one of them out"
            )
        data, beyond = rows_beyond(found, request, OFFERS[wanted.family], most, None)
        with data:
            fitted = fitted_beyond(
                data, request, beyond, found, called, all_components=True, labels=wanted.labels
            )
            yield ClassRows(fitted, data, None, {}, {}, None)
        return
    table = request.read(found, called)
    # What cannot be used is said before the fits.
    related = {name: one.of(table) for name, one in wanted.asked.items() if one.names}
    groups = grouped_by(table, wanted.groups, wanted.free, wanted.family, request)
    fitted = fitted_table(
        table, OFFERS[wanted.family], request, all_components=True, labels=wanted.labels
    )
    weights = request.of(table).weights
    survey = survey_of(table, wanted.drawn)
    told: dict[str, Any] = {"sample_weight": weights} if survey is None else {"survey": survey}
    yield ClassRows(fitted, frame_of(fitted.mixture, table), weights, told, related, groups)


def _check_adds_up(wanted: Wanted) -> None:
    """Raise for what is asked of each row by itself."""
    options = {f"--{name}": bool(one.names) for name, one in wanted.asked.items()}
    options |= {"--groups": wanted.groups is not None}
    options |= {"--sampling-weights": wanted.drawn["weights"] is not None}
    options |= {f"--{name}": wanted.drawn[name] is not None for name in ("strata", "clusters")}
    for option, given in options.items():
        if given:
            raise ParameterError(
                f"{option} is told of each row by itself, for which all rows have to be within "
                "--memory; give more of it, or leave one of them out"
            )
