"""Latent classes, clusters of counts and of zeros and ones, and texts."""

import numpy as np
from scipy import sparse

from problems.problem import Problem, choose, log_uniform

__all__ = ["DISCRETE", "classes", "counts", "texts"]

# In nats: what is no difference between two optima of latent classes.
CLASSES_TOLERANCE = 0.15
# Documents, words, tokens of a document at the median.
CORPUS = (500, 800, 60)


def both(problem_rows, labels, n_components, **more):
    """Return a problem whose first half of rows is fitted; a cluster without rows is none."""
    n_rows = len(labels) // 2
    own = np.unique(labels[:n_rows], return_inverse=True)[1]
    n_components = min(n_components, int(own.max()) + 1)
    return Problem(problem_rows[:n_rows], problem_rows[n_rows:], own, own, n_components, **more)


def classes(rng):
    """Latent classes: 2 to 8 of 4 to 20 items with 2 to 5 levels, weak to strong."""
    n_classes = int(rng.integers(2, 9))
    n_items = int(rng.integers(max(4, n_classes), 21))
    n_rows = int(log_uniform(rng, 200, 3000))
    concentration = log_uniform(rng, 0.3, 3.0)
    shares = rng.dirichlet(np.full(n_classes, 5.0))
    labels = rng.choice(n_classes, 2 * n_rows, p=shares)
    answers = np.empty((2 * n_rows, n_items), dtype=np.intp)
    for item in range(n_items):
        n_levels = int(rng.integers(2, 6))
        tables = rng.dirichlet(np.full(n_levels, concentration), n_classes).cumsum(axis=1)
        drawn = (rng.random((2 * n_rows, 1)) > tables[labels]).sum(axis=1)
        answers[:, item] = np.minimum(drawn, n_levels - 1)
    problem = both(answers, labels, n_classes, family="categorical", tolerance=CLASSES_TOLERANCE)
    return with_known_levels(problem)


def with_known_levels(problem):
    """Return the problem without items of one level and held-out rows with an unseen one."""
    fitted, held_out = problem.fitted, problem.held_out
    varying = (fitted != fitted[0]).any(axis=0)
    fitted, held_out = fitted[:, varying], held_out[:, varying]
    known = np.column_stack(
        [np.isin(held_out[:, j], fitted[:, j]) for j in range(fitted.shape[1])]
    ).all(axis=1)
    return Problem(
        fitted, held_out[known], problem.labels, problem.start, problem.n_components,
        family=problem.family, tolerance=problem.tolerance,
    )  # fmt: skip


def counts(rng):
    """Clusters of Poisson counts, of counts that share a total, or of zeros and ones."""
    family = choose(rng, "poisson", "multinomial", "bernoulli")
    n_components, n_columns = int(rng.integers(2, 9)), int(rng.integers(4, 31))
    n_rows = int(log_uniform(rng, 200, 2000))
    labels = rng.choice(n_components, 2 * n_rows, p=rng.dirichlet(np.full(n_components, 5.0)))
    spread = log_uniform(rng, 0.3, 1.5)
    logits = rng.normal(0, 1, n_columns) + spread * rng.normal(size=(n_components, n_columns))
    if family == "poisson":
        rows = rng.poisson(np.exp(logits + rng.uniform(-1, 2))[labels])
    elif family == "bernoulli":
        rows = rng.random((2 * n_rows, n_columns)) < (1 / (1 + np.exp(-logits)))[labels]
    else:
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        totals = rng.poisson(rng.uniform(5, 40), 2 * n_rows) + 1
        rows = rng.multinomial(totals, shares[labels])
    rows = np.asarray(rows, dtype=float)
    # Every column has something in the fitted rows, and a zero, for those of zeros and ones.
    varying = rows[:n_rows].std(axis=0) > 0
    return both(rows[:, varying], labels, n_components, family=family)


def texts(rng):
    """Documents of words as unequal as those of a language, of 5 to 10 topics."""
    n_rows, n_words, typical = CORPUS
    n_topics = int(rng.integers(5, 11))
    common = 1.0 / np.arange(1, n_words + 1) ** rng.uniform(0.7, 1.1)
    tables = common * rng.gamma(log_uniform(rng, 0.3, 3.0), size=(n_topics, n_words))
    tables /= tables.sum(axis=1, keepdims=True)
    labels = rng.choice(n_topics, 2 * n_rows, p=rng.dirichlet(np.full(n_topics, 5.0)))
    lengths = 5 + rng.poisson(typical * rng.gamma(2.0, 0.5, 2 * n_rows))
    rows = rng.multinomial(lengths, tables[labels]).astype(float)
    used = rows[:n_rows].any(axis=0)
    return both(sparse.csr_array(rows[:, used]), labels, n_topics, family="multinomial")


DISCRETE = {make.__name__: make for make in (classes, counts, texts)}
