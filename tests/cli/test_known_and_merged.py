"""`mixtura classify`, `merge` and `compare` say of files what the library says of frames."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import (
    CategoricalMixture,
    GaussianMixtureClassifier,
    MixtureClassifier,
    PoissonMixture,
    load,
)
from mixtura.agreement import compare
from mixtura.archive import read_archive, write_archive
from mixtura.cli.command import command
from mixtura.discriminant import cross_judged, judge
from mixtura.inference import merge
from mixtura.store import load_with_facts

pytestmark = pytest.mark.drawn(3, among="file")


def mixtura(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)])


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


@pytest.fixture
def flowers(tmp_path):
    rng = np.random.default_rng(4)
    kind = rng.integers(3, size=150)
    rows = rng.normal(size=(150, 2)) * (1 + kind[:, None]) + 4 * kind[:, None]
    frame = pd.DataFrame(rows, columns=["length", "width"])
    frame["kind"] = np.array(["=red", "blue", "white"])[kind]
    frame["name"] = [f"f{row}" for row in range(150)]
    path = tmp_path / "flowers.csv"
    frame.to_csv(path, index=False)
    return frame, path


def test_classes_are_told_as_the_library_tells_them(flowers, tmp_path):
    frame, path = flowers
    out = tmp_path / "out"
    done = mixtura(
        "classify", path, "--class", "kind", "--id", "name", "-s", "full,tied", "-o", out
    )
    assert done.exit_code == 0, done.stderr
    names = ["assignments.csv", "confusion.csv", "model.mixtura", "report.html"]
    assert sorted(file.name for file in out.iterdir()) == names
    X, y = frame[["length", "width"]], frame["kind"]
    model = GaussianMixtureClassifier(covariance_type=["full", "tied"], random_state=0)
    judged = cross_judged(model, X, y)
    assert judged.summary() in done.stdout
    assert model.fit(X, y).summary() in done.stdout
    rows = rows_of(out / "assignments.csv")
    assert list(rows[0])[:2] == ["name", "class"]
    # A text that a spreadsheet would take for a formula has an apostrophe.
    said = [row["class"].removeprefix("'") for row in rows]
    assert said == judged.classes[judged.said].tolist()
    shares = [[float(row[f"p_{label}"]) for label in judged.classes] for row in rows]
    np.testing.assert_allclose(shares, judged.shares, rtol=5.1e-6, atol=1e-21)
    table = rows_of(out / "confusion.csv")
    assert [float(row["said blue"]) for row in table] == judged.confusion[:, 1].tolist()
    page = (out / "report.html").read_text(encoding="utf-8")
    for part in ('id="confusion"', 'id="calibration"', 'id="models"', f"{judged.error:.4f}"):
        assert part in page
    assert 'id="roc"' not in page
    found = mixtura("predict", out / "model.mixtura", path, "--proba", "--keep-formulas")
    assert found.exit_code == 0, found.stderr
    lines = list(csv.DictReader(found.stdout.splitlines()))
    assert [line["class"] for line in lines] == model.predict(X).tolist()
    densities = [float(line["log_density"]) for line in lines]
    np.testing.assert_allclose(densities, model.score_samples(X), rtol=0, atol=5.1e-7)
    again = mixtura("classify", path, "--class", "kind", "-o", out)
    assert (again.exit_code, "--force" in again.stderr) == (2, True)


def test_two_classes_have_a_roc_curve_and_another_file_judges(flowers, tmp_path):
    frame, _ = flowers
    two = frame[frame["kind"] != "white"].assign(w=lambda each: 1 + np.arange(len(each)) % 3)
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    two[::2].to_csv(train, index=False)
    two[1::2].to_csv(test, index=False)
    out = tmp_path / "out"
    asked = ["--class", "kind", "--weights", "w", "-k", "1:2", "-s", "diag", "--test", test]
    done = mixtura("classify", train, *asked, "-o", out)
    assert done.exit_code == 0, done.stderr
    model = load(out / "model.mixtura")
    X = two[["length", "width"]]
    judged = judge(model, X[1::2], two["kind"][1::2], two["w"][1::2])
    assert judged.summary() in done.stdout
    assert "area under the ROC curve" in done.stdout
    assert 'id="roc"' in (out / "report.html").read_text(encoding="utf-8")
    assert len(rows_of(out / "assignments.csv")) == len(two[1::2])


def test_categories_tell_classes_too(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.choice(list("abc"), (200, 3)), columns=["u", "v", "w"])
    frame["y"] = np.where(frame["u"] == "a", 1, 0)
    path, out = tmp_path / "rows.csv", tmp_path / "out"
    frame.to_csv(path, index=False)
    done = mixtura("classify", path, "--class", "y", "-f", "categorical", "--folds", 3, "-o", out)
    assert done.exit_code == 0, done.stderr
    model = MixtureClassifier(CategoricalMixture(random_state=0), [1])
    judged = cross_judged(model, frame[["u", "v", "w"]], frame["y"], cv=3)
    assert judged.summary() in done.stdout
    found = mixtura("predict", out / "model.mixtura", path)
    said = [int(row["class"]) for row in csv.DictReader(found.stdout.splitlines())]
    assert said == frame["y"].tolist()


def test_the_page_shows_classes_of_three_columns_in_their_directions(flowers, tmp_path):
    frame, _ = flowers
    frame["height"] = frame["length"] - frame["width"] + np.arange(150) % 7
    path, out = tmp_path / "three.csv", tmp_path / "out"
    frame.drop(columns="name").to_csv(path, index=False)
    for family in (["-s", "full"], ["-k", "2", "-s", "diag"]):
        done = mixtura("classify", path, "--class", "kind", *family, "-o", out, "--force")
        assert done.exit_code == 0, done.stderr
        page = (out / "report.html").read_text(encoding="utf-8")
        assert 'id="projection"' in page
        assert "direction 1 (" in page


def test_counts_and_mixed_columns_tell_classes_too(tmp_path):
    rng = np.random.default_rng(1)
    ill = np.repeat([0, 1], [140, 60])
    frame = pd.DataFrame({"visits": rng.poisson(2 + 6 * ill), "calls": rng.poisson(5 - 2 * ill)})
    frame["ward"] = np.where(rng.random(200) < 0.2 + 0.6 * ill, "north", "south")
    frame["heat"] = rng.normal(size=200) + 2 * ill
    frame["class"] = np.array(["well", "ill"])[ill]
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    counts = ["--columns", "visits,calls"]
    done = mixtura("classify", path, "--class", "class", "-f", "poisson", *counts)
    assert done.exit_code == 0, done.stderr
    model = MixtureClassifier(PoissonMixture(missing="marginal", random_state=0), [1])
    judged = cross_judged(model, frame[["visits", "calls"]], frame["class"])
    assert judged.summary() in done.stdout
    out = tmp_path / "out"
    done = mixtura("classify", path, "--class", "class", "-f", "mixed", "-o", out)
    assert done.exit_code == 0, done.stderr
    said = mixtura("predict", out / "model.mixtura", path)
    told = [line["class"] for line in csv.DictReader(said.stdout.splitlines())]
    assert np.mean(np.array(told) == frame["class"]) > 0.9


def test_costs_and_priors_say_what_is_said_of_rows(flowers, tmp_path):
    frame, path = flowers
    X, y, out = frame[["length", "width"]], frame["kind"], tmp_path / "out"
    asked = ["--class", "kind", "-s", "full", "--keep-formulas", "-o", out]
    asked += ["--costs", "white:blue=30", "--priors", "white=0.2,blue=0.5,=red=0.3"]
    done = mixtura("classify", path, *asked)
    assert done.exit_code == 0, done.stderr
    model = GaussianMixtureClassifier(
        covariance_type="full", priors=[0.3, 0.5, 0.2], random_state=0
    )
    costs = [[0, 1, 1], [1, 0, 1], [1, 30, 0]]
    judged = cross_judged(model, X, y, costs=costs)
    assert judged.summary() in done.stdout
    said = [row["class"] for row in rows_of(out / "assignments.csv")]
    least = (judged.shares @ np.array(costs)).argmin(axis=1)
    assert said == judged.classes[least].tolist()
    lost = np.array(costs)[judged.codes, least].mean()
    assert f"mean cost {lost:.4f}" in done.stdout
    again = load(out / "model.mixtura")
    assert again.priors_.tolist() == [0.3, 0.5, 0.2]
    told = ["--priors", "equal", "--costs", "white:blue=30", "--keep-formulas"]
    found = mixtura("predict", out / "model.mixtura", path, *told)
    assert found.exit_code == 0, found.stderr
    lines = [line["class"] for line in csv.DictReader(found.stdout.splitlines())]
    assert lines == again.predict(X, priors=np.full(3, 1 / 3), costs=costs).tolist()


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (["--class", "kind", "--priors", "white=1"], 2, "no probability of class"),
        (["--class", "kind", "--priors", "white"], 2, "does not end with"),
        (["--class", "kind", "--costs", "white:grey=3"], 2, "names class 'grey'"),
        (["--class", "kind", "--costs", "white=3"], 2, "should be like"),
        (["--class", "sort"], 1, "'sort'"),
        (["--class", "kind", "--columns", "length,kind"], 2, "--class names column 'kind'"),
        (["--class", "kind", "--folds", "3", "--test", "x.csv"], 2, "give one of the two"),
        (["--class", "kind", "-f", "categorical", "-s", "full"], 2, "only to gaussian"),
        (["--class", "kind", "--force"], 2, "there is no -o"),
        (["--class", "name"], 2, "has 1 row, fewer than 5 parts; leave the class out"),
    ],
)
def test_what_cannot_be_classified_is_named(flowers, asked, code, words):
    done = mixtura("classify", flowers[1], *asked)
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr


def test_a_row_without_class_is_named(flowers, tmp_path):
    frame, _ = flowers
    frame.loc[6, "kind"] = None
    path = tmp_path / "gap.csv"
    frame.to_csv(path, index=False)
    done = mixtura("classify", path, "--class", "kind")
    assert done.exit_code == 1
    assert "column 'kind', row 7 (counted from 1)" in done.stderr


@pytest.mark.parametrize("family", ["gaussian", "categorical"])
def test_missing_cells_of_known_classes_are_told(flowers, tmp_path, family):
    frame, _ = flowers
    frame = frame[["length", "width", "kind"]]
    if family == "categorical":
        frame = frame.assign(length=frame["length"] > 3, width=frame["width"] > 3).astype(str)
    frame.loc[[1, 5, 6], "width"] = None
    frame.to_csv(tmp_path / "gaps.csv", index=False)
    done = mixtura("classify", tmp_path / "gaps.csv", "--class", "kind", "-f", family)
    assert done.exit_code == 0, done.stderr
    assert f"3 of {2 * len(frame):,} cells are missing, in 3 of" in done.stderr


@pytest.fixture
def fitted(flowers, tmp_path):
    folder = tmp_path / "fit"
    asked = ["-k", "4", "-s", "full", "--columns", "length,width", "-o", folder]
    done = mixtura("fit", flowers[1], *asked)
    assert done.exit_code == 0, done.stderr
    return folder / "model.mixtura"


@pytest.mark.parametrize("criterion", ["entropy", "ridge"])
def test_components_are_merged_as_the_library_merges_them(flowers, fitted, tmp_path, criterion):
    frame, path = flowers
    out = tmp_path / "merged"
    asked = ["--criterion", criterion, "-c", "2", "--proba"]
    done = mixtura("merge", fitted, path, *asked, "-o", out)
    assert done.exit_code == 0, done.stderr
    mixture = load_with_facts(fitted)[0]
    X = frame[["length", "width"]]
    tree = merge(mixture, X, criterion=criterion)
    assert tree.summary() in done.stdout
    rows = rows_of(out / "assignments.csv")
    assert [int(row["cluster"]) for row in rows] == tree.predict(X, 2).tolist()
    shares = [[float(row["p0"]), float(row["p1"])] for row in rows]
    np.testing.assert_allclose(shares, tree.predict_proba(X, 2), rtol=5.1e-6, atol=1e-21)
    table = rows_of(out / "merging.csv")
    assert [float(row["entropy"]) for row in table] == pytest.approx(tree.entropies[::-1])
    assert table[2]["components"].count("+") == 2
    assert 'id="entropy"' in (out / "report.html").read_text(encoding="utf-8")
    found = mixtura("predict", out / "model.mixtura", path, "--proba")
    assert found.stdout.splitlines() == (out / "assignments.csv").read_text().splitlines()
    # The density and all else of the model stay.
    told = load_with_facts(out / "model.mixtura")
    np.testing.assert_array_equal(told[0].weights, mixture.weights)
    assert told[1]["log_likelihood"] == load_with_facts(fitted)[1]["log_likelihood"]
    assert mixtura("summary", out / "model.mixtura").exit_code == 0


def test_costs_say_nothing_of_components(fitted, flowers):
    done = mixtura("predict", fitted, flowers[1], "--costs", "0:1=3")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "which component a row is in" in done.stderr


def test_clusters_of_no_such_components_are_refused(flowers, fitted, tmp_path):
    done = mixtura("merge", fitted, flowers[1], "-c", "9")
    assert (done.exit_code, "more than the 4 components" in done.stderr) == (2, True)
    arrays, document = read_archive(fitted)
    document = json.loads(json.dumps(document))
    document["facts"]["clusters"] = [[0, 1], [2]]
    wrong = tmp_path / "wrong.mixtura"
    write_archive(wrong, arrays, document)
    done = mixtura("predict", wrong, flowers[1])
    assert (done.exit_code, "clusters are not of its components" in done.stderr) == (1, True)


def test_rows_without_cells_are_told_of_where_models_are_compared(flowers, fitted, tmp_path):
    frame, _ = flowers
    path, out = tmp_path / "gappy.csv", tmp_path / "compared"
    gappy = frame.copy()
    gappy.loc[[2, 9], ["length", "width"]] = np.nan
    gappy.to_csv(path, index=False)
    done = mixtura("compare", fitted, fitted, path, "-o", out)
    assert done.exit_code == 0, done.stderr
    assert "2 row(s) have no cell at all" in done.stdout
    assert f"0 of {len(frame) - 2} rows change" in done.stdout
    assert "2 row(s) have no cell at all" in (out / "report.html").read_text(encoding="utf-8")
    assert len(rows_of(out / "comparison.csv")) == len(frame)


def test_models_are_compared_as_the_library_compares_them(flowers, fitted, tmp_path):
    frame, path = flowers
    other, out = tmp_path / "classes", tmp_path / "compared"
    done = mixtura("classify", path, "--class", "kind", "--columns", "length,width", "-o", other)
    assert done.exit_code == 0, done.stderr
    second = other / "model.mixtura"
    done = mixtura("compare", fitted, second, path, "--id", "name", "-o", out)
    assert (done.exit_code, "cannot be compared" in done.stderr) == (0, False), done.stderr
    X = frame[["length", "width"]]
    told = compare(load_with_facts(fitted)[0], load(second), X)
    assert told.summary() in done.stdout
    rows = rows_of(out / "comparison.csv")
    assert [row["name"] for row in rows] == frame["name"].tolist()
    assert [row["changed"] == "true" for row in rows] == told.changed.tolist()
    assert len(rows_of(out / "confusion.csv")) == len(told.matching.known)
    assert 'id="matched"' in (out / "report.html").read_text(encoding="utf-8")
    narrow = tmp_path / "narrow"
    mixtura("fit", path, "-k", "2", "-s", "full", "--columns", "length", "-o", narrow)
    done = mixtura("compare", fitted, narrow / "model.mixtura", path)
    assert (done.exit_code, "cannot be compared" in done.stderr) == (0, True)
