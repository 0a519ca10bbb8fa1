"""The command fits every family, reads values by their meaning, and says what it does."""

import csv
import io
import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from columnwise_cases import COLUMNWISE
from oracles import dataset

from mixtura import CategoricalMixture, load
from mixtura.cli.command import command
from mixtura.cli.families import OFFERS

# Pages have tests of their own.
pytestmark = [pytest.mark.usefixtures("sketched"), pytest.mark.drawn(5, among="file")]


def mixtura(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def survey(n_rows=300, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n_rows)

    def answer(often, seldom):
        return np.where(rng.random(n_rows) < np.where(label, 0.9, 0.1), often, seldom)

    frame = pd.DataFrame(
        {
            "person": [f"p{i}" for i in range(n_rows)],
            "likes": answer("tea", "coffee, black"),
            "grade": answer(1, 2),
            "smokes": answer("true", "false"),
            "code": answer("007", "012"),
            "income": rng.normal(30 + 20 * label, 3).round(2),
            "visits": rng.poisson(np.where(label, 1, 9)),
            "day": pd.date_range("2020-01-01", periods=n_rows).strftime("%Y-%m-%d"),
        }
    )
    return frame, label


@pytest.fixture
def survey_file(tmp_path):
    frame, label = survey()
    gappy = frame.copy()
    gappy.loc[3, "likes"] = ""
    gappy.loc[4, "likes"] = "NA"
    gappy.loc[5, "grade"] = None
    path = tmp_path / "survey.csv"
    gappy.to_csv(path, index=False)
    return path, label


STRUCTURE = {"gaussian": "VVI", "t": "VVI", "contaminated": "VVI", "factor_analyser": "UCU"}
CASES = {
    "gaussian": (["--columns", "income", "-s", "VII"], "Gaussian mixture"),
    "t": (["--columns", "visits,more", "-s", "VVI"], "t mixture"),
    "contaminated": (["--columns", "visits,more", "-s", "VVI"], "Contaminated normal mixture"),
    "factor_analyser": (["--columns", "visits,more", "-s", "UUU"], "Mixture of factor analysers"),
    "categorical": (["--columns", "likes,grade,smokes,code"], "Latent class model"),
    "bernoulli": (["--columns", "smokes,b1,b2"], "Mixture of Bernoullis"),
    "multinomial": (["--columns", "visits,more"], "Mixture of multinomials"),
    "dirichlet_multinomial": (["--columns", "d0,d1,d2"], "Mixture of Dirichlet-multinomials"),
    "poisson": (["--columns", "visits,more"], "Mixture of Poissons"),
    **{
        name: (["--columns", "c0,c1,c2"], f"Mixture of {one.family.plural}")
        for name, one in COLUMNWISE.items()
    },
    "mixed": (["-s", "VVI"], "Mixture of mixed columns"),
    "auto": (["--columns", "income,likes"], "Mixture of mixed columns"),
}


@pytest.mark.parametrize("family", OFFERS)
def test_every_family_fits_predicts_samples_and_reports(family, survey_file, tmp_path):
    path, label = survey_file
    frame = pd.read_csv(path, keep_default_na=False, dtype={"code": str})
    rng = np.random.default_rng(1)
    for name in ("b1", "b2"):
        frame[name] = (rng.random(len(frame)) < np.where(label, 0.9, 0.1)).astype(int)
    shares = np.where(label[:, None], [0.7, 0.2, 0.1], [0.1, 0.2, 0.7])
    frame[["d0", "d1", "d2"]] = rng.multinomial(20, shares)
    frame["more"] = rng.poisson(np.where(label, 9, 2))
    if family in COLUMNWISE:
        frame[["c0", "c1", "c2"]] = COLUMNWISE[family].drawn(rng, label)
    frame.to_csv(path, index=False)
    options, title = CASES[family]
    out = tmp_path / "out"
    done = mixtura("fit", path, "-f", family, "-k", "1:3", "-o", out, *options)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(title)
    assert "2 components" in done.stdout.split("\n")[0]
    assert (out / "report.html").exists()
    found = rows_of((out / "assignments.csv").read_text())
    hits = (np.array([int(row["component"]) for row in found]) == label).mean()
    assert max(hits, 1 - hits) > 0.8
    again = mixtura("predict", out / "model.mixtura", path)
    assert again.stdout == (out / "assignments.csv").read_text()
    drawn = mixtura("sample", out / "model.mixtura", "-n", "50")
    sampled = tmp_path / "sampled.csv"
    sampled.write_text(drawn.stdout)
    posterior = mixtura("predict", out / "model.mixtura", sampled)
    assert len(rows_of(posterior.stdout)) == 50, posterior.output
    told = mixtura("summary", out / "model.mixtura").stdout
    assert done.stdout.startswith(told.rstrip("\n"))
    assert json.loads(mixtura("summary", out / "model.mixtura", "--json").stdout)["weights"]


def test_auto_keeps_numbers_gaussian(tmp_path):
    path = tmp_path / "faithful.csv"
    names = dataset("faithful").names
    np.savetxt(path, dataset("faithful").values, "%.6g", ",", header=",".join(names), comments="")
    done = mixtura("fit", path, "-f", "auto", "-k", "3", "-s", "EEE")
    assert done.stdout.startswith("Gaussian mixture, tied covariance, 3 components\n")
    assert "family auto: gaussian" in done.stderr
    assert "'eruptions' (decimals), 'waiting' (whole numbers, 51 levels)" in done.stderr


def test_auto_says_what_it_chose_and_why(survey_file):
    path, _ = survey_file
    done = mixtura("fit", path, "-f", "auto", "-k", "2")
    assert "family auto: mixed" in done.stderr
    told = "identifiers (text with 300 different values in 300 rows)"
    assert f"column 'person' is left out: {told}" in done.stderr
    assert "column 'day' is left out: dates" in done.stderr
    assert "gaussian: 'income' (decimals)\n" in done.stderr
    assert "negative_binomial: 'visits' (counts, 17 levels)" in done.stderr
    assert "'grade' (categories, 2 levels)" in done.stderr
    assert "'smokes' (yes/no, 2 levels)" in done.stderr
    assert "'likes' (categories, 2 levels)" in done.stderr


def test_columns_that_count_rows_or_hold_one_value_are_left_out(tmp_path):
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame({"n": range(7, 37), "same": "x", "a": ["p", "q"] * 15, "none": None})
    frame.to_csv(path, index=False)
    done = mixtura("fit", path, "-f", "auto", "-k", "1")
    assert "'n' is left out: row numbers" in done.stderr
    assert "'same' is left out: one value only" in done.stderr
    assert "'none' is left out: no value" in done.stderr
    assert "categorical: 'a' (categories, 2 levels)" in done.stderr
    frame[["n", "same"]].to_csv(path, index=False)
    done = mixtura("fit", path, "-f", "auto")
    assert done.exit_code == 1
    told = "'n': row numbers (each row has the next number); 'same': one value only"
    assert f"no column to fit ({told})" in done.stderr


def test_amounts_are_left_out_of_categories(survey_file):
    path, _ = survey_file
    done = mixtura("fit", path, "-f", "categorical", "-k", "2")
    assert "left out, as they hold amounts; --family mixed takes them: 'income'" in done.stderr
    assert "3 of 1,200 cells are missing, in 3 of 300 rows and 3 patterns" in done.stdout
    assert "likes = coffee, black" in done.stdout


def test_text_has_no_gaussian_family(tmp_path):
    path = tmp_path / "text.csv"
    path.write_text("a\nx\ny\nx\n")
    done = mixtura("fit", path, "-f", "gaussian")
    assert done.exit_code == 1
    assert "--family auto or categorical takes text" in done.stderr


def test_a_damaged_column_of_numbers_is_named(tmp_path):
    path = tmp_path / "typo.csv"
    path.write_text("a,b\n" + "".join(f"{i / 7},{i}.5\n" for i in range(30)) + "1,3O\n")
    for family in ("auto", "gaussian"):
        done = mixtura("fit", path, "-f", family)
        assert done.exit_code == 1
        assert "column 'b'" in done.stderr
        assert "'3O'" in done.stderr


def test_an_unknown_category_is_named_or_ignored(survey_file, tmp_path):
    path, _ = survey_file
    columns = ("--columns", "likes,grade,smokes,code")
    mixtura("fit", path, "-f", "categorical", "-k", "2", "-o", tmp_path / "out", *columns)
    strange = tmp_path / "strange.csv"
    strange.write_text('code,likes,grade,smokes\n007,tea,1,true\n012,milk,2,"false"\n')
    done = mixtura("predict", tmp_path / "out" / "model.mixtura", strange)
    assert done.exit_code == 1
    assert "column 'likes' holds 'milk' at row 2 (counted from 1)" in done.stderr
    assert "known are 'coffee, black', 'tea'" in done.stderr
    assert done.stdout == ""
    done = mixtura("predict", tmp_path / "out" / "model.mixtura", strange, "--unknown", "ignore")
    assert len(rows_of(done.stdout)) == 2


def test_spelling_counts_where_a_file_holds_text_only(tmp_path):
    path = tmp_path / "fit.csv"
    frame = pd.DataFrame(
        {
            "mark": [1, 2, 2, 1] * 9,
            "code": ["007", "x", "012", "x"] * 9,
            "truth": ["TRUE", "FALSE"] * 18,
            "mixed": ["true", "false", "perhaps", "true"] * 9,
        }
    )
    frame.to_csv(path, index=False)
    mixtura("fit", path, "-f", "categorical", "-k", "1", "-o", tmp_path / "out")
    assert load(tmp_path / "out" / "model.mixtura").kinds[1].labels == ("007", "012", "x")
    other = tmp_path / "other.csv"
    other.write_text(
        "mark,code,truth,mixed\n1.0,007,true,true\nNA,012,FALSE,false\n, 012 ,,\n",
    )
    done = mixtura("predict", tmp_path / "out" / "model.mixtura", other)
    assert done.exit_code == 0, done.output
    other.write_text("mark,code,truth,mixed\n1,007,perhaps,true\n2,012,true,false\n")
    done = mixtura("predict", tmp_path / "out" / "model.mixtura", other)
    assert "column 'truth' holds 'perhaps' at row 1 (counted from 1)" in done.stderr


def test_types_count_where_a_file_has_them(tmp_path):
    frame = pd.DataFrame({"a": ["1", "2"] * 10, "b": [1, 2] * 10})
    frame.to_parquet(tmp_path / "fit.parquet")
    mixtura("fit", tmp_path / "fit.parquet", "-f", "categorical", "-k", "1", "-o", tmp_path / "out")
    frame.assign(a=frame["b"]).to_parquet(tmp_path / "other.parquet")
    done = mixtura("predict", tmp_path / "out" / "model.mixtura", tmp_path / "other.parquet")
    assert "column 'a' holds 1 at row 1 (counted from 1)" in done.stderr


def test_a_model_without_names_reads_columns_in_order(tmp_path):
    rows = [["a", 1], ["b", 2]] * 10
    CategoricalMixture(1).fit(rows).save(tmp_path / "model")
    path = tmp_path / "rows.csv"
    path.write_text("p,q\nb,1\na,2\n")
    assert mixtura("predict", tmp_path / "model", path).exit_code == 0
    path.write_text("p\nb\na\n")
    assert "has 1 columns" in mixtura("predict", tmp_path / "model", path).stderr
    drawn = rows_of(mixtura("sample", tmp_path / "model", "-n", "9").stdout)
    assert {row["x0"] for row in drawn} <= {"a", "b"}


def test_labels_of_several_types_are_written_as_text(tmp_path):
    CategoricalMixture(1).fit([[1], ["x"], [True]] * 5).save(tmp_path / "model")
    drawn = rows_of(mixtura("sample", tmp_path / "model", "-n", "40").stdout)
    assert {row["x0"] for row in drawn} == {"1", "x", "True"}


def test_exposures_are_part_of_a_poisson_fit(tmp_path):
    rng = np.random.default_rng(0)
    years = rng.uniform(0.5, 20, 400)
    rate = np.where(rng.random(400) < 0.4, 1.0, 6.0)
    path = tmp_path / "visits.csv"
    pd.DataFrame({"visits": rng.poisson(rate * years), "years": years}).to_csv(path, index=False)
    done = mixtura(
        "fit", path, "-f", "poisson", "--exposure", "years", "-k", "1:3", "-o", tmp_path / "out"
    )
    assert "2 components" in done.stdout, done.output
    assert mixtura("predict", tmp_path / "out" / "model.mixtura", path).exit_code == 0


def test_hours_around_midnight_are_one_component_of_a_von_mises_fit(tmp_path):
    rng = np.random.default_rng(0)
    turned = np.where(rng.random(900) < 0.4, rng.vonmises(0, 9, 900), rng.vonmises(3.4, 4, 900))
    hours = np.mod(turned * 12 / np.pi, 24)
    path, out = tmp_path / "calls.csv", tmp_path / "out"
    pd.DataFrame({"hour": hours}).to_csv(path, index=False)
    done = mixtura("fit", path, "-f", "von_mises", "--period", "24", "-k", "1:3", "-o", out)
    assert "von Mises densities, 2 components" in done.stdout, done.output
    assert "all begins anew after 24" in done.stdout
    assert mixtura("predict", out / "model.mixtura", path).exit_code == 0
    short = mixtura("fit", path, "-f", "von_mises", "--period", "0", "-k", "1")
    assert "period should be a number above 0" in short.stderr


def test_hours_that_are_taken_for_radians_are_warned_of(tmp_path):
    path, rng = tmp_path / "rows.csv", np.random.default_rng(0)
    rows = {"hour": rng.uniform(0, 24, 90), "either": rng.uniform(-np.pi, 2 * np.pi, 90)}
    pd.DataFrame(rows).to_csv(path, index=False)
    for more in [], ["--memory", "500B"]:
        warned = mixtura("fit", path, "-f", "von_mises", "-k", "1", *more)
        assert warned.exit_code == 0, warned.stderr
        said = [line for line in warned.stderr.splitlines() if "is taken for radians" in line]
        assert len(said) == 1
        assert "column 'hour' goes from" in said[0]
        assert "--period, 24 for hours" in said[0]
        told = mixtura("fit", path, "-f", "von_mises", "--period", "24", "-k", "1", *more)
        assert "radians" not in told.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-f", "categorical", "-s", "VVV"], "--structures says nothing to --family categorical"),
        (["-f", "multinomial", "--exposure", "x"], "only to poisson"),
        (["-f", "gamma", "--period", "24"], "only to von_mises"),
        (["-f", "dirichlet"], "'dirichlet' is not one of"),
    ],
)
def test_options_that_say_nothing_are_refused(arguments, said, survey_file):
    done = mixtura("fit", survey_file[0], *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_counts_that_are_none_are_named(survey_file):
    path, _ = survey_file
    done = mixtura("fit", path, "-f", "multinomial", "--columns", "income,visits")
    assert done.exit_code == 1
    assert "column 'income' holds" in done.stderr
    assert "no count" in done.stderr


def test_warnings_are_one_line(tmp_path):
    path = tmp_path / "short.csv"
    rng = np.random.default_rng(0)
    rows = rng.multinomial(np.repeat([2, 30], [70, 30]), [0.2, 0.5, 0.3])
    np.savetxt(path, rows, "%d", ",", header="a,b,c", comments="")
    done = mixtura("fit", path, "-f", "multinomial", "-k", "2")
    (line,) = [line for line in done.stderr.splitlines() if "2K-1" in line]
    assert line.startswith("mixtura: 70 of 100 rows")


def test_a_prior_is_asked_for_by_name_or_by_counts():
    # The maximum of the likelihood that poLCA prints.
    path = "examples/data/carcinoma.csv"
    done = mixtura("fit", path, "-f", "categorical", "-k", "3", "--prior", "none")
    assert "-293.705" in done.stdout, done.output
    for prior in ("weak", "conjugate", "evidence", "2"):
        done = mixtura("fit", path, "-f", "categorical", "-k", "3", "--prior", prior)
        assert done.exit_code == 0, done.output
        lines = done.stdout.splitlines()
        (row,) = [after for line, after in pairwise(lines) if line.startswith("log-likelihood")]
        assert float(row.split()[0]) < -293.7051
    for arguments, said in (
        (["-f", "categorical", "--prior", "strong"], "'strong' is neither auto"),
        (["--prior", "evidence"], "--prior evidence is for answers, counts and words"),
        (["-f", "gamma", "--prior", "3"], "--prior 3.0 is for answers, counts and words"),
    ):
        done = mixtura("fit", "examples/data/faithful.csv", "-k", "2", *arguments)
        assert done.exit_code == 2
        assert said in done.output
        assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "family", sorted({*OFFERS} - {"gaussian", "multinomial", "dirichlet_multinomial"})
)
def test_noise_is_offered_whatever_the_family(family, tmp_path):
    rng = np.random.default_rng(5)
    label, is_noise = rng.integers(0, 2, 200), rng.random(200) < 0.1
    if family == "categorical":
        rows = rng.integers(0, 4, (200, 7))
        usual = (rng.random((200, 7)) < 0.9) & ~is_noise[:, None]
        rows = np.where(usual, label[:, None], rows)
    elif family == "bernoulli":
        chance = np.where(is_noise, 0.5, np.where(label, 0.95, 0.05))
        rows = (rng.random((200, 12)) < chance[:, None]).astype(int)
    elif family == "von_mises":
        rows = rng.vonmises(np.where(label, 1, 4)[:, None], 20, (200, 3))
        rows[is_noise] = rng.uniform(0, 2 * np.pi, (is_noise.sum(), 3))
    elif family == "beta":
        rows = rng.beta(np.where(label, 4, 30)[:, None], 20, (200, 5))
        rows[is_noise] = rng.uniform(0.01, 0.99, (is_noise.sum(), 5))
    else:
        rows = rng.poisson(np.where(label, 4, 30)[:, None], (200, 5)) + 1
        rows[is_noise] = rng.integers(1, 60, (is_noise.sum(), 5))
    frame = pd.DataFrame(rows, columns=[f"c{j}" for j in range(rows.shape[1])])
    if family in ("mixed", "auto"):
        frame["kind"] = np.where(label, "a", "b")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out"
    arguments = ["fit", tmp_path / "rows.csv", "-f", family, "-k", 2, "--noise", "--starts", 2]
    # Of families with structures one is enough here.
    arguments += ["-s", STRUCTURE[family]] if family in STRUCTURE else []
    done = mixtura(*arguments, "-o", out)
    assert done.exit_code == 0, done.output
    assert "2 components and uniform noise" in done.output
    page = (out / "report.html").read_text("utf-8")
    assert "most probably noise" in page
    assert "could not be made" not in page
    assigned = rows_of((out / "assignments.csv").read_text("utf-8"))
    found = np.array([row["component"] == "-1" for row in assigned])
    assert found.any()
    told = json.loads(mixtura("summary", out / "model.mixtura", "--json").output)
    assert told["labels"] == [0, 1, -1]
    again = rows_of(mixtura("predict", out / "model.mixtura", tmp_path / "rows.csv").output)
    assert [row["component"] for row in again] == [row["component"] for row in assigned]


def test_successes_are_told_their_trials(tmp_path):
    rng = np.random.default_rng(5)
    able = rng.random(120) < 0.5
    scores = rng.binomial([10, 5], np.where(able[:, None], [[0.8, 0.9]], [[0.2, 0.3]]))
    path = tmp_path / "scores.csv"
    pd.DataFrame(scores, columns=["words", "sums"]).to_csv(path, index=False)
    asked = ("fit", path, "-f", "binomial", "--trials")
    done = mixtura(*asked, "10,5", "-k", "2", "--seed", "0", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert "successes in 5 to 10 trial(s)" in done.stdout
    few = mixtura(*asked, "10,3", "-k", "2")
    assert "column 'sums' holds" in few.stderr
    assert "more than its 3 trials" in few.stderr
    assert "--trials should be a whole number" in mixtura(*asked, "0", "-k", "2").stderr
    assert "only to binomial" in mixtura("fit", path, "-f", "poisson", "--trials", "9").stderr
