"""Engines add the results of all units in one fixed order, and pass on what goes wrong."""

import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from mixtura import ParameterError
from mixtura.engines import Engine, Processes, Serial, Threads, engine_named
from mixtura.engines.engine import MergeTree


def overflowing(numbers: np.ndarray) -> np.ndarray:
    return numbers * numbers


ENGINES = [Serial(), Threads(1), Threads(2), Threads(5)]
IDS = ["serial", "1 thread", "2 threads", "5 threads"]


@given(n_units=st.integers(1, 70), seed=st.integers(0, 2**32))
def test_results_are_joined_in_their_order_however_they_arrive(n_units: int, seed: int) -> None:
    tree = MergeTree(n_units)
    for unit in np.random.default_rng(seed).permutation(n_units):
        tree.add(int(unit), (int(unit),))
    assert tree.total() == tuple(range(n_units))


class Shape(str):
    """A text whose sum shows the shape of the tree."""

    def __add__(self, other: str) -> "Shape":
        return Shape(f"({self}{other})")


def test_the_tree_is_fixed_by_the_number_of_units() -> None:
    for seed in range(20):
        tree = MergeTree(7)
        for unit in np.random.default_rng(seed).permutation(7):
            tree.add(int(unit), Shape(unit))
        assert tree.total() == "(((01)(23))((45)6))"


@pytest.mark.parametrize("engine", ENGINES, ids=IDS)
@pytest.mark.parametrize("n_units", [1, 2, 3, 64, 501])
def test_every_unit_is_done_once(engine: Engine, n_units: int) -> None:
    done: list[int] = []

    def unit_as_tuple(unit: int) -> tuple[int, ...]:
        done.append(unit)
        return (unit,)

    with engine.session():
        assert engine.fold(unit_as_tuple, range(n_units)) == tuple(range(n_units))
        assert engine.fold(unit_as_tuple, range(n_units)) == tuple(range(n_units))
    assert sorted(done) == sorted([*range(n_units), *range(n_units)])


@pytest.mark.parametrize("engine", ENGINES, ids=IDS)
@pytest.mark.parametrize("n_items", [0, 1, 2, 64])
def test_results_of_a_map_are_in_the_order_of_items(engine: Engine, n_items: int) -> None:
    def doubled(item: int) -> int:
        time.sleep(0.001 / (1 + item))
        return 2 * item

    with engine.session():
        assert list(engine.map(doubled, range(n_items))) == [2 * item for item in range(n_items)]


def test_threads_share_the_units_out() -> None:
    both_here = threading.Barrier(2, timeout=10)
    engine = Threads(2)

    def wait_for_the_other(unit: int) -> set[int]:
        both_here.wait()
        return Set({threading.get_ident()})

    with engine.session():
        assert len(engine.fold(wait_for_the_other, range(2))) == 2


class Set(set[int]):
    """A set that adds."""

    def __add__(self, other: set[int]) -> "Set":
        return Set(self | other)


@pytest.mark.parametrize("engine", ENGINES, ids=IDS)
@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_an_error_in_a_unit_is_passed_on_and_the_engine_lives(
    engine: Engine, fault: type[BaseException]
) -> None:
    def fails_at_nine(unit: int) -> int:
        if unit == 9:
            raise fault("unit nine")
        return unit

    with engine.session():
        with pytest.raises(fault, match="unit nine"):
            engine.fold(fails_at_nine, range(40))
        assert engine.fold(lambda unit: unit, range(40)) == 780


def test_an_error_in_the_calling_thread_stops_the_others() -> None:
    started: list[int] = []
    caller = threading.get_ident()

    def interrupted(unit: int) -> int:
        started.append(unit)
        if threading.get_ident() == caller:
            raise KeyboardInterrupt
        time.sleep(0.002)
        return unit

    engine = Threads(3)
    with engine.session(), pytest.raises(KeyboardInterrupt):
        engine.fold(interrupted, range(10_000))
    assert len(started) < 1000


@pytest.mark.parametrize("engine", ENGINES, ids=IDS)
def test_blas_has_one_thread_in_a_session_and_its_own_number_after(engine: Engine) -> None:
    def blas_threads(_: Any = None) -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before = blas_threads()
    with engine.session():
        assert set(blas_threads()) == {1}
        with engine.session():
            assert set(blas_threads()) == {1}
        assert engine.fold(lambda unit: unit, range(10)) == 45
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_no_thread_is_left_after_a_session() -> None:
    engine = Threads(4)
    before = threading.active_count()
    with engine.session():
        engine.fold(lambda unit: unit, range(100))
    assert threading.active_count() == before


def test_engines_go_by_their_names() -> None:
    own = Threads(3)
    assert isinstance(engine_named("serial", None), Serial)
    assert isinstance(engine_named("threads", None), Threads)
    assert isinstance(engine_named("processes", None), Processes)
    assert engine_named("threads", 3).n_jobs == engine_named("processes", 3).n_jobs == 3
    assert engine_named("threads", -1).n_jobs == engine_named("threads", None).n_jobs
    assert engine_named("threads", -100).n_jobs == 1
    assert engine_named(own, None) is own
    with pytest.raises(ParameterError, match="should be threads, processes, serial, dask, the"):
        engine_named("abacus", None)


def test_sessions_that_overlap_in_threads_leave_no_limit_behind() -> None:
    before = [each["num_threads"] for each in threadpool_info()]
    first, second = Serial().session(), Threads(1).session()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"} == {1}
    second.__exit__(None, None, None)
    assert [each["num_threads"] for each in threadpool_info()] == before


@pytest.mark.parametrize("engine", [*ENGINES, Processes(2)], ids=[*IDS, "2 processes"])
def test_workers_say_of_what_is_no_number_what_their_caller_does(
    engine: Engine, recwarn: pytest.WarningsRecorder
) -> None:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), engine.session():
        total = engine.fold(overflowing, [np.full(3, 1e300)] * 8)
        each = list(engine.map(overflowing, [np.full(3, 1e300)] * 8))
    assert np.isinf(total).all()
    assert np.isinf(each).all()
    assert not recwarn.list
    if not isinstance(engine, Processes):
        with np.errstate(over="raise"), engine.session(), pytest.raises(FloatingPointError):
            engine.fold(overflowing, [np.full(3, 1e300)] * 8)
