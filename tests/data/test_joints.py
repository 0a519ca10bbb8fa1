"""Two items as one: what is told of them, and pairs that go together are fitted as they are."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner
from scipy.stats import chi2

from mixtura import CategoricalMixture, DataError, ParameterError, joint_items, load, model_fit
from mixtura.cli.command import command

NAMES = ["a", "b", "c", "d", "e"]


def answers(n_rows: int = 2000, *, together: bool = True, seed: Any = None) -> pd.DataFrame:
    """Return five answers of two classes, of which d and e go together within them."""
    rng = np.random.default_rng(seed)
    classes = rng.random(n_rows) < 0.4
    chances = np.where(classes[:, None], [0.9, 0.85, 0.8, 0.8, 0.8], [0.15, 0.2, 0.1, 0.2, 0.2])
    yes = rng.random((n_rows, 5)) < chances
    if together:
        same = rng.random(n_rows) < 0.6
        yes[same, 4] = yes[same, 3]
    return pd.DataFrame(np.where(yes, "yes", "no"), columns=NAMES)


def run(*given: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in given])


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pd", "pl", "pa"])
def test_a_pair_is_told_together_in_every_library(library: Any) -> None:
    columns = {"a": ["x", "y", None], "n": [1, 2, 3], "b": [True, None, False], "z": [7, 8, 9]}
    found = joint_items(library(columns), [("b", "a")])
    frame = found.to_pandas() if hasattr(found, "to_pandas") else found
    assert list(frame) == ["n", "b & a", "z"]
    assert frame["b & a"][0].lower() == "true & x"
    assert frame["b & a"][1:].isna().all()


def test_what_is_no_pair_is_said() -> None:
    frame = answers(10)
    for pairs, words in (
        (["ab"], "a pair should be two names"),
        ([("a",)], "a pair should be two names"),
        ([("a", "b"), ("b", "c")], "item 'b' stands twice"),
        ([("a", "a")], "item 'a' stands twice"),
    ):
        with pytest.raises(ParameterError, match=words):
            joint_items(frame, pairs)
    with pytest.raises(DataError, match="no column 'f'"):
        joint_items(frame, [("a", "f")])
    with pytest.raises(DataError, match="column 'a & b' already"):
        joint_items(frame.assign(**{"a & b": 1}), [("a", "b")])
    with pytest.raises(DataError, match="rows of an array have not"):
        joint_items(frame.to_numpy(), [("a", "b")])


def test_answers_that_go_together_are_no_class_of_their_own() -> None:
    """A likelihood-ratio test of a pair finds those that depend, and is of its size for others."""
    rejected = {True: 0, False: 0}
    for together in rejected:
        for _ in range(20):
            frame = answers(1000, together=together)
            asked = {"n_init": 3, "random_state": 0, "prior": None}
            apart = CategoricalMixture(2, **asked).fit(frame)
            joined = CategoricalMixture(2, **asked).fit(joint_items(frame, [("d", "e")]))
            ratio = 2 * (joined.log_likelihood_ - apart.log_likelihood_)
            assert ratio > -1e-3
            assert joined.n_parameters_ - apart.n_parameters_ == 2
            rejected[together] += chi2.sf(ratio, 2) < 0.05
    assert rejected[True] == 20
    assert rejected[False] <= 6


def test_the_command_fits_pairs_and_other_files_are_read_so(tmp_path: Path) -> None:
    frame = answers(seed=1)
    frame.to_csv(tmp_path / "survey.csv", index=False)
    asked = ("classes", tmp_path / "survey.csv", "-k", "1:3", "--starts", "3", "--fit", "0")
    done = run(*asked, "--dependent", "d:e", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    mixture = load(tmp_path / "out" / "model.mixtura")
    assert mixture.columns == ("a", "b", "c", "d & e")
    assert mixture.n_components == 2
    joined = joint_items(frame, [("d", "e")])
    told = model_fit(mixture, joined)
    assert f"{told.values['g2']:.3f}" in done.stdout
    # Without the pair there are three classes, or they do not fit.
    alone = run(*asked)
    assert f"{told.values['g2']:.3f}" not in alone.stdout
    said = run("predict", tmp_path / "out" / "model.mixtura", tmp_path / "survey.csv")
    assert said.exit_code == 0, said.stderr
    classes = [line.split(",")[1] for line in said.stdout.splitlines()[1:]]
    assert classes == mixture.predict(joined).astype(str).tolist()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--dependent", "d"], "a pair should be two names"),
        (["--dependent", "d:e", "--columns", "a,b,d"], "'e' is not among the columns"),
        (["--dependent", "d:e", "-f", "gaussian"], "--family gaussian has other columns"),
        (["--dependent", "d:f"], "no column 'f'"),
        (["--dependent", "d:e", "--memory", "100"], "takes rows within --memory"),
    ],
)
def test_what_the_command_cannot_join_is_said(tmp_path: Path, asked: list[str], words: str) -> None:
    answers(50).to_csv(tmp_path / "survey.csv", index=False)
    done = run("classes", tmp_path / "survey.csv", "-k", "1", *asked)
    assert done.exit_code in (1, 2)
    assert words in " ".join(done.stderr.split())
