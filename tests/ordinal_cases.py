"""Answers in five steps of three classes, and the likelihood of ordinal items written out."""

import numpy as np
from scipy.special import expit, log_softmax, logsumexp

LEVELS = 5


def drawn(n_rows=500, n_items=5, n_classes=3, seed=0, strength=1.5):
    """Return answers 1 to 5 (N, J) of items whose classes differ by adjacent-category logits."""
    rng = np.random.default_rng(seed)
    thresholds = 0.5 * rng.normal(size=(n_items, LEVELS))
    effects = strength * rng.normal(size=(n_items, n_classes))
    logits = thresholds[:, None] + effects[:, :, None] * (np.arange(LEVELS) - 2.0)
    cumulative = np.exp(log_softmax(logits, axis=2)).cumsum(axis=2)
    classes = rng.choice(n_classes, n_rows, p=rng.dirichlet(np.full(n_classes, 8.0)))
    below = rng.random((n_items, n_rows, 1)) > cumulative[:, classes]
    return 1 + np.minimum(below.sum(axis=2).T, LEVELS - 1)


def log_probabilities(thresholds, effects, scores):
    """Return log p (J, K, L) of thresholds (J, L), effects (J, K) and scores (L,)."""
    return log_softmax(thresholds[:, None] + effects[:, :, None] * scores, axis=2)


def cumulative_log_likelihood(point, codes, n_classes, n_levels):
    """Return the same by logit P(level <= l) = b_l - λ_k, the first λ being 0."""
    n_items = codes.shape[1]
    weights = np.append(0.0, point[: n_classes - 1])
    rest = point[n_classes - 1 :].reshape(n_items, n_levels - 1 + n_classes - 1)
    effects = np.hstack([np.zeros((n_items, 1)), rest[:, n_levels - 1 :]])
    below = expit(rest[:, None, : n_levels - 1] - effects[:, :, None])
    edges = [np.zeros((n_items, n_classes, 1)), below, np.ones((n_items, n_classes, 1))]
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.diff(np.concatenate(edges, axis=2), axis=2))
    rows = sum(logs[j][:, codes[:, j]].T for j in range(n_items))
    return float(logsumexp(rows + weights - logsumexp(weights), axis=1).sum())


def cumulative_point_of(weights, probabilities):
    """Return the free numbers (M,) of probabilities (J, K, L) that are of that form."""
    below = np.cumsum(probabilities, axis=2)[:, :, :-1]
    logits = np.log(below / (1.0 - below))
    parts = [np.log(weights[1:] / weights[0])]
    for own in logits:
        parts += [own[0], own[0, 0] - own[1:, 0]]
    return np.concatenate(parts)


def log_likelihood(point, codes, n_classes, scores):
    """Return Σ log Σ_k π_k Π_j p_jk[x_j] of free numbers, the first of each being 0.

    Codes are from 0; one above the levels is a missing answer.
    """
    n_items, n_levels = codes.shape[1], len(scores)
    weights = np.append(0.0, point[: n_classes - 1])
    rest = point[n_classes - 1 :].reshape(n_items, n_levels - 1 + n_classes - 1)
    zeros = np.zeros((n_items, 1))
    thresholds = np.hstack([zeros, rest[:, : n_levels - 1]])
    effects = np.hstack([zeros, rest[:, n_levels - 1 :]])
    logs = log_probabilities(thresholds, effects, scores)
    logs = np.concatenate([logs, np.zeros((n_items, n_classes, 1))], axis=2)
    rows = sum(logs[j][:, codes[:, j]].T for j in range(n_items))
    return float(logsumexp(rows + weights - logsumexp(weights), axis=1).sum())


def point_of(weights, probabilities, scores):
    """Return the free numbers (M,) of probabilities (J, K, L) that are of this form."""
    logs = np.log(probabilities)
    parts = [np.log(weights[1:] / weights[0])]
    for own in logs:
        apart = (own[:, -1] - own[:, 0]) / (scores[-1] - scores[0])
        thresholds = own[0] - apart[0] * scores
        parts += [thresholds[1:] - thresholds[0] + apart[0] * (scores[1:] - scores[0])]
        parts += [apart[1:] - apart[0]]
    return np.concatenate(parts)
