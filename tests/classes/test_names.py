"""Classes that are named are called so in tables, plots, pages and files, in their order."""

import warnings

import numpy as np
import pandas as pd
import pytest
from class_cases import fitted

import mixtura
from mixtura import (
    CategoricalMixture,
    FactorAnalyserMixture,
    GammaMixture,
    GaussianMixture,
    MixedMixture,
    MultinomialMixture,
    ParameterError,
    StudentTMixture,
    classification,
    enumerate_classes,
    one_step,
    profile,
    three_step,
)
from mixtura.archive import read_archive, write_archive
from mixtura.inference import merge
from mixtura.report import report_of, write_report
from mixtura.report.uncertainty import uncertainty_figure

NAMES = ("low", "middle", "high")


def named_by(table, key="class"):
    return tuple(dict.fromkeys(row[key] for row in table))


@pytest.fixture(scope="module")
def named():
    model, answers, frame, _ = fitted()
    return model.mixture_.relabel(NAMES), answers, frame


def test_tables_of_classes_have_their_names_and_the_same_numbers(named):
    mixture, answers, frame = named
    plain = fitted()[0].mixture_
    assert mixture.names == NAMES
    assert plain.names == ("0", "1", "2")
    assert named_by(profile(mixture).table()) == NAMES
    assert profile(mixture).summary().split("\n")[0].split()[2:] == list(NAMES)
    assert named_by(classification(mixture, answers).table()) == NAMES
    largest = NAMES[int(mixture.weights.argmax())]
    for relate in (three_step, one_step):
        found = relate(mixture, answers, covariates=frame["x"], reference="high")
        assert named_by(found.table()) == ("low", "middle")
        assert named_by(found.table(), "reference") == ("high",)
        same = relate(plain, answers, covariates=frame["x"], reference=2)
        assert [row["z"] for row in found.table()] == [row["z"] for row in same.table()]
    found = three_step(mixture, answers, covariates=frame["x"])
    assert named_by(found.table(), "reference") == (largest,)
    outcomes = three_step(mixture, answers, distal=frame["income"])
    assert named_by(outcomes.table()) == NAMES
    assert next(iter(outcomes.outcomes["income"].pairwise)) == ("low", "middle")


def test_classes_are_named_from_the_largest_on(named):
    answers = named[1]
    found = enumerate_classes(answers, [2, 3], CategoricalMixture(n_init=3), random_state=0)
    mixture = found.mixture(3, labels=NAMES)
    assert (np.diff(mixture.weights) <= 0).all()
    shares = [row for row in profile(mixture).table() if row["measure"] == "share"]
    assert [row["class"] for row in shares] == list(NAMES)
    assert [row["estimate"] for row in shares] == list(mixture.weights)
    assert found.mixture(3).names == ("0", "1", "2")
    with pytest.raises(ParameterError, match="3 labels for 2 components"):
        found.mixture(2, labels=NAMES)


@pytest.mark.drawn(3)
@pytest.mark.parametrize(
    "estimator",
    [
        GaussianMixture(2, random_state=0),
        GaussianMixture(2, random_state=0, noise="uniform"),
        StudentTMixture(2, random_state=0),
        FactorAnalyserMixture(2, n_factors=1, random_state=0),
        GammaMixture(2, random_state=0),
        MultinomialMixture(2, random_state=0),
        CategoricalMixture(2, random_state=0),
        MixedMixture(2, {"poisson": ["a", "b"], "categorical": ["c", "d", "e"]}, random_state=0),
    ],
    ids=lambda one: f"{type(one).__name__}{'-noise' * bool(getattr(one, 'noise', None))}",
)
def test_summaries_and_files_of_every_kind_have_the_names(estimator, tmp_path):
    rng = np.random.default_rng(3)
    means = [[3.0, 9.0, 5.0, 2.0, 6.0], [12.0, 2.0, 5.0, 2.0, 9.0]]
    rows = rng.poisson(np.repeat(means, 60, axis=0)) + 1
    frame = pd.DataFrame(rows, columns=list("abcde"))
    if isinstance(estimator, (GaussianMixture, StudentTMixture, FactorAnalyserMixture)):
        frame = frame + rng.normal(size=rows.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimator.fit(frame)
        before = model.summary()
        assert model.relabel(["Größe", "x < y"]) is model
    # Nothing else is said in other words, and no table is left with numbers for components.
    after = model.summary().replace("Größe", "0").replace("x < y", "1")
    after = after.replace("of 0\n", "of component 0\n").replace("of 1\n", "of component 1\n")
    assert set(after.split()) == set(before.split())
    assert "Größe" in model.summary()
    assert model.summary().count("x < y") == model.summary().count("Größe")
    own = ("Größe", "x < y", "noise")[: model.mixture_.n_components]
    assert model.mixture_.names == own
    model.save(tmp_path / "model")
    loaded = mixtura.load(tmp_path / "model")
    assert loaded.mixture_.names == own
    assert set(model.predict(frame)) <= {-1, 0, 1}

    write_report(tmp_path / "page.html", report_of(model, frame))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Größe" in page
    assert "x &lt; y" in page
    assert "component 0" not in page
    assert model.fit(frame).mixture_.names[:2] == ("0", "1")


def test_names_stay_where_columns_or_components_are_taken_and_rows_arrive(named):
    mixture, answers, _ = named
    frame = pd.DataFrame(answers, columns=list("abcdef"))
    model = CategoricalMixture(3, prior=None, random_state=0).fit(frame).relabel(NAMES)
    assert model.partial_fit(frame).mixture_.names == NAMES
    assert mixture.marginal([0, 2]).names == NAMES
    assert mixture.conditional({0: 1}).names == NAMES
    clusters = merge(mixture, answers).clusters(2)
    assert sorted(name for one in clusters for name in one.names) == sorted(NAMES)
    for one in clusters:
        for name, weight in zip(one.names, one.weights * len(one.weights), strict=True):
            assert weight > 0
            assert name in NAMES


def test_files_from_before_names_are_read(named, tmp_path):
    path = tmp_path / "model"
    fitted()[0].save(path)
    arrays, document = read_archive(path)
    assert document.pop("labels") is None
    write_archive(path, arrays, document)
    assert mixtura.load(path).mixture_.names == ("0", "1", "2")
    for damaged in (["a", "b"], ["a", "a", "b"], "abc", [1, 2, 3]):
        write_archive(path, arrays, {**document, "labels": damaged})
        with pytest.raises(mixtura.ModelFileError, match="labels"):
            mixtura.load(path)


def test_plots_name_classes_on_one_line(named):
    mixture = named[0].relabel(["low\n(never)", "middle", "high"])
    labels = np.array([0, 1, 2, 1])
    figure = uncertainty_figure(np.array([0.1, 0.2, 0.3, 0.05]), labels, mixture)
    drawn = [tick.get_text() for tick in figure.axes[1].get_yticklabels()]
    assert drawn == ["low (never)", "middle", "high"]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["a", "b"], "2 labels for 3 components"),
        (["a", "b", "a"], "'a' is there twice"),
        (["a", " ", "b"], "one is ' '"),
        (["a", 2, "b"], "one is 2"),
        (["a", "noise", "b"], "the noise's"),
        ("abc", "a list of 3 names"),
        (None, "a list of 3 names"),
    ],
)
def test_names_that_do_not_tell_classes_apart_are_refused(named, labels, words):
    with pytest.raises(ParameterError, match=words):
        named[0].relabel(labels)
