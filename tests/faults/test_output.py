"""A folder of results is the old one or the new one, and whole, whatever ends a fit."""

import errno
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from nightly import first

from mixtura import load
from mixtura.cli import fit as fitting
from mixtura.cli import output as folders
from mixtura.cli.command import command
from mixtura.report import page

resource = pytest.importorskip("resource")
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals and fork"),
    pytest.mark.drawn(3, among="file"),
]

NAMES = {"model.mixtura", "assignments.csv", "report.html"}
PATHS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.scandir"}
PATHS |= {"os.listdir", "os.truncate", "shutil.rmtree", "shutil.copymode"}


def raising(number: int) -> Callable[[], None]:
    def fault() -> None:
        raise OSError(number, os.strerror(number))

    return fault


FAULTS: dict[str, Callable[[], None]] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "term": lambda: signal.raise_signal(signal.SIGTERM),
    "full": raising(errno.ENOSPC),
    "rights": raising(errno.EACCES),
    "interrupted": raising(errno.EINTR),
}


ROWS = np.random.default_rng(0).normal(size=(30, 2))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    np.savetxt(path, ROWS, delimiter=",", header="a,b", comments="")
    return path


def given(data: Path, size: int, *more: str) -> list[str]:
    out = data.parent / "out"
    return ["fit", str(data), "-k", str(size), "-s", "spherical", "-o", str(out), *more]


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def in_child(
    arguments: list[str], before: Callable[[], None] = lambda: None, *, draws: bool = False
) -> tuple[int, str]:
    """Run the command in a process of its own; return how it ended and what it said."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            sys.stderr = os.fdopen(writer, "w", buffering=1)
            sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
            if not draws:
                page.render_report = lambda report: f"<!doctype html>{report.title}"
            before()
            command.main(arguments, prog_name="mixtura")
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, errors="replace") as stream:
        said = stream.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def striking(place: Path, at: int, fault: Callable[[], None]) -> Callable[[], None]:
    """Let a fault strike before the `at`-th step that touches the place or what lies beside it."""
    steps = [0]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in PATHS or not any(str(place.name) in str(each) for each in arguments):
            return
        steps[0] += 1
        if steps[0] == at:
            (place.parent / "struck").touch()
            fault()

    return lambda: sys.addaudithook(hook)


def state(out: Path) -> tuple[int, set[str]] | None:
    """Return the number of components and the files of a folder, after a look at each."""
    if not out.exists():
        return None
    size = load(out / "model.mixtura").n_components
    lines = (out / "assignments.csv").read_text().splitlines()
    assert len(lines) == 31
    # One component is certain of all, two of none.
    assert all(line.split(",")[2] == "1" for line in lines[1:]) == (size == 1)
    names = {path.name for path in out.iterdir()}
    return size, {name for name in names if not name.startswith(".")}


RARE = [("full", True), ("interrupted", True), ("kill", False)]


def others(out: Path) -> set[str]:
    return {path.name for path in out.parent.iterdir()} - {"rows.csv", "out", "struck"}


@pytest.mark.parametrize(
    ("fault", "exchanges"),
    first(2, [("kill", True), ("full", False), ("term", True), ("rights", True), *RARE]),
)
def test_a_folder_is_old_or_new_and_whole_whatever_strikes_at_any_step(
    fault: str, exchanges: bool, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchanges:
        monkeypatch.setattr(folders, "exchanged", lambda *_: False)
    out = data.parent / "out"
    ends = []
    for at in range(1, 200):
        if state(out) != (1, NAMES):
            assert in_child(given(data, 1, "--force"))[0] == 0
        (data.parent / "struck").unlink(missing_ok=True)
        code, said = in_child(given(data, 2, "--force"), striking(out, at, FAULTS[fault]))
        assert "Traceback" not in said, said
        if not (data.parent / "struck").exists():
            break
        check_end(fault, code, said)
        found = state(out)
        if found is None:
            # Without an exchange a kill may strike between two moves.
            assert (fault, exchanges) == ("kill", False)
            assert in_child(given(data, 2))[0] == 2
            found = state(out)
        assert found in ((1, NAMES), (2, NAMES), (2, NAMES - {"report.html"})), (at, said)
        if fault == "kill":
            assert in_child(given(data, 1, "--force"))[0] == 0
            assert others(out) == set(), at
            assert {path.name for path in out.iterdir()} == NAMES
        ends.append(found[0])
    assert len(ends) > 10
    assert {1, 2} == set(ends)
    assert in_child(given(data, 1, "--force"))[0] == 0
    assert others(out) == set()
    assert state(out) == (1, NAMES)


def check_end(fault: str, code: int, said: str) -> None:
    if fault == "kill":
        assert code == -signal.SIGKILL
    elif fault == "term":
        assert code in (143, 0), said
    else:
        assert code in (0, 1), said
        assert code == 0 or "mixtura: " in said


def limited(size: int) -> Callable[[], None]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize("size", [1, 20, 100, 500])
def test_a_disk_that_fills_within_a_file_leaves_what_stood_there(size: int, data: Path) -> None:
    out = data.parent / "out"
    assert in_child(given(data, 1))[0] == 0
    code, said = in_child(given(data, 2, "--force"), limited(size))
    assert code == 1
    assert f"'{out}' cannot be written: File too large" in said
    assert state(out) == (1, NAMES)
    assert others(out) == set()


def test_a_disk_that_fills_within_the_page_keeps_the_rest(data: Path) -> None:
    out = data.parent / "out"
    assert in_child(given(data, 1))[0] == 0
    code, said = in_child(given(data, 2, "--force"), limited(20_000), draws=True)
    assert code == 1
    assert f"'{out / 'report.html'}' cannot be written: File too large" in said
    assert state(out) == (2, NAMES - {"report.html"})
    assert {path.name for path in out.iterdir()} == NAMES - {"report.html"}


def test_row_55_what_stands_there_is_replaced_with_force_only(data: Path) -> None:
    out = data.parent / "out"
    assert run(*given(data, 1)).exit_code == 0
    data.write_text("not,read\n")
    done = run(*given(data, 2))
    assert done.exit_code == 2
    assert "holds model.mixtura, assignments.csv, report.html of an earlier fit" in done.stderr
    assert "--force" in done.stderr
    assert state(out) == (1, NAMES)
    # What fails before it has anything leaves what stands there too.
    assert run(*given(data, 2, "--force")).exit_code == 1
    assert state(out) == (1, NAMES)
    assert others(out) == set()


def test_files_that_no_fit_wrote_are_never_replaced(data: Path) -> None:
    out = data.parent / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    for more in ((), ("--force",)):
        done = run(*given(data, 1, *more))
        assert done.exit_code == 2
        assert "holds 'notes.txt', which no fit wrote" in done.stderr
        assert [path.name for path in out.iterdir()] == ["notes.txt"]
        assert others(out) == set()
    (out / "notes.txt").rename(data.parent / "out.partial")
    assert run(*given(data, 1)).exit_code == 1
    assert (data.parent / "out.partial").read_text() == "mine"


def test_a_folder_that_cannot_be_exchanged_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)
    for name in (".", "..", "/proc", ""):
        done = run(*given(data, 1, "-o", name))
        assert done.exit_code in (1, 2)
        assert "mixtura: '" in done.stderr
    assert run(*given(data, 1, "-o", str(data))).exit_code == 2
    assert {path.name for path in data.parent.iterdir()} == {"rows.csv"}


def test_row_55_a_link_stays_and_an_empty_folder_keeps_its_rights(data: Path) -> None:
    out, place = data.parent / "out", data.parent / "place"
    place.mkdir(mode=0o750)
    out.symlink_to(place)
    assert run(*given(data, 1)).exit_code == 0
    assert out.is_symlink()
    assert place.stat().st_mode & 0o777 == 0o750
    assert state(place) == (1, NAMES)


def test_two_fits_never_write_to_one_folder(data: Path) -> None:
    out = data.parent / "out"
    with folders.output_folder(out, force=False):
        code, said = in_child(given(data, 1))
        assert code == 2
        assert f"process {os.getpid()} on " in said
        assert f"is writing to '{out}'; wait until it is done" in said
        assert (data.parent / "out.partial").is_dir()
    assert others(out) == set()
    assert in_child(given(data, 1))[0] == 0


@pytest.mark.nightly
def test_fits_at_once_into_one_folder_end_in_one_of_them(data: Path) -> None:
    words = [sys.executable, "-m", "mixtura"]
    running = [
        subprocess.Popen(
            [*words, *given(data, size)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        for size in (1, 2, 1)
    ]
    said = [each.communicate(timeout=100)[1].decode() for each in running]
    codes = [each.returncode for each in running]
    assert sorted(codes) == [0, 2, 2], said
    refused = [text for text, code in zip(said, codes, strict=True) if code]
    assert all("is writing to" in text or "of an earlier fit" in text for text in refused)
    found = state(data.parent / "out")
    assert found == ((1, 2, 1)[codes.index(0)], NAMES)
    assert others(data.parent / "out") == set()


def test_what_a_killed_fit_left_is_removed_and_told_of(data: Path) -> None:
    # It waits for a table that never comes.
    data.unlink()
    running = subprocess.Popen(
        [sys.executable, "-c", WAITING, *given(data, 1)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    partial = data.parent / "out.partial"
    while not partial.exists():
        assert running.poll() is None
        time.sleep(0.02)
    running.kill()
    running.wait()
    assert partial.exists()
    np.savetxt(data, ROWS, delimiter=",", header="a,b", comments="")
    done = run(*given(data, 1))
    assert done.exit_code == 0
    left = f"out.partial' was left by process {running.pid} on "
    assert left in done.stderr
    assert "that ended too early, and is removed" in done.stderr
    assert others(data.parent / "out") == set()


WAITING = """
import sys, time
from mixtura.cli import fitted_files
from mixtura.cli.command import command
from mixtura.cli.families import fitting
fitted_files.files_of = lambda names: []
fitting.read_tables = lambda *_, **__: time.sleep(600)
command.main(sys.argv[1:])
"""


def test_a_fit_that_cannot_be_put_in_place_is_kept_beside_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = data.parent / "out"
    save = fitting.save

    def late(*arguments: Any, **more: Any) -> None:
        save(*arguments, **more)
        out.mkdir()
        (out / "notes.txt").write_text("mine")

    monkeypatch.setattr(fitting, "save", late)
    done = run(*given(data, 1))
    assert done.exit_code == 1
    assert "which no fit wrote" in done.stderr
    assert f"model and assignments are in '{out}.partial'" in done.stderr
    assert done.stdout.startswith("Gaussian mixture")
    assert load(data.parent / "out.partial" / "model.mixtura").n_components == 1
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("error", [RuntimeError("no <page>"), MemoryError(), OSError(5, "broken")])
def test_a_page_that_cannot_be_made_costs_nothing_else(
    error: Exception, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(page, "render_report", fail)
    done = run(*given(data, 1))
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "report.html is missing" in done.stderr
    assert done.stdout.startswith("Gaussian mixture")
    assert state(data.parent / "out") == (1, NAMES - {"report.html"})


def test_row_60_a_package_that_pages_need_is_missed_before_any_work(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixtura.report.extras.find_spec", lambda name: None)
    data.unlink()
    done = run(*given(data, 1))
    assert done.exit_code == 1
    assert "a report needs matplotlib and jinja2" in done.stderr
    assert list(data.parent.iterdir()) == []
