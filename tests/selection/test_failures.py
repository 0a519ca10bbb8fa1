"""An error of numbers ends one model, any other error the search, and only a signal interrupts."""

import os
import signal
from importlib import import_module
from threading import Event, Timer, current_thread, main_thread

import numpy as np
import pytest
from nightly import first

from mixtura import MixturaError, ParameterError, select
from mixtura.em import screening
from mixtura.errors import LikelihoodDecreased
from mixtura.selection import bench
from mixtura.selection.starts import SharedStarts

# Modules; packages have functions of their names.
PATH = import_module("mixtura.selection.path")

KINDS = ("EII", "EEE", "VVV")


def clusters(n_rows=300):
    rows = np.random.default_rng(4).normal(size=(n_rows, 2))
    rows[: n_rows // 3] += [5, 0]
    return rows


def failing(monkeypatch, error, kind="EEE", size=2):
    """Let every fit of one model end in an error."""
    real = bench.solve_by

    def solve_by(sweep, n_components, *arguments, **settings):
        if (sweep.family.structure.code, n_components) == (kind, size):
            raise error
        return real(sweep, n_components, *arguments, **settings)

    monkeypatch.setattr(bench, "solve_by", solve_by)


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_an_error_that_nobody_foresaw_is_raised_as_itself(monkeypatch, n_jobs, size):
    error = RuntimeError("a defect")
    kind = "EII" if size == 1 else "EEE"
    failing(monkeypatch, error, kind, size)
    with pytest.raises(RuntimeError, match="a defect") as caught:
        select(clusters(), (1, 2, 3), KINDS, random_state=0, n_jobs=n_jobs)
    assert caught.value is error


def test_so_it_is_where_another_worker_met_it(monkeypatch):
    error, met, real = RuntimeError("a defect"), Event(), bench.solve_by

    def solve_by(*arguments, **settings):
        if current_thread() is not main_thread():
            met.set()
            raise error
        met.wait(5)
        return real(*arguments, **settings)

    monkeypatch.setattr(bench, "solve_by", solve_by)
    with pytest.raises(RuntimeError, match="a defect") as caught:
        select(clusters(), (1, 2, 3), KINDS, random_state=0, n_jobs=2)
    assert caught.value is error


@pytest.mark.parametrize("step", ["walk_all", "polish"])
def test_so_it_is_in_later_steps_of_the_search(monkeypatch, step):
    def broken(*_):
        raise RuntimeError("a defect")

    if step == "walk_all":
        monkeypatch.setattr(PATH, "bettered_by", broken)
    else:
        monkeypatch.setattr(bench.Bench, "polished", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        select(clusters(), (1, 2, 3), KINDS, random_state=0, n_jobs=2)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    "error",
    [
        ParameterError("the covariance is singular"),
        LikelihoodDecreased("it fell in sweep 3"),
        FloatingPointError("overflow encountered in exp"),
        OverflowError("math range error"),
        np.linalg.LinAlgError("eigenvalues did not converge"),
    ],
)
def test_an_error_of_numbers_is_a_failure_of_that_model_alone(monkeypatch, error, n_jobs):
    failing(monkeypatch, error)
    selection = select(clusters(), (1, 2, 3), KINDS, random_state=0, n_jobs=n_jobs)
    failures = {(one.kind, one.n_components): one.failure for one in selection.candidates}
    assert failures.pop(("EEE", 2)) == str(error)
    assert set(failures.values()) == {None}
    assert not selection.interrupted
    assert len(selection.ranked) == len(selection.candidates) - 1


def test_so_is_one_where_starts_are_made(monkeypatch):
    real = SharedStarts.maker

    def maker(self, cell, fitted):
        if cell.kind == "VVV":
            raise FloatingPointError
        return real(self, cell, fitted)

    monkeypatch.setattr(SharedStarts, "maker", maker)
    selection = select(clusters(), 2, KINDS, random_state=0)
    assert [one.failure for one in selection.candidates] == [
        None,
        None,
        "FloatingPointError, without a reason",
    ]


def test_a_screen_that_fails_leaves_the_starts_to_others(monkeypatch):
    real = screening.split_and_merged

    def split_and_merged(sweep, *arguments):
        if sweep.family.structure.code == "VVV":
            raise LikelihoodDecreased("it fell in sweep 3")
        return real(sweep, *arguments)

    monkeypatch.setattr(screening, "split_and_merged", split_and_merged)
    selection = select(clusters(), 2, KINDS, random_state=0)
    assert [one.failure for one in selection.candidates] == [None, None, "it fell in sweep 3"]


def test_a_neighbour_whose_model_cannot_be_used_says_nothing(monkeypatch):
    def broken(*_):
        raise FloatingPointError("overflow")

    plain = select(clusters(), (1, 2, 3), KINDS, random_state=0)
    monkeypatch.setattr(PATH, "bettered_by", broken)
    selection = select(clusters(), (1, 2, 3), KINDS, random_state=0)
    assert [one.failure for one in selection.candidates] == [None] * len(plain.candidates)


def test_a_search_of_which_all_end_in_errors_says_which(monkeypatch):
    failing(monkeypatch, FloatingPointError("overflow encountered in exp"))
    selection = select(clusters(), 2, "EEE", random_state=0)
    with pytest.raises(MixturaError, match="could be fitted: overflow encountered in exp"):
        _ = selection.best


@pytest.mark.parametrize("n_jobs", first(1, [2, 1, 4]))
def test_a_signal_ends_the_search_and_keeps_what_is_there(n_jobs):
    begun = Event()

    def after_a_model(candidate, count):
        if not begun.is_set():
            begun.set()
            # To the process, as by Ctrl-C: whichever thread fits, the main one is interrupted.
            Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()

    rows = np.random.default_rng(0).normal(size=(700, 6))
    selection = select(rows, range(1, 13), random_state=0, n_jobs=n_jobs, progress=after_a_model)
    assert selection.interrupted
    assert 0 < len(selection.candidates) < 12 * 14 - 11
    assert np.isfinite(selection.result.bic)


def test_a_row_far_from_all_others_ends_no_search():
    rows = np.random.default_rng(9).normal(size=(50, 3))
    rows[0] *= 1e6
    selection = select(rows, (1, 2, 3), ("full", "diag"), random_state=0, n_jobs=2)
    assert not selection.interrupted
    assert len(selection.candidates) == 2 * 3
    assert all(one.result is not None or one.failure for one in selection.candidates)
