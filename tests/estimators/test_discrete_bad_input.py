"""Bad rows of counts and categories, one by one: named, or kept and told of."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from discrete_cases import ESTIMATORS, every_estimator, rows_for
from scipy import sparse

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    MixedMixture,
    MixturaWarning,
    MultinomialMixture,
    PoissonMixture,
    load,
)
from mixtura.cli.command import command

pytestmark = pytest.mark.drawn(4)

counts = pytest.mark.parametrize("kind", ["multinomial", "poisson"])
SPARSE = [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix]


def fit(path, out, *options):
    arguments = ["fit", str(path), "-o", str(out), *options]
    return CliRunner().invoke(command, arguments)


@counts
@pytest.mark.parametrize("form", SPARSE)
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (-2.0, r"column 1 holds -2 at row 3 .*start at 0"),
        (1.5, r"column 1 holds 1.5 at row 3 .*round"),
        (np.nan, r"column 1 holds NaN at row 3"),
        (np.inf, r"column 1 holds infinity at row 3"),
    ],
)
def test_a_stored_cell_that_is_no_count_is_named(kind, form, cell, words):
    rows = rows_for(kind).astype(float)
    rows[3, 1] = cell
    with pytest.raises(DataError, match=words):
        ESTIMATORS[kind](2).fit(form(rows))


def test_a_stored_cell_that_is_neither_zero_nor_one_is_named():
    rows = rows_for("bernoulli").astype(float)
    rows[7, 2] = 3
    for form in SPARSE:
        with pytest.raises(DataError, match=r"column 2 holds 3 at row 7 .*neither 0 nor 1"):
            BernoulliMixture(2).fit(form(rows))


@counts
def test_the_number_of_wrong_cells_is_told(kind):
    rows = rows_for(kind).astype(float)
    rows[4:9, 0] = -1
    with pytest.raises(DataError, match=r"column 0 holds -1 at row 4 .*5 cell\(s\) are none"):
        ESTIMATORS[kind](2).fit(rows)


@counts
def test_counts_are_checked_at_prediction_too(kind):
    rows = rows_for(kind)
    mixture = ESTIMATORS[kind](2, random_state=0).fit(rows)
    for method in (mixture.predict, mixture.predict_proba, mixture.score_samples, mixture.bic):
        with pytest.raises(DataError, match="column 0 holds -1 at row 0"):
            method(-np.ones((1, rows.shape[1])))


@pytest.mark.parametrize("form", [np.asarray, *SPARSE])
def test_rows_of_zeros_are_kept_with_the_weights_as_posterior(form):
    rows = np.vstack([rows_for("multinomial"), np.zeros((3, 3))]).astype(float)
    mixture = MultinomialMixture(2, random_state=0).fit(form(rows))
    np.testing.assert_allclose(mixture.predict_proba(form(rows))[-3:], [mixture.weights_] * 3)
    assert "3 row(s) hold zeros only" in mixture.summary()


def test_rows_of_zeros_are_counted_in_the_report(tmp_path):
    rows = np.vstack([rows_for("multinomial"), np.zeros((3, 3))]).astype(int)
    path = tmp_path / "counts.csv"
    np.savetxt(path, rows, "%d", ",", header="a,b,c", comments="")
    done = fit(path, tmp_path / "out", "-f", "multinomial", "-k", "2")
    assert "3 row(s) hold zeros only" in done.stdout
    assert "3 row(s) hold zeros only" in (tmp_path / "out" / "report.html").read_text()
    assert len((tmp_path / "out" / "assignments.csv").read_text().splitlines()) == 1 + len(rows)


def test_nothing_but_zeros_is_one_component():
    for kind in ("multinomial", "poisson"):
        with pytest.warns(MixturaWarning, match="1 distinct rows"):
            mixture = ESTIMATORS[kind](2, random_state=0).fit(np.zeros((9, 3)))
        assert mixture.mixture_.n_components == 1
        assert np.isfinite(mixture.log_likelihood_)


def test_a_count_that_the_fit_never_saw_has_a_density():
    rows = np.array([[5, 1, 0], [4, 2, 0], [1, 6, 0], [2, 5, 0]] * 5)
    mixture = MultinomialMixture(2, prior=None, random_state=0).fit(rows)
    density = mixture.score_samples([[1, 1, 3]])
    assert np.isfinite(density).all()
    assert density[0] < -600
    np.testing.assert_allclose(mixture.predict_proba([[1, 1, 3]]).sum(), 1.0)


def test_a_category_with_one_level_is_told_of_and_fitted():
    rows = [["x", "a"], ["y", "a"]] * 10
    with pytest.warns(MixturaWarning, match="column 1 holds 'a' only"):
        mixture = CategoricalMixture(2, random_state=0).fit(rows)
    assert mixture.categories_[1] == ("a",)
    assert "column 1 holds 'a' only" in mixture.summary()
    assert mixture.n_parameters_ == 2 + 1
    with pytest.raises(DataError, match=r"column 1 holds 'b' at row 0"):
        mixture.predict([["x", "b"]])


def test_a_category_with_one_level_is_in_the_report(tmp_path):
    path = tmp_path / "rows.csv"
    pd.DataFrame({"a": ["x", "y"] * 20, "b": ["z"] * 40}).to_csv(path, index=False)
    done = fit(path, tmp_path / "out", "-f", "categorical", "-k", "1", "--columns", "a,b")
    assert done.exit_code == 0
    assert "column 'b' holds 'z' only" in done.stderr
    assert (
        "Column &#39;b&#39; holds &#39;z&#39; only"
        in (tmp_path / "out" / "report.html").read_text()
    )


def test_too_many_levels_are_told_of_by_the_command(tmp_path):
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame({"who": np.arange(20_000) // 2, "b": ["y", "z"] * 10_000})
    frame["who"] = "p" + frame["who"].astype(str)
    frame.to_csv(path, index=False)
    done = fit(path, tmp_path / "out", "-f", "categorical", "-k", "1", "--columns", "who,b")
    assert "column 'who' has 10,000 levels in 20,000 rows; drop it" in done.stderr
    assert "the first 400 of 10,002" in (tmp_path / "out" / "report.html").read_text()


@counts
def test_text_among_counts_is_named(kind, tmp_path):
    frame = pd.DataFrame(rows_for(kind)).rename(columns=lambda j: f"c{j}").astype(object)
    frame.loc[2, "c1"] = "many"
    with pytest.raises(DataError, match="column 'c1' holds 'many' at row 2"):
        ESTIMATORS[kind](2).fit(frame)
    frame.to_csv(tmp_path / "counts.csv", index=False)
    done = fit(tmp_path / "counts.csv", tmp_path / "out", "-f", kind)
    assert done.exit_code == 1
    assert "column 'c1'" in done.stderr
    assert "'many'" in done.stderr


def test_values_that_look_alike_stay_apart_in_a_file(tmp_path):
    values = ["a", "a\0", "\u00e9", "e\u0301", "1", "one"]
    frame = pd.DataFrame({"v": values * 5, "w": [1, 2, 3] * 10})
    mixture = CategoricalMixture(2, random_state=0).fit(frame)
    mixture.save(tmp_path / "model")
    again = load(tmp_path / "model").mixture_
    rows = again.encode(frame)
    assert len(np.unique(rows[:, 0])) == len(values)
    assert again.decode(rows)[0] == frame["v"].tolist()
    expected = mixture.predict_proba(frame)
    np.testing.assert_array_equal(again.responsibilities(frame), expected)


def test_values_that_look_alike_stay_apart_in_the_command(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("v,w\n" + "\u00e9,1\ne\u0301,2\na,1\nA,2\n" * 9, encoding="utf-8")
    done = fit(path, tmp_path / "out", "-f", "categorical", "-k", "1")
    assert done.exit_code == 0, done.output
    assert len(load(tmp_path / "out" / "model.mixtura").kinds[0].labels) == 4


def test_a_column_without_values_is_named():
    rows = [["x", None], ["y", float("nan")], ["x", pd.NA]]
    with pytest.raises(DataError, match="column 1 is missing in every row; drop it"):
        CategoricalMixture(1).fit(rows)
    with pytest.raises(DataError, match="'b' is missing in every row"):
        MixedMixture(1, {"categorical": ["a", "b"]}).fit(pd.DataFrame(rows, columns=["a", "b"]))
    ones = np.array([[0, np.nan], [1, np.nan]])
    with pytest.raises(DataError, match="column 1 is missing in every row"):
        BernoulliMixture(1).fit(ones)


def test_a_row_without_values_has_the_weights_as_posterior(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n" + "x,p\ny,q\n" * 20 + "NA,\n")
    done = fit(path, tmp_path / "out", "-f", "categorical", "-k", "2")
    assert "1 row(s) have no cell at all; their posterior is the mixing weights" in done.stdout
    mixture = load(tmp_path / "out" / "model.mixtura")
    last = (tmp_path / "out" / "assignments.csv").read_text().splitlines()[-1].split(",")
    assert float(last[2]) == pytest.approx(mixture.weights.max())
    assert float(last[4]) == pytest.approx(0.0, abs=1e-12)


@every_estimator
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.zeros((0, 3)), "row|sample"),
        (np.zeros((3, 0)), "column|feature"),
        (np.ones((1, 3)), "one row|minimum of 2"),
        (np.ones(3), "dimension|1D"),
        (np.ones((2, 2, 2)), "dimension|dim 3"),
    ],
)
def test_rows_that_make_no_table_are_refused(kind, rows, words):
    with pytest.raises(DataError, match=words):
        ESTIMATORS[kind](1).fit(rows)


@every_estimator
def test_two_columns_of_one_name_are_refused(kind):
    frame = pd.DataFrame(np.ones((4, 2), dtype=int), columns=["a", "a"])
    with pytest.raises(DataError, match="two columns are called 'a'"):
        ESTIMATORS[kind](1).fit(frame)


@every_estimator
def test_weights_that_are_none_are_named(kind):
    rows = rows_for(kind, 20)
    for weights, words in ((np.r_[-1, np.ones(19)], "row 0"), (np.zeros(20), "zero for every")):
        with pytest.raises(DataError, match=words):
            ESTIMATORS[kind](1).fit(rows, sample_weight=weights)


def test_counts_beyond_the_integers_are_kept_finite():
    rows = np.array([[1e15, 3e15], [3e15, 1e15]] * 4)
    for estimator in (MultinomialMixture, PoissonMixture):
        mixture = estimator(2, random_state=0).fit(rows)
        assert np.isfinite(mixture.log_likelihood_)
        assert sorted(np.bincount(mixture.predict(rows))) == [4, 4]
