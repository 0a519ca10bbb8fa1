"""Worker processes give the bits of every other engine, hear of rows once, and end when told to."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from threading import Timer
from time import perf_counter

import numpy as np
import process_tasks as tasks
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtura import EngineError
from mixtura.engines import Processes, Serial
from mixtura.engines.engine import MergeTree
from mixtura.engines.processes import branches


@pytest.fixture(scope="module")
def engine() -> Iterator[Processes]:
    engine = Processes(2)
    with engine.session():
        yield engine


@given(n_units=st.integers(1, 300), n_workers=st.integers(1, 20))
def test_branches_add_up_as_the_whole_tree_does(n_units: int, n_workers: int) -> None:
    parts = branches(n_units, n_workers)
    tree = MergeTree(len(parts))
    for number, part in enumerate(parts):
        tree.add(number, Serial().fold(tasks.shape_of, range(n_units)[part]))
    assert tree.total() == Serial().fold(tasks.shape_of, range(n_units))
    assert len(parts) >= min(n_units, n_workers)


@pytest.mark.parametrize("n_units", [1, 2, 3, 7, 64])
def test_units_are_added_as_by_one_worker(engine: Processes, n_units: int) -> None:
    assert engine.fold(tasks.shape_of, range(n_units)) == Serial().fold(
        tasks.shape_of, range(n_units)
    )


def test_results_come_back_in_the_order_of_their_items(engine: Processes) -> None:
    assert list(engine.map(tasks.doubled, range(9))) == [2 * item for item in range(9)]


def test_all_workers_work_and_not_the_caller(engine: Processes) -> None:
    workers = set(engine.map(tasks.process_of, range(4)))
    assert len(workers) == 2
    assert os.getpid() not in workers


def test_a_session_within_a_session_has_the_same_workers(engine: Processes) -> None:
    before = set(engine.map(tasks.process_of, range(4)))
    with engine.session():
        assert set(engine.map(tasks.process_of, range(4))) == before
    assert set(engine.map(tasks.process_of, range(4))) == before


def test_blas_has_one_thread_in_every_worker(engine: Processes) -> None:
    assert list(engine.map(tasks.blas_threads, range(2))) == [{1}, {1}]


def test_what_outlasts_a_task_is_sent_once(engine: Processes) -> None:
    numbers = tasks.Numbers(np.random.default_rng(0).normal(size=100_000))
    parts = [slice(start, start + 25_000) for start in range(0, 100_000, 25_000)]
    expected = Serial().fold(tasks.SumOf(numbers), parts)
    for _ in range(3):
        before = engine.bytes_sent
        assert engine.fold(tasks.SumOf(numbers), parts) == expected
        assert engine.bytes_sent - before < 2000


def test_arrays_that_outlast_a_task_cannot_be_written_to(engine: Processes) -> None:
    numbers = tasks.Numbers(np.arange(10.0))
    assert list(engine.map(tasks.is_writable, [numbers, numbers])) == [False, False]


def test_more_lasting_values_than_are_kept_are_written_again(engine: Processes) -> None:
    many = [tasks.Numbers(np.full(10, float(number))) for number in range(150)]
    for _ in range(2):
        found = [engine.fold(tasks.SumOf(one), [slice(0, 5), slice(5, 10)]) for one in many]
        assert found == [10.0 * number for number in range(150)]


def test_an_error_of_a_worker_comes_back_as_itself(engine: Processes) -> None:
    with pytest.raises(ZeroDivisionError, match="item three") as caught:
        list(engine.map(tasks.fails_at_three, range(6)))
    assert "fails_at_three" in caught.value.__notes__[0]
    assert list(engine.map(tasks.doubled, range(3))) == [0, 2, 4]


def test_an_error_that_cannot_be_sent_is_told_by_its_words(engine: Processes) -> None:
    with pytest.raises(EngineError, match="Odd: an odd error"):
        engine.fold(tasks.odd_error, range(4))


def test_an_interrupt_in_a_worker_comes_back_as_one(engine: Processes) -> None:
    with pytest.raises(KeyboardInterrupt):
        engine.fold(tasks.interrupts_at_three, range(6))


def test_a_worker_that_ends_is_missed(engine: Processes) -> None:
    with pytest.raises(EngineError, match="a worker process ended with exit code 3"):
        list(engine.map(tasks.ends_its_process, range(2)))
    assert list(engine.map(tasks.doubled, range(3))) == [0, 2, 4]


def test_an_interrupt_ends_all_workers_at_once() -> None:
    engine = Processes(2)
    before = set(multiprocessing.active_children())
    with engine.session():
        assert list(engine.map(tasks.sleeps, [0.0, 0.0])) == [0.0, 0.0]
        assert len(set(multiprocessing.active_children()) - before) == 2
        Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = perf_counter()
        with pytest.raises(KeyboardInterrupt):
            list(engine.map(tasks.sleeps, [60.0, 60.0, 60.0]))
        assert set(multiprocessing.active_children()) == before
        assert perf_counter() - began < 10


def test_no_process_and_no_file_is_left_after_a_session(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(multiprocessing.active_children())
    engine = Processes(2)
    with engine.session():
        numbers = tasks.Numbers(np.arange(10.0))
        assert list(engine.map(tasks.is_writable, [numbers, numbers])) == [False, False]
        assert any(tmp_path.rglob("*"))
    assert set(multiprocessing.active_children()) == before
    assert not any(tmp_path.rglob("*"))


def test_little_work_starts_no_process() -> None:
    before = set(multiprocessing.active_children())
    engine = Processes(2)
    with engine.session():
        assert list(engine.map(tasks.process_of, [1])) == [os.getpid()]
        assert engine.fold(tasks.process_of, [1]) == os.getpid()
        assert set(multiprocessing.active_children()) == before


def test_outside_of_a_session_the_caller_works() -> None:
    assert list(Processes(2).map(tasks.process_of, range(2))) == 2 * [os.getpid()]
