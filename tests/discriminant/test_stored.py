"""A classifier comes back from a model file as it was saved."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.testing import assert_array_equal

from mixtura import (
    CategoricalMixture,
    GaussianMixtureClassifier,
    MixedMixture,
    MixtureClassifier,
    ModelFileError,
    ParameterError,
    PoissonMixture,
    load,
)
from mixtura.archive import read_archive, write_archive
from mixtura.cli.command import command

pytestmark = pytest.mark.drawn(4)

CODES = np.arange(60) % 3


def numbers(seed: int) -> pd.DataFrame:
    rows = np.random.default_rng(seed).normal(size=(60, 2)) + 2 * CODES[:, None]
    return pd.DataFrame(rows, columns=["a", "b"])


def counts(seed: int) -> pd.DataFrame:
    return numbers(seed).abs().round()


def texts(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"a": rng.choice(list("xyz"), 60), "b": rng.choice(["u", "v"], 60)})


def mixed(seed: int) -> pd.DataFrame:
    return texts(seed).assign(c=numbers(seed)["a"])


MADE = [
    (GaussianMixtureClassifier(covariance_type=("VVV", "EEE"), random_state=0), numbers),
    (GaussianMixtureClassifier(range(1, 3), priors=np.array([0.2, 0.3, 0.5])), numbers),
    (
        MixtureClassifier(PoissonMixture(2, random_state=0)),
        lambda seed: numbers(seed).abs().round(),
    ),
    (MixtureClassifier(CategoricalMixture(), [1, 2]), texts),
    (MixtureClassifier(MixedMixture(blocks={"categorical": ["a", "b"], "gaussian": ["c"]})), mixed),
]


@pytest.mark.parametrize(("model", "rows_of"), MADE)
@pytest.mark.parametrize("labels", [["a", "b", "ccc"], [3, 1, 2], [0.0, 1.0, 2.0]])
def test_a_classifier_comes_back_to_the_bit(
    model: Any, rows_of: Any, labels: list, tmp_path: Path, fresh_seed: int
) -> None:
    rows = rows_of(fresh_seed)
    model.fit(rows, np.array(labels)[CODES])
    model.save(tmp_path / "model")
    found = load(tmp_path / "model")
    assert type(found) is type(model)
    assert_array_equal(found.predict_proba(rows), model.predict_proba(rows))
    assert found.predict(rows).dtype == model.predict(rows).dtype
    assert_array_equal(found.predict(rows), model.predict(rows))
    assert found.summary() == model.summary()
    assert_array_equal(found.feature_names_in_, model.feature_names_in_)
    found.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()
    assert_array_equal(found.fit(rows, np.array(labels)[CODES]).classes_, model.classes_)


def saved(folder: Path) -> Path:
    GaussianMixtureClassifier(covariance_type="VVV").fit(numbers(0), CODES).save(folder / "model")
    return folder / "model"


@pytest.mark.parametrize("name", ["priors", "told", "1.weights"])
def test_a_file_that_lacks_what_it_needs_is_refused(name: str, tmp_path: Path) -> None:
    arrays, document = read_archive(saved(tmp_path))
    write_archive(tmp_path / "bad", {key: arrays[key] for key in arrays if key != name}, document)
    with pytest.raises(ModelFileError, match="describe a"):
        load(tmp_path / "bad")


@pytest.mark.parametrize(
    "change",
    [{"labels": [0, 1]}, {"mixtures": []}, {"class": "str"}, {"dtype": "V8"}, {"n_columns": 1}],
)
def test_a_file_that_contradicts_itself_is_refused(change: dict, tmp_path: Path) -> None:
    arrays, document = read_archive(saved(tmp_path))
    state = {**document["classifier"], **change}
    write_archive(tmp_path / "bad", arrays, {"classifier": state})
    with pytest.raises(ModelFileError, match="describe a"):
        load(tmp_path / "bad")


def test_the_command_says_that_a_classifier_is_none_of_its_models(tmp_path: Path) -> None:
    found = CliRunner().invoke(command, ["summary", str(saved(tmp_path))])
    assert found.exit_code == 1
    assert "holds a classifier" in found.output


def test_labels_that_no_file_holds_are_named(tmp_path: Path) -> None:
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[D]")[CODES]
    model = GaussianMixtureClassifier(covariance_type="VVV").fit(numbers(0), days)
    with pytest.raises(ParameterError, match="text or numbers"):
        model.save(tmp_path / "model")
