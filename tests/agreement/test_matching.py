"""Groups are matched as a search of all permutations matches them, and as mclust does."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from mixtura import DataError
from mixtura.agreement import class_error, matched_confusion

# set.seed(1); a <- sample(3, 40, TRUE); b <- ifelse(runif(40) < .6, c(2, 3, 1)[a],
# sample(3, 40, TRUE)), by R 4.2; mclust 6.0.0: classError(b, a)$errorRate is 0.175
A = "1312133223311122223131111211222131322223"
B = "2113232311122233311213222322333222133331"


def digits(text: str) -> np.ndarray:
    return np.array([int(one) for one in text])


def error_by_search(known: np.ndarray, found: np.ndarray, weights: np.ndarray) -> float:
    """Return the least error over all ways to match the groups of one with those of the other."""
    labels, others = np.unique(known).tolist(), np.unique(found).tolist()
    if len(labels) > len(others):
        return error_by_search(found, known, weights)
    best = max(
        sum(weights[(known == a) & (found == b)].sum() for a, b in zip(labels, chosen, strict=True))
        for chosen in permutations(others, len(labels))
    )
    return 1 - best / weights.sum()


def test_the_error_is_that_of_mclust() -> None:
    assert class_error(digits(A), digits(B)) == pytest.approx(0.175)
    # classError(c(1, 1, 2, 2, 3, 3, 3, 1), rep(1:2, each = 4))
    assert class_error(np.repeat([1, 2], 4), [1, 1, 2, 2, 3, 3, 3, 1]) == pytest.approx(0.375)


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (2, 5), (5, 3), (1, 4)])
def test_no_other_match_agrees_in_more(rows: int, columns: int, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    known, found = rng.integers(rows, size=60), rng.integers(columns, size=60)
    weights = rng.uniform(size=60)
    told = matched_confusion(known, found, weights)
    assert told.error == pytest.approx(error_by_search(known, found, weights))
    assert told.agreement == pytest.approx(1 - told.error)
    assert told.counts.sum() == pytest.approx(weights.sum())
    diagonal = np.trace(told.counts) if len(told.matches) == len(told.known) else None
    if diagonal is not None:
        assert diagonal / weights.sum() == pytest.approx(told.agreement)
    for row, label in enumerate(told.known.tolist()):
        for column, other in enumerate(told.found.tolist()):
            own = weights[(known == label) & (found == other)].sum()
            assert told.counts[row, column] == pytest.approx(own)


def test_names_do_not_matter_and_a_weight_is_so_many_rows(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    known, found = rng.integers(4, size=80), rng.integers(4, size=80)
    names = np.array(["d", "b", "a", "c"])
    weights = rng.integers(1, 4, size=80)
    told = class_error(known, found, weights)
    assert class_error(names[known], found, weights) == pytest.approx(told)
    assert class_error(found, known, weights) == pytest.approx(told)
    assert class_error(known.repeat(weights), found.repeat(weights)) == pytest.approx(told)
    assert class_error(names[known], known) == 0


def test_the_table_says_which_stand_for_each_other() -> None:
    told = matched_confusion(["cat", "cat", "dog", "dog"], [1, 1, 0, 2])
    assert told.matches == (("cat", 1), ("dog", 0))
    assert told.found.tolist() == [1, 0, 2]
    counts = {"found 1": 0, "found 0": 1, "found 2": 1}
    assert told.table()[1] == {"group": "dog", "matched": 0} | counts
    assert "0.2500 of the rows" in told.summary()


@pytest.mark.parametrize(
    ("known", "found", "weights", "words"),
    [
        ([1, 2], [1, 2, 3], None, "two lists of the same rows"),
        ([[1, 2]], [[1, 2]], None, "two lists of the same rows"),
        ([], [], None, "no row of weight"),
        ([1, 2], [1, 2], [0, 0], "weight"),
        ([1, 2], [1, 2], [-1, 2], "weight"),
    ],
)
def test_what_cannot_be_matched_is_named(known, found, weights, words: str) -> None:
    with pytest.raises(DataError, match=words):
        matched_confusion(known, found, weights)


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
def test_rows_without_a_label_are_refused_by_number(gap: object) -> None:
    gappy = np.array(["a", gap, gap], dtype=object)
    with pytest.raises(DataError, match=r"known has no label at row 1 \(counted from 0\)"):
        class_error(gappy, [1, 2, 2])
    with pytest.raises(DataError, match=r"found has no label at row 1 \(counted from 0\)"):
        class_error([1, 2, 2], gappy)


def test_labels_of_text_and_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="known holds labels of several kinds"):
        class_error(np.array([1, "a"], dtype=object), [1, 2])


def test_groups_may_be_called_as_columns_of_the_table_are() -> None:
    found = matched_confusion(["a", "a", "b"], ["group", "matched", "matched"])
    assert found.table() == [
        {"group": "a", "matched": "group", "found group": 1.0, "found matched": 1.0},
        {"group": "b", "matched": "matched", "found group": 0.0, "found matched": 1.0},
    ]
