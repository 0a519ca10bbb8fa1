"""The fit to a table of answers is what plain sums over its cells say, gaps or none."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import log_softmax
from scipy.stats import chi2, power_divergence

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GaussianMixture,
    ParameterError,
    model_fit,
)
from mixtura.cli.command import command
from mixtura.goodness.saturated import saturated

pytestmark = pytest.mark.drawn(4, among="file")


def drawn(seed, n_rows=400, gaps=0.0, levels=(2, 3, 2, 2)):
    """Return answers of two classes, some of which are missing."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2, n_rows)
    columns = []
    for size in levels:
        chances = rng.dirichlet(np.full(size, 1.0), 2)[classes]
        columns.append((rng.random(n_rows)[:, None] > chances.cumsum(axis=1)).sum(axis=1))
    frame = pd.DataFrame(np.column_stack(columns).clip(max=np.array(levels) - 1)).astype(object)
    frame.columns = list("abcd")[: len(levels)]
    return frame.mask(rng.random(frame.shape) < gaps, None) if gaps else frame


def table_of(model, frame):
    """Return how often each cell was seen, and should be."""
    labels = [sorted(frame[column].unique()) for column in frame]
    cells = pd.DataFrame(list(product(*labels)), columns=frame.columns, dtype=object)
    counted = frame.value_counts().to_dict()
    observed = np.array([counted.get(tuple(cell), 0) for cell in cells.itertuples(index=False)])
    return observed, len(frame) * np.exp(model.score_samples(cells))


@pytest.mark.parametrize("seed", range(3))
def test_statistics_are_those_of_scipy_over_all_cells(seed) -> None:
    frame = drawn(seed)
    model = CategoricalMixture(2, prior=None, n_init=5, random_state=0, tol=1e-10).fit(frame)
    found = model_fit(model, frame)
    observed, expected = table_of(model, frame)
    for name, power in (("g2", 0.0), ("x2", 1.0), ("cressie_read", 2.0 / 3.0)):
        value = power_divergence(observed, expected, lambda_=power).statistic
        assert found.values[name] == pytest.approx(value, rel=1e-6)
        df = len(observed) - 1 - model.n_parameters_
        assert found.residual_df == df
        assert found.p_values[name] == pytest.approx(chi2.sf(value, df), rel=1e-5)
    apart = np.abs(observed - expected).sum() / 2 / len(frame)
    assert found.values["dissimilarity"] == pytest.approx(apart, rel=1e-6)
    assert found.mcar is None
    assert "Missing" not in found.summary()


@pytest.mark.parametrize("seed", range(3))
def test_the_unrestricted_table_of_rows_with_gaps_is_a_maximum(seed) -> None:
    frame = drawn(seed, 300, 0.25, (2, 3, 2)).dropna(how="all")
    rows = frame.astype(float).fillna(-1).to_numpy(dtype=np.intp)
    levels, weights = (2, 3, 2), np.random.default_rng(seed).uniform(0.5, 2.0, len(rows))
    found = saturated(rows, weights, levels)
    assert found is not None
    cells = np.array(list(product(*map(range, levels))))
    agrees = ((rows[:, None] == cells[None]) | (rows[:, None] < 0)).all(axis=2)

    def negative(x):
        return -float(weights @ np.log(agrees @ np.exp(log_softmax(np.append(x, 0.0)))))

    end = minimize(negative, np.zeros(len(cells) - 1), method="BFGS", options={"gtol": 1e-5})
    assert found.log_likelihood == pytest.approx(-end.fun, abs=1e-4)
    # The rows that lack the same items, each with a table of its own, are likelier by the test.
    own = 0.0
    for lacks in np.unique(rows < 0, axis=0):
        which = ((rows < 0) == lacks).all(axis=1)
        _, groups = np.unique(rows[which], axis=0, return_inverse=True)
        counts = np.bincount(groups.ravel(), weights=weights[which])
        own += float(counts @ np.log(counts / counts.sum()))
    assert found.mcar == pytest.approx(2.0 * (own - found.log_likelihood), abs=1e-4)
    sizes = [np.prod(np.where(lacks, 1, levels)) - 1 for lacks in np.unique(rows < 0, axis=0)]
    assert found.mcar_df == sum(sizes) - 11


def test_complete_rows_are_their_own_table() -> None:
    frame = drawn(5)
    rows = frame.to_numpy(dtype=np.intp)
    found = saturated(rows, np.ones(len(rows)), (2, 3, 2, 2))
    assert found is not None
    counts = frame.value_counts().to_numpy(dtype=float)
    assert found.log_likelihood == pytest.approx(float(counts @ np.log(counts / len(rows))))
    assert (found.mcar, found.mcar_df) == (pytest.approx(0.0, abs=1e-8), 0)


def test_gaps_are_told_by_full_information_and_a_weight_is_so_many_rows() -> None:
    frame = drawn(1, 250, 0.15)
    model = CategoricalMixture(2, prior=None, n_init=5, random_state=0).fit(frame)
    found = model_fit(model, frame)
    rows = frame.dropna(how="all").astype(float).fillna(-1).to_numpy(dtype=np.intp)
    table = saturated(rows, np.ones(len(rows)), (2, 3, 2, 2))
    assert table is not None
    deviance = 2.0 * (table.log_likelihood - model.log_likelihood_)
    assert found.values["g2"] == pytest.approx(deviance, abs=1e-6)
    assert found.n == len(rows)
    assert found.mcar == pytest.approx(table.mcar)
    assert 0.0 < found.mcar_p < 1.0
    assert "Missing completely at random" in found.summary()
    weights = np.random.default_rng(0).integers(1, 4, len(frame))
    twice = model_fit(model, frame, weights)
    many = model_fit(model, frame.loc[np.repeat(frame.index, weights)])
    assert twice.values == pytest.approx(many.values)
    assert_allclose(twice.residuals, many.residuals)


@pytest.mark.parametrize("gaps", [0.0, 0.15])
def test_levels_that_only_rows_of_weight_0_have_are_no_cells(gaps) -> None:
    frame = drawn(4, 250, gaps)
    weights = np.append(np.ones(250), 0.0)
    more = pd.concat([frame, pd.DataFrame([[9, 1, 1, 1]], columns=frame.columns)])
    expected = model_fit(CategoricalMixture(1, prior=None).fit(frame), frame)
    other = CategoricalMixture(1, prior=None).fit(more.astype(object), sample_weight=weights)
    found = model_fit(other, more.astype(object), weights)
    assert found.values == pytest.approx(expected.values, rel=1e-6)
    for name in ("residual_df", "n_cells", "n", "mcar_df"):
        assert getattr(found, name) == getattr(expected, name)
    if not gaps:
        table = other.facts_["table"]
        assert found.residual_df == table["residual_df"]
        assert (found.values["g2"], found.values["x2"]) == pytest.approx((table["g2"], table["x2"]))


def test_where_each_row_lacks_much_nothing_is_left_to_test() -> None:
    frame = drawn(6, 200, 0.0, (2, 3)).astype(object)
    frame.iloc[:100, 0] = frame.iloc[100:, 1] = None
    found = model_fit(CategoricalMixture(1, prior=None).fit(frame), frame)
    assert (found.mcar, found.mcar_p, found.mcar_df) == (None, None, 0)


def test_tables_drawn_from_the_model_are_as_far_from_it_as_it_says() -> None:
    p_values = []
    for seed in range(12):
        frame = drawn(seed, 150, 0.1, (2, 2, 2, 2))
        model = BernoulliMixture(2, prior=None, n_init=5, random_state=0)
        rows = frame.astype(float).to_numpy()
        model.fit(rows)
        found = model_fit(model, rows, replicates=19, prior=None, random_state=seed)
        assert found.n_replicates == 19
        p_values.append(found.bootstrap_p["g2"])
        off = found.residuals_p[np.triu_indices(4, 1)]
        assert ((off >= 0.05) & (off <= 1.0)).all()
    assert 0.2 < np.mean(p_values) < 0.85


def test_one_class_where_there_are_two_does_not_fit() -> None:
    frame = drawn(2, 600)
    one = CategoricalMixture(1, prior=None).fit(frame)
    found = model_fit(one, frame, replicates=19, prior=None)
    assert found.p_values["g2"] < 1e-3
    assert found.bootstrap_p["g2"] == pytest.approx(0.05)
    rows = found.pairs_table()
    assert rows[0]["residual"] == max(row["residual"] for row in rows)
    assert len(rows) == 6


def test_what_is_no_table_is_refused() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 2))
    with pytest.raises(ParameterError, match="tables of answers are of categories"):
        model_fit(GaussianMixture(1).fit(rows), rows)
    many = (rng.random((40, 24)) < 0.5).astype(float)
    many[0, 0] = np.nan
    with pytest.raises(DataError, match="too many"):
        model_fit(BernoulliMixture(1).fit(many), many)


def test_the_command_says_it(tmp_path) -> None:
    frame = drawn(3, 200, 0.05)
    path = tmp_path / "answers.csv"
    frame.to_csv(path, index=False)
    asked = ["classes", str(path), "-k", "2", "--fit"]
    done = CliRunner().invoke(command, [*asked, "9", "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.stderr
    assert "likelihood ratio G²" in done.stdout
    assert "bootstrap p by 9 replicates" in done.stdout
    assert "Bivariate residuals" in (tmp_path / "out" / "tables.md").read_text(encoding="utf-8")
    patterns = pd.read_csv(tmp_path / "out" / "patterns.csv")
    assert patterns["observed"].sum() == len(frame.dropna(how="all"))
    assert list(patterns)[-4:] == ["observed", "expected", "pearson", "standardised"]
    # An earlier one goes where a fit is not asked for.
    again = ["classes", str(path), "-k", "2", "--force", "-o", str(tmp_path / "out")]
    assert CliRunner().invoke(command, again).exit_code == 0
    assert not (tmp_path / "out" / "patterns.csv").exists()
    refused = CliRunner().invoke(command, [*asked, "0", "--family", "gaussian"])
    assert refused.exit_code == 2
    assert "--fit is of tables of answers" in refused.stderr


@pytest.mark.parametrize("gaps", [0.0, 0.15])
@pytest.mark.parametrize("kind", ["categorical", "bernoulli"])
def test_patterns_are_expected_as_often_as_sums_over_classes_say(kind, gaps):
    rng = np.random.default_rng()
    binary = kind == "bernoulli"
    frame = drawn(rng, 300, gaps, (2, 2, 2) if binary else (2, 3, 2)).rename(
        columns={"b": "observed"}
    )
    estimator = BernoulliMixture if binary else CategoricalMixture
    frame = frame.astype(float) if binary else frame
    weights = rng.integers(1, 4, len(frame)).astype(float)
    model = estimator(2, n_init=3, random_state=0).fit(frame, sample_weight=weights)
    rows = model_fit(model, frame, weights).patterns_table()
    # By the parameters, of all rows that lack the same answers.
    shares, mixture = model.weights_, model.mixture_
    levels = [list(range(2))] * 3 if binary else [list(one.labels) for one in mixture.kinds]
    chances = mixture.family.level_probabilities(mixture.parameters)
    bounds = np.cumsum([0, *map(len, levels)])
    keys = [tuple(None if pd.isna(cell) else cell for cell in row) for row in frame.to_numpy()]
    lacks = [tuple(cell is None for cell in key) for key in keys]
    told = {}
    for row in rows:
        key = tuple(row[name] for name in frame.columns)
        told[key] = row
        of = sum(
            w for w, own in zip(weights, lacks, strict=True) if own == tuple(c is None for c in key)
        )
        chance = shares * np.prod(
            [
                chances[:, bounds[j] + levels[j].index(cell)]
                for j, cell in enumerate(key)
                if cell is not None
            ],
            axis=0,
        )
        seen = sum(w for w, own in zip(weights, keys, strict=True) if own == key)
        expected = of * chance.sum()
        assert row["observed rows"] == pytest.approx(seen)
        assert row["expected"] == pytest.approx(expected, rel=1e-9)
        assert row["pearson"] == pytest.approx((seen - expected) / np.sqrt(expected), rel=1e-7)
        by = np.sqrt(expected * (1 - expected / of))
        assert row["standardised"] == pytest.approx((seen - expected) / by, rel=1e-7)
    assert set(told) >= {key for key in keys if set(key) != {None}}
    counts = [row["observed rows"] for row in rows]
    assert counts == sorted(counts, reverse=True)


def test_a_pattern_that_nobody_gave_is_told_and_all_make_up_pearsons_statistic():
    rng = np.random.default_rng()
    frame = drawn(rng, 400)
    likeliest = tuple(frame.value_counts().index[0])
    # Everybody who gave the most frequent pattern is left out.
    frame = frame[[tuple(row) != likeliest for row in frame.to_numpy()]]
    model = CategoricalMixture(1, prior=None).fit(frame)
    found = model_fit(model, frame)
    rows = {tuple(row[name] for name in "abcd"): row for row in found.patterns_table()}
    assert rows[likeliest]["observed"] == 0.0
    share = rows[likeliest]["expected"] / len(frame)
    expected = -np.sqrt(len(frame) * share / (1.0 - share))
    assert rows[likeliest]["standardised"] == pytest.approx(expected)
    seen = [row for row in rows.values() if row["observed"]]
    x2 = sum(row["pearson"] ** 2 for row in seen)
    x2 += len(frame) - sum(row["expected"] for row in seen)
    assert x2 == pytest.approx(found.values["x2"], rel=1e-9)
    assert " ".join(map(str, likeliest)) in " ".join(str(found.summary(patterns=99)).split())
