"""`mixtura fit --fix` and `--equal`: what is known of components, in a file and by names."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import GaussianMixture, MixedMixture, PoissonMixture, load
from mixtura.cli.command import command

# Pages have tests of their own.
pytestmark = pytest.mark.usefixtures("sketched")

FAITHFUL = Path(__file__).parents[2] / "examples" / "data" / "faithful.csv"


def mixtura(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments], prog_name="mixtura")


@pytest.fixture
def known(tmp_path):
    """Return what writes a file of what is known, and its path."""

    def write(content):
        path = tmp_path / "known.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


@pytest.fixture
def counts(tmp_path):
    rng = np.random.default_rng(0)
    rates = np.array([[1.0, 6.0], [9.0, 2.0]])
    rows = pd.DataFrame(rng.poisson(rates[rng.integers(0, 2, 150)]), columns=["calls", "visits"])
    rows.to_csv(tmp_path / "counts.csv", index=False)
    return tmp_path / "counts.csv", rows


def test_what_a_file_holds_is_what_the_estimator_is_told(known, tmp_path):
    fix = {"means": {"eruptions": [2.0, None]}, "covariances": [None, [[0.2, 0.9], [0.9, 35.0]]]}
    arguments = ["fit", FAITHFUL, "-k", 2, "-s", "full", "--fix", known(fix), "-o", tmp_path / "o"]
    done = mixtura(*arguments)
    assert done.exit_code == 0, done.output
    assert "\nmeans: 1 of 4 held; covariances: 3 of 6 held\n" in done.stdout
    assert "means: 1 of 4 held" in (tmp_path / "o" / "report.html").read_text("utf-8")
    found = load(tmp_path / "o" / "model.mixtura")
    model = GaussianMixture(2, fix=fix, random_state=0).fit(pd.read_csv(FAITHFUL))
    assert found.constraints == model.mixture_.constraints
    np.testing.assert_allclose(found.parameters.means, model.means_, atol=1e-3)
    told = json.loads(mixtura("summary", tmp_path / "o" / "model.mixtura", "--json").stdout)
    assert told["bound"]["means"]["held"] == [[2.0, None], [None, None]]
    assert told["bound"]["covariances"]["equal"] == [[0, 0, 0], [0, 0, 0]]
    assert told["n_parameters"] == model.n_parameters_ == 11 - 4


def test_equal_names_arrays_and_their_columns(counts, tmp_path):
    file, rows = counts
    for told, equal in (("rates", True), ("rates=visits", ["visits"])):
        folder = tmp_path / "out"
        arguments = ["fit", file, "-k", "2", "-f", "poisson", "--equal", told, "-o", folder]
        done = mixtura(*arguments, "--force", "--starts", 2)
        assert done.exit_code == 0, done.output
        model = PoissonMixture(2, equal={"rates": equal}, n_init=2, random_state=0).fit(rows)
        found = load(folder / "model.mixtura")
        np.testing.assert_allclose(found.parameters.rates, model.rates_, rtol=1e-9)
        assert found.constraints == model.mixture_.constraints


def test_noise_and_sizes_go_along(counts):
    file, _ = counts
    rows = pd.read_csv(file).assign(hour=np.random.default_rng(1).poisson(4.0, 150))
    rows.to_csv(file, index=False)
    done = mixtura("fit", file, "-k", "1:3", "-f", "poisson", "--equal", "rates=hour", "--noise")
    assert done.exit_code == 0, done.output
    assert "2 components and uniform noise\nrates: 2 equal by 1 value(s)\n" in done.stdout


def test_blocks_are_named_before_a_dot(tmp_path):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 200)
    frame = pd.DataFrame(
        {"height": rng.normal(4.0 * label, 1.0), "says": np.array(["no", "yes"])[label]}
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    arguments = ["fit", tmp_path / "rows.csv", "-f", "mixed", "-k", 2, "--starts", 1]
    done = mixtura(*arguments, "--equal", "categorical.probabilities", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    blocks = {"gaussian": ["height"], "categorical": ["says"]}
    equal = {"categorical.probabilities": True}
    model = MixedMixture(2, blocks, equal=equal, random_state=0).fit(frame)
    found = load(tmp_path / "out" / "model.mixtura")
    assert found.n_parameters == model.n_parameters_
    refused = mixtura(*arguments, "--equal", "probabilities")
    assert "--equal speaks of 'probabilities', and such components have" in refused.output


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("{", ["-k", "2"], "is no JSON: line 1, column 2"),
        ("[1, 2]", ["-k", "2"], "should hold numbers by name, such as"),
        ("{}", ["-k", "2"], "null where free"),
        ('{"means": [], "means": []}', ["-k", "2"], "says 'means' twice"),
        ('{"means": {"eruptions": [2.0, null]}}', [], "say of how many by -k"),
        ('{"means": {"eruptions": [2.0]}}', ["-k", "2"], "there are 2 components"),
        ('{"means": {"age": [2.0, null]}}', ["-k", "2"], "no column 'age'"),
        ('{"rates": {"age": [2.0, null]}}', ["-k", "2"], "--fix speaks of 'rates'"),
        ('{"means": {"eruptions": ["a", null]}}', ["-k", "2"], "null where free"),
        (
            '{"means": {"eruptions": [2.0, null]}}',
            ["-k", "2", "--equal", "means"],
            "--fix and --equal both speak of the means",
        ),
        (
            '{"means": {"eruptions": [2.0, null]}}',
            ["-k", "2", "--prior", "conjugate"],
            "use --prior weak or none",
        ),
        ("{}", ["-f", "t", "-k", "2"], "null where free"),
    ],
)
def test_files_that_cannot_be_are_refused_in_words(content, options, words, known):
    done = mixtura("fit", FAITHFUL, "-s", "full", "--fix", known(content), *options)
    assert done.exit_code in (1, 2)
    assert words in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--equal", "="], "is not like means or means=height,age"),
        (["--equal", "means="], "is not like means or means=height,age"),
        (["--equal", "means=waiting", "--equal", "means=eruptions"], "says 'means' twice"),
        (["--equal", "means=waiting,waiting"], "names column 'waiting' twice"),
        (["--equal", "covariances"], "use --structures that share them, such as 'tied'"),
        (["--equal", "means=age"], "no column 'age'"),
        (["--fix", "nowhere.json"], "cannot be read"),
    ],
)
def test_names_that_cannot_be_are_refused_in_words(options, words):
    done = mixtura("fit", FAITHFUL, "-k", "2", "-s", "full", *options)
    assert done.exit_code in (1, 2)
    assert words in " ".join(done.output.split())
