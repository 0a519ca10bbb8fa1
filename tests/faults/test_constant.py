"""Columns of one value are left out with a warning where that is asked for (row 6)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score

import mixtura
from mixtura import (
    DataError,
    GammaMixture,
    GaussianMixture,
    MixedMixture,
    MixturaWarning,
    load,
    select,
)
from mixtura.cli.command import command

pytestmark = pytest.mark.drawn(4)

SEEDS = range(4)


def table(seed: int) -> tuple[np.ndarray, list[int]]:
    """Return rows of six columns of which some are constant, and those that are not."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(60, 6)) + np.repeat([[0.0], [9.0]], 30, axis=0)
    constant = rng.permutation(6)[: rng.integers(1, 5)]
    rows[:, constant] = rng.choice([0.0, -3.5, 1e200, 1e-300], len(constant))
    return rows, sorted({*range(6)} - {*constant.tolist()})


@pytest.mark.parametrize("kind", ["full", "spherical", "diag", "EVE"])
@pytest.mark.parametrize("seed", SEEDS)
def test_row_6_the_rest_is_fitted_as_if_it_were_all(seed: int, kind: str, tmp_path: Path) -> None:
    rows, kept = table(seed)
    estimator = GaussianMixture(2, covariance_type=kind, constant="drop", random_state=0)
    with pytest.warns(MixturaWarning, match="all rows hold one value, or none.*left out"):
        estimator.fit(rows)
    plain = GaussianMixture(2, covariance_type=kind, random_state=0).fit(rows[:, kept])
    assert estimator.kept_columns_.tolist() == kept
    assert estimator.n_features_in_ == 6
    np.testing.assert_array_equal(estimator.means_, plain.means_)
    np.testing.assert_array_equal(estimator.predict_proba(rows), plain.predict_proba(rows[:, kept]))
    other = rows + 1
    expected = plain.score_samples(other[:, kept])
    estimator.save(tmp_path / "model")
    again = load(tmp_path / "model")
    for each in (estimator, again):
        np.testing.assert_array_equal(each.score_samples(other), expected)
        np.testing.assert_array_equal(each.mixture_.log_density(other), expected)
        assert each.bic(other) == plain.bic(other[:, kept])
    assert again.kept_columns_.tolist() == kept
    with pytest.raises(DataError, match="columns"):
        estimator.predict(rows[:, :1])


@pytest.mark.parametrize("seed", SEEDS)
def test_columns_of_a_frame_are_named_and_found(seed: int, tmp_path: Path) -> None:
    rows, kept = table(seed)
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    left = sorted({*range(6)} - {*kept})
    with pytest.warns(MixturaWarning, match="".join(f".*column '{'abcdef'[c]}'" for c in left)):
        fitted = GaussianMixture(1, constant="drop").fit(frame)
    assert fitted.mixture_.columns == tuple("abcdef"[c] for c in kept)
    assert fitted.feature_names_in_.tolist() == list("abcdef")
    expected = fitted.score_samples(frame)
    shuffled = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(fitted.mixture_.log_density(shuffled), expected)
    fitted.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").score_samples(frame), expected)
    with pytest.warns(MixturaWarning, match="left out"):
        found = select(frame, [1, 2], ["full", "diag"], constant="drop", random_state=0)
    assert found.result.mixture.columns == fitted.mixture_.columns
    assert np.isfinite(found.score_samples(frame)).all()


def test_rows_of_no_weight_and_missing_cells_say_nothing() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 4))
    rows[:20, 1] = 5.0
    rows[:, 2] = np.nan
    rows[3:9, 0] = np.nan
    weights = np.repeat([1.0, 0.0], [20, 10])
    estimator = GaussianMixture(1, constant="drop", missing="marginal")
    with pytest.warns(MixturaWarning, match="column 1, column 2"):
        estimator.fit(rows, sample_weight=weights)
    assert estimator.kept_columns_.tolist() == [0, 3]
    assert np.isfinite(estimator.score_samples(rows)).all()


def test_what_is_not_asked_for_is_an_error_still() -> None:
    rows, _ = table(0)
    with pytest.raises(DataError, match=r"all rows hold one value.*constant=.drop."):
        GaussianMixture(1).fit(rows)
    with pytest.raises(DataError, match="all rows hold one value"):
        select(rows, [1], ["full"])
    with pytest.raises(DataError, match="all rows hold one value"):
        GaussianMixture(1, constant="drop").fit(np.ones((9, 2)))
    # A later fit keeps what varies then.
    estimator = GaussianMixture(1, constant="drop", random_state=0)
    with pytest.warns(MixturaWarning, match="left out"):
        estimator.fit(rows)
    estimator.fit(rows[:, :2] + np.random.default_rng(0).normal(size=(60, 2)))
    assert estimator.kept_columns_.tolist() == [0, 1]
    assert estimator.n_features_in_ == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_amounts_are_fitted_as_if_the_rest_were_all(seed: int, tmp_path: Path) -> None:
    rows, kept = table(seed)
    rows = np.abs(rows) + 0.5
    rows[:, sorted({*range(6)} - {*kept})] = 7.25
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    plain = GammaMixture(2, random_state=0).fit(frame.iloc[:, kept])
    estimator = GammaMixture(2, constant="drop", random_state=0)
    with pytest.raises(DataError, match=r"drop it, or set constant='drop'$"):
        GammaMixture(2).fit(frame)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    beyond = mixtura.dataset(tmp_path / "rows.csv", memory=1, cache=tmp_path)
    for given in (frame, beyond):
        with pytest.warns(MixturaWarning, match="all rows hold one value.*left out"):
            estimator.fit(given)
        assert estimator.kept_columns_.tolist() == kept
        assert estimator.feature_names_in_.tolist() == list("abcdef")
        np.testing.assert_array_equal(estimator.shapes_, plain.shapes_)
        expected = plain.predict_proba(frame.iloc[:, kept])
        estimator.save(tmp_path / "model")
        for each in (estimator, load(tmp_path / "model")):
            np.testing.assert_array_equal(each.predict_proba(frame), expected)
    assert plain.kept_columns_.tolist() == [*range(len(kept))]


@pytest.mark.parametrize("seed", SEEDS)
def test_mixed_columns_keep_their_blocks(seed: int, tmp_path: Path) -> None:
    rows, kept = table(seed)
    rows = np.column_stack([rows, np.random.default_rng(seed).poisson(3.0, 60)])
    blocks = {"poisson": [6], "gaussian": [5, 0, 1, 2, 3, 4]}
    fitted = MixedMixture(2, blocks, constant="drop", random_state=0)
    with pytest.warns(MixturaWarning, match="left out"):
        fitted.fit(rows)
    own = [place for place in blocks["gaussian"] if place in kept]
    plain = MixedMixture(2, {"poisson": [6], "gaussian": own}, random_state=0).fit(rows)
    np.testing.assert_array_equal(fitted.score_samples(rows), plain.score_samples(rows))
    fitted.save(tmp_path / "model")
    np.testing.assert_array_equal(
        load(tmp_path / "model").score_samples(rows), plain.score_samples(rows)
    )


def test_digits_can_be_fitted_and_cross_validated() -> None:
    rows = load_digits().data[:300]
    estimator = GaussianMixture(2, covariance_type="diag", constant="drop", random_state=0)
    with pytest.warns(MixturaWarning, match="left out"):
        scores = cross_val_score(estimator, rows, cv=3)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("family", ["gaussian", "mixed", "gamma"])
def test_the_command_leaves_them_out_and_says_so(family: str, tmp_path: Path) -> None:
    rows, _ = table(1)
    rows = np.abs(rows) + 0.5 if family == "gamma" else rows
    rows[:, 2] = 7.25
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out"
    given: list[Any] = ["fit", tmp_path / "rows.csv", "-f", family, "-k", "2"]
    given += [] if family == "gamma" else ["-s", "full"]
    given += ["--columns", "a,b,c,d,e,f", "-o", out]
    done = CliRunner().invoke(command, [str(each) for each in given])
    assert done.exit_code == 0, done.output
    assert "column 'c'" in done.stderr
    assert "left out" in done.stderr
    assert "c" not in (load(out / "model.mixtura").columns or ())
    told = CliRunner().invoke(
        command, ["predict", str(out / "model.mixtura"), str(tmp_path / "rows.csv")]
    )
    assert told.exit_code == 0, told.output


@pytest.mark.parametrize("kind", ["gaussian", "gamma"])
def test_blocks_leave_out_columns_of_one_value_among_rows_of_weight(kind: str) -> None:
    rows = np.random.default_rng(0).gamma(3.0, 2.0, (40, 4))
    rows[:30, 2], weights = 4.0, np.r_[np.ones(30), np.zeros(10)]
    blocks = {"gaussian": [3], kind: [0, 2, 3] if kind == "gaussian" else [0, 2]}
    model = MixedMixture(2, blocks, constant="drop", random_state=0)
    with pytest.warns(MixturaWarning, match="column 2: all rows hold one value, or none"):
        model.fit(rows, sample_weight=weights)
    own = {name: [place for place in places if place != 2] for name, places in blocks.items()}
    plain = MixedMixture(2, own, random_state=0).fit(rows, sample_weight=weights)
    assert model.log_likelihood_ == plain.log_likelihood_
    np.testing.assert_array_equal(model.predict_proba(rows), plain.predict_proba(rows))


@pytest.mark.parametrize("constant", ["error", "drop"])
@pytest.mark.parametrize("kind", ["gaussian", "gamma"])
def test_blocks_name_the_column_of_the_table_that_holds_one_value(kind: str, constant: str) -> None:
    rows = np.random.default_rng(0).gamma(3.0, 2.0, (40, 4))
    rows[:, 3] = 4.0
    model = MixedMixture(2, {"bernoulli": [0], kind: [3]}, constant=constant)
    rows[:, 0] = rows[:, 0] > 5
    words = "drop it$" if constant == "drop" else "drop it, or set constant='drop'$"
    with pytest.raises(DataError, match=f"^column 3: all rows hold one value.*; {words}"):
        model.fit(rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_row_6_a_search_of_amounts_leaves_columns_out_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.gamma(np.where(np.arange(60)[:, None] < 30, 2.0, 9.0), size=(60, 4))
    place = int(rng.integers(4))
    rows[:, place] = 3.0
    with pytest.warns(MixturaWarning, match=f"column {place}: all rows hold one value.*left out"):
        found = select(rows, [1, 2], family="gamma", constant="drop", random_state=0)
    plain = select(np.delete(rows, place, axis=1), [1, 2], family="gamma", random_state=0)
    assert found.result.log_likelihood == plain.result.log_likelihood
    with pytest.raises(DataError, match="all rows hold one value"):
        select(rows, [1, 2], family="gamma")
