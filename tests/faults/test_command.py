"""The command under bad input, signals and streams (findings E, H, I, J and N)."""

import csv
import os
import shlex
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from nightly import first

from mixtura import CategoricalMixture, GaussianMixture, ParameterError, select
from mixtura.cli.command import command
from mixtura.data.files import read_table
from mixtura.writing import write_text

pytestmark = pytest.mark.drawn(3, among="file")

ROWS = np.random.default_rng(0).normal(size=(60, 2)) + np.repeat([[0.0], [7.0]], 30, axis=0)
START = [sys.executable, "-m", "mixtura"]


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def table(path: Path, names: list[str], rows: Any = ROWS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *np.asarray(rows, dtype=object).tolist()])
    return path


@pytest.mark.parametrize("sizes", ["1:1000000000", "1:9,5:99999999999999999999"])
def test_row_26_a_range_without_end_is_refused_before_it_is_written_out(
    sizes: str, tmp_path: Path
) -> None:
    done = run("fit", table(tmp_path / "a.csv", ["a", "b"]), "-k", sizes)
    assert done.exit_code == 2
    assert "more than 10,000 numbers of components" in done.stderr
    with pytest.raises(ParameterError, match="more than 10,000"):
        select(ROWS, range(1, 10**9))


def test_very_many_columns_are_looked_up_at_once(tmp_path: Path) -> None:
    names = [f"c{place}" for place in range(20_000)]
    path = table(tmp_path / "wide.csv", names, np.arange(40_000).reshape(2, -1))
    read = read_table(path)
    began = time.process_time()
    assert read.numeric(names).shape == (2, 20_000)
    assert time.process_time() - began < 20


HOSTILE = ["a\x1b]0;title\x07", "b\x1b[31m", "c\u202ered"]


def test_row_56_no_control_character_reaches_a_terminal(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", HOSTILE, np.column_stack([ROWS, ROWS[:, 0] ** 2]))
    done = run("fit", path, "-k", "2", "-s", "full")
    assert done.exit_code == 0
    assert not set("\x1b\x07\u202e") & set(done.stdout + done.stderr)
    assert "\\x1b[31m" in done.stdout
    done = run("fit", path, "--columns", "\x1b[31mx")
    assert "\x1b" not in done.stderr


def test_row_56_a_name_of_any_length_is_cut_for_show(tmp_path: Path) -> None:
    done = run("fit", table(tmp_path / "a.csv", ["x" * 100_000, "b"]), "-k", "1", "-s", "diag")
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) < 500


@pytest.mark.nightly
def test_very_many_yes_or_no_columns_are_fitted_and_shown(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    chances = rng.random((2, 15_000))
    rows = (rng.random((60, 15_000)) < chances[np.arange(60) % 2]).astype(int)
    names = [f"{'item ' * 20}{place}" for place in range(15_000)]
    names[7:9] = ["x" * 9000, "y" * 9000]
    rows[:, 7:9] = 1
    path, out = table(tmp_path / "a.csv", names, rows), tmp_path / "out"
    began = time.process_time()
    done = run("fit", path, "-f", "bernoulli", "-k", "2", "--starts", "1", "-o", out)
    assert done.exit_code == 0, done.output
    assert max(map(len, (done.stdout + done.stderr).splitlines())) < 1000
    assert len(done.stdout + done.stderr) < 50_000
    assert run("summary", out / "model.mixtura").exit_code == 0
    again = run("predict", out / "model.mixtura", path)
    assert again.stdout.splitlines() == (out / "assignments.csv").read_text().splitlines()
    page = (out / "report.html").read_text("utf-8")
    assert len(page) < 2 * 10**6
    assert "that tell the components apart best" in page
    assert time.process_time() - began < 120


def test_errors_name_the_first_of_very_many_columns(tmp_path: Path) -> None:
    model = run("fit", table(tmp_path / "a.csv", [*"ab"]), "-k", "1", "-o", tmp_path / "out")
    assert model.exit_code == 0
    wide = table(tmp_path / "b.csv", [f"{'n' * 900}{c}" for c in range(900)], [["text"] * 900] * 3)
    for more in ([], ["-f", "auto"], ["--columns", "z" * 900]):
        done = run("fit", wide, *more)
        assert done.exit_code == 1
        assert len(done.output) < 4000
    done = run("predict", tmp_path / "out" / "model.mixtura", wide)
    assert "lacks 'a', 'b'" in done.stderr


def test_a_row_that_is_too_long_is_told_of(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", [f"{'n' * 300}{place}" for place in range(15_000)], [[1]])
    done = run("fit", path)
    assert done.exit_code == 1
    assert "the header of '" in done.stderr
    assert "has more than 4,194,304 bytes; shorten its cells" in done.stderr


@pytest.mark.parametrize("quoted", [False, True])
def test_row_39_a_cell_that_is_too_long_is_found(
    tmp_path: Path, quoted: bool, fresh_seed: int
) -> None:
    place = int(np.random.default_rng(fresh_seed).integers(1, 9))
    rows = ["1,x", '2,"y\nz"', "3,z"] * 3
    long = "w\n" * 5_500_000
    rows[place - 1] = f'4,"{long}"' if quoted else f"4,{long.replace(chr(10), 'v')}"
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["a,b", *rows]) + "\n")
    done = run("fit", path)
    assert done.exit_code == 1
    assert f"row {place} (counted from 1) of '{path}' has more than 4,194,304 bytes" in done.stderr


FORMULAS = ["=1+1", "+1+1", "-1+1", "@a", "\tb", "=cmd|' /C calc'!A0"]
PLAIN = ["-5", "+2.5e3", "a=b", "'x", ""]


@pytest.mark.parametrize("keep", [False, True])
def test_row_56_formulas_in_csv_are_texts_unless_they_are_to_be_kept(
    keep: bool, tmp_path: Path
) -> None:
    names = (FORMULAS + PLAIN) * 5
    rows = [[name or "z", *row] for name, row in zip(names, ROWS[: len(names)], strict=False)]
    path = table(tmp_path / "a.csv", ["id", "a", "b"], rows)
    flag = ["--keep-formulas"] if keep else []
    done = run("fit", path, "-k", "1", "-s", "full", "--id", "id", "-o", tmp_path / "out", *flag)
    assert done.exit_code == 0, done.output
    for text in (
        (tmp_path / "out" / "assignments.csv").read_text("utf-8"),
        run("predict", tmp_path / "out" / "model.mixtura", path, "--id", "id", *flag).stdout,
    ):
        found = [row[0] for row in csv.reader(text.splitlines())][1:]
        guard = "" if keep else "'"
        expected = [f"{guard}{each}" if each in FORMULAS else each or "z" for each in names]
        assert found == expected


def test_drawn_categories_are_no_formulas_either(tmp_path: Path) -> None:
    CategoricalMixture(1).fit([["=1+1"], ["@x"]] * 9).save(tmp_path / "model")
    text = run("sample", tmp_path / "model", "-n", "20").stdout
    assert {row[0] for row in csv.reader(text.splitlines()[1:])} == {"'=1+1", "'@x"}
    text = run("sample", tmp_path / "model", "-n", "20", "--keep-formulas").stdout
    assert {row[0] for row in csv.reader(text.splitlines()[1:])} == {"=1+1", "@x"}


HEARING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from mixtura.cli import main
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs signals and a shell")
@pytest.mark.parametrize("number", first(1, [signal.SIGTERM, signal.SIGINT]))
def test_row_47_a_signal_keeps_the_best_so_far(number: signal.Signals, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=500)
    np.savetxt(tmp_path / "a.csv", rows, header="a", comments="")
    # One structure and start: the fit that the signal ends is short, the search is not.
    few = ["-k", "1:300", "-s", "full", "--starts", "1"]
    given = ["fit", str(tmp_path / "a.csv"), *few, "-o", str(tmp_path / "out")]
    # A shell that runs tests in its background has them ignore the signal.
    start = [sys.executable, "-c", HEARING]
    running = subprocess.Popen([*start, *given], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    while not (tmp_path / "out.partial").exists():
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(number)
    _, errors = running.communicate(timeout=100)
    assert b"Traceback" not in errors
    assert running.returncode == (143 if number == signal.SIGTERM else 130)
    if b"before there was anything" not in errors:
        assert {path.name for path in (tmp_path / "out").iterdir()} == {
            "model.mixtura",
            "assignments.csv",
            "report.html",
        }


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_row_59_a_closed_standard_output_is_said(tmp_path: Path) -> None:
    GaussianMixture(1).fit(ROWS).save(tmp_path / "model")
    words = " ".join([*START, "sample", str(tmp_path / "model"), "-n", "5", ">&-"])
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "mixtura: standard output is closed; name a file with -o\n"


def test_row_59_a_name_that_the_terminal_cannot_write_is_escaped(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ["身長", "b"])
    done = subprocess.run(
        [*START, "fit", str(path), "-k", "1", "-s", "full"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert done.returncode == 0
    assert b"\\u8eab" in done.stdout


@pytest.mark.parametrize(
    ("module", "error", "code", "words"),
    [
        ("rich", "ModuleNotFoundError(name='rich')", 1, "needs rich"),
        ("pyarrow.csv", "ModuleNotFoundError(name='pyarrow')", 1, "needs pyarrow"),
    ],
)
def test_row_47_an_end_while_modules_load_is_no_traceback(
    module: str, error: str, code: int, words: str
) -> None:
    lines = f"""
import sys
class Finder:
    def find_spec(self, name, *_):
        if name == "{module}":
            raise {error}
sys.meta_path.insert(0, Finder())
from mixtura.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", lines, "fit", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert words in done.stderr


LOADING = """
import atexit, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
atexit.register(lambda: print(Finder.seen))
at, number = int(sys.argv.pop(1)), int(sys.argv.pop(1))
class Finder:
    seen = 0
    def find_spec(self, name, *_):
        Finder.seen += Finder.seen > 0 or name == "mixtura.cli.command"
        if Finder.seen == at:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Finder())
from mixtura.cli import main
main()
"""


def loaded(at: int, number: int) -> Any:
    """Return what becomes of a command that gets a signal as it loads its module `at`."""
    return subprocess.run(
        [sys.executable, "-c", LOADING, str(at), str(number), "summary", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def n_modules() -> int:
    return int(loaded(-1, 0).stdout)


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("share", [0.0, *np.random.default_rng(0).random(3).round(3)])
def test_row_48_a_signal_while_modules_load_is_no_traceback(
    share: float, number: signal.Signals, n_modules: int
) -> None:
    done = loaded(1 + int(share * (n_modules - 1)), int(number))
    assert done.returncode == (143 if number == signal.SIGTERM else 130), done.stderr
    assert done.stderr == ""


SAYING = {
    "version": ["--version"],
    "summary": ["summary", "MODEL"],
    "json": ["summary", "MODEL", "--json"],
    "sample": ["sample", "MODEL", "-n", "3"],
    "predict": ["predict", "MODEL", "TABLE"],
    "fit": ["fit", "TABLE", "-k", "1", "-s", "full", "-o", "OUT"],
}
USUAL = {("version", ">/dev/full"), ("version", ">&-"), ("summary", "2>&-"), ("fit", "| true")}
USUAL |= {("sample", "2>/dev/full"), ("predict", "| true")}
ENDS = {">/dev/full": 1, ">&-": None, "2>&-": 0, "| true": 141, "2>/dev/full": None}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("what", "end"), first(6, sorted(product(SAYING, ENDS), key=lambda case: case not in USUAL))
)
def test_row_59_an_output_that_takes_nothing_is_no_traceback(
    what: str, end: str, tmp_path: Path
) -> None:
    GaussianMixture(1).fit(ROWS).save(tmp_path / "model")
    places = {"MODEL": tmp_path / "model", "OUT": tmp_path / "out"}
    places["TABLE"] = table(tmp_path / "a.csv", ["x0", "x1"])
    words = shlex.join([*START, *(str(places.get(each, each)) for each in SAYING[what])])
    if end == "| true":
        # The reader has left before anything is written.
        words = f"(sleep 0.2; {words}; echo code $? >&2)"
    done = subprocess.run(["sh", "-c", f"{words} {end}"], **CAUGHT)
    code = int(done.stderr.rpartition("code ")[2]) if "|" in end else done.returncode
    assert "Traceback" not in done.stderr
    assert code in ((0, 1) if ENDS[end] is None else (ENDS[end],)), done.stderr
    if what == "fit":
        assert {path.name for path in (tmp_path / "out").iterdir()} == {
            "model.mixtura",
            "assignments.csv",
            "report.html",
        }


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("n_rows", [3, 3000])
def test_row_59_tables_that_standard_output_does_not_take_are_told_of(
    n_rows: int, tmp_path: Path
) -> None:
    GaussianMixture(1).fit(ROWS).save(tmp_path / "model")
    words = shlex.join([*START, "sample", str(tmp_path / "model"), "-n", str(n_rows)])
    done = subprocess.run(["sh", "-c", f"{words} > /dev/full"], **CAUGHT)
    assert done.returncode == 1
    said = (
        "mixtura: standard output cannot be written (No space left on device); name a file with -o"
    )
    assert done.stderr.strip() == said


def test_row_56_a_terminal_is_given_no_control_characters(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    names = ["a\x1b[2J", "\x9bb"]
    frame = pd.DataFrame(ROWS[:, :2], columns=names)
    GaussianMixture(1).fit(frame).save(tmp_path / "model")
    words = [*START, "sample", str(tmp_path / "model"), "-n", "2"]
    piped = subprocess.run(words, check=True, capture_output=True).stdout
    assert piped.startswith('"a\x1b[2J","\x9bb"'.encode())
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, stdout=theirs, stderr=subprocess.DEVNULL) as shown:
        os.close(theirs)
        assert shown.wait() == 0
        seen = os.read(ours, 1 << 16)
    os.close(ours)
    assert seen.startswith(b'"a\\x1b[2J","\\x9bb"')
    assert b"\x1b" not in seen


CAUGHT: Any = {"capture_output": True, "text": True, "check": False}


def test_what_a_killed_process_left_is_swept_later(tmp_path: Path) -> None:
    old, new = tmp_path / f".{'0' * 16}.tmp.csv", tmp_path / f".{'1' * 16}.tmp"
    other = tmp_path / ".notes.tmp"
    for path in (old, new, other):
        path.write_text("x")
    for path in (old, other):
        os.utime(path, (time.time() - 9999, time.time() - 9999))
    write_text(tmp_path / "a.txt", "y")
    assert {path.name for path in tmp_path.iterdir()} == {new.name, other.name, "a.txt"}
