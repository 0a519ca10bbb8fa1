"""The questions: rows, how many components of which structure, and the right log-likelihood.

A right value is that of an independent system's fit (`tests/reference`), or that of plain EM from
the components that rows were drawn from, written out in `likelihoods.py`; of rows in other units it
is the same value moved by the logarithm of the units.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conforming.likelihoods import em_of_classes, em_of_gaussians

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from oracles import dataset, gaussian_fits

__all__ = ["KNOWN", "Question", "questions"]

# The group of data that all know, of which the best end is not known for certain.
KNOWN = "Data that all know"
STRUCTURES = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}


@dataclass(frozen=True)
class Question:
    """What is asked of all.

    Attributes
    ----------
    title : of the row in the table
    group : of rows in the table
    rows : (N, D) float64, NaN where a cell is missing; of classes level codes from 0
    n_components : K
    right : the log-likelihood of the fit that is asked for
    structure : of Gaussians; "classes" of categorical items
    row_weights : (N,), or None
    far : (M, D) rows of which posteriors are asked, or None
    """

    title: str
    group: str
    rows: np.ndarray
    n_components: int
    right: float
    structure: str = "full"
    row_weights: np.ndarray | None = None
    far: np.ndarray | None = None

    @property
    def is_of_classes(self):
        return self.structure == "classes"

    @property
    def weights(self):
        return np.ones(len(self.rows)) if self.row_weights is None else self.row_weights


def of_reference(name, structure, n_components):
    """Return the question of a set of the reference; the best of its plain fits is right."""
    rows, code = dataset(name).values, STRUCTURES[structure]
    ends = [
        fit["loglik"]
        for fit in gaussian_fits(name)
        if (fit["variant"], fit["model"], fit["G"]) == ("plain", code, n_components)
    ]
    title = f"{name}, K={n_components}, {structure}"
    return Question(title, KNOWN, rows, n_components, max(ends), structure)


def drawn(title, group, rows, labels, structure="full", right=None, **more):
    """Return the question of rows of which the components are known."""
    weights = more.get("row_weights")
    counts = np.ones(len(rows)) if weights is None else weights
    if right is None:
        right = em_of_gaussians(rows, counts, labels, structure)
    return Question(title, group, rows, int(labels.max()) + 1, right, structure, **more)


def two_clusters(rng, n_rows=300):
    labels = rng.integers(2, size=n_rows)
    shapes = rng.normal(size=(2, 3, 3))
    noise = rng.normal(size=(n_rows, 3))
    rows = np.einsum("nij,nj->ni", shapes[labels], noise) + labels[:, None] * [6.0, -4.0, 5.0]
    return rows, labels


def in_units():
    group = "The same rows in other units"
    rows, labels = two_clusters(np.random.default_rng(11))
    base = drawn("as drawn: 300 x 3, K=2", group, rows, labels)
    yield base
    for title, scale, origin in (
        ("1e8 from the origin", 1.0, 1e8),
        ("in units of 1e-6 (amounts of 1e-6)", 1e-6, 0.0),
        ("amounts of 1e12", 1e12, 0.0),
        ("amounts of 1e-100", 1e-100, 0.0),
        ("one column in 1e6, one in 1e-6", np.array([1e6, 1e-6, 1.0]), 0.0),
    ):
        moved = rows * scale + origin
        logs = np.log(np.broadcast_to(scale, 3)).sum()
        yield drawn(title, group, moved, labels, right=base.right - len(rows) * logs)
    weights = np.where(np.arange(len(rows)) % 2, 1.0, 2.0)
    twice = np.repeat(rows, weights.astype(int), axis=0)
    repeated = np.repeat(labels, weights.astype(int))
    right = em_of_gaussians(rows, weights, labels, "full")
    yield drawn("every second row twice", group, twice, repeated, right=right)
    yield drawn(
        "the same by weights of 2 and 1", group, rows, labels, right=right, row_weights=weights
    )
    far = np.r_[rows.mean(axis=0) + 1e6, rows.mean(axis=0) - 1e9].reshape(2, 3)
    yield drawn(
        "posteriors of rows 1e6 and 1e9 away", group, rows, labels, right=base.right, far=far
    )


def as_found():
    group = "Columns as they are found"
    rng = np.random.default_rng(12)
    for gap in (1e3, 1e5):
        rows = np.r_[rng.normal(0, 1, 200), rng.normal(gap, 1, 200), rng.normal(gap + 8, 1, 200)]
        title = f"clusters of width 1 at 0, {gap:.0e} and 8 further"
        yield drawn(title, group, rows[:, None], np.repeat([0, 1, 2], 200))
    rows = np.r_[rng.normal([0, 0], 1, (200, 2)), rng.normal([5, 1], 1, (150, 2)), [[1e4, 0]]]
    labels = np.repeat([0, 1, 2], [200, 150, 1])
    yield drawn("two clusters and one wild cell of 1e4, tied", group, rows, labels, "tied")
    labels = np.repeat([0, 1, 2], 300)
    rows = rng.normal(np.c_[[0, 5, 0], [0, 0, 6]][labels], 1)
    coded = rng.uniform(size=len(rows)) < 0.05
    rows[coded] = rng.normal([99999, 99999], 1, (coded.sum(), 2))
    labels[coded] = 3
    yield drawn("a code 99999 in one row of twenty, tied", group, rows, labels, "tied")
    labels = rng.integers(3, size=400)
    rows = np.round(rng.normal(np.array([[2, 2], [5, 3], [3, 7]])[labels], 0.8), 1)
    yield drawn("rounded to one digit", group, rows, labels)
    rows = rng.normal(size=(120, 2)) + 4 * (labels := rng.integers(2, size=120))[:, None]
    rows[rng.uniform(size=rows.shape) < 0.15] = np.nan
    rows, labels = rows[(kept := ~np.isnan(rows).all(axis=1))], labels[kept]
    yield drawn("15 % of the cells missing", group, rows, labels)
    labels = np.repeat([0, 1, 2], 500)
    mixing = rng.normal(size=(3, 60, 60)) / 60**0.5
    rows = np.einsum("nij,nj->ni", mixing[labels], rng.normal(size=(1500, 60)))
    rows += 0.3 * rng.normal(size=rows.shape) + 0.2 * rng.normal(size=(3, 60))[labels]
    yield drawn("60 columns, means next to each other", group, rows, labels)
    centres = rng.uniform(-40, 40, (20, 2))
    labels = np.arange(4000) % 20
    yield drawn(
        "twenty clusters", group, centres[labels] + rng.normal(size=(4000, 2)), labels, "spherical"
    )
    sizes = [2000, 15]
    labels = np.repeat([0, 1], sizes)
    rows = np.r_[rng.normal(0, 1, (2000, 2)), rng.normal([7, 7], 0.3, (15, 2))]
    yield drawn("a cluster of 15 rows beside one of 2 000", group, rows, labels)


def of_classes():
    group = "Classes"
    carcinoma = dataset("carcinoma").values
    for size in (2, 3):
        right = em_of_classes(carcinoma, np.ones(len(carcinoma)), size, [2] * carcinoma.shape[1])
        yield Question(f"carcinoma, K={size}", group, carcinoma, size, right, "classes")
    patterns, counts = np.unique(carcinoma, axis=0, return_counts=True)
    title = "carcinoma, K=3, as 20 patterns with weights"
    yield Question(title, group, patterns, 3, right, "classes", row_weights=counts.astype(float))
    rng = np.random.default_rng(13)
    sizes = [2, 3, 4, 5, 2, 3]
    labels = rng.integers(3, size=600)
    shares = [rng.dirichlet(np.ones(size), 3) for size in sizes]
    rows = np.stack(
        [
            (rng.uniform(size=600)[:, None] > own.cumsum(axis=1)[labels]).sum(axis=1)
            for own in shares
        ],
        axis=1,
    ).astype(float)
    right = em_of_classes(rows, np.ones(600), 3, sizes)
    yield Question("six items of 2 to 5 levels, K=3", group, rows, 3, right, "classes")
    gaps = np.where(rng.uniform(size=rows.shape) < 0.15, np.nan, rows)
    right = em_of_classes(gaps, np.ones(600), 3, sizes)
    yield Question("the same, 15 % of the answers missing", group, gaps, 3, right, "classes")


def questions():
    """Yield all questions."""
    yield of_reference("faithful", "full", 2)
    yield of_reference("iris", "full", 2)
    yield of_reference("iris", "tied", 3)
    yield of_reference("banknote", "full", 2)
    yield of_reference("banknote", "tied", 3)
    yield of_reference("diabetes", "full", 3)
    yield of_reference("crabs", "diag", 4)
    yield of_reference("ruspini", "spherical", 4)
    yield from in_units()
    yield from as_found()
    yield from of_classes()
