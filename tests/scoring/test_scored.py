"""What a model says of rows one by one, from files of any size."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.exceptions import NotFittedError

from mixtura import (
    CategoricalMixture,
    DataError,
    GaussianMixture,
    GaussianMixtureClassifier,
    MixedMixture,
    MixtureRegressor,
    ParameterError,
    assignments,
    dataset,
)
from mixtura.cli.command import command

NAMES = ("a", "b")


def rows_of(seed, n_rows=3000):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, 2)) + 4 * rng.integers(3, size=(n_rows, 1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place, start = tmp_path_factory.mktemp("parts"), 0
    for number, part in enumerate(np.array_split(rows_of(0), 3)):
        table = pa.table({name: part[:, j] for j, name in enumerate(NAMES)})
        people = [f"p{start + row}" for row in range(len(part))]
        start += len(part)
        table = table.append_column("person", pa.array(people))
        table = table.append_column("n", pa.array(np.ones(len(part))))
        pq.write_table(table, place / f"{number}.parquet", row_group_size=170)
    return place


@pytest.fixture(scope="module")
def model():
    return GaussianMixture(3, random_state=0).fit(pd.DataFrame(rows_of(0), columns=NAMES))


def whole(found):
    return pa.concat_tables(list(found))


def test_they_are_what_bayes_rule_says(folder, model):
    found = whole(assignments(model, folder, ids="person", proba=True))
    joint = np.column_stack(
        [
            np.log(weight) + multivariate_normal(mean, covariance).logpdf(rows_of(0))
            for weight, mean, covariance in zip(
                model.weights_, model.means_, model.covariances_, strict=True
            )
        ]
    )
    density = logsumexp(joint, axis=1)
    shares = np.exp(joint - density[:, None])
    assert found["person"].to_pylist() == [f"p{row}" for row in range(3000)]
    assert_allclose(found["log_density"], density, rtol=1e-9)
    for k in range(3):
        assert_allclose(found[f"p{k}"], shares[:, k], atol=1e-9)
    assert_array_equal(found["component"], shares.argmax(axis=1))
    assert_allclose(found["probability"], shares.max(axis=1), rtol=1e-9)
    assert_allclose(found["uncertainty"], 1 - shares.max(axis=1), atol=1e-9)


def test_no_part_is_more_than_the_rows_that_are_read_at_once(folder, model):
    assert {part.num_rows for part in assignments(model, folder)} == {170, 150}


def test_rows_without_identifiers_are_numbered(folder, model):
    found = whole(assignments(model, folder))
    assert found["row"].to_pylist() == list(range(3000))


def test_the_command_writes_the_same_file(folder, model, tmp_path):
    model.save(tmp_path / "m.mixtura")
    assignments(model, folder, ids="person", proba=True).to_parquet(tmp_path / "own.parquet")
    asked = ["predict", tmp_path / "m.mixtura", folder / "*.parquet", "--id", "person", "--proba"]
    asked += ["--memory", "20kB", "-o", tmp_path / "other.parquet"]
    found = CliRunner().invoke(command, [str(each) for each in asked])
    assert found.exit_code == 0, found.output
    own, other = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("own", "other"))
    assert own.equals(other)


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table])
def test_it_hands_itself_to_what_reads_streams_of_arrow(folder, model, make):
    found = make(assignments(model, folder, ids="person"))
    assert found.shape == (3000, 5)
    assert_array_equal(np.asarray(found["component"]), model.mixture_.predict(rows_of(0)))


@pytest.mark.parametrize(
    "data",
    [
        rows_of(0),
        pd.DataFrame(rows_of(0), columns=NAMES)[["b", "a"]],
        pl.DataFrame(rows_of(0), schema=list(NAMES)),
        lambda: iter(np.array_split(rows_of(0), 4)),
        [pd.DataFrame(part, columns=NAMES) for part in np.array_split(rows_of(0), 4)],
    ],
    ids=["array", "pandas", "polars", "batches", "frames"],
)
def test_it_takes_what_a_dataset_is_made_of(model, data):
    found = whole(assignments(model, data))
    assert_allclose(found["log_density"], model.mixture_.log_density(rows_of(0)), rtol=1e-12)


def test_columns_of_weights_and_identifiers_are_none_of_a_model_without_names(folder):
    model = GaussianMixture(3, random_state=0).fit(rows_of(0))
    given = dataset(folder, weights="n", memory="20kB")
    found = whole(assignments(model, given, ids="person"))
    assert_array_equal(found["component"], model.predict(rows_of(0)))


def test_a_fit_to_the_same_dataset_is_asked_at_no_cost_of_memory(folder):
    with dataset(folder, list(NAMES), memory="20kB") as data:
        model = GaussianMixture(3, random_state=0).fit(data)
        found = whole(assignments(model, data, ids="person"))
        assert_array_equal(found["component"], model.predict(data))


def answers(seed=3, n_rows=900):
    rng = np.random.default_rng(seed)
    side = rng.integers(2, size=n_rows)
    items = {name: np.array(["01", "1", "2"])[side + (rng.random(n_rows) < 0.2)] for name in "pqr"}
    return items, rng.normal(size=n_rows) + 5 * side


def test_categories_and_identifiers_of_text_files_stay_as_they_are_spelled(tmp_path):
    items, length = answers()
    frame = pd.DataFrame(items | {"length": length})
    frame["who"] = [f"{row:04d}" for row in range(len(frame))]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    blocks = {"categorical": list("pqr"), "gaussian": ["length"]}
    for model in (
        CategoricalMixture(2, random_state=0).fit(frame[list("pqr")]),
        MixedMixture(2, blocks, random_state=0).fit(frame),
    ):
        found = whole(assignments(model, tmp_path / "rows.csv", ids="who"))
        assert found["who"].to_pylist() == frame["who"].tolist()
        assert_array_equal(found["component"], model.predict(frame))
        assert_allclose(found["log_density"], model.score_samples(frame), rtol=1e-12)


def test_codes_of_missing_cells_are_none_of_identifiers(tmp_path):
    frame = pd.DataFrame(rows_of(1, 500), columns=NAMES)
    model = GaussianMixture(2, missing="marginal", random_state=0).fit(frame)
    frame.loc[3, "a"], frame["who"] = 99.0, np.arange(500)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    given = dataset(tmp_path / "rows.csv", missing=["99"])
    found = whole(assignments(model, given, ids="who"))
    gappy = frame[list(NAMES)].replace(99.0, np.nan)
    assert found["who"].to_pylist()[99] == "99"
    assert_allclose(found["log_density"], model.score_samples(gappy), rtol=1e-9)


def test_a_missing_cell_is_an_error_where_the_fit_takes_none(model, tmp_path):
    frame = pd.DataFrame(rows_of(1, 500), columns=NAMES)
    frame.loc[3, "a"] = np.nan
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "rows.parquet")
    with pytest.raises(DataError, match=r"rows\.parquet', row group 0.*'a'.*row 3"):
        list(assignments(model, tmp_path / "rows.parquet"))


def test_a_classifier_says_classes(folder):
    rows = rows_of(0)
    labels = np.array(["low", "high"])[(rows.sum(axis=1) > 8).astype(int)]
    frame = pd.DataFrame(rows, columns=NAMES)
    model = GaussianMixtureClassifier(random_state=0).fit(frame, labels)
    found = whole(assignments(model, folder, proba=True))
    assert found["class"].to_pylist() == model.predict(frame).tolist()
    assert_allclose(found["p_high"], model.predict_proba(frame)[:, 0], atol=1e-12)


def test_components_are_called_by_their_names_and_noise_by_minus_one(folder):
    frame = pd.DataFrame(rows_of(0), columns=NAMES)
    noisy = GaussianMixture(2, noise="uniform", random_state=0).fit(frame)
    found = whole(assignments(noisy, folder))
    assert_array_equal(found["component"], noisy.predict(frame))
    named = GaussianMixture(2, random_state=0).fit(frame).relabel(["x", "y"])
    found = whole(assignments(named.mixture_, folder, proba=True))
    assert set(found["component"].to_pylist()) == {"x", "y"}
    assert {"p_x", "p_y"} <= set(found.column_names)


def test_identifiers_that_are_missing_in_some_part_stay_missing(model, tmp_path):
    parts = np.array_split(rows_of(1, 60), 3)
    held = [["a"] * 20, [None] * 20, ["b"] * 20]
    frames = [
        pd.DataFrame(part, columns=NAMES).assign(who=own)
        for part, own in zip(parts, held, strict=True)
    ]
    assignments(model, frames, ids="who").to_parquet(tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["who"].to_pylist() == [
        *held[0],
        *held[1],
        *held[2],
    ]


def test_what_cannot_be_answered_is_refused_in_words(model, folder, tmp_path):
    with pytest.raises(ParameterError, match=r"should end in \.parquet"):
        assignments(model, folder).to_parquet(tmp_path / "out.csv")
    with pytest.raises(ParameterError, match="own methods"):
        assignments(MixtureRegressor(2), folder)
    with pytest.raises(ParameterError, match="name of a column"):
        assignments(model, folder, ids=["person"])
    with pytest.raises(ParameterError, match="rows have no names"):
        list(assignments(model, rows_of(0), ids="person"))
    with pytest.raises(DataError, match="no column 'persons'; did you mean 'person'"):
        list(assignments(model, folder, ids="persons"))
    with pytest.raises(DataError, match="no rows"):
        list(assignments(model, []))
    with pytest.raises(DataError, match="no rows"):
        assignments(model, []).to_parquet(tmp_path / "out.parquet")
    spent = dataset(iter([rows_of(0)]))
    list(assignments(model, spent))
    with pytest.raises(DataError, match="read already"):
        list(assignments(model, spent))
    kinds = [pd.DataFrame(rows_of(1, 9), columns=NAMES).assign(who=own) for own in (1, "b")]
    with pytest.raises(DataError, match=r"'who' holds int64 in the first rows and .*string"):
        list(assignments(model, kinds, ids="who"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["rows.parquet", "rows.pq", "last/rows.parquet"])
def test_no_file_is_replaced_that_is_read(model, tmp_path, name):
    target = tmp_path / name
    target.parent.mkdir(exist_ok=True)
    frame = pd.DataFrame(rows_of(2, 20), columns=NAMES)
    frame.to_parquet(tmp_path / "first.parquet")
    frame.to_parquet(target)
    before = target.read_bytes()
    for data in (target, str(target), [tmp_path / "first.parquet", target], dataset(target)):
        with pytest.raises(ParameterError, match="would be replaced; name another file"):
            assignments(model, data).to_parquet(tmp_path / "." / name)
    assert target.read_bytes() == before


@pytest.mark.parametrize("first", [pa.string(), pa.large_string()])
def test_identifiers_are_texts_however_long_texts_may_be(model, first):
    tables = [pa.table(dict(zip(NAMES, rows_of(1, 9).T, strict=True))) for _ in range(2)]
    kinds = [first, pa.large_string() if first == pa.string() else pa.string()]
    people = [pa.array([f"p{row}" for row in range(9)], kind) for kind in kinds]
    given = [one.append_column("who", own) for one, own in zip(tables, people, strict=True)]
    found = whole(assignments(model, given, ids="who"))
    assert found["who"].to_pylist() == 2 * people[0].to_pylist()


def test_an_estimator_that_is_not_fitted_says_so(folder):
    with pytest.raises(NotFittedError):
        assignments(GaussianMixture(2), folder)


def test_without_arrow_it_is_said_what_to_install(model, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in [name for name in sys.modules if name.startswith("mixtura.scoring.s")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ParameterError, match=r"mixtura\[arrow\]"):
        assignments(model, rows_of(0))
