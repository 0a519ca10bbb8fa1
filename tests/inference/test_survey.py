"""Errors of estimates from surveys: by linearisation, against plain sums and what is drawn anew."""

import numpy as np
import pandas as pd
import pytest
from class_cases import drawn, fitted
from nightly import first

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GaussianMixture,
    ParameterError,
    SurveyDesign,
    one_step,
    profile,
    three_step,
)
from mixtura.inference import information, score_vector, standard_errors
from mixtura.inference.survey import sampling_of

pytestmark = pytest.mark.drawn(3, among="file")


def linearised(scores, weights, strata, clusters):
    """Return Σ_h n_h / (n_h - 1) Σ_c (s_hc - s̄_h)(s_hc - s̄_h)ᵀ, by frames."""
    frame = pd.DataFrame(scores * weights[:, None])
    totals = frame.groupby([np.asarray(strata), np.asarray(clusters)]).sum()
    found = np.zeros((scores.shape[1],) * 2)
    for _, own in totals.groupby(level=0):
        deviations = own.to_numpy() - own.to_numpy().mean(axis=0)
        found += len(own) / (len(own) - 1) * deviations.T @ deviations
    return found


@pytest.fixture
def survey():
    rng = np.random.default_rng(1)
    n = 240
    return {
        "weights": rng.uniform(50, 4000, n),
        "strata": np.array(["north", "south", "west"])[np.arange(n) % 3],
        # Numbers of clusters begin anew in every stratum.
        "clusters": rng.integers(0, 12, n),
    }


def rows_of_two(n_rows=240, seed=0):
    rng = np.random.default_rng(seed)
    which = rng.random(n_rows) < 0.4
    chances = np.where(which[:, None], [0.8, 0.7, 0.6, 0.7], [0.3, 0.2, 0.1, 0.3])
    return (rng.random((n_rows, 4)) < chances).astype(float)


def test_the_middle_is_that_of_cluster_totals_within_strata(survey):
    scores = np.random.default_rng(0).normal(size=(240, 3))
    weights = survey["weights"] / survey["weights"].mean()
    found = sampling_of(240, None, SurveyDesign(**survey))
    expected = linearised(scores, weights, survey["strata"], survey["clusters"])
    np.testing.assert_allclose(found.middle(scores), expected, rtol=1e-12)
    alone = sampling_of(240, None, SurveyDesign(weights=survey["weights"]))
    expected = linearised(scores, weights, np.zeros(240), np.arange(240))
    np.testing.assert_allclose(alone.middle(scores), expected, rtol=1e-12)


def test_information_has_weights_of_mean_one_and_linearised_scores(survey):
    rows = rows_of_two()
    weights = survey["weights"] / survey["weights"].mean()
    model = BernoulliMixture(2, prior=None, random_state=0).fit(rows, sample_weight=weights)
    found = information(model.mixture_, rows, survey=SurveyDesign(**survey))
    plain = information(model.mixture_, rows, weights)
    np.testing.assert_allclose(found.observed, plain.observed, rtol=1e-10)
    scores = score_vector(model.mixture_, rows)
    expected = linearised(scores, weights, survey["strata"], survey["clusters"])
    np.testing.assert_allclose(found.scores, expected, rtol=1e-9, atol=1e-9)
    bread = np.linalg.inv(plain.observed)
    np.testing.assert_allclose(
        found.covariance("sandwich"), bread @ expected @ bread, rtol=1e-6, atol=1e-12
    )
    errors = standard_errors(model.mixture_, rows, method="sandwich", survey=SurveyDesign(**survey))
    shown = profile(model, rows, survey=SurveyDesign(**survey)).table()
    first = next(row for row in shown if row["measure"] != "share")
    assert first["standard_error"] == pytest.approx(float(errors["probabilities"][0, 0]))


def test_rows_with_gaps_stay_with_their_clusters():
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(200, 2)) + 4.0 * (rng.random(200) < 0.5)[:, None]
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows = rows[~np.isnan(rows).all(axis=1)]
    clusters = rng.integers(0, 20, len(rows))
    model = GaussianMixture(2, missing="marginal", random_state=0).fit(rows)
    settings = {"missing": "marginal", "survey": SurveyDesign(clusters=clusters)}
    found = information(model.mixture_, rows, **settings)
    order = rng.permutation(len(rows))
    settings["survey"] = SurveyDesign(clusters=clusters[order])
    turned = information(model.mixture_, rows[order], **settings)
    np.testing.assert_allclose(found.scores, turned.scores, rtol=1e-8, atol=1e-8)


@pytest.mark.nightly
def test_households_that_answer_alike_are_one_answer():
    """Every row four times as a cluster: the errors are those of the rows once."""
    model, answers, frame, _ = fitted()
    x = frame["x"].to_numpy()
    once = SurveyDesign(weights=np.ones(len(x)))
    clusters = np.repeat(np.arange(len(x)), 4)
    several, z = np.repeat(answers, 4, axis=0), np.repeat(x, 4)
    for relate in (three_step, one_step):
        expected = relate(model, answers, covariates=x, survey=once)
        found = relate(model, several, covariates=z, survey=SurveyDesign(clusters=clusters))
        fooled = relate(model, several, covariates=z)
        expected, found, fooled = (
            getattr(each, "membership", each).standard_errors for each in (expected, found, fooled)
        )
        np.testing.assert_allclose(found, expected, rtol=2e-3)
        np.testing.assert_allclose(fooled, 0.5 * expected, rtol=2e-2)
    expected = three_step(model, answers, distal=frame["income"], survey=once)
    found = three_step(
        model,
        several,
        distal=np.repeat(frame["income"].to_numpy(), 4),
        survey=SurveyDesign(clusters=clusters),
    )
    name = next(iter(found)).name
    np.testing.assert_allclose(
        found.outcomes[name].standard_errors,
        expected.outcomes["income"].standard_errors,
        rtol=1e-6,
    )


def test_the_unit_of_sampling_weights_changes_nothing():
    model, answers, frame, _ = fitted()
    weights = np.random.default_rng(3).uniform(1, 9, len(answers))
    one = three_step(model, answers, covariates=frame["x"], survey=SurveyDesign(weights=weights))
    other = three_step(
        model, answers, covariates=frame["x"], survey=SurveyDesign(weights=1e4 * weights)
    )
    np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-9)
    assert one.n == pytest.approx(len(answers))


@pytest.mark.parametrize("n_draws", first(1, [12, 30]))
def test_errors_of_weighted_samples_are_the_spread_of_estimates(n_draws):
    """Rows are kept with chances by an answer; plain errors are too small for what is left."""
    slopes, errors, plain = [], [], []
    for seed in range(n_draws):
        answers, frame, labels = drawn(1500, 100 + seed)
        chance = np.where(answers[:, 0] == 1, 0.9, 0.15)
        kept = np.random.default_rng(seed).random(len(answers)) < chance
        weights = 1 / chance[kept]
        weights /= weights.mean()
        model = CategoricalMixture(3, random_state=0).fit(answers[kept], sample_weight=weights)
        shares = model.predict_proba(answers[kept])
        names = [str(shares[labels[kept] == k].mean(axis=0).argmax()) for k in (0, 2)]
        settings = {"covariates": frame["x"][kept], "reference": names[0]}
        found = three_step(model, answers[kept], survey=SurveyDesign(weights=weights), **settings)
        if names[0] == names[1]:
            continue
        place = found.classes.index(names[1])
        slopes.append(found.coefficients[1, place])
        errors.append(found.standard_errors[1, place])
        counted = three_step(model, answers[kept], sample_weight=weights, **settings)
        plain.append(counted.standard_errors[1, place])
    spread = np.subtract(*np.percentile(slopes, [75, 25])) / 1.349
    assert np.median(errors) > 1.1 * np.median(plain)
    assert 0.6 < np.median(errors) / spread < 1.6


def test_what_is_no_design_is_named():
    model, answers, frame, _ = fitted()
    n = len(answers)
    cases = [
        (SurveyDesign(strata=np.arange(n)), DataError, "stratum '0' has one cluster"),
        (SurveyDesign(strata=["north"] * (n - 1) + ["sea"]), DataError, "stratum 'sea' has one"),
        (SurveyDesign(clusters=np.zeros(n)), DataError, "the survey has one cluster"),
        (SurveyDesign(clusters=np.zeros(n - 1)), DataError, f"{n - 1} values"),
        (SurveyDesign(strata=[None, *range(n - 1)]), DataError, "row 0"),
        (
            SurveyDesign(strata=3),
            DataError,
            "strata should be one value for each row, .* not a int",
        ),
        (SurveyDesign(strata=np.zeros((n, 2))), DataError, "strata .* has 2 dimension"),
        (SurveyDesign(strata=frame), DataError, "strata .* not a DataFrame"),
        (SurveyDesign(clusters="school"), DataError, "clusters should be .* not a str"),
        (SurveyDesign(weights=-np.ones(n)), DataError, "survey.weights of row 0 is -1.0"),
        (SurveyDesign(weights=np.zeros(n)), DataError, "survey.weights is zero"),
        (np.ones(n), ParameterError, "SurveyDesign"),
    ]
    for design, error, words in cases:
        with pytest.raises(error, match=words):
            three_step(model, answers, covariates=frame["x"], survey=design)
    design = SurveyDesign(weights=np.ones(n))
    with pytest.raises(ParameterError, match="alone"):
        three_step(model, answers, covariates=frame["x"], survey=design, sample_weight=np.ones(n))
    with pytest.raises(ParameterError, match="robust"):
        one_step(model, answers, covariates=frame["x"], survey=design, standard_errors="scores")


def test_dates_tell_strata_apart_as_their_texts_do():
    model, answers, frame, _ = fitted()
    days = np.datetime64("2020-01-01") + np.random.default_rng(4).integers(0, 3, len(answers))
    given = [days, pd.Series(days), days.tolist(), days.astype(str)]
    errors = [
        three_step(
            model, answers, covariates=frame["x"], survey=SurveyDesign(strata=one)
        ).standard_errors
        for one in given
    ]
    assert all((one == errors[0]).all() for one in errors)
    days[7] = "NaT"
    with pytest.raises(DataError, match="strata lacks a value at row 7"):
        three_step(model, answers, covariates=frame["x"], survey=SurveyDesign(strata=days))
