"""Bad and odd input in places that nobody chose: twenty of a kind, drawn anew at each run.

What is expected is in the names; the numbers are those of the rows of faults that users met.
"""

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixtura
from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    ModelFileError,
    MultinomialMixture,
    NegativeBinomialMixture,
    ParameterError,
    PoissonMixture,
    StudentTMixture,
)

TWENTY = range(20)
NUMBERS = [GaussianMixture, StudentTMixture, GammaMixture]
COUNTS = [PoissonMixture, MultinomialMixture, GeometricMixture, NegativeBinomialMixture]
FIRST = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]


@pytest.fixture
def draws(fresh_seed: int) -> Callable[[int], np.random.Generator]:
    """Return what draws the problem of a number."""
    return lambda number: np.random.default_rng([fresh_seed, number])


def table(rng: np.random.Generator) -> pd.DataFrame:
    """Return amounts above zero, with names in some order."""
    shape = int(rng.integers(8, 40)), int(rng.integers(1, 6))
    return pd.DataFrame(
        rng.gamma(2.0, 3.0, shape), columns=rng.permutation(FIRST)[: shape[1]].tolist()
    )


def place(rng: np.random.Generator, frame: pd.DataFrame) -> tuple[int, str]:
    return int(rng.integers(len(frame))), str(rng.choice(frame.columns))


def refusal(model: Any, rows: Any, error: type[Exception] = DataError) -> str:
    """Return the sentence that fitting is refused by."""
    with pytest.raises(error) as caught:
        model.fit(rows)
    return str(caught.value)


def test_rows_1_and_2_a_cell_that_is_no_finite_number_is_named(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        frame, make = table(rng), NUMBERS[number % len(NUMBERS)]
        row, column = place(rng, frame)
        value = [np.nan, np.inf, -np.inf][rng.integers(3)]
        frame.loc[row, column] = value
        words = refusal(make(1), frame)
        what = "NaN" if np.isnan(value) else "infinity"
        assert f"'{column}' holds {what} at row {row} (counted from 0)" in words, words


def test_row_16_text_among_numbers_is_named(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        frame = table(rng).astype(object)
        row, column = place(rng, frame)
        frame.loc[row, column] = str(rng.choice(["red", "n/a", "1.2.3", "twelve", "=1"]))
        words = refusal((NUMBERS + COUNTS)[number % 7](1), frame)
        assert f"'{column}' holds '{frame.loc[row, column]}' at row {row}" in words, words


def test_row_17_what_is_no_count_is_named(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        frame, make = table(rng).round(), COUNTS[number % len(COUNTS)]
        row, column = place(rng, frame)
        frame.loc[row, column] = [-1.0, 0.5, -1e9, 2.25][rng.integers(4)]
        words = refusal(make(1), frame)
        assert f"'{column}' holds {frame.loc[row, column]:g} at row {row}" in words, words


def test_row_18_rows_of_zeros_have_the_mixing_weights(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        rows = rng.multinomial(12, rng.dirichlet(np.ones(4), 2)[rng.integers(2, size=60)])
        empty = rng.choice(60, int(rng.integers(1, 9)), replace=False)
        rows[empty] = 0
        model = MultinomialMixture(2, random_state=number).fit(rows)
        np.testing.assert_allclose(
            model.predict_proba(rows)[empty], np.tile(model.weights_, (len(empty), 1)), atol=1e-14
        )
        assert f"{len(empty)} row(s) hold zeros only" in model.summary()


def test_row_20_a_category_that_the_fit_did_not_see_is_named_or_missing(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        answers = pd.DataFrame(rng.choice(["a", "b", "c"], (50, 3)), columns=FIRST[:3])
        new = answers.copy()
        row, column = place(rng, new)
        new.loc[row, column] = "zz"
        model = CategoricalMixture(2, random_state=number).fit(answers)
        with pytest.raises(DataError, match=f"'{column}' holds 'zz' at row {row}"):
            model.predict(new)
        lenient = CategoricalMixture(2, unknown="ignore", random_state=number).fit(answers)
        new.loc[row, column], missing = "zz", new.copy()
        missing.loc[row, column] = None
        np.testing.assert_array_equal(lenient.predict_proba(new), lenient.predict_proba(missing))


def test_rows_21_and_22_how_categories_are_kept_changes_nothing(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        answers = pd.DataFrame(rng.choice(["low", "mid", "high"], (60, 3)), columns=FIRST[:3])
        levels = rng.permutation(["low", "mid", "high", "never"]).tolist()
        kept = answers.astype(pd.CategoricalDtype(levels, ordered=bool(rng.integers(2))))
        one = CategoricalMixture(2, random_state=number).fit(answers)
        two = CategoricalMixture(2, random_state=number).fit(kept)
        assert one.log_likelihood_ == two.log_likelihood_
        assert one.n_parameters_ == two.n_parameters_
        np.testing.assert_array_equal(one.predict_proba(kept), two.predict_proba(answers))


def test_row_23_columns_are_found_by_name_or_missed(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        frame = table(rng)
        model = GaussianMixture(1, reg_covar=1e-6).fit(frame)
        shuffled = frame[rng.permutation(frame.columns)].assign(more="text")
        density = model.mixture_.log_density
        np.testing.assert_array_equal(density(shuffled), density(frame))
        gone = str(rng.choice(frame.columns))
        with pytest.raises(DataError, match=gone):
            density(frame.rename(columns={gone: "another"}))


def test_row_25_a_row_weight_that_is_none_is_named(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        frame = table(rng)
        weights, row = rng.random(len(frame)) + 0.1, int(rng.integers(len(frame)))
        weights[row] = [-1.0, np.nan, np.inf][rng.integers(3)]
        with pytest.raises(DataError, match=rf"row {row}\b"):
            NUMBERS[number % 3](1).fit(frame, sample_weight=weights)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "3", None, np.nan, 10**9])
def test_row_26_a_number_of_components_that_is_none_is_refused(size: Any, draws: Any) -> None:
    for number, make in enumerate((*NUMBERS, *COUNTS)):
        frame = table(draws(number)).round() + 1
        assert refusal(make(size), frame, ParameterError)


def test_row_34_files_that_hold_no_rows_are_named(draws: Any, tmp_path: Path) -> None:
    contents = [b"", b"\n", b"\xef\xbb\xbf", b"a,b\n", b'"a","b"\r\n', b"\n\n  \n"]
    for number in TWENTY:
        rng = draws(number)
        path = tmp_path / f"{rng.choice(FIRST)} {number}.{rng.choice(['csv', 'tsv', 'txt'])}"
        path.write_bytes(contents[rng.integers(len(contents))])
        with pytest.raises(DataError, match=re.escape(path.name)):
            GaussianMixture(1).fit(mixtura.dataset(path))


class Trap:
    """What tells that a pickle was run."""

    ran = False

    def __reduce__(self) -> Any:
        return setattr, (Trap, "ran", True)


def test_row_54_a_pickle_is_no_model_and_is_not_run(draws: Any, tmp_path: Path) -> None:
    for number in TWENTY:
        made = pickle.dumps(Trap(), protocol=int(draws(number).integers(2, 6)))
        path = tmp_path / f"model {number}"
        path.write_bytes(made + draws(number).bytes(int(draws(number).integers(0, 200))))
        with pytest.raises(ModelFileError, match=re.escape(path.name)):
            mixtura.load(path)
    assert not Trap.ran


def test_row_14_yes_or_no_is_told_from_other_numbers(draws: Any) -> None:
    for number in TWENTY:
        rng = draws(number)
        frame = pd.DataFrame(rng.integers(0, 2, (30, 3)).astype(float), columns=FIRST[:3])
        row, column = place(rng, frame)
        frame.loc[row, column] = [2.0, -1.0, 0.5, 99999.0][rng.integers(4)]
        words = refusal(BernoulliMixture(1), frame)
        assert f"'{column}' holds {frame.loc[row, column]:g} at row {row}" in words, words
