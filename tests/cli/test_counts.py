"""Counts by command are fitted as the library fits them, whatever kind of file they stand in."""

import csv

import numpy as np
import pandas as pd
import pytest
import scipy.io
from click.testing import CliRunner
from scipy import sparse
from sklearn.datasets import dump_svmlight_file

from mixtura import GaussianMixture, MultinomialMixture, PoissonMixture, load, read_counts
from mixtura.cli.command import command

pytestmark = pytest.mark.usefixtures("sketched")

N, D = 90, 25


def told(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)])


def drawn(seed=0):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.full(D, 0.3), 2)
    labels = rng.integers(0, 2, N)
    rows = [rng.multinomial(rng.integers(5, 30), chances[k]) for k in labels]
    return sparse.csr_array(np.array(rows, dtype=float))


@pytest.fixture
def folder(tmp_path):
    counts = drawn()
    scipy.io.mmwrite(tmp_path / "rows.mtx", counts)
    scipy.io.mmwrite(tmp_path / "genes.mtx", counts.T)
    sparse.save_npz(tmp_path / "rows.npz", counts)
    dump_svmlight_file(counts, np.zeros(N), str(tmp_path / "rows.svmlight"))
    (tmp_path / "words.txt").write_text("\n".join(f"w{j}" for j in range(D)))
    (tmp_path / "texts.txt").write_text("\n".join(f"t{i}" for i in range(N)))
    rows, columns = counts.nonzero()
    lines = pd.DataFrame(
        {
            "text": [f"t{i}" for i in rows],
            "word": [f"w{j}" for j in columns],
            "n": counts.toarray()[rows, columns].astype(int),
            "weight": rows % 3 + 1,
            "name": [f"text {i}" for i in rows],
        }
    )
    lines.to_csv(tmp_path / "rows.csv", index=False)
    wide = pd.DataFrame(counts.toarray(), columns=[f"w{j}" for j in range(D)])
    wide.assign(weight=np.arange(N) % 3 + 1).to_csv(tmp_path / "wide.csv", index=False)
    return tmp_path


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "asked",
    [
        ["rows.mtx", "--items", "words.txt", "--row-names", "texts.txt"],
        ["genes.mtx", "--transpose", "--items", "words.txt", "--row-names", "texts.txt"],
        ["rows.npz", "--items", "words.txt", "--row-names", "texts.txt"],
        ["rows.svmlight", "--items", "words.txt", "--row-names", "texts.txt"],
        ["rows.csv", "--long", "text,word,n"],
    ],
)
def test_every_form_is_fitted_as_the_library_fits_its_counts(folder, asked, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    done = told("fit", *asked, "-f", "multinomial", "-k", "2", "-o", "out")
    assert done.exit_code == 0, done.stderr
    draws = read_counts("rows.mtx", items="words.txt", groups="texts.txt")
    model = MultinomialMixture(2, prior="auto", n_init=10, random_state=0).fit(draws)
    found = load(folder / "out" / "model.mixtura")
    assert found.log_density(draws.of_items(found.columns).counts).sum() == pytest.approx(
        model.log_likelihood_, abs=1e-6
    )
    rows = rows_of(folder / "out" / "assignments.csv")
    first = "text" if "--long" in asked else "row"
    assert [row[first] for row in rows] == [f"t{i}" for i in range(N)]
    labels = np.array([int(row["component"]) for row in rows])
    assert (
        max((labels == model.predict(draws)).mean(), (labels != model.predict(draws)).mean()) == 1
    )
    again = told("predict", "out/model.mixtura", *asked, "-o", "again.csv")
    assert again.exit_code == 0, again.stderr
    assert rows_of(folder / "again.csv") == rows
    assert (folder / "out" / "report.html").exists()


def test_weights_and_names_of_lines_are_those_of_their_rows(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    asked = ["-f", "poisson", "-k", "2", "--weights", "weight"]
    long = told("fit", "rows.csv", "--long", "text,word,n", *asked, "--id", "name", "-o", "long")
    wide = told("fit", "wide.csv", *asked, "-o", "wide")
    assert long.exit_code == wide.exit_code == 0, long.stderr
    counts = pd.read_csv("wide.csv").drop(columns="weight")
    weights = np.arange(N) % 3 + 1
    ends = [load(folder / name / "model.mixtura").log_density(counts) for name in ("long", "wide")]
    assert weights @ ends[0] == pytest.approx(weights @ ends[1], abs=1e-6)
    rows = rows_of(folder / "long" / "assignments.csv")
    assert [row["name"] for row in rows] == [f"text {i}" for i in range(N)]


def test_some_items_are_fitted_on_request(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    draws = read_counts("rows.csv", ("text", "word", "n"))
    kept = [name for name in draws.names if name not in ("w1", "w2")]
    model = PoissonMixture(2, prior="auto", n_init=10, random_state=0).fit(draws.of_items(kept))
    for asked in (["--exclude", "w1,w2"], ["--columns", ",".join(kept)]):
        done = told("fit", "rows.csv", "--long", "text,word,n", "-f", "poisson", "-k", 2, *asked)
        assert done.exit_code == 0, done.stderr
        assert f"{model.log_likelihood_:.4f}" in done.stdout


def test_zeros_of_counts_are_what_no_line_says(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    draws = read_counts("rows.csv", ("text", "word", "n"))
    share = float((draws.counts.toarray()[:, 0] == 0).mean())
    asked = ["--columns", draws.names[0], "-k", 1]
    done = told("fit", "rows.csv", "--long", "text,word,n", "-f", "hurdle_poisson", *asked)
    assert done.exit_code == 0, done.stderr
    table = done.stdout.split("Probabilities of 0 by component")[1]
    assert float(table.split()[2]) == pytest.approx(share, rel=1e-3)


def test_a_page_of_many_rows_shows_some(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("mixtura.cli.fitted_files.SHOWN_CELLS", 10 * D)
    done = told("fit", "rows.npz", "-f", "multinomial", "-k", "2", "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert len(rows_of(folder / "out" / "assignments.csv")) == N


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["rows.mtx"], "models of family auto are of other rows"),
        (["rows.mtx", "-f", "gaussian"], "those of multinomial, "),
        (["rows.mtx", "-f", "poisson", "--weights", "w"], "--weights says nothing"),
        (["rows.mtx", "-f", "poisson", "--long", "a,b,c"], "--long says nothing"),
        (["rows.mtx", "rows.npz", "-f", "poisson"], "name no other file"),
        (["wide.csv", "-f", "poisson", "--items", "words.txt"], "'wide.csv' is none"),
    ],
)
def test_options_that_say_nothing_of_counts_are_refused(folder, asked, words, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    done = told("fit", *asked, "-k", "2")
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_model_of_other_rows_does_not_read_a_matrix(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    GaussianMixture(1).fit(np.random.default_rng(0).normal(size=(30, 2))).save("model.mixtura")
    done = told("predict", "model.mixtura", "rows.mtx")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "models of family gaussian are of other rows" in done.stderr
    assert "--family" not in done.stderr


def test_items_that_a_model_does_not_know_are_told(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    assert (
        told(
            "fit", "rows.mtx", "--items", "words.txt", "-f", "multinomial", "-k", "2", "-o", "out"
        ).exit_code
        == 0
    )
    done = told("predict", "out/model.mixtura", "rows.mtx")
    assert done.exit_code == 1
    assert "has none of the items that the model knows, such as 'w0'" in done.stderr
    done = told("fit", "rows.mtx", "--items", "texts.txt", "-f", "poisson")
    assert done.exit_code == 1
    assert "25 items, and 90 names" in done.stderr


@pytest.mark.parametrize("ending", ["mtx", "npz", "svmlight"])
@pytest.mark.parametrize("what", ["inspect", "classes", "choose", "transition"])
def test_commands_for_tables_say_that_a_matrix_is_none(folder, ending, what) -> None:
    columns = ["--columns", "a_*"] if what == "transition" else []
    refused = told(what, folder / f"rows.{ending}", *columns)
    assert refused.exit_code == 1
    assert f"rows.{ending}' is a matrix of counts and no table of rows" in refused.stderr
    assert "extension" not in refused.stderr


def test_arrays_of_numpy_are_not_called_damaged(tmp_path) -> None:
    np.savez(tmp_path / "rows.npz", a=np.eye(3), b=np.ones(2))
    refused = told("fit", tmp_path / "rows.npz", "-f", "poisson")
    assert refused.exit_code == 1
    assert "holds arrays ('a', 'b') and no sparse matrix" in refused.stderr
    assert "damaged" not in refused.stderr
