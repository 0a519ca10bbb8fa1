"""Mixed columns beyond memory: the bits are those of the rows in memory."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from mixtura import DataError, MixedMixture, MixturaWarning, ParameterError, dataset

pytestmark = pytest.mark.drawn(3, among="file")

N_ROWS = 3000
BLOCKS = {"categorical": ["colour", "owns"], "gaussian": ["w", "h"], "poisson": "visits"}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Go over the rows in many blocks, and sort them in many runs."""
    monkeypatch.setattr("mixtura.data.spool.CHUNK_CELLS", 2000)
    monkeypatch.setattr("mixtura.data.arranging.RUN_CELLS", 3000)
    monkeypatch.setattr("mixtura.data.blocks.AT_ONCE", 700)


def frame_of(seed, gaps=0.0):
    rng = np.random.default_rng(seed)
    sides = rng.integers(2, size=N_ROWS)
    frame = pd.DataFrame(
        {
            "note": [f"text {row}" for row in range(N_ROWS)],
            "h": 3.0 * sides + rng.normal(size=N_ROWS),
            "w": rng.normal(size=N_ROWS) - 2.0 * sides,
            "colour": np.array(["red", "blue", "green"])[
                (rng.random(N_ROWS) + 0.9 * sides).astype(int) + rng.integers(2, size=N_ROWS)
            ],
            "visits": rng.poisson(2.0 + 5.0 * sides),
            "owns": rng.random(N_ROWS) < 0.2 + 0.5 * sides,
        }
    )
    frame.loc[N_ROWS - 1, "colour"] = "amber"
    for name in ("h", "w", "colour"):
        frame.loc[rng.random(N_ROWS) < gaps, name] = None
    return frame


def in_files(frame, folder, seed, weights=None):
    rng = np.random.default_rng(seed)
    frame = frame if weights is None else frame.assign(n=weights)
    start, stop = np.sort(rng.integers(N_ROWS, size=2))
    for number, part in enumerate((frame[:start], frame[start:stop], frame[stop:])):
        part.to_parquet(
            folder / f"{number}.parquet", row_group_size=int(rng.integers(1, 900)), index=False
        )
    return folder


def plain(value):
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value


def assert_same_fit(one, other):
    assert one.log_likelihood_ == other.log_likelihood_
    assert one.n_iter_ == other.n_iter_
    assert_array_equal(one.weights_, other.weights_)
    assert str(plain(one.parameters_)) == str(plain(other.parameters_))
    facts = [{**model.facts_, "seconds": 0} for model in (one, other)]
    assert facts[0] == facts[1]


@pytest.mark.parametrize("memory", ["1 GB", 1000])
@pytest.mark.parametrize(("gaps", "weighted"), [(0.0, False), (0.1, False), (0.1, True)])
def test_a_fit_has_the_same_bits(tmp_path, memory, gaps, weighted):
    frame = frame_of(1, gaps)
    weights = np.random.default_rng(2).choice([0, 0.3, 1.7], N_ROWS) if weighted else None
    asked = {"missing": "marginal", "random_state": 0}
    expected = MixedMixture(2, BLOCKS, **asked).fit(frame, sample_weight=weights)
    folder = in_files(frame, tmp_path, 3, weights)
    with dataset(folder, weights="n" if weighted else None, memory=memory) as data:
        model = MixedMixture(2, BLOCKS, **asked).fit(data)
        assert data.is_in_memory == (memory != 1000)
        assert_same_fit(model, expected)
        assert tuple(model.feature_names_in_) == ("colour", "owns", "w", "h", "visits")
        assert_array_equal(model.predict_proba(data), expected.predict_proba(frame))
        assert_array_equal(model.score_samples(data), expected.score_samples(frame))
        assert model.bic(data) == expected.bic(frame, sample_weight=weights)
        assert model.icl(data) == expected.icl(frame, sample_weight=weights)
        # What reads tables by itself reads those of the fit.
        assert_array_equal(model.mixture_.log_density(frame), expected.mixture_.log_density(frame))


@pytest.mark.parametrize(
    "blocks",
    [
        {"gaussian": ["h"], "gamma": "area", "categorical": ["colour"]},
        {"bernoulli": ["owns"], "negative_binomial": ["visits"], "gaussian": ["w"]},
        {"categorical": ["colour", "owns", "visits"]},
        {"geometric": [4], "gaussian": [1, -5], "categorical": [3]},
    ],
)
def test_blocks_of_every_kind(tmp_path, blocks):
    frame = frame_of(4)
    frame["area"] = np.exp(frame["h"])
    expected = MixedMixture(2, blocks, random_state=0).fit(frame)
    with dataset(in_files(frame, tmp_path, 5), memory=1000) as data:
        model = MixedMixture(2, blocks, random_state=0).fit(data)
        assert_same_fit(model, expected)
        assert_array_equal(model.predict(data), expected.predict(frame))


@pytest.mark.parametrize("options", [{"engine": "serial"}, {"engine": "processes", "n_jobs": 2}])
def test_by_every_engine(tmp_path, options):
    frame = frame_of(6, 0.1)
    asked = {"missing": "marginal", "random_state": 0}
    expected = MixedMixture(2, BLOCKS, **asked).fit(frame)
    with dataset(in_files(frame, tmp_path, 7), memory=1000) as data:
        assert_same_fit(MixedMixture(2, BLOCKS, **asked, **options).fit(data), expected)


def test_noise_and_a_search_too(tmp_path):
    frame = frame_of(8)
    asked = {"noise": "uniform", "random_state": 0}
    one, other = MixedMixture(blocks=BLOCKS, **asked), MixedMixture(blocks=BLOCKS, **asked)
    expected = one.select(frame, [1, 2])
    with dataset(in_files(frame, tmp_path, 9), memory=1000) as data:
        found = other.select(data, [1, 2])
    assert [each.row() | {"seconds": 0} for each in found.ranked] == [
        each.row() | {"seconds": 0} for each in expected.ranked
    ]
    assert_same_fit(other, one)


@pytest.mark.parametrize("memory", ["1 GB", 1000])
def test_columns_of_one_value_are_left_out_if_asked(tmp_path, memory):
    frame = frame_of(10).assign(same=7.0)
    blocks = {"gaussian": ["same", "h"], "categorical": ["colour"]}
    with pytest.warns(MixturaWarning, match="column 'same': all rows hold one value"):
        expected = MixedMixture(2, blocks, constant="drop", random_state=0).fit(frame)
    with dataset(in_files(frame, tmp_path, 11), memory=memory) as data:
        with pytest.warns(MixturaWarning, match="column 'same': all rows hold one value"):
            model = MixedMixture(2, blocks, constant="drop", random_state=0).fit(data)
        assert_same_fit(model, expected)
        assert_array_equal(model.predict(data), expected.predict(frame))
        with pytest.raises(DataError, match="column 'same': all rows hold one value"):
            MixedMixture(2, blocks).fit(data)


def test_columns_may_stand_elsewhere_than_in_the_fit(tmp_path):
    frame = frame_of(12)
    blocks = {"gaussian": [1, 2], "categorical": [3]}
    model = MixedMixture(2, blocks, random_state=0).fit(frame)
    turned = frame[["owns", "h", "visits", "w", "colour"]].assign(visits=1.5)
    with dataset(in_files(turned, tmp_path, 13), memory=1000) as data:
        assert_array_equal(
            MixedMixture(2, {"gaussian": ["h", "w"], "categorical": ["colour"]}, random_state=0)
            .fit(frame)
            .predict(data),
            model.predict(frame),
        )


@pytest.mark.parametrize(
    ("blocks", "error", "words"),
    [
        ({"poisson": ["h"]}, DataError, "of the part from row 0 on: column 'h' holds -"),
        ({"gaussian": ["colour"]}, DataError, r"column 'colour' holds '\w+' .* not a number"),
        ({"gaussian": ["height"]}, DataError, "there is no column 'height'; there are 'note'"),
        ({"gaussian": [9]}, DataError, "column 9 is asked for, and there are 6"),
        ({"gaussian": ["h"], "poisson": ["h"]}, ParameterError, "column 1 stands twice in blocks"),
        ({"gauss": ["h"]}, ParameterError, "blocks may be"),
        ({"gaussian": [None]}, ParameterError, "names or numbers of columns, not None"),
        ({}, ParameterError, "blocks should be a dict"),
    ],
)
def test_what_blocks_cannot_be_is_told(tmp_path, blocks, error, words):
    with (
        dataset(in_files(frame_of(14), tmp_path, 15), memory=1000) as data,
        pytest.raises(error, match=words),
    ):
        MixedMixture(2, blocks).fit(data)


def test_a_missing_number_is_named_unless_it_may_be_missing(tmp_path):
    with (
        dataset(in_files(frame_of(16, 0.1), tmp_path, 17), memory=1000) as data,
        pytest.raises(DataError, match="column 'w' holds NaN at row"),
    ):
        MixedMixture(2, BLOCKS).fit(data)


def test_categories_that_the_fit_did_not_see_are_named(tmp_path):
    frame = frame_of(18)
    model = MixedMixture(2, BLOCKS, random_state=0).fit(frame[:-1])
    with dataset(in_files(frame, tmp_path, 19), memory=1000) as data:
        with pytest.raises(DataError, match="column 'colour' holds 'amber' at row"):
            model.predict(data)
        model.set_params(unknown="ignore")
        assert_array_equal(model.predict(data), model.predict(frame))
