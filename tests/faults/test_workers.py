"""Worker processes that are killed, or never answer."""

import multiprocessing
import os
import signal
import sys
from threading import Timer

import numpy as np
import pytest
from nightly import first
from process_tasks import EndsAt, HangsAt, shape_of

from mixtura import EngineError
from mixtura.engines import Processes, Serial

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals of other systems"),
    pytest.mark.drawn(2, among="file"),
]

TWENTY = range(20)
ENDS = [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, -1, -3, -255]


@pytest.mark.parametrize("number", first(6, TWENTY))
def test_row_42_a_worker_that_is_killed_is_missed_by_its_exit_code(
    number: int, fresh_seed: int
) -> None:
    rng = np.random.default_rng([fresh_seed, number])
    count, how = int(rng.integers(2, 40)), int(ENDS[rng.integers(len(ENDS))])
    task = EndsAt(int(rng.integers(count)), how)
    engine = Processes(2)
    with engine.session():
        ask = engine.fold if rng.random() < 0.5 else lambda *told: list(engine.map(*told))
        with pytest.raises(EngineError, match=f"ended with exit code {-how}") as caught:
            ask(task, range(count))
        assert "try fewer n_jobs" in str(caught.value)
        # The engine has other workers for what comes next.
        found = engine.fold(shape_of, range(count))
        assert found == Serial().fold(shape_of, range(count))


@pytest.mark.parametrize("number", first(4, TWENTY))
def test_row_43_a_worker_that_hangs_is_ended_by_an_interrupt(number: int, fresh_seed: int) -> None:
    rng = np.random.default_rng([fresh_seed, number])
    how = ["asleep", "busy", "deaf", "stopped"][number % 4]
    count = int(rng.integers(2, 20))
    engine = Processes(2)
    before = set(multiprocessing.active_children())
    with engine.session():
        engine.fold(shape_of, range(count))
        Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            engine.fold(HangsAt(int(rng.integers(count)), how), range(count))
        assert set(multiprocessing.active_children()) == before
        found = engine.fold(shape_of, range(count))
        assert found == Serial().fold(shape_of, range(count))
