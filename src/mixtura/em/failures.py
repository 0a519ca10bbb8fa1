"""Starts and moves that fail numerically: the others go on, and what failed is told."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from mixtura.em.history import Failure
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.errors import NUMERICAL, ParameterError

__all__ = [
    "Failed",
    "Start",
    "attempted",
    "changed",
    "left_out",
    "reasons",
    "sentence_of",
    "survivors",
]

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Failed:
    """What led nowhere, and why."""

    error: Exception


# What a run begins with, or why there is no such thing.
Start: TypeAlias = Model | Failed


def attempted(make: Callable[[], Made]) -> Made | Failed:
    """Return what is made, or why it cannot be."""
    try:
        return make()
    except NUMERICAL as error:
        return Failed(error)


def changed(start: Start, change: Callable[[Model], Model]) -> Start:
    """Return a start with its model changed."""
    return start if isinstance(start, Failed) else change(start)


def survivors(ends: Iterable[Made | Failed], options: FitOptions) -> Iterator[Made]:
    """Yield what did not fail, and tell of the rest.

    Raises
    ------
    Exception
        The first reason, if there is nothing else.
    """
    failed, any_else = [], False
    for end in ends:
        if isinstance(end, Failed):
            failed.append(end.error)
        else:
            any_else = True
            yield end
    if failed and not any_else:
        raise failed[0]
    for error in failed:
        _tell(error, options)


@contextmanager
def left_out(options: FitOptions) -> Iterator[None]:
    """Leave out what fails within, where there is something else to go on with."""
    try:
        yield
    except NUMERICAL as error:
        _tell(error, options)


def reasons(starts: Sequence[object], others: Iterable[Exception]) -> tuple[Failure, ...]:
    """Return why starts failed, by their numbers, and what else did."""
    return (
        *(
            Failure(sentence_of(start.error), number)
            for number, start in enumerate(starts)
            if isinstance(start, Failed)
        ),
        *(Failure(sentence_of(error)) for error in others),
    )


def sentence_of(error: Exception) -> str:
    """Return the reason that an error gives."""
    return str(error) or f"{type(error).__name__}, without a reason"


def _tell(error: Exception, options: FitOptions) -> None:
    # That a component collapses in a try is what tries are for.
    if options.failed is not None and not isinstance(error, ParameterError):
        options.failed(error)
