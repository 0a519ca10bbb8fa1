"""Mixtures of columns of several kinds: blocks add up, and each is what it is alone."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from columnwise_cases import COLUMNWISE

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GaussianMixture,
    MixedMixture,
    MixturaWarning,
    ParameterError,
    PoissonMixture,
    dataset,
    load,
)
from mixtura.components.product import ProductFamily
from mixtura.estimators.named import estimator_of

BLOCKS = {
    "gaussian": ["height", "weight"],
    "categorical": ["colour"],
    "bernoulli": ["smokes"],
    "poisson": ["visits"],
}


def frame(n_rows=400, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n_rows)
    return pd.DataFrame(
        {
            "visits": rng.poisson(np.where(label, 1, 6)),
            "height": rng.normal(np.where(label, 170, 185), 6),
            "colour": rng.choice(["red", "green", "blue"], n_rows),
            "note": ["free text"] * n_rows,
            "weight": rng.normal(np.where(label, 60, 85), 8),
            "smokes": rng.random(n_rows) < np.where(label, 0.1, 0.7),
        }
    ), label


def test_a_fit_finds_groups_that_all_blocks_show_and_comes_back_from_a_file(tmp_path):
    rows, label = frame()
    mixture = MixedMixture(2, BLOCKS, random_state=0).fit(rows)
    hits = (mixture.predict(rows) == label).mean()
    assert max(hits, 1 - hits) > 0.97
    assert mixture.score_samples(rows).sum() == pytest.approx(mixture.log_likelihood_, rel=1e-10)
    assert set(mixture.parameters_) == set(BLOCKS)
    assert mixture.n_parameters_ == 2 * (2 + 3) + 2 * 2 + 2 + 2 + 1
    for name in ("height", "colour = red", "smokes", "visits"):
        assert name in mixture.summary()
    drawn, _ = mixture.sample(30)
    assert set(drawn[:, 2]) <= {"red", "green", "blue"}
    mixture.save(tmp_path / "model")
    again = load(tmp_path / "model").mixture_
    assert isinstance(again.family, ProductFamily)
    assert again.columns == ("height", "weight", "colour", "smokes", "visits")
    np.testing.assert_allclose(again.weights, mixture.weights_)
    assert again.n_parameters == mixture.n_parameters_


def test_columns_are_found_by_name_whatever_their_order():
    rows, _ = frame()
    mixture = MixedMixture(2, BLOCKS, random_state=0).fit(rows)
    expected = mixture.predict_proba(rows)
    np.testing.assert_array_equal(mixture.predict_proba(rows[rows.columns[::-1]]), expected)
    np.testing.assert_array_equal(mixture.predict_proba(pl.from_pandas(rows)), expected)
    with pytest.raises(DataError, match="'colour'"):
        mixture.predict(rows.drop(columns="colour"))


@pytest.mark.parametrize(
    ("kind", "estimator"),
    [
        ("gaussian", GaussianMixture),
        ("poisson", PoissonMixture),
        ("bernoulli", BernoulliMixture),
        ("categorical", CategoricalMixture),
        *((name, estimator_of(name)) for name in COLUMNWISE),
    ],
)
def test_one_block_is_the_mixture_of_its_kind(kind, estimator):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, 300)
    values = {
        "gaussian": rng.normal(label[:, None] * 3, 1, (300, 3)),
        "poisson": rng.poisson(1 + label[:, None] * 5, (300, 3)),
        "bernoulli": (rng.random((300, 3)) < 0.2 + 0.6 * label[:, None]).astype(int),
        "categorical": rng.integers(0, 2 + label[:, None], (300, 3)),
        **{name: one.drawn(rng, label) for name, one in COLUMNWISE.items()},
    }[kind]
    shares = rng.dirichlet(np.ones(2), 300)
    settings = {"responsibilities_init": shares, "prior": None, "tol": 0.0, "max_iter": 20}
    with pytest.warns(match="did not converge"):
        alone = estimator(2, **settings).fit(values)
    with pytest.warns(match="did not converge"):
        mixed = MixedMixture(2, {kind: [0, 1, 2]}, **settings).fit(values)
    assert mixed.log_likelihood_ == pytest.approx(alone.log_likelihood_, rel=1e-10)
    assert mixed.n_parameters_ == alone.n_parameters_
    np.testing.assert_allclose(mixed.predict_proba(values), alone.predict_proba(values), atol=1e-8)


def test_binary_columns_are_the_same_by_either_kind():
    rng = np.random.default_rng(1)
    values = (rng.random((200, 4)) < np.where(rng.random((200, 1)) < 0.5, 0.2, 0.8)).astype(int)
    shares = rng.dirichlet(np.ones(2), 200)
    settings = {"responsibilities_init": shares, "prior": None, "algorithm": "em"}
    one = MixedMixture(2, {"bernoulli": [0, 1], "categorical": [2, 3]}, **settings).fit(values)
    other = BernoulliMixture(2, **settings).fit(values)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=1e-8)


@pytest.mark.parametrize("prior", [None, "weak", "conjugate"])
def test_the_objective_rises_and_lies_above_its_bound(prior):
    rows, _ = frame()
    mixture = MixedMixture(3, BLOCKS, prior=prior, random_state=0).fit(rows)
    rounding = 1e-9 * abs(mixture.log_likelihood_)
    assert (np.diff(mixture.history_.objective) >= -rounding).all()
    assert (np.array(mixture.history_.gap) >= -rounding).all()


def test_every_number_of_threads_gives_the_same_bits():
    rows, _ = frame(9000)
    found = [
        MixedMixture(2, BLOCKS, random_state=0, n_jobs=n_jobs).fit(rows) for n_jobs in (1, 2, 3)
    ]
    for other in found[1:]:
        assert other.log_likelihood_ == found[0].log_likelihood_
        np.testing.assert_array_equal(other.weights_, found[0].weights_)


def test_weights_are_repeats_of_rows():
    rows, _ = frame(150)
    weights = np.arange(150) % 4
    one = MixedMixture(2, BLOCKS, random_state=0).fit(rows, sample_weight=weights)
    repeated = rows.loc[rows.index.repeat(weights)]
    other = MixedMixture(2, BLOCKS, random_state=0).fit(repeated)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=1e-5)


def test_missing_answers_are_left_out_and_missing_numbers_refused():
    rows, _ = frame()
    gappy = rows.astype({"smokes": "boolean"})
    gappy.loc[3, "colour"] = None
    gappy.loc[4, "smokes"] = pd.NA
    mixture = MixedMixture(2, BLOCKS, random_state=0).fit(gappy)
    assert mixture.converged_
    assert "1 of 400 categorical cells are missing, in 1 of 400 rows" in mixture.summary()
    gappy.loc[5, "height"] = np.nan
    with pytest.raises(DataError, match="'height' holds NaN at row 5"):
        MixedMixture(2, BLOCKS).fit(gappy)


@pytest.mark.parametrize(
    ("blocks", "error", "words"),
    [
        ([0, 1], ParameterError, "blocks should be a dict"),
        ({}, ParameterError, "blocks should be a dict"),
        ({"gaussian": []}, ParameterError, "name no column"),
        ({"normal": ["height"]}, ParameterError, "'normal'"),
        ({"gaussian": ["length"]}, DataError, "'length'"),
        ({"gaussian": [17]}, DataError, "column 17"),
        ({"gaussian": [1.5]}, ParameterError, "1.5"),
        ({"gaussian": ["height"], "poisson": ["height"]}, ParameterError, "twice"),
        ({"gaussian": ["colour"]}, DataError, "'colour' holds .*categorical"),
        ({"poisson": ["height"]}, DataError, "'height' holds .*no count"),
        ({"bernoulli": ["visits"]}, DataError, "'visits' holds .*neither"),
    ],
)
def test_blocks_that_cannot_be_are_refused_in_words(blocks, error, words):
    rows, _ = frame()
    with pytest.raises(error, match=words):
        MixedMixture(2, blocks).fit(rows)


def people() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    tall = rng.random(120) < 0.5
    return pd.DataFrame(
        {
            "id": np.arange(120),
            "height": np.where(tall, 9.0, 0.0) + rng.normal(size=120),
            "word": np.where(tall ^ (rng.random(120) < 0.1), "yes", "no"),
        }
    )


def test_kinds_of_columns_are_told_from_their_cells(tmp_path):
    frame = people()
    with pytest.warns(MixturaWarning, match="column 'id' is left out: row numbers"):
        told = MixedMixture(2, random_state=0).fit(frame)
    named = {"gaussian": ["height"], "categorical": ["word"]}
    assert told.blocks_ == named
    given = MixedMixture(2, named, random_state=0).fit(frame)
    assert given.blocks_ == named
    assert told.log_likelihood_ == given.log_likelihood_
    told.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.blocks is None
    assert again.blocks_ == named
    np.testing.assert_array_equal(again.predict_proba(frame), given.predict_proba(frame))


def test_kinds_of_columns_of_an_array_are_told_by_their_places():
    cells = people()[["word", "height"]].to_numpy()
    assert MixedMixture(2, random_state=0).fit(cells).blocks_ == {
        "gaussian": [1],
        "categorical": [0],
    }


def test_kinds_of_columns_of_files_are_to_be_named(tmp_path):
    people().to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(ParameterError, match="of rows in memory None"):
        MixedMixture(2).fit(dataset(tmp_path / "people.csv"))


def test_a_table_of_which_no_column_says_anything_has_no_kinds():
    with pytest.raises(DataError, match=r"no column to fit .*name some in blocks"):
        MixedMixture(2).fit(people()[["id"]])
