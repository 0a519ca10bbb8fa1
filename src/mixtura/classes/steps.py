"""Step two: rows put in classes, and how often in a wrong one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.posteriors import Posteriors
from mixtura.errors import InformationError
from mixtura.inference.survey import Sampling

__all__ = ["ASSIGNMENTS", "CORRECTIONS", "Assigned", "assigned_by"]

Float = NDArray[np.float64]

ASSIGNMENTS = ("modal", "proportional")
CORRECTIONS = ("ml", "bch", "ltb", "none")

# Errors that amplify rounding by more than this cannot be undone.
SINGULAR = 1e8


@dataclass(frozen=True, slots=True)
class Assigned:
    """Rows put in classes.

    Attributes
    ----------
    names : (K,) what classes are called
    shares : (N, K) of each row, in each class; they add up to 1, and where they are corrected
        already some are negative
    errors : (K, K) the probability of being put in class s, of those of class t, at [t, s]; None
        where no more is to be corrected
    sampling : what rows weigh, and how they were drawn
    sizes : (K,) estimated in step one
    correction, assignment : how
    carries_first : whether errors have in them what step one did not know
    """

    names: tuple[str, ...]
    shares: Float
    errors: Float | None
    sampling: Sampling
    sizes: Float
    correction: str
    assignment: str
    carries_first: bool = False

    @property
    def weights(self) -> Float:
        """Return the weights (N,) of the rows."""
        return self.sampling.weights

    def of(self, rows: NDArray[np.bool_]) -> "Assigned":
        """Return some of the rows."""
        return Assigned(
            self.names,
            self.shares[rows],
            self.errors,
            self.sampling.of(rows),
            self.sizes,
            self.correction,
            self.assignment,
            self.carries_first,
        )

    @property
    def how(self) -> str:
        """Return in words how rows were assigned, and what was made of errors."""
        corrected = {
            "ml": "corrected by maximum likelihood (Vermunt 2010)",
            "bch": "corrected by weights (Bolck, Croon and Hagenaars 2004)",
            "ltb": "by the regression of classes on the outcome (Lanza, Tan and Bray 2013)",
            "none": "not corrected for errors of classification",
        }[self.correction]
        carried = " that carry step one" if self.carries_first else ""
        return f"{self.assignment} assignment, {corrected}; robust standard errors{carried}"


def assigned_by(
    posteriors: Posteriors,
    assignment: str,
    correction: str,
    modal: Float | None = None,
    shift: Float | float = 0.0,
) -> Assigned:
    """Return rows put in classes.

    Parameters
    ----------
    posteriors : of step one
    assignment : "modal" or "proportional"
    correction : "ml", "bch", "ltb" or "none"
    modal : (N, K) in which class each row is put, where it should not follow the posteriors
    shift : (K, K) what is added to the errors of classification

    Raises
    ------
    InformationError
        If no correction can tell the classes apart again.
    """
    shares = posteriors.probabilities
    if assignment == "modal":
        shares = posteriors.modal if modal is None else modal
    errors: Float | None = None
    if correction != "none":
        errors = posteriors.given_class(shares) + shift
        if not np.isfinite(errors).all() or np.linalg.cond(errors) > SINGULAR:
            raise InformationError(
                "the errors of classification cannot be undone, as no row is put in some class or "
                "two classes are put alike (see classification(...)); fit fewer classes, or take "
                "assignment='proportional'"
            )
    if correction == "bch" and errors is not None:
        shares, errors = shares @ np.linalg.inv(errors).astype(np.float64), None
    return Assigned(
        posteriors.names,
        shares,
        errors,
        posteriors.sampling,
        posteriors.sizes,
        correction,
        assignment,
    )
