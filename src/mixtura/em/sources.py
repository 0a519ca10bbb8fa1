"""What starts are made of: groups of the rows of a sample, or responsibilities for them.

Each way finds clusters that another misses: trees and k-means the round and the long ones, scatter
within groups those that lie along one another, rows set aside those that outliers would bend, and
responsibilities at random those that no distance shows. All depends on the distinct rows, their
weights and the seed alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from mixtura.em.kmeans import lloyd_labels, seeded_labels
from mixtura.em.views import robust, views_of, within

__all__ = [
    "MANY",
    "Cloud",
    "Points",
    "Source",
    "distance_labels",
    "many_labels",
    "random_labels",
    "random_responsibilities",
    "responsibility_source",
    "seeded",
    "seeded_in_half",
    "wider_sources",
]

Float = NDArray[np.float64]
Labels = NDArray[np.intp]

# A group of each row (M,), or responsibilities of the groups in each row (M, K).
Source: TypeAlias = Labels | Float

# Components beyond which a start costs too much for many to be tried.
MANY = 32
# Distances between rows and centres beyond which groups are found in one view only.
COSTLY = 1 << 23
# Times that groups are found anew in units of their own scatter.
TURNS = 3
# Shares of the rows, those farthest from their neighbours, that are set aside.
ASIDE = (0.02, 0.05, 0.15)
# Rows below which none is set aside: at least, and for each component.
FEWEST, EACH = 40, 10
# Neighbours by which a row is judged lonely: at least, and for each column.
NEIGHBOURS, PER_COLUMN = 5, 2
# Columns beyond which all neighbours are about as far, and responsibilities at random all alike.
MOST_COLUMNS = 32
# Starts from random responsibilities.
SOFT = 2


@dataclass(frozen=True)
class Cloud:
    """The distinct rows of a sample as points; what all its starts ask of them is found once.

    Attributes
    ----------
    points : (M, E) in which Euclidean distance is meaningful
    mass : (M,) row weights
    """

    points: Float
    mass: Float

    @cached_property
    def views(self) -> list[Float]:
        """Return the points, and also in principal axes where there are enough of them."""
        return views_of(self.points)

    @cached_property
    def robust(self) -> Float:
        """Return the points about their medians, in units of the spread between quartiles."""
        return robust(self.points)

    @cached_property
    def sociable(self) -> Labels:
        """Return the points in the order of how far their neighbours are, the nearest first."""
        n_points, n_columns = self.points.shape
        near = min(n_points - 1, max(NEIGHBOURS, PER_COLUMN * n_columns))
        view = self.robust
        return np.argsort(scipy.spatial.KDTree(view).query(view, near + 1)[0][:, -1], kind="stable")


@dataclass(frozen=True, slots=True)
class Points:
    """A cloud of points for one start.

    Attributes
    ----------
    cloud : the points
    key : what randomness is keyed by
    """

    cloud: Cloud
    key: tuple[int, ...]

    @property
    def points(self) -> Float:
        """Return the points (M, E)."""
        return self.cloud.points

    @property
    def mass(self) -> Float:
        """Return the row weights (M,)."""
        return self.cloud.mass

    @property
    def views(self) -> list[Float]:
        """Return the points in each of the units of distance."""
        return self.cloud.views

    def rng(self, *number: int) -> np.random.Generator:
        """Return the generator of one source."""
        return np.random.default_rng([*self.key, *number])


def distance_labels(given: Points, n_components: int, count: int) -> Iterator[Labels]:
    """Yield the nearest of seeds, in turn in each view of the points."""
    for number in range(count):
        yield seeded(given, n_components, number)


def seeded(given: Points, n_components: int, number: int) -> Labels:
    """Return the nearest of greedy seeds, in the view that is the number's turn."""
    view = given.views[number % len(given.views)]
    return seeded_labels(view, given.mass, n_components, given.rng(number))


def seeded_in_half(given: Points, n_components: int, number: int) -> Labels:
    """Return the nearest of greedy seeds, by half of the columns of a view, drawn at random."""
    rng, view = given.rng(9, number), given.views[number % len(given.views)]
    n_columns = view.shape[1]
    columns = np.sort(rng.choice(n_columns, (n_columns + 1) // 2, replace=False))
    return seeded_labels(view[:, columns], given.mass, n_components, rng)


def random_labels(given: Points, n_components: int, number: int) -> Labels:
    """Return the nearest of rows drawn by their weights."""
    rng, points, mass = given.rng(8, number), given.points, given.mass
    few = len(points) < n_components
    drawn = points[rng.choice(len(points), n_components, replace=few, p=mass / mass.sum())]
    distances = np.square(drawn).sum(axis=1)[:, None] - 2.0 * drawn @ points.T
    return distances.argmin(axis=0)


def responsibility_source(given: Points, n_components: int, number: int) -> Float:
    """Return responsibilities (M, K) drawn evenly from all there are."""
    return given.rng(4, number).dirichlet(np.ones(n_components), len(given.points))


def many_labels(given: Points, n_components: int) -> Iterator[Labels]:
    """Yield groups by k-means in each view, where there are many components, or in the first."""
    distances = len(given.points) * n_components
    for number, view in enumerate(given.views[: 1 if distances > COSTLY else None]):
        yield lloyd_labels(view, given.mass, n_components, given.rng(1, number))


def wider_sources(given: Points, n_components: int) -> Iterator[Source]:
    """Yield groups by k-means in several units, and with lonely rows set aside."""
    for number, view in enumerate(given.views):
        yield lloyd_labels(view, given.mass, n_components, given.rng(1, number))
    has_axes = len(given.views) > 1
    for turned in (False, True) if has_axes else (False,):
        yield _within_labels(given, n_components, turned=turned)
    if has_axes:
        yield _split_along(given, n_components)
    yield from _aside(given, n_components)


def random_responsibilities(given: Points, n_components: int) -> Iterator[Float]:
    """Yield responsibilities (M, K) drawn evenly from all there are, where columns are few."""
    for number in range(SOFT if given.points.shape[1] <= MOST_COLUMNS else 0):
        yield responsibility_source(given, n_components, number)


def _within_labels(given: Points, n_components: int, *, turned: bool) -> Labels:
    rng = given.rng(2, int(turned))
    labels = lloyd_labels(given.points, given.mass, n_components, rng)
    for _ in range(TURNS):
        view = within(given.points, given.mass, labels, turned=turned)
        labels = lloyd_labels(view, given.mass, n_components, rng)
    return labels


def _split_along(given: Points, n_components: int) -> Labels:
    """Return groups along the principal axis that is the least heavy-tailed: where rows lie apart.

    Two equal clusters far apart have the least kurtosis that there is, a normal one has three.
    """
    view = given.views[-1]
    kurtosis = given.mass @ view**4 / given.mass.sum()
    axis = view[:, [int(np.argmin(kurtosis))]]
    return lloyd_labels(axis, given.mass, n_components, given.rng(5))


def _aside(given: Points, n_components: int) -> Iterator[Source]:
    """Yield groups of the rows that have near neighbours.

    The others are shared by all components, or are one of them.
    """
    n_points, n_columns = given.points.shape
    if n_points < max(FEWEST, EACH * n_components) or n_columns > MOST_COLUMNS:
        return
    view, order = given.cloud.robust, given.cloud.sociable
    for number, share in enumerate(ASIDE):
        kept = np.sort(order[: int((1 - share) * n_points)])
        inner = view[kept]
        spread = inner.std(axis=0)
        inner = inner / np.where(spread > 0, spread, 1.0)
        rng = given.rng(3, number)
        responsibilities = np.full((n_points, n_components), 1.0 / n_components)
        labels = lloyd_labels(inner, given.mass[kept], n_components, rng)
        responsibilities[kept] = labels[:, None] == np.arange(n_components)
        yield responsibilities
        whole = np.full(n_points, n_components - 1, dtype=np.intp)
        whole[kept] = lloyd_labels(inner, given.mass[kept], n_components - 1, rng)
        yield whole
