"""How much of responses predictions explain, as scikit-learn scores regressors."""

from typing import Any

from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from mixtura.data.checks import row_weights
from mixtura.regressions.cells import checked_response

__all__ = ["Scored"]


class Scored(RegressorMixin):
    """A regressor that a formula may tell what the response is."""

    def score(
        self,
        X: Any,
        y: Any = None,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> float:
        """Return R² of `predict`: one less the share of the spread of y that it leaves.

        Of successes and failures it is R² of shares, which count as often as they have trials.

        Parameters
        ----------
        X : (N, p) rows of the columns that were fitted; frames by name
        y : responses as in `fit`, or None where a formula finds them in X
        sample_weight : (N,) how often rows count
        offset, exposure : as in `fit`
        """
        own: Any = self
        found = own.predict(X, offset=offset, exposure=exposure)
        values, size = checked_response(own._responses(X, y), own._response(), len(found))
        weights = row_weights(sample_weight, len(found))
        counted = size if weights is None else size * weights
        return float(r2_score(values / size, found, sample_weight=counted))
