"""A model that was saved, and `mixture_`, read data as the fit did."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    Dirichlet,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MixturaWarning,
    Mixture,
    ModelFileError,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
    load,
    select,
)
from mixtura.archive import read_archive, write_archive
from mixtura.store import save

pytestmark = pytest.mark.drawn(5)

N_ROWS = 60
SEEDS = range(3)

# What a survey may code its answers by.
CODES: list[list[Any]] = [[1, 2], [0, 2, 5], ["b", "a"], [True, False], [1, "1", None], [-1, 1]]


def survey(rng: np.random.Generator) -> pd.DataFrame:
    columns = {}
    for item in range(3):
        codes = CODES[rng.integers(len(CODES))]
        column = [codes[place] for place in rng.integers(len(codes), size=N_ROWS)]
        columns[f"item {item}"] = pd.Series(column, dtype=object)
    return pd.DataFrame(columns)


def counts(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(rng.poisson([[2, 5, 9]], (N_ROWS, 3)), columns=["a", "b", "c"])


def amounts(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(rng.gamma(2, 3, (N_ROWS, 2)), columns=["a", "b"])


def numbers(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(rng.normal(size=(N_ROWS, 3)), columns=["a", "b", "c"])


def gappy(rng: np.random.Generator) -> pd.DataFrame:
    return numbers(rng).mask(rng.random((N_ROWS, 3)) < 0.2)


def answers(rng: np.random.Generator) -> pd.DataFrame:
    return (numbers(rng) > 0).astype(float).mask(rng.random((N_ROWS, 3)) < 0.2)


def mixed(rng: np.random.Generator) -> pd.DataFrame:
    return pd.concat([counts(rng)[["c"]], survey(rng), numbers(rng)[["a"]]], axis=1)


BLOCKS = {"gaussian": ["a"], "categorical": ["item 2", "item 0"], "poisson": ["c"]}

CASES: dict[str, tuple[Any, Callable[[np.random.Generator], pd.DataFrame]]] = {
    "gaussian": (GaussianMixture(2, random_state=0), numbers),
    "gaps": (GaussianMixture(2, missing="marginal", random_state=0), gappy),
    "noise": (GaussianMixture(1, noise="uniform", random_state=0), numbers),
    "tied": (GaussianMixture(2, covariance_type="tied", random_state=0), numbers),
    "categorical": (CategoricalMixture(2, unknown="ignore", random_state=0), survey),
    "multinomial": (MultinomialMixture(2, random_state=0), counts),
    "bernoulli": (BernoulliMixture(2, random_state=0), answers),
    "poisson": (PoissonMixture(2, random_state=0), counts),
    "negative binomial": (NegativeBinomialMixture(1, random_state=0), counts),
    "geometric": (GeometricMixture(2, random_state=0), counts),
    "gamma": (GammaMixture(2, random_state=0), amounts),
    "mixed": (MixedMixture(2, BLOCKS, random_state=0), mixed),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CASES)
def test_row_23_estimator_file_and_mixture_read_one_frame_alike(
    name: str, seed: int, tmp_path: Path
) -> None:
    estimator, drawn = CASES[name]
    frame = drawn(np.random.default_rng([seed, len(name)]))
    estimator.fit(frame).save(tmp_path / "model")
    save(tmp_path / "mixture", estimator.mixture_)
    again, alone = load(tmp_path / "model"), load(tmp_path / "mixture")
    assert type(again) is type(estimator)
    assert isinstance(alone, Mixture)
    shuffled = frame[frame.columns[::-1]].assign(more="x")
    expected = estimator.score_samples(frame)
    for mixture in (estimator.mixture_, again.mixture_, alone):
        np.testing.assert_array_equal(mixture.log_density(shuffled), expected)
        density, shares = mixture.density_and_responsibilities(frame.iloc[:9])
        np.testing.assert_array_equal(density, estimator.score_samples(frame.iloc[:9]))
        np.testing.assert_array_equal(shares, estimator.predict_proba(frame.iloc[:9]))
    np.testing.assert_array_equal(again.predict(frame), estimator.predict(frame))
    assert again.score(frame) == estimator.score(frame)
    assert (again.bic(frame), again.icl(frame)) == (estimator.bic(frame), estimator.icl(frame))
    assert again.get_params() == estimator.get_params()
    assert again.summary() == estimator.summary()
    assert again.log_likelihood_ == estimator.log_likelihood_
    fitted = {key for key in vars(estimator) if key.endswith("_")} - {"history_", "lower_bounds_"}
    assert {key for key in vars(again) if key.endswith("_")} == fitted


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CASES)
def test_arrays_are_read_in_the_places_of_the_fit(name: str, seed: int) -> None:
    estimator, drawn = CASES[name]
    frame = drawn(np.random.default_rng([seed, len(name)]))
    rows = frame.to_numpy()
    if name == "mixed":
        blocks = {kind: [frame.columns.get_loc(c) for c in own] for kind, own in BLOCKS.items()}
        estimator = MixedMixture(2, blocks, random_state=0)
    estimator.fit(rows)
    found = estimator.mixture_.log_density(rows)
    np.testing.assert_array_equal(found, estimator.score_samples(rows))


def test_code_1_is_the_level_1_that_the_fit_saw() -> None:
    rows = np.random.default_rng(0).integers(1, 3, (100, 4))
    fitted = CategoricalMixture(2, random_state=0).fit(rows)
    total = fitted.mixture_.log_density(rows).sum()
    assert total == pytest.approx(fitted.log_likelihood_, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CASES)
def test_what_is_drawn_is_read_again(name: str, seed: int) -> None:
    estimator, drawn = CASES[name]
    estimator.fit(drawn(np.random.default_rng([seed, len(name)])))
    rows, _ = estimator.mixture_.sample(20, seed)
    frame = pd.DataFrame(rows, columns=list(estimator.mixture_.table_columns))
    assert np.isfinite(estimator.mixture_.log_density(frame)).all()


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("gaps", "bernoulli")])
def test_what_cannot_be_read_names_its_column(name: str) -> None:
    estimator, drawn = CASES[name]
    frame = drawn(np.random.default_rng(1)).astype(object)
    mixture = estimator.fit(frame).mixture_
    column = mixture.columns[-1]
    with pytest.raises(DataError, match=f"column '{column}'"):
        mixture.log_density(frame.drop(columns=column))
    bad = frame.copy()
    bad.loc[4, column] = ["no category"]
    with pytest.raises(DataError, match=f"column '{column}' holds"):
        mixture.responsibilities(bad)
    with pytest.raises(DataError, match="columns"):
        mixture.log_density(np.ones((3, 1)))


def test_a_missing_number_is_read_as_the_estimator_reads_it() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 2))
    holes = np.array([[0.0, np.nan]])
    with pytest.raises(DataError, match="column 1 holds NaN at row 0"):
        GaussianMixture(1).fit(rows).mixture_.log_density(holes)
    marginal = GaussianMixture(1, missing="marginal").fit(rows)
    np.testing.assert_array_equal(
        marginal.mixture_.log_density(holes), marginal.score_samples(holes)
    )


def test_an_unknown_category_is_read_as_the_estimator_reads_it(tmp_path: Path) -> None:
    rows = [["a"], ["b"]] * 9
    strict = CategoricalMixture(1).fit(rows)
    with pytest.raises(DataError, match="column 0 holds 'c'"):
        strict.mixture_.log_density([["c"]])
    lenient = CategoricalMixture(1, unknown="ignore").fit(rows)
    lenient.save(tmp_path / "model")
    assert load(tmp_path / "model").score_samples([["c"]]) == lenient.mixture_.log_density([["c"]])
    assert load(tmp_path / "model").mixture_.log_density([["c"]]) == 0.0


@pytest.mark.parametrize("name", ["multinomial", "poisson", "geometric", "negative binomial"])
def test_sparse_rows_are_read_as_dense_ones(name: str) -> None:
    estimator, drawn = CASES[name]
    rows = drawn(np.random.default_rng(0)).to_numpy()
    mixture = estimator.fit(rows).mixture_
    found = mixture.log_density(csr_matrix(rows))
    np.testing.assert_allclose(found, mixture.log_density(rows), rtol=1e-12)


def test_sparse_rows_of_other_columns_are_refused() -> None:
    mixture = GaussianMixture(1).fit(np.random.default_rng(0).normal(size=(9, 2))).mixture_
    with pytest.raises(DataError, match="sparse"):
        mixture.log_density(csr_matrix(np.eye(2)))


def test_given_categories_are_read_by_value() -> None:
    rows = [[1, "a"], [2, "b"], [1, "a"], [2, "b"], [1, "b"]]
    mixture = CategoricalMixture(1, prior=None).fit(rows).mixture_
    rest = mixture.conditional({1: "b"})
    assert np.exp(rest.log_density([[1]]))[0] == pytest.approx(3 / 5)
    with pytest.raises(DataError, match="'z'"):
        mixture.conditional({1: "z"})


def test_a_loaded_estimator_serves_in_a_pipeline(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 2)) * [1, 1000]
    whole = make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0)).fit(rows)
    whole[-1].save(tmp_path / "model")
    again = make_pipeline(whole[0], load(tmp_path / "model"))
    np.testing.assert_array_equal(again.predict(rows), whole.predict(rows))
    assert again.score(rows) == whole.score(rows)


def test_a_loaded_estimator_is_fitted_anew_with_its_settings(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 2))
    start = np.array([[0.0, 0.0], [1.0, 1.0]])
    fitted = GaussianMixture(2, means_init=start, max_iter=3, tol=1e-30).fit(rows)
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model").fit(rows)
    np.testing.assert_array_equal(again.means_, fitted.means_)


def test_single_precision_stays_single(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    fitted = GaussianMixture(2, random_state=0).fit(rows)
    fitted.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.means_.dtype == np.float32
    np.testing.assert_array_equal(again.predict_proba(rows), fitted.predict_proba(rows))


def test_a_setting_that_a_file_cannot_hold_is_said(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 2))
    fitted = GaussianMixture(2, prior=Dirichlet(2.0), random_state=0).fit(rows)
    with pytest.warns(MixturaWarning, match="prior=Dirichlet.* cannot be kept"):
        fitted.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").predict(rows), fitted.predict(rows))


def test_an_estimator_of_parameters_comes_back(tmp_path: Path) -> None:
    made = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[1.0]]])
    made.save(tmp_path / "model")
    assert load(tmp_path / "model").predict([[-1.0], [3.0]]).tolist() == [0, 1]


@pytest.mark.parametrize("entry", [None, 3, {}, {"class": "Path", "settings": {}}, {"class": []}])
def test_an_estimator_that_is_none_is_refused(entry: Any, tmp_path: Path) -> None:
    GaussianMixture(1).fit(np.random.default_rng(0).normal(size=(9, 1))).save(tmp_path / "model")
    arrays, document = read_archive(tmp_path / "model")
    write_archive(tmp_path / "model", arrays, {**document, "estimator": entry})
    with pytest.raises(ModelFileError, match="does not describe an estimator"):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    "reading", [{"places": [0, 0]}, {"places": [-1, 2]}, {"missing": "x"}, {"z": 1}, 3]
)
def test_a_reading_that_is_none_is_refused(reading: Any, tmp_path: Path) -> None:
    GaussianMixture(1).fit(np.random.default_rng(0).normal(size=(9, 2))).save(tmp_path / "model")
    arrays, document = read_archive(tmp_path / "model")
    document["reading"] = reading
    write_archive(tmp_path / "model", arrays, document)
    with pytest.raises(ModelFileError, match="does not describe a mixture"):
        load(tmp_path / "model")


def test_a_search_predicts_by_its_best() -> None:
    rng = np.random.default_rng(0)
    frame = survey(rng)
    estimator = CategoricalMixture(random_state=0)
    search = estimator.select(frame, [1, 2])
    np.testing.assert_array_equal(search.predict(frame), estimator.predict(frame))
    rows = pd.DataFrame({"x": [*rng.normal(0, 1, 40), *rng.normal(9, 1, 40)], "y": np.arange(80)})
    search = select(rows, [1, 2], ["full", "diag"], random_state=0)
    shares = search.predict_proba(rows[["y", "x"]])
    np.testing.assert_array_equal(search.predict(rows), shares.argmax(axis=1))
    assert search.score_samples(rows).sum() == pytest.approx(search.result.log_likelihood)
    with pytest.raises(DataError, match="lacks the column 'x'"):
        search.predict(rows[["y"]])
