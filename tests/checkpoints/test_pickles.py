"""A checkpoint makes values of mixtura's, and calls nothing else."""

import os
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mixtura import load
from mixtura.checkpoints.journal import Entry
from mixtura.checkpoints.pickles import from_bytes, to_bytes
from mixtura.data.records import Records
from mixtura.writing import write_text


class Calling:
    def __init__(self, *called: Any) -> None:
        self.called = called

    def __reduce__(self) -> tuple[Any, ...]:
        return self.called[0], tuple(self.called[1:])


STRANGE = [
    (os.system, "true"),
    (eval, "1"),
    (getattr, "a", "upper"),
    (__import__, "os"),
    (write_text, "never", ""),
    (load, "model.mixtura"),
    (Records, "somewhere"),
    (Path, "."),
    (partial(print, "called"),),
]


@pytest.mark.parametrize(
    "called",
    STRANGE,
    ids=lambda called: called[0].__qualname__ if hasattr(called[0], "__qualname__") else "partial",
)
def test_nothing_is_called_that_is_no_value_of_a_fit(called: tuple[Any, ...]) -> None:
    content = pickle.dumps(Entry(value=Calling(*called)))
    with pytest.raises(pickle.UnpicklingError, match="a checkpoint holds no"):
        from_bytes(content)


def test_values_come_back_as_they_were() -> None:
    inner = {("run", 0): Entry(done=True, value=(1.5, "a", None)), ("run", 1): Entry(held=[2])}
    assert from_bytes(to_bytes(Entry(inner=inner))) == Entry(inner=inner)
