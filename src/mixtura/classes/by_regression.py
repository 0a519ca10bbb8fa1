"""Outcomes by the regression of classes on them, turned round: the LTB approach.

Step three finds P(t | z) as a multinomial logit of the outcome, of which nothing is supposed, and
Bayes' rule with the outcomes there are gives what z is in each class (Lanza, Tan and Bray 2013; by
steps, and with the square that outcomes of unlike variances ask for, Bakk, Oberski and Vermunt
2016).
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.steps import Assigned
from mixtura.classes.third_step import ThirdStep
from mixtura.covariates.maximum import maximum
from mixtura.covariates.membership import MembershipLikelihood

__all__ = ["regressed_means"]

Float = NDArray[np.float64]


def regressed_means(
    step: ThirdStep, cells: Float, name: str, *, categories: bool
) -> tuple[Float, Float]:
    """Return the means (K, M) of cells (N, M), and their covariance (K M, K M), class by class.

    With p_t(z) from step three the means are μ_t = Σ w p_t z / Σ w p_t. A row moves them by its
    outcome, and by its part in the coefficients of p.

    Parameters
    ----------
    cells : numbers (N, 1) of mean 0 and size 1, or indicators of levels (N, L)
    name : of the outcome, for errors

    Raises
    ------
    InformationError
        If the outcome foretells some class, or its absence, without error.
    """
    used, n_classes = step.assigned, step.assigned.shares.shape[1]
    design = _design(cells, categories=categories)
    reference = int(used.sizes.argmax())

    def likelihood(assigned: Assigned) -> MembershipLikelihood:
        return MembershipLikelihood(
            design, assigned.weights, assigned.shares, assigned.errors, reference
        )

    def unbounded(_: int) -> str:
        return (
            f"'{name}' foretells a class, or its absence, without error in some rows, so its "
            "regression has no bound; take correction='bch', or join levels of few rows"
        )

    start = np.zeros((n_classes, design.shape[1]))
    start[:, 0] = np.log(used.sizes / used.sizes[reference])
    start = np.delete(start, reference, axis=0).ravel()
    found, point = maximum(likelihood(used), start, used.weights, unbounded)
    here = likelihood(used)
    p = np.exp(here.log_probabilities(found))
    sizes = used.weights @ p
    means = (p * used.weights[:, None]).T @ cells / sizes[:, None]
    deviations = cells[:, None, :] - means
    # How Σ w p_t (z - μ_t) changes with the coefficients.
    toward = np.eye(n_classes)[:, here.others] - p[:, None, here.others]
    slopes = np.einsum("n,nt,ntm,nto,nj->tmoj", used.weights, p, deviations, toward, design)
    carried = -np.linalg.solve(point.hessian, slopes.reshape(-1, len(found)).T)
    scale = np.repeat(1.0 / sizes, cells.shape[1])
    own = (p[:, :, None] * deviations).reshape(len(cells), -1)
    scores = (own + point.scores @ carried) * scale

    def total(other: Assigned) -> Float:
        return (other.weights @ likelihood(other)(found).scores @ carried) * scale

    return means, step.middle(scores, total)


def _design(cells: Float, *, categories: bool) -> Float:
    """Return an intercept and levels but the first, or the number and its square."""
    if categories:
        return np.column_stack([np.ones(len(cells)), cells[:, 1:]])
    z = cells[:, 0]
    columns = [np.ones(len(z)), z]
    if len(np.unique(z)) > 2:
        columns.append(z**2 - 1.0)
    return np.column_stack(columns)
