"""Rows with missing cells: what holds beside the table of cases in the other files."""

import numpy as np
import pandas as pd
import pytest
from plain import gaussian, mixed, with_gaps

from mixtura import CategoricalMixture, DataError, GaussianMixture, MixedMixture, ParameterError
from mixtura.engines import Threads
from mixtura.inference import (
    bootstrap,
    gradient,
    information,
    likelihood_ratio_test,
    score_vector,
    standard_errors,
)
from mixtura.inference.replicates import drawn_rows, seeded
from mixtura.inference.rows import checked

pytestmark = pytest.mark.drawn(3)


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(0, 1, (240, 2)), rng.normal(5, 1.5, (160, 2))])
    rows[rng.random(rows.shape) < 0.15] = np.nan
    fit = GaussianMixture(2, missing="marginal", prior=None, tol=1e-12, random_state=0)
    return fit.fit(rows).mixture_, rows


def test_at_a_fits_end_the_gradient_is_zero(fitted):
    mixture, rows = fitted
    found = gradient(mixture, rows, missing="marginal")
    assert np.abs(found.free).max() < 1e-3
    assert found.log_likelihood == pytest.approx(mixture.log_density(rows).sum())


def test_a_column_that_is_alone_has_the_errors_of_its_own_cells():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(300, 2))
    rows[200:, 1] = np.nan
    fit = GaussianMixture(1, covariance_type="diag", missing="marginal", prior=None).fit(rows)
    found = standard_errors(fit.mixture_, rows, missing="marginal")
    expected = np.array([rows[:, 0].std() / np.sqrt(300), rows[:200, 1].std() / np.sqrt(200)])
    np.testing.assert_allclose(found["means"][0], expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["weighted", "rows", "parametric"])
def test_the_bootstrap_has_the_errors_of_the_information(fitted, kind):
    mixture, rows = fitted
    found = bootstrap(
        mixture, rows, kind=kind, prior=None, n_replicates=150, missing="marginal", random_state=0
    )
    assert found.failed == 0
    expected = standard_errors(mixture, rows, method="sandwich", missing="marginal")
    for name, errors in found.standard_errors().items():
        assert np.abs(np.log(errors / expected[name])).max() < 0.3


def test_rows_are_drawn_with_the_gaps_of_the_rows(fitted):
    mixture, rows = fitted
    plain = checked(mixture, rows, missing="marginal").gathered()
    source = drawn_rows(mixture, plain, seeded(0, 0))
    drawn = source.block(0, source.n_rows).rows
    np.testing.assert_array_equal(np.isnan(drawn), np.isnan(plain.array))
    weighted = checked(
        mixture, rows, np.where(np.isnan(rows[:, 0]), 1.0, 0.0), "marginal"
    ).gathered()
    source = drawn_rows(mixture, weighted, seeded(0, 0))
    assert np.isnan(source.block(0, source.n_rows).rows[:, 0]).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_drawn_categories_lack_the_same_cells_beside_numbers_or_alone(weighted):
    rng = np.random.default_rng(3)
    answers = rng.choice(["a", "b", "c"], (60, 2)).astype(object)
    answers[rng.random(60) < 0.3, 0] = None
    frame = pd.DataFrame({"x": answers[:, 0], "y": answers[:, 1], "n": rng.poisson(3.0, 60)})
    mixtures = {
        ("x", "y"): CategoricalMixture(2, random_state=0).fit(frame[["x", "y"]]),
        ("x", "y", "n"): MixedMixture(
            2, {"categorical": ["x", "y"], "poisson": ["n"]}, random_state=0
        ).fit(frame),
    }
    weights = np.where(frame["x"].isna(), 2.0, 0.0) if weighted else None
    for columns, model in mixtures.items():
        rows = checked(model.mixture_, frame[list(columns)], weights, "marginal").gathered()
        source = drawn_rows(model.mixture_, rows, seeded(0, 0))
        lacking = ~(source.block(0, source.n_rows).rows >= 0)
        expected = ~(rows.array >= 0)
        if weighted:
            assert lacking[:, 0].all()
            assert not lacking[:, 1:].any()
        else:
            np.testing.assert_array_equal(lacking, expected)
            assert lacking.any()


def test_the_order_of_rows_is_that_of_the_scores_and_of_no_other_matter(fitted):
    mixture, rows = fitted
    order = np.random.default_rng(2).permutation(len(rows))
    scores = score_vector(mixture, rows, missing="marginal")
    np.testing.assert_allclose(
        score_vector(mixture, rows[order], missing="marginal"), scores[order], rtol=1e-12
    )
    one, other = (
        information(mixture, rows, missing="marginal"),
        information(mixture, rows[order], missing="marginal"),
    )
    np.testing.assert_allclose(one.observed, other.observed, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(one.gradient, scores.sum(axis=0), atol=1e-8)


def test_no_engine_changes_a_bit_of_it():
    plain = with_gaps(gaussian("VVV", n_rows=20_000))
    one = information(plain.mixture, plain.rows, missing="marginal", engine="serial")
    other = information(plain.mixture, plain.rows, missing="marginal", engine=Threads(3))
    assert one.observed.tobytes() == other.observed.tobytes()


def test_one_more_component_is_tested_on_rows_with_gaps(fitted):
    _, rows = fitted
    one = GaussianMixture(1, missing="marginal").fit(rows).mixture_
    found = likelihood_ratio_test(
        one, rows, n_replicates=19, n_init=1, missing="marginal", random_state=0
    )
    assert found.p_value == 1 / 20


def test_frames_have_gaps_too(fitted):
    mixture, rows = fitted
    frame = pd.DataFrame(rows, columns=["a", "b"])
    assert (
        gradient(mixture, frame, missing="marginal").log_likelihood
        == gradient(mixture, rows, missing="marginal").log_likelihood
    )


def test_other_gaps_are_refused():
    plain = mixed()
    rows = plain.rows.copy()
    rows[0, 0] = np.nan
    with pytest.raises(DataError, match="NaN"):
        gradient(plain.mixture, rows, missing="marginal")
    infinite = gaussian("VVV")
    rows = infinite.rows.copy()
    rows[0] = [np.nan, np.inf, 0.0]
    with pytest.raises(DataError, match="infinity"):
        gradient(infinite.mixture, rows, missing="marginal")
    with pytest.raises(ParameterError, match="'error' or 'marginal'"):
        gradient(infinite.mixture, rows, missing="mean")
    rows[0, 1] = 0.0
    with pytest.raises(DataError, match="missing='marginal'"):
        gradient(infinite.mixture, rows)
