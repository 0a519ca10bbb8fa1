"""Log-likelihoods and EM written plainly: what every system's parameters are judged by."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

__all__ = ["em_of_classes", "em_of_gaussians", "of_classes", "of_gaussians", "sizes_of"]

SWEEPS = 5000


def joint_of_gaussians(rows, weights, means, covariances):
    """Return log π_k N(x_n | μ_k, Σ_k) (n, K), missing cells left out."""
    patterns, groups = np.unique(np.isfinite(rows), axis=0, return_inverse=True)
    found = np.empty((len(rows), len(weights)))
    for number, seen in enumerate(patterns):
        own = groups.ravel() == number
        for k, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
            factor = np.linalg.cholesky(covariance[np.ix_(seen, seen)])
            steps = solve_triangular(factor, (rows[own][:, seen] - mean[seen]).T, lower=True)
            constant = np.log(np.diag(factor)).sum() + 0.5 * seen.sum() * np.log(2 * np.pi)
            found[own, k] = np.log(weights[k]) - constant - 0.5 * (steps**2).sum(axis=0)
    return found


def of_gaussians(rows, row_weights, weights, means, covariances):
    """Return Σ_n w_n log Σ_k π_k N(x_n | μ_k, Σ_k)."""
    return float(row_weights @ logsumexp(joint_of_gaussians(rows, weights, means, covariances), 1))


def of_classes(rows, row_weights, weights, probabilities):
    """Return Σ_n w_n log Σ_k π_k Π_j p_kj(x_nj), missing answers (NaN) left out.

    Parameters
    ----------
    probabilities : (K, L) for each item
    """
    return float(row_weights @ logsumexp(joint_of_classes(rows, weights, probabilities), axis=1))


def joint_of_classes(rows, weights, probabilities):
    with np.errstate(divide="ignore"):
        joint = np.broadcast_to(np.log(weights), (len(rows), len(weights))).copy()
        for answers, own in zip(rows.T, probabilities, strict=True):
            seen = np.isfinite(answers)
            joint[seen] += np.log(own).T[answers[seen].astype(int)]
    return joint


def sizes_of(rows, row_weights, weights, means, covariances):
    """Return N_k (K,)."""
    joint = joint_of_gaussians(rows, weights, means, covariances)
    return row_weights @ np.exp(joint - logsumexp(joint, axis=1, keepdims=True))


def em_of_gaussians(rows, row_weights, labels, structure):
    """Return the log-likelihood to which plain EM leads from labels, in units of the columns."""
    unit = np.nanstd(rows, axis=0)
    points, centre = rows / unit, np.nanmean(rows / unit, axis=0)
    points = points - centre
    n_components = labels.max() + 1
    responsibilities, before = np.eye(n_components)[labels], -np.inf
    filled = np.where(np.isfinite(points), points, 0.0)
    model = maximised(points, filled[None], 0.0, row_weights, responsibilities, structure)
    for _ in range(SWEEPS):
        joint = joint_of_gaussians(points, *model)
        now = float(row_weights @ logsumexp(joint, axis=1))
        responsibilities = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
        if now - before < 1e-8 * max(1.0, abs(now)):
            break
        before = now
        expected, spare = completed(points, model)
        model = maximised(points, expected, spare, row_weights, responsibilities, structure)
    seen = np.isfinite(rows)
    return now - float(row_weights @ (seen @ np.log(unit)))


def completed(points, model):
    """Return the rows that each component expects (K, n, D), and covariances of what is missing."""
    _, means, covariances = model
    expected = np.broadcast_to(points, (len(means), *points.shape)).copy()
    spare = np.zeros((len(means), len(points), points.shape[1], points.shape[1]))
    for n in np.flatnonzero(~np.isfinite(points).all(axis=1)):
        seen = np.isfinite(points[n])
        for k, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
            across = covariance[np.ix_(~seen, seen)]
            slope = np.linalg.solve(covariance[np.ix_(seen, seen)], across.T).T
            expected[k, n, ~seen] = mean[~seen] + slope @ (points[n, seen] - mean[seen])
            left = covariance[np.ix_(~seen, ~seen)] - slope @ across.T
            spare[k, n][np.ix_(~seen, ~seen)] = left
    return expected, spare


def maximised(points, expected, spare, row_weights, responsibilities, structure):
    """Return the M-step of full, tied, diagonal or spherical covariances."""
    shares = (row_weights[:, None] * responsibilities).T
    sizes = shares.sum(axis=1)
    expected = np.broadcast_to(expected, (len(sizes), *points.shape))
    means = np.einsum("kn,knd->kd", shares, expected) / sizes[:, None]
    apart = expected - means[:, None]
    scatter = (apart * shares[:, :, None]).transpose(0, 2, 1) @ apart
    if np.ndim(spare):
        scatter = scatter + np.einsum("kn,knij->kij", shares, spare)
    if structure == "tied":
        covariances = np.broadcast_to(scatter.sum(axis=0) / sizes.sum(), scatter.shape)
    else:
        covariances = scatter / sizes[:, None, None]
    if structure in ("diag", "spherical"):
        diagonals = np.einsum("kdd->kd", covariances)
        if structure == "spherical":
            diagonals = np.broadcast_to(diagonals.mean(axis=1, keepdims=True), diagonals.shape)
        covariances = diagonals[:, :, None] * np.eye(points.shape[1])
    return sizes / sizes.sum(), means, covariances


def em_of_classes(rows, row_weights, n_components, n_levels, n_starts=20):
    """Return the best log-likelihood to which plain EM leads from random responsibilities."""
    rng = np.random.default_rng(1)
    hot = [
        np.where(np.isfinite(answers)[:, None], np.eye(size)[np.nan_to_num(answers).astype(int)], 0)
        for answers, size in zip(rows.T, n_levels, strict=True)
    ]
    best = -np.inf
    for _ in range(n_starts):
        responsibilities, before = rng.dirichlet(np.ones(n_components), len(rows)), -np.inf
        for _ in range(SWEEPS):
            shares = (row_weights[:, None] * responsibilities).T
            weights = shares.sum(axis=1) / row_weights.sum()
            probabilities = [
                (counts := shares @ own) / counts.sum(axis=1, keepdims=True) for own in hot
            ]
            joint = joint_of_classes(rows, weights, probabilities)
            total = logsumexp(joint, axis=1, keepdims=True)
            now, responsibilities = float(row_weights @ total[:, 0]), np.exp(joint - total)
            if now - before < 1e-6:
                break
            before = now
        best = max(best, now)
    return best
