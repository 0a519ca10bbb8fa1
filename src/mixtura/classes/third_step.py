"""Step three: rows that have what is asked of them, and how far estimates from them vary."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.first_step import FirstStep
from mixtura.classes.posteriors import Posteriors
from mixtura.classes.steps import Assigned, assigned_by
from mixtura.covariates.maximum import Point, sandwich

__all__ = ["ThirdStep"]

Float = NDArray[np.float64]

# By what part an error of classification is moved to see how step three changes.
STEP = 1e-5


@dataclass(frozen=True)
class ThirdStep:
    """Rows put in classes, some of which are used.

    Attributes
    ----------
    posteriors : of all rows
    assignment, correction : how they are put in classes
    first : what step one did not know, or None where it is taken as known
    rows : (N,) bool, which are used; None for all
    """

    posteriors: Posteriors
    assignment: str
    correction: str
    first: FirstStep | None = None
    rows: NDArray[np.bool_] | None = None

    @cached_property
    def whole(self) -> Assigned:
        """Return all rows put in classes."""
        found = assigned_by(self.posteriors, self.assignment, self.correction)
        return replace(found, carries_first=self.first is not None)

    @cached_property
    def assigned(self) -> Assigned:
        """Return the rows that are used."""
        return self._used(self.whole)

    def of(self, rows: NDArray[np.bool_]) -> "ThirdStep":
        """Return the step of some rows."""
        return replace(self, rows=rows)

    def middle(self, scores: Float, total: Callable[[Assigned], Float]) -> Float:
        """Return the variance (P, P) of Σ w s, of the scores s (n, P) of the rows that are used.

        Parameters
        ----------
        total : Σ w s (P,) at the estimate, if rows were put in classes in such a way
        """
        whole = np.zeros((len(self.posteriors.weights), scores.shape[1]))
        whole[slice(None) if self.rows is None else self.rows] = scores
        if self.first is not None:
            whole += self.first.carried(lambda tilt: total(self._moved(tilt, 0.0)))
            whole += self._of_errors(total)
        return self.posteriors.sampling.middle(whole)

    def sandwich(self, point: Point, total: Callable[[Assigned], Float]) -> Float:
        """Return the covariance H⁻¹ Var(Σ w s) H⁻¹ (P, P) of the estimate at a point."""
        return sandwich(point, self.middle(point.scores, total))

    def _used(self, assigned: Assigned) -> Assigned:
        return assigned if self.rows is None else assigned.of(self.rows)

    def _of_errors(self, total: Callable[[Assigned], Float]) -> Float:
        """Return by how much each row moves Σ w s as one of those that errors are counted of.

        Errors of classification are D_ts = Σ w r_t a_s / Σ w r_t, so row i moves them by
        w r_t (a_s - D_ts) / Σ w r_t.
        """
        if self.correction == "none":
            return np.zeros(())
        posteriors = self.posteriors
        shares = posteriors.modal if self.assignment == "modal" else posteriors.probabilities
        errors, n_classes = posteriors.given_class(shares), shares.shape[1]
        found: Float = np.zeros(())
        for place in range(n_classes**2):
            t, s = divmod(place, n_classes)
            shift = np.zeros((n_classes, n_classes))
            step = STEP * errors[t, s]
            if step == 0.0:
                # No row of the class is put there, nor moves that.
                continue
            shift[t, s] = step
            slope = total(self._moved(0.0, shift)) - total(self._moved(0.0, -shift))
            moves = posteriors.probabilities[:, t] * (shares[:, s] - errors[t, s])
            found = found + np.outer(moves / posteriors.sizes[t], slope / (2.0 * step))
        return found

    def _moved(self, tilt: Float | float, errors: Float | float) -> Assigned:
        """Return the rows that are used, log posteriors (N, K) and errors (K, K) moved so much."""
        shares = self.posteriors.probabilities * np.exp(tilt)
        moved = replace(self.posteriors, probabilities=shares / shares.sum(axis=1)[:, None])
        modal = self.posteriors.modal
        return self._used(assigned_by(moved, self.assignment, self.correction, modal, errors))
