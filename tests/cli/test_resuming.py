"""A fit of the command that was stopped goes on by --resume, to the same bytes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from nightly import first

from mixtura.checkpoints import resumable
from mixtura.cli.command import command
from mixtura.store import load_with_facts

pytestmark = [
    pytest.mark.usefixtures("sketched"),
    pytest.mark.drawn(2, among="file"),
]


class Killed(BaseException):
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("parts")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(9000, 3)) + 3 * rng.integers(3, size=(9000, 1))
    for number, part in enumerate(np.array_split(rows, 3)):
        path = place / f"{number}.csv"
        np.savetxt(path, part, delimiter=",", header="a,b,c", comments="")
    return place


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def passed(*arguments: Any) -> Any:
    found = run(*arguments)
    assert found.exit_code == 0, found.output
    return found


def killed_at(number: int, monkeypatch: Any, *arguments: Any) -> int:
    """Run the command until it is saved so many times, and return how often it was."""
    saves, write = 0, resumable.write_checkpoint

    def counted(*given: Any) -> None:
        nonlocal saves
        if saves >= number:
            raise Killed
        write(*given)
        saves += 1

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(resumable, "write_checkpoint", counted)
        passed(*arguments)
    return saves


def assert_same(one: Path, other: Path) -> None:
    """Compare all that two fits wrote, but for the seconds that they took."""
    (mixture, facts), (expected, others) = (
        load_with_facts(out / "model.mixtura") for out in (one, other)
    )
    arrays, _ = mixture.family.to_arrays(mixture.parameters)
    for name, array in expected.family.to_arrays(expected.parameters)[0].items():
        assert array.tobytes() == arrays[name].tobytes()
    del facts["seconds"], others["seconds"]
    assert facts == others
    rows = [next(out.glob("assignments.*")).read_bytes() for out in (one, other)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("memory", [None, "50kB"])
def test_a_fit_killed_at_any_save_goes_on(
    memory: str | None, folder: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    asked: list[Any] = ["fit", folder / "*.csv", "-k", "2:3", "-s", "full,EII", "--checkpoint", 0]
    asked += [] if memory is None else ["--memory", memory]
    whole = tmp_path / "whole"
    total = killed_at(10**9, monkeypatch, *asked, "-o", whole)
    assert not (tmp_path / "whole.checkpoint").exists()
    rng = np.random.default_rng(0)
    for at in rng.choice(np.arange(1, total), 2, replace=False):
        out = tmp_path / f"out-{at}"
        saved = killed_at(at, monkeypatch, *asked, "-o", out)
        assert not out.exists()
        assert out.with_name(f"{out.name}.checkpoint").exists()
        left = killed_at(10**9, monkeypatch, "fit", "--resume", out, "--checkpoint", 0)
        assert saved + left == total
        assert_same(out, whole)
    assert all(path.name.startswith(("out-", "whole")) for path in tmp_path.iterdir())
    assert not list(tmp_path.glob("*.checkpoint"))


def test_an_interrupt_keeps_the_best_so_far_and_what_it_goes_on_from(
    folder: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    asked = ["fit", folder / "*.csv", "-k", "2:4", "-s", "EII", "--checkpoint", 0]
    out, whole = tmp_path / "out", tmp_path / "whole"
    total = killed_at(10**9, monkeypatch, *asked, "-o", whole)
    saves, write = 0, resumable.write_checkpoint

    def interrupted(*given: Any) -> None:
        nonlocal saves
        saves += 1
        if saves == total - 1:
            raise KeyboardInterrupt
        write(*given)

    with monkeypatch.context() as patch:
        patch.setattr(resumable, "write_checkpoint", interrupted)
        found = run(*asked, "-o", out)
    assert found.exit_code == 130
    assert f"`mixtura fit --resume {out}` goes on" in found.output
    assert (out / "model.mixtura").exists()
    passed("fit", "--resume", out)
    assert_same(out, whole)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
@pytest.mark.parametrize(
    ("seed", "number"), first(0, [(0, "SIGTERM"), (1, "SIGKILL"), (2, "SIGINT"), (3, "SIGKILL")])
)
def test_a_signal_at_a_random_moment_stops_a_fit_that_goes_on(
    seed: int, number: str, folder: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    out, whole = tmp_path / "out", tmp_path / "whole"
    begun = [sys.executable, "-m", "mixtura", "fit"]
    asked = [str(folder / "*.csv"), "-k", "2:6", "-s", "VVV,EVE", "--starts", "3"]
    subprocess.run([*begun, *asked, "-o", str(whole)], check=True, capture_output=True)
    now = [*asked, "-o", str(out)]
    for _ in range(3):
        process = subprocess.Popen(
            [*begun, *now, "--checkpoint", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        until = time.monotonic() + 60
        while not (tmp_path / "out.checkpoint").exists() and time.monotonic() < until:
            assert process.poll() is None or process.returncode == 0
            time.sleep(0.02)
            if process.returncode == 0:
                break
        time.sleep(float(rng.uniform(0, 1)))
        process.send_signal(getattr(signal, number))
        process.communicate()
        if process.returncode == 0:
            break
        now = ["--resume", str(out)]
    if (tmp_path / "out.checkpoint").exists():
        subprocess.run([*begun, "--resume", str(out)], check=True, capture_output=True)
    assert_same(out, whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


@pytest.fixture
def stopped(folder: Path, tmp_path: Path, monkeypatch: Any) -> Path:
    for part in folder.iterdir():
        (tmp_path / part.name).write_bytes(part.read_bytes())
    asked = ["fit", tmp_path / "*.csv", "-k", 3, "-s", "VVV", "--seed", 1, "--checkpoint", 0]
    killed_at(2, monkeypatch, *asked, "-o", tmp_path / "out")
    return tmp_path / "out"


def test_options_that_differ_are_refused(stopped: Path) -> None:
    found = run("fit", "--resume", stopped, "--seed", 2)
    assert found.exit_code == 1
    assert "had 1 for --seed, and this has 2" in found.output
    found = run("fit", stopped.parent / "0.csv", "--resume", stopped)
    assert found.exit_code == 1
    assert "0.csv" in found.output
    passed("fit", stopped.parent / "*.csv", "--resume", stopped, "--seed", 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.write_text(path.read_text()[:-30]), "1.csv' was"),
        (lambda path: path.write_text(path.read_text().replace("1", "2", 1)), "1.csv' was"),
        (lambda path: path.rename(path.with_name("9.csv")), "1.csv' is missing"),
        (lambda path: path.with_name("8.csv").write_text("a,b,c\n1,2,3\n"), "8.csv' is new"),
    ],
)
def test_files_that_have_changed_are_refused(change: Any, words: str, stopped: Path) -> None:
    change(stopped.parent / "1.csv")
    found = run("fit", "--resume", stopped)
    assert found.exit_code == 1
    assert words in found.output


def test_what_is_left_of_a_fit_is_not_thrown_away(stopped: Path) -> None:
    asked = ["fit", stopped.parent / "*.csv", "-k", 2, "-s", "EII", "-o", stopped]
    found = run(*asked)
    assert found.exit_code == 2
    assert f"mixtura fit --resume {stopped}" in found.output
    passed(*asked, "--force")
    assert not stopped.with_name("out.checkpoint").exists()


def test_a_fit_that_has_ended_has_nothing_to_go_on_from(stopped: Path) -> None:
    passed("fit", "--resume", stopped)
    found = run("fit", "--resume", stopped)
    assert found.exit_code == 1
    assert "there is no checkpoint" in found.output


def test_another_place_and_no_files_are_refused(stopped: Path) -> None:
    found = run("fit", "--resume", stopped, "-o", stopped.with_name("other"))
    assert (found.exit_code, "leave out -o" in found.output) == (2, True)
    found = run("fit", "-o", stopped)
    assert (found.exit_code, "Missing argument 'FILES...'" in found.output) == (2, True)
    assert os.path.exists(stopped.with_name("out.checkpoint"))


def test_what_is_no_place_of_a_fit_is_said(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("", ".", "nothing"):
        found = run("fit", "--resume", place)
        assert found.exit_code == 1
        assert "there is no checkpoint" in found.output
    found = run("fit", "--resume", "/")
    assert "is no folder that a fit may be written to" in found.output


def test_relative_names_are_those_of_the_folder_where_the_fit_began(
    folder: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(folder)
    asked = ("fit", "0.csv", "-k", "2", "-s", "VVV", "--checkpoint", "0", "-o", tmp_path / "out")
    killed_at(1, monkeypatch, *asked)
    monkeypatch.chdir(tmp_path)
    found = run("fit", "--resume", tmp_path / "out")
    assert found.exit_code == 1
    assert "working directory" in found.output
    monkeypatch.chdir(folder)
    passed("fit", "--resume", tmp_path / "out")
