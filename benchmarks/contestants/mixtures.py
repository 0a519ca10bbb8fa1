"""Fits by mixtura: its defaults, other settings, and EM from the truth."""

import numpy as np

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GaussianMixture,
    MultinomialMixture,
    PoissonMixture,
    select,
)
from mixtura.errors import MixturaError

__all__ = [
    "by_auto",
    "by_default",
    "by_ten",
    "by_truth",
    "estimator",
    "other_seed",
    "without_prior",
]

FAMILIES = {
    "categorical": CategoricalMixture,
    "multinomial": MultinomialMixture,
    "bernoulli": BernoulliMixture,
    "poisson": PoissonMixture,
}
# EM alone is slow, and must come to its end.
PLAIN = {"algorithm": "em", "max_iter": 20_000}
# For a truth that has no width: scikit-learn's default.
RIDGE = 1e-6


class Selected:
    """The best of a search, with the methods of an estimator."""

    def __init__(self, selection):
        self._mixture = selection.result.mixture
        self.n_components = selection.best.n_components
        self.note = f"{selection.best.kind} {self.n_components}"

    def score_samples(self, rows):
        return self._mixture.log_density(rows)

    def predict(self, rows):
        return self._mixture.responsibilities(rows).argmax(axis=1)


def estimator(problem, n_components=None, **settings):
    """Return the estimator of a problem's family, on one thread."""
    n_components = problem.n_components if n_components is None else n_components
    if problem.family != "gaussian":
        return FAMILIES[problem.family](n_components, n_jobs=1, **settings)
    return GaussianMixture(
        n_components, covariance_type=problem.structure, noise=problem.noise, n_jobs=1, **settings
    )


def fitted(problem, **settings):
    """Return a fit, or a search; weights add up to one."""
    if problem.sizes is not None:
        found = select(problem.fitted, problem.sizes, n_jobs=1, **settings)
        return Selected(found)
    model = estimator(problem, **settings)
    if problem.weights is None:
        return model.fit(problem.fitted)
    return model.fit(problem.fitted, sample_weight=problem.weights / problem.weights.sum())


def by_default(problem, seed):
    return fitted(problem, random_state=seed)


def other_seed(number):
    """Return the default with another seed."""
    return lambda problem, seed: fitted(problem, random_state=seed + number)


def by_auto(problem, seed):
    """Return the estimator that finds its number of components, and its structure, by itself."""
    settings = {"covariance_type": "auto", "random_state": seed, "n_jobs": 1}
    model = GaussianMixture("auto", **settings).fit(problem.fitted)
    return Selected(model.selection_)


def by_ten(problem, seed):
    return fitted(problem, random_state=seed, n_init=10)


def without_prior(problem, seed):
    return fitted(problem, random_state=seed, prior=None)


def by_truth(problem, seed):
    """Return where plain EM ends from the true components, by likelihood alone where it can."""
    n_starts = problem.n_components + (problem.noise is not None)
    settings = {"responsibilities_init": np.eye(n_starts)[problem.start], **PLAIN}
    if problem.family != "gaussian":
        return estimator(problem, **settings).fit(problem.fitted)
    try:
        model = estimator(problem, prior=None, **settings)
        return model.fit(problem.fitted, sample_weight=problem.weights)
    except MixturaError as error:
        model = estimator(problem, reg_covar=RIDGE, tol=1e-9, **settings)
        model.fit(problem.fitted, sample_weight=problem.weights)
        model.note = f"reg_covar={RIDGE}, as prior=None failed: {error}"
        return model
