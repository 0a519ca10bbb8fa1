"""Two groupings of the same rows, their groups matched one to one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from mixtura.data.checks import row_weights
from mixtura.data.labels import numbered_labels
from mixtura.errors import DataError
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["Matching", "class_error", "matched_confusion"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Matching(Tabled):
    """How often each two groups hold the same rows, and which stand for each other.

    Attributes
    ----------
    known : (R,) labels of one grouping, in order
    found : (C,) labels of the other, those that are matched first and in the order of `known`
    counts : (R, C) Σ w of the rows that are in both
    matches : pairs of a label of `known` and one of `found`, min(R, C) of them
    """

    known: NDArray[Any]
    found: NDArray[Any]
    counts: Float
    matches: tuple[tuple[Any, Any], ...]

    @property
    def agreement(self) -> float:
        """Return the share of the rows, by weight, whose groups are matched."""
        return 1.0 - self.error

    @property
    def error(self) -> float:
        """Return the share of the rows, by weight, whose groups are not (mclust's classError)."""
        stand_for = dict(self.matches)
        place = {label: column for column, label in enumerate(self.found.tolist())}
        same = sum(
            self.counts[row, place[stand_for[label]]]
            for row, label in enumerate(self.known.tolist())
            if label in stand_for
        )
        return float(max(1.0 - same / self.counts.sum(), 0.0))

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each known group: its match, and counts by columns such as "found a"."""
        stand_for = dict(self.matches)
        names = [f"found {label}" for label in self.found.tolist()]
        return [
            {"group": label, "matched": stand_for.get(label)}
            | dict(zip(names, self.counts[row].tolist(), strict=True))
            for row, label in enumerate(self.known.tolist())
        ]

    def summary(self) -> Summary:
        """Return the matched table, and the share of rows outside its diagonal."""
        header = ["", *(str(label) for label in self.found.tolist())]
        rows = [
            [str(label), *(f"{count:g}" for count in self.counts[row])]
            for row, label in enumerate(self.known.tolist())
        ]
        said = f"{self.error:.4f} of the rows are matched otherwise."
        return Summary([Passage(tables=(Table.of(header, rows),), said=said)], self.table())


def matched_confusion(
    known: ArrayLike, found: ArrayLike, sample_weight: ArrayLike | None = None
) -> Matching:
    """Return the table of two groupings, the groups of one matched with those of the other.

    One to one, so that as many rows as can be are in matched groups (Kuhn 1955). Where one grouping
    has more groups some of its are matched with none. For chance-corrected agreement that needs no
    match see `sklearn.metrics.adjusted_rand_score`.

    Parameters
    ----------
    known : (N,) labels, such as those of classes
    found : (N,) labels, such as those of clusters
    sample_weight : (N,) row weights; weight 2 is the row twice

    Raises
    ------
    DataError
        If there is not one label of both for each row, or no row of weight.
    """
    one, other = np.asarray(known), np.asarray(found)
    if one.ndim != 1 or one.shape != other.shape:
        raise DataError(
            f"labels should be two lists of the same rows, but they are of shapes {one.shape} and "
            f"{other.shape}; give one label of each for each row"
        )
    weights = row_weights(sample_weight, len(one))
    weights = np.ones(len(one)) if weights is None else weights
    if not weights.sum() > 0:
        raise DataError("there is no row of weight above 0 to compare; give one at least")
    labels, rows = numbered_labels("known", one)
    others, columns = numbered_labels("found", other)
    counts = np.zeros((len(labels), len(others)))
    np.add.at(counts, (rows, columns), weights)
    first, second = scipy.optimize.linear_sum_assignment(-counts)
    rest = np.setdiff1d(np.arange(len(others)), second)
    order = np.concatenate([second, rest]).astype(np.intp)
    pairs = zip(labels[first].tolist(), others[second].tolist(), strict=True)
    return Matching(labels, others[order], counts[:, order], tuple(pairs))


def class_error(
    known: ArrayLike, found: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Return the share of rows, by weight, that are not in the group matched with their own.

    Parameters
    ----------
    known, found, sample_weight : as in `matched_confusion`
    """
    return matched_confusion(known, found, sample_weight).error
