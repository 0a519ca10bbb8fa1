"""What estimators of rows of draws share: of texts, of baskets, each draw one of D items."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.data import RowSource, blocks_of
from mixtura.data.checks import words_of_one_value
from mixtura.data.counts import row_totals
from mixtura.data.draws import Draws, counted_draws
from mixtura.data.stand_ins import ends_of
from mixtura.errors import NonIdentifiableError
from mixtura.estimators.discrete import DiscreteMixture
from mixtura.estimators.identifiability import Doubt, doubt_of
from mixtura.estimators.inputs import check_columns, checked_cells
from mixtura.kinds import DRAWS

__all__ = ["DrawsMixture"]

# Row totals are kept as this many quantiles, for sampling.
KEPT_TOTALS = 101
# The most items of a row that are drawn.
MOST_DRAWN = 2.0**62


def totals_of(source: RowSource) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the totals (U,) that rows have, rising, and how many rows have each."""
    found: dict[float, int] = {}
    for block in blocks_of(source):
        for total, count in zip(
            *np.unique(row_totals(block.rows), return_counts=True), strict=True
        ):
            found[float(total)] = found.get(float(total), 0) + int(count)
    totals = np.array(sorted(found))
    return totals, np.array([found[total] for total in totals.tolist()], dtype=np.intp)


class DrawsMixture(DiscreteMixture):
    """Base of the mixtures of rows of counts over items."""

    allow_unidentified: bool

    @staticmethod
    def from_draws(items: Any, group: Any, count: Any = None) -> Draws:
        """Return counts of items by group, for draws that come one by one, or with counts.

        Parameters
        ----------
        items : (n,) the item of each draw: indices, text or any values
        group : (n,) the group of each draw: a document, person or basket
        count : (n,) how often it was drawn, or None for once each

        Returns
        -------
        Draws
            What `fit` takes, as it takes its `counts` (groups, items); `items` and `groups` name
            columns and rows.
        """
        return counted_draws(items, group, count)

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: counts are taken, as sparse rows too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.positive_only = True
        return tags

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        self._fresh_notes()
        return self._cells(data, least_rows=2)

    def _cells(self, data: Any, least_rows: int = 1) -> tuple[Any, tuple[str, ...] | None]:
        return checked_cells(data, self, DRAWS, least_rows=least_rows)

    def _rows(self, data: Any) -> Any:
        check_is_fitted(self, "mixture_")
        rows, names = self._cells(data)
        check_columns(rows.shape[1], names, self)
        return rows

    def _doubt(self, source: RowSource, n_components: int) -> Doubt | None:
        doubt = doubt_of(*totals_of(source), n_components)
        if doubt is not None and doubt.refuses and self.allow_unidentified:
            return Doubt(f"not identified: {doubt.sentence}", refuses=False)
        return doubt

    def _check_identified(self, source: RowSource, n_components: int) -> None:
        doubt = self._doubt(source, n_components)
        if doubt is None:
            return
        if doubt.refuses:
            raise NonIdentifiableError(
                f"{doubt.sentence}. Group the draws ({type(self).__name__}.from_draws(items, "
                "group)), take n_components=1, or fit all the same with allow_unidentified=True"
            )
        self._note(doubt.sentence, warn=True)

    def _kept_totals(self, source: RowSource, names: tuple[str, ...] | None) -> NDArray[np.int64]:
        """Return quantiles of the totals of rows, from which others are drawn; note what is odd."""
        totals, counts = totals_of(source)
        empty = int(counts[totals == 0].sum())
        if empty:
            self._note(f"{empty} row(s) hold zeros only; their posterior is the mixing weights")
        low, high = ends_of(source)
        low[high > 0] = np.nan
        for sentence in words_of_one_value(low, high, names):
            self._note(sentence, warn=True)
        middles = (np.arange(KEPT_TOTALS) + 0.5) / KEPT_TOTALS
        # The least total that so large a part of the rows is no larger than.
        places = np.ceil(middles * source.n_rows).astype(np.intp) - 1
        kept = totals[np.searchsorted(np.cumsum(counts), places, "right")]
        return np.minimum(kept, MOST_DRAWN).astype(np.int64)
