"""The driver of a run, whose models are made and swept in Python; see `driver.h`."""

import ctypes
from collections.abc import Generator, Sequence
from ctypes import byref, c_double, c_int, c_int64, c_void_p
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.runs import Rule, address

__all__ = ["RECENT", "Asked", "Course", "Driver", "Models", "Question", "Saved", "Status"]

Float = NDArray[np.float64]

# Objectives that are remembered.
RECENT = 8

ANSWER = ctypes.CFUNCTYPE(c_int, c_void_p)


class Status(IntEnum):
    """`mx_status`."""

    DONE = 0
    HARD = 1
    FLAT = 2
    BROKEN = 3


class Question(IntEnum):
    """`mx_question`."""

    KEEP = 0
    LOCATE = 1
    STEP = 2
    EXTRAPOLATE = 3
    CHART = 4
    CHARTED = 5
    REJECTED = 6
    TRY = 7
    PROMISE = 8
    DIGITS = 9
    BACK = 10
    RESORT = 11


class Asked(ctypes.Structure):
    """`mx_asked`."""

    _fields_ = (
        ("answer", c_void_p),
        ("of", c_void_p),
        ("question", c_int64),
        ("total_weight", c_double),
        ("n_coordinates", c_int64),
        ("point", c_void_p),
        ("n_charted", c_int64),
        ("charted", c_void_p),
        ("gradient", c_void_p),
        ("memory", c_void_p),
        ("value", c_double),
    )


class Course(ctypes.Structure):
    """`mx_course`."""

    _fields_ = (
        ("n_steps", c_int64),
        ("n_rejected", c_int64),
        ("gain_left", c_double),
        ("n_recent", c_int64),
        ("recent", c_double * RECENT),
    )


class Models(Protocol):
    """The models of a run: the one that is swept next, the best so far, and one to resort to."""

    def keep(self) -> None:
        """Let the model just swept be the best."""
        ...

    def located(self) -> Float:
        """Return the moments of the best as a point (P,)."""
        ...

    def step(self) -> bool:
        """Let the model to resort to be the M-step of these; return whether there is one."""
        ...

    def extrapolate(self, point: Float) -> bool:
        """Let the next model be the M-step of the moments at a point, if there is one."""
        ...

    def chart(self) -> int | None:
        """Lay a chart about the best, and return of how many coordinates, if there is one."""
        ...

    def charted(self, *, rejected: bool) -> tuple[Float, Float]:
        """Return the coordinates (Q,) of the best, or the model just swept, and the gradient."""
        ...

    def at_chart(self, point: Float) -> bool:
        """Let the next model be that at a point (Q,) of the chart, if there is one."""
        ...

    def promised(self) -> float:
        """Return Q of the next model less Q of the best."""
        ...

    def digits(self) -> float:
        """Return what the rounding of densities costs the objective, in nats."""
        ...

    def go_back(self) -> None:
        """Let the next model be the best."""
        ...

    def resort(self) -> None:
        """Let the next model be the one to resort to."""
        ...


class Answers:
    """What is asked, and the workspace that answers stand in."""

    def __init__(self, models: Models, total_weight: float, n_coordinates: int) -> None:
        self.models = models
        self.point, self.charted, self.gradient = np.empty(n_coordinates), *np.empty((2, 0))
        self.memory = np.empty(0)
        self.asked = Asked(
            total_weight=total_weight, n_coordinates=n_coordinates, point=address(self.point)
        )
        self.error: BaseException | None = None

    def each(self) -> Generator[int, int, None]:
        """Answer one question after the other.

        An interrupt may come at the first instruction of a function, before any `try` of its own,
        and what leaves a function that C calls is lost. A generator goes on where it was: within.
        """
        answer = Status.DONE
        while True:
            try:
                while True:
                    yield answer
                    answer = self._answered(Question(self.asked.question))
            except GeneratorExit:
                return
            except BaseException as error:
                self.error, answer = error, Status.BROKEN

    def _answered(self, question: Question) -> Status:
        models, asked = self.models, self.asked
        found = True
        match question:
            case Question.KEEP:
                models.keep()
            case Question.LOCATE:
                self.point[:] = models.located()
            case Question.STEP:
                return Status.DONE if models.step() else Status.FLAT
            case Question.EXTRAPOLATE:
                found = models.extrapolate(self.point.copy())
            case Question.CHART:
                size = models.chart()
                found = size is not None
                if size is not None:
                    self.lay(size, np.empty(kernels().mx_lbfgs_workspace(size)))
            case Question.CHARTED | Question.REJECTED:
                rejected = question is Question.REJECTED
                self.charted[:], self.gradient[:] = models.charted(rejected=rejected)
            case Question.TRY:
                found = models.at_chart(self.charted.copy())
            case Question.PROMISE:
                asked.value = models.promised()
            case Question.DIGITS:
                asked.value = models.digits()
            case Question.BACK:
                models.go_back()
            case Question.RESORT:
                models.resort()
        return Status.DONE if found else Status.HARD

    def lay(self, size: int, memory: Float) -> None:
        """Take a chart of so many coordinates, and what is remembered of it."""
        self.charted, self.gradient = np.empty((2, size))
        self.memory, asked = memory, self.asked
        asked.n_charted, asked.memory = size, address(self.memory)
        asked.charted, asked.gradient = address(self.charted), address(self.gradient)


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A driver between two sweeps, as a value.

    Attributes
    ----------
    workspace, memory : copies of what it works in
    places : where these stood
    course : how far it has come, as bytes
    n_charted : coordinates of its chart
    """

    workspace: Float
    memory: Float
    places: tuple[int, int]
    course: bytes
    n_charted: int


class Driver:
    """A run under way.

    Parameters
    ----------
    models : what it moves
    rule : when it ends; may be changed while it runs
    total_weight : Σ w
    n_coordinates : P of `Models.located`, 0 where a run is not accelerated
    earlier : objectives of a run that this one carries on
    saved : the state of the run, if it goes on
    """

    def __init__(
        self,
        models: Models,
        rule: Rule,
        total_weight: float,
        n_coordinates: int,
        earlier: Sequence[float] = (),
        saved: Saved | None = None,
    ) -> None:
        self.rule, self.course = rule, Course()
        last = tuple(earlier)[-RECENT:]
        self.course.n_recent, self.course.recent[: len(last)] = len(last), last
        self._answers = Answers(models, total_weight, n_coordinates)
        answering = self._answers.each()
        next(answering)
        self._answer = ANSWER(answering.send)
        # A cast would hold itself.
        self._answers.asked.answer = c_void_p.from_buffer(self._answer).value
        self._library = kernels()
        self._told = byref(self._answers.asked), byref(rule), byref(self.course)
        if saved is None:
            self._workspace = np.empty(self._library.mx_driver_workspace(n_coordinates))
            self._library.mx_driver_begin(address(self._workspace), *self._told)
        else:
            self._restore(saved)

    def _restore(self, saved: Saved) -> None:
        self._workspace = saved.workspace.copy()
        if saved.n_charted:
            self._answers.lay(saved.n_charted, saved.memory.copy())
        ctypes.memmove(byref(self.course), saved.course, len(saved.course))
        self._library.mx_driver_restore(address(self._workspace), *saved.places, *self._told)

    def state(self) -> Saved:
        """Return all that the driver goes on by, but for its models and its rule."""
        memory = self._answers.memory
        return Saved(
            self._workspace.copy(),
            memory.copy(),
            (address(self._workspace), address(memory)),
            bytes(self.course),
            self._answers.asked.n_charted,
        )

    def advance(self, log_likelihood: float, objective: float) -> int | None:
        """Take a sweep of the next model in; return why the run has ended, `mx_ending`, if it has.

        Raises
        ------
        BaseException
            What a question of the run was answered by.
        """
        ending = self._library.mx_driver_advance(
            address(self._workspace), log_likelihood, objective
        )
        error, self._answers.error = self._answers.error, None
        if error is not None:
            raise error
        return None if ending < 0 else ending
