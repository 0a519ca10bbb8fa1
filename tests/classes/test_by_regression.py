"""Outcomes by the regression of classes on them are Bayes' rule on the written-out likelihood."""

import numpy as np
import pandas as pd
import pytest
from class_cases import MEANS, drawn, fitted
from click.testing import CliRunner
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax

from mixtura import InformationError, ParameterError, classification, three_step
from mixtura.cli.command import command

pytestmark = pytest.mark.drawn(3, among="file")


def turned_round(z, modal, errors, weights, start):
    """Return the means of z by class, and the coefficients of the logit that they are of."""
    design = np.column_stack([np.ones(len(z)), z, z**2])
    n_classes = len(errors)

    def negative(x):
        logits = np.column_stack([np.zeros(len(z)), design @ x.reshape(3, n_classes - 1)])
        log_p = log_softmax(logits, axis=1)
        joint = log_p + np.log(errors)[:, modal].T
        slope = design.T @ (weights[:, None] * (np.exp(log_p) - softmax(joint, axis=1)))[:, 1:]
        return -float(weights @ logsumexp(joint, axis=1)), slope.ravel()

    x = minimize(negative, start, method="BFGS", jac=True, options={"gtol": 1e-7}).x
    logits = np.column_stack([np.zeros(len(z)), design @ x.reshape(3, n_classes - 1)])
    p = softmax(logits, axis=1) * weights[:, None]
    return p.T @ z / p.sum(axis=0), x


def test_means_and_errors_are_those_of_bayes_rule_and_of_rows_left_out() -> None:
    model, answers, frame, _ = fitted(800)
    found = three_step(
        model, answers, distal=frame[["income"]], correction="ltb", step_one="known"
    ).outcomes["income"]
    errors = classification(model, answers).modal_given_class
    modal, z = model.predict(answers), frame["income"].to_numpy()
    ones = np.ones(len(z))
    means, x = turned_round(z, modal, errors, ones, np.zeros(6))
    assert_allclose(found.means[:, 0], means, atol=1e-5)
    rng = np.random.default_rng(0)
    some, moved = rng.choice(len(z), 60, replace=False), []
    for i in some:
        other = ones.copy()
        other[i] = 0.5
        moved.append((means - turned_round(z, modal, errors, other, x)[0]) / 0.5)
    # Of some rows, the squares of how far each moves the means are a sample of all.
    spread = np.sqrt(np.mean(np.square(moved), axis=0) * len(z))
    margin = 4.0 / np.sqrt(len(some))
    assert_allclose(found.standard_errors[:, 0] / spread, 1.0, atol=margin)


def test_a_saturated_regression_is_what_other_corrections_find() -> None:
    model, answers, frame, _ = fitted(800)
    outcomes = {
        way: three_step(model, answers, distal=frame[["job"]], correction=way).outcomes["job"]
        for way in ("ltb", "bch", "ml")
    }
    for way in ("bch", "ml"):
        assert_allclose(outcomes["ltb"].means, outcomes[way].means, atol=1e-6)
        assert_allclose(outcomes["ltb"].standard_errors, outcomes[way].standard_errors, rtol=1e-4)
    yes = (frame["job"] == "none").astype(float)
    number = three_step(model, answers, distal=yes, correction="ltb")
    shares = outcomes["ltb"].means[:, outcomes["ltb"].levels.index("none")]
    assert_allclose(next(iter(number)).means[:, 0], shares, atol=1e-6)


@pytest.mark.parametrize("spreads", [(1.0, 1.0, 1.0), (0.6, 1.0, 1.6)])
def test_means_are_the_truth_where_variances_are_unlike_too(spreads) -> None:
    gone = []
    for seed in range(5, 9):
        model, answers, _, order = fitted(2000, seed)
        labels, rng = drawn(2000, seed)[2], np.random.default_rng(seed + 100)
        z = MEANS[labels] + np.array(spreads)[labels] * rng.normal(size=2000)
        found = next(iter(three_step(model, answers, distal=z, correction="ltb")))
        errors = found.standard_errors[order, 0]
        gone.append((found.means[order, 0] - MEANS) / errors)
    assert np.abs(np.mean(gone, axis=0)).max() < 4.5 / np.sqrt(len(gone))
    assert 0.3 < np.std(gone) < 2.0


def test_what_it_cannot_do_is_said(tmp_path) -> None:
    model, answers, frame, _ = fitted(800)
    with pytest.raises(ParameterError, match="for covariates take 'ml'"):
        three_step(model, answers, covariates=frame[["x"]], correction="ltb")
    sure = np.array(["a", "b", "c"])[model.predict(answers)]
    with pytest.raises(InformationError, match=r"'y0' foretells a class, .* take correction='bch'"):
        three_step(model, answers, distal=sure, correction="ltb")
    path = tmp_path / "survey.csv"
    items = pd.DataFrame(answers, columns=list("abcdef"))
    pd.concat([items, frame], axis=1).to_csv(path, index=False)
    asked = ["classes", str(path), "-k", "3", "--starts", "2", "--columns", "a,b,c,d,e,f"]
    asked += ["--distal", "income", "--covariates", "x", "--correction", "ltb"]
    done = CliRunner().invoke(command, asked)
    assert done.exit_code == 0, done.stderr
    assert "by the regression of classes on the outcome" in done.stdout
    assert "corrected by maximum likelihood" in done.stdout
