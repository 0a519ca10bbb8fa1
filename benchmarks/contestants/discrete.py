"""Fits of latent classes, counts and texts: many plain starts, one component, and StepMix."""

import numpy as np

from contestants.mixtures import PLAIN, estimator

__all__ = ["MANY_STARTS", "best_of_starts", "by_stepmix", "one_component"]

# Starts of latent classes; other families take fewer.
MANY_STARTS = 100
FEWER = 5
# The concentration of starting responsibilities: those of texts are nearly uniform.
CONCENTRATION = {"categorical": 1.0, "poisson": 1.0, "bernoulli": 1.0, "multinomial": 100.0}


def best_of_starts(n_starts):
    """Return what keeps the likeliest of plain EM's ends from random responsibilities."""

    def best(problem, seed):
        rng = np.random.default_rng([seed, 2])
        shape = np.full(problem.n_components, CONCENTRATION[problem.family])
        several = n_starts if problem.family == "categorical" else max(1, n_starts // FEWER)
        ends = (
            estimator(
                problem,
                responsibilities_init=rng.dirichlet(shape, problem.fitted.shape[0]),
                **PLAIN,
            ).fit(problem.fitted)
            for _ in range(several)
        )
        return max(ends, key=lambda model: model.log_likelihood_)

    return best


def one_component(problem, seed):
    return estimator(problem, 1, random_state=seed).fit(problem.fitted)


class Stepped:
    """StepMix, with a log density of rows."""

    def __init__(self, model):
        self._model = model

    def score_samples(self, rows):
        return np.array([self._model.score(rows)] * rows.shape[0])

    def predict(self, rows):
        return self._model.predict(rows)


def by_stepmix(problem, seed):
    """Return StepMix's best of ten starts."""
    from stepmix import StepMix

    measurement = {"categorical": "categorical", "bernoulli": "binary"}[problem.family]
    model = StepMix(
        problem.n_components, measurement=measurement, n_init=10, max_iter=5000,
        random_state=seed, progress_bar=0, verbose=0,
    )  # fmt: skip
    return Stepped(model.fit(problem.fitted))
