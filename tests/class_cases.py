"""Answers of three classes, a covariate that foretells them, and an outcome that follows."""

from functools import cache

import numpy as np
import pandas as pd

from mixtura import CategoricalMixture

SLOPES = np.array([0.0, -1.0, -2.0])
MEANS = np.array([-1.0, 0.0, 1.0])


def drawn(n_rows=2000, seed=0):
    """Return answers (N, 6), a frame of covariates and outcomes, and true classes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n_rows)
    logits = np.outer(x, SLOPES) + np.array([0.0, 0.3, 0.1])
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    yes = np.array([[0.8] * 6, [0.8] * 3 + [0.2] * 3, [0.2] * 6])[labels]
    answers = (rng.random(yes.shape) < yes).astype(int)
    outcome = MEANS[labels] + rng.normal(size=n_rows)
    chances = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7]])[labels]
    level = (rng.random(n_rows)[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    frame = pd.DataFrame(
        {
            "x": x,
            "age": 40 + 10 * rng.normal(size=n_rows),
            "sex": np.array(["f", "m"])[rng.integers(0, 2, n_rows)],
            "income": outcome,
            "job": np.array(["blue", "none", "white"])[level],
        }
    )
    return answers, frame, labels


@cache
def fitted(n_rows=2000, seed=0):
    """Return the model of answers, the answers, the frame, and classes in order of the truth.

    The order says which class of the model is which of the truth.
    """
    answers, frame, labels = drawn(n_rows, seed)
    model = CategoricalMixture(3, prior=None, n_init=5, tol=1e-14, random_state=0).fit(answers)
    posterior = model.predict_proba(answers)
    order = [int(posterior[labels == k].mean(axis=0).argmax()) for k in range(3)]
    assert sorted(order) == [0, 1, 2]
    return model, answers, frame, order
