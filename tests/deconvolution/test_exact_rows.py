"""What is said where a model of rows with errors reads rows that come without any."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV, cross_val_score

import mixtura
from mixtura import DeconvolvedGaussianMixture, MixturaWarning

READS = ("score_samples", "score", "predict", "predict_proba", "posterior")
SAID = r"taken as measured exactly.*covariance=.*set_score_request\(covariance=True\)"


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    sizes = rng.gamma(2.0, 0.5, size=(240, 1))
    cells = np.where(np.arange(240)[:, None] < 100, -3.0, 3.0) + rng.normal(size=(240, 1))
    order = rng.permutation(240)
    return (cells + sizes * rng.normal(size=(240, 1)))[order], sizes[order] ** 2


@pytest.fixture(scope="module")
def model(rows):
    return DeconvolvedGaussianMixture(2, random_state=0).fit(rows[0], covariance=rows[1])


@pytest.mark.parametrize("reads", READS)
def test_rows_without_errors_are_warned_of_once_where_those_of_the_fit_had_some(
    model, rows, reads, tmp_path
):
    model.save(tmp_path / "model.mixtura")
    for each in (model, mixtura.load(tmp_path / "model.mixtura")):
        with pytest.warns(MixturaWarning, match=SAID) as said:
            found = getattr(each, reads)(rows[0])
        assert len(said) == 1
        assert said[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exact = getattr(each, reads)(rows[0], covariance=np.zeros_like(rows[1]))
            getattr(each, reads)(rows[0], covariance=rows[1])
            each.sample(3, random_state=0)
            getattr(each, reads)(np.full((1, 1), np.nan))
        np.testing.assert_equal(found, exact)


@pytest.mark.parametrize("errors", [None, 0.0])
def test_nothing_is_said_where_rows_of_the_fit_had_no_errors(rows, errors):
    given = None if errors is None else np.full(rows[0].shape, errors)
    found = DeconvolvedGaussianMixture().fit(rows[0], covariance=rows[1])
    found.fit(rows[0], covariance=given)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for reads in READS:
            getattr(found, reads)(rows[0])
    assert "errors" not in str(found.summary()).split("\n")[0]


def test_cross_validation_says_how_scores_get_their_errors(rows):
    cells, errors = rows
    asked = DeconvolvedGaussianMixture(2, random_state=0)
    search = GridSearchCV(asked, {"n_components": [1, 2]}, cv=3, refit=False)
    with pytest.warns(MixturaWarning, match=SAID):
        search.fit(cells, covariance=errors)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = DeconvolvedGaussianMixture(2, random_state=0)
        routed = routed.set_fit_request(covariance=True).set_score_request(covariance=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error", MixturaWarning)
            found = cross_val_score(routed, cells, cv=3, params={"covariance": errors})
    for fold, score in enumerate(found):
        out = np.arange(80 * fold, 80 * (fold + 1))
        kept = np.setdiff1d(np.arange(240), out)
        one = DeconvolvedGaussianMixture(2, random_state=0).fit(
            cells[kept], covariance=errors[kept]
        )
        assert score == pytest.approx(one.score(cells[out], covariance=errors[out]))


def test_the_title_of_a_summary_says_of_what_the_components_are(model, tmp_path):
    title = str(model.summary()).split("\n")[0]
    assert title.startswith("Gaussian mixture, full covariance, 2 components of what underlies")
    assert title.endswith("rows measured with errors")
    model.save(tmp_path / "model.mixtura")
    assert str(mixtura.load(tmp_path / "model.mixtura").summary()).split("\n")[0] == title
