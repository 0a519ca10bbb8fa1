"""Long tables become the rows that a pivot of pandas makes of them, and say what they lack."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.testing import assert_array_equal

from mixtura import CategoricalMixture, DataError, MixedMixture, MultinomialMixture, load
from mixtura.cli.command import command
from mixtura.data.files import read_table
from mixtura.data.long import widened

pytestmark = pytest.mark.usefixtures("sketched")


def answers(n_rows=80, seed=0):
    """Return a wide frame of answers, and its lines in random order without some."""
    rng = np.random.default_rng(seed)
    high = rng.random(n_rows) < 0.5
    said = rng.random((n_rows, 4)) < np.where(high, 0.85, 0.15)[:, None]
    wide = pd.DataFrame(np.where(said, "yes", "no"), columns=list("abcd"))
    wide.insert(0, "person", rng.permutation(n_rows) + 100)
    wide["age"] = rng.integers(20, 60, n_rows)
    lines = wide.melt(["person", "age"], var_name="item", value_name="answer")
    return wide, lines.sample(frac=0.9, random_state=seed)


def baskets(seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, 100)
    shares = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.1, 0.3, 0.5]])
    rows = [
        (f"b{i}", "wxyz"[rng.choice(4, p=shares[k])], int(rng.integers(1, 4)))
        for i, k in enumerate(kind)
        for _ in range(6)
    ]
    return pd.DataFrame(rows, columns=["basket", "product", "pieces"])


def table_of(frame, path):
    frame.to_csv(path, index=False)
    return read_table(path)


def command_of(*arguments):
    return CliRunner().invoke(command, list(map(str, arguments)))


def test_rows_are_those_of_a_pivot(tmp_path) -> None:
    _, lines = answers()
    table = table_of(lines, tmp_path / "lines.csv")
    wide = widened(table, "person", "item", "answer", kept=["age"])
    pivot = lines.pivot(index="person", columns="item", values="answer")
    pivot = pivot.loc[lines["person"].drop_duplicates()]
    assert_array_equal(wide.column("person"), pivot.index)
    assert_array_equal(wide.column("age"), lines.groupby("person")["age"].first()[pivot.index])
    for item in "abcd":
        expected = [None if cell is np.nan else cell for cell in pivot[item].astype(object)]
        assert wide.column(item) == [None if pd.isna(cell) else cell for cell in expected]
    baskets_table = table_of(baskets(), tmp_path / "baskets.csv")
    counts = widened(baskets_table, "basket", "product", "pieces", sums=True)
    pivot = baskets().pivot_table(
        index="basket", columns="product", values="pieces", aggfunc="sum", fill_value=0, sort=False
    )
    assert_array_equal(counts.numeric(list("wxyz")), pivot[list("wxyz")])
    lines_counted = widened(baskets_table, "basket", "product", None, sums=True)
    assert lines_counted.numeric(list("wxyz")).sum() == len(baskets())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: pd.concat([lines, lines[:1]]), "two values of '.' for '...', the second in"),
        (lambda lines: lines.assign(age=range(len(lines))), "'age' .* differs within one in row"),
        (lambda lines: lines.assign(item=None), "'item' .* is missing in row 1"),
        (lambda lines: lines.assign(item="age"), "which is the name of another column"),
    ],
)
def test_lines_that_are_no_table_are_refused_by_what_they_say(change, said, tmp_path) -> None:
    _, lines = answers()
    table = table_of(change(lines), tmp_path / "lines.csv")
    with pytest.raises(DataError, match=said):
        widened(table, "person", "item", "answer", kept=["age"])


def test_the_command_fits_and_predicts_long_answers(tmp_path) -> None:
    _, lines = answers()
    path, out = tmp_path / "lines.csv", tmp_path / "out"
    lines.to_csv(path, index=False)
    long = ["--long", "person,item,answer"]
    done = command_of("classes", path, *long, "-k", "2", "--covariates", "age", "-o", out)
    assert done.exit_code == 0, done.stderr
    assert "age" in done.stdout
    mixture = load(out / "model.mixtura")
    pivot = lines.pivot(index="person", columns="item", values="answer").reset_index()
    pivot = pivot.set_index("person").loc[lines["person"].drop_duplicates()].reset_index()
    found = CategoricalMixture(2, n_init=20, random_state=0)
    found.fit(pivot[list(mixture.columns)])
    assert sorted(mixture.weights) == pytest.approx(sorted(found.weights_), abs=1e-3)
    told = pd.read_csv(out / "assignments.csv")
    assert told["person"].tolist() == pivot["person"].tolist()
    few = lines[lines["person"] == pivot["person"][3]][:2]
    few.to_csv(tmp_path / "few.csv", index=False)
    done = command_of("predict", out / "model.mixtura", tmp_path / "few.csv", *long)
    assert done.exit_code == 0, done.stderr
    row = pd.DataFrame([dict.fromkeys("abcd") | dict(zip(few["item"], few["answer"], strict=True))])
    expected = mixture.predict(row[list(mixture.columns)])
    assert done.stdout.splitlines()[1].split(",")[:2] == [
        str(few["person"].iloc[0]),
        str(*expected),
    ]
    refused = command_of("fit", path, "--long", "person,item", "-f", "categorical")
    assert refused.exit_code == 2
    assert "should name three columns" in refused.stderr


def test_the_command_takes_counts_beside_other_answers_as_answers(tmp_path) -> None:
    side = np.arange(60) % 2
    wide = pd.DataFrame({"person": [f"p{row}" for row in range(60)]})
    wide["visits"] = np.random.default_rng(0).poisson(2 + 20 * side)
    wide["grade"] = np.where(side, "high", "low")
    blocks = {"poisson": ["visits"], "categorical": ["grade"]}
    model = MixedMixture(2, blocks, missing="marginal", random_state=0)
    model.fit(wide[["visits", "grade"]]).save(tmp_path / "model")
    lines = wide.melt("person", var_name="item", value_name="answer").drop(index=3)
    lines.to_csv(tmp_path / "lines.csv", index=False)
    # A count that no line has is missing, and not 0.
    wide["visits"] = wide["visits"].astype("Int64").mask(wide["person"] == "p3")
    wide.to_csv(tmp_path / "wide.csv", index=False)
    told = [
        command_of("predict", tmp_path / "model", path, "--id", "person", *more)
        for path, more in (
            (tmp_path / "lines.csv", ("--long", "person,item,answer")),
            (tmp_path / "wide.csv", ()),
        )
    ]
    assert [one.exit_code for one in told] == [0, 0], told[0].output
    assert sorted(told[0].stdout.splitlines()) == sorted(told[1].stdout.splitlines())


def test_the_command_adds_up_counts(tmp_path) -> None:
    path, out = tmp_path / "baskets.csv", tmp_path / "out"
    baskets().to_csv(path, index=False)
    long = ["--long", "basket,product,pieces"]
    asked = ["fit", path, *long, "-f", "multinomial", "-k", "2", "-o", out]
    done = command_of(*asked)
    assert done.exit_code == 0, done.stderr
    frame = baskets()
    draws = MultinomialMixture.from_draws(frame["product"], frame["basket"], frame["pieces"])
    found = MultinomialMixture(2, n_init=10, random_state=0).fit(draws)
    mixture = load(out / "model.mixtura")
    assert sorted(mixture.weights) == pytest.approx(sorted(found.weights_), abs=1e-4)
    pd.DataFrame({"basket": ["n", "n"], "product": ["w", "new"], "pieces": [3, 1]}).to_csv(
        tmp_path / "more.csv", index=False
    )
    told = command_of("predict", out / "model.mixtura", tmp_path / "more.csv", *long)
    assert told.exit_code == 0, told.stderr
    row = pd.DataFrame([{"w": 3.0, "x": 0.0, "y": 0.0, "z": 0.0}])[list(mixture.columns)]
    assert told.stdout.splitlines()[1].split(",")[1] == str(*mixture.predict(row))
