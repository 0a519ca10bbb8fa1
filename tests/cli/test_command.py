"""The command does on a terminal what its help says, and ends with the right code."""

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from mixtura import GaussianMixture, load
from mixtura.cli.command import COMMANDS, command

# Pages have tests of their own.
pytestmark = [pytest.mark.usefixtures("sketched"), pytest.mark.drawn(2, among="file")]

DATA = Path(__file__).parents[2] / "examples" / "data"
FAITHFUL = DATA / "faithful.csv"


def process(*arguments):
    """Run the command in a process of its own, as a terminal does."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def mixtura(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments], prog_name="mixtura")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, sketched):
    folder = tmp_path_factory.mktemp("fitted")
    options = ["-k", "2:4", "-s", "full,tied,VII", "-o", folder]
    done = process("-m", "mixtura", "fit", FAITHFUL, *options)
    assert done.returncode == 0, done.stderr
    return done, folder


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fti"]])
def test_what_needs_no_model_loads_none(arguments):
    program = (
        "import atexit, sys; from mixtura.cli import main; sys.argv[0] = 'mixtura'\n"
        "heavy = {'scipy', 'sklearn', 'pandas', 'pyarrow', 'matplotlib'}\n"
        "atexit.register(lambda: print(heavy & {*sys.modules}))\n"
        "main()"
    )
    done = process("-c", program, *arguments)
    assert done.stdout.splitlines()[-1] == "set()"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name):
    with click.Context(command) as context:
        assert command.get_command(context, name).get_short_help_str(999) == COMMANDS[name]
    assert " ".join(COMMANDS[name].split()) in " ".join(mixtura("--help").stdout.split())


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_fit_prints_the_model_that_mclust_chooses_too(fitted):
    done, _ = fitted
    assert done.stdout.startswith("Gaussian mixture, tied covariance, 3 components\n")
    # mclust 6.0.0 gives EEE with 3 components a BIC of 2314.316.
    line = next(line for line in done.stdout.splitlines() if line.startswith("-1126"))
    log_likelihood, n, df, bic, _ = line.split()
    assert (n, df) == ("272", "11")
    assert float(bic) == pytest.approx(2314.316, abs=0.05)
    assert float(bic) == pytest.approx(-2 * float(log_likelihood) + 11 * np.log(272), abs=1e-2)
    assert "starts reached this optimum" in done.stdout
    assert "converged" in done.stdout


def test_fit_writes_three_files(fitted):
    _, folder = fitted
    assert sorted(path.name for path in folder.iterdir()) == [
        "assignments.csv",
        "model.mixtura",
        "report.html",
    ]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")


def test_assignments_have_a_row_for_each_row_and_agree_with_the_model(fitted):
    _, folder = fitted
    rows = rows_of((folder / "assignments.csv").read_text())
    assert list(rows[0]) == ["row", "component", "probability", "uncertainty", "log_density"]
    mixture = load(folder / "model.mixtura")
    values = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
    density, posterior = mixture.density_and_responsibilities(values)
    assert [int(row["component"]) for row in rows] == posterior.argmax(axis=1).tolist()
    written = {name: [row[name] for row in rows] for name in rows[0]}
    best = posterior.max(axis=1)
    # Six significant digits, and six places of densities.
    assert list(map(float, written["probability"])) == [float(f"{value:.6g}") for value in best]
    unsure = [float(f"{value:.6g}") for value in 1.0 - best]
    np.testing.assert_allclose(list(map(float, written["uncertainty"])), unsure, atol=1e-21)
    mantissas = [text.partition("e")[0].replace(".", "") for text in written["uncertainty"]]
    assert max(len(digits.strip("0")) for digits in mantissas) <= 6
    places = [float(f"{value:.6f}") for value in density]
    np.testing.assert_allclose(list(map(float, written["log_density"])), places, atol=1.1e-6)
    assert max(len(text.partition(".")[2]) for text in written["log_density"]) <= 6


def test_a_parquet_file_has_all_digits(fitted, tmp_path):
    _, folder = fitted
    target = tmp_path / "assigned.parquet"
    done = mixtura("predict", folder / "model.mixtura", FAITHFUL, "--proba", "-o", target)
    assert done.exit_code == 0, done.stderr
    mixture = load(folder / "model.mixtura")
    values = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
    density, posterior = mixture.density_and_responsibilities(values)
    found = pyarrow.parquet.read_table(target).to_pydict()
    assert found["log_density"] == density.tolist()
    assert [found[f"p{k}"] for k in range(mixture.n_components)] == posterior.T.tolist()


def test_predict_finds_columns_by_name(fitted, tmp_path):
    _, folder = fitted
    values = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
    turned = tmp_path / "turned.parquet"
    names = [f"geyser {i}" for i in range(len(values))]
    table = pa.table({"who": names, "waiting": values[:, 1], "eruptions": values[:, 0]})
    pyarrow.parquet.write_table(table, turned)
    done = mixtura("predict", folder / "model.mixtura", turned, "--id", "who")
    assert done.exit_code == 0, done.stderr
    found = rows_of(done.stdout)
    fit_rows = rows_of((folder / "assignments.csv").read_text())
    assert [row["component"] for row in found] == [row["component"] for row in fit_rows]
    assert found[3]["who"] == "geyser 3"


def test_predict_names_a_missing_column(fitted, tmp_path):
    _, folder = fitted
    short = tmp_path / "short.csv"
    short.write_text("eruptions\n2\n3\n")
    done = mixtura("predict", folder / "model.mixtura", short)
    assert done.exit_code == 1
    assert "'waiting'" in done.stderr
    assert done.stdout == ""


def test_empty_cells_of_numbers_are_left_out_and_told_of(tmp_path):
    header, *lines = FAITHFUL.read_text().splitlines()
    cells = [line.split(",") for line in lines]
    for row in range(0, len(cells), 7):
        cells[row][row % 2] = ""
    gappy = tmp_path / "gappy.csv"
    gappy.write_text("\n".join([header, *map(",".join, cells)]) + "\n")
    folder = tmp_path / "out"
    done = mixtura("fit", gappy, "-k", "2", "-s", "full", "-o", folder)
    assert done.exit_code == 0, done.stderr
    words = "39 of 544 cells are missing, in 39 of 272 rows and 3 patterns of columns"
    assert words in done.stdout
    assert words in (folder / "report.html").read_text()
    values = np.array([[float(cell or "nan") for cell in row] for row in cells])
    plain = GaussianMixture(2, missing="marginal", random_state=0).fit(values)
    total = load(folder / "model.mixtura").log_density(values).sum()
    assert total == pytest.approx(plain.log_likelihood_, abs=0.01)
    told = mixtura("predict", folder / "model.mixtura", gappy)
    assert words in told.stderr
    found = [int(row["component"]) for row in rows_of(told.stdout)]
    assert len(found) == 272
    saved = [int(row["component"]) for row in rows_of((folder / "assignments.csv").read_text())]
    assert found == saved


def test_summary_as_json_holds_the_numbers_of_the_fit(fitted):
    done, folder = fitted
    shown = json.loads(mixtura("summary", folder / "model.mixtura", "--json").stdout)
    assert shown["n_components"] == 3
    assert shown["n_parameters"] == 11
    assert shown["structure"] == "EEE"
    assert f"{shown['fit']['log_likelihood']:.4f}" in done.stdout
    assert sum(shown["fit"]["sizes"]) == 272
    plain = mixtura("summary", folder / "model.mixtura").stdout
    assert done.stdout.startswith(plain.rstrip("\n"))


def test_sample_draws_rows_of_the_model(fitted):
    _, folder = fitted
    done = mixtura("sample", folder / "model.mixtura", "-n", "5000", "--seed", "3")
    rows = rows_of(done.stdout)
    assert len(rows) == 5000
    values = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
    drawn = np.array([[float(row["eruptions"]), float(row["waiting"])] for row in rows])
    np.testing.assert_allclose(drawn.mean(axis=0), values.mean(axis=0), rtol=0.02)
    again = mixtura("sample", folder / "model.mixtura", "-n", "5000", "--seed", "3")
    assert again.stdout == done.stdout


def test_row_weights_count_as_repeated_rows(tmp_path):
    values = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)[:60]
    counts = 1 + np.arange(60) % 3
    weighted, repeated = tmp_path / "weighted.csv", tmp_path / "repeated.csv"
    header = "eruptions,waiting,times"
    counted = np.column_stack([values, counts])
    np.savetxt(weighted, counted, "%.10g", ",", header=header, comments="")
    rows = np.repeat(values, counts, axis=0)
    np.savetxt(repeated, rows, "%.10g", ",", header="eruptions,waiting", comments="")
    options = ("-k", "2", "-s", "full", "-o")
    assert mixtura("fit", weighted, "--weights", "times", *options, tmp_path / "a").exit_code == 0
    assert mixtura("fit", repeated, *options, tmp_path / "b").exit_code == 0
    first, second = load(tmp_path / "a" / "model.mixtura"), load(tmp_path / "b" / "model.mixtura")
    np.testing.assert_allclose(first.weights, second.weights, rtol=1e-8)
    np.testing.assert_allclose(first.parameters.means, second.parameters.means, rtol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["fit", "nowhere.csv"], 1, "does not exist"),
        (["fit", FAITHFUL, "-k", "0"], 2, "from 1 up"),
        (["fit", FAITHFUL, "-k", "two"], 2, "from 1 up"),
        (["fit", FAITHFUL, "-s", "fulll"], 2, "VVV"),
        (["fit", FAITHFUL, "--columns", "waitin"], 1, "did you mean 'waiting'"),
        (
            ["fit", DATA / "diabetes.csv", "-f", "gaussian", "--columns", "class"],
            1,
            "from 1) holds 'Normal'",
        ),
        (["summary", FAITHFUL], 1, "was not written by mixtura"),
        (["sample", "nowhere", "-n", "0"], 2, "0"),
        (["fit", FAITHFUL, "--mixing-weights", "even"], 2, "free nor equal"),
        (["fit", FAITHFUL, "--mixing-weights", "0.4,0.6"], 2, "fit -k 2, but -k is 1"),
        (["fti"], 2, "No such command"),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error(arguments, code, said):
    done = mixtura(*arguments)
    assert done.exit_code == code
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_cell_of_text_in_a_numeric_column_is_named(tmp_path):
    path = tmp_path / "typo.csv"
    path.write_text("a,b\n1,2\n2,3\n3,4O\n4,5\n")
    done = mixtura("fit", path)
    assert done.exit_code == 1
    assert "column 'b'" in done.stderr
    assert "row 3" in done.stderr
    assert "'4O'" in done.stderr


# A shell that runs tests in its background has them ignore the signal.
INTERRUPTED = """
import os, signal
from contextlib import contextmanager
from mixtura.cli import fitted, main

@contextmanager
def progress():
    seen = []
    def advance(candidate, count):
        seen.append(candidate)
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)
    yield advance

signal.signal(signal.SIGINT, signal.default_int_handler)
fitted.search_progress = progress
main()
"""


@pytest.mark.nightly
def test_an_interrupt_keeps_the_best_so_far(tmp_path):
    rng = np.random.default_rng(0)
    path, folder = tmp_path / "large.csv", tmp_path / "out"
    rows = rng.standard_normal((300, 4)) + 4 * rng.integers(3, size=(300, 1))
    np.savetxt(path, rows, "%.6f", ",", header="a,b,c,d", comments="")
    options = ["-o", folder, "-k", "1:20", "-s", "full,diag,EII"]
    done = process("-c", INTERRUPTED, "fit", path, *options)
    assert done.returncode == 130, done.stderr
    assert "interrupted" in done.stderr
    assert done.stdout.startswith("Gaussian mixture")
    assert load(folder / "model.mixtura").n_columns == 4


def test_a_model_of_a_column_that_is_there_twice_does_not_win(tmp_path):
    rows = np.random.default_rng(2).normal(size=(120, 2))
    rows[:60] += [5, 0]
    path = tmp_path / "copied.csv"
    np.savetxt(path, np.c_[rows, rows[:, 1]], "%.17g", ",", header="a,b,c", comments="")
    named = ["--columns", "a,b,c", "-k", "1:2"]
    done = mixtura("fit", path, *named, "-s", "full,diag", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("Gaussian mixture, diagonal covariance, 2 components\n")
    words = "below all sound ones in spite of a lower BIC"
    assert done.stdout.count(words) == 1
    assert words in (tmp_path / "out" / "report.html").read_text()
    # If there is no other, it is taken, and what speaks against it is said once.
    alone = mixtura("fit", path, *named, "-s", "full")
    assert alone.exit_code == 0, alone.stderr
    said = "only the prior keeps them finite"
    assert (alone.stdout + alone.stderr).count(said) == 1
    assert "* only a prior keeps it finite" in alone.stdout


def test_rows_no_more_than_columns_are_told_of(tmp_path):
    path = tmp_path / "wide.csv"
    names = ",".join(f"x{j}" for j in range(9))
    rows = np.random.default_rng(1).normal(size=(8, 9))
    np.savetxt(path, rows, "%.17g", ",", header=names, comments="")
    for sizes in ("1:2", "2"):
        done = mixtura("fit", path, "-k", sizes)
        assert done.exit_code == 0, done.stderr
        assert done.stdout.count("8 distinct rows do not determine axes in 9 columns") == 1
        assert "of 8 models" in done.stdout or "of 6 models" in done.stdout


@pytest.fixture(scope="module")
def noisy(tmp_path_factory, sketched):
    folder = tmp_path_factory.mktemp("noisy")
    done = mixtura("fit", FAITHFUL, "-k", "2", "-s", "VVV", "--noise", "-o", folder)
    assert done.exit_code == 0, done.stderr
    return done, folder


def test_noise_is_minus_one_in_files_and_noise_in_words(noisy):
    done, folder = noisy
    assert "2 components and uniform noise" in done.stdout
    table = next(part for part in done.stdout.split("\n\n") if part.startswith("component"))
    words = [line.split() for line in table.splitlines()[1:]]
    assert [word[0] for word in words] == ["0", "1", "noise"]
    assigned = rows_of((folder / "assignments.csv").read_text())
    counts = [sum(row["component"] == k for row in assigned) for k in ("0", "1", "-1")]
    assert [int(word[-1]) for word in words] == counts
    assert sum(counts) == len(assigned)
    predicted = rows_of(mixtura("predict", folder / "model.mixtura", FAITHFUL).stdout)
    assert [row["component"] for row in predicted] == [row["component"] for row in assigned]
    page = (folder / "report.html").read_text()
    assert "are most probably noise" in page
    assert "component 2" not in page


def test_drawn_noise_is_minus_one_and_a_summary_says_which_weight_is_its(noisy):
    model = noisy[1] / "model.mixtura"
    document = json.loads(mixtura("summary", model, "--json").stdout)
    assert document["labels"] == [0, 1, -1]
    drawn = rows_of(mixtura("sample", model, "-n", 3000).stdout)
    share = sum(row["component"] == "-1" for row in drawn) / 3000
    assert share == pytest.approx(document["weights"][-1], abs=0.03)
    assert {row["component"] for row in drawn} <= {"0", "1", "-1"}


def test_mixing_weights_are_held_and_told_of(tmp_path):
    arguments = ["fit", FAITHFUL, "-k", "2", "-s", "full", "--mixing-weights", "0.4,0.6"]
    done = mixtura(*arguments, "-o", str(tmp_path))
    assert "mixing weights held at given numbers" in done.stdout
    assert "mixing weights held at given numbers" in (tmp_path / "report.html").read_text("utf-8")
    model = load(tmp_path / "model.mixtura")
    assert model.held
    np.testing.assert_allclose(model.weights, [0.4, 0.6])
    told = json.loads(mixtura("summary", str(tmp_path / "model.mixtura"), "--json").stdout)
    assert told["weights_held"]
    assert told["n_parameters"] == 10
    equal = mixtura("fit", FAITHFUL, "-k", "2,3", "-s", "EII", "--mixing-weights", "equal")
    assert "mixing weights held equal" in equal.stdout


@pytest.fixture(scope="module")
def halves(tmp_path_factory, sketched):
    folder = tmp_path_factory.mktemp("halves")
    header, *lines = FAITHFUL.read_text(encoding="utf-8").splitlines()
    for name, part in (("first", lines[:150]), ("second", lines[150:])):
        (folder / f"{name}.csv").write_text("\n".join([header, *part]) + "\n", encoding="utf-8")
    done = mixtura("fit", folder / "first.csv", "-k", 2, "-s", "VVV", "-o", folder / "out")
    assert done.exit_code == 0, done.stderr
    return folder


def test_further_rows_are_taken_into_a_model_file(halves):
    model, new = halves / "out" / "model.mixtura", halves / "new.mixtura"
    before = model.read_bytes()
    done = mixtura("update", model, halves / "second.csv", "-o", new)
    assert done.exit_code == 0, done.stderr
    assert model.read_bytes() == before
    assert "rows came in 2 parts" in done.stdout
    assert "has a log-likelihood of" in done.stderr
    found = load(new)
    rows = np.loadtxt(FAITHFUL, delimiter=",", skiprows=1)
    whole = GaussianMixture(2, random_state=0).fit(rows)
    assert found.log_density(rows).mean() > whole.score(rows) - 0.01


def test_what_cannot_be_taken_in_leaves_the_model_as_it_is(halves, tmp_path):
    model = halves / "out" / "model.mixtura"
    before = model.read_bytes()
    (tmp_path / "other.csv").write_text("waiting\n70\n", encoding="utf-8")
    GaussianMixture.from_parameters([1.0], [[0.0]], [[[1.0]]]).save(tmp_path / "made.mixtura")
    for arguments, code, said in (
        ((model, tmp_path / "other.csv"), 1, "lacks"),
        ((model, FAITHFUL, "--half-life", 0), 2, "--half-life should be a number of rows above 0"),
        ((model, FAITHFUL, "--weights", "none"), 1, "none"),
        ((tmp_path / "made.mixtura", FAITHFUL), 1, "says nothing of the rows"),
    ):
        done = mixtura("update", *arguments)
        assert done.exit_code == code, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert model.read_bytes() == before


def test_who_calls_the_command_keeps_his_signal_handlers(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    assert mixtura("summary", tmp_path / "none.mixtura").exit_code == 1
    assert signal.getsignal(signal.SIGTERM) == before
