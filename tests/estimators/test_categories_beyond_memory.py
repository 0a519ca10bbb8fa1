"""Categories beyond memory: levels, fits and answers are those of the rows in memory."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from mixtura import (
    CategoricalMixture,
    DataError,
    MixturaWarning,
    ParameterError,
    dataset,
    enumerate_classes,
)
from mixtura.data.arrays import ArrayRows
from mixtura.data.spool import SpooledRows

pytestmark = pytest.mark.drawn(3, among="file")

N_ROWS = 4000


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Go over the rows in many blocks."""
    monkeypatch.setattr("mixtura.data.spool.CHUNK_CELLS", 3000)
    monkeypatch.setattr("mixtura.data.blocks.AT_ONCE", 1000)


def survey_of(seed, n_rows=N_ROWS, gaps=0.1):
    """Return answers of two classes: text, text that looks like numbers, numbers, truth values."""
    rng = np.random.default_rng(seed)
    sides = rng.integers(2, size=n_rows)

    def answers(levels):
        shares = rng.dirichlet(np.ones(len(levels)), size=2)
        places = (rng.random(n_rows)[:, None] > shares.cumsum(axis=1)[sides]).sum(axis=1)
        # Not as Python values of NumPy, which Arrow would refuse in a list.
        cells = [levels[min(place, len(levels) - 1)] for place in places]
        missing = rng.random(n_rows) < gaps
        return [None if gone else cell for cell, gone in zip(cells, missing, strict=True)]

    columns = {
        "colour": answers(["red", "blue", "Äpfel", ""]),
        "size": answers(["10", "9", "1"]),
        "stars": answers([5, 1, 3]),
        "half": answers([0.5, -1.5, 2.0]),
        "owns": answers([True, False]),
    }
    # A level that stands before all others in order, and comes last.
    columns["colour"][-1] = "aaa"
    return pa.table(columns)


def in_files(table, folder, seed, n_files=3, weights=None):
    """Write a table into files and row groups that are cut anywhere."""
    rng = np.random.default_rng(seed)
    if weights is not None:
        table = table.append_column("n", pa.array(weights))
    cuts = np.sort(rng.integers(table.num_rows + 1, size=n_files - 1))
    for number, (start, stop) in enumerate(zip([0, *cuts], [*cuts, table.num_rows], strict=True)):
        part = table.slice(start, stop - start)
        pq.write_table(part, folder / f"{number}.parquet", row_group_size=int(rng.integers(1, 900)))
    return folder


def assert_same_fit(one, other):
    assert one.log_likelihood_ == other.log_likelihood_
    assert one.n_iter_ == other.n_iter_
    assert_array_equal(one.weights_, other.weights_)
    assert [[(type(x), x) for x in own] for own in one.categories_] == [
        [(type(x), x) for x in own] for own in other.categories_
    ]
    for found, expected in zip(one.probabilities_, other.probabilities_, strict=True):
        assert_array_equal(found, expected)
    facts = [{**model.facts_, "seconds": 0} for model in (one, other)]
    assert facts[0] == facts[1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_has_the_same_bits(tmp_path, seed, weighted):
    table = survey_of(seed)
    weights = np.random.default_rng(seed).choice([0, 0.3, 1.7], N_ROWS) if weighted else None
    expected = CategoricalMixture(2, random_state=0).fit(table, sample_weight=weights)
    folder = in_files(table, tmp_path, seed, weights=weights)
    with dataset(folder, weights="n" if weighted else None, memory=1000) as data:
        model = CategoricalMixture(2, random_state=0).fit(data)
        assert not data.is_in_memory
        assert (data.n_rows, data.n_columns) == (N_ROWS, 5)
        assert_same_fit(model, expected)
        assert tuple(model.feature_names_in_) == tuple(table.column_names)
        assert_array_equal(model.predict(data), expected.predict(table))
        assert_array_equal(model.predict_proba(data), expected.predict_proba(table))
        assert_array_equal(model.score_samples(data), expected.score_samples(table))
        for criterion in ("score", "bic", "aic", "icl"):
            found = getattr(model, criterion)(data)
            assert found == getattr(expected, criterion)(table, sample_weight=weights)


def test_whatever_a_block_holds_the_bits_are_the_same(tmp_path, monkeypatch):
    folder, found = in_files(survey_of(5), tmp_path, 5), []
    for cells in (50, 777, 1 << 20):
        monkeypatch.setattr("mixtura.data.spool.CHUNK_CELLS", cells)
        with dataset(folder, memory=1000) as data:
            found.append(CategoricalMixture(2, random_state=0).fit(data))
    assert_same_fit(found[0], found[1])
    assert_same_fit(found[0], found[2])


@pytest.mark.parametrize("options", [{"engine": "serial"}, {"engine": "processes", "n_jobs": 2}])
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_that_are_nearly_all_different_are_swept(tmp_path, options, weighted):
    rng = np.random.default_rng(3)
    letters = np.array(list("zyxwvutsrqponm"))
    rows = letters[rng.integers(14, size=(9000, 4)) // (1 + rng.integers(2, size=(9000, 1)))]
    table = pa.table({name: rows[:, j] for j, name in enumerate("abcd")})
    weights = rng.choice([0.0, 0.5, 2.0], 9000) if weighted else None
    asked = {"random_state": 0, "max_iter": 30}
    folder = in_files(table, tmp_path, 1, weights=weights)
    with dataset(folder, weights="n" if weighted else None, memory=1000) as data:
        model = CategoricalMixture(3, **asked, **options)
        assert isinstance(model._sourced(data, None, 3, 3).source, SpooledRows)
        expected = CategoricalMixture(3, **asked).fit(table, sample_weight=weights)
        assert_same_fit(model.fit(data), expected)


def test_few_different_rows_are_fitted_in_memory(tmp_path):
    with dataset(in_files(survey_of(7), tmp_path, 7), memory=1000) as data:
        source = CategoricalMixture(2)._sourced(data, None, 2, 2).source
    assert isinstance(source, ArrayRows)
    assert source.total_weight == N_ROWS


def test_different_rows_that_memory_does_not_hold_are_swept_to_the_same_end(tmp_path, monkeypatch):
    table = survey_of(7)
    monkeypatch.setattr("mixtura.estimators.categorical.MOST_PATTERN_CELLS", 100)
    expected = CategoricalMixture(2, random_state=0).fit(table)
    with dataset(in_files(table, tmp_path, 7), memory=1000) as data:
        model = CategoricalMixture(2, random_state=0)
        assert isinstance(model._sourced(data, None, 2, 2).source, SpooledRows)
        assert model.fit(data).log_likelihood_ == pytest.approx(expected.log_likelihood_, rel=1e-7)


def test_codes_take_one_byte_where_levels_are_few(tmp_path):
    with dataset(in_files(survey_of(8), tmp_path, 8), memory=1000) as data:
        coded = data.coded()
        assert coded.rows.path.stat().st_size == 5 * N_ROWS
        assert coded.labels[0] == ("", "aaa", "blue", "red", "Äpfel")
        assert coded.labels[1] == ("1", "10", "9")
        assert coded.labels[3] == (-1.5, 0.5, 2)
    rng = np.random.default_rng(0)
    table = pa.table({"a": [f"{cell:03d}" for cell in rng.integers(200, size=N_ROWS)]})
    with dataset(table, memory=1000, cache=tmp_path) as data:
        assert data.coded().rows.path.stat().st_size == 2 * N_ROWS
        codes = np.concatenate(list(data.coded().batches()))[:, 0]
        assert [data.coded().labels[0][code] for code in codes] == table["a"].to_pylist()


def sources(table, folder):
    frame = table.to_pandas()
    yield "files", in_files(table, folder, 1)
    yield "frames of pandas", [frame[:1000], frame[1000:]]
    yield "pandas, as categories", [frame.astype({"colour": "category", "size": "category"})]
    yield "frames of polars", [pl.from_arrow(table.slice(0, 99)), pl.from_arrow(table.slice(99))]
    yield "batches", table.to_batches(max_chunksize=333)
    yield (
        "dictionaries",
        [table.set_column(0, "colour", table["colour"].combine_chunks().dictionary_encode())],
    )
    yield "rows", [np.array(table.to_pandas(), dtype=object)]


@pytest.mark.parametrize("memory", ["1 GB", 1000])
def test_categories_come_in_many_ways(tmp_path, memory):
    table = survey_of(9)
    expected = CategoricalMixture(2, random_state=0).fit(table)
    for name, source in sources(table, tmp_path):
        with dataset(source, memory=memory, cache=tmp_path) as data:
            model = CategoricalMixture(2, random_state=0).fit(data)
            assert model.log_likelihood_ == expected.log_likelihood_, name
            assert model.categories_ == expected.categories_, name
            assert_array_equal(model.predict(data), expected.predict(table), name)
            assert data.is_in_memory == (memory != 1000), name


@pytest.mark.parametrize("name", ["x.csv", "x.tsv.gz"])
def test_blank_cells_of_a_text_file_are_missing(tmp_path, name):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.choice(["u", "v", "w"], 900), "b": rng.integers(3, size=900)})
    frame.loc[rng.random(900) < 0.2, "a"] = None
    frame.to_csv(tmp_path / name, index=False, sep="\t" if "tsv" in name else ",")
    expected = CategoricalMixture(2, random_state=0).fit(frame)
    with dataset(tmp_path / name, memory=1000) as data:
        model = CategoricalMixture(2, random_state=0).fit(data)
    assert_same_fit(model, expected)


def test_files_may_have_their_columns_in_another_order(tmp_path):
    table = survey_of(11)
    expected = CategoricalMixture(2, random_state=0).fit(table)
    turned = table.select(table.column_names[::-1]).slice(2000)
    with dataset([table.slice(0, 2000), turned], memory=1000, cache=tmp_path) as data:
        assert_same_fit(CategoricalMixture(2, random_state=0).fit(data), expected)


def test_a_search_too(tmp_path):
    table = survey_of(12)
    one, other = (CategoricalMixture(random_state=0) for _ in range(2))
    expected = one.select(table, [1, 2, 3])
    with dataset(in_files(table, tmp_path, 2), memory=1000) as data:
        found = other.select(data, [1, 2, 3])
    assert [each.row() | {"seconds": 0} for each in found.ranked] == [
        each.row() | {"seconds": 0} for each in expected.ranked
    ]
    assert_same_fit(other, one)


def test_numbers_of_classes_are_compared_too(tmp_path):
    table = survey_of(19)
    expected = enumerate_classes(table, [1, 2, 3], random_state=0)
    with dataset(in_files(table, tmp_path, 2), memory=1000) as data:
        found = enumerate_classes(data, [1, 2, 3], random_state=0)
    assert [each.row() | {"seconds": 0} for each in found.selection.ranked] == [
        each.row() | {"seconds": 0} for each in expected.selection.ranked
    ]


def test_noise_too(tmp_path):
    table = survey_of(13)
    asked = {"noise": "uniform", "random_state": 0}
    expected = CategoricalMixture(2, **asked).fit(table)
    with dataset(in_files(table, tmp_path, 2), memory=1000) as data:
        assert_same_fit(CategoricalMixture(2, **asked).fit(data), expected)


def test_levels_that_the_fit_did_not_see_are_named_or_left_out(tmp_path):
    table = survey_of(14)
    seen = table.slice(0, N_ROWS - 1)
    model = CategoricalMixture(2, random_state=0).fit(seen)
    with dataset(in_files(table, tmp_path, 3), memory=1000) as data:
        with pytest.raises(
            DataError,
            match=r"of the part from row 3600 on: column 'colour' holds 'aaa' at row 399 ",
        ):
            model.predict(data)
        model.set_params(unknown="ignore")
        assert_array_equal(model.predict(data), model.predict(table))


def test_one_and_true_are_not_the_same_level(tmp_path):
    model = CategoricalMixture(1).fit(pa.table({"a": [0, 1, 1], "b": ["x", "y", "x"]}))
    truths = pa.table({"a": [True, False], "b": ["x", "y"]})
    with (
        dataset(truths, memory=0, cache=tmp_path) as data,
        pytest.raises(DataError, match="column 'a' holds True at row 0"),
    ):
        model.predict(data)


def test_what_categories_cannot_be_is_named(tmp_path):
    table = survey_of(15, 500).append_column("gone", pa.nulls(500))
    with (
        dataset(table, memory=1000, cache=tmp_path) as data,
        pytest.raises(DataError, match="column 'gone' is missing in every row; drop it"),
    ):
        CategoricalMixture(2).fit(data)
    half = [pa.table({"a": [0.5, 1.0]}), pa.table({"a": [1.0, float("inf")]})]
    with (
        dataset(half, memory=0, cache=tmp_path) as data,
        pytest.raises(
            DataError, match=r"batch 1 \(counted from 0\): column 'a' holds inf at row 1"
        ),
    ):
        CategoricalMixture(2).fit(data)
    with (
        dataset(half[:1], memory=0, cache=tmp_path) as data,
        pytest.raises(ParameterError, match="leave responsibilities_init out"),
    ):
        CategoricalMixture(2, responsibilities_init=np.full((2, 2), 0.5)).fit(data)
    assert not list(tmp_path.glob("mixtura-rows-*"))


def test_an_identifier_beyond_memory_is_refused_and_many_levels_are_told(tmp_path):
    names = pa.table({"id": [f"n{row}" for row in range(40_000)]})
    with (
        dataset(names, memory=1000, cache=tmp_path) as data,
        pytest.raises(DataError, match="column 'id' has more than 32,768 levels"),
    ):
        CategoricalMixture(2).fit(data)
    some = pa.table({"id": [f"n{row % 1500}" for row in range(6000)], "b": ["x", "y"] * 3000})
    with (
        dataset(some, memory=1000, cache=tmp_path) as data,
        pytest.warns(MixturaWarning, match="column 'id' has 1,500 levels in 6,000 rows"),
    ):
        CategoricalMixture(1).fit(data)


def test_text_is_no_number(tmp_path):
    with (
        dataset(in_files(survey_of(16), tmp_path, 4), memory=1000) as data,
        pytest.raises(DataError, match=r"column 'colour' holds .* which is not a number"),
    ):
        np.asarray(data)


def test_what_gives_rows_once_is_read_for_categories_once():
    table = survey_of(17)
    data = dataset(part for part in [table])
    model = CategoricalMixture(2, random_state=0).fit(data)
    assert_array_equal(model.predict(data), model.predict(table))
    with pytest.raises(DataError, match="gives its rows once, and they were read already"):
        np.asarray(data)


def test_the_peak_of_memory_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("mixtura.data.spool.CHUNK_CELLS", 1 << 16)
    part, peaks = survey_of(18, 20_000), []
    for n_parts in (4, 16):
        with dataset(lambda count=n_parts: iter([part] * count), memory=1000, cache=tmp_path) as x:
            tracemalloc.start()
            CategoricalMixture(2, random_state=0, max_iter=5).fit(x)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
