"""What is known of rows' components by the name of a column, in memory and beyond it."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    FactorAnalyserMixture,
    GaussianMixture,
    MixedMixture,
    ParameterError,
    PoissonMixture,
    StudentTMixture,
    dataset,
)
from mixtura.data import ArrayRows
from mixtura.data.columns import source_of_columns
from mixtura.data.masks import MaskedRows, SpooledCodes
from mixtura.data.spool import SpooledRows
from mixtura.data.stand_ins import cells_of, ends_of

pytestmark = pytest.mark.drawn(3)

NAMES = list("abc")
FEW = "20 kB"


def sides(seed, n_rows, known=0.15):
    rng = np.random.default_rng(seed)
    side = rng.integers(3, size=n_rows)
    return rng, side, np.where(rng.random(n_rows) < known, side, -1)


def numbers(seed, n_rows=4000):
    rng, side, kind = sides(seed, n_rows)
    rows = rng.normal(size=(n_rows, 3)) + 2 * side[:, None]
    return pd.DataFrame(rows, columns=NAMES).assign(kind=kind)


def gappy(seed):
    frame = numbers(seed)
    rng = np.random.default_rng(seed + 100)
    frame[NAMES] = frame[NAMES].mask(rng.random((len(frame), 3)) < 0.2)
    # Of some nothing is known but their component.
    frame.loc[frame.index[:40], NAMES] = np.nan
    return frame


def counts(seed):
    rng, side, kind = sides(seed, 4000)
    rows = rng.poisson(2.0 + 3 * side[:, None], (4000, 3)).astype(float)
    return pd.DataFrame(rows, columns=NAMES).assign(kind=kind)


def answers(seed):
    rng, side, kind = sides(seed, 4000)
    cells = np.array(["no", "so", "yes"])[(side[:, None] + (rng.random((4000, 3)) < 0.3)) % 3]
    return pd.DataFrame(cells, columns=NAMES).assign(kind=kind)


def mixed(seed):
    return answers(seed)[["a", "b"]].assign(c=numbers(seed)["c"], kind=numbers(seed)["kind"])


def yes_or_no(seed):
    rng, side, kind = sides(seed, 4000)
    cells = (rng.random((4000, 3)) < 0.2 + 0.3 * side[:, None]).astype(float)
    return pd.DataFrame(cells, columns=NAMES).assign(kind=kind)


BLOCKS = {"categorical": ["a", "b"], "gaussian": ["c"]}
CASES = {
    "gaussian": (GaussianMixture(3), numbers),
    "tied": (GaussianMixture(3, covariance_type="EEI", algorithm="em"), numbers),
    "noise": (GaussianMixture(3, noise="uniform"), numbers),
    "gaps": (GaussianMixture(3, missing="marginal"), gappy),
    "t": (StudentTMixture(3), numbers),
    "factors": (FactorAnalyserMixture(3, n_factors=1), numbers),
    "poisson": (PoissonMixture(3), counts),
    "bernoulli": (BernoulliMixture(3), yes_or_no),
    "categorical": (CategoricalMixture(3), answers),
    "mixed": (MixedMixture(3, BLOCKS), mixed),
}


def written(frame, folder):
    for number, part in enumerate(np.array_split(np.arange(len(frame)), 3)):
        table = pa.Table.from_pandas(frame.iloc[part], preserve_index=False)
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=333)
    return folder


def numbers_of(model):
    return [*model.mixture_.table()], model.log_likelihood_, sorted(model.facts_["notes"])


@pytest.mark.parametrize("case", CASES)
def test_a_fit_has_the_same_bits_wherever_rows_and_labels_are(case, tmp_path):
    model, make = CASES[case]
    frame = make(len(case))
    model.set_params(random_state=0, use_y=True)
    expected = numbers_of(model.fit(frame[NAMES], frame["kind"]))
    said = model.predict(frame[NAMES])
    assert numbers_of(model.fit(frame, "kind")) == expected
    with dataset(written(frame, tmp_path), memory=FEW) as data:
        found = numbers_of(model.fit(data, "kind"))
        assert_array_equal(model.predict(data), said)
    assert found[2] == expected[2]
    if case == "categorical":
        # Known rows are swept as they come.
        assert found[1] == pytest.approx(expected[1], abs=1e-6)
    else:
        assert found == expected
    with dataset(tmp_path) as data:
        assert numbers_of(model.fit(data, "kind")) == expected


@pytest.mark.parametrize("engine", ["processes", "serial"])
def test_workers_know_what_is_known(engine, tmp_path):
    frame = numbers(5)
    asked = {"random_state": 0, "engine": engine, "n_jobs": None if engine == "serial" else 2}
    with dataset(written(frame, tmp_path), memory=FEW) as data:
        found = GaussianMixture(3, **asked).fit(data, "kind")
    inside = GaussianMixture(3, random_state=0).fit(frame[NAMES], frame["kind"])
    assert_array_equal(found.means_, inside.means_)


def test_weights_of_a_column_count_rows_and_labels(tmp_path):
    frame = numbers(6)
    weights = np.random.default_rng(1).integers(0, 4, len(frame)).astype(float)
    with dataset(written(frame.assign(n=weights), tmp_path), weights="n", memory=FEW) as data:
        found = GaussianMixture(3, random_state=0).fit(data, "kind")
    inside = GaussianMixture(3, random_state=0).fit(frame[NAMES], frame["kind"], weights)
    assert_array_equal(found.means_, inside.means_)
    assert found.log_likelihood_ == inside.log_likelihood_


def test_the_sample_that_starts_are_found_on_is_that_of_memory(tmp_path):
    frame = numbers(7, 9000)
    with dataset(written(frame, tmp_path), memory=FEW).labelled("kind") as data:
        beyond: object = data.rows
        rows, kind = frame[NAMES].to_numpy(), frame["kind"].to_numpy() % 4
        masks = np.vstack([~np.eye(3, dtype=bool), np.zeros((1, 3), dtype=bool)])
        inside = MaskedRows(ArrayRows(rows), kind, masks)
        outside = MaskedRows(beyond, SpooledCodes(beyond, 3), masks)
        for size in (500, 20_000):
            one = inside.masked_subsample(size, 4, 3)
            other = outside.masked_subsample(size, 4, 3)
            first, second = one.block(0, one.n_rows), other.block(0, other.n_rows)
            assert_array_equal(first.rows, second.rows)
            assert_array_equal(first.excluded, second.excluded)
            assert_array_equal(first.weights, second.weights)
        assert (inside.n_known, inside.n_narrowed) == (outside.n_known, outside.n_narrowed)


def test_what_all_rows_say_is_not_asked_of_all_at_once(tmp_path, monkeypatch):
    frame = numbers(13, 9000)
    with dataset(written(frame, tmp_path), memory=FEW).labelled("kind") as data:
        beyond: object = data.rows
        masked = MaskedRows(beyond, SpooledCodes(beyond, 3), np.eye(4, 3, dtype=bool))
        whole = SpooledRows.block

        def some(self, start, stop):
            assert stop - start < len(frame)
            return whole(self, start, stop)

        monkeypatch.setattr(SpooledRows, "block", some)
        monkeypatch.setattr("mixtura.data.blocks.AT_ONCE", 1000)
        low, high = ends_of(masked)
        assert_array_equal(low, frame[NAMES].min())
        assert_array_equal(high, frame[NAMES].max())
        assert {*cells_of(masked)[:, 0]} == {*frame["a"]}
        first = source_of_columns(masked, slice(0, 1))
        assert_array_equal(first.block(5, 9).rows, frame[["a"]].iloc[5:9])


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.Table.from_pandas])
def test_a_column_that_is_named_is_none_of_those_fitted(make):
    frame = numbers(8)
    found = GaussianMixture(3, random_state=0).fit(make(frame), "kind")
    assert list(found.feature_names_in_) == NAMES
    assert found.predict(make(frame)).shape == (len(frame),)


def test_naming_a_column_means_it_whatever_it_holds():
    frame = numbers(9).query("kind >= 0")
    found = GaussianMixture(3, random_state=0).fit(frame, "kind")
    means = frame.groupby("kind").mean().to_numpy()
    assert np.abs(found.means_ - means).max() < 1e-6


def test_parts_that_arrive_have_their_column_too():
    frame = numbers(10)
    model = GaussianMixture(3, random_state=0).fit(frame, "kind")
    other = GaussianMixture(3, random_state=0).fit(frame[NAMES], frame["kind"])
    more = numbers(11)
    model.partial_fit(more, "kind")
    other.partial_fit(more[NAMES], more["kind"])
    assert_array_equal(model.means_, other.means_)


def test_what_cannot_be_known_is_refused_in_words(tmp_path):
    frame = numbers(12)
    model = GaussianMixture(3, random_state=0)
    with pytest.raises(ParameterError, match="rows have no names"):
        model.fit(frame[NAMES].to_numpy(), "kind")
    with pytest.raises(DataError, match="no column 'kin'"):
        model.fit(frame, "kin")
    frame.loc[2900, "kind"] = 3
    data = dataset(written(frame, tmp_path), memory=FEW)
    for rows in (frame, data):
        with pytest.raises(DataError, match=r"y holds 3(\.0)? at row 2900"):
            model.fit(rows, "kind")
    with pytest.raises(ParameterError, match="name of the column"):
        model.fit(data, frame["kind"])
    with pytest.raises(ParameterError, match="give n_components"):
        GaussianMixture("auto").fit(data, "kind")
    with pytest.raises(DataError, match="no row of weight for component 3"):
        frame.loc[2900, "kind"] = 2
        GaussianMixture(4).fit(frame.query("kind >= 0"), "kind")
    other = dataset(tmp_path, [*NAMES, "kind"], memory=FEW)
    with pytest.raises(ParameterError, match="leave one of them out"):
        model.fit(other, "kind")
    words = tmp_path / "words"
    words.mkdir()
    pq.write_table(pa.table({"a": [1.0, 2.0], "kind": ["x", "y"]}), words / "0.parquet")
    with pytest.raises(DataError, match=r"words/0\.parquet.*'kind' holds 'x' at row 0"):
        model.fit(dataset(words, memory=1), "kind")
