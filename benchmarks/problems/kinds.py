"""Kinds of Gaussian data on which fits failed; each a function of a generator."""

import numpy as np

from problems.problem import OUTLIER, Problem, choose, gaussian, halves, log_uniform, shuffled

__all__ = ["KINDS"]


def two_clusters(rng, n_columns, apart=(6.0, 10.0), rows=(100, 400)):
    """Return both halves of two round clusters."""
    means = np.zeros((2, n_columns))
    means[1] = direction(rng, n_columns) * rng.uniform(*apart)
    parts = gaussian(rng, rng.integers(*rows, 2), means)
    return [shuffled(rng, half) for half in halves(parts)]


def direction(rng, n_columns):
    vector = rng.normal(size=n_columns)
    return vector / np.linalg.norm(vector)


def plain(fitted, held_out, n_components, **more):
    """Return a problem whose truth is its labels."""
    return Problem(fitted.rows, held_out.rows, fitted.labels, fitted.labels, n_components, **more)


def far(rng):
    """Two clusters 8 apart and one 200 to 300 000 away."""
    n_columns = int(rng.integers(1, 4))
    means = np.zeros((3, n_columns))
    means[1] = direction(rng, n_columns) * log_uniform(rng, 200, 300_000)
    means[2] = means[1] + direction(rng, n_columns) * 8
    sizes = np.full(3, int(log_uniform(rng, 100, 1000)))
    fitted, held_out = (shuffled(rng, half) for half in halves(gaussian(rng, sizes, means)))
    return plain(fitted, held_out, 3)


def thin(rng):
    """Two round clusters and one in which two columns agree."""
    n_columns = int(rng.integers(2, 5))
    means = rng.normal(0, 6, (3, n_columns))
    parts = gaussian(rng, rng.integers(100, 400, 3), means)
    own = parts.labels == 2
    agree = rng.normal(0, log_uniform(rng, 3e-4, 1e-1), own.sum())
    parts.rows[own, 1] = parts.rows[own, 0] - means[2, 0] + means[2, 1] + agree
    fitted, held_out = (shuffled(rng, half) for half in halves(parts))
    return plain(fitted, held_out, 3)


def wild(rng):
    """Two clusters and one wild cell, with a component to spare."""
    n_columns = int(rng.integers(1, 5))
    fitted, held_out = two_clusters(rng, n_columns)
    place = rng.integers(len(fitted.rows)), rng.integers(n_columns)
    fitted.rows[place] = choose(rng, -1, 1) * log_uniform(rng, 1e3, 1e7)
    labels, start = fitted.labels.copy(), fitted.labels.copy()
    labels[place[0]], start[place[0]] = OUTLIER, 2
    structure = choose(rng, "full", "tied", "diag")
    return Problem(fitted.rows, held_out.rows, labels, start, 3, structure=structure)


def sentinel(rng):
    """Two clusters, and a code in one in a hundred cells of a column: a component to spare."""
    n_columns = int(rng.integers(2, 5))
    fitted, held_out = two_clusters(rng, n_columns, rows=(200, 600))
    n_rows = len(fitted.rows)
    coded = rng.choice(n_rows, max(2, n_rows // 100), replace=False)
    fitted.rows[coded, rng.integers(n_columns)] = choose(rng, 99_999.0, -999.0, 1e9)
    labels, start = fitted.labels.copy(), fitted.labels.copy()
    labels[coded], start[coded] = OUTLIER, 2
    return Problem(fitted.rows, held_out.rows, labels, start, 3)


def zeros(rng):
    """Three clusters, one exactly 0 in a column, which is not held out; the other is noise."""
    step = rng.uniform(3.5, 6)
    sizes = np.full(3, int(rng.integers(150, 500)))
    parts = gaussian(rng, sizes, [[0, 0], [step, 0], [2 * step, 0]])
    parts.rows[parts.labels == 0, 0] = 0.0
    fitted, held_out = (shuffled(rng, half) for half in halves(parts))
    apart = held_out.labels > 0
    return Problem(fitted.rows, held_out.rows[apart], fitted.labels, fitted.labels, 3)


def noise(rng):
    """Two clusters and outliers spread over a wide box, fitted with noise."""
    n_columns = int(rng.integers(2, 4))
    reach, n_noise = log_uniform(rng, 40, 1000), int(rng.integers(20, 101))
    halves_ = two_clusters(rng, n_columns, rows=(200, 400))
    rows = [
        np.concatenate([half.rows, rng.uniform(-reach, reach, (n_noise, n_columns))])
        for half in halves_
    ]
    stray = np.full(n_noise, OUTLIER)
    labels = np.concatenate([halves_[0].labels, stray])
    start = np.where(labels == OUTLIER, 2, labels)
    return Problem(*rows, labels, start, 2, noise="uniform")


def likert(rng):
    """Two classes of answers from 1 to 5, searched; held out: spread evenly over their cells."""
    labels = rng.integers(0, 2, (2, 300))
    low, width = rng.uniform(1.8, 2.2), rng.uniform(0.7, 1.0)
    centres = np.array([low, low + rng.uniform(1.8, 2.2)])
    rows = centres[labels][..., None] + rng.normal(0, width, (2, 300, 4))
    answers = np.clip(np.round(rows), 1, 5)
    spread = answers[1] + rng.uniform(-0.5, 0.5, (300, 4))
    return Problem(
        answers[0], spread, labels[0], labels[0], 2, structure="EII", sizes=tuple(range(1, 7)),
        demand="select", least_agreement=0.7,
    )  # fmt: skip


def wide(rng):
    """Fewer rows than columns: two clusters, searched."""
    labels = rng.integers(0, 2, (2, 50))
    labels[:, :4] = 0, 0, 1, 1
    means = rng.normal(size=(2, 80)) * rng.uniform(1.0, 2.0)
    rows = means[labels] + rng.normal(size=(2, 50, 80))
    return Problem(
        rows[0], rows[1], labels[0], labels[0], 2, structure="EII", sizes=(1, 2, 3),
        demand="select", least_agreement=0.9,
    )  # fmt: skip


def histogram(rng):
    """Bins of two normals, with weights that add up to one; held out: rows before binning."""
    apart, n_rows = rng.uniform(4, 7), int(log_uniform(rng, 1000, 50_000))
    sizes = (np.array([0.6, 0.4]) * n_rows).astype(int)
    fitted, held_out = halves(gaussian(rng, sizes, [[0.0], [apart]]))
    counts, edges = np.histogram(fitted.rows, int(rng.integers(24, 80)), (-6, apart + 6))
    middle, filled = (edges[1:] + edges[:-1]) / 2, counts > 0
    labels = (middle[filled] > apart / 2).astype(np.intp)
    return Problem(
        middle[filled, None], held_out.rows, labels, labels, 2,
        weights=counts[filled].astype(float), demand="means",
        tolerance=0.05 + (edges[1] - edges[0]) / 20,
    )  # fmt: skip


def outlier(rng):
    """One cluster of few rows and one cell far away."""
    n_rows, n_columns = int(rng.integers(20, 81)), int(rng.integers(1, 4))
    rows = rng.normal(size=(2, n_rows, n_columns))
    rows[0, 0, 0] = choose(rng, -1, 1) * log_uniform(rng, 1e4, 1e8)
    labels = np.zeros(n_rows, dtype=np.intp)
    labels[0] = OUTLIER
    return Problem(rows[0], rows[1], labels, (labels == OUTLIER).astype(np.intp), 2, demand="kept")


KINDS = {
    make.__name__: make
    for make in (far, thin, wild, sentinel, zeros, noise, likert, wide, histogram, outlier)
}
