"""Groups of categories, of mixed columns and of rows with weights."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from mixtura import (
    BinomialMixture,
    CategoricalMixture,
    DataError,
    GaussianMixture,
    MixedMixture,
    ParameterError,
    PoissonMixture,
    fit_by,
    load,
)

ITEMS = list("pqr")
BLOCKS = {"categorical": ["p", "q"], "gaussian": ["length"]}
SIZES = (300, 250, 200)
SHOPS = ("north", "south", "west")


def frame_of(seed):
    rng = np.random.default_rng(seed)
    n_rows = sum(SIZES)
    side = rng.integers(2, size=(n_rows, 1))
    cells = side ^ (rng.random((n_rows, 3)) < 0.15)
    cells = np.where(rng.random(cells.shape) < 0.05, 2, cells)
    words = np.array(["no", "yes", None], dtype=object)[cells]
    frame = pd.DataFrame(words, columns=ITEMS)
    frame["length"] = rng.normal(size=n_rows) + 4 * side[:, 0]
    frame["count"] = rng.poisson(2 + 8 * side[:, 0]).astype(float)
    frame["n"] = rng.integers(0, 4, n_rows).astype(float)
    frame["shop"] = np.repeat(SHOPS, SIZES)
    # An answer of one shop alone.
    frame.loc[frame.index[:30], "r"] = "perhaps"
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def alone(model, frame, shop, columns, weights=None):
    own = frame[frame["shop"] == shop]
    given = None if weights is None else own[weights].to_numpy()
    # The seed of all groups is drawn from that of the estimator.
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    return clone(model).set_params(random_state=seed).fit(own[columns], sample_weight=given)


CASES = {
    "categorical": (CategoricalMixture(2, random_state=0), ITEMS),
    "mixed": (MixedMixture(2, BLOCKS, random_state=0), ["p", "q", "length"]),
    "poisson": (PoissonMixture(2, random_state=0), ["count"]),
    "gaussian": (GaussianMixture(2, random_state=0), ["length"]),
}


@pytest.mark.parametrize("weights", [None, "n"])
@pytest.mark.parametrize("case", CASES)
def test_a_group_is_fitted_as_its_rows_alone_are(case, weights):
    model, columns = CASES[case]
    frame = frame_of(1)
    fits = fit_by(model, frame, "shop", columns, weights, thorough=True)
    assert fits.trusted.all()
    for place, shop in enumerate(SHOPS):
        own = alone(model, frame, shop, columns, weights)
        assert fits.log_likelihood[place] == pytest.approx(own.log_likelihood_, rel=1e-9)
        rows = frame[frame["shop"] == shop]
        assert_allclose(
            fits[shop].log_density(rows[columns]), own.score_samples(rows[columns]), atol=1e-5
        )
        total = len(rows) if weights is None else rows["n"].sum()
        assert fits.total_weight[place] == total
        assert fits.n_rows[place] == len(rows if weights is None else rows.query("n > 0"))
        bic = -2 * own.log_likelihood_ + fits.n_parameters[place] * np.log(total)
        assert fits.bic[place] == pytest.approx(bic, rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_rows_are_answered_by_the_mixture_of_their_group(case):
    model, columns = CASES[case]
    frame = frame_of(2)
    fits = fit_by(model, frame, "shop", columns)
    found = fits.score_samples(frame[[*columns, "shop"]])
    labels = fits.predict(frame[[*columns, "shop"]])
    for shop in SHOPS:
        own = (frame["shop"] == shop).to_numpy()
        assert_allclose(found[own], fits[shop].log_density(frame.loc[own, columns]), rtol=1e-12)
        assert_array_equal(labels[own], fits[shop].predict(frame.loc[own, columns]))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("memory", ["1 kB", "1 GB"])
def test_files_have_the_bits_of_memory(case, memory, tmp_path):
    model, columns = CASES[case]
    frame = frame_of(3)
    for number, part in enumerate(np.array_split(np.arange(len(frame)), 3)):
        table = pa.Table.from_pandas(frame.iloc[part], preserve_index=False)
        pq.write_table(table, tmp_path / f"{number}.parquet", row_group_size=90)
    asked = {"by": "shop", "columns": columns, "weights": "n"}
    found = fit_by(model, str(tmp_path / "*.parquet"), **asked, memory=memory)
    expected = fit_by(model, frame, **asked)
    assert_array_equal(found.log_likelihood, expected.log_likelihood)
    assert found.components() == expected.components()


def test_weights_may_be_given_for_each_row_and_count_as_rows_do():
    frame = frame_of(4)
    cells, shops = frame[["length"]].to_numpy(), frame["shop"].to_numpy()
    weights = frame["n"].to_numpy()
    model = GaussianMixture(2, random_state=0)
    found = fit_by(model, cells, shops, weights=weights)
    times = weights.astype(int)
    repeated = fit_by(
        model, np.repeat(cells, times, axis=0), np.repeat(shops, times), thorough=True
    )
    assert_allclose(found.log_likelihood, repeated.log_likelihood, rtol=1e-5)
    assert_array_equal(found.total_weight, repeated.n_rows)


def test_all_groups_know_the_answers_of_one_and_are_kept_in_one_file(tmp_path):
    frame = frame_of(5)
    fits = fit_by(CategoricalMixture(2, random_state=0), pl.from_pandas(frame), "shop", ITEMS)
    kinds = {fits[shop].kinds for shop in SHOPS}
    assert len(kinds) == 1
    assert "perhaps" in next(iter(kinds))[2].labels
    fits.save(tmp_path / "shops.mixtura")
    again = load(tmp_path / "shops.mixtura")
    assert_array_equal(again.total_weight, fits.total_weight)
    given = frame[[*ITEMS, "shop"]]
    assert_array_equal(again.score_samples(given), fits.score_samples(given))


def test_engines_find_the_same():
    frame = frame_of(6)
    model = MixedMixture(2, BLOCKS, random_state=0)
    found = [
        fit_by(model.set_params(engine=engine, n_jobs=2), frame, "shop", ["p", "q", "length"])
        for engine in ("threads", "processes")
    ]
    assert_array_equal(found[0].log_likelihood, found[1].log_likelihood)


@pytest.mark.parametrize(
    ("model", "asked", "error", "words"),
    [
        (MixedMixture(2), {}, ParameterError, "same blocks; name these"),
        (BinomialMixture(2), {"columns": ["n"]}, ParameterError, "same trials"),
        (GaussianMixture(2), {"weights": "m"}, DataError, "no column 'm'"),
        (GaussianMixture(2), {"weights": "length"}, ParameterError, "leave one of them out"),
        (GaussianMixture(2), {"weights": [1.0]}, DataError, "sample_weight"),
        (GaussianMixture(2), {"weights": "bad"}, DataError, "row 3"),
        (GaussianMixture(2), {"columns": ["p"]}, DataError, "'p' holds"),
    ],
)
def test_what_cannot_be_is_refused_in_words(model, asked, error, words):
    frame = frame_of(7)
    frame["bad"] = np.where(np.arange(len(frame)) == 3, -1.0, 1.0)
    with pytest.raises(error, match=words):
        fit_by(model, frame, "shop", **{"columns": ["length"], **asked})


def test_weights_of_files_are_named(tmp_path):
    frame_of(8).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ParameterError, match="name of a column"):
        fit_by(
            GaussianMixture(2),
            str(tmp_path / "rows.parquet"),
            "shop",
            ["length"],
            weights=np.ones(sum(SIZES)),
        )
