"""Tasks that worker processes can import."""

import os
import signal
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_info


class Shape(str):
    """A text whose sum shows the shape of the tree."""

    def __add__(self, other: str) -> "Shape":
        return Shape(f"({self}{other})")


class Numbers:
    """An array that outlasts tasks."""

    lasting: ClassVar[bool] = True

    def __init__(self, array: Any) -> None:
        self.array = array


class Odd(Exception):
    """An error that cannot be made again from what pickle keeps of it."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__("an odd error")


@dataclass(frozen=True)
class SumOf:
    """Adds a part of an array."""

    numbers: Numbers

    def __call__(self, part: slice) -> float:
        return float(self.numbers.array[part].sum())


def shape_of(unit: int) -> Shape:
    return Shape(f"{unit} ")


def doubled(item: int) -> int:
    # Later items are done sooner.
    time.sleep(0.02 / (1 + item))
    return 2 * item


def process_of(item: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def blas_threads(item: int) -> set[int]:
    # NumPy's BLAS is there as soon as NumPy is.
    np.eye(2) @ np.eye(2)
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def fails_at_three(item: int) -> int:
    if item == 3:
        raise ZeroDivisionError("item three")
    return item


def interrupts_at_three(item: int) -> int:
    if item == 3:
        raise KeyboardInterrupt
    return item


def odd_error(item: int) -> int:
    raise Odd(1, 2)


def ends_its_process(item: int) -> int:
    os._exit(3)


def is_writable(numbers: Numbers) -> bool:
    return numbers.array.flags.writeable


def sleeps(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@dataclass(frozen=True)
class KillsOnce:
    """Ends the first process that is given unit 5, as the system does where memory is out."""

    file: str

    def __call__(self, unit: int) -> Shape:
        if unit == 5 and not os.path.exists(self.file):
            open(self.file, "x").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return shape_of(unit)


@dataclass(frozen=True)
class EndsAt:
    """Ends the process that is given an item, by a signal, or with an exit code below zero."""

    item: int
    how: int

    def __call__(self, item: int) -> Shape:
        if item == self.item and self.how < 0:
            os._exit(-self.how)
        if item == self.item:
            os.kill(os.getpid(), self.how)
        return shape_of(item)


@dataclass(frozen=True)
class HangsAt:
    """Never comes back from an item: asleep, busy, deaf to signals that end it, or stopped."""

    item: int
    how: str

    def __call__(self, item: int) -> Shape:
        if item == self.item:
            if self.how == "deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if self.how == "stopped":
                os.kill(os.getpid(), signal.SIGSTOP)
            while True:
                time.sleep(0.0 if self.how == "busy" else 1.0)
        return shape_of(item)


def kills_at_one(item: int) -> int:
    if item == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return item
