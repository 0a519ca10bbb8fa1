"""Discriminant analysis ends where mclust and scikit-learn do."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

import mixtura
from mixtura import (
    DataError,
    DegenerateComponentWarning,
    GaussianMixture,
    GaussianMixtureClassifier,
    MixturaWarning,
    MixtureClassifier,
    ParameterError,
)
from tests.oracles import dataset, mclust

pytestmark = pytest.mark.drawn(4)

EDDA, MCLUSTDA = mclust("edda"), mclust("mclustda")
FITS = [(name, fit) for name, found in EDDA.items() for fit in found["fits"]]


def halves(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return rows and classes that the reference fits, and those that it judges by."""
    data = dataset(name)
    first = np.arange(len(data.values)) % 3 != 0
    labels = np.asarray(data.labels)
    return data.values[first], labels[first], data.values[~first], labels[~first]


@pytest.mark.parametrize(("name", "fit"), FITS, ids=[fit["id"] for _, fit in FITS])
def test_one_gaussian_of_each_class_is_that_of_mclust(name: str, fit: dict) -> None:
    rows, labels, others, told = halves(name)
    model = GaussianMixtureClassifier(covariance_type=fit["model"], prior=None).fit(rows, labels)
    assert model.log_likelihood_ == pytest.approx(fit["loglik_joint"], rel=1e-6, abs=1e-6)
    assert model.score_samples(rows).sum() == pytest.approx(fit["loglik_mixture"], rel=1e-6)
    assert model.n_parameters_ == fit["n_params_without_proportions"] + len(model.classes_) - 1
    assert model.classes_.tolist() == EDDA[name]["classes"]
    predicted = [model.classes_.tolist().index(label) for label in model.predict(others)]
    assert predicted == fit["test_prediction"]
    assert (model.predict(others) != told).sum() == fit["test_errors"]


@pytest.mark.parametrize("name", EDDA)
def test_the_structure_of_the_lowest_bic_is_chosen(name: str) -> None:
    rows, labels, *_ = halves(name)
    model = GaussianMixtureClassifier(prior=None).fit(rows, labels)
    df = {fit["model"]: fit["n_params_without_proportions"] for fit in EDDA[name]["fits"]}
    joint = {fit["model"]: fit["loglik_joint"] for fit in EDDA[name]["fits"]}
    more = len(model.classes_) - 1
    bic = {code: -2 * joint[code] + (df[code] + more) * np.log(len(rows)) for code in df}
    assert model.candidates_[0]["covariance_type"] == min(bic, key=bic.__getitem__)
    assert model.bic_ == pytest.approx(min(bic.values()), rel=1e-6)


@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
@pytest.mark.parametrize("name", MCLUSTDA)
def test_a_mixture_of_each_class_is_no_less_likely_than_that_of_mclust(name: str) -> None:
    rows, labels, *_ = halves(name)
    model = GaussianMixtureClassifier(range(1, 6), prior=None, random_state=0).fit(rows, labels)
    theirs = MCLUSTDA[name]
    # By BIC, as ours may be of other structures or sizes where those are better.
    bic = each_bic(model, rows, labels)
    sizes = [one["n"] for one in theirs["models"]]
    penalties = sum(
        df * np.log(n) for df, n in zip(sizes_of(theirs, rows.shape[1]), sizes, strict=True)
    )
    assert bic <= -2 * theirs["loglik_mclust"] + penalties + 0.02


def each_bic(model: GaussianMixtureClassifier, rows: np.ndarray, labels: np.ndarray) -> float:
    """Return the sum of the classes' BIC, each of its own rows."""
    found = 0.0
    for mixture, label in zip(model.mixtures_, model.classes_, strict=True):
        own = rows[labels == label]
        found += -2 * mixture.log_density(own).sum() + mixture.n_parameters * np.log(len(own))
    return float(found)


def sizes_of(theirs: dict, n_columns: int) -> list[int]:
    """Return the free parameters of the mixtures that mclust chose (Celeux and Govaert 1995)."""
    found = []
    for one in theirs["models"]:
        # A single component is called X, and one column has a volume only.
        code, size = (one["model"] + "II")[:3].replace("X", "E"), one["G"]
        volume = {"E": 1, "V": size}[code[0]]
        shape = {"I": 0, "E": 1, "V": size}[code[1]] * (n_columns - 1)
        axes = {"I": 0, "E": 1, "V": size}[code[2]] * n_columns * (n_columns - 1) // 2
        found.append(volume + shape + axes + size * n_columns + size - 1)
    return found


def test_linear_and_naive_classifiers_of_scikit_learn_are_special_cases(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels = rng.choice(["a", "b", "c"], 300)
    rows = rng.normal(size=(300, 4)) + (labels == "b")[:, None] * 1.5
    rows[labels == "c"] *= rng.uniform(0.5, 2, 4)
    ours = GaussianMixtureClassifier(covariance_type="tied", prior=None).fit(rows, labels)
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(rows, labels)
    assert np.abs(ours.predict_proba(rows) - theirs.predict_proba(rows)).max() < 1e-9
    ours = GaussianMixtureClassifier(covariance_type="diag", prior=None).fit(rows, labels)
    theirs = GaussianNB(var_smoothing=0).fit(rows, labels)
    assert np.abs(ours.predict_proba(rows) - theirs.predict_proba(rows)).max() < 1e-10


def test_quadratic_posteriors_are_those_of_the_formula(fresh_seed: int) -> None:
    from scipy.stats import multivariate_normal

    rng = np.random.default_rng(fresh_seed)
    labels = rng.integers(2, size=200)
    rows = rng.normal(size=(200, 3)) * (1 + labels[:, None]) + labels[:, None]
    model = GaussianMixtureClassifier(covariance_type="full", prior=None).fit(rows, labels)
    parts = [rows[labels == k] for k in (0, 1)]
    scatters: list[Any] = [np.cov(part.T, bias=True) for part in parts]
    densities = [
        multivariate_normal(part.mean(axis=0), scatter).pdf(rows)
        for part, scatter in zip(parts, scatters, strict=True)
    ]
    joint = np.column_stack(densities) * [len(part) / 200 for part in parts]
    assert np.allclose(model.predict_proba(rows), joint / joint.sum(axis=1, keepdims=True))
    assert np.allclose(model.decision_function(rows), np.log(joint[:, 1] / joint[:, 0]))


def test_a_row_of_weight_two_is_the_row_twice(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels = rng.integers(3, size=150)
    rows = rng.normal(size=(150, 2)) + labels[:, None]
    weights = rng.integers(1, 4, 150)
    one = GaussianMixtureClassifier(random_state=0).fit(rows, labels, sample_weight=weights)
    other = GaussianMixtureClassifier(random_state=0).fit(
        np.repeat(rows, weights, axis=0), np.repeat(labels, weights)
    )
    assert np.allclose(one.predict_proba(rows), other.predict_proba(rows))
    assert one.bic_ == pytest.approx(other.bic_)


@pytest.mark.parametrize("criterion", ["brier", "error"])
def test_cross_validation_chooses_the_structure_of_the_least_loss(
    criterion: str, fresh_seed: int
) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels = rng.integers(2, size=300)
    rows = rng.normal(size=(300, 2))
    # Means are equal, so only a structure of unlike shapes tells the classes apart.
    rows[labels == 1] *= [4.0, 0.25]
    model = GaussianMixtureClassifier(
        covariance_type=["EII", "VII", "VVI"], criterion=criterion, random_state=0
    ).fit(rows, labels)
    told = {one["covariance_type"]: one[criterion] for one in model.candidates_}
    assert model.candidates_[0]["covariance_type"] == "VVI"
    assert told["VVI"] < 0.7 * told["EII"]
    assert told == dict(sorted(told.items(), key=lambda one: one[1]))


def test_missing_cells_are_left_out(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels = rng.integers(2, size=400)
    rows = rng.normal(size=(400, 3)) + 2 * labels[:, None]
    rows[rng.random(rows.shape) < 0.2] = np.nan
    model = GaussianMixtureClassifier(missing="marginal", covariance_type="diag", prior=None)
    model.fit(rows, labels)
    for k in (0, 1):
        assert np.allclose(
            model.mixtures_[k].parameters.means[0],
            np.nanmean(rows[labels == k], axis=0),
            atol=1e-5,
        )
    assert np.isfinite(model.predict_proba(rows)).all()
    with pytest.raises(DataError, match=r"NaN at row .*, or set missing='marginal'"):
        GaussianMixtureClassifier().fit(rows, labels)
    rows[7, 1] = np.inf
    with pytest.raises(DataError, match="infinity"):
        model.fit(rows, labels)


def test_frames_are_read_by_name(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels = np.where(rng.random(100) < 0.5, "no", "yes")
    frame = pd.DataFrame(rng.normal(size=(100, 2)) + (labels == "yes")[:, None], columns=["a", "b"])
    model = GaussianMixtureClassifier().fit(frame, labels)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    assert all(label in model.summary() for label in ("no", "yes"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(frame)
    with pytest.raises(DataError, match="b"):
        model.predict(frame[["a"]])


def test_a_column_of_one_value_in_a_class_is_named() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 2)), columns=["age", "dose"])
    labels = np.repeat(["placebo", "drug"], 20)
    frame.loc[labels == "placebo", "dose"] = 0.0
    with pytest.raises(DataError, match="class 'placebo': column 'dose' has one value"):
        GaussianMixtureClassifier(2).fit(frame, labels)
    # Where classes share a structure their widths are those of all.
    model = GaussianMixtureClassifier(covariance_type="tied").fit(frame, labels)
    assert np.isfinite(model.predict_proba(frame)).all()


def test_a_class_on_too_few_rows_is_said() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(size=(50, 4)), rng.normal(size=(3, 4)) + 9])
    labels = [0] * 50 + [1] * 3
    with pytest.warns(DegenerateComponentWarning):
        GaussianMixtureClassifier(covariance_type="full").fit(rows, labels)
    # Structures that the rows determine rank before.
    chosen = GaussianMixtureClassifier().fit(rows, labels)
    assert not chosen.candidates_[0]["cautions"]
    with pytest.raises(ParameterError, match="fewer than cv=5"):
        GaussianMixtureClassifier(criterion="error").fit(rows, labels)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"criterion": "best"}, "criterion"),
        ({"n_components": 0}, "n_components"),
        ({"covariance_type": "fill"}, "fill"),
        ({"priors": [0.5, 0.2]}, "add up to one"),
        ({"priors": [1.0]}, "priors should be 2 numbers"),
        ({"missing": "mean"}, "missing"),
        ({"covariance_type": []}, "covariance_type should be 'all', a name or several"),
        ({"covariance_type": None}, "covariance_type should be 'all', a name or several"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings: dict, words: str) -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ParameterError, match=words):
        GaussianMixtureClassifier(**settings).fit(rows, [0, 1] * 10)


def test_labels_that_cannot_be_used_are_named() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    model = GaussianMixtureClassifier()
    for y, words in (
        ([0] * 20, "1 class"),
        ([0, 1] * 9, "18 labels"),
        (np.linspace(0, 1, 20), "continuous"),
        (None, "y is None"),
        ([0.0, np.nan] * 10, "no label at row 1 .* 10 row"),
        (np.array(["a", None] * 10, dtype=object), "no label at row 1"),
        (pd.Series([pd.NA, "a"] * 10, dtype="string"), "no label at row 0"),
        (np.array([1, "a"] * 10, dtype=object), r"several types \(int, str\)"),
    ):
        with pytest.raises(DataError, match=words):
            model.fit(rows, y)
    with pytest.raises(DataError, match="class 1 has no row of weight"):
        model.fit(rows, [0, 1] * 10, sample_weight=[1, 0] * 10)


def test_a_column_of_one_value_in_all_rows_of_weight_is_named() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    rows[2:, 1] = 3.0
    weights = np.r_[0.0, 0.0, np.ones(18)]
    with pytest.raises(DataError, match=r"column 1: all rows hold one value.* leave it out"):
        GaussianMixtureClassifier().fit(rows, [0, 1] * 10, sample_weight=weights)


def test_what_costs_or_false_alarms_cannot_be_is_named() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    model = GaussianMixtureClassifier().fit(rows, [0, 1] * 10)
    for costs in ("abc", [[1], [2, 3]], np.ones((2, 3))):
        with pytest.raises(ParameterError, match="costs should be 2 x 2 numbers"):
            model.predict(rows, costs=costs)
    for share in ("a", 1.5, None):
        with pytest.raises(ParameterError, match="false_alarm"):
            model.is_unlike(rows, share)


def test_a_column_of_weights_is_heeded(tmp_path: Path, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    labels = np.arange(60) % 2
    frame = pd.DataFrame(rng.normal(size=(60, 2)) + 2 * labels[:, None], columns=["a", "b"])
    weights = rng.integers(1, 5, size=60).astype(float)
    frame.assign(w=weights).to_csv(tmp_path / "rows.csv", index=False)
    data = mixtura.dataset(tmp_path / "rows.csv", weights="w")
    model = GaussianMixtureClassifier(covariance_type="VVV")
    expected = model.fit(frame, labels, weights)
    priors, density = expected.priors_, expected.score_samples(frame)
    shares = expected.adapted_priors(frame, weights)
    found = model.fit(data, labels)
    assert_array_equal(found.priors_, priors)
    assert_array_equal(found.score_samples(frame), density)
    assert_array_equal(found.adapted_priors(data), shares)
    with pytest.raises(ParameterError, match="sample_weight"):
        MixtureClassifier(GaussianMixture()).fit(data, labels)


def test_no_warning_of_other_libraries_comes_through(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = rng.normal(size=(60, 3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GaussianMixtureClassifier([1, 2]).fit(rows, rng.integers(2, size=60))
    assert all(issubclass(one.category, MixturaWarning) for one in caught)


def test_classes_of_a_row_each_are_told_in_our_own_words(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    n_rows = int(rng.integers(22, 60))
    labels = np.append(np.arange(n_rows - 2), [0, 1])
    model = GaussianMixtureClassifier(1, covariance_type="tied", prior="weak")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.fit(rng.normal(size=(n_rows, 2)), labels)
    assert any("is it an identifier" in str(one.message) for one in said)
    assert all(issubclass(one.category, MixturaWarning) for one in said)
