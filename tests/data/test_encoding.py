"""Columns become rows by their kinds, and rows become columns again."""

import datetime

import numpy as np
import pandas as pd
import pytest

from mixtura import (
    CategoricalMixture,
    DataError,
    GaussianMixture,
    MixedMixture,
    ModelFileError,
    load,
)
from mixtura.archive import read_archive, write_archive
from mixtura.data.encoding import decoded, encoded
from mixtura.kinds import BINARY, COUNT, EXPOSURE, NUMBER, category

KINDS = (NUMBER, COUNT, BINARY, EXPOSURE, category(("no", "yes", 1)))
COLUMNS = [[0.5, 2], [3, 0], [True, None], [1.5, 2], ["yes", None]]


def test_columns_come_back_from_rows():
    rows = encoded(COLUMNS, KINDS)
    np.testing.assert_array_equal(rows, [[0.5, 3, 1, 1.5, 1], [2, 0, np.nan, 2, -1]])
    again = decoded(rows, KINDS)
    assert [list(column) for column in again] == COLUMNS
    assert again[1].dtype == np.int64


def test_categories_alone_are_whole_numbers():
    assert encoded([["a", "b"]], [category(("b", "a"))]).dtype == np.int32


@pytest.mark.parametrize(
    ("place", "cell", "words"),
    [
        (0, np.nan, "'c0' holds NaN at row 1"),
        (0, "a", "'c0' holds 'a' at row 1 .*not a number"),
        (1, 1.5, "'c1' holds 1.5 at row 1 .*no count"),
        (2, 2, "'c2' holds 2 at row 1 .*neither 0 nor 1"),
        (3, 0, "exposure, column 'c3', holds 0 at row 1"),
        (4, "1", "'c4' holds '1' at row 1 .*known are 'no', 'yes', 1"),
    ],
)
def test_a_cell_that_is_not_of_its_kind_is_named(place, cell, words):
    columns = [list(column) for column in COLUMNS]
    columns[place][1] = cell
    with pytest.raises(DataError, match=words):
        encoded(columns, KINDS, [f"c{place}" for place in range(5)])


def test_a_stored_mixture_reads_values_and_writes_them(tmp_path):
    frame = pd.DataFrame(
        {"answer": ["yes", "no", None, "no"] * 9, "grade": [1, 2, 2, 2] * 9, "x": range(36)}
    )
    blocks = {"gaussian": ["x"], "categorical": ["answer", "grade"]}
    MixedMixture(2, blocks, random_state=0).fit(frame).save(tmp_path / "model")
    mixture = load(tmp_path / "model").mixture_
    rows = mixture.encode(frame[["grade", "x", "answer"]])
    np.testing.assert_array_equal(rows[:3], [[0, 1, 0], [1, 0, 1], [2, -1, 1]])
    assert mixture.decode(rows)[1] == ["yes", "no", None, "no"] * 9
    strange = frame.replace({"answer": {"no": "never"}})
    with pytest.raises(DataError, match=r"'answer' holds 'never' at row 1"):
        mixture.encode(strange)
    assert mixture.encode(strange, unknown="ignore")[1, 1] == -1
    with pytest.raises(DataError, match="lacks the column 'grade'"):
        mixture.encode(frame[["x", "answer"]])
    with pytest.raises(DataError, match="has 1 columns, and the fit used more"):
        mixture.encode([[1]])


def test_a_gaussian_mixture_reads_numbers():
    rows = np.random.default_rng(0).normal(size=(40, 2))
    mixture = GaussianMixture(1).fit(rows).mixture_
    np.testing.assert_array_equal(mixture.encode(rows), rows)
    np.testing.assert_array_equal(np.transpose(mixture.decode(rows)), rows)


@pytest.mark.parametrize("value", [b"a", datetime.date(2020, 1, 1), float("inf")])
def test_a_category_that_a_file_cannot_hold_is_named_before_the_fit(value):
    with pytest.raises(DataError, match=r"column 0 holds .* at row 1 .*no category"):
        CategoricalMixture(1).fit([["b"], [value]] * 3)


def test_labels_come_back_as_they_were(tmp_path):
    values = [1, "1", True, 1.5, "a\0", "a", "\u00e9", "e\u0301", 2**70, "\ud800"]
    mixture = CategoricalMixture(1).fit([[value] for value in values * 2])
    mixture.save(tmp_path / "model")
    again = load(tmp_path / "model").mixture_
    assert list(map(repr, again.kinds[0].labels)) == list(map(repr, mixture.categories_[0]))
    codes = again.encode([[value] for value in values])
    assert again.decode(codes)[0] == values


def test_a_file_with_labels_that_are_none_is_refused(tmp_path):
    CategoricalMixture(1).fit([["a"], ["b"]]).save(tmp_path / "model")
    arrays, document = read_archive(tmp_path / "model")
    document["mixture"]["labels"] = [["a", ["b"]]]
    write_archive(tmp_path / "model", arrays, document)
    with pytest.raises(ModelFileError, match="cannot hold"):
        load(tmp_path / "model")
